//! The files of a run: its artifacts.

use serde_json::{Value, json};
use trackside_core::{ArtifactEntry, ArtifactPath, Result};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    node_id,
};

use super::{RunObject, connection};
use crate::files;

/// Files of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

/// How many files there are.
pub(super) async fn count(run: &RunObject) -> Result<usize> {
    Ok(all(run).await?.len())
}

/// A page of files: these, or those that a pattern of SQL's `LIKE` fits, or all.
pub(super) async fn page(run: &RunObject, arguments: &Arguments) -> Result<Node> {
    let names = arguments.texts("names").filter(|names| !names.is_empty());
    let wanted = names.map(|names| {
        let paths = names.into_iter().filter_map(|name| ArtifactPath::parse(name).ok());
        paths.collect::<Vec<_>>()
    });
    let entries = match &wanted {
        Some(paths) => some(run, paths).await?,
        None => all(run).await?,
    };
    let pattern = arguments.filled("pattern");
    let found: Vec<_> =
        entries.into_iter().filter(|entry| pattern.is_none_or(|pattern| like(pattern, entry.path.as_str()))).collect();
    let total = found.len();
    let after = arguments.filled("after").unwrap_or_default();
    let rest: Vec<_> =
        found.into_iter().skip_while(|entry| entry.path.as_str() <= after && !after.is_empty()).collect();
    let limit = arguments.size("first", PAGE, MOST);
    let has_next = rest.len() > limit;
    let edges = rest.into_iter().take(limit).map(|entry| (entry.path.as_str().to_owned(), node(run, &entry).into()));
    Ok(connection(edges.collect(), has_next, Some(total)))
}

fn node(run: &RunObject, entry: &ArtifactEntry) -> Value {
    let (id, path) = (&run.run.info.id, &entry.path);
    let url = files::url(&run.caller, "GET", id, path);
    json!({
        "__typename": "File",
        "id": node_id::encode("File", &format!("{id}/{path}")),
        "name": path.as_str(),
        "displayName": path.as_str(),
        "url": url,
        "directUrl": url,
        "uploadUrl": files::url(&run.caller, "PUT", id, path),
        "sizeBytes": entry.size.unwrap_or(0),
        "mimetype": files::mime(path.file_name()),
        // The store does not say; a client only asks whether there is one.
        "updatedAt": run.run.info.ended_at.unwrap_or(run.run.info.started_at).rfc3339(),
        "md5": null,
        "digest": null,
    })
}

/// All files, by path.
async fn all(run: &RunObject) -> Result<Vec<ArtifactEntry>> {
    let service = &run.caller.door.service;
    service.all_run_artifacts(&run.run.info.id).await
}

/// These files; one that there is not has no bytes, for clients take the first of what they get.
async fn some(run: &RunObject, paths: &[ArtifactPath]) -> Result<Vec<ArtifactEntry>> {
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        let file = run.caller.door.service.run_artifact(&run.run.info.id, path).await;
        let size = file.map_or(0, |file| file.size());
        found.push(ArtifactEntry { path: path.clone(), size: Some(size) });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The run and path that the id of a file stands for.
pub(crate) fn of_id(id: &str) -> Result<(trackside_core::RunId, ArtifactPath)> {
    let text = node_id::decode("File", id)?;
    let (run, path) = text.split_once('/').unwrap_or((&text, ""));
    Ok((trackside_core::RunId::parse(run)?, ArtifactPath::parse(path)?))
}

/// Whether a text fits a pattern in which `%` is any text and `_` any character.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place, mut star) = (0, 0, None);
    while let Some(c) = text.get(place) {
        match pattern.get(at) {
            Some('%') => {
                star = Some((at, place));
                at += 1;
            }
            Some(wanted) if *wanted == '_' || wanted == c => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                at = after + 1;
                place = from + 1;
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_sql() {
        for (pattern, text, fits) in [
            ("%.json", "a/b.json", true),
            ("%.json", "a.jsonl", false),
            ("a_c%", "abc", true),
            ("%a%b%", "xxaxxbxx", true),
            ("a", "b", false),
            ("%", "", true),
            ("", "", true),
            ("_", "", false),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }
}
