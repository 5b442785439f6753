//! Artifacts: streamed to the store that the server itself is.
//!
//! Where a run's artifacts lie elsewhere (`s3:`, a file system of the server's), only clients with access of their
//! own can write there. Those are withheld.

use trackside_core::{ArtifactPath, Error, ErrorKind, Kind, Result};
use trackside_mlflow_wire as wire;

use crate::events::Writer;

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
        Some(format!("{}/{path}", wire::proxied_place(&self.remote.artifact_uri, self.api.base())?))
    }
}
