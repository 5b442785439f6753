//! `--static-prefix`: the path below which everything is served.

use anyhow::ensure;
use axum::Router;

/// Refuses what routes cannot be put below.
pub(crate) fn check(prefix: Option<&str>) -> anyhow::Result<()> {
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else { return Ok(()) };
    ensure!(
        prefix.starts_with('/') && !prefix.ends_with('/') && !prefix.contains(['{', '}', '*', '?', '#']),
        "--static-prefix {prefix}: must start with / and not end with it, e.g. /tracking"
    );
    Ok(())
}

/// All routes below a prefix.
pub(crate) fn below(prefix: Option<&str>, routes: Router) -> anyhow::Result<Router> {
    check(prefix)?;
    Ok(match prefix.filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => Router::new().nest(prefix, routes),
        None => routes,
    })
}
