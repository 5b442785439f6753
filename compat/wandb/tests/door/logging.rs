//! What a client sends, and what everybody sees of it.

use serde_json::{Value, json};
use trackside_core::{RunStatus, Timestamp};

use super::server::{START, Server, UPSERT, latest, told};

fn history(offset: u64, lines: &[&str]) -> Value {
    json!({ "files": { "wandb-history.jsonl": { "offset": offset, "content": lines } } })
}

#[tokio::test]
async fn a_run_begins_once_and_changes_by_what_is_given() {
    let server = Server::start().await;
    let config = r#"{"lr": {"value": 0.1}, "opt": {"value": {"name": "sgd"}}, "_wandb": {"value": {"t": {}}}}"#;
    let first = server
        .upsert("r", json!({ "displayName": "label", "groupName": "g", "tags": ["a"], "notes": "n", "config": config }))
        .await;
    assert_eq!(first["inserted"], true);
    assert_eq!(first["bucket"]["project"]["entity"]["name"], "local");
    assert_eq!((&first["bucket"]["name"], &first["bucket"]["displayName"]), (&json!("r"), &json!("label")));

    let changed = r#"{"lr": {"value": 0.2}, "new": {"value": [1]}}"#;
    let second = server.upsert("r", json!({ "config": changed, "jobType": "train" })).await;
    assert_eq!((&second["inserted"], &second["bucket"]["id"]), (&json!(false), &first["bucket"]["id"]));
    let run = server.stored("r").await;
    assert_eq!(told(&run.params), ["lr=0.2", "new=[1]", "opt.name=sgd"]);
    let expected =
        ["mlflow.note.content=n", "wandb.group=g", "wandb.job_type=train", "wandb.run_id=r", "wandb.tags=[\"a\"]"];
    assert_eq!(told(&run.tags), expected);
    assert_eq!((run.info.name.as_str(), run.info.status), ("label", RunStatus::Running));
    assert_eq!(run.info.started_at, Timestamp::from_millis(START));
    // Named by the server, for nobody else did.
    assert!(!server.upsert("other", json!({})).await["bucket"]["displayName"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn entities_are_part_of_the_name_of_an_experiment() {
    let server = Server::start().await;
    for (entity, project, experiment) in [("team", "p", "team/p"), ("", "q", "q"), ("local", "", "uncategorized")] {
        let bucket = server.upsert("r", json!({ "entityName": entity, "modelName": project })).await["bucket"].take();
        assert!(server.service.experiment_by_name(experiment).await.unwrap().is_some(), "{experiment}");
        let name = if entity.is_empty() { "local" } else { entity };
        assert_eq!(bucket["project"]["entity"]["name"], name);
    }
}

#[tokio::test]
async fn rows_are_points_for_everybody_else() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let rows = [
        r#"{"_step":0,"_timestamp":1.5,"_runtime":1,"loss":1,"deep":{"acc":0.5},"s":"x"}"#,
        r#"{"_step":1,"_timestamp":2.5,"loss":NaN,"ok":true}"#,
    ];
    let events = r#"{"_wandb":true,"_timestamp":3,"system.cpu":40}"#;
    let body = json!({ "files": {
        "wandb-history.jsonl": { "offset": 0, "content": rows },
        "wandb-events.jsonl": { "offset": 0, "content": [events] },
        "wandb-summary.json": { "offset": 0, "content": [r#"{"_step":1,"_timestamp":2.5,"loss":NaN,"best":{"max":9}}"#] },
        "output.log": { "offset": 0, "content": ["one\n", "two"] },
        "unheard-of": { "offset": 0, "content": ["x"] },
    } });
    for _ in 0..2 {
        // A request that is sent again changes nothing.
        assert_eq!(server.streamed("r", body.clone()).await, json!({}));
        let run = server.stored("r").await;
        // What only the summary says may be of a row that is still to come.
        assert_eq!(latest(&run), ["deep.acc=0.5@0", "loss=NaN@1", "ok=1@1", "system/cpu=40@0"]);
        let counts = server.run("r", "historyLineCount eventsLineCount logLineCount").await;
        assert_eq!(counts, json!({ "historyLineCount": 2, "eventsLineCount": 1, "logLineCount": 2 }));
    }
    // In the end there is none, also when the summary came before.
    for _ in 0..2 {
        server.streamed("r", json!({ "complete": true, "exitcode": 0 })).await;
        let run = server.stored("r").await;
        assert_eq!(latest(&run), ["best.max=9@1", "deep.acc=0.5@0", "loss=NaN@1", "ok=1@1", "system/cpu=40@0"]);
    }
    // The console rewrites what it wrote.
    server.streamed("r", json!({ "files": { "output.log": { "offset": 1, "content": ["TWO"] } } })).await;
    let lines = server.run("r", "logLines(first: 9) { edges { node { number line } } }").await;
    let expected = json!([{ "node": { "number": 0, "line": "one" } }, { "node": { "number": 1, "line": "TWO" } }]);
    assert_eq!(lines["logLines"]["edges"], expected);
}

#[tokio::test]
async fn a_request_with_a_fault_changes_nothing() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let good = r#"{"_step":0,"a":1}"#;
    for (lines, said) in
        [([good, "{"], "line 1 of"), ([good, "[1]"], "an object is expected"), (["nan", good], "line 0 of")]
    {
        let (status, answer) = server.stream("r", history(0, &lines)).await;
        assert_eq!(status, 400);
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(said), "{answer}");
    }
    let far = history(u64::MAX, &[good, good]);
    assert_eq!(server.stream("r", far).await.0, 400);
    for body in
        [json!(7), json!({ "files": [] }), json!({ "files": { "output.log": { "offset": -1, "content": [] } } })]
    {
        assert_eq!(server.stream("r", body).await.0, 400);
    }
    assert_eq!(latest(&server.stored("r").await), [""; 0]);
    assert_eq!(server.run("r", "historyLineCount").await["historyLineCount"], 0);
    assert_eq!(server.stream("unknown", json!({})).await.0, 404);
}

#[tokio::test]
async fn rows_that_leave_a_gap_are_refused_and_change_nothing() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let row = r#"{"_step":0,"a":1}"#;
    server.streamed("r", history(0, &[row, row])).await;
    let mut body = history(3, &[r#"{"_step":3,"b":1}"#]);
    body["files"]["output.log"] = json!({ "offset": 0, "content": ["said"] });
    let (status, answer) = server.stream("r", body).await;
    assert_eq!(status, 400);
    assert_eq!(answer["errors"][0]["message"], "line 3 of wandb.history leaves a gap: the next one is 2");
    assert_eq!(latest(&server.stored("r").await), ["a=1@0"]);
    assert_eq!(server.run("r", "logLineCount").await["logLineCount"], 0);
    // What was lost on the way comes again, and what follows with it.
    server.streamed("r", history(1, &[row, row])).await;
    // Consoles leave lines out.
    server.streamed("r", json!({ "files": { "output.log": { "offset": 7, "content": ["later"] } } })).await;
    assert_eq!(server.run("r", "historyLineCount").await["historyLineCount"], 3);
}

#[tokio::test]
async fn the_end_of_a_run_is_how_its_program_ended() {
    let server = Server::start().await;
    for (code, status, state) in [(0, RunStatus::Finished, "finished"), (3, RunStatus::Failed, "failed")] {
        server.upsert("r", json!({})).await;
        server.clock.advance(1_000);
        server.streamed("r", json!({ "complete": true, "exitcode": code })).await;
        let run = server.stored("r").await;
        assert_eq!((run.info.status, run.info.ended_at), (status, Some(server.service.now())));
        assert!(told(&run.tags).contains(&format!("wandb.exit_code={code}")));
        assert_eq!(server.run("r", "state").await["state"], state);
        // What only tells of files does not revive it.
        server.streamed("r", json!({ "uploaded": ["f"] })).await;
        assert_eq!(server.stored("r").await.info.status, status);
        // An edit does not, either; going on does.
        server.upsert("r", json!({ "notes": "late" })).await;
        assert_eq!(server.stored("r").await.info.status, status);
        server.streamed("r", json!({})).await;
        let run = server.stored("r").await;
        assert_eq!((run.info.status, run.info.ended_at), (RunStatus::Running, None));
    }
    server.streamed("r", json!({ "preempting": true })).await;
    assert_eq!(server.run("r", "state").await["state"], "preempting");
    // Old clients say what is not the case.
    server.streamed("r", json!({ "complete": false, "failed": false, "dropped": 2, "exitcode": null })).await;
    assert_eq!(server.stored("r").await.info.status, RunStatus::Running);
}

#[tokio::test]
async fn a_run_that_is_asked_to_stop_hears_of_it() {
    let server = Server::start().await;
    let bucket = server.upsert("r", json!({})).await["bucket"].take();
    let stop = "mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }";
    assert_eq!(server.streamed("r", json!({})).await, json!({}));
    let stopped = server.data(stop, json!({ "id": bucket["id"] })).await;
    assert_eq!(stopped, json!({ "stopRun": { "success": true } }));
    assert_eq!(server.run("r", "stopped").await["stopped"], true);
    assert_eq!(server.streamed("r", json!({})).await, json!({ "stopped": true }));
    assert_eq!(server.streamed("r", json!({ "complete": true, "exitcode": 255 })).await, json!({}));
    assert_eq!(server.streamed("r", json!({})).await, json!({}), "a run that goes on later is not stopped again");
}

#[tokio::test]
async fn writers_of_one_run_have_lines_of_their_own() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    for writer in ["a", "b"] {
        let headers = [("x-wandb-use-async-filestream", "true"), ("x-wandb-async-client-id", writer)];
        let row = format!(r#"{{"_step":{},"{writer}":1}}"#, u8::from(writer == "b"));
        let body = history(0, &[&row]).to_string();
        assert_eq!(server.post("/files/local/p/r/file_stream", &headers, body).await.0, 200);
    }
    let rows = server.run("r", "history(minStep: 0, maxStep: 9)").await["history"].take();
    assert_eq!(rows, json!([r#"{"_step": 0, "a": 1}"#, r#"{"_step": 1, "b": 1}"#]));
}

#[tokio::test]
async fn a_deleted_run_is_gone_and_its_id_is_not_given_again() {
    let server = Server::start().await;
    let bucket = server.upsert("r", json!({})).await["bucket"].take();
    let delete = "mutation D($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }";
    server.data(delete, json!({ "id": bucket["id"] })).await;
    assert_eq!(server.run("r", "id").await, Value::Null);
    assert_eq!(server.stream("r", json!({})).await.0, 404);
    let input = json!({ "input": { "name": "r", "modelName": "p" } });
    assert!(server.refusal(UPSERT, input).await.contains("was deleted"));
    assert!(server.refusal(delete, json!({ "id": bucket["id"] })).await.contains("no run"));
    for id in ["", "nonsense", "../x", "UnVuOg=="] {
        server.refusal(delete, json!({ "id": id })).await;
    }
}

#[tokio::test]
async fn names_that_could_do_harm_are_refused() {
    let server = Server::start().await;
    for name in ["", "a/b", "\n", &"x".repeat(300)] {
        server.refusal(UPSERT, json!({ "input": { "name": name, "modelName": "p" } })).await;
    }
    let long = "p".repeat(3_000);
    server.refusal(UPSERT, json!({ "input": { "name": "r", "modelName": long } })).await;
    for config in ["[]", "{", "1"] {
        server.refusal(UPSERT, json!({ "input": { "name": "r", "modelName": "p", "config": config } })).await;
    }
    // Nothing is made before all of it is understood.
    assert_eq!(server.run("r", "id").await, serde_json::Value::Null);
}

#[tokio::test]
async fn an_alert_is_a_tag() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let alert = "mutation N($t: String!) { notifyScriptableRunAlert(input: {entityName: \"local\", projectName: \"p\", \
        runName: \"r\", title: $t, text: \"x\", severity: WARN, waitDuration: 5}) { success } }";
    let data = server.data(alert, json!({ "t": "look" })).await;
    assert_eq!(data["notifyScriptableRunAlert"]["success"], true);
    let tags = told(&server.stored("r").await.tags).join("\n");
    assert!(tags.contains(r#""title":"look""#) && tags.contains(r#""level":"WARN""#), "{tags}");
}
