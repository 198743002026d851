//! From sheets as they come to messages of the contract, and back to people as templates and rejected rows.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use calamine::{Data, Reader, Xlsx, open_workbook};
use contract::{
    columns::message,
    import::{CellFault, Import, ImportError, ParsedRow, Profile, ProfileColumn, ProfileError, RowParser},
    sheet::Row,
    template::{rejected_xlsx, template_xlsx},
};
use prost::Message;
use proto::childcare::{ClassKind, ClassRow};
use rust_xlsxwriter::{Format, Workbook};

const CLASS_ROW: &str = "ylyx.childcare.v1.ClassRow";

fn column(field: &str, titles: &[&str]) -> ProfileColumn {
    ProfileColumn {
        field: field.to_owned(),
        titles: titles.iter().map(|title| (*title).to_owned()).collect(),
        required: false,
    }
}

fn national() -> Profile {
    Profile {
        code: "national-classes".to_owned(),
        title: "国家系统班级导出".to_owned(),
        message: CLASS_ROW.to_owned(),
        columns: vec![
            column("institution_uscc", &["统一社会信用代码"]),
            column("institution_name", &["机构名称", "名称"]),
            column("class_name", &["班级情况/名称"]),
            column("class_kind", &["班型"]),
            column("places", &["托位数"]),
            column("opened_on", &["开班日期"]),
            column("closed_on", &["停办日期"]),
        ],
        skip_rows_where_first_cell: vec!["注".to_owned(), "填表人".to_owned()],
        values: BTreeMap::from([(
            "class_kind".to_owned(),
            BTreeMap::from([("大班（2-3岁）".to_owned(), "CLASS_KIND_BIG".to_owned())]),
        )]),
    }
}

fn parser(profile: Profile) -> RowParser {
    RowParser::new(profile, message(CLASS_ROW).expect("known")).expect("fits")
}

fn csv(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("表.csv");
    std::fs::write(&path, text).expect("writes");
    path
}

fn read(import: &mut Import) -> Vec<ParsedRow> {
    import.collect::<Result<_, _>>().expect("reads")
}

fn typed(row: &ParsedRow) -> ClassRow {
    let message = row.outcome.as_ref().expect("without fault");
    ClassRow::decode(message.encode_to_vec().as_slice()).expect("decodes")
}

fn faults(row: &ParsedRow) -> Vec<(&str, &str)> {
    let faults = row.outcome.as_ref().expect_err("with faults");
    faults.iter().map(|fault| (fault.field.as_str(), fault.reason.as_str())).collect()
}

/// Title, note, a merged head of two rows, full-width digits, a total and a note below.
fn national_workbook(path: &Path) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 7, "2025年托育机构班级明细表", &plain).expect("writes");
    sheet.write_string(1, 0, "填报单位：红塔区卫生健康局").expect("writes");
    for (column, title) in [(0, "序号"), (1, "统一社会信用代码"), (2, "机构名称")] {
        sheet.merge_range(3, column, 4, column, title, &plain).expect("writes");
    }
    sheet.merge_range(3, 3, 3, 5, "班级情况", &plain).expect("writes");
    for (column, title) in [(3, "名称"), (4, "班型"), (5, "托位数\n（个）")] {
        sheet.write_string(4, column, title).expect("writes");
    }
    sheet.merge_range(3, 6, 4, 6, "开班日期", &plain).expect("writes");
    let first = ["１", "52530402mj0000002X", "玉兴街道　阳光托育园", "托大一班", "大班(2-3岁)", "２０", "2025年9月1日"];
    let second = ["2", "", "高仓街道社区托育点", "混合班", "混合编班", "1,018", "20250301"];
    let total = ["合 计", "", "", "", "", "1,038", ""];
    for (row, cells) in (5_u32..).zip([first, second, ["3", "", "", "", "", "", ""], total]) {
        for (column, cell) in (0_u16..).zip(cells) {
            sheet.write_string(row, column, cell).expect("writes");
        }
    }
    sheet.write_string(10, 0, "注：本表由机构填报。").expect("writes");
    workbook.save(path).expect("saves");
}

#[test]
fn a_national_export_becomes_typed_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("导出.xlsx");
    national_workbook(&path);

    let mut import = parser(national()).open(&path).expect("opens");
    assert_eq!(import.heading().last_row, 5);
    assert_eq!(import.heading().titles[3], "名称");
    assert_eq!((import.heading().place("places"), import.heading().place("closed_on")), (Some(5), None));
    let rows = read(&mut import);
    assert_eq!(rows.iter().map(|row| row.row.number).collect::<Vec<_>>(), [6, 7]);
    assert_eq!(import.skipped(), [9, 11]);
    let expected = ClassRow {
        institution_uscc: "52530402mj0000002X".to_owned(),
        institution_name: "玉兴街道 阳光托育园".to_owned(),
        class_name: "托大一班".to_owned(),
        class_kind: ClassKind::Big.into(),
        places: 20,
        opened_on: "2025-09-01".to_owned(),
        closed_on: String::new(),
    };
    assert_eq!(typed(&rows[0]), expected);
    let second = typed(&rows[1]);
    assert_eq!((second.class_kind(), second.places, second.opened_on.as_str()), (ClassKind::Mixed, 1018, "2025-03-01"));
}

#[test]
fn every_faulty_cell_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = csv(
        &folder,
        "机构名称,班级名称,班型,托位数,开班日期,停办日期\n\
         阳光托育园,一班,乳儿班,35%,2025-02-30,/\n\
         ,二班,小小班,二十,#N/A,\n\
         阳光托育园,三班,CLASS_KIND_SMALL,12.5,2025/9/1,明年\n\
         阳光托育园,四班,托小班,99999999999999999999,45901,45902\n",
    );
    let mut import = parser(Profile::of_contract(CLASS_ROW).expect("known")).open(&path).expect("opens");
    let rows = read(&mut import);
    assert_eq!(faults(&rows[0]), [("places", "RATIO_NOT_ACCEPTED"), ("opened_on", "DATE_INVALID")]);
    assert_eq!(
        faults(&rows[1]),
        [
            ("institution_name", "REQUIRED"),
            ("class_kind", "CHOICE_UNKNOWN"),
            ("places", "NOT_INTEGER"),
            ("opened_on", "CELL_ERROR")
        ]
    );
    assert_eq!(faults(&rows[2]), [("places", "RATIO_NOT_ACCEPTED"), ("closed_on", "DATE_INVALID")]);
    assert_eq!(faults(&rows[3]), [("places", "NOT_IN_RANGE")]);

    let fault = &rows[1].outcome.as_ref().expect_err("with faults")[1];
    assert_eq!((fault.row, fault.column, fault.title.as_str()), (3, Some(2), "班型"));
    assert_eq!(fault.message, "“班型”应为：乳儿班、托小班、托大班、混合编班，现为“小小班”");
}

#[test]
fn a_missing_column_is_told_with_what_was_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let contract = || parser(Profile::of_contract(CLASS_ROW).expect("known"));

    let error =
        contract().open(&csv(&folder, "班级表\n机构名称,班级名称,班型,开班日期\n阳光,一班,乳儿班,2025-09-01\n"));
    let error = error.expect_err("no 托位数");
    assert_eq!(error.reason(), "SHEET_COLUMN_MISSING");
    assert_eq!(error.to_string(), "表头缺少列：托位数；表中现有：机构名称、班级名称、班型、开班日期");

    let error =
        contract().open(&csv(&folder, "机构名称,班级名称,班型,托位数,托位数,开班日期\n")).expect_err("托位数 twice");
    assert!(matches!(&error, ImportError::ColumnAmbiguous { title } if title == "托位数"), "{error}");

    let error = contract().open(&csv(&folder, "通知\n甲,乙,丙\n")).expect_err("no heading at all");
    assert!(error.to_string().ends_with("表中现有：甲、乙、丙"), "{error}");
}

#[test]
fn names_that_only_sound_like_totals_are_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let head = "机构名称,班级名称,班型,托位数,开班日期\n";
    let path = csv(
        &folder,
        &format!("{head}总计划托育园,一班,乳儿班,9,2025-09-01\n红塔区小计,,,9,\n总计：1家,,,9,\n12,合计,,9,\n"),
    );
    let mut import = parser(Profile::of_contract(CLASS_ROW).expect("known")).open(&path).expect("opens");
    assert_eq!(read(&mut import).len(), 1);
    assert_eq!(import.skipped(), [3, 4, 5]);
}

#[test]
fn a_profile_must_fit_its_contract() {
    let class_row = || message(CLASS_ROW).expect("known");
    let mut profile = national();
    profile.values.insert("places".to_owned(), BTreeMap::from([("多".to_owned(), "MANY".to_owned())]));
    assert!(matches!(RowParser::new(profile, class_row()), Err(ProfileError::Value { .. })));
    let mut profile = national();
    profile.columns.push(column("colour", &["颜色"]));
    assert!(
        matches!(RowParser::new(profile, class_row()), Err(ProfileError::Field { field, .. }) if field == "colour")
    );
    let other = message("ylyx.childcare.v1.InstitutionRow").expect("known");
    assert!(matches!(RowParser::new(national(), other), Err(ProfileError::Message { .. })));
}

#[test]
fn the_template_is_read_back_without_its_example() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [CLASS_ROW, "ylyx.childcare.v1.InstitutionRow"] {
        let path = folder.path().join("模板.xlsx");
        template_xlsx(name, &path).expect("writes");
        let parser =
            RowParser::new(Profile::of_contract(name).expect("known"), message(name).expect("known")).expect("fits");
        let mut import = parser.open(&path).expect("opens");
        assert_eq!(import.heading().last_row, 1);
        assert!(read(&mut import).is_empty());
    }
    let mut workbook: Xlsx<_> = open_workbook(folder.path().join("模板.xlsx")).expect("opens");
    assert_eq!(workbook.sheet_names(), ["数据", "填写说明", "选项"]);
    let rules = workbook.worksheet_range("填写说明").expect("reads");
    assert_eq!(rules.get((1, 1)), Some(&Data::String("必填".to_owned())));
    let choices = workbook.worksheet_range("选项").expect("reads");
    assert!(choices.used_cells().any(|(_, _, value)| *value == Data::String("公建民营".to_owned())));
    assert!(template_xlsx("ylyx.Nothing", &folder.path().join("无.xlsx")).is_err());
}

#[test]
fn rejected_rows_go_back_in_their_columns_and_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = csv(
        &folder,
        "机构名称,班级名称,班型,托位数,开班日期\n=cmd|' /C calc'!A0,一班,乳儿班,35%,2025-09-01\n阳光,二班,乳儿班,9,2025-09-01\n",
    );
    let own = || parser(Profile::of_contract(CLASS_ROW).expect("known"));
    let mut import = own().open(&path).expect("opens");
    let rows = read(&mut import);
    let faulty: Vec<(Row, Vec<CellFault>)> =
        rows.into_iter().filter_map(|row| row.outcome.err().map(|faults| (row.row, faults))).collect();
    assert_eq!(faulty.len(), 1);

    let back = folder.path().join("退回.xlsx");
    let mut titles = import.heading().titles.clone();
    for round in 1..=2 {
        rejected_xlsx(&back, &titles, &faulty).expect("writes");
        let mut workbook: Xlsx<_> = open_workbook(&back).expect("opens");
        let formulas = workbook.worksheet_formula("退回").expect("reads");
        assert!(formulas.is_empty(), "a text that looks like a formula stays text");
        let mut again = own().open(&back).expect("opens");
        titles = again.heading().titles.clone();
        assert_eq!(titles.last().map(String::as_str), Some("退回原因"));
        assert_eq!(titles.len(), 6, "round {round} adds no second column");
        let rows = read(&mut again);
        assert_eq!(rows[0].row.cells[0], "=cmd|' /C calc'!A0");
        assert_eq!(rows[0].row.cells[5], "原第2行：“托位数”应填数量（单位：个），不接受比例或小数“35%”");
        assert_eq!(faults(&rows[0]), [("places", "RATIO_NOT_ACCEPTED")]);
    }
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&back).expect("opens")).expect("a workbook");
    let part = |archive: &mut zip::ZipArchive<_>, name: &str| {
        std::io::read_to_string(archive.by_name(name).expect("is there")).expect("reads")
    };
    assert!(part(&mut archive, "xl/comments1.xml").contains("ref=\"D2\""), "the faulty cell carries a note");
    assert!(part(&mut archive, "xl/styles.xml").contains("FFFFC7CE"), "and is light red");
}
