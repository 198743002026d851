//! The veteran-cadre bureau's education service as a program: `education --config FILE`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    education::SERVICE.main().await
}
