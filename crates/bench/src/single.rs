//! `trackside-bench load`: one server that somebody else started.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, ensure};
use http::Uri;

use crate::{
    cli::LoadArgs,
    measure::{Cell, Settings, Target, measure},
    progress,
    stats::{float, number},
};

pub(crate) async fn run(args: &LoadArgs) -> anyhow::Result<()> {
    let address = address(&args.url).await?;
    let cell = Cell { scenario: args.scenario.scenario(), connections: args.connections.get() };
    let pace = args.rate.map(|rate| Duration::from_secs_f64(float(args.connections.get() as u64) / float(rate)));
    let settings = Settings { pace, ..Settings::new(args.seconds, args.threads) };
    let target = Target { address, keeps_points: true, root: None };
    progress::step(&format!("{} at {} connections for {} s", cell.scenario.title(), cell.connections, args.seconds));
    let measured = measure(target, cell, settings).await.context("void")?;
    progress::print(&format!(
        "{} {}/s, p50 {} ms, p99 {} ms; {} requests, all read back\n",
        number(measured.units_per_second),
        cell.scenario.unit(),
        number(measured.p50_ms),
        number(measured.p99_ms),
        measured.n_answered
    ))?;
    Ok(())
}

async fn address(url: &str) -> anyhow::Result<SocketAddr> {
    let uri: Uri = url.parse().with_context(|| format!("--url {url}: not a URL"))?;
    ensure!(
        uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/"),
        "--url {url}: expected http://HOST:PORT; neither TLS nor a path prefix is supported"
    );
    let host = uri.host().with_context(|| format!("--url {url}: without a host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut found = tokio::net::lookup_host((host, uri.port_u16().unwrap_or(80))).await?;
    found.next().with_context(|| format!("--url {url}: the host has no address"))
}
