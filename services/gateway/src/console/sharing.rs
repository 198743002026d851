//! Pages of 数据共享. What they show is what the bureaus said.

pub(crate) mod catalogue;
pub(crate) mod copies;
pub(crate) mod corrections;
pub(crate) mod rights;

use super::words::Lamp;
use crate::registers::words::NOTHING;

/// One page of 数据共享.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Catalogue,
    Rights,
    Corrections,
    Copies,
    Matching,
    Persons,
}

impl Tab {
    pub(super) fn href(self) -> &'static str {
        match self {
            Tab::Catalogue => "/sharing",
            Tab::Rights => "/sharing/rights",
            Tab::Corrections => "/sharing/corrections",
            Tab::Copies => "/sharing/copies",
            Tab::Matching => "/sharing/matching",
            Tab::Persons => "/persons",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Tab::Catalogue => "共享目录",
            Tab::Rights => "共享授权",
            Tab::Corrections => "疑义校核",
            Tab::Copies => "数据订阅",
            Tab::Matching => "人员比对",
            Tab::Persons => "人员查询",
        }
    }
}

/// The pages that a person is shown, and the one that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Tabs {
    pub(crate) shown: Vec<Tab>,
    pub(crate) here: Tab,
}

impl Tabs {
    pub(super) fn is(&self, tab: &Tab) -> bool {
        self.here == *tab
    }
}

/// What stands where nothing is said.
fn or_nothing(text: &str) -> &str {
    if text.is_empty() { NOTHING } else { text }
}

/// An instant, or that there is none.
fn at(micros: i64) -> String {
    if micros == 0 { NOTHING.to_owned() } else { crate::registers::words::instant(micros) }
}
