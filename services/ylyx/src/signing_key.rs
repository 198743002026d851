//! `ylyx new-signing-key`: a key pair for signing, made without starting anything: so that its public half can be everywhere
//! before the private one signs.

use std::path::PathBuf;
use std::process::ExitCode;

use kit::{Problem, Result};
use trust::SigningKey;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[arg(long, value_name = "NAME", help = "签名方：部门服务名，gateway，或签发用户凭证的 issuer")]
    pub owner: String,
    #[arg(long, value_name = "FILE", help = "私钥写到哪个文件（不覆盖已有文件）")]
    pub out: PathBuf,
    #[arg(long, value_name = "DIR", help = "公钥写到哪个目录")]
    pub keys: PathBuf,
}

/// Makes the pair. FILE_EXISTS, OWNER_INVALID, TRUST_FILES.
pub fn command(args: Args) -> Result<ExitCode> {
    let Args { owner, out, keys } = args;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if owner.is_empty() || !owner.chars().all(plain) {
        return Err(Problem::field("owner", "OWNER_INVALID", "签名方只含小写字母、数字和连字符，如 childcare"));
    }
    if out.exists() {
        return Err(Problem::field("out", "FILE_EXISTS", format!("{} 已存在，没有改动", out.display())));
    }
    std::fs::create_dir_all(&keys).map_err(|error| crate::file_problem(&keys, error))?;
    let public = SigningKey::load_or_create(&out)?.public();
    public.save(&keys, &owner)?;
    println!("已生成私钥 {} 和公钥 {}。", out.display(), keys.join(public.file_name(&owner)).display());
    println!("先把公钥放进所有各方的公钥目录，再换上私钥并重启签名方；旧公钥永久保留。");
    Ok(ExitCode::SUCCESS)
}
