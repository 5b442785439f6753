//! Model versions that point at runs and logged models, as MLflow's own clients register them.

use std::sync::Arc;

use trackside_core::{
    Batch, ExperimentId, LoggedModelBatch, LoggedModelCreated, LoggedModelId, NewModelVersion, RegisteredModelBatch,
    RegisteredModelChange, RegistryEvent, RunBatch, RunId, RunStarted, Seq, TrackerInterface,
};
use trackside_testkit::{
    Inspect, MemoryArtifacts,
    fixture::{at, key, new_logged_model, new_model_version, new_registered_model, tag_list},
};

use crate::{peer::text, tracker_of};

fn registered(events: Vec<RegistryEvent>) -> Batch {
    Batch::RegisteredModel(RegisteredModelBatch { model: key("m"), events, last: Seq(9) })
}

fn run(n: u128) -> Batch {
    let started = RunStarted {
        experiment: key("e"),
        name: "n".to_owned(),
        user: String::new(),
        started_at: at(1),
        tags: Vec::new(),
    };
    Batch::Run(RunBatch { run: RunId::fresh(n), started: Some(started), events: vec![], last: Seq(1) })
}

#[tokio::test]
async fn sources_point_at_the_servers_run_and_model() {
    let (tracker, peer) = tracker_of(Arc::new(MemoryArtifacts::new()));
    let (ours, model) = (RunId::fresh(1), LoggedModelId::fresh(1));
    tracker.deliver(&run(1), None).await.unwrap();
    let new =
        trackside_core::NewLoggedModel { source_run: Some(ours.clone()), ..new_logged_model(ExperimentId::DEFAULT, 1) };
    let created = Some(LoggedModelCreated { experiment: key("e"), new });
    let logged = LoggedModelBatch { model: model.clone(), created, changes: vec![], last: Seq(1) };
    tracker.deliver(&Batch::LoggedModel(logged), None).await.unwrap();
    let version = |number, source: String, logged_model| {
        let new = NewModelVersion { source, run: Some(ours.clone()), logged_model, ..new_model_version("m") };
        RegistryEvent::VersionCreated(number, new)
    };
    let batch = registered(vec![
        RegistryEvent::Created(new_registered_model("m")),
        version(1, format!("runs:/{ours}/a/b"), None),
        version(2, format!("mlflow-artifacts:/7/{ours}/artifacts/a"), None),
        version(3, format!("models:/{model}"), Some(model.clone())),
    ]);
    tracker.deliver(&batch, None).await.unwrap();
    tracker.deliver(&batch, None).await.unwrap();

    let theirs = peer.found().await.remove(0);
    let theirs = (text(&theirs["info"]["run_id"]), text(&theirs["info"]["artifact_uri"]));
    let models = peer.registered_models().await;
    let sources: Vec<_> = models[0].versions.values().map(|version| version.source.as_str()).collect();
    assert_eq!(sources[..2], [format!("runs:/{}/a/b", theirs.0), format!("{}/a", theirs.1)]);
    assert!(sources[2].starts_with("models:/m-") && sources[2] != format!("models:/{model}"), "{}", sources[2]);
    assert!(models[0].versions.values().all(|version| version.run.as_ref() == Some(&ours)), "{models:?}");
}

#[tokio::test]
async fn prompts_and_their_versions_arrive_once() {
    let (tracker, peer) = tracker_of(Arc::new(MemoryArtifacts::new()));
    let marked = tag_list(&[("mlflow.prompt.is_prompt", "true")]);
    let text = tag_list(&[("mlflow.prompt.is_prompt", "true"), ("mlflow.prompt.text", "Say {{it}}")]);
    let version = NewModelVersion { source: "dummy-source".to_owned(), tags: text, ..new_model_version("m") };
    // Number 2, as when the first one is gone at the source: the numbers differ.
    let batch = registered(vec![
        RegistryEvent::Created(trackside_core::NewRegisteredModel { tags: marked, ..new_registered_model("m") }),
        RegistryEvent::VersionCreated(2, version),
        RegistryEvent::Changed(RegisteredModelChange::SetAlias(key("best"), 2), at(1)),
    ]);
    for _ in 0..3 {
        tracker.deliver(&batch, None).await.unwrap();
    }
    let name = peer.name("m");
    let found = peer.get("registered-models/alias", &[("name", &name), ("alias", "best")]).await.unwrap();
    assert_eq!(found["model_version"]["version"], "1");
    let second = peer.get("model-versions/get", &[("name", &name), ("version", "2")]).await;
    assert!(second.is_err(), "a second version was created: {second:?}");
}
