//! `ylyx verify`: what can be proved without asking any service.

use std::path::PathBuf;
use std::process::ExitCode;

use gateway::proof::Verified;
use kit::Result;
use trust::KeyRing;

#[derive(Clone, Debug, clap::Subcommand)]
pub enum What {
    #[command(about = "核验数据溯源单")]
    Proof {
        #[arg(value_name = "FILE", help = "数据溯源单（JSON）")]
        file: PathBuf,
        #[arg(long, value_name = "DIR", help = "各部门公钥目录")]
        keys: PathBuf,
    },
}

pub fn command(what: What) -> Result<ExitCode> {
    let What::Proof { file, keys } = what;
    let bytes = std::fs::read(&file).map_err(|error| crate::file_problem(&file, error))?;
    let keys = KeyRing::load(&keys)?;
    match gateway::proof::verify(&bytes, &keys) {
        Ok(verified) => {
            println!("通过\n{}", figure(&verified));
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            println!("不通过：{} [{}]", problem.message, problem.reason);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The figure with its parts, and what it stands on.
fn figure(verified: &Verified) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "无法计算".to_owned());
    let mut text = format!(
        "{} {}\n地区 {}　报告期 {}　截至 {}\n数值 {} {}",
        verified.indicator,
        verified.name,
        verified.region,
        verified.period,
        verified.as_of,
        shown(&verified.value),
        verified.unit,
    );
    if verified.numerator.is_some() || verified.denominator.is_some() {
        text += &format!("\n分子 {}　分母 {}", shown(&verified.numerator), shown(&verified.denominator));
    }
    if verified.synthetic {
        text += "\n演示数据：数字均为合成，不代表实际情况";
    }
    for (bureau, sequence) in &verified.envelopes {
        text += &format!("\n依据 {bureau} 第 {sequence} 号发布，签名有效");
    }
    text
}
