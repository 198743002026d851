//! The coordination office's service as a program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    supervision::SERVICE.main().await
}
