//! `/mlflow/datasets/*`.

use axum::{
    Json,
    extract::Path,
    routing::{delete, get, patch, post},
};
use trackside_core::{EvaluationDatasetChange, EvaluationDatasetId, Key};
use trackside_mlflow_wire as wire;
use trackside_service::EvaluationDatasetRequest;

use crate::{Door, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes_v3() -> Routes {
    Routes::new()
        .route("/mlflow/datasets/create", post(create))
        .route("/mlflow/datasets/search", get(search).post(search))
        .route("/mlflow/datasets/{id}", get(by_id).delete(remove))
        .route("/mlflow/datasets/{id}/tags", patch(set_tags))
        .route("/mlflow/datasets/{id}/tags/{key}", delete(delete_tag))
        .route("/mlflow/datasets/{id}/records", get(records).post(upsert_records).delete(delete_records))
        .route("/mlflow/datasets/{id}/experiment-ids", get(experiment_ids))
        .route("/mlflow/datasets/{id}/add-experiments", post(add_experiments))
        .route("/mlflow/datasets/{id}/remove-experiments", post(remove_experiments))
}

async fn create(
    door: Door,
    Params(body): Params<wire::CreateEvaluationDataset>,
) -> Answer<wire::EvaluationDatasetFound> {
    let wire::NewEvaluationDataset { name, experiments, tags, by } = body.checked()?;
    let request = EvaluationDatasetRequest { name, experiments: experiments.clone(), tags, by };
    let created = door.service.create_evaluation_dataset(request).await?;
    Ok(Json(wire::EvaluationDatasetFound::created(created, &experiments)))
}

async fn search(
    door: Door,
    Params(body): Params<wire::SearchEvaluationDatasets>,
) -> Answer<wire::EvaluationDatasetsFound> {
    let wire::EvaluationDatasetSearch { experiments, query, page } = body.checked()?;
    Ok(Json(door.service.search_evaluation_datasets(experiments, query, page).await?.into()))
}

async fn by_id(door: Door, Path(id): Path<String>) -> Answer<wire::EvaluationDatasetFound> {
    Ok(Json(door.service.evaluation_dataset(&EvaluationDatasetId::new(id)).await?.into()))
}

async fn remove(door: Door, Path(id): Path<String>) -> Answer<Empty> {
    change(&door, &EvaluationDatasetId::new(id), EvaluationDatasetChange::Delete).await
}

async fn set_tags(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::SetEvaluationDatasetTags>,
) -> Answer<Empty> {
    let tags = EvaluationDatasetChange::SetTags(body.checked()?);
    change(&door, &EvaluationDatasetId::new(id), tags).await
}

async fn delete_tag(door: Door, Path((id, key)): Path<(String, String)>) -> Answer<Empty> {
    let key = EvaluationDatasetChange::DeleteTag(Key::new(key)?);
    change(&door, &EvaluationDatasetId::new(id), key).await
}

async fn add_experiments(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::EvaluationDatasetExperiments>,
) -> Answer<wire::EvaluationDatasetFound> {
    let id = EvaluationDatasetId::new(id);
    door.service.change_evaluation_dataset(&id, EvaluationDatasetChange::AddExperiments(body.existing()?)).await?;
    Ok(Json(door.service.evaluation_dataset(&id).await?.into()))
}

async fn remove_experiments(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::EvaluationDatasetExperiments>,
) -> Answer<wire::EvaluationDatasetFound> {
    let id = EvaluationDatasetId::new(id);
    door.service.change_evaluation_dataset(&id, EvaluationDatasetChange::RemoveExperiments(body.possible())).await?;
    Ok(Json(door.service.evaluation_dataset(&id).await?.into()))
}

async fn change(door: &Door, id: &EvaluationDatasetId, change: EvaluationDatasetChange) -> Answer<Empty> {
    door.service.change_evaluation_dataset(id, change).await?;
    Ok(Json(Empty {}))
}

async fn experiment_ids(door: Door, Path(id): Path<String>) -> Answer<wire::ExperimentIdsFound> {
    let found = door.service.experiments_of_evaluation_dataset(&EvaluationDatasetId::new(id)).await?;
    Ok(Json(found.into()))
}

async fn records(
    door: Door,
    Path(id): Path<String>,
    Params(query): Params<wire::GetEvaluationRecords>,
) -> Answer<wire::EvaluationRecordsFound> {
    let page = query.checked()?;
    Ok(Json(door.service.evaluation_records(&EvaluationDatasetId::new(id), page).await?.into()))
}

async fn upsert_records(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::UpsertEvaluationRecords>,
) -> Answer<wire::EvaluationRecordsUpserted> {
    let records = body.checked(|| door.service.fresh_record_id())?;
    let upserted = door.service.upsert_evaluation_records(&EvaluationDatasetId::new(id), records).await?;
    Ok(Json(upserted.into()))
}

async fn delete_records(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::DeleteEvaluationRecords>,
) -> Answer<wire::EvaluationRecordsDeleted> {
    let records = body.checked();
    let deleted_count = door.service.delete_evaluation_records(&EvaluationDatasetId::new(id), records).await?;
    Ok(Json(wire::EvaluationRecordsDeleted { deleted_count }))
}
