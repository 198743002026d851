//! Where, and who is late in what: the schematic map of one indicator and the lamps of all core indicators.

use city::decimal::Decimal;
use city::tile::Tile;

use super::bullet::units;
use super::words::{href, indicator_href, with_unit};
use crate::counties::{CountyColumn, CountyRow, CountyTable};

/// Distance from tile to tile, and a tile's size.
const STEP: (u32, u32) = (130, 94);
const TILE: (u32, u32) = (124, 88);

/// The map and the table of lamps.
#[derive(Clone, Debug)]
pub(super) struct Counties {
    pub(super) map: Option<TileMap>,
    /// Indicators that the map can show, for its choice.
    pub(super) choices: Vec<MapChoice>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(super) struct MapChoice {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// One head of the table of lamps.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) short: String,
    pub(super) name: String,
    pub(super) href: String,
    /// Begins a group: 约束性, 养老, 托育.
    pub(super) group: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) city: bool,
    pub(super) cells: Vec<Cell>,
}

#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) lamp: &'static str,
    /// What the symbol says: place, indicator, value, word.
    pub(super) label: String,
    pub(super) group: bool,
}

/// Tiles of one indicator, four steps; the darkest has reached the path.
#[derive(Clone, Debug)]
pub(super) struct TileMap {
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) tiles: Vec<TileView>,
    pub(super) legend: Vec<(u8, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct TileView {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) name: String,
    pub(super) value: String,
    /// 0: not known, hatched; 1–4.
    pub(super) step: u8,
    pub(super) lamp: &'static str,
    pub(super) label: String,
    pub(super) href: String,
}

impl Counties {
    /// `chosen`: the indicator to map; another one when it is unknown or does not compare.
    pub(super) fn new(table: &CountyTable, tiles: &[Tile], chosen: &str) -> Self {
        let comparable: Vec<usize> =
            (0..table.indicators.len()).filter(|at| table.indicators[*at].comparable).collect();
        let known = |at: usize| table.rows.iter().any(|row| row.cells[at].value.is_some());
        let mapped = comparable
            .iter()
            .copied()
            .find(|at| table.indicators[*at].code == chosen)
            .or_else(|| comparable.iter().copied().find(|at| known(*at)))
            .or(comparable.first().copied());
        let choices = comparable.iter().map(|at| MapChoice {
            code: table.indicators[*at].code.clone(),
            name: table.indicators[*at].name.clone(),
            chosen: Some(*at) == mapped,
        });
        let first_of_group = |at: usize| at > 0 && group(&table.indicators[at]) != group(&table.indicators[at - 1]);
        Counties {
            map: mapped.filter(|_| !tiles.is_empty()).map(|at| map(table, at, tiles)),
            choices: choices.collect(),
            columns: table
                .indicators
                .iter()
                .enumerate()
                .map(|(at, column)| Column {
                    short: column.short.clone(),
                    name: column.name.clone(),
                    href: indicator_href(&column.code, "", &table.period),
                    group: first_of_group(at),
                })
                .collect(),
            rows: table
                .rows
                .iter()
                .enumerate()
                .map(|(n, row)| Row {
                    name: row.name.clone(),
                    href: href("/", &row.region, &table.period),
                    city: n + 1 == table.rows.len(),
                    cells: (0..row.cells.len()).map(|at| cell(table, row, at, first_of_group(at))).collect(),
                })
                .collect(),
        }
    }
}

/// Columns hang together by obligation first, then by category.
fn group(column: &CountyColumn) -> &str {
    if column.obligation == "约束性" { &column.obligation } else { &column.category }
}

fn cell(table: &CountyTable, row: &CountyRow, at: usize, group: bool) -> Cell {
    let (column, cell) = (&table.indicators[at], &row.cells[at]);
    let (lamp, word) = lamp(&cell.lamp, cell.value.is_some(), column.comparable);
    let value = cell.value.as_deref().map_or("—".to_owned(), |value| with_unit(value, &column.unit));
    let rank = cell.rank.map(|rank| format!("，九县第 {rank} 位")).unwrap_or_default();
    Cell { lamp, label: format!("{} {} {value}，{word}{rank}", row.name, column.short), group }
}

/// Symbol and word; grey says why.
fn lamp(code: &str, known: bool, comparable: bool) -> (&'static str, &'static str) {
    match code {
        "red" => ("red", "严重滞后"),
        "yellow" => ("yellow", "滞后"),
        "green" => ("green", "达序时"),
        _ if !known => ("grey", "缺数据"),
        _ if !comparable => ("none", "全市目标，县不评灯"),
        _ => ("grey", "不评价"),
    }
}

fn map(table: &CountyTable, at: usize, tiles: &[Tile]) -> TileMap {
    let column = &table.indicators[at];
    let scale = table.rows.iter().filter_map(|row| number(row.cells[at].value.as_deref())).map(|n| n.scale).max();
    let expected = number(column.expected.as_deref());
    let scale = scale.into_iter().chain(expected.map(|n| n.scale)).max().unwrap_or(0);
    let of = |row: &CountyRow| number(row.cells[at].value.as_deref()).and_then(|number| units(&number, scale));
    let counties = &table.rows[..table.rows.len().saturating_sub(1)];
    let values: Vec<i64> = counties.iter().filter_map(of).collect();
    let bounds = bounds(&values, expected.and_then(|number| units(&number, scale)));
    let shown = |value: i64| Decimal { mantissa: value, scale }.to_string();
    let views = tiles.iter().filter_map(|tile| {
        let row = counties.iter().find(|row| row.region == tile.region)?;
        let value = of(row);
        let step = value.map_or(0, |value| 1 + bounds.iter().filter(|bound| value >= **bound).count() as u8);
        let cell = cell(table, row, at, false);
        Some(TileView {
            x: tile.column * STEP.0,
            y: tile.row * STEP.1,
            name: row.name.clone(),
            value: row.cells[at].value.clone().unwrap_or_else(|| "—".to_owned()),
            step,
            lamp: cell.lamp,
            label: cell.label,
            href: href("/", &row.region, &table.period),
        })
    });
    let reached = if expected.is_some() { " 达序时" } else { "" };
    let legend = match bounds[..] {
        [low, middle, high] => vec![
            (1, format!("<{}", shown(low))),
            (2, format!("{}–{}", shown(low), shown(middle))),
            (3, format!("{}–{}", shown(middle), shown(high))),
            (4, format!("≥{}{reached}", shown(high))),
        ],
        _ => Vec::new(),
    };
    let rows = tiles.iter().map(|tile| tile.row).max().unwrap_or(0);
    let columns = tiles.iter().map(|tile| tile.column).max().unwrap_or(0);
    TileMap {
        title: column.name.clone(),
        unit: column.unit.clone(),
        width: columns * STEP.0 + TILE.0,
        height: rows * STEP.1 + TILE.1,
        tiles: views.collect(),
        legend,
    }
}

fn number(text: Option<&str>) -> Option<Decimal> {
    text?.parse().ok()
}

/// Three bounds for four steps: the last is where the path stands, or three quarters of the way where there is none;
/// the others divide what lies below evenly. Empty when nothing is known.
fn bounds(values: &[i64], expected: Option<i64>) -> Vec<i64> {
    let (Some(low), Some(high)) = (values.iter().min().copied(), values.iter().max().copied()) else {
        return Vec::new();
    };
    let top = expected.unwrap_or(low + (high - low) * 3 / 4);
    let low = low.min(top);
    let third = (top - low) / 3;
    if third == 0 {
        return vec![top - 2, top - 1, top];
    }
    vec![top - 2 * third, top - third, top]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn four_steps_rise_and_the_last_is_the_path(values in prop::collection::vec(0i64..2000, 1..9), path in 1i64..2000) {
            let bounds = bounds(&values, Some(path));
            prop_assert_eq!(bounds.len(), 3);
            prop_assert!(bounds[0] < bounds[1] && bounds[1] < bounds[2]);
            prop_assert_eq!(bounds[2], path);
        }
    }

    #[test]
    fn nothing_known_has_no_steps() {
        assert!(bounds(&[], Some(5)).is_empty());
    }
}
