//! Synthetic sheets for every register, each row made by plain arithmetic over its number so that every state, date and
//! kind comes up, and the elements counted over the same rows in the plainest way.

use std::collections::{BTreeMap, BTreeSet};

use suite_tests::sheets::{resident, uscc};

mod elderly;

pub(crate) use elderly::elderly_care;

/// Element and its number.
pub(crate) type Expected = BTreeMap<String, i64>;

/// A register's sheet, what its list page must show afterwards, and what the elements must come to.
pub(crate) struct Made {
    pub register: &'static str,
    pub headings: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
    /// The day since which the sheet holds.
    pub effective_on: &'static str,
    pub shows: &'static str,
    pub expected: Expected,
}

/// The last days of the periods reported.
const OCTOBER: &str = "2026-10-31";
const SEPTEMBER: &str = "2026-09-30";

fn made(
    register: &'static str,
    headings: &'static [&'static str],
    shows: &'static str,
    rows: Vec<Vec<String>>,
) -> Made {
    Made { register, headings, rows, effective_on: "2026-11-05", shows, expected: Expected::new() }
}

impl Made {
    /// The text in a column of a row.
    fn at<'r>(&self, row: &'r [String], heading: &str) -> &'r str {
        let column = self.headings.iter().position(|one| *one == heading).expect("a heading");
        &row[column]
    }

    /// How many rows a question is true of.
    fn count(&self, question: impl Fn(&dyn Fn(&str) -> String) -> bool) -> i64 {
        self.sum(|at| i64::from(question(at)))
    }

    fn sum(&self, number: impl Fn(&dyn Fn(&str) -> String) -> i64) -> i64 {
        self.rows.iter().map(|row| number(&|heading| self.at(row, heading).to_owned())).sum()
    }

    fn expect(&mut self, element: &str, number: i64) {
        assert!(number > 0, "{element} would be proven by nothing");
        self.expected.insert(element.to_owned(), number);
    }
}

fn texts<const N: usize>(row: [String; N]) -> Vec<String> {
    row.into()
}

fn pick<const N: usize>(of: [&str; N], number: usize) -> String {
    of[number % N].to_owned()
}

fn yes(is: bool) -> String {
    if is { "是" } else { "否" }.to_owned()
}

fn number(text: String) -> i64 {
    text.parse().unwrap_or_default()
}

pub(crate) fn childcare() -> Vec<Made> {
    let name = |n: usize| format!("对数托育园{n}");
    let opened = |n: usize| pick(["2024-03-01", "2025-06-30", "2026-10-31", "2026-11-02"], n);
    let mut institutions = made(
        "childcare.institution",
        &["机构名称", "统一社会信用代码", "机构类型", "举办性质", "所在地区", "开业日期"],
        "对数托育园3",
        (1..=9)
            .map(|n| {
                texts([
                    name(n),
                    uscc(n as u32),
                    pick(["托育机构", "幼儿园托班", "用人单位", "社区托育"], n / 3),
                    pick(["公办", "民办"], n),
                    pick(["玉兴街道", "530402002"], n),
                    opened(n),
                ])
            })
            .collect(),
    );
    let open = |day: &'static str| move |at: &dyn Fn(&str) -> String| at("开业日期").as_str() <= day;
    institutions.expect("childcare.institutions", institutions.count(open(OCTOBER)));
    for (element, kinds) in [
        ("childcare.institutions.standalone", &["托育机构"] as &[&str]),
        ("childcare.institutions.kindergarten", &["幼儿园托班"]),
        ("childcare.institutions.other", &["用人单位", "社区托育"]),
    ] {
        let counted = institutions.count(|at| open(SEPTEMBER)(at) && kinds.contains(&at("机构类型").as_str()));
        institutions.expect(element, counted);
    }
    // Filings and designations are acts of their own, which childcare's own tests recount.
    for element in ["institutions.demo", "institutions.demo_any", "places.filed", "smart_pilots"] {
        institutions.expected.insert(format!("childcare.{element}"), 0);
    }
    let mut classes = made(
        "childcare.class",
        &["机构名称", "机构信用代码", "班级名称", "班型", "托位数", "开班日期"],
        "对数一班",
        (1..=9)
            .map(|n| {
                let begun = pick(["2026-09-01", "2026-11-03"], n / 3).max(opened(n));
                texts([
                    name(n),
                    uscc(n as u32),
                    "对数一班".into(),
                    pick(["托大班", "混合编班"], n),
                    (n + 4).to_string(),
                    begun,
                ])
            })
            .collect(),
    );
    let places = classes.sum(|at| if at("开班日期").as_str() <= OCTOBER { number(at("托位数")) } else { 0 });
    classes.expect("childcare.places", places);
    let public = |uscc: &str| {
        let row = institutions.rows.iter().find(|row| institutions.at(row, "统一社会信用代码") == uscc);
        institutions.at(row.expect("an institution"), "举办性质") == "公办"
    };
    let inclusive = classes.sum(|at| {
        let counts = at("开班日期").as_str() <= OCTOBER && public(&at("机构信用代码"));
        if counts { number(at("托位数")) } else { 0 }
    });
    classes.expect("childcare.places.inclusive", inclusive);
    let staff = staff(&name, &opened);
    vec![institutions, classes, staff]
}

/// Twenty-seven people, three to an institution.
fn staff(institution: &dyn Fn(usize) -> String, opened: &dyn Fn(usize) -> String) -> Made {
    let mut staff = made(
        "childcare.staff",
        &[
            "机构名称",
            "机构信用代码",
            "姓名",
            "证件类型",
            "证件号码",
            "电话",
            "岗位",
            "负责人兼保育",
            "资格证书",
            "证书编号",
            "证书有效期至",
            "入职日期",
            "离岗日期",
        ],
        "赵*虚",
        (1..=27)
            .map(|n| {
                let at = 1 + n % 9;
                let certificate = pick(["育婴员（师）", "无", "幼儿园教师", "保育师（员）"], n / 2);
                let without = certificate == "无";
                texts([
                    institution(at),
                    uscc(at as u32),
                    format!("赵{}虚", pick(["一", "二", "三", "四", "五", "六", "七"], n)),
                    "居民身份证".into(),
                    resident(n as u32),
                    format!("199000000{n:02}"),
                    pick(["保育人员", "负责人", "炊事人员", "保育人员", "保育人员"], n),
                    yes(n % 10 == 6),
                    certificate,
                    if without { String::new() } else { format!("Y{n:05}") },
                    if without { String::new() } else { pick(["", "2026-10-30", "2026-10-31"], n / 3) },
                    pick(["2024-06-01", "2026-10-31", "2026-11-04"], n / 5).max(opened(at)),
                    pick(["", "", "", "2026-11-05"], n),
                ])
            })
            .collect(),
    );
    let opens = |name: &str| (1..=9).find(|n| institution(*n) == name).map(opened).expect("an institution");
    let cares = |at: &dyn Fn(&str) -> String| {
        let held = at("入职日期").as_str() <= OCTOBER && opens(&at("机构名称")).as_str() <= OCTOBER;
        held && (at("岗位") == "保育人员" || at("负责人兼保育") == "是")
    };
    let valid = |at: &dyn Fn(&str) -> String| {
        let until = at("证书有效期至");
        at("资格证书") != "无" && (until.is_empty() || until.as_str() >= OCTOBER)
    };
    let (carers, certified) = (staff.count(cares), staff.count(|at| cares(at) && valid(at)));
    staff.expect("childcare.staff.carers", carers);
    staff.expect("childcare.staff.certified", certified);
    staff
}

pub(crate) fn education() -> Vec<Made> {
    let name = |n: usize| format!("对数老年学校{n}");
    let tier = |n: usize| pick(["县级老年大学", "分校（老年学校）", "学习点"], n);
    let region = |n: usize| match n % 3 {
        0 => "530402".to_owned(),
        1 => pick(["530402001", "530402002"], n / 9),
        _ => format!("530402001{:03}", n / 6 + 1),
    };
    let mut schools = made(
        "education.school",
        &["名称", "层级", "所在地区", "开办日期", "有牌子", "有场所", "有教师", "有课程", "本年活动次数"],
        "对数老年学校9",
        (1..=30)
            .map(|n| {
                texts([
                    name(n),
                    tier(n),
                    region(n),
                    pick(["2022-03-01", "2026-09-30", "2026-10-01", "2024-09-01"], n / 3),
                    yes(n % 13 != 0),
                    yes(n % 11 != 0),
                    yes(true),
                    yes(n % 10 != 1),
                    (n % 7 + 1).to_string(),
                ])
            })
            .collect(),
    );
    // dictionary §5.4: sign, place, teacher, course, and at least four activities a year.
    let established = |at: &dyn Fn(&str) -> String| {
        at("开办日期").as_str() <= SEPTEMBER
            && ["有牌子", "有场所", "有教师", "有课程"].iter().all(|what| at(what) == "是")
            && number(at("本年活动次数")) >= 4
    };
    let places = |tier: &str| {
        let mut places = Vec::new();
        for row in &schools.rows {
            let at = |heading: &str| schools.at(row, heading).to_owned();
            if established(&at) && at("层级") == tier {
                places.push(at("所在地区"));
            }
        }
        places
    };
    let distinct = |places: Vec<String>| places.into_iter().collect::<BTreeSet<_>>().len() as i64;
    let numbers = [
        ("education.universities.county", places("县级老年大学").len() as i64),
        ("education.townships.school", distinct(places("分校（老年学校）"))),
        ("education.villages.point", distinct(places("学习点"))),
    ];
    for (element, number) in numbers {
        schools.expect(element, number);
    }
    // Nothing in these registers' sheets designates a school; that is an act of its own.
    schools.expected.insert("education.demo".into(), 0);
    let courses = made(
        "education.course",
        &["课程代码", "课程名称", "门类", "授课方式", "学时"],
        "对数国画",
        vec![texts(["DS-01", "对数国画", "书画", "线下", "32"].map(str::to_owned))],
    );
    let teachers = made(
        "education.teacher",
        &["学校名称", "姓名", "职称", "状态"],
        "对数老年学校4",
        vec![texts(["对数老年学校4", "虚构师", "讲师", "在岗"].map(str::to_owned))],
    );
    let classes = made(
        "education.class",
        &["学校名称", "课程代码", "学期", "班级名称", "容量", "注册人数", "状态"],
        "对数国画一班",
        vec![texts(["对数老年学校4", "DS-01", "2026A", "对数国画一班", "40", "31", "结课"].map(str::to_owned))],
    );
    vec![schools, courses, teachers, classes]
}

pub(crate) fn finance() -> Vec<Made> {
    let projects = made(
        "finance.project",
        &[
            "项目名称",
            "类别",
            "项目类型",
            "所在地区",
            "计划开工年份",
            "计划竣工年份",
            "总投资",
            "拟申请中央投资",
            "责任单位",
            "入库日期",
        ],
        "对数项目2",
        (1..=4)
            .map(|n| {
                texts([
                    format!("对数项目{n}"),
                    pick(["养老", "托育"], n),
                    "社区居家养老服务".into(),
                    "红塔区".into(),
                    "2026".into(),
                    "2027".into(),
                    "1500".into(),
                    "1200".into(),
                    "红塔区人民政府".into(),
                    pick(["2026-03-01", "2026-11-02"], n / 4),
                ])
            })
            .collect(),
    );
    let entries: [(usize, &str, &str, i64, &str); 8] = [
        (1, "中央预算内投资", "申请", 1000, "2026-03-10"),
        (1, "中央预算内投资", "下达", 900, "2026-05-01"),
        (1, "中央预算内投资", "到位", 700, "2026-06-01"),
        (1, "中央预算内投资", "拨付", 300, "2026-07-01"),
        (2, "中央预算内投资", "申请", 800, "2026-10-31"),
        (2, "县级财政", "下达", 55, "2026-10-31"),
        (3, "中央预算内投资", "申请", 400, "2026-11-01"),
        (1, "中央预算内投资", "拨付", 77, "2026-11-03"),
    ];
    let mut funds = made(
        "finance.fund",
        &["项目名称", "资金来源", "环节", "金额", "日期", "文号或凭证号"],
        "对数项目2",
        entries
            .iter()
            .enumerate()
            .map(|(at, (project, source, step, wan, on))| {
                texts([
                    format!("对数项目{project}"),
                    (*source).to_owned(),
                    (*step).to_owned(),
                    wan.to_string(),
                    (*on).to_owned(),
                    format!("玉财对数〔2026〕{at}号"),
                ])
            })
            .collect(),
    );
    let (printed, applied) = printed_in_hongta();
    let wan = |step: &str| {
        let of = entries
            .iter()
            .filter(|(_, source, one, _, on)| *source == "中央预算内投资" && *one == step && *on <= OCTOBER);
        of.map(|(_, _, _, wan, _)| wan).sum::<i64>() * 1_000_000
    };
    funds.expect("finance.projects.central_applied_fen", wan("申请") + applied * 1_000_000);
    funds.expect("finance.projects.central_released_fen", wan("下达"));
    funds.expect("finance.projects.central_received_fen", wan("到位"));
    funds.expect("finance.projects.central_paid_fen", wan("拨付"));
    let listed = projects.count(|at| at("入库日期").as_str() <= OCTOBER);
    funds.expect("finance.projects", printed + listed);
    // Stages and investment come from acts and monthly progress, which finance's own tests recount.
    for element in ["finance.projects.started", "finance.projects.completed", "finance.projects.invested_fen"] {
        funds.expected.insert(element.to_owned(), 0);
    }
    vec![projects, funds]
}

/// The plan's projects in 红塔区 and the central investment they apply for, in 万元, from the printed list.
fn printed_in_hongta() -> (i64, i64) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/cities/yuxi/plan-2023/projects.csv");
    let text = std::fs::read_to_string(file).expect("the printed projects");
    let lines = text.lines().skip(1).filter(|line| line.contains(",红塔区,"));
    let applied = |line: &str| {
        let cells: Vec<&str> = line.rsplit(',').collect();
        cells[2].parse::<i64>().expect("万元")
    };
    lines.fold((0, 0), |(count, sum), line| (count + 1, sum + applied(line)))
}

/// Titles of the work that the reviewer accepts; the rest stays submitted and counts nothing.
pub(crate) const ACCEPTED: [&str; 5] = ["对数引进甲", "对数指导乙", "对数协会丙", "对数试点戊", "对数试点己"];

pub(crate) fn supervision() -> Vec<Made> {
    let rows = [
        ("引进智慧养老产品开发企业", ACCEPTED[0], 2, "2026-05-01"),
        ("引进智慧养老产品开发企业", "对数引进丁", 4, "2026-06-01"),
        ("市级托育服务指导机构", ACCEPTED[1], 1, "2026-10-31"),
        ("婴幼儿照护（托育）行业协会", ACCEPTED[2], 1, "2026-02-01"),
        ("国家个人养老金先行城市", ACCEPTED[3], 1, "2026-11-01"),
        ("国家长期护理保险制度试点城市", ACCEPTED[4], 1, "2026-10-01"),
    ];
    let row = |(kind, title, quantity, on): &(&str, &str, i64, &str)| {
        texts([
            (*kind).to_owned(),
            (*title).to_owned(),
            "红塔区人民政府".into(),
            "红塔区".into(),
            quantity.to_string(),
            (*on).to_owned(),
        ])
    };
    let headings = &["工作类型", "名称", "单位", "地区", "数量", "日期"];
    let mut work = made("supervision.work", headings, "对数指导乙", rows.iter().map(row).collect());
    for (element, kinds) in [
        ("work.smart_enterprises", &["引进智慧养老产品开发企业"] as &[&str]),
        ("work.childcare_guidance", &["市级托育服务指导机构"]),
        ("work.childcare_associations", &["婴幼儿照护（托育）行业协会"]),
        ("work.pilots", &["国家个人养老金先行城市", "国家长期护理保险制度试点城市"]),
    ] {
        let counts = |at: &dyn Fn(&str) -> String| {
            kinds.contains(&at("工作类型").as_str())
                && ACCEPTED.contains(&at("名称").as_str())
                && at("日期").as_str() <= OCTOBER
        };
        let counted = work.sum(|at| if counts(at) { number(at("数量")) } else { 0 });
        work.expect(element, counted);
    }
    // The plan's tasks; closing one is an act of its own.
    work.expected.extend([("plan.tasks".into(), 42), ("plan.tasks.done".into(), 0)]);
    vec![work]
}
