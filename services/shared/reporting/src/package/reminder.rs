//! 催报: what is missing, until when, whom it concerns, and whom to ask. Pure text.

use city::period::Period;
use jiff::civil::Date;

/// One report that is not there.
pub(crate) struct Missing<'a> {
    pub(crate) title: &'a str,
    pub(crate) table_number: &'a str,
    pub(crate) period: Period,
    pub(crate) due_on: Date,
    /// Calendar days.
    pub(crate) days_late: u32,
    /// 未填报, 退回, …
    pub(crate) state: &'a str,
    /// Who handed it in last time; empty when nobody has.
    pub(crate) last_submitter: &'a str,
}

/// Who urges.
pub(crate) struct Contact<'a> {
    pub(crate) office: &'a str,
    pub(crate) person: &'a str,
}

/// The text for one region, ready to be sent.
pub(crate) fn text(region: &str, missing: &[Missing<'_>], today: Date, contact: &Contact<'_>) -> String {
    let mut text = format!("{region}：截至{}，尚有 {} 张报表未报送。\n", day(today), missing.len());
    for (number, one) in missing.iter().enumerate() {
        let Missing { title, table_number, period, due_on, days_late, state, last_submitter } = one;
        let deadline = match days_late {
            0 => format!("请于{}前报送", day(*due_on)),
            days => format!("应于{}前报送，已逾期 {days} 天", day(*due_on)),
        };
        let who = match *last_submitter {
            "" => String::new(),
            name => format!("，上次填报人：{name}"),
        };
        let (number, period) = (number + 1, words(*period));
        text.push_str(&format!("{number}.《{title}》（{table_number}，{period}，{state}）：{deadline}{who}；\n"));
    }
    text.push_str("请尽快填报；本期无业务发生的，也须报“零报告”或“本期无变化”。\n");
    let Contact { office, person } = contact;
    text.push_str(&match *person {
        "" => format!("联系单位：{office}。"),
        name => format!("联系单位：{office}，联系人：{name}。"),
    });
    text
}

fn day(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// A period as people write it: 2025年10月.
fn words(period: Period) -> String {
    match period {
        Period::Year(year) => format!("{year}年"),
        Period::Half(year, 1) => format!("{year}年上半年"),
        Period::Half(year, _) => format!("{year}年下半年"),
        Period::Quarter(year, quarter) => format!("{year}年第{quarter}季度"),
        Period::Month(year, month) => format!("{year}年{month}月"),
        Period::Mch(year) => format!("{year}妇幼年度"),
        Period::Span(from, to) => format!("{from}—{to}年"),
    }
}
