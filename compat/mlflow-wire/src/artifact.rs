//! Artifacts: paths, lists, and requests for uploads in parts.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use trackside_core::{ArtifactEntry, ArtifactPath, Key, RunId, VersionNumber};

use crate::{
    ErrorCode, Failure, Int,
    request::required,
    run::{existing_run_id, run_id},
};

/// What clients match to fall back to a plain upload.
pub const NO_MULTIPART_UPLOAD: &str = "Multipart upload is not supported for the current artifact repository";
/// What clients match to fall back to a plain download.
pub const NO_MULTIPART_DOWNLOAD: &str = "Multipart download is not supported for the current artifact repository";

/// Reads a path, decoded once. What would be unsafe after further decoding is refused as well, since someone
/// behind the server may decode again; what is stored is the text as it came.
pub fn artifact_path(text: &str) -> Result<ArtifactPath, Failure> {
    let mut decoded = text.to_owned();
    loop {
        if decoded.contains('#') || decoded.starts_with("file:") {
            return Err(Failure::invalid("Invalid path"));
        }
        ArtifactPath::parse(&decoded)?;
        let again = percent_decode_str(&decoded).decode_utf8_lossy().into_owned();
        // Every round that changes something makes the text shorter, so this ends.
        if again.len() >= decoded.len() {
            return Ok(ArtifactPath::parse(text)?);
        }
        decoded = again;
    }
}

/// `GET artifacts/list`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListArtifacts {
    /// Required.
    #[serde(alias = "runId")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid")]
    pub run_uuid: Option<String>,
    /// Below the run's root; absent means the root itself.
    pub path: Option<String>,
}

impl ListArtifacts {
    /// The run and the directory.
    pub fn checked(self) -> Result<(RunId, ArtifactPath), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        Ok((id, artifact_path(self.path.as_deref().unwrap_or_default())?))
    }
}

/// `GET /get-artifact`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetArtifact {
    /// Required; MLflow calls a run without id absent.
    pub run_id: Option<String>,
    /// In place of `run_id`.
    pub run_uuid: Option<String>,
    /// Below the run's root. Required.
    pub path: Option<String>,
}

impl GetArtifact {
    /// The run and the file.
    pub fn checked(self) -> Result<(RunId, ArtifactPath), Failure> {
        let path = artifact_path(&required(self.path, "path")?)?;
        let id = self.run_id.filter(|id| !id.is_empty()).or(self.run_uuid).unwrap_or_default();
        Ok((existing_run_id(&id)?, path))
    }
}

/// `GET /model-versions/get-artifact`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetVersionArtifact {
    /// Of the registered model. Required.
    pub name: Option<String>,
    /// A decimal number. Required.
    pub version: Option<String>,
    /// Below the version's root. Required.
    pub path: Option<String>,
}

impl GetVersionArtifact {
    /// The model, its version and the file.
    pub fn checked(self) -> Result<(Key, VersionNumber, ArtifactPath), Failure> {
        let path = artifact_path(&required(self.path, "path")?)?;
        let name = Key::new(required(self.name, "name")?)?;
        let version = required(self.version, "version")?;
        let number = version
            .parse()
            .map_err(|_| Failure::invalid(format!("Parameter 'version' must be an integer, got '{version}'.")))?;
        Ok((name, number, path))
    }
}

/// The query of `POST upload-artifact`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UploadArtifact {
    /// Required.
    pub run_uuid: Option<String>,
    /// Below the run's root. Required.
    pub path: Option<String>,
}

impl UploadArtifact {
    /// The run and the file.
    pub fn checked(self) -> Result<(RunId, ArtifactPath), Failure> {
        let given = |value: Option<String>, name: &str| {
            let value = value.filter(|value| !value.is_empty());
            value.ok_or_else(|| Failure::invalid(format!("Request must specify {name}.")))
        };
        let id = given(self.run_uuid, "run_uuid")?;
        let path = artifact_path(&given(self.path, "path")?)?;
        Ok((existing_run_id(&id)?, path))
    }
}

/// The query of `GET mlflow-artifacts/artifacts`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListProxiedArtifacts {
    /// Below the root of all artifacts; absent means that root.
    pub path: Option<String>,
}

impl ListProxiedArtifacts {
    /// The directory.
    pub fn checked(self) -> Result<ArtifactPath, Failure> {
        artifact_path(self.path.as_deref().unwrap_or_default())
    }
}

/// A file or directory.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileInfo {
    /// Below the root of the run or model, or the last part alone.
    pub path: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Bytes; absent for directories and empty files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_size: Option<Int>,
}

impl From<ArtifactEntry> for FileInfo {
    fn from(entry: ArtifactEntry) -> Self {
        let size = entry.size.filter(|size| *size > 0);
        Self {
            path: entry.path.as_str().to_owned(),
            is_dir: entry.size.is_none(),
            file_size: size.map(|size| Int(i64::try_from(size).unwrap_or(i64::MAX))),
        }
    }
}

/// Answer of `artifacts/list` and, without a root, of `mlflow-artifacts/artifacts`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ArtifactsFound {
    /// URI that the paths are relative to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_uri: Option<String>,
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileInfo>,
}

impl ArtifactsFound {
    /// Entries of a run or model.
    pub fn below(root_uri: String, entries: Vec<ArtifactEntry>) -> Self {
        Self { root_uri: Some(root_uri), files: entries.into_iter().map(FileInfo::from).collect() }
    }

    /// Entries of any directory, by the last part of their paths.
    pub fn named(entries: &[ArtifactEntry]) -> Self {
        let name = |entry: &ArtifactEntry| FileInfo { path: entry.path.file_name().to_owned(), ..entry.clone().into() };
        Self { root_uri: None, files: entries.iter().map(name).collect() }
    }
}

/// `POST mlflow-artifacts/mpu/*`: uploads in parts, of which only the path is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MultipartUpload {
    /// Required.
    pub path: Option<String>,
}

/// `POST artifacts/presigned-upload-url` and `POST artifacts/presigned-download-url`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PresignedUrl {
    /// Whose file.
    #[serde(alias = "runId")]
    pub run_id: Option<String>,
    /// Or which logged model's.
    #[serde(alias = "modelId")]
    pub model_id: Option<String>,
    /// Required.
    pub path: Option<String>,
}

/// Why nobody can upload past the server to files below this root.
pub fn no_presigned_upload(root_uri: &str) -> Failure {
    match proxied_scheme(root_uri) {
        Some(scheme) => Failure::invalid(format!(
            "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: {scheme}). This \
             endpoint requires a direct cloud storage artifact URI."
        )),
        None => Failure::new(
            ErrorCode::NotImplemented,
            "Presigned upload is not supported for the current artifact repository",
        ),
    }
}

/// Why nobody can download past the server from files below this root.
pub fn no_presigned_download(root_uri: &str) -> Failure {
    match proxied_scheme(root_uri) {
        Some(scheme) => Failure::invalid(format!(
            "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: {scheme}). \
             This endpoint requires a run with a direct cloud storage artifact URI."
        )),
        None => Failure::new(
            ErrorCode::NotImplemented,
            "Presigned download is not supported for the current artifact repository",
        ),
    }
}

/// The scheme, if it is one under which files are reached through a server.
fn proxied_scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    ["http", "https", "mlflow-artifacts"].contains(&scheme).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_root_are_refused_however_often_encoded() {
        for bad in [
            "..",
            "a/../b",
            "/etc",
            "%2e%2e",
            "%252e%252e%252f",
            "a/%2e%2e/b",
            "%2fetc",
            "C:\\x",
            "C:%5cx",
            "a#b",
            "a%23b",
            "file:///etc",
            "a%00b",
            "a%5c..%5cb",
        ] {
            assert_eq!(artifact_path(bad).unwrap_err().message, "Invalid path", "{bad}");
        }
    }

    #[test]
    fn names_are_kept_as_they_came() {
        for good in ["a b", "100%.txt", "a%20b", "é漢", "a+b", "..a/b..", ""] {
            assert_eq!(artifact_path(good).unwrap().as_str(), good);
        }
    }
}
