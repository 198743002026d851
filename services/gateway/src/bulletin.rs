//! 调度通报 of a cut (dictionary §6.6): everything but the narrative is computed. Pure: what is given here becomes the
//! bulletin; `docx` and `xlsx` write it down.

pub mod docx;
mod sections;
pub mod xlsx;

use city::period::Period;
use jiff::civil::Date;
use kit::{Problem, Result};

use crate::assemble::{self, Place, period_words};
use crate::console::grouped;
use crate::counties::{self, CountyTable};
use crate::cuts::NamedCut;
use crate::evaluate::Context;
use crate::exact::Exact;
use crate::state::Link;
use crate::view::{IndicatorList, IndicatorView};

/// Characters of one narrative part, at most; a bulletin is two to four pages.
const NARRATIVE_LONGEST: usize = 1_500;

/// What people write themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrative {
    /// 发文字号: 玉养托办〔2026〕10号.
    pub number: String,
    /// 主送.
    pub to: String,
    /// 需市级协调解决的事项; a line is a paragraph.
    pub coordination: String,
    /// 下步工作.
    pub next: String,
    /// 抄送.
    pub copies: String,
}

impl Narrative {
    /// NUMBER_MISSING, NUMBER_FORM, TEXT_TOO_LONG.
    pub fn check(&self) -> Result<()> {
        let number = self.number.trim();
        if number.is_empty() {
            return Err(Problem::field("number", "NUMBER_MISSING", "请填写发文字号"));
        }
        if !(number.contains('〔') && number.contains('〕') && number.ends_with('号')) {
            return Err(Problem::field("number", "NUMBER_FORM", "发文字号的年份用六角括号，如玉养托办〔2026〕10号"));
        }
        for (field, text) in [("coordination", &self.coordination), ("next", &self.next)] {
            if text.chars().count() > NARRATIVE_LONGEST {
                let message = format!("不超过{NARRATIVE_LONGEST}字，通报全文宜在4000字以内");
                return Err(Problem::field(field, "TEXT_TOO_LONG", message));
            }
        }
        Ok(())
    }
}

/// What the task ledger says, where it could be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tasks {
    pub total: usize,
    pub done: usize,
    pub waiting: usize,
    pub red: usize,
    pub yellow: usize,
    pub silent: usize,
    /// The latest ones: number, content, first unit, due.
    pub late: Vec<LateTask>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateTask {
    pub number: u32,
    pub content: String,
    pub unit: String,
    pub due: String,
    pub percent: Option<i64>,
}

/// One row of the table of core indicators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub binding: bool,
    pub unit: String,
    pub target: String,
    pub value: String,
    pub expected: String,
    /// Against the month before, over the same counties.
    pub change: String,
    pub gap: String,
    pub responsible: String,
    pub lamp: &'static str,
    pub status: String,
    /// 9/9, or which counties are missing.
    pub completeness: String,
    /// Counties that reported, where some did and some did not.
    pub reported: Option<u32>,
}

/// A part of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    pub paragraphs: Vec<String>,
}

/// A bulletin as it will be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletin {
    /// 发文机关.
    pub issuer: String,
    pub number: String,
    pub title: String,
    pub to: String,
    pub opening: String,
    /// What a reader must know before the first figure: bureaus that are missing. On page 1.
    pub warnings: Vec<String>,
    pub sections: Vec<Section>,
    pub rows: Vec<Row>,
    pub counties: CountyTable,
    pub footnotes: Vec<String>,
    pub dated: Date,
    pub copies: String,
    pub synthetic: bool,
}

/// What a bulletin is made of.
pub struct Material<'m> {
    pub context: Context<'m>,
    pub named: &'m NamedCut,
    pub links: &'m std::collections::BTreeMap<String, Link>,
    /// None: the ledger could not be asked.
    pub tasks: Option<Tasks>,
    pub narrative: &'m Narrative,
    pub today: Date,
    pub synthetic: bool,
}

/// Makes the bulletin of a cut.
pub fn make(material: &Material<'_>) -> Result<Bulletin> {
    let Material { context, named, narrative, .. } = material;
    let place = assemble::place(context, "", &named.period.to_string(), named.made_at)?;
    let list = assemble::list(context, place, false, material.links);
    let table = counties::table(context, place);
    let city = &context.reference.regions.city().name;
    let period = period_words(named.period);
    let warnings = sections::warnings(material, &list);
    Ok(Bulletin {
        issuer: format!("{city}“一老一小”工作协调机制办公室"),
        number: narrative.number.trim().to_owned(),
        title: format!("{period}“一老一小”重点指标调度情况通报"),
        to: match narrative.to.trim() {
            "" => "各县（市、区）人民政府，市直有关部门：".to_owned(),
            to => to.to_owned(),
        },
        opening: sections::opening(&list, named.period),
        sections: sections::all(material, &list, &table),
        rows: rows(context, place, &list),
        counties: table,
        footnotes: footnotes(material),
        warnings,
        dated: material.today,
        copies: match narrative.copies.trim() {
            "" => "市委办公室，市人大常委会办公室，市政协办公室。".to_owned(),
            copies => copies.to_owned(),
        },
        synthetic: material.synthetic,
    })
}

fn rows(context: &Context<'_>, place: Place<'_>, list: &IndicatorList) -> Vec<Row> {
    list.indicators.iter().filter(|view| view.core).map(|view| row(context, place, view)).collect()
}

fn row(context: &Context<'_>, place: Place<'_>, view: &IndicatorView) -> Row {
    let dash = |text: Option<&str>| text.map_or_else(|| "—".to_owned(), str::to_owned);
    let missing = &view.completeness.missing_regions;
    Row {
        name: view.name.clone(),
        binding: view.obligation == "约束性",
        unit: view.unit.clone(),
        target: dash(view.targets.last().map(|target| target.value.as_str())),
        value: dash(view.value.as_deref()),
        expected: dash(view.expected.as_deref()),
        change: change(context, place, view).unwrap_or_else(|| "—".to_owned()),
        gap: match view.gap.as_deref() {
            None => "—".to_owned(),
            Some("0") => "已达".to_owned(),
            Some(gap) => format!("{}{}", grouped(gap), view.gap_unit),
        },
        responsible: view.responsible.first().cloned().unwrap_or_default(),
        lamp: match view.lamp.as_str() {
            "green" => "○绿",
            "yellow" => "△黄",
            "red" => "■红",
            _ => "┄灰",
        },
        reported: Some(view.completeness.present).filter(|present| *present > 0 && !missing.is_empty()),
        status: if view.value.is_some() { view.status.clone() } else { "—".to_owned() },
        completeness: match missing.as_slice() {
            [] => format!("{}/{}", view.completeness.present, view.completeness.expected),
            missing => {
                format!("{}/{}（缺{}）", view.completeness.present, view.completeness.expected, missing.join("、"))
            }
        },
    }
}

/// How the value moved since the month before, over the counties that count now: 百分点 for rates.
fn change(context: &Context<'_>, place: Place<'_>, view: &IndicatorView) -> Option<String> {
    let Period::Month(..) = place.period else { return None };
    let indicator = assemble::indicator(context, &view.code).ok()?;
    let now = context.evaluate(indicator, place.region, place.period);
    let before_period = place.period.month_back(1);
    let before = if now.over.is_empty() {
        context.evaluate(indicator, place.region, before_period).rate
    } else {
        context.over(indicator, &now.over, before_period)
    };
    let (now, before) = (Exact::rate(now.rate.as_ref()?)?, Exact::rate(&before?)?);
    let moved = now - before;
    let shown = moved.display(if indicator.is_rate() { indicator.decimals.max(1) } else { 0 });
    Some(match shown.strip_prefix('-') {
        Some(fall) if fall.chars().any(|digit| digit.is_ascii_digit() && digit != '0') => format!("−{fall}"),
        _ if !shown.chars().any(|digit| digit.is_ascii_digit() && digit != '0') => "持平".to_owned(),
        _ => format!("+{shown}"),
    })
}

fn footnotes(material: &Material<'_>) -> Vec<String> {
    let named = material.named;
    let made = kit::clock::local(named.made_at);
    let mut notes = vec![format!(
        "注：* 为约束性指标。数据定版“{}”，{}年{}月{}日{}时，方式为{}。环比为与上月同一范围比较，率的差为百分点。",
        named.name,
        made.year(),
        made.month(),
        made.day(),
        made.hour(),
        named.cut.mode.label()
    )];
    if !named.cut.mode.footnote().is_empty() {
        notes.push(named.cut.mode.footnote().to_owned());
    }
    notes.push("○绿 达序时，△黄 滞后，■红 严重滞后，┄灰 暂不可计算。".to_owned());
    notes
}
