//! `trackside audit --record`: the verdict, where the audited thing is.

use std::sync::Arc;

use anyhow::Context;
use trackside_core::{Clock, SystemClock};
use trackside_evidence::Report;
use trackside_tracking::{ModelVersion, Registrar};

use super::AuditArgs;

/// The tag with the verdict.
const VERDICT: &str = "trackside.audit";
/// The tag that says when it was found.
const AT: &str = "trackside.audit.at";

/// Tags the version, or each run.
pub(super) async fn record(args: &AuditArgs, version: Option<&ModelVersion>, reports: &[Report]) -> anyhow::Result<()> {
    let at = SystemClock.now().rfc3339();
    let key = args.api_key.as_deref();
    for report in reports {
        let verdict = report.overall.verdict.name();
        // Why it failed is kept in the registry's history beside who found out.
        let registrar = Registrar::at(&args.server.url(), key, Some(&report.overall.reason), Arc::new(SystemClock))
            .context("--url")?;
        if let Some(version) = version {
            registrar.tag(&version.name, &version.version, AT, &at).await?;
            registrar.tag(&version.name, &version.version, VERDICT, verdict).await?;
        } else if let Some(run) = &report.run_id {
            let tags = [(AT.to_owned(), at.clone()), (VERDICT.to_owned(), verdict.to_owned())];
            registrar.server().tag(run, &tags).await?;
        }
    }
    Ok(())
}
