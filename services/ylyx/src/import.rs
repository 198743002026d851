//! `ylyx import`: a sheet into a register, through the same door as everybody, with the person's own rights.
//!
//! Cells that cannot be read are found here, everything else by the service that owns the register. What was not taken
//! comes back in a workbook of the same columns, each fault as a note on its cell.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use contract::register::{ImportMethod, Register};
use gateway::registers::import::conversation::Sign;
use gateway::registers::import::sheet::Sheet;
use gateway::registers::import::{Told, carry};
use jiff::civil::Date;
use kit::{Clock, Problem, Result};
use prost_reflect::MessageDescriptor;
use proto::contract::{ImportCounts, ImportMode, ImportStart, RowFault};
use tonic::Status;
use trust::Tls;
use uuid::Uuid;

use crate::endpoints::Endpoints;
use crate::token::Issuer;

/// Long enough for any batch, short enough to be of no use to a thief.
const ASSERTION_LIFE: Duration = Duration::from_secs(300);

/// A register by its name, `childcare.class`: REGISTER_UNKNOWN.
pub fn register(name: &str) -> Result<&'static Register> {
    contract::register::register(name)
        .ok_or_else(|| Problem::field("register", "REGISTER_UNKNOWN", format!("没有名为“{name}”的台账")))
}

/// What a row of the register's sheet becomes: REGISTER_UNKNOWN, REGISTER_NOT_IMPORTABLE.
pub fn row_message(name: &str) -> Result<MessageDescriptor> {
    let row = register(name)?.import.as_ref().map(ImportMethod::row).cloned();
    row.ok_or_else(|| Problem::field("register", "REGISTER_NOT_IMPORTABLE", format!("台账 {name} 不支持导入")))
}

/// What to import, where, and as whom.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ImportOptions {
    #[arg(value_name = "FILE", help = "表格文件（xlsx、xls、csv，或以 xls 为名的网页表格）")]
    pub file: PathBuf,
    #[arg(long, help = "台账，如 childcare.class、childcare.institution")]
    pub register: String,
    #[arg(long, value_name = "CODE", help = "文件所属地区的统计用区划代码")]
    pub region: String,
    #[arg(long = "as", value_name = "USER", help = "以哪位用户的身份，见 users.toml")]
    pub user: String,
    #[arg(long, value_name = "DATE", help = "变更生效日期（YYYY-MM-DD），默认今天")]
    pub effective_on: Option<Date>,
    #[arg(long, help = "文件为该地区全量名单：未出现的记录计为消失")]
    pub complete: bool,
    #[arg(long, help = "只预检，不写入")]
    pub preview: bool,
    #[arg(long, value_name = "ID", help = "续传：上次显示的导入编号")]
    pub resume: Option<Uuid>,
    #[arg(long, value_name = "OUT.xlsx", help = "未采用的行写入此文件，原因见单元格批注")]
    pub rejected: Option<PathBuf>,
    #[arg(long, value_name = "DIR", default_value = "./data", help = "数据目录")]
    pub data: PathBuf,
    #[arg(long, value_name = "DIR", help = "城市数据包目录；不写则用内置的")]
    pub city: Option<PathBuf>,
    /// Shows progress on standard error.
    #[arg(skip)]
    pub progress: bool,
    #[arg(skip)]
    pub clock: Clock,
}

/// How an import went.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportReport {
    /// Resumes the import while it is not finished.
    pub import_id: Uuid,
    /// Of the whole import, unreadable rows among the rejected ones.
    pub totals: ImportCounts,
    /// Everything that was not taken in this run, in the order of the sheet.
    pub faults: Vec<RowFault>,
    /// Records of the region that a complete file does not name (the first 200).
    pub disappeared: Vec<String>,
    /// Batches that the service had before this run; their faults were told then.
    pub skipped_batches: u64,
}

impl ImportReport {
    /// True when every row was taken.
    pub fn all_taken(&self) -> bool {
        self.totals.rejected == 0 && self.totals.conflicting == 0
    }
}

/// Exit code 0: all rows taken; 3: some were not.
pub async fn command(mut options: ImportOptions) -> Result<ExitCode> {
    options.progress = true;
    let report = run(options.clone()).await?;
    let ImportCounts { added, changed, unchanged, disappeared, conflicting, rejected } = report.totals;
    println!("{}编号 {}", if options.preview { "预检" } else { "导入" }, report.import_id);
    println!(
        "新增 {added}　变更 {changed}　无变化 {unchanged}　消失 {disappeared}　冲突 {conflicting}　不合格 {rejected}"
    );
    if report.skipped_batches > 0 {
        println!("续传：前 {} 批此前已导入，其中未采用的行见上次结果", report.skipped_batches);
    }
    for name in &report.disappeared {
        println!("消失：{name}");
    }
    match &options.rejected {
        Some(path) if !report.faults.is_empty() => println!("未采用的行已写入 {}", path.display()),
        _ => {
            for fault in &report.faults {
                println!("第 {} 行 {} [{}]", fault.row, fault.message, fault.reason);
            }
        }
    }
    Ok(ExitCode::from(if report.all_taken() { 0 } else { 3 }))
}

/// Imports the file over mutual TLS into the running suite of the data folder. What is durable when it fails stays;
/// the import id resumes it.
pub async fn run(options: ImportOptions) -> Result<ImportReport> {
    let city = crate::open_city(options.city.as_deref())?;
    let register = register(&options.register)?;
    let issuer = Issuer::open(&options.data, options.city.as_deref(), &options.user, options.clock.clone())?;
    let tls = Tls::load(&crate::suite::operator_files(&options.data))?;
    let channel = trust::channel(Endpoints::load(&options.data)?.of(&register.bureau)?, &register.bureau, &tls)?;

    let mut sheet = Sheet::open(&options.file, register, &city, None)?;
    let import_id = options.resume.unwrap_or_else(|| options.clock.id());
    let start = ImportStart {
        import_id: import_id.to_string(),
        mode: if options.preview { ImportMode::Preview } else { ImportMode::Commit }.into(),
        region: options.region.clone(),
        effective_on: options.effective_on.unwrap_or_else(|| options.clock.today()).to_string(),
        complete: options.complete,
        file_name: options.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        file_digest: sheet.digest().to_owned(),
        total_rows: 0,
    };
    if options.progress {
        eprintln!("导入编号 {import_id}（中断后可用 --resume {import_id} 续传）");
    }
    let sign: Sign = Arc::new(move |metadata| {
        let assertion = issuer.assertion(ASSERTION_LIFE).parse();
        let assertion = assertion.map_err(|_| Status::internal("the assertion is not a header value"))?;
        metadata.insert(trust::ASSERTION_HEADER, assertion);
        Ok(())
    });
    let progress = Progress { shown: options.progress };
    let carried = carry(&mut sheet, channel, register, start, sign, |told| progress.show(told)).await;
    progress.end();
    let Told { totals, faults, disappeared, skipped_batches, .. } = carried?;
    if let Some(path) = options.rejected.as_ref().filter(|_| !faults.is_empty()) {
        sheet.write_rejected(path)?;
    }
    Ok(ImportReport { import_id, totals, faults, disappeared, skipped_batches })
}

/// The line on standard error that moves while the import runs.
struct Progress {
    shown: bool,
}

impl Progress {
    fn show(&self, told: &Told) {
        if self.shown {
            let ImportCounts { added, changed, unchanged, conflicting, rejected, .. } = told.totals;
            let (taken, refused) = (added + changed + unchanged, conflicting + rejected);
            eprint!("\r已送 {} 行，采用 {taken} 行，未采用 {refused} 行", told.rows);
        }
    }

    fn end(&self) {
        if self.shown {
            eprintln!();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_names_its_row_message() {
        assert_eq!(row_message("childcare.class").unwrap().full_name(), "ylyx.childcare.v1.ClassRow");
        assert_eq!(row_message("childcare.institution").unwrap().full_name(), "ylyx.childcare.v1.InstitutionRow");
        for unknown in ["class", "childcare.", "childcare.bus"] {
            assert_eq!(row_message(unknown).unwrap_err().reason, "REGISTER_UNKNOWN");
        }
    }
}
