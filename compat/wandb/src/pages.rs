//! The addresses that clients print, as in "View run at". W&B has pages there; here they lead to those of MLflow's UI.
//!
//! They lead there relative to themselves, so that neither what is in front of this server nor `/wb` matters.

use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use trackside_core::{Error, ErrorKind, Result};
use trackside_wandb_wire::{run_name::ProjectName, run_tag};

use crate::{
    Door,
    artifacts::{Place, Room, Shelf},
    error,
    project::Project,
    runs,
};

/// Paths of pages.
pub(crate) const ROUTES: [&str; 6] = [
    "/{entity}/{project}",
    "/{entity}/{project}/workspace",
    "/{entity}/{project}/runs/{run}",
    "/{entity}/{project}/runs/{run}/{tab}",
    "/{entity}/{project}/sweeps/{sweep}",
    "/{entity}/{project}/artifacts/{kind}/{collection}/{version}",
];

/// What a path names.
#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    entity: String,
    project: String,
    run: Option<String>,
    sweep: Option<String>,
    collection: Option<String>,
    version: Option<String>,
}

pub(crate) async fn show(State(door): State<Door>, Path(address): Path<Address>, request: Request) -> Response {
    match page(&door, &address).await {
        Ok(page) => {
            let up = "../".repeat(request.uri().path().matches('/').count().saturating_sub(1));
            Redirect::temporary(&format!("{up}#{page}")).into_response()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            (StatusCode::NOT_FOUND, error.message().to_owned()).into_response()
        }
        Err(error) => error::Refusal(error).into_response(),
    }
}

/// The page of MLflow's UI.
async fn page(door: &Door, address: &Address) -> Result<String> {
    let service = &door.service;
    let name = ProjectName::new(Some(&address.entity), Some(&address.project));
    if let (Some(collection), Some(version)) = (&address.collection, &address.version) {
        return artifact(door, name, collection, version).await;
    }
    let project = Project::named(service, name).await?;
    let experiment = format!("/experiments/{}", project.experiment.id);
    if let Some(run) = &address.run {
        let run = runs::named(service, &project, run).await?;
        return Ok(format!("{experiment}/runs/{}", run.info.id));
    }
    Ok(match &address.sweep {
        Some(sweep) => {
            let filter = format!("tags.`{}` = '{}'", run_tag::SWEEP, sweep.replace('\'', ""));
            format!("{experiment}/runs?searchFilter={}", utf8_percent_encode(&filter, NON_ALPHANUMERIC))
        }
        None => experiment,
    })
}

/// The files of a version among those of the run that logged it.
async fn artifact(door: &Door, name: ProjectName, collection: &str, version: &str) -> Result<String> {
    let service = &door.service;
    let missing = || Error::not_found(format!("there is no artifact {collection}:{version}"));
    let room = Room::find(service, name).await?.ok_or_else(missing)?;
    let shelf = Shelf::find(service, &room, collection).await?.ok_or_else(missing)?;
    let place = Place::named(service, &shelf, version).await?.ok_or_else(missing)?;
    if let Room::Registry(_) = room {
        let model = utf8_percent_encode(shelf.name(), NON_ALPHANUMERIC);
        return Ok(format!("/models/{model}/versions/{}", place.number.saturating_add(1)));
    }
    let run = place.bundle().and_then(|bundle| bundle.run.clone()).ok_or_else(missing)?;
    let run = service.run(&run).await?;
    Ok(format!("/experiments/{}/runs/{}/artifacts", run.info.experiment, run.info.id))
}
