//! `--static-prefix`: the path below which everything is served.

use anyhow::ensure;
use axum::{
    Router,
    response::Redirect,
    routing::{MethodRouter, get},
};

/// Refuses what routes cannot be put below.
pub(crate) fn check(prefix: Option<&str>) -> anyhow::Result<()> {
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else { return Ok(()) };
    ensure!(
        prefix.starts_with('/') && !prefix.ends_with('/') && !prefix.contains(['{', '}', '*', '?', '#']),
        "--static-prefix {prefix}: must start with / and not end with it, e.g. /tracking"
    );
    Ok(())
}

/// All routes below a prefix, with what is shown at its end. URLs of the page there are relative, so that its address has
/// to end with a slash.
pub(crate) fn below(prefix: Option<&str>, routes: Router, home: MethodRouter) -> anyhow::Result<Router> {
    check(prefix)?;
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else { return Ok(routes.route("/", home)) };
    let name = prefix.rsplit('/').next().unwrap_or_default();
    // Relative as well: a proxy may have put something before the prefix.
    let to_home = Redirect::temporary(&format!("{name}/"));
    let redirect = get(move || async move { to_home });
    // The server answers above the prefix as well, where probes do not know it.
    let health = get(|| async { "OK" });
    let below = Router::new().nest(prefix, routes).route(prefix, redirect);
    Ok(below.route(&format!("{prefix}/"), home).route(&format!("{prefix}/health"), health))
}
