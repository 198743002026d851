//! The finance bureau's service as a program: `finance --config FILE`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    kit::program::main(finance::BUREAU, finance::run).await
}
