//! The door as TensorBoard knocks: gRPC bytes in, gRPC bytes and trailers out.

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use prost::Message;
use tempfile::TempDir;
use tower::ServiceExt;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::{ArtifactStore, Artifacts};
use trackside_compat_tensorboard::router;
use trackside_core::{Event, RunId, RunStatus, RunUpdate, Store};
use trackside_service::{Parts, Service};
use trackside_tensorboard_wire::{
    Content, HParamsPluginData, PlainValue, SessionStatus,
    data_provider::{
        Downsample, GetExperimentRequest, GetExperimentResponse, ListPluginsResponse, ListResponse, ListRunsResponse,
        Names, PluginFilter, ReadBlobRequest, ReadScalarsResponse, ReadTensorsResponse, RunTagFilter, SERVICE,
        SeriesRequest,
    },
};
use trackside_testkit::{
    ManualClock, MemoryHooks, SequentialIds,
    fixture::{at, new_experiment, new_run, params, point, points, tags},
};

struct Door {
    router: Router,
    store: Arc<SqliteStore>,
    _files: TempDir,
}

impl Door {
    async fn open() -> Self {
        let files = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap());
        let parts = Parts {
            store: store.clone(),
            log: None,
            artifacts: Artifacts::proxied(ArtifactStore::local(files.path()).unwrap()),
            hooks: Arc::new(MemoryHooks::default()),
            news: None,
            artifact_root: "mem:/base".to_owned(),
            clock: Arc::new(ManualClock::at(1_000)),
            ids: Arc::new(SequentialIds::default()),
        };
        let router = router(Service::start(parts).await.unwrap());
        Self { router, store, _files: files }
    }

    /// Run number `n` of a new experiment of that name, with these events.
    async fn run(&self, experiment: &str, n: u128, events: Vec<Event>) {
        let store: &dyn Store = self.store.as_ref();
        let known = store.experiment_by_name(experiment).await.unwrap();
        let experiment = match known {
            Some(experiment) => experiment.id,
            None => store.create_experiment(new_experiment(experiment)).await.unwrap().id,
        };
        store.create_run(new_run(experiment, n)).await.unwrap();
        store.append(&RunId::fresh(n), events).await.unwrap();
    }

    /// The answer, or the number and text of the status.
    async fn call<A: Message + Default>(&self, method: &str, message: &impl Message) -> Result<A, (String, String)> {
        let message = message.encode_to_vec();
        let prefix = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes()].concat();
        let request = Request::post(format!("{SERVICE}{method}")).body(Body::from([prefix, message].concat())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let text = |headers: &HeaderMap, name: &str| {
            headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        if response.headers().contains_key("grpc-status") {
            return Err((text(response.headers(), "grpc-status"), text(response.headers(), "grpc-message")));
        }
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        Ok(A::decode(&body.to_bytes()[5..]).unwrap())
    }

    async fn names(&self, experiment: &str) -> Vec<String> {
        let runs: ListRunsResponse = self.call("ListRuns", &in_experiment(experiment)).await.unwrap();
        let mut names: Vec<String> = runs.runs.into_iter().map(|run| run.name).collect();
        names.sort();
        names
    }
}

fn in_experiment(id: &str) -> GetExperimentRequest {
    GetExperimentRequest { experiment_id: id.to_owned() }
}

fn series(plugin: &str, n_points: i64) -> SeriesRequest {
    SeriesRequest {
        experiment_id: String::new(),
        plugin_filter: Some(PluginFilter { plugin_name: plugin.to_owned() }),
        run_tag_filter: None,
        downsample: Some(Downsample { num_points: n_points }),
    }
}

#[tokio::test]
async fn an_address_is_an_experiment_or_all_of_them() {
    let door = Door::open().await;
    door.run("vision", 1 << 96, vec![]).await;
    door.run("speech", 2 << 96, vec![]).await;
    let (one, two) = (1_u128 << 96, 2_u128 << 96);
    assert_eq!(door.names("vision").await, [format!("run-{one}-00000001")]);
    assert_eq!(door.names("2").await, [format!("run-{two}-00000002")]);
    let all = [format!("speech/run-{two}-00000002"), format!("vision/run-{one}-00000001")];
    assert_eq!(door.names("").await, all);
    let vision: GetExperimentResponse = door.call("GetExperiment", &in_experiment("1")).await.unwrap();
    assert_eq!((vision.name.as_str(), vision.creation_time.unwrap().seconds), ("vision", 1));
    for unknown in ["99", "nothing"] {
        let refused = door.call::<GetExperimentResponse>("GetExperiment", &in_experiment(unknown)).await;
        assert_eq!(refused.unwrap_err().0, "5", "{unknown}");
    }
}

#[tokio::test]
async fn runs_that_would_be_called_alike_have_their_whole_ids() {
    let door = Door::open().await;
    let store: &dyn Store = door.store.as_ref();
    for n in [1, 2] {
        let run =
            trackside_core::NewRun { name: "run".to_owned(), ..new_run(trackside_core::ExperimentId::DEFAULT, n) };
        store.create_run(run).await.unwrap();
    }
    assert_eq!(door.names("0").await, [format!("run.{:032x}", 1), format!("run.{:032x}", 2)]);
}

#[tokio::test]
async fn scalars_are_listed_and_read_as_far_as_asked_for() {
    let door = Door::open().await;
    let loss: Vec<_> = (0..100).map(|step| point(step, 1_000 + step, 0.5)).collect();
    let events = vec![points("loss", &loss), points("acc", &[point(7, 2_500, f64::NAN)])];
    door.run("e", 1, events).await;
    let list: ListResponse = door.call("ListScalars", &series("scalars", 0)).await.unwrap();
    let listed = |tag: usize| {
        let tag = &list.runs[0].tags[tag];
        let series = tag.metadata.as_ref().unwrap();
        assert_eq!(series.summary_metadata.as_ref().unwrap().plugin(), "scalars");
        (tag.tag_name.as_str(), series.max_step, series.max_wall_time)
    };
    assert_eq!((listed(0), listed(1)), (("acc", 7, 2.5), ("loss", 99, 1.099)));

    for (asked, first, n) in [(0, None, 0), (1, Some(99), 1), (10, Some(0), 10), (1_000, Some(0), 100)] {
        let mut request = series("scalars", asked);
        let names = |name: &str| Some(Names { names: vec![name.to_owned()] });
        request.run_tag_filter = Some(RunTagFilter { runs: names("e/run-1-00000000"), tags: names("loss") });
        let read: ReadScalarsResponse = door.call("ReadScalars", &request).await.unwrap();
        let [run] = &read.runs[..] else { panic!("one run: {read:?}") };
        let [tag] = &run.tags[..] else { panic!("one tag: {run:?}") };
        let data = tag.data.as_ref().unwrap();
        assert_eq!((data.step.len(), data.wall_time.len(), data.value.len()), (n, n, n));
        assert_eq!(data.step.first().copied(), first);
        assert!(n == 0 || data.step.last() == Some(&99), "the last point is always there");
    }
    let nothing: ReadScalarsResponse = door.call("ReadScalars", &series("images", 1)).await.unwrap();
    assert_eq!(nothing, ReadScalarsResponse::default());
}

#[tokio::test]
async fn the_last_point_has_a_step_that_the_hparams_tab_can_bear() {
    let door = Door::open().await;
    door.run("e", 1, vec![points("tokens", &[point(1 << 40, 1_000, 0.5)])]).await;
    for (asked, step) in [(1, i64::from(i32::MAX)), (2, 1 << 40)] {
        let read: ReadScalarsResponse = door.call("ReadScalars", &series("scalars", asked)).await.unwrap();
        assert_eq!(read.runs[0].tags[0].data.as_ref().unwrap().step, [step]);
    }
}

#[tokio::test]
async fn the_session_of_a_run_has_all_params_however_late() {
    let door = Door::open().await;
    let finished = RunUpdate { status: Some(RunStatus::Finished), ended_at: Some(at(9_000)), name: None };
    let events = vec![points("loss", &[point(1, 1, 1.0)]), params(&[("late", "0.5")]), Event::Updated(finished)];
    door.run("e", 1, events).await;
    door.run("e", 2, vec![]).await;
    let list: ListResponse = door.call("ListTensors", &series("hparams", 0)).await.unwrap();
    let session = |name: &str| {
        let run = list.runs.iter().find(|run| run.run_name == name).unwrap();
        let metadata = run.tags.iter().map(|tag| tag.metadata.as_ref().unwrap().summary_metadata.as_ref().unwrap());
        let contents: Vec<_> = metadata.map(|metadata| HParamsPluginData::read(metadata).unwrap()).collect();
        let [Content::Start(start), Content::End(end)] = &contents[..] else { panic!("{contents:?}") };
        (start.hparams.get("late").and_then(|value| value.value.clone()), end.status(), end.end_time_secs)
    };
    let late = Some(PlainValue::Number(0.5));
    assert_eq!(session("e/run-1-00000000"), (late, SessionStatus::Success, 9.0));
    assert_eq!(session("e/run-2-00000000"), (None, SessionStatus::Running, 0.0));
}

#[tokio::test]
async fn texts_show_what_has_no_other_place() {
    let door = Door::open().await;
    door.run("e", 1, vec![tags(&[("mlflow.note.content", "# Note"), ("team", "red")])]).await;
    let read: ReadTensorsResponse = door.call("ReadTensors", &series("text", 100)).await.unwrap();
    let texts: Vec<(&str, String)> = read.runs[0]
        .tags
        .iter()
        .map(|tag| {
            let text = tag.data.as_ref().unwrap().value[0].string_val[0].clone();
            (tag.tag_name.as_str(), String::from_utf8(text).unwrap())
        })
        .collect();
    assert_eq!(texts[0].0, "run/info");
    assert_eq!(texts[1], ("run/note", "# Note".to_owned()));
    assert_eq!(texts[2], ("run/tags", "| key | value |\n|---|---|\n| team | red |".to_owned()));
    let list: ListResponse = door.call("ListTensors", &series("text", 0)).await.unwrap();
    assert_eq!(list.runs[0].tags.len(), texts.len());
}

#[tokio::test]
async fn what_is_not_there_or_not_said_is_told() {
    let door = Door::open().await;
    let plugins: ListPluginsResponse = door.call("ListPlugins", &in_experiment("")).await.unwrap();
    assert!(plugins.plugins.iter().any(|plugin| plugin.name == "hparams"));
    let blob = ReadBlobRequest { blob_key: "k".to_owned() };
    assert_eq!(door.call::<ListResponse>("ReadBlob", &blob).await.unwrap_err().0, "5");
    assert_eq!(door.call::<ListResponse>("ListBlobSequences", &series("images", 0)).await, Ok(ListResponse::default()));
    let unsaid = SeriesRequest::default();
    assert_eq!(door.call::<ListResponse>("ListScalars", &unsaid).await.unwrap_err().0, "3");
    assert_eq!(door.call::<ListResponse>("ReadScalars", &series("scalars", -1)).await.unwrap_err().0, "3");
    assert_eq!(door.call::<ListResponse>("Unheard", &unsaid).await.unwrap_err().0, "12");
}
