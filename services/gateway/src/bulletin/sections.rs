//! The text of a bulletin, section by section.

use city::period::Period;
use kit::clock::local;

use super::{Material, Section, Tasks};
use crate::assemble::period_words;
use crate::console::grouped;
use crate::counties::CountyTable;
use crate::view::{IndicatorList, IndicatorView};

const LAMPS: [(&str, &str); 4] = [("green", "绿"), ("yellow", "黄"), ("red", "红"), ("grey", "灰")];

/// What the first page has to say of the figures: bureaus that are not, or not all, in the cut, and late counties.
pub(super) fn warnings(material: &Material<'_>, list: &IndicatorList) -> Vec<String> {
    let cut = &material.named.cut;
    let mut said = Vec::new();
    for (bureau, link) in material.links {
        let title = contract::bureau::title(bureau);
        if cut.sequence(bureau) == 0 {
            said.push(format!("本期不含{title}数据：该部门尚未发布任何数据。"));
        } else if let Some(since) = link.stale_since.filter(|_| !link.diverged) {
            let at = local(since);
            let when = format!("{}月{}日{}时{:02}分", at.month(), at.day(), at.hour(), at.minute());
            said.push(format!("{title}服务自{when}起联系不上，其数据截至该时。"));
        }
    }
    let late = late_counties(material, list);
    if !late.is_empty() {
        said.push(format!("{}有报表未报齐，有关指标{}。", late.join("、"), cut.mode.of_late()));
    }
    said
}

/// The counties that owe something to a core indicator, in official order; not those that all owe the same.
fn late_counties(material: &Material<'_>, list: &IndicatorList) -> Vec<String> {
    let owed = |name: &String| {
        list.indicators.iter().filter(|view| view.core).any(|view| {
            let missing = &view.completeness.missing_regions;
            (missing.len() as u32) < view.completeness.expected && missing.contains(name)
        })
    };
    let counties = material.context.reference.regions.counties();
    counties.into_iter().map(|county| county.short_name.clone()).filter(owed).collect()
}

/// One sentence of how it stands, and of what is binding.
pub(super) fn opening(list: &IndicatorList, period: Period) -> String {
    let core: Vec<&IndicatorView> = list.indicators.iter().filter(|view| view.core).collect();
    let counted = |views: &[&IndicatorView]| {
        let parts = LAMPS.iter().filter_map(|(lamp, word)| {
            let count = views.iter().filter(|view| view.lamp == *lamp).count();
            (count > 0).then(|| format!("{count}{word}"))
        });
        parts.collect::<String>()
    };
    let binding: Vec<&IndicatorView> = core.iter().copied().filter(|view| view.obligation == "约束性").collect();
    let last = period.last_day();
    format!(
        "截至{}年{}月{}日，{}项主要指标{}；约束性指标{}项{}。现将有关情况通报如下。",
        last.year(),
        last.month(),
        last.day(),
        core.len(),
        counted(&core),
        binding.len(),
        counted(&binding)
    )
}

pub(super) fn all(material: &Material<'_>, list: &IndicatorList, table: &CountyTable) -> Vec<Section> {
    let mut sections = vec![
        Section { title: "指标完成情况".to_owned(), paragraphs: indicators(list) },
        Section { title: "县（市、区）情况".to_owned(), paragraphs: counties(list, table) },
        Section { title: "任务推进情况".to_owned(), paragraphs: tasks(material.tasks.as_ref()) },
        Section { title: "项目和资金".to_owned(), paragraphs: projects(material) },
        Section { title: "风险情况".to_owned(), paragraphs: vec![RISKS.to_owned()] },
        Section { title: "数据质量".to_owned(), paragraphs: quality(material, list) },
    ];
    let written = [("需市级协调解决的事项", &material.narrative.coordination), ("下步工作", &material.narrative.next)];
    for (title, text) in written {
        let paragraphs: Vec<String> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        if !paragraphs.is_empty() {
            sections.push(Section { title: title.to_owned(), paragraphs });
        }
    }
    sections
}

const RISKS: &str = "隐患、事故、信用、非法集资登记册未启用，暂不通报。";

/// What lags, with gap and owner; what cannot be computed, with what is missing.
fn indicators(list: &IndicatorList) -> Vec<String> {
    let core = || list.indicators.iter().filter(|view| view.core);
    let mut paragraphs = Vec::new();
    for (lamp, word) in [("red", "严重滞后"), ("yellow", "滞后")] {
        let late: Vec<String> = core().filter(|view| view.lamp == lamp).map(sentence).collect();
        if !late.is_empty() {
            paragraphs.push(format!("{word}的有{}项：{}。", late.len(), late.join("；")));
        }
    }
    let unknown: Vec<String> = core()
        .filter(|view| view.value.is_none() && view.status != "not_counted")
        .map(|view| format!("{}（{}）", view.name, missing(view)))
        .collect();
    if !unknown.is_empty() {
        paragraphs.push(format!("因数据未齐，暂不可计算的有{}项：{}。", unknown.len(), unknown.join("；")));
    }
    let reached = core().filter(|view| view.lamp == "green").count();
    if reached > 0 {
        let rest = if paragraphs.is_empty() { "达到序时的有" } else { "其余" };
        let verb = if paragraphs.is_empty() { "" } else { "达到序时进度" };
        paragraphs.push(format!("{rest}{reached}项{verb}。"));
    }
    paragraphs
}

fn missing(view: &IndicatorView) -> String {
    match view.completeness.missing_regions.as_slice() {
        [] => "缺市级数据".to_owned(),
        regions if regions.len() as u32 == view.completeness.expected => "各县（市、区）均未报".to_owned(),
        regions => format!("缺{}", regions.join("、")),
    }
}

fn sentence(view: &IndicatorView) -> String {
    let value = view.value.as_deref().unwrap_or("—");
    let parts = match (&view.numerator, &view.denominator) {
        (Some(numerator), Some(denominator)) if view.kind.contains('率') || view.unit == "%" => {
            format!("{}/{}，", grouped(numerator), grouped(denominator))
        }
        _ => String::new(),
    };
    let expected =
        view.expected.as_deref().map_or(String::new(), |expected| format!("，序时应达{expected}{}", view.unit));
    let gap = match view.gap.as_deref() {
        Some("0") | None => String::new(),
        Some(gap) => format!("，距目标还差{}{}", grouped(gap), view.gap_unit),
    };
    let owner = view.responsible.first().map_or("", String::as_str);
    format!("{}{value}{}{expected}{gap}（{parts}{owner}）", view.name, view.unit)
}

/// For each rate that lags: the first three and the last three, with their values. Equal values share a place.
fn counties(list: &IndicatorList, table: &CountyTable) -> Vec<String> {
    let late = list.indicators.iter().filter(|view| view.core && matches!(view.lamp.as_str(), "red" | "yellow"));
    let mut paragraphs = Vec::new();
    for view in late {
        let Some(at) = table.indicators.iter().position(|column| column.code == view.code && column.comparable) else {
            continue;
        };
        let mut ranked: Vec<(u32, &str, &str)> = table
            .rows
            .iter()
            .filter_map(|row| {
                let cell = &row.cells[at];
                Some((cell.rank?, row.name.as_str(), cell.value.as_deref()?))
            })
            .collect();
        ranked.sort_by_key(|(rank, ..)| *rank);
        if ranked.len() < 6 {
            continue;
        }
        let words = |some: &[(u32, &str, &str)]| {
            some.iter().map(|(_, name, value)| format!("{name}{value}{}", view.unit)).collect::<Vec<_>>().join("、")
        };
        let of = if ranked.len() < table.rows.len() - 1 {
            format!("（{}个已报地区）", ranked.len())
        } else {
            String::new()
        };
        paragraphs.push(format!(
            "{}{of}前三为{}；后三为{}。",
            view.name,
            words(&ranked[..3]),
            words(&ranked[ranked.len() - 3..])
        ));
    }
    if paragraphs.is_empty() {
        paragraphs.push("本期主要指标没有可比的滞后项，不作县（市、区）位次比较。".to_owned());
    }
    paragraphs
}

fn tasks(tasks: Option<&Tasks>) -> Vec<String> {
    let Some(tasks) = tasks else {
        return vec!["任务台账暂时联系不上，本期未列任务情况。".to_owned()];
    };
    let silent = if tasks.silent > 0 { format!("，本月未报进展{}项", tasks.silent) } else { String::new() };
    let mut paragraphs = vec![format!(
        "{}项任务已销号{}项、待核验{}项、严重滞后或逾期{}项、滞后{}项{silent}。",
        tasks.total, tasks.done, tasks.waiting, tasks.red, tasks.yellow
    )];
    for task in &tasks.late {
        let percent = task.percent.map_or(String::new(), |percent| format!("，进度{percent}%"));
        let sentence = task.content.split_once('。').map_or(task.content.as_str(), |(first, _)| first);
        let content: String = sentence.chars().take(26).collect();
        let dots = if sentence.chars().count() > 26 { "……" } else { "" };
        let due = due_words(&task.due);
        paragraphs.push(format!("任务{}：{content}{dots}（{}，期限{due}{percent}）。", task.number, task.unit));
    }
    paragraphs
}

/// 2025年底, or the day.
fn due_words(due: &str) -> String {
    match due.parse::<jiff::civil::Date>() {
        Ok(day) if (day.month(), day.day()) == (12, 31) => format!("{}年底", day.year()),
        Ok(day) => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        Err(_) => due.to_owned(),
    }
}

fn projects(material: &Material<'_>) -> Vec<String> {
    let period = material.named.period;
    let all = material.context.reference.regions.counties().len();
    let total = |element: &str| material.context.total(element, period);
    let (count, of) = total("finance.projects");
    let Some(count) = count else {
        return vec![format!("{}项目资金月报未报齐，本期未列合计。", period_words(period))];
    };
    let number = |element: &str| total(element).0.map_or_else(|| "—".to_owned(), |value| value.to_string());
    let money = |element: &str| {
        total(element).0.map_or_else(
            || "—".to_owned(),
            |fen| {
                let whole = grouped(&(fen / 1_000_000).to_string());
                let part = fen % 1_000_000 / 10_000;
                if part == 0 { whole } else { format!("{whole}.{part:02}") }
            },
        )
    };
    let scope = if of < all { format!("（{of}个已报地区）") } else { String::new() };
    vec![format!(
        "{count}个项目{scope}已开工{}个、竣工{}个，累计完成投资{}万元；\
             中央预算内投资申请{}万元、下达{}万元、到位{}万元、拨付{}万元。",
        number("finance.projects.started"),
        number("finance.projects.completed"),
        money("finance.projects.invested_fen"),
        money("finance.projects.central_applied_fen"),
        money("finance.projects.central_released_fen"),
        money("finance.projects.central_received_fen"),
        money("finance.projects.central_paid_fen")
    )]
}

/// Who has not reported what, and what was corrected since the period ended.
fn quality(material: &Material<'_>, list: &IndicatorList) -> Vec<String> {
    let mut paragraphs = Vec::new();
    // One clause per set of counties, whatever the number of indicators they owe.
    let mut late: Vec<(String, Vec<&str>)> = Vec::new();
    for view in list.indicators.iter().filter(|view| view.core) {
        let missing = &view.completeness.missing_regions;
        if missing.is_empty() || missing.len() as u32 == view.completeness.expected {
            continue;
        }
        let counties = missing.join("、");
        match late.iter_mut().find(|(known, _)| *known == counties) {
            Some((_, names)) => names.push(&view.name),
            None => late.push((counties, vec![&view.name])),
        }
    }
    let clauses = late.iter().map(|(counties, names)| match names.as_slice() {
        [one] => format!("{counties}缺{one}"),
        [first, ..] => format!("{counties}缺{first}等{}项", names.len()),
        [] => String::new(),
    });
    paragraphs.push(if late.is_empty() {
        "各县（市、区）主要指标均已报齐。".to_owned()
    } else {
        format!("{}。", clauses.collect::<Vec<_>>().join("；"))
    });
    let month_end = material.named.period.last_day().in_tz(kit::clock::ZONE).map(|at| at.timestamp().as_microsecond());
    let after = month_end.unwrap_or(0);
    let corrected: Vec<String> = material
        .context
        .cube
        .corrections(material.context.cut, after)
        .filter(|meta| !meta.form.is_empty())
        .map(|meta| {
            let period = meta.period.parse().map_or_else(|_| meta.period.clone(), period_words);
            format!("{}{period}数据（{}）", contract::bureau::title(&meta.bureau), meta.reason)
        })
        .collect();
    if !corrected.is_empty() {
        paragraphs.push(format!("本期修订或撤销{}件：{}。", corrected.len(), corrected.join("；")));
    }
    paragraphs
}
