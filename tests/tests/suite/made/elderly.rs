//! Institutions, their beds, and community facilities.

use std::collections::BTreeSet;

use super::{Made, OCTOBER, made, number, pick, texts, yes};

pub(crate) fn elderly_care() -> Vec<Made> {
    let name = |n: usize| format!("对数养老院{n}");
    let opened = |n: usize| pick(["2021-03-01", "2026-10-31", "2026-11-01", "", "2023-07-15"], n);
    let township = |n: usize| pick(["530402001", "530402002", "530402201"], n / 2);
    let mut institutions = made(
        "elderly.institution",
        &[
            "机构名称",
            "举办单位信用代码",
            "无信用代码原因",
            "举办运营",
            "所在地区",
            "开始收住日期",
            "医养方式",
            "区域性养老服务中心",
            "县级失能照护机构",
            "智慧养老院试点",
        ],
        "对数养老院7",
        (1..=23)
            .map(|n| {
                texts([
                    name(n),
                    "12530402MB0000005W".into(),
                    "未单独登记".into(),
                    pick(["农村敬老院", "城市公办", "公建民营", "民办"], n),
                    township(n),
                    opened(n),
                    pick(["自办医院或护理院", "医务室或诊所", "", "护理站", "协议合作", "无"], n),
                    yes(n % 4 == 0),
                    yes(n % 6 == 1),
                    yes(n % 7 == 2),
                ])
            })
            .collect(),
    );
    let open = |on: &str| !on.is_empty() && on <= OCTOBER;
    let of = |made: &Made, heading: &'static str, values: &'static [&'static str]| {
        made.count(|at| open(&at("开始收住日期")) && values.contains(&at(heading).as_str()))
    };
    for (element, heading, values) in [
        ("elderly.institutions.rural", "举办运营", &["农村敬老院"] as &[&str]),
        ("elderly.institutions.urban_public", "举办运营", &["城市公办"]),
        ("elderly.institutions.public_private", "举办运营", &["公建民营"]),
        ("elderly.institutions.private", "举办运营", &["民办"]),
        ("elderly.institutions.social", "举办运营", &["公建民营", "民办"]),
        (
            "elderly.institutions.medical_agreement",
            "医养方式",
            &["自办医院或护理院", "医务室或诊所", "护理站", "协议合作"],
        ),
        ("elderly.institutions.contracted", "医养方式", &["协议合作"]),
        ("elderly.institutions.disabled_care", "县级失能照护机构", &["是"]),
        ("elderly.smart_pilots", "智慧养老院试点", &["是"]),
    ] {
        let counted = of(&institutions, heading, values);
        institutions.expect(element, counted);
    }
    institutions.expect("elderly.institutions", institutions.count(|at| open(&at("开始收住日期"))));

    let mut beds = made(
        "elderly.bed",
        &["机构名称", "房间号", "床号", "床位类型", "保障属性", "状态", "建成日期", "撤销日期"],
        "对数养老院1",
        (0..90)
            .map(|n| {
                let institution = n % 23 + 1;
                // A bed is not older than its institution; of one that has not opened, beds may already stand.
                let built = pick(["2021-03-01", "2024-05-01", "2026-11-04"], n / 23).max(opened(institution));
                let closed = if n % 17 == 5 && built.as_str() < "2025" { "2025-12-31" } else { "" };
                texts([
                    name(institution),
                    format!("2{:02}", n / 23),
                    (n / 23 + 1).to_string(),
                    pick(["普通", "护理型"], n / 3),
                    pick(["兜底", "普惠", "市场化"], n),
                    pick(["空闲", "已入住", "预留", "维修", "停用"], n / 2),
                    built,
                    closed.to_owned(),
                ])
            })
            .collect(),
    );
    let home = |bed: &str| (1..=23).find(|n| name(*n) == bed).map(opened).expect("an institution");
    let stands = |at: &dyn Fn(&str) -> String| {
        let (built, closed) = (at("建成日期"), at("撤销日期"));
        open(&home(&at("机构名称")))
            && built.as_str() <= OCTOBER
            && (closed.is_empty() || closed.as_str() > OCTOBER)
            && at("状态") != "停用"
    };
    let of_institutions = beds.count(stands);
    beds.expect("elderly.beds", of_institutions);
    beds.expect("elderly.beds.nursing", beds.count(|at| stands(at) && at("床位类型") == "护理型"));
    beds.expect("elderly.beds.bottom_line", beds.count(|at| stands(at) && at("保障属性") == "兜底"));
    beds.expect("elderly.beds.inclusive", beds.count(|at| stands(at) && at("保障属性") == "普惠"));

    let facilities = facilities(of_institutions, |centre| {
        let centres = (1..=23).filter(|n| n % 4 == 0 && open(&opened(*n))).map(township);
        centre.extend(centres);
    });
    vec![institutions, beds, facilities]
}

fn facilities(beds: i64, centres: impl FnOnce(&mut BTreeSet<String>)) -> Made {
    let village = |n: usize| format!("530402001{:03}", n % 6 + 1);
    let rural = |n: usize| pick(["530402201201", "530402201202"], n);
    let mut facilities = made(
        "elderly.facility",
        &[
            "设施名称",
            "设施类型",
            "所在地区",
            "运营主体",
            "日间照料",
            "日间床位",
            "全托床位",
            "状态",
            "投用日期",
            "服务村（社区）",
        ],
        "对数设施5",
        (1..=42)
            .map(|n| {
                let state = pick(["运营", "运营", "规划", "闲置", "运营", "关闭"], n);
                let planned = state == "规划";
                texts([
                    format!("对数设施{n}"),
                    pick(
                        [
                            "社区居家养老服务中心",
                            "农村互助养老服务站",
                            "农村幸福院",
                            "日间照料中心",
                            "区域性养老服务中心",
                        ],
                        n,
                    ),
                    pick(["530402001", "530402003"], n),
                    pick(["村（居）委会", "企业", "社会组织", "物业", "养老机构托管", "乡镇（街道）"], n),
                    yes(n % 3 != 0),
                    if n % 3 == 0 { String::new() } else { (n % 5).to_string() },
                    (n % 4).to_string(),
                    state,
                    if planned { String::new() } else { pick(["2022-05-01", "2026-10-31", "2026-11-04"], n / 2) },
                    format!("{}、{}", village(n * 5), rural(n / 3)),
                ])
            })
            .collect(),
    );
    // What stands idle or closed does so since this day; before it ran.
    facilities.effective_on = "2026-10-15";
    let runs = |at: &dyn Fn(&str) -> String| at("状态") == "运营" && at("投用日期").as_str() <= OCTOBER;
    let is = |at: &dyn Fn(&str) -> String| {
        runs(at) && ["社区居家养老服务中心", "农村互助养老服务站"].contains(&at("设施类型").as_str())
    };
    let social = ["企业", "社会组织", "养老机构托管", "物业"];
    facilities.expect("elderly.centres", facilities.count(is));
    let socialised = facilities.count(|at| is(at) && social.contains(&at("运营主体").as_str()));
    facilities.expect("elderly.centres.socialised", socialised);
    let yards = facilities.count(|at| runs(at) && at("设施类型") == "农村幸福院");
    facilities.expect("elderly.happiness_yards", yards);
    let further = facilities.sum(|at| if runs(at) { number(at("日间床位")) + number(at("全托床位")) } else { 0 });
    facilities.expect("elderly.beds.all", beds + further);

    let mut served = BTreeSet::new();
    let mut townships = BTreeSet::new();
    centres(&mut townships);
    for row in &facilities.rows {
        let at = |heading: &str| facilities.at(row, heading).to_owned();
        if runs(&at) && at("日间照料") == "是" {
            served.extend(at("服务村（社区）").split('、').map(str::to_owned));
        }
        if runs(&at) && at("设施类型") == "区域性养老服务中心" {
            townships.insert(at("所在地区"));
        }
    }
    let urban = served.iter().filter(|village| (1..200).contains(&village[9..].parse::<u32>().unwrap())).count();
    facilities.expect("elderly.communities.day_care", urban as i64);
    facilities.expect("elderly.communities_all.day_care", served.len() as i64);
    facilities.expect("elderly.townships.regional_centre", townships.len() as i64);
    facilities
}
