//! `ylyx template`: an empty sheet of a register, with its titles, drop-downs and examples.

use std::path::PathBuf;
use std::process::ExitCode;

use kit::{Problem, Result};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[arg(long, help = "台账，如 childcare.class、childcare.institution")]
    pub register: String,
    #[arg(long, value_name = "FILE", help = "写出的 xlsx 文件")]
    pub out: PathBuf,
}

pub fn command(args: Args) -> Result<ExitCode> {
    let row = crate::import::row_message(&args.register)?;
    contract::template::template_xlsx(row.full_name(), &args.out)
        .map_err(|error| Problem::field("out", "FILE_UNUSABLE", format!("{} 无法写入：{error}", args.out.display())))?;
    println!("已生成 {}", args.out.display());
    Ok(ExitCode::SUCCESS)
}
