//! Reading the cells of a row: each is checked on its own, and everything that is wrong is told at once.

use jiff::civil::Date;

use crate::codes::Coded;
use crate::fault::Fault;

/// Collects what is wrong while a row is read.
#[derive(Debug, Default)]
pub struct Cells {
    pub faults: Vec<Fault>,
}

impl Cells {
    /// Takes a value, or notes why there is none.
    pub fn take<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.faults.push(fault)).ok()
    }

    pub fn required(&mut self, field: &'static str, title: &str, text: &str) -> String {
        let text = text.trim();
        if text.is_empty() {
            self.faults.push(Fault::cell(field, "FIELD_MISSING", format!("请填写{title}")));
        }
        text.to_owned()
    }

    /// A text that carries nobody's number, trimmed; `instead` says what to write. PERSONAL_DATA_IN_TEXT.
    pub fn harmless(&mut self, field: &'static str, title: &str, text: &str, instead: &str) -> String {
        let text = text.trim();
        if let Some(carried) = contract::personal::carried(text) {
            let message = format!("{title}中含有{}，{instead}", carried.title());
            self.faults.push(Fault::cell(field, "PERSONAL_DATA_IN_TEXT", message));
        }
        text.to_owned()
    }

    pub fn date(&mut self, field: &'static str, title: &str, text: &str) -> Option<Date> {
        let text = self.required(field, title, text);
        if text.is_empty() { None } else { self.take(date(field, title, &text)) }
    }

    pub fn optional_date(&mut self, field: &'static str, title: &str, text: &str) -> Option<Date> {
        let text = text.trim();
        if text.is_empty() { None } else { self.take(date(field, title, text)) }
    }

    /// A value of the contract's enum by its name there; the zero value counts as not filled.
    pub fn coded<T: Coded>(&mut self, field: &'static str, title: &str, name: &str, prefix: &str) -> Option<T> {
        let value = name.strip_prefix(prefix).and_then(T::from_code);
        if value.is_none() {
            self.faults.push(Fault::cell(field, "FIELD_MISSING", format!("请填写{title}")));
        }
        value
    }
}

/// A date as contracts write it, or DATE_INVALID.
pub fn date(field: &'static str, title: &str, text: &str) -> Result<Date, Fault> {
    text.trim()
        .parse()
        .map_err(|_| Fault::cell(field, "DATE_INVALID", format!("{title}“{text}”不是有效日期，应写作2025-11-05的形式")))
}
