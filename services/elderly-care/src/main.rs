//! Civil affairs' elderly-care service as a program: `elderly-care --config FILE`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    kit::program::main(elderly_care::BUREAU, elderly_care::run).await
}
