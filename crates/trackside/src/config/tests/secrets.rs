use std::fs;

use trackside_http_client::Auth;

use super::Scene;
use crate::config::{Config, as_json, as_yaml, sink::Destination};

const SECRET: &str = "hunter2-0123";

fn token(config: &Config) -> &str {
    match &config.sinks[0].destination {
        Destination::Mlflow(mlflow) => match &mlflow.auth {
            Auth::Bearer(token) => token.expose(),
            other => panic!("no token but {other:?}"),
        },
        other => panic!("not mlflow: {other:?}"),
    }
}

/// Fails if any form in which a configuration is shown has the secret.
fn assert_hidden(config: &Config) {
    for shown in [as_yaml(config), as_json(config).to_string(), format!("{config:?}"), format!("{config:#?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_secret_comes_from_the_file_another_file_or_a_variable_and_is_never_shown() {
    for (written, variable) in [
        (format!("token: {SECRET}"), ""),
        (format!("token: '{SECRET}'"), ""),
        ("token_file: secret.txt".to_owned(), ""),
        ("token_env: HERE".to_owned(), ""),
        (String::from("token: other"), "TRACKSIDE_SINKS__S__TOKEN"),
        (String::from("token_file: none.txt"), "TRACKSIDE_SINKS__S__TOKEN"),
    ] {
        let scene = Scene::new(&format!("sinks: {{s: {{type: mlflow, url: 'http://h', {written}}}}}"));
        fs::write(scene.path("secret.txt"), format!("{SECRET}\n")).unwrap();
        let config = scene.config(&[], [("HERE", SECRET), (variable, SECRET)]);
        assert_eq!(token(&config), SECRET, "{written}");
        assert_hidden(&config);
    }
}

#[test]
fn programs_get_secrets_that_are_not_shown() {
    let file = format!("sinks: {{s: {{type: exec, command: [cat], env: {{KEY: {SECRET}}}}}}}");
    assert_hidden(&Scene::new(&file).config(&[], []));
}

#[test]
fn no_fault_shows_a_secret() {
    let url = "type: mlflow, url: 'http://h'";
    for sink in [
        format!("{url}, token: [{SECRET}]"),
        format!("{url}, token: {{{SECRET}: 1}}"),
        format!("{url}, token: \"{SECRET}\\n2\""),
        format!("{url}, token: {SECRET}, token_env: HERE"),
        format!("{url}, token_env: '{SECRET}'"),
        format!("{url}, tokn: {SECRET}"),
        format!("{url}, password: {SECRET}"),
        format!("{url}, username: u, token: {SECRET}"),
        format!("type: mlflow, url: 'http://u:{SECRET}@h'"),
        format!("type: mlflow, url: 'x://u:{SECRET}@h'"),
        format!("type: wandb, base_url: 'https://{SECRET}@h?', api_key: k"),
        format!("type: wandb, mode: [], api_key: {SECRET}, concurrency: x"),
        format!("type: exec, command: [cat], env: {{A: [{SECRET}]}}"),
        format!("type: exec, command: [cat], env: {SECRET}"),
        format!("type: exec, command: [cat], env: [{SECRET}]"),
        format!("typ: mlflow, token: {SECRET}"),
    ] {
        let faults = Scene::new(&format!("sinks: {{s: {{{sink}}}}}")).faults([("HERE", SECRET)]);
        let lines: String = faults.faults.iter().map(ToString::to_string).collect();
        for shown in [faults.to_string(), lines, format!("{faults:?}")] {
            assert!(!shown.contains("hunter2"), "{sink}: {shown}");
        }
    }
}

#[test]
fn syntax_errors_quote_nothing() {
    for file in
        [format!("a: \"{SECRET}"), format!("a: {SECRET}: b"), format!("a: [{SECRET}"), format!("{SECRET}\na: b")]
    {
        let faults = Scene::new(&file).faults([]).to_string();
        assert!(!faults.contains("hunter2"), "{faults}");
    }
}

#[test]
fn a_secret_file_that_cannot_be_used_is_a_fault() {
    let scene = Scene::new("sinks: {s: {type: mlflow, url: 'http://h', token_file: t.txt}}");
    assert!(scene.faults([]).to_string().contains("which cannot be read: No such file"));
    fs::write(scene.path("t.txt"), "x".repeat(100_000)).unwrap();
    assert!(scene.faults([]).to_string().contains("too large"));
    fs::write(scene.path("t.txt"), " \n").unwrap();
    assert!(scene.faults([]).to_string().contains("found    nothing"));
}
