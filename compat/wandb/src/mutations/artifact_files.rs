//! `createArtifactFiles`: where the contents of an artifact's files are to be put; nowhere, when they are here already.

use serde_json::{Value, json};
use trackside_core::{BundleFile, BundleId, Error, Result};
use trackside_service::{BundleEntry, ContentDigest};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    manifest,
};

use crate::{artifacts, caller::Caller, contents};

/// Files of one call; clients send 2,000 at most.
const MOST: usize = 10_000;

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let specs = input.inputs("artifactFiles");
    if specs.len() > MOST {
        return Err(Error::invalid(format!("at most {MOST} files may be announced at once")));
    }
    let mut edges: Vec<Value> = Vec::with_capacity(specs.len());
    let mut rest = specs.as_slice();
    while let Some(first) = rest.first() {
        let bundle = artifacts::bundle_id(first.required("artifactID")?)?;
        // Files of one artifact come in a row.
        let count = rest.iter().take_while(|spec| spec.text("artifactID") == first.text("artifactID")).count();
        let (own, others) = rest.split_at(count);
        rest = others;
        edges.extend(announced(caller, bundle, own).await?);
    }
    Ok(json!({ "files": { "edges": edges } }).into())
}

async fn announced(caller: &Caller, bundle: BundleId, specs: &[Arguments]) -> Result<Vec<Value>> {
    let mut entries = Vec::with_capacity(specs.len());
    for spec in specs {
        let digest = spec.required("md5")?;
        let content = ContentDigest::new(manifest::content(digest)?);
        let path = manifest::entry_path(spec.required("name")?)?;
        let file = BundleFile { path, digest: digest.to_owned(), size: 0, reference: None, more: None };
        entries.push(BundleEntry { file, content: Some(content) });
    }
    let contents: Vec<_> = entries.iter().filter_map(|entry| entry.content).collect();
    let here = caller.door.service.announce_bundle_files(bundle, entries).await?;
    let id = artifacts::id(bundle);
    let edge = |(digest, is_here): (ContentDigest, bool)| {
        let url = (!is_here).then(|| contents::url(caller, "PUT", &digest));
        json!({ "node": {
            "__typename": "File",
            "id": digest.to_string(),
            "storagePath": digest.to_string(),
            "uploadUrl": url,
            "uploadHeaders": [],
            // One request each, whatever the size.
            "uploadMultipartUrls": null,
            "artifact": { "id": id },
        } })
    };
    Ok(contents.into_iter().zip(here).map(edge).collect())
}
