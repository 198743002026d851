//! A service as a program of its own: `NAME --config FILE`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::problem::Result;

/// Starts logging, reads the arguments, runs, and turns the outcome into an exit code: 2 for wrong usage, 1 for a
/// failure, which is printed with its reason.
pub async fn main<F: Future<Output = Result<()>>>(name: &str, run: impl FnOnce(PathBuf) -> F) -> ExitCode {
    let _telemetry = crate::telemetry::start(name);
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [flag, config] if flag == "--config" => match run(config.into()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                eprintln!("{name}: {problem}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("用法：{name} --config 配置文件");
            ExitCode::from(2)
        }
    }
}
