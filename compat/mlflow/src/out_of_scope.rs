//! What `mlflow server` 3.17.2 has and this server does not mean to have: refused as MLflow refuses what it has not
//! implemented, so that whoever calls it learns why.
//!
//! Not among them: `assistant`, which the web UI only does without when it is not found, and `users`, without which
//! it takes the server for one without authentication.

/// How their paths begin below the prefix of a version, and what they are.
const AREAS: [(&str, &str); 12] = [
    ("mlflow/gateway", "gateway to language models"),
    ("mlflow/jobs", "jobs"),
    ("jobs", "jobs"),
    ("mlflow/prompt-optimization", "jobs that optimise prompts"),
    ("mlflow/scorer", "workers that run scorers"),
    ("mlflow/genai", "workers that evaluate"),
    ("mlflow/label-schemas", "label schemas"),
    ("mlflow/review-queues", "review queues"),
    ("mlflow/issues", "issues"),
    ("mlflow/mcp-servers", "registry of MCP servers"),
    ("mlflow/workspaces", "workspaces"),
    ("mlflow/demo", "demonstration data"),
];
/// The prefixes of versions; the gateway's own paths stand at the root.
const PREFIXES: [&str; 4] = ["/api/2.0/", "/ajax-api/2.0/", "/api/3.0/", "/ajax-api/3.0/"];

/// What a path is for, if it is for one of these.
pub(crate) fn area(path: &str) -> Option<&'static str> {
    if path.starts_with("/gateway/") {
        return Some(AREAS[0].1);
    }
    let below = PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let is_of = |head: &str| below.strip_prefix(head).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    AREAS.into_iter().find(|(head, _)| is_of(head)).map(|(_, area)| area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_known_by_whole_segments() {
        for (path, expected) in [
            ("/ajax-api/3.0/mlflow/gateway/endpoints/list", Some("gateway to language models")),
            ("/gateway/openai/v1/responses", Some("gateway to language models")),
            ("/ajax-api/3.0/jobs", Some("jobs")),
            ("/api/3.0/mlflow/workspaces", Some("workspaces")),
            ("/api/2.0/mlflow/gateway-proxy", None),
            ("/api/3.0/mlflow/scorers/list", None),
            ("/api/3.0/mlflow/assistant/config", None),
            ("/api/2.0/mlflow/users/current", None),
            ("/mlflow/jobs", None),
        ] {
            assert_eq!(area(path), expected, "{path}");
        }
    }
}
