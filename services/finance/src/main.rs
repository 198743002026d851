//! The finance bureau's service as a program: `finance --config FILE`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    finance::SERVICE.main().await
}
