//! Logged and registered models as they stand, as batches that make them so.

use trackside_core::{
    Batch, Key, LoggedModelBatch, LoggedModelChange, LoggedModelCreated, LoggedModelId, LoggedModelStatus,
    ModelVersion, ModelVersionChange, NewLoggedModel, NewModelVersion, NewRegisteredModel, PageRequest, Query,
    RegisteredModelBatch, RegisteredModelChange, RegistryEvent, Result, Seq, Stage, Store,
    query::{Compare, Filter, ModelVersionField, Order, Test},
};

/// How many versions to read at once.
const PAGE: usize = 500;

/// A logged model; nothing when it is deleted.
pub(crate) async fn logged_model(store: &dyn Store, id: &LoggedModelId, head: Seq) -> Result<Vec<Batch>> {
    let Some(model) = store.logged_model(id, false).await? else { return Ok(vec![]) };
    let Some(experiment) = store.experiment(model.experiment).await? else { return Ok(vec![]) };
    let changes = match model.status {
        LoggedModelStatus::Pending => vec![],
        status => vec![(LoggedModelChange::Status(status), model.updated_at)],
    };
    let new = NewLoggedModel {
        id: model.id,
        experiment: model.experiment,
        name: model.name,
        created_at: model.created_at,
        artifact_uri: model.artifact_uri,
        model_type: model.model_type,
        source_run: model.source_run,
        tags: model.tags,
        params: model.params,
    };
    let created = Some(LoggedModelCreated { experiment: experiment.name, new });
    Ok(vec![Batch::LoggedModel(LoggedModelBatch { model: id.clone(), created, changes, last: head })])
}

/// A registered model with its versions and aliases; nothing when it is deleted.
pub(crate) async fn registered_model(store: &dyn Store, name: &Key, head: Seq) -> Result<Vec<Batch>> {
    let Some(model) = store.registered_model(name).await? else { return Ok(vec![]) };
    let mut events = vec![RegistryEvent::Created(NewRegisteredModel {
        name: name.clone(),
        created_at: model.created_at,
        description: model.description,
        tags: model.tags,
    })];
    let mut page = PageRequest::first(PAGE);
    loop {
        let equal = Test::Text(Compare::Equal, name.as_str().to_owned());
        let query = Query {
            filter: Filter::Field(ModelVersionField::Model, equal),
            order: vec![Order { field: ModelVersionField::Number, ascending: true }],
            ..Query::default()
        };
        let found = store.search_model_versions(query, page).await?;
        events.extend(found.items.into_iter().flat_map(version));
        let Some(next) = found.next else { break };
        page = PageRequest { after: Some(next), limit: PAGE };
    }
    let aliases = model.aliases.into_iter();
    events.extend(aliases.map(|(alias, number)| {
        RegistryEvent::Changed(RegisteredModelChange::SetAlias(alias, number), model.updated_at)
    }));
    Ok(vec![Batch::RegisteredModel(RegisteredModelBatch { model: name.clone(), events, last: head })])
}

fn version(version: ModelVersion) -> Vec<RegistryEvent> {
    let (number, at, stage) = (version.number, version.updated_at, version.stage);
    let mut events = vec![RegistryEvent::VersionCreated(
        number,
        NewModelVersion {
            model: version.model,
            created_at: version.created_at,
            description: version.description,
            source: version.source,
            storage_location: version.storage_location,
            run: version.run,
            run_link: version.run_link,
            logged_model: None,
            tags: version.tags,
            number: None,
        },
    )];
    if stage != Stage::None {
        events.push(RegistryEvent::VersionChanged(
            number,
            ModelVersionChange::Stage { stage, archive_others: false },
            at,
        ));
    }
    events
}
