//! A workbook read into rows of a contract (titles found, every cell checked), beside calamine reading its cells alone.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use calamine::{DataRef, Reader, Xlsx};
use contract::import::{Profile, RowParser};
use rust_xlsxwriter::Workbook;

use super::{Line, Ratio, timed};

const ROWS: usize = 200_000;
const ROUNDS: usize = 5;

pub(crate) fn measure() -> Line {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("beds.xlsx");
    write(&path);
    let rounds: Vec<(Duration, Duration)> =
        (0..ROUNDS).map(|_| (timed(|| ours(&path)).1, timed(|| bare(&path)).1)).collect();
    let fastest = rounds.iter().map(|(mine, _)| *mine).min().unwrap_or_default();
    Line {
        what: format!("{ROWS} bed rows of an XLSX into checked messages"),
        limit: "calamine streaming the cells".into(),
        figure: Ratio::of(&rounds).words(),
        aim: "≥ 0.5, no row cap",
        note: format!(
            "compressed size checked, title row found, types, enums and dates read; {} rows/s at best",
            ROWS as u128 * 1_000_000_000 / fastest.as_nanos()
        ),
    }
}

fn ours(path: &Path) {
    let shape = ylyx::import::row_message("elderly.bed").expect("a row");
    let profile = Profile::of_contract(shape.full_name()).expect("a profile");
    let rows = RowParser::new(profile, shape).expect("a parser").open(path).expect("a sheet");
    let mut read = 0;
    for row in rows {
        let row = row.expect("a row");
        std::hint::black_box(row.outcome.expect("no fault"));
        read += 1;
    }
    assert_eq!(read, ROWS);
}

fn bare(path: &Path) {
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(File::open(path).expect("the file"))).expect("a workbook");
    let sheet = workbook.sheet_names()[0].clone();
    let mut cells = workbook.worksheet_cells_reader(&sheet).expect("a sheet");
    let mut read = 0;
    while let Some(cell) = cells.next_cell().expect("a cell") {
        read += usize::from(!matches!(cell.get_value(), DataRef::Empty));
        std::hint::black_box(&cell);
    }
    assert!(read > ROWS * 6, "{read}");
}

/// The contract's own columns, filled as clerks fill them.
fn write(path: &Path) {
    let shape = ylyx::import::row_message("elderly.bed").expect("a row");
    let columns = contract::columns::columns_of(shape.full_name()).expect("columns");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (place, column) in (0..).zip(&columns) {
        sheet.write(0, place, &column.title).expect("a title");
    }
    for n in 0..ROWS {
        for (place, column) in (0..).zip(&columns) {
            let text = match column.field.as_str() {
                "institution_name" => "测量养老院".to_owned(),
                "room_no" => (n / 4).to_string(),
                "bed_no" => (n % 4).to_string(),
                "type" => "护理型".to_owned(),
                "nature" => "普惠".to_owned(),
                "status" => "空闲".to_owned(),
                "built_on" => "2021-03-01".to_owned(),
                _ => continue,
            };
            sheet.write(n as u32 + 1, place, text).expect("a cell");
        }
    }
    workbook.save(path).expect("saved");
}
