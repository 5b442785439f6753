//! Manifests: which files an artifact has, with which contents.
//!
//! Version 1 of the format, as clients 0.19 to 0.31 write and read it. A content is known by the base64 of its MD5. Where
//! a file lay on the machine of whoever uploaded it is said there too, and forgotten.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trackside_core::{ArtifactPath, BundleFile, Error, Result};

/// What a manifest begins with, up to its first entry.
pub const HEAD: &str = concat!(
    r#"{"version":1,"storagePolicy":"wandb-storage-policy-v1","#,
    r#""storagePolicyConfig":{"storageLayout":"V2"},"contents":{"#
);
/// What it ends in.
pub const TAIL: &str = "}}";

/// A file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// As it is stored.
    pub file: BundleFile,
    /// The MD5 of its content; `None` for a reference.
    pub content: Option<[u8; 16]>,
}

#[derive(Deserialize)]
struct Manifest {
    version: u32,
    contents: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    size: Option<u64>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Reads a manifest. `Invalid` for what is none, or has paths that leave the artifact.
pub fn parse(bytes: &[u8]) -> Result<Vec<ManifestFile>> {
    let unreadable = |error| Error::invalid(format!("the manifest of the artifact cannot be read: {error}"));
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(unreadable)?;
    if manifest.version != 1 {
        return Err(Error::invalid(format!("manifests of version {} are not known", manifest.version)));
    }
    manifest.contents.into_iter().map(|(path, entry)| file(&path, entry)).collect()
}

fn file(path: &str, entry: Entry) -> Result<ManifestFile> {
    let Entry { digest, size, reference, mut more } = entry;
    more.retain(|key, value| key != "local_path" && !value.is_null());
    let content = if reference.is_some() { None } else { Some(content(&digest)?) };
    let more = (!more.is_empty()).then(|| Value::Object(more).to_string());
    let file = BundleFile { path: entry_path(path)?, digest, size: size.unwrap_or(0), reference, more };
    Ok(ManifestFile { file, content })
}

/// The path of a file of an artifact. `Invalid` when it leaves the artifact, or is not spelled in the one way it can be.
pub fn entry_path(path: &str) -> Result<ArtifactPath> {
    ArtifactPath::parse(path)
        .ok()
        .filter(|parsed| parsed.as_str() == path && !parsed.is_root())
        .ok_or_else(|| Error::invalid(format!("'{path}' cannot be the path of a file of an artifact")))
}

/// The MD5 that a digest is. `Invalid` for other digests.
pub fn content(digest: &str) -> Result<[u8; 16]> {
    let bytes = BASE64_STANDARD.decode(digest).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    bytes.ok_or_else(|| Error::invalid(format!("'{digest}' is not the base64 of an MD5")))
}

/// A file as an entry of a manifest: `"path":{…}`.
pub fn entry(file: &BundleFile) -> String {
    let more = file.more.as_deref().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let mut entry = more.unwrap_or_default();
    entry.insert("digest".to_owned(), file.digest.as_str().into());
    entry.insert("size".to_owned(), file.size.into());
    if let Some(reference) = &file.reference {
        entry.insert("ref".to_owned(), reference.as_str().into());
    }
    format!("{}:{}", json!(file.path.as_str()), Value::Object(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{
        "version": 1,
        "storagePolicy": "wandb-storage-policy-v1",
        "storagePolicyConfig": {"storageLayout": "V2"},
        "contents": {
            "dir/f.bin": {"digest": "XUFAKrxLKna5cZ2REBfFkg==", "size": 5, "birthArtifactID": "QTox",
                          "local_path": "/home/ada/f.bin", "skip_cache": false},
            "far": {"digest": "any text", "ref": "s3://bucket/x", "extra": {"etag": "e"}}
        }
    }"#;

    #[test]
    fn a_manifest_reads_back() {
        let files = parse(MANIFEST.as_bytes()).unwrap();
        assert_eq!(files[0].content.map(hex::encode).as_deref(), Some("5d41402abc4b2a76b9719d911017c592"));
        assert_eq!((files[1].content, files[1].file.reference.as_deref()), (None, Some("s3://bucket/x")));
        let entries: Vec<_> = files.iter().map(|file| entry(&file.file)).collect();
        let again = format!("{HEAD}{}{TAIL}", entries.join(","));
        assert_eq!(parse(again.as_bytes()).unwrap(), files);
        assert!(!again.contains("ada") && again.contains("birthArtifactID") && again.contains("etag"), "{again}");
    }

    #[test]
    fn what_leads_elsewhere_is_no_path() {
        for path in ["../x", "/etc/passwd", "a/../../x", "", ".", "a//b", "./a", "a/", "a\\b"] {
            let manifest = MANIFEST.replace("dir/f.bin", &path.replace('\\', "\\\\"));
            assert!(parse(manifest.as_bytes()).unwrap_err().message().contains("cannot be the path"), "{path:?}");
        }
        for (from, to) in [("\"version\": 1", "\"version\": 2"), ("XUFAKrxLKna5cZ2REBfFkg==", "XUFA"), ("}", "")] {
            assert!(parse(MANIFEST.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
        }
    }
}
