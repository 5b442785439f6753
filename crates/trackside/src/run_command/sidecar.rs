//! The server to record at: one that runs, or one of our own.

use std::{ffi::OsString, path::Path, sync::Arc};

use anyhow::{Context, bail};
use trackside_core::{ErrorKind, SystemClock};
use trackside_tracking::Server;

use crate::{
    config::{Environment, Sources},
    invocation,
    logging::{self, LogFormat},
    remote::{DEFAULT_URL, tracking_url},
    serving::Serving,
};

/// A server to record at.
#[derive(Debug)]
pub(super) struct Sidecar {
    pub(super) server: Server,
    /// Whether it is Trackside, not another server of MLflow's protocol.
    pub(super) is_trackside: bool,
    /// It is of this process, and yet to be run.
    pub(super) own: Option<Serving>,
}

impl Sidecar {
    /// The one that is named, one that runs where servers usually do, or one of our own.
    pub(super) async fn find(url: Option<&str>, data_dir: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(url) = url.map(str::to_owned).or_else(tracking_url) {
            let server = at(outermost(&url))?;
            return match server.is_trackside().await {
                Ok(is_trackside) => Ok(Self { server, is_trackside, own: None }),
                Err(error) => bail!("no tracking server answers at {}: {}", server.url(), error.message()),
            };
        }
        let server = at(DEFAULT_URL)?;
        match server.is_trackside().await {
            Ok(true) => return Ok(Self { server, is_trackside: true, own: None }),
            Err(error) if error.kind() != ErrorKind::Unavailable => return Err(error.into()),
            _ => {}
        }
        let own = open(data_dir).await?;
        let server = at(&format!("http://{}", own.address()))?;
        Ok(Self { server, is_trackside: true, own: Some(own) })
    }

    /// What a client of the command takes for the address of the server.
    pub(super) fn address_of(&self, invocation: &str) -> String {
        let url = self.server.url();
        if self.is_trackside { format!("{url}{}/{invocation}", invocation::PATH) } else { url.to_owned() }
    }
}

/// The server itself, where this is the address of an invocation there: we may be the command of another `trackside run`.
fn outermost(url: &str) -> &str {
    url.find(invocation::PATH).map_or(url, |at| &url[..at])
}

fn at(url: &str) -> anyhow::Result<Server> {
    Server::at(url, Arc::new(SystemClock)).context("--url")
}

async fn open(data_dir: Option<&Path>) -> anyhow::Result<Serving> {
    let fixed = ["trackside", "serve", "--port", "0", "--host", "127.0.0.1", "--log", "warn", "--capture", "none"];
    let mut arguments: Vec<OsString> = fixed.map(OsString::from).into();
    if let Some(data_dir) = data_dir {
        arguments.extend(["--data-dir".into(), data_dir.into()]);
    }
    let sources = Sources { arguments, environment: Environment::of_process() };
    let config = sources.resolve()?;
    logging::start(LogFormat::Human, &config.serve.log)?;
    Serving::open(sources, config).await.context("cannot start a server for the command")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_within_another_has_the_same_server() {
        assert_eq!(outermost("http://h:1/p/trackside/invocations/0123"), "http://h:1/p");
        assert_eq!(outermost("http://h:1/p"), "http://h:1/p");
    }
}
