//! `commitArtifact`: the manifest is read, and the artifact is whole.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use trackside_core::{ArtifactPath, Bundle, BundleId, BundleState, Error, Result};
use trackside_service::{BundleEntry, ContentDigest, Service};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    manifest,
};

use super::artifact_manifest::{Sheet, sheets};
use crate::{
    artifacts,
    caller::Caller,
    objects::{ArtifactObject, Payload},
};

/// Largest manifest: some 200,000 files. W&B advises at most 100,000.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;
/// Files of an artifact, however many manifests it has.
const MAX_FILES: usize = 500_000;
/// Files of a base read at once.
const PAGE: usize = 5_000;

type Files = BTreeMap<ArtifactPath, BundleEntry>;

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let id = artifacts::bundle_id(input.required("artifactID")?)?;
    let bundle = service.bundle(id).await?;
    if bundle.state != BundleState::Committed {
        let files = files(service, &bundle).await?;
        service.commit_bundle(id, files.into_values().collect()).await?;
    }
    let artifact = ArtifactObject::by_id(caller, &artifacts::id(id)).await?;
    Ok(Payload::node("CommitArtifactPayload", [("artifact", artifact)]))
}

/// What the manifests of a draft say together; the later ones overrule.
async fn files(service: &Service, bundle: &Bundle) -> Result<Files> {
    let mut files = Files::new();
    let mut n_read = 0;
    for Sheet { kind, digest, base } in sheets(bundle)? {
        let Some(digest) = digest else { continue };
        if let Some(base) = base.filter(|_| kind == "INCREMENTAL") {
            add_base(service, BundleId::new(base), &mut files).await?;
        }
        for found in manifest::parse(&read(service, &digest).await?)? {
            let content = found.content.map(ContentDigest::new);
            files.insert(found.file.path.clone(), BundleEntry { file: found.file, content });
        }
        n_read += 1;
        if files.len() > MAX_FILES {
            return Err(Error::invalid(format!("an artifact has at most {MAX_FILES} files")));
        }
    }
    if n_read == 0 {
        return Err(Error::invalid("the artifact has no manifest"));
    }
    Ok(files)
}

async fn read(service: &Service, digest: &str) -> Result<Vec<u8>> {
    let file = service.content(&ContentDigest::new(manifest::content(digest)?)).await;
    let file = file.map_err(|error| Error::invalid("the manifest has not been uploaded").with_source(error))?;
    if file.size() > MAX_MANIFEST_BYTES {
        return Err(Error::invalid(format!("the manifest is larger than {MAX_MANIFEST_BYTES} bytes")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(file.size()).unwrap_or_default());
    let mut chunks = file.read(0..file.size()).await?;
    while let Some(chunk) = chunks.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn add_base(service: &Service, base: BundleId, files: &mut Files) -> Result<()> {
    let mut after = None;
    loop {
        let page = service.bundle_files(base, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.path.clone());
        for file in page {
            let content = match file.reference {
                Some(_) => None,
                None => Some(ContentDigest::new(manifest::content(&file.digest)?)),
            };
            files.insert(file.path.clone(), BundleEntry { file, content });
        }
        if files.len() > MAX_FILES {
            return Err(Error::invalid(format!("an artifact has at most {MAX_FILES} files")));
        }
    }
}
