//! The tags that runs are found by. All begin with `trackside.`.

use std::collections::BTreeMap;

use trackside_evidence::Record;
use trackside_service::Invocation;
use trackside_tracking::Tag;

/// Which invocation of `trackside run` a run is of.
pub(crate) const INVOCATION: &str = Invocation::TAG;
/// Which run this one repeats.
pub(crate) const REPRODUCES: &str = "trackside.reproduces";
/// How the two compare.
pub(crate) const REPRODUCTION: &str = "trackside.reproduction";
/// Who looked, when it was not `trackside run`.
pub(crate) const CAPTURED_BY: &str = "trackside.captured_by";
/// The commit that was checked out.
pub(crate) const GIT_COMMIT: &str = "trackside.git.commit";
/// The branch.
pub(crate) const GIT_BRANCH: &str = "trackside.git.branch";
/// The URL of the first remote.
pub(crate) const GIT_REPOSITORY: &str = "trackside.git.repository";
/// The commit of what was not committed.
pub(crate) const GIT_SNAPSHOT: &str = "trackside.git.snapshot";
/// The tree that was really there.
const GIT_TREE: &str = "trackside.git.tree";
/// `true` or `false`.
pub(crate) const GIT_DIRTY: &str = "trackside.git.dirty";
/// What was written; behind it the digest in DVC's spelling.
pub(crate) const OUTPUT: &str = "trackside.output.";
/// Over the inputs that were known before the command began.
pub(crate) const INPUTS_KEY: &str = "trackside.key.inputs";
/// Over all inputs.
pub(crate) const PROVENANCE_KEY: &str = "trackside.key.provenance";
const COMMAND: &str = "trackside.command";
const EXIT_CODE: &str = "trackside.exit_code";
const GAPS: &str = "trackside.gaps";

/// Params or tags by key.
pub(crate) fn pairs(pairs: &[Tag]) -> BTreeMap<String, String> {
    let pair = |pair: &Tag| Some((pair.key.as_ref()?.to_string(), pair.value.clone().unwrap_or_default()));
    pairs.iter().filter_map(pair).collect()
}

/// What of a record is searched for.
pub(crate) fn tags(record: &Record) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    let mut tag = |key: &str, value: &str| tags.push((key.to_owned(), value.to_owned()));
    if let Some(repository) = &record.code.repository {
        let facts = [
            (GIT_COMMIT, repository.commit.as_deref()),
            (GIT_BRANCH, repository.branch.as_deref()),
            (GIT_REPOSITORY, repository.remotes.first().map(|remote| remote.url.as_str())),
            (GIT_SNAPSHOT, repository.snapshot.as_ref().map(|snapshot| snapshot.commit.as_str())),
            (GIT_TREE, repository.exact_tree()),
        ];
        for (key, value) in facts {
            if let Some(value) = value {
                tag(key, value);
            }
        }
        tag(GIT_DIRTY, if repository.dirty { "true" } else { "false" });
    }
    for output in &record.outputs {
        if let Some(digest) = &output.digest {
            tag(&format!("{OUTPUT}{}", digest.md5), &output.path);
        }
    }
    if let Some(execution) = &record.execution {
        tag(COMMAND, &execution.command.join(" "));
        if let Some(code) = execution.exit_code {
            tag(EXIT_CODE, &code.to_string());
        }
    }
    if let Some(key) = &record.inputs_key {
        tag(INPUTS_KEY, key.as_str());
    }
    if let Some(key) = &record.provenance_key {
        tag(PROVENANCE_KEY, key.as_str());
    }
    tag(GAPS, &record.gaps.len().to_string());
    tags
}
