//! People with numbers and phones that occur nowhere else, in the sheets that clerks send.

use std::path::{Path, PathBuf};

use suite_tests::sheets::{institutions, resident, table, uscc};

/// Who is entered by a sheet of childcare.
pub(super) const STAFF: std::ops::RangeInclusive<u32> = 1..=30;
/// Who of them also teaches, by a sheet of education.
pub(super) const TEACHERS: std::ops::RangeInclusive<u32> = 1..=25;
/// In a sheet with a wrong digit; at an institution nobody knows; at a school nobody knows; hired by a call; a second document
/// of who was hired; refused by a call.
pub(super) const MISTYPED: u32 = 90;
pub(super) const NOWHERE: u32 = 91;
pub(super) const NO_SCHOOL: u32 = 92;
pub(super) const HIRED: u32 = 95;
pub(super) const SECOND: u32 = 96;
pub(super) const REFUSED: u32 = 97;
/// Of the sheet, whose number and phone are put right, and what they are then.
pub(super) const TO_CORRECT: u32 = 30;
pub(super) const CORRECTED: u32 = 98;

/// The n-th canary: number and phone.
pub(super) fn canary(n: u32) -> (String, String) {
    (resident(7_000 + n), format!("1771317{n:04}"))
}

/// A number that is wrong in its last digit.
pub(super) fn mistyped() -> String {
    let mut number = canary(MISTYPED).0;
    number.replace_range(17.., if number.ends_with('1') { "2" } else { "1" });
    number
}

/// Everything that nobody may see who has no right to it.
pub(super) fn secrets() -> Vec<String> {
    let all = STAFF.chain([MISTYPED, NOWHERE, NO_SCHOOL, HIRED, SECOND, REFUSED, CORRECTED]);
    all.flat_map(|n| <[String; 2]>::from(canary(n))).chain([mistyped()]).collect()
}

/// Workbooks for the console's import.
pub(super) struct Sheets {
    pub(super) institutions: PathBuf,
    pub(super) staff: PathBuf,
    pub(super) schools: PathBuf,
    pub(super) teachers: PathBuf,
}

impl Sheets {
    pub(super) fn write(folder: &Path) -> Sheets {
        std::fs::create_dir_all(folder).unwrap();
        let file = |name: &str| folder.join(name);
        let sheets = Sheets {
            institutions: file("机构.xlsx"),
            staff: file("人员.xlsx"),
            schools: file("学校.xlsx"),
            teachers: file("教师.xlsx"),
        };
        let named: Vec<(String, String)> = (1..=3).map(|n| (format!("金丝雀托育园{n}"), uscc(n))).collect();
        let rows: Vec<_> = named
            .iter()
            .map(|(name, uscc)| (name.as_str(), uscc.clone(), "托育机构", "民办", "玉兴街道", "2024-03-01"))
            .collect();
        institutions(&sheets.institutions, &rows);
        let people = STAFF.map(|n| row(1 + n % 3, &format!("虚{n}"), &canary(n).0, n)).chain([
            row(1, "虚九十", &mistyped(), MISTYPED),
            // Somebody else's document.
            row(1, "虚三", &canary(3).0, 2),
            row(9, "虚九一", &canary(NOWHERE).0, NOWHERE),
        ]);
        table(
            &sheets.staff,
            &["机构名称", "姓名", "证件类型", "证件号码", "电话", "岗位", "资格证书", "证书编号", "入职日期"],
            &people.collect::<Vec<_>>(),
        );
        let school = ["金丝雀老年学校", "县级老年大学", "530402", "2022-03-01", "是", "是", "是", "是", "5"];
        table(
            &sheets.schools,
            &["名称", "层级", "所在地区", "开办日期", "有牌子", "有场所", "有教师", "有课程", "本年活动次数"],
            &[school.map(str::to_owned).to_vec()],
        );
        let teaches = |school: &str, n: u32| {
            [school, &format!("虚{n}"), "在岗", "居民身份证", &canary(n).0].map(str::to_owned).to_vec()
        };
        let teachers: Vec<_> =
            TEACHERS.map(|n| teaches(school[0], n)).chain([teaches("没有的学校", NO_SCHOOL)]).collect();
        table(&sheets.teachers, &["学校名称", "姓名", "状态", "证件类型", "证件号码"], &teachers);
        sheets
    }
}

fn row(institution: u32, name: &str, document: &str, n: u32) -> Vec<String> {
    let institution = format!("金丝雀托育园{institution}");
    let (phone, certificate) = (canary(n).1, format!("Y{n}"));
    [&institution, name, "居民身份证", document, &phone, "保育人员", "育婴员（师）", &certificate, "2025-09-01"]
        .map(str::to_owned)
        .to_vec()
}
