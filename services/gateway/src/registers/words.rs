//! Values as people read them: labels, names of regions and offices, money in its unit; personal data masked.

use std::borrow::Cow;

use city::bundle::City;
use city::region::{Level, Region};
use contract::columns::{Column, ColumnKind};
use contract::export::Cell;
use contract::leaf::Leaf;
use contract::masking;
use contract::register::Register;
use contract::value::integer;
use kit::clock::local;
use prost_reflect::{DynamicMessage, Value};
use proto::contract::Format;

/// What stands where nothing is said.
pub(crate) const NOTHING: &str = "—";

/// The city's names for its codes.
#[derive(Clone, Copy)]
pub(crate) struct Words<'c>(pub(crate) &'c City);

impl Words<'_> {
    /// The value of a column, masked; empty where nothing is said. Numbers are bare digits.
    pub(crate) fn plain(&self, leaf: &Leaf, message: &DynamicMessage) -> String {
        let value = leaf.get(message);
        let text = value.as_deref().map(|value| self.text(&leaf.column, value)).unwrap_or_default();
        masking::mask(leaf.column.personal, &text)
    }

    /// As a page shows it: thousands apart, “—” for nothing.
    pub(crate) fn shown(&self, leaf: &Leaf, message: &DynamicMessage) -> String {
        let text = self.plain(leaf, message);
        match text.as_str() {
            "" => NOTHING.to_owned(),
            _ if leaf.column.is_number() => crate::console::grouped(&text),
            _ => text,
        }
    }

    /// As a workbook holds it.
    pub(crate) fn cell(&self, leaf: &Leaf, message: &DynamicMessage) -> Cell {
        let text = self.plain(leaf, message);
        if leaf.column.is_number() && !text.is_empty() { Cell::Number(text) } else { Cell::Text(text) }
    }

    /// What people call a record.
    pub(crate) fn title(&self, register: &Register, record: &DynamicMessage) -> String {
        let title = register.title_column().map(|leaf| self.plain(leaf, record)).unwrap_or_default();
        if title.is_empty() { "（未命名）".to_owned() } else { title }
    }

    /// The name of a region with those it lies in, from the county down: 红塔区玉兴街道.
    pub(crate) fn region(&self, code: &str) -> String {
        let tree = &self.0.regions;
        let mut names: Vec<Cow<'_, str>> = Vec::new();
        let mut at = tree.get(code);
        while let Some(region) = at {
            let below = region.level == Level::City && !names.is_empty();
            if !below {
                names.push(short(region).into());
            }
            at = tree.get(&region.parent).filter(|parent| parent.code != region.code);
        }
        names.reverse();
        if names.is_empty() { code.to_owned() } else { names.concat() }
    }

    fn text(&self, column: &Column, value: &Value) -> String {
        match (&column.kind, value) {
            (_, Value::List(items)) => items.iter().map(|item| self.text(column, item)).collect::<Vec<_>>().join("、"),
            (ColumnKind::Enum(choices), Value::EnumNumber(number)) => {
                let choice = choices.iter().find(|choice| choice.number == *number);
                choice.map(|choice| choice.label.clone()).unwrap_or_default()
            }
            (ColumnKind::Quantity(quantity), value) => integer(value).map(|n| quantity.write(n)).unwrap_or_default(),
            (_, Value::Bool(yes)) => if *yes { "是" } else { "否" }.to_owned(),
            (_, Value::String(code)) => match column.format {
                Format::Region if !code.is_empty() => self.region(code),
                Format::Organisation => {
                    self.0.organisation(code).map_or_else(|| code.clone(), |unit| unit.full_name.clone())
                }
                _ => code.clone(),
            },
            (_, value) => match integer(value) {
                Some(0) if column.format == Format::Instant => String::new(),
                Some(micros) if column.format == Format::Instant => instant(micros),
                Some(number) => number.to_string(),
                None => String::new(),
            },
        }
    }
}

/// Microseconds as 2026-11-05 09:30 in Shanghai.
pub(crate) fn instant(micros: i64) -> String {
    local(micros).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What people write for a region.
pub(crate) fn short(region: &Region) -> &str {
    if region.short_name.is_empty() { &region.name } else { &region.short_name }
}
