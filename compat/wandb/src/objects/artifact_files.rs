//! Files of artifacts.

use serde_json::{Value, json};
use trackside_core::{Bundle, BundleFile, Result};
use trackside_service::ContentDigest;
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    manifest, node_id,
};

use super::connection;
use crate::{artifacts, caller::Caller, contents, files};

/// Files of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 5_000;

/// A page of files, by path: these, or all.
pub(super) async fn page(caller: &Caller, bundle: &Bundle, arguments: &Arguments) -> Result<Node> {
    let after = arguments.filled("after").and_then(|path| manifest::entry_path(path).ok());
    let limit = arguments.size("first", PAGE, MOST);
    let names = arguments.texts("names").filter(|names| !names.is_empty());
    let service = &caller.door.service;
    let (mut found, mut after, total) = (Vec::new(), after, bundle.n_files);
    loop {
        let page = service.bundle_files(bundle.id, after.as_ref(), MOST.min(limit + 1)).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.path.clone());
        let is_wanted = |file: &BundleFile| names.as_ref().is_none_or(|names| names.contains(&file.path.as_str()));
        found.extend(page.into_iter().filter(is_wanted));
        if found.len() > limit {
            break;
        }
    }
    let has_next = found.len() > limit;
    found.truncate(limit);
    let edges = found.iter().map(|file| (file.path.as_str().to_owned(), node(caller, bundle, file).into()));
    Ok(connection(edges.collect(), has_next, usize::try_from(total).ok()))
}

/// Addresses of contents that a client names by digest.
pub(super) fn of_entries(caller: &Caller, arguments: &Arguments) -> Result<Node> {
    let mut edges = Vec::new();
    for entry in arguments.inputs("entries") {
        let (name, digest) = (entry.required("name")?, entry.required("digest")?);
        let url = contents::url(caller, "GET", &ContentDigest::new(manifest::content(digest)?));
        let node = json!({ "__typename": "File", "name": name, "directUrl": url, "url": url });
        edges.push((name.to_owned(), node.into()));
    }
    Ok(connection(edges, false, None))
}

fn node(caller: &Caller, bundle: &Bundle, file: &BundleFile) -> Value {
    let content = manifest::content(&file.digest).ok().filter(|_| file.reference.is_none()).map(ContentDigest::new);
    let url = match &content {
        Some(digest) => Some(contents::url(caller, "GET", digest)),
        None => file.reference.clone(),
    };
    let path = file.path.as_str();
    json!({
        "__typename": "File",
        "id": node_id::encode("ArtifactFile", &format!("{}/{path}", artifacts::id(bundle.id))),
        "name": path,
        "displayName": path,
        "url": url,
        "directUrl": url,
        "sizeBytes": file.size,
        "storagePath": content.map(|digest| digest.to_string()),
        "mimetype": files::mime(file.path.file_name()),
        "updatedAt": bundle.created_at.rfc3339(),
        "digest": file.digest,
        "md5": content.map(|_| file.digest.as_str()),
    })
}
