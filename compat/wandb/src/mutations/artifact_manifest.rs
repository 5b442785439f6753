//! `createArtifactManifest`, `updateArtifactManifest`: where the list of an artifact's files is to be put.
//!
//! Until the artifact is committed it has a draft that says which manifests make it up: one, or one of each process that
//! makes it together with others.

use serde::{Deserialize, Serialize};
use serde_json::json;
use trackside_core::{Bundle, BundleId, Error, Result};
use trackside_service::{ContentDigest, Service};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    manifest, node_id,
};

use crate::{artifacts, caller::Caller, contents};

/// Kind of the ids of manifests in GraphQL.
const KIND: &str = "ArtifactManifest";
/// Manifests that make up one artifact.
const MOST: usize = 1_000;

/// A manifest of a draft.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sheet {
    /// `FULL`, `PATCH` or `INCREMENTAL`.
    pub(super) kind: String,
    /// Base64 of its MD5; none until it is known.
    pub(super) digest: Option<String>,
    /// The artifact whose files it adds to.
    pub(super) base: Option<i64>,
}

pub(super) async fn create(caller: &Caller, input: &Arguments) -> Result<Node> {
    let bundle = artifacts::bundle_id(input.required("artifactID")?)?;
    let base = input.filled("baseArtifactID").map(artifacts::bundle_id).transpose()?;
    let sheet = Sheet {
        kind: input.filled("type").unwrap_or("FULL").to_owned(),
        digest: input.filled("digest").map(str::to_owned),
        base: base.map(BundleId::get),
    };
    let place = change(&caller.door.service, bundle, |sheets| {
        // The client says so twice: before the files are there, and when it knows the digest.
        if sheet.kind != "PATCH" {
            sheets.clear();
        }
        sheets.push(sheet.clone());
        Ok(sheets.len() - 1)
    });
    let place = place.await?;
    answer(caller, bundle, place, sheet.digest.as_deref())
}

pub(super) async fn update(caller: &Caller, input: &Arguments) -> Result<Node> {
    let id = input.required("artifactManifestID")?;
    let unknown = || Error::invalid(format!("'{id}' is no manifest's id"));
    let text = node_id::decode(KIND, id)?;
    let (bundle, place) = text.split_once('/').ok_or_else(unknown)?;
    let bundle = bundle.parse().map(BundleId::new).map_err(|_| unknown())?;
    let place: usize = place.parse().map_err(|_| unknown())?;
    let digest = input.filled("digest").map(str::to_owned);
    let base = input.filled("baseArtifactID").map(artifacts::bundle_id).transpose()?;
    let noted = digest.clone();
    let changed = change(&caller.door.service, bundle, |sheets| {
        let sheet = sheets.get_mut(place).ok_or_else(unknown)?;
        sheet.digest = noted;
        sheet.base = base.map(BundleId::get).or(sheet.base);
        Ok(place)
    });
    changed.await?;
    answer(caller, bundle, place, digest.as_deref())
}

/// The manifests of a draft.
pub(super) fn sheets(bundle: &Bundle) -> Result<Vec<Sheet>> {
    let Some(draft) = &bundle.draft else { return Ok(Vec::new()) };
    serde_json::from_str(draft).map_err(|error| Error::internal("a draft cannot be read").with_source(error))
}

async fn change(
    service: &Service,
    id: BundleId,
    change: impl FnOnce(&mut Vec<Sheet>) -> Result<usize> + Send,
) -> Result<usize> {
    let mut place = 0;
    service
        .redraft_bundle(id, |bundle| {
            let mut sheets = sheets(bundle)?;
            place = change(&mut sheets)?;
            if sheets.len() > MOST {
                return Err(Error::invalid(format!("an artifact has at most {MOST} manifests")));
            }
            serde_json::to_string(&sheets).map_err(|error| Error::internal("a draft").with_source(error))
        })
        .await?;
    Ok(place)
}

fn answer(caller: &Caller, bundle: BundleId, place: usize, digest: Option<&str>) -> Result<Node> {
    let id = node_id::encode(KIND, &format!("{bundle}/{place}"));
    let url = match digest {
        Some(digest) => Some(contents::url(caller, "PUT", &ContentDigest::new(manifest::content(digest)?))),
        None => None,
    };
    let file = json!({ "id": id, "uploadUrl": url, "uploadHeaders": [] });
    Ok(json!({ "artifactManifest": { "__typename": "ArtifactManifest", "id": id, "file": file } }).into())
}
