//! Import profiles: how the sheets of other systems are read (practice §1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One kind of sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportProfile {
    pub code: String,
    pub title: String,
    /// `childcare.institution`, `childcare.class`.
    pub register: String,
    /// 主管系统 of the sheet.
    pub system_of_record: String,
    pub columns: Vec<ImportColumn>,
    /// Rows whose first filled cell begins so are no data: 合计, 小计, 注.
    #[serde(default)]
    pub skip_rows_where_first_cell: Vec<String>,
    /// field → text in the sheet → name of the enum value.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

/// A field of the row message and the headings it may stand under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportColumn {
    pub field: String,
    pub titles: Vec<String>,
    #[serde(default)]
    pub required: bool,
}
