use serde_json::json;

use super::{Scene, setting};
use crate::config::sink::Destination;

#[test]
fn flags_go_over_variables_over_the_file_over_defaults() {
    let scene = Scene::new("serve: {port: 1, log: warn}");
    let port = |flags: &[&str], variables: &[(&str, &str)]| {
        let variables = match variables {
            [variable] => [*variable],
            _ => [("UNUSED", "")],
        };
        setting(&scene.config(flags, variables), "serve.port")
    };
    assert_eq!(setting(&Scene::new("").config(&[], []), "serve.port"), (json!(5000), json!("default")));
    assert_eq!(port(&[], &[]), (json!(1), json!("file")));
    assert_eq!(port(&[], &[("TRACKSIDE_SERVE__PORT", "2")]), (json!(2), json!("environment")));
    assert_eq!(port(&["--port", "3"], &[("TRACKSIDE_SERVE__PORT", "2")]), (json!(3), json!("command_line")));
    assert_eq!(setting(&scene.config(&["--log", "error"], []), "serve.log"), (json!("error"), json!("command_line")));
}

#[test]
fn artifacts_can_be_served_against_the_file() {
    let served = |file: &str, flags: &[&str]| {
        let root = ["--default-artifact-root", "mlflow-artifacts:/"];
        setting(&Scene::new(file).config(&[&root, flags].concat(), []), "serve.serve_artifacts")
    };
    let off = "serve: {serve_artifacts: false}";
    assert_eq!(served(off, &[]), (json!(false), json!("file")));
    assert_eq!(served(off, &["--serve-artifacts"]), (json!(true), json!("command_line")));
    assert_eq!(
        served("serve: {serve_artifacts: true}", &["--no-serve-artifacts"]),
        (json!(false), json!("command_line"))
    );
}

#[test]
fn a_variable_changes_one_key_of_a_sink() {
    let scene = Scene::new("sinks: {my-copy: {type: sqlite, path: /a.db, concurrency: 2}}");
    let config = scene.config(&[], [("TRACKSIDE_SINKS__MY_COPY__PATH", "/b.db")]);
    assert_eq!(setting(&config, "sinks.my-copy.path"), (json!("/b.db"), json!("environment")));
    assert_eq!(setting(&config, "sinks.my-copy.concurrency"), (json!(2), json!("file")));
}

#[test]
fn a_sink_can_be_made_of_variables_alone() {
    let config = Scene::new("").config(
        &[],
        [
            ("TRACKSIDE_SINKS__CSV__TYPE", "exec"),
            ("TRACKSIDE_SINKS__CSV__COMMAND", r#"["python3", "to_csv.py"]"#),
            ("TRACKSIDE_SINKS__CSV__ENV", "{OUT: /tmp/x}"),
            ("TRACKSIDE_SINKS__CSV__CAPABILITY", "points,params"),
        ],
    );
    let Destination::Exec(exec) = &config.sinks[0].destination else { panic!("an exec sink") };
    assert_eq!((config.sinks[0].name.as_str(), exec.command.len()), ("csv", 2));
    assert!(exec.capability.points && exec.capability.params && !exec.capability.tags);
    assert_eq!(exec.env["OUT"].expose(), "/tmp/x");
}

#[test]
fn backends_select_among_the_sinks() {
    let sinks = "sinks: {a: {type: sqlite, path: /a}, b: {type: sqlite, path: /b}, c: {type: sqlite, path: /c, enabled: false}}";
    let names = |file: &str, variables: [(&str, &str); 1]| {
        let config = Scene::new(file).config(&[], variables);
        config.sinks.into_iter().map(|sink| sink.name).collect::<Vec<_>>()
    };
    let unset = [("TRACKER_BACKEND", "")];
    assert_eq!(names(sinks, unset), ["a", "b"]);
    assert_eq!(names(&format!("backends: [b]\n{sinks}"), unset), ["b"]);
    assert_eq!(names(&format!("backends: b, a\n{sinks}"), unset), ["a", "b"]);
    assert_eq!(names(&format!("backends: [b]\n{sinks}"), [("TRACKER_BACKEND", "a,b")]), ["a", "b"]);
    assert_eq!(names(sinks, [("TRACKER_BACKEND", "none")]), Vec::<String>::new());
    let faults = Scene::new(sinks).faults([("TRACKER_BACKEND", "a,x,c")]).to_string();
    assert!(
        faults
            .contains("backends (TRACKER_BACKEND)\n    found    `x`, which is no sink\n    allowed  a, b, c; or none"),
        "{faults}"
    );
    assert!(faults.contains("`c`, which has `enabled: false`"), "{faults}");
}

#[test]
fn the_file_beside_the_data_directory_is_found() {
    let scene = Scene::new("serve: {port: 9}");
    let data = scene.path("data").display().to_string();
    let mut sources = scene.sources(&[], []);
    sources.arguments = ["trackside", "serve", "--data-dir", &data].map(Into::into).to_vec();
    let config = sources.resolve().unwrap();
    assert_eq!((config.serve.port, config.file), (9, Some(scene.path("trackside.yaml"))));
    sources.arguments[3] = scene.path("no/data").into();
    assert_eq!(sources.resolve().unwrap().file, None);
}
