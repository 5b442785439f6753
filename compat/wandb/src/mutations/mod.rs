//! What changes something: a file per call.

mod agent;
mod alert;
mod artifact_aliases;
mod artifact_collection;
mod artifact_files;
mod artifact_manifest;
mod collection_tags;
mod commit_artifact;
mod create_artifact;
mod create_run_files;
mod delete_artifact;
mod delete_files;
mod delete_run;
mod link_artifact;
mod run_state;
mod update_artifact;
mod upsert_bucket;
mod upsert_model;
mod upsert_sweep;
mod use_artifact;

use async_trait::async_trait;
use serde_json::{Value, json};
use trackside_core::{Error, ErrorKind, Result};
use trackside_wandb_wire::executor::{Arguments, Node, Object};

use crate::caller::Caller;

/// Where ids of collections stand.
const SEQUENCE: &str = "artifactSequenceID";
const PORTFOLIO: &str = "artifactPortfolioID";

/// The root of mutations.
#[derive(Debug)]
pub(crate) struct Mutations(pub(crate) Caller);

#[async_trait]
impl Object for Mutations {
    fn type_name(&self) -> &'static str {
        "Mutation"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let (caller, input) = (&self.0, &arguments.input("input"));
        Ok(match name {
            "upsertBucket" => upsert_bucket::answer(caller, input).await?,
            "upsertModel" => upsert_model::answer(caller, input).await?,
            "createRunFiles" => create_run_files::answer(caller, input).await?,
            // A file is there, and everybody told of it, once its bytes are.
            "markRunFilesUploaded" => success().into(),
            "deleteFiles" => delete_files::answer(caller, input).await?,
            "notifyScriptableRunAlert" => alert::answer(caller, input).await?,
            "stopRun" => run_state::stop(caller, input).await?,
            "updateRunState" => run_state::update(caller, input).await?,
            "deleteRun" => delete_run::answer(caller, input).await?,
            "rewindRun" => return Err(rewind()),
            "upsertSweep" => upsert_sweep::answer(caller, input).await?,
            "createAgent" => agent::create(caller, input).await?,
            "agentHeartbeat" => agent::heartbeat(caller, input).await?,
            "createArtifact" => create_artifact::answer(caller, input).await?,
            "createArtifactManifest" => artifact_manifest::create(caller, input).await?,
            "updateArtifactManifest" => artifact_manifest::update(caller, input).await?,
            "createArtifactFiles" => artifact_files::answer(caller, input).await?,
            "commitArtifact" => commit_artifact::answer(caller, input).await?,
            "useArtifact" => use_artifact::answer(caller, input).await?,
            "linkArtifact" => link_artifact::link(caller, input).await?,
            "unlinkArtifact" => link_artifact::unlink(caller, input).await?,
            "updateArtifact" => update_artifact::answer(caller, input).await?,
            "addAliases" => artifact_aliases::add(caller, input).await?,
            "deleteAliases" => artifact_aliases::delete(caller, input).await?,
            "deleteArtifact" => delete_artifact::answer(caller, input).await?,
            "updateArtifactSequence" => artifact_collection::update(caller, input, SEQUENCE).await?,
            "updateArtifactPortfolio" => artifact_collection::update(caller, input, PORTFOLIO).await?,
            "moveArtifactSequence" => artifact_collection::retype(caller, input, SEQUENCE).await?,
            "createArtifactCollectionTagAssignments" => collection_tags::add(caller, input).await?,
            "deleteArtifactCollectionTagAssignments" => collection_tags::delete(caller, input).await?,
            "deleteArtifactSequence" => artifact_collection::delete(caller, input, SEQUENCE).await?,
            "deleteArtifactPortfolio" => artifact_collection::delete(caller, input, PORTFOLIO).await?,
            _ => Node::Unknown,
        })
    }
}

fn success() -> Value {
    json!({ "success": true })
}

/// Points cannot be taken back, as MLflow's clients rely on.
fn rewind() -> Error {
    let why = "this server keeps what was logged: a run cannot be rewound; use fork_from instead of resume_from";
    Error::new(ErrorKind::Unsupported, why)
}
