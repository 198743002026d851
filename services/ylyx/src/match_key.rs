//! `ylyx new-match-key`: a new secret for an agreement about matching. The provider makes it (`--give`), the consumer takes it in
//! (`--take`); what goes between them is one file, readable by its owner alone. Running services read their file for every
//! conversation.

use std::path::PathBuf;
use std::process::ExitCode;

use kit::Result;
use trust::matching::exchange;

#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("direction").required(true))]
pub struct Args {
    #[arg(long, value_name = "ID", help = "比对协议编号")]
    pub agreement: String,
    #[arg(long, value_name = "FILE", help = "本部门的 agreements.toml")]
    pub file: PathBuf,
    #[arg(long, value_name = "FILE", group = "direction", help = "答复部门：生成新密钥，并写入交给询问部门的文件")]
    pub give: Option<PathBuf>,
    #[arg(long, value_name = "FILE", group = "direction", help = "询问部门：收入答复部门交来的文件")]
    pub take: Option<PathBuf>,
}

/// AGREEMENT_UNKNOWN, AGREEMENT_DIFFERS, AGREEMENTS_UNUSABLE.
pub fn command(args: Args) -> Result<ExitCode> {
    let Args { agreement, file, give, take } = args;
    if let Some(handed) = give {
        let id = exchange::make(&file, &agreement, &handed)?;
        println!("已为比对协议“{agreement}”启用新密钥 {id}，旧密钥仍然有效。");
        println!("请将 {} 当面或以保密方式交给询问部门，收入之后两边都删除该文件。", handed.display());
    } else if let Some(handed) = take {
        let id = exchange::take(&file, &agreement, &handed)?;
        println!("已收入比对协议“{agreement}”的密钥 {id}，今后以此询问。请删除 {}。", handed.display());
        println!("取出旧密钥时先改本部门的文件，再改答复部门的。");
    }
    Ok(ExitCode::SUCCESS)
}
