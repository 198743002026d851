//! The health commission's childcare service as a program: `childcare --config FILE`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    childcare::SERVICE.main().await
}
