//! The coordination office's service as a program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    kit::program::main("supervision", supervision::run).await
}
