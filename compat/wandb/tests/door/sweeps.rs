//! Agents, and which trials they are given.

use serde_json::{Map, Value, json};
use trackside_core::RunStatus;

use super::server::Server;

/// Longer than any agent is silent.
const MINUTE_MS: i64 = 60_000;

/// A sweep of the project `p`: its name.
async fn sweep(server: &Server, definition: &str) -> String {
    let query = "mutation M($config: String!) { upsertSweep(input: {config: $config, projectName: \"p\"}) { sweep { name } \
                 configValidationWarnings } }";
    let answer = server.data(query, json!({ "config": definition })).await;
    assert_eq!(answer["upsertSweep"]["configValidationWarnings"], json!([]));
    answer["upsertSweep"]["sweep"]["name"].as_str().unwrap().to_owned()
}

/// An agent that runs these runs says so: the commands it gets.
async fn beat(server: &Server, sweep: &str, running: &[&str]) -> Vec<Value> {
    let query = "mutation M($sweep: String!) { createAgent(input: {sweep: $sweep, host: \"h\"}) { agent { id } } }";
    let agent = server.data(query, json!({ "sweep": sweep })).await["createAgent"]["agent"]["id"].take();
    let states: Map<_, _> = running.iter().map(|run| ((*run).to_owned(), true.into())).collect();
    let query = "mutation M($id: ID!, $state: JSONString) { agentHeartbeat(input: {id: $id, metrics: \"{}\", \
                 runState: $state}) { commands } }";
    let variables = json!({ "id": agent, "state": Value::from(states).to_string() });
    let answer = server.data(query, variables).await;
    serde_json::from_str(answer["agentHeartbeat"]["commands"].as_str().unwrap()).unwrap()
}

/// The run of the trial that an idle agent is given, and its parameters.
async fn given(server: &Server, sweep: &str) -> (String, Value) {
    let [command] = &beat(server, sweep, &[]).await[..] else { panic!("nothing was given") };
    assert_eq!(command["type"], "run", "{command}");
    (command["run_id"].as_str().unwrap().to_owned(), command["args"].clone())
}

/// What an idle agent is told.
async fn told(server: &Server, sweep: &str) -> Option<Value> {
    beat(server, sweep, &[]).await.pop().map(|mut command| command["type"].take())
}

/// The run of a trial begins, and measures these.
async fn run(server: &Server, sweep: &str, name: &str, config: &Value, losses: &[f64]) {
    server.upsert(name, json!({ "sweep": sweep, "config": config.to_string() })).await;
    let row = |(step, loss): (usize, &f64)| json!({"_step": step, "_timestamp": step + 1, "loss": loss}).to_string();
    let rows: Vec<_> = losses.iter().enumerate().map(row).collect();
    let body = json!({ "files": { "wandb-history.jsonl": { "offset": 0, "content": rows } } });
    server.streamed(name, body).await;
}

#[tokio::test]
async fn a_trial_that_never_began_is_given_out_again() {
    let server = Server::start().await;
    let sweep = sweep(&server, "method: grid\nparameters: {x: {values: [1, 2]}}").await;
    let first = given(&server, &sweep).await;
    let second = given(&server, &sweep).await;
    assert_eq!((&first.1, &second.1), (&json!({"x": {"value": 1}}), &json!({"x": {"value": 2}})));
    run(&server, &sweep, &second.0, &second.1, &[]).await;
    assert_eq!(told(&server, &sweep).await, None, "another agent may still begin the first");
    server.clock.advance(MINUTE_MS);
    assert_eq!(told(&server, &sweep).await, None);
    server.clock.advance(1);
    assert_eq!(given(&server, &sweep).await, first);
    assert_eq!(told(&server, &sweep).await, None);
    run(&server, &sweep, &first.0, &first.1, &[]).await;
    assert_eq!(told(&server, &sweep).await, Some("exit".into()));
}

#[tokio::test]
async fn a_trial_that_its_agent_names_is_left_to_it() {
    let server = Server::start().await;
    let sweep = sweep(&server, "method: grid\nparameters: {x: {values: [1]}}").await;
    let (name, _) = given(&server, &sweep).await;
    for _ in 0..9 {
        server.clock.advance(MINUTE_MS);
        assert_eq!(beat(&server, &sweep, &[&name]).await, [] as [Value; 0]);
        assert_eq!(told(&server, &sweep).await, None);
    }
}

#[tokio::test]
async fn a_trial_that_is_never_begun_does_not_keep_a_sweep_going() {
    let server = Server::start().await;
    let sweep = sweep(&server, "method: random\nrun_cap: 1\nparameters: {x: {min: 0.0, max: 1.0}}").await;
    let first = given(&server, &sweep).await;
    for _ in 0..2 {
        server.clock.advance(MINUTE_MS + 1);
        assert_eq!(given(&server, &sweep).await, first);
    }
    server.clock.advance(MINUTE_MS + 1);
    assert_eq!(told(&server, &sweep).await, Some("exit".into()));
}

#[tokio::test]
async fn trials_that_never_began_are_found_after_a_restart() {
    let mut server = Server::start().await;
    let sweep = sweep(&server, "method: grid\nparameters: {x: {values: [1, 2]}}").await;
    let first = given(&server, &sweep).await;
    let second = given(&server, &sweep).await;
    run(&server, &sweep, &first.0, &first.1, &[]).await;
    server.clock.advance(MINUTE_MS * 9);
    server.restart().await;
    assert_eq!(told(&server, &sweep).await, None, "its agent gets its time anew");
    server.clock.advance(MINUTE_MS + 1);
    assert_eq!(given(&server, &sweep).await, second);
}

#[tokio::test]
async fn a_model_is_asked_once_there_are_trials() {
    let server = Server::start().await;
    let of = |method: &str| {
        format!(
            "method: {method}\nmetric: {{name: loss}}\nparameters: \
             {{x: {{min: 0.0, max: 1.0}}, net: {{parameters: {{depth: {{min: 1, max: 9}}}}}}}}"
        )
    };
    let bayes = sweep(&server, &of("bayes")).await;
    let mut names = Vec::new();
    for at in 0..30_u32 {
        let (name, config) = given(&server, &bayes).await;
        let (x, depth) = (config["x"]["value"].as_f64().unwrap(), config["net"]["value"]["depth"].as_i64().unwrap());
        assert!((0.0..=1.0).contains(&x) && (1..=9).contains(&depth));
        // One has begun only, and tells nothing.
        let losses: &[f64] = if at == 3 { &[] } else { &[9.0, (x - 0.3).abs()] };
        run(&server, &bayes, &name, &config, losses).await;
        names.push((name, x));
    }
    let distance = |of: &[(String, f64)]| of.iter().map(|(_, x)| (x - 0.3).abs()).sum::<f64>() / 10.0;
    let (drawn, modelled) = (distance(&names[..10]), distance(&names[20..]));
    assert!(modelled < drawn, "{modelled} {drawn}");
}

#[tokio::test]
async fn who_falls_behind_is_told_to_stop() {
    let server = Server::start().await;
    let definition = "method: random\nmetric: {name: loss}\nearly_terminate: {type: hyperband, min_iter: 2, eta: 2}\n\
                      parameters: {x: {min: 0.0, max: 1.0}}";
    let sweep = sweep(&server, definition).await;
    let mut names = Vec::new();
    for losses in [&[9.0, 2.0, 1.0][..], &[9.0, 3.0, 2.0], &[9.0, 9.0, 9.0], &[9.0, 9.0]] {
        let (name, config) = given(&server, &sweep).await;
        run(&server, &sweep, &name, &config, losses).await;
        names.push(name);
    }
    let stopped = |name: &str| vec![json!({"type": "stop", "run_id": name})];
    assert_eq!(beat(&server, &sweep, &[&names[3]]).await, [] as [Value; 0], "it has not passed the band");
    assert_eq!(beat(&server, &sweep, &[&names[0]]).await, [] as [Value; 0]);
    assert_eq!(beat(&server, &sweep, &[&names[2]]).await, stopped(&names[2]));
    // What is new is read, and compared with what was found a moment ago.
    let row = json!({"_step": 2, "_timestamp": 3, "loss": 8.0}).to_string();
    let body = json!({ "files": { "wandb-history.jsonl": { "offset": 2, "content": [row] } } });
    server.streamed(&names[3], body).await;
    assert_eq!(beat(&server, &sweep, &[&names[3]]).await, stopped(&names[3]));
    let body = json!({ "complete": true, "exitcode": 1 });
    server.streamed(&names[2], body).await;
    assert_eq!(server.stored(&names[2]).await.info.status, RunStatus::Failed);
    assert_eq!(told(&server, &sweep).await, Some("run".into()), "the sweep goes on");
}

#[tokio::test]
async fn a_sweep_that_is_greedy_for_more_stops_who_has_less() {
    let server = Server::start().await;
    let definition = "method: grid\nmetric: {name: loss, goal: maximize}\n\
                      early_terminate: {type: hyperband, max_iter: 9, s: 2, strict: true}\nparameters: {x: {values: [1, 2, 3]}}";
    let sweep = sweep(&server, definition).await;
    let mut names = Vec::new();
    for losses in [&[0.0, 0.5, 0.9][..], &[9.0, 0.1, 9.0]] {
        let (name, config) = given(&server, &sweep).await;
        run(&server, &sweep, &name, &config, losses).await;
        names.push(name);
    }
    assert_eq!(beat(&server, &sweep, &[&names[0]]).await, [] as [Value; 0]);
    assert_eq!(beat(&server, &sweep, &[&names[1]]).await, [json!({"type": "stop", "run_id": names[1]})]);
}
