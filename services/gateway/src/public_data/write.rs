//! The public table as files: CSV that a spreadsheet opens (UTF-8 with BOM), and JSON.

use kit::{Problem, Result};

use super::PublicTable;

pub const CSV: &str = "text/csv; charset=utf-8";
pub const JSON: &str = "application/json";

const HEAD: [&str; 17] = [
    "指标代码",
    "指标",
    "地区代码",
    "地区",
    "报告期",
    "数值",
    "单位",
    "分子",
    "分子单位",
    "分母",
    "分母单位",
    "数据状态",
    "已报地区数",
    "应报地区数",
    "未报地区",
    "数据来源",
    "备注",
];

/// The lines, then what the marks mean, then which cut it is.
pub fn csv(table: &PublicTable) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(HEAD).map_err(Problem::internal)?;
    for line in &table.lines {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        let record: [String; 17] = [
            line.indicator.clone(),
            line.name.clone(),
            line.region.clone(),
            line.region_name.clone(),
            line.period.clone(),
            or_none(&line.value),
            line.unit.clone(),
            or_none(&line.numerator),
            line.numerator_unit.clone(),
            or_none(&line.denominator),
            line.denominator_unit.clone(),
            line.status.clone(),
            line.present.to_string(),
            line.expected.to_string(),
            line.missing_regions.join("、"),
            line.sources.join("、"),
            line.note.clone(),
        ];
        writer.write_record(record).map_err(Problem::internal)?;
    }
    let made = format!("定版：{}（{}），{}", table.cut_name, table.mode, table.cut_made_at);
    for foot in [format!("说明：{}", table.legend), made, table.warning.clone()] {
        if !foot.is_empty() {
            writer.write_record([foot]).map_err(Problem::internal)?;
        }
    }
    writer.into_inner().map_err(|error| Problem::internal(error.to_string()))
}

pub fn json(table: &PublicTable) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(table).map_err(Problem::internal)
}
