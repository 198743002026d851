//! The gateway as a program of its own: `gateway --config FILE`.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    kit::program::main("gateway", gateway::run).await
}
