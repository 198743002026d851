//! The childcare service as a program of its own: `childcare --config FILE`.

use std::process::ExitCode;

use kit::Shutdown;

#[tokio::main]
async fn main() -> ExitCode {
    kit::program::main(childcare::BUREAU, async |config| {
        let settings: trust::Settings = kit::config::load(childcare::BUREAU, &config)?;
        let listener = kit::port::bind(settings.listen, childcare::BUREAU).await?;
        let shutdown = Shutdown::on_signals().map_err(kit::Problem::internal)?;
        childcare::serve(settings, listener, shutdown).await
    })
    .await
}
