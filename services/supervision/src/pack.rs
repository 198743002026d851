//! 迎检资料包: one ZIP per task with an index and every file that proves it (practice §5).

use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Write};

use kit::{Problem, Result};
use registry::Bureau;
use trust::Scope;
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::evidence::{self, Evidence};
use crate::tasks::{self, Task, unit_name};
use crate::work::{self, Entry, type_of};

/// Name of the index within the pack.
pub const INDEX: &str = "00-目录.csv";
/// Bytes of files that one pack may carry: it is made in memory.
const LARGEST: i64 = 256 * 1024 * 1024;

/// The pack of a task as (file name, bytes). TASK_UNKNOWN, REGION_OUT_OF_SCOPE, PACK_TOO_LARGE.
pub async fn of_task(bureau: &Bureau, scope: &Scope, number: u32) -> Result<(String, Vec<u8>)> {
    let mut tx = bureau.db.begin().await?;
    let task = tasks::store::all(&mut tx).await?.into_iter().find(|task| task.number == number);
    let task = task.ok_or_else(|| Problem::not_found("TASK_UNKNOWN", "没有这项任务"))?;
    scope.check(&task.region)?;
    let files = evidence::store::of_task(&mut tx, task.id, number).await?;
    if files.iter().map(|file| file.size).sum::<i64>() > LARGEST {
        return Err(Problem::state("PACK_TOO_LARGE", "佐证文件合计超过256 MB，请逐件下载"));
    }
    let contents: HashMap<Uuid, Vec<u8>> =
        evidence::store::contents_of_task(&mut tx, task.id, number).await?.into_iter().collect();
    let entries = work::store::accepted_of_task(&mut tx, number).await?;
    drop(tx);
    let named = file_names(&files);
    let index = index(bureau, &task, &entries, &files, &named)?;
    let bytes = archive(&index, &files, &named, &contents).map_err(Problem::internal)?;
    Ok((format!("任务{number:02}-迎检资料.zip"), bytes))
}

/// Names within the pack, in the files' order: numbered, so that two of one name stay two.
fn file_names(files: &[Evidence]) -> Vec<String> {
    (1..).zip(files).map(|(at, file)| format!("{at:02}-{}", file.file_name)).collect()
}

fn archive(
    index: &[u8],
    files: &[Evidence],
    names: &[String],
    contents: &HashMap<Uuid, Vec<u8>>,
) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.start_file(INDEX, options)?;
    zip.write_all(index)?;
    for (file, name) in files.iter().zip(names) {
        zip.start_file(name, options)?;
        zip.write_all(contents.get(&file.id).map_or(&[], Vec::as_slice))?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The index: the task, then each file, then accepted work that carries no file. CSV with a byte order mark, so that
/// WPS and Excel open it as it is.
fn index(bureau: &Bureau, task: &Task, entries: &[Entry], files: &[Evidence], names: &[String]) -> Result<Vec<u8>> {
    let city = &bureau.city;
    let types = &city.plan.work_types;
    let content = city.plan.tasks.iter().find(|one| one.number == task.number).map_or("", |one| one.content.as_str());
    let mut sheet = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
    let mut row = |cells: &[&str]| -> Result<()> {
        sheet.write_record(cells.iter().map(|cell| neutral(cell))).map_err(Problem::internal)
    };
    row(&["任务", &task.number.to_string(), content])?;
    row(&["状态", task.state.label(), "完成时限", &task.due.to_string()])?;
    row(&["文件", "来源", "名称", "单位", "地区", "数量", "文号", "日期", "SHA-256", "上传人"])?;
    let work = |entry: &Entry| {
        let kind = type_of(types, &entry.facts.work_type);
        let source = kind.map_or(entry.facts.work_type.clone(), |kind| kind.title.clone());
        let quantity = format!("{}{}", entry.facts.quantity, kind.map_or("", |kind| kind.unit.as_str()));
        let region = bureau.name_of(&entry.facts.place.region);
        (source, unit_name(city, &entry.facts.unit), region, quantity)
    };
    for (file, name) in files.iter().zip(names) {
        let entry = entries.iter().find(|entry| entry.id == file.record);
        let (source, unit, region, quantity) = match entry {
            Some(entry) => work(entry),
            None => ("任务佐证".to_owned(), String::new(), bureau.name_of(&file.region), String::new()),
        };
        let on = file.dated_on.to_string();
        let number = &file.document_number;
        row(&[name, &source, &file.title, &unit, &region, &quantity, number, &on, &file.sha256, &file.added_by])?;
    }
    let with_files: HashSet<Uuid> = files.iter().map(|file| file.record).collect();
    for entry in entries.iter().filter(|entry| !with_files.contains(&entry.id)) {
        let (source, unit, region, quantity) = work(entry);
        let (facts, on) = (&entry.facts, entry.facts.dated_on.to_string());
        let number = &facts.document_number;
        row(&["（无附件）", &source, &facts.title, &unit, &region, &quantity, number, &on, "", &entry.written_by])?;
    }
    sheet.into_inner().map_err(|error| Problem::internal(error.error()))
}

/// A cell that a table program would take for a formula is marked as text.
fn neutral(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
