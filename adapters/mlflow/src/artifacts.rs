//! Artifacts: streamed to the store that the server itself is.
//!
//! Where a run's artifacts lie elsewhere (`s3:`, a file system of the server's), only clients with access of their
//! own can write there. Those are withheld.

use trackside_core::{ArtifactPath, Error, ErrorKind, Kind, Result};

use crate::{events::Writer, memory::RemoteRun};

impl Writer<'_> {
    /// Uploads a file as it is now. One that is gone by now is withheld, as is all that the server does not store.
    pub(crate) async fn store(&mut self, path: &ArtifactPath) -> Result<()> {
        let bytes = match self.place(path) {
            Some(place) => self.tracker.artifacts.artifact(self.run, path).await?.map(|bytes| (place, bytes)),
            None => None,
        };
        let Some((place, bytes)) = bytes else {
            self.withheld.add(Kind::Artifacts, 1);
            return Ok(());
        };
        let done = self.api.put_artifact(&place, bytes).await;
        self.unless_unsupported(Kind::Artifacts, 1, done).map(drop)
    }

    /// Removes a file or directory. The server does not mind when there is none; one of 2.x with local files breaks
    /// over anything but a directory (seen with 2.16), and the file stays.
    pub(crate) async fn remove(&mut self, path: &ArtifactPath) -> Result<()> {
        let Some(place) = self.place(path) else {
            self.withheld.add(Kind::Artifacts, 1);
            return Ok(());
        };
        let done = match self.api.delete_artifact(&place).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == ErrorKind::Internal => {
                Err(Error::new(ErrorKind::Unsupported, "the server cannot remove a single file").with_source(error))
            }
            done => done,
        };
        self.unless_unsupported(Kind::Artifacts, 1, done).map(drop)
    }

    fn place(&self, path: &ArtifactPath) -> Option<String> {
        Some(format!("{}/{path}", root(self.remote, self.api.base())?))
    }
}

/// Where a run's artifacts lie in the store of the server at `base`; `None` when they lie elsewhere.
fn root<'a>(run: &'a RemoteRun, base: &str) -> Option<&'a str> {
    let path = run.artifact_uri.strip_prefix("mlflow-artifacts:")?;
    let root = match path.strip_prefix("//") {
        // With a host, it is that server's store.
        Some(rest) => {
            let (host, root) = rest.split_once('/')?;
            let own = base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next();
            (host.is_empty() || Some(host) == own).then_some(root)?
        }
        None => path.trim_start_matches('/'),
    };
    (!root.is_empty()).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_stores_has_a_place() {
        let place = |uri: &str| {
            let run = RemoteRun { run_id: "r".into(), experiment_id: "1".into(), artifact_uri: uri.into() };
            root(&run, "https://tracker:5000/prefix").map(str::to_owned)
        };
        for uri in ["mlflow-artifacts:/1/r/artifacts", "mlflow-artifacts:///1/r/artifacts"] {
            assert_eq!(place(uri).as_deref(), Some("1/r/artifacts"), "{uri}");
        }
        assert_eq!(place("mlflow-artifacts://tracker:5000/1/r/artifacts").as_deref(), Some("1/r/artifacts"));
        for elsewhere in
            ["mlflow-artifacts://other/1/r", "s3://bucket/1/r/artifacts", "/mlruns/1/r", "mlflow-artifacts:/"]
        {
            assert_eq!(place(elsewhere), None, "{elsewhere}");
        }
    }
}
