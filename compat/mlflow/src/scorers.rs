//! `/mlflow/scorers/*`.

use axum::{
    Json,
    routing::{delete, get, post, put},
};
use trackside_core::{ScorerChange, WhichVersions, fault};
use trackside_mlflow_wire::{self as wire, ListedScorers, which_versions};

use crate::{Door, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes_v3() -> Routes {
    Routes::new()
        .route("/mlflow/scorers/register", post(register))
        .route("/mlflow/scorers/list", get(list))
        .route("/mlflow/scorers/versions", get(versions))
        .route("/mlflow/scorers/get", get(version))
        .route("/mlflow/scorers/delete", delete(remove))
        .route("/mlflow/scorers/online-config", put(schedule))
        .route("/mlflow/scorers/online-configs", get(schedules))
}

async fn register(door: Door, Params(body): Params<wire::RegisterScorer>) -> Answer<wire::ScorerRegistered> {
    let (experiment, name, definition) = body.checked(door.rules.custom_scorers)?;
    Ok(Json(door.service.create_scorer_version(experiment, name, definition).await?.into()))
}

async fn list(door: Door, Params(query): Params<wire::ListScorers>) -> Answer<wire::ScorersFound> {
    let found = match query.checked()? {
        ListedScorers::Of(experiment) => door.service.scorers_of(experiment).await?,
        ListedScorers::Among(experiments) => door.service.latest_scorers(Some(experiments)).await?,
        ListedScorers::All => door.service.latest_scorers(None).await?,
    };
    Ok(Json(found.into()))
}

async fn versions(door: Door, Params(query): Params<wire::ScorerByName>) -> Answer<wire::ScorersFound> {
    let (experiment, name, _) = query.checked()?;
    Ok(Json(door.service.scorer_versions(experiment, &name, WhichVersions::All).await?.into()))
}

async fn version(door: Door, Params(query): Params<wire::ScorerByName>) -> Answer<wire::ScorerFound> {
    let (experiment, name, number) = query.checked()?;
    let found = door.service.scorer_versions(experiment, &name, which_versions(number)).await?.pop();
    let scorer = found.ok_or_else(|| fault::scorer_not_found(experiment, &name))?.into();
    Ok(Json(wire::ScorerFound { scorer }))
}

async fn remove(door: Door, Params(body): Params<wire::ScorerByName>) -> Answer<Empty> {
    let (experiment, name, number) = body.checked()?;
    let change = number.map_or(ScorerChange::Delete, ScorerChange::DeleteVersion);
    door.service.change_scorer(experiment, &name, change).await?;
    Ok(Json(Empty {}))
}

async fn schedule(door: Door, Params(body): Params<wire::SetOnlineScoring>) -> Answer<wire::OnlineScoringSet> {
    let request = body.checked()?;
    let refused = (request.sample_rate > 0.0).then(|| request.refused());
    if let Some(refused) = refused {
        door.service.scorer_versions(request.experiment, &request.name, WhichVersions::Latest).await?;
        return Err(refused.into());
    }
    let wire::OnlineScoringRequest { experiment, name, sample_rate, filter } = request;
    let set = door.service.schedule_scorer(experiment, &name, sample_rate, filter).await?;
    Ok(Json(wire::OnlineScoringSet { config: set.into() }))
}

async fn schedules(door: Door, Params(query): Params<wire::GetOnlineScoring>) -> Answer<wire::OnlineScoringFound> {
    Ok(Json(door.service.scorer_schedules(query.checked()?).await?.into()))
}
