//! `ylyx new-person-key`: a new key for the people of one bureau. The running service takes it up within seconds and stores
//! everybody under it in the background; `GetPersonKeys` tells how far it is.

use std::path::PathBuf;
use std::process::ExitCode;

use kit::{Clock, Problem, Result};
use trust::persons::PersonKeys;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[arg(
        long,
        value_name = "BUREAU",
        required_unless_present = "file",
        help = "部门服务名，如 childcare；写了 --file 可不写"
    )]
    pub bureau: Option<String>,
    #[arg(long, value_name = "DIR", default_value = "./data", help = "数据目录")]
    pub data: PathBuf,
    #[arg(long, value_name = "FILE", help = "密钥文件，没有则生成；不写则为数据目录中该部门的 persons.keys")]
    pub file: Option<PathBuf>,
}

/// Adds the key, or makes the file that is named and missing. PERSON_KEYS_UNUSABLE where the bureau keeps no people yet.
pub fn command(args: Args) -> Result<ExitCode> {
    let made = args.file.as_ref().is_some_and(|file| !file.exists());
    let bureau = args.bureau.unwrap_or_default();
    let file = args.file.unwrap_or_else(|| args.data.join("trust").join(bureau).join("persons.keys"));
    if made {
        PersonKeys::load_or_create(&file, &Clock::system())?;
        println!("已生成密钥文件 {}。请与数据库的备份分开备份。", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    if !file.exists() {
        let message = format!("{} 不存在：该部门没有人员数据，或从未启动过", file.display());
        return Err(Problem::field("bureau", "PERSON_KEYS_UNUSABLE", message));
    }
    let id = PersonKeys::rotate(&file, &Clock::system())?;
    println!("已启用新密钥 {id}。请备份 {}；旧密钥在全部数据改用新密钥之后方可删除。", file.display());
    Ok(ExitCode::SUCCESS)
}
