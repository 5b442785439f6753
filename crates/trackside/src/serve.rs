//! `trackside serve`: a server until the signals say otherwise.

use std::time::Duration;

use anyhow::Context;
use trackside_server::Shutdown;

use crate::{
    config::{Config, Sources},
    lifecycle::Signals,
    logging,
    serving::Serving,
    sinks::hangups,
};

/// Serves until the signals say otherwise.
pub(crate) fn run(sources: Sources) -> anyhow::Result<()> {
    let config = sources.resolve()?;
    logging::start(config.serve.log_format, &config.serve.log)?;
    config.serve.mlflow.check(config.serve.backend_store_uri.as_deref())?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(serve(sources, config))
}

async fn serve(sources: Sources, config: Config) -> anyhow::Result<()> {
    let (signals, hangups) = (Signals::listen()?, hangups()?);
    let deadline = Duration::from_secs(config.serve.shutdown_timeout_secs);
    let serving = Serving::open(sources, config).await?;
    tracing::info!(url = format!("http://{}", serving.address()), "serving; MLFLOW_TRACKING_URI is this url");
    let (shutdown, sinks) = (Shutdown::default(), serving.sinks());
    let beside = async {
        tokio::join!(signals.drive(&shutdown, deadline), sinks.obey(hangups));
    };
    serving.until(&shutdown, deadline, beside).await;
    tracing::info!("stopped");
    Ok(())
}
