//! `POST /graphql`: a query's fields at the top one after the other, each by the call that REST makes for it.

use std::collections::HashMap;

use axum::{
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};
use http::header::CONTENT_TYPE;
use trackside_mlflow_wire::{
    self as wire, experiment_id,
    graphql::{self, Call, Found, GraphqlRequest, Refused, Related, RelatedRun},
};

use crate::{Door, error::MlflowError, params::Params};

/// Runs whose model versions are looked for at once: far from the most values that a statement takes.
const RUNS_AT_ONCE: usize = 500;

/// What answers `/graphql`, for those who share that path.
pub fn graphql(door: &Door) -> MethodRouter {
    post(answer).with_state(door.clone())
}

async fn answer(door: Door, Params(request): Params<GraphqlRequest>) -> Result<Response, MlflowError> {
    let plan = match request.plan() {
        Ok(plan) => plan,
        Err(Refused::Malformed(failure)) => return Err(failure.into()),
        Err(Refused::Invalid(why)) => return Ok(json(graphql::refusal(why))),
    };
    let mut found = Vec::with_capacity(plan.calls.len());
    for call in plan.calls {
        found.push(find(&door, call).await.map_err(MlflowError::logged));
    }
    Ok(json(plan.shape.to_json(found)))
}

async fn find(door: &Door, call: Call) -> Result<Found, MlflowError> {
    let service = &door.service;
    Ok(match call {
        Call::Experiment(request) => {
            let experiment = service.experiment(request.checked()?).await?.into();
            Found::answer(&wire::ExperimentFound { experiment })
        }
        Call::Run(request, related) => {
            let run = service.run(&request.checked()?).await?.into();
            Found::Run(Box::new(relate(door, vec![run], related).await?.remove(0)))
        }
        Call::Runs(request, related) => {
            let (experiments, query, page) = request.checked()?;
            let page: wire::RunsFound = service.search_runs(experiments, query, page).await?.into();
            Found::Runs(relate(door, page.runs, related).await?, page.next_page_token)
        }
        Call::History(request) => {
            let (key, queries) = request.checked()?;
            Found::Points(key, service.samples(queries).await?)
        }
        Call::Artifacts(request) => {
            let (run, directory) = request.checked()?;
            let (root, entries) = service.list_run_artifacts(&run, &directory).await?;
            Found::answer(&wire::ArtifactsFound::below(root, entries))
        }
        Call::ModelVersions(request) => {
            let (query, page) = request.checked()?;
            Found::answer(&wire::ModelVersionsFound::from(service.search_model_versions(query, page).await?))
        }
        Call::Datasets(request) => {
            let found = service.search_datasets(request.checked()?, wire::MAX_DATASET_SUMMARIES).await?;
            Found::answer(&wire::DatasetsFound::from(found))
        }
        Call::Echo(text) => Found::echo(&text),
        Call::Nothing => Found::Nothing,
    })
}

/// Runs with their experiments and model versions, where those are asked for.
async fn relate(door: &Door, runs: Vec<wire::Run>, related: Related) -> Result<Vec<RelatedRun>, MlflowError> {
    let mut experiments: HashMap<String, wire::Experiment> = HashMap::new();
    let mut versions: HashMap<String, Vec<wire::ModelVersion>> = HashMap::new();
    if related.experiment {
        for run in &runs {
            let id = &run.info.experiment_id;
            if !experiments.contains_key(id) {
                experiments.insert(id.clone(), door.service.experiment(experiment_id(id)?).await?.into());
            }
        }
    }
    if related.model_versions {
        for some in runs.chunks(RUNS_AT_ONCE) {
            for version in versions_of(door, some).await? {
                versions.entry(version.run_id.clone()).or_default().push(version);
            }
        }
    }
    let relate = |run: wire::Run| RelatedRun {
        experiment: experiments.get(&run.info.experiment_id).cloned(),
        model_versions: versions.remove(&run.info.run_id).unwrap_or_default(),
        run,
    };
    Ok(runs.into_iter().map(relate).collect())
}

async fn versions_of(door: &Door, runs: &[wire::Run]) -> Result<Vec<wire::ModelVersion>, MlflowError> {
    // An id of a run has no quotes in it.
    let ids: Vec<_> = runs.iter().map(|run| format!("'{}'", run.info.run_id)).collect();
    let filter = Some(format!("run_id IN ({})", ids.join(",")));
    let (query, page) = wire::SearchModelVersions { filter, ..Default::default() }.checked()?;
    Ok(wire::ModelVersionsFound::from(door.service.search_model_versions(query, page).await?).model_versions)
}

fn json(bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/json")], bytes).into_response()
}
