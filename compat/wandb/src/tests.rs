//! What only the crate itself can see: that the schema is served, and that silent runs end.

use std::sync::Arc;

use http::Uri;
use serde_json::{Map, json};
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::Artifacts;
use trackside_core::{RunStatus, Timestamp};
use trackside_service::{ArtifactStore, Parts, Service};
use trackside_testkit::{ManualClock, MemoryHooks, SequentialIds};
use trackside_wandb_wire::{
    executor::{Arguments, Node, Object},
    run_tag,
    schema::Schema,
};

use crate::{Door, caller::Caller, mutations::Mutations, objects::Queries, pulse::PATIENCE_MS};

async fn caller() -> (Caller, Arc<ManualClock>, TempDir) {
    let files = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at(1_000));
    let parts = Parts {
        store: Arc::new(SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap()),
        log: None,
        artifacts: Artifacts::proxied(ArtifactStore::local(&files.path().join("artifacts")).unwrap()),
        hooks: Arc::new(MemoryHooks::default()),
        news: None,
        artifact_root: "mlflow-artifacts:".to_owned(),
        clock: clock.clone(),
        ids: Arc::new(SequentialIds::default()),
    };
    let door = Door::open(Service::start(parts).await.unwrap(), 1, true).await.unwrap();
    let (parts, ()) = http::Request::new(()).into_parts();
    (Caller::new(door, None, &parts, &Uri::from_static("/graphql"), "/graphql"), clock, files)
}

fn arguments(values: &serde_json::Value) -> Arguments {
    let values: Map<_, _> = values.as_object().unwrap().clone();
    Arguments::new(values)
}

/// Begins run `r` of the project `p`.
async fn begin(caller: &Caller) -> trackside_core::Run {
    let input = json!({ "input": { "name": "r", "modelName": "p" } });
    Mutations(caller.clone()).field("upsertBucket", &arguments(&input)).await.unwrap();
    let experiment = caller.door.service.experiment_by_name("p").await.unwrap().unwrap();
    let id = trackside_wandb_wire::run_name::run_id(experiment.id, "r").unwrap();
    caller.door.service.run(&id).await.unwrap()
}

/// Every field that the schema gives a type is one that the object knows. One that needs arguments may fail for want of them.
async fn serves(type_name: &str, node: &Node) {
    for field in Schema::served().fields(type_name).expect(type_name) {
        let known = match node {
            Node::Object(object) => {
                assert_eq!(object.type_name(), type_name);
                !matches!(object.field(&field.name, &Arguments::default()).await, Ok(Node::Unknown))
            }
            Node::Data(data) => data.get(&field.name).is_some(),
            other => panic!("{type_name} is {other:?}"),
        };
        assert!(known, "{type_name}.{} is told of and not served", field.name);
    }
}

#[tokio::test]
async fn what_the_schema_tells_of_is_served() {
    let (caller, _, _files) = caller().await;
    begin(&caller).await;
    let queries = Arc::new(Queries(caller.clone()));
    serves("Query", &Node::Object(queries.clone())).await;
    serves("Mutation", &Node::object(Mutations(caller.clone()))).await;
    for (field, type_name) in
        [("viewer", "User"), ("serverInfo", "ServerInfo"), ("entity", "Entity"), ("organization", "Organization")]
    {
        serves(type_name, &queries.field(field, &Arguments::default()).await.unwrap()).await;
    }
    let project = queries.field("project", &arguments(&json!({ "name": "p" }))).await.unwrap();
    serves("Project", &project).await;
    let Node::Object(project) = project else { panic!("a project is an object") };
    serves("Run", &project.field("run", &arguments(&json!({ "name": "r" }))).await.unwrap()).await;
}

#[tokio::test]
async fn a_run_that_falls_silent_has_crashed() {
    let (caller, clock, _files) = caller().await;
    let (door, run) = (&caller.door, begin(&caller).await);
    clock.advance(PATIENCE_MS);
    door.pulse.end_silent(&door.service).await;
    assert_eq!(door.service.run(&run.info.id).await.unwrap().info.status, RunStatus::Running);
    clock.advance(1);
    door.pulse.end_silent(&door.service).await;
    let crashed = door.service.run(&run.info.id).await.unwrap();
    assert_eq!((crashed.info.status, run_tag::state(&crashed)), (RunStatus::Failed, run_tag::CRASHED));
    assert_eq!(crashed.info.ended_at, Some(Timestamp::from_millis(1_000)), "it ended when it was last heard of");
}

#[tokio::test]
async fn runs_that_went_on_before_a_restart_are_given_their_time_anew() {
    let (caller, clock, _files) = caller().await;
    let (door, run) = (&caller.door, begin(&caller).await);
    door.pulse.ended(&run.info.id);
    clock.advance(PATIENCE_MS * 3);
    door.pulse.recall(&door.service).await.unwrap();
    door.pulse.end_silent(&door.service).await;
    assert_eq!(door.service.run(&run.info.id).await.unwrap().info.status, RunStatus::Running);
    clock.advance(PATIENCE_MS + 1);
    door.pulse.end_silent(&door.service).await;
    assert_eq!(door.service.run(&run.info.id).await.unwrap().info.status, RunStatus::Failed);
}
