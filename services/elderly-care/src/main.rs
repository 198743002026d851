//! Civil affairs' elderly-care service as a program: `elderly-care --config FILE`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    elderly_care::SERVICE.main().await
}
