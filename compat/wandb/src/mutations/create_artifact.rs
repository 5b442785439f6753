//! `createArtifact`: a version of an artifact begins, or the same is there already.

use serde_json::Value;
use trackside_core::{CollectionRole, Error, Key, NewBundle, Result};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    run_name::ProjectName,
};

use crate::{
    artifacts,
    caller::Caller,
    objects::{ArtifactObject, Payload},
    project::Project,
    runs,
};

/// Where it stands for how long an artifact is to be kept.
pub(super) const LIFETIME: &str = "ttlDurationSeconds";
/// A thousand years.
const MAX_LIFETIME_SECS: u64 = 1_000 * 366 * 24 * 3_600;

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let name = ProjectName::new(input.text("entityName"), input.text("projectName"));
    let (project, _) = Project::find_or_create(service, name).await?;
    let collections = input.texts("artifactCollectionNames").unwrap_or_default();
    let collection = match input.filled("artifactCollectionName").or(collections.first().copied()) {
        Some(name) => name,
        None => input.required("artifactCollectionName")?,
    };
    let run = match input.filled("runName") {
        Some(name) => Some(runs::named(service, &project, name).await?.info.id),
        None => None,
    };
    let (collection, kind) = (Key::new(collection)?, Key::new(input.required("artifactTypeName")?)?);
    let home = service.ensure_collection(project.experiment.id, collection, kind, CollectionRole::Versions).await?;
    let texts = |list: &str, item: &str| {
        let items = input.inputs(list).into_iter();
        items.filter_map(|of| of.filled(item).map(str::to_owned)).collect::<Vec<_>>()
    };
    let bundle = service
        .create_bundle(NewBundle {
            home: home.id,
            digest: input.required("digest")?.to_owned(),
            description: input.filled("description").map(str::to_owned),
            metadata: json_text(input, "metadata")?,
            run,
            step: input.integer("historyStep"),
            created_at: service.now(),
            labels: texts("tags", "tagName"),
            lifetime_secs: lifetime(input)?,
            aliases: texts("aliases", "alias"),
            // Processes that make one artifact together give it one name.
            client_id: input.filled("distributedID").or(input.filled("clientID")).map(str::to_owned),
            home_client_id: input.filled("sequenceClientID").map(str::to_owned),
        })
        .await?;
    let artifact = ArtifactObject::by_id(caller, &artifacts::id(bundle.id)).await?;
    Ok(Payload::node("CreateArtifactPayload", [("artifact", artifact)]))
}

/// For how many seconds an artifact is to be kept; `None` where the client does not say, or says 0 or a negative number.
pub(super) fn lifetime(input: &Arguments) -> Result<Option<u64>> {
    let secs = input.integer(LIFETIME).and_then(|secs| u64::try_from(secs).ok()).filter(|secs| *secs > 0);
    if secs.is_some_and(|secs| secs > MAX_LIFETIME_SECS) {
        return Err(Error::invalid(format!(
            "an artifact is kept for at most {MAX_LIFETIME_SECS} seconds, or for good"
        )));
    }
    Ok(secs)
}

/// A field that holds JSON as a text. `Invalid` when it is none.
pub(super) fn json_text(input: &Arguments, name: &str) -> Result<Option<String>> {
    let Some(text) = input.filled(name) else { return Ok(None) };
    serde_json::from_str::<Value>(text).map_err(|error| Error::invalid(format!("'{name}' is no JSON: {error}")))?;
    Ok(Some(text.to_owned()))
}
