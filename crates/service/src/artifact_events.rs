//! Telling the log of artifacts that came and went, so that destinations can follow.
//!
//! Bytes are stored before they are told of, and the client is answered after both: what the log says of an
//! acknowledged file is true. Clients name files of the proxied root by their whole path, so the run is found in it.

use trackside_core::{ArtifactPath, Event, Result, Run, RunId};

use crate::Service;

/// Looked up as runs in one path at most. A path has one; more means that directories are called `artifacts`.
const MAX_CANDIDATES: usize = 4;

impl Service {
    /// Tells the log of a file or directory of the proxied root. What belongs to no run is passed over.
    pub(crate) async fn log_proxied(
        &self,
        path: &ArtifactPath,
        event: impl FnOnce(ArtifactPath) -> Event + Send,
    ) -> Result<()> {
        if !self.is_logging() {
            return Ok(());
        }
        for id in candidates(path) {
            if let Some(run) = self.store().run(&id).await?
                && let Some(below) = self.below_proxied_root(&run, path)?
            {
                return self.append(&id, vec![event(below)]).await;
            }
        }
        Ok(())
    }

    /// Tells the log of a file of a run.
    pub(crate) async fn log_of_run(&self, run: &RunId, event: Event) -> Result<()> {
        self.log_all_of_run(run, vec![event]).await
    }

    /// Tells the log of files of a run.
    pub(crate) async fn log_all_of_run(&self, run: &RunId, events: Vec<Event>) -> Result<()> {
        if self.is_logging() { self.append(run, events).await } else { Ok(()) }
    }

    fn is_logging(&self) -> bool {
        self.parts.log.as_ref().is_some_and(|log| log.is_logging())
    }

    /// A path of the proxied root relative to the artifacts of this run, if it is one of theirs.
    fn below_proxied_root(&self, run: &Run, path: &ArtifactPath) -> Result<Option<ArtifactPath>> {
        // Artifacts of other runs may lie elsewhere, where the server cannot look.
        let Ok((store, root)) = self.parts.artifacts.locate(&run.info.artifact_uri) else { return Ok(None) };
        if !std::ptr::eq(store, self.parts.artifacts.proxy()) {
            return Ok(None);
        }
        let rest = path.as_str().strip_prefix(root.as_str());
        match rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            Some(rest) => ArtifactPath::parse(rest.trim_start_matches('/')).map(Some),
            None => Ok(None),
        }
    }
}

/// Segments that may name the run that a path belongs to: artifacts of a run lie in `.../<run>/artifacts`.
fn candidates(path: &ArtifactPath) -> Vec<RunId> {
    let segments: Vec<&str> = path.as_str().split('/').collect();
    let named = segments.windows(2).filter(|pair| pair[1] == "artifacts");
    named.filter_map(|pair| RunId::parse(pair[0]).ok()).take(MAX_CANDIDATES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_run_before_the_word_artifacts() {
        let ids = |path: &str| {
            let path = ArtifactPath::parse(path).unwrap();
            candidates(&path).iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids("1/r1/artifacts/model/MLmodel"), ["r1"]);
        assert_eq!(ids("1/r1/artifacts"), ["r1"]);
        assert_eq!(ids("team/artifacts/r1/artifacts/x"), ["team", "r1"]);
        assert!(ids("1/r1/other/x").is_empty());
        assert!(ids("artifacts/x").is_empty());
        assert_eq!(ids(&"a/artifacts/".repeat(100)).len(), MAX_CANDIDATES);
    }
}
