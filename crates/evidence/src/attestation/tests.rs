use serde_json::{Value, json};
use trackside_core::Timestamp;

use super::*;
use crate::{
    Code, Data, DataKind, DataSource, Digest, Dimension, Environment, Gap, Instant, Record, StoredFile, Workspace,
};

fn record() -> Record {
    let mut record = Record::new("0.1.0", Instant(Timestamp::from_millis(0)), Code::default(), Environment::default());
    record.run_id = Some("r".to_owned());
    record.artifacts = vec![StoredFile { path: "model.bin".into(), size: 1, sha256: "aa".into() }];
    record.outputs = vec![Data {
        path: "out".into(),
        kind: DataKind::Directory,
        source: DataSource::Argument,
        digest: Some(Digest { md5: "bb.dir".into(), sha256: "cc".into(), size: 2, files: 3 }),
        recorded: None,
        workspace: Workspace::Untracked,
        manifest: None,
    }];
    record.gaps = vec![Gap::new(Dimension::Code, "code", "no repository")];
    record
}

#[test]
fn a_statement_is_about_artifacts_the_record_and_outputs() {
    let statement = Statement::of(&record(), b"stored", &Builder::on("ws"), None).registered_as("churn", "3");
    let statement = statement.without(&Gap::new(Dimension::Artifacts, "files", "elsewhere"));
    let names: Vec<_> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
    assert_eq!(names, ["model.bin", "trackside/provenance.json", "out"]);
    assert_eq!((&statement.subject[0].uri, statement.subject[2].uri.as_deref()), (&None, Some("output:out")));
    assert_eq!(statement.subject[2].digest["md5"], "bb");
    assert_eq!(statement.predicate["buildDefinition"]["internalParameters"]["unknown"][0]["why"], "no repository");
    assert_eq!(statement.predicate["buildDefinition"]["internalParameters"]["unknown"][1]["why"], "elsewhere");
    assert_eq!(statement.predicate["runDetails"]["byproducts"][0]["uri"], "models:/churn/3");
    assert_eq!(statement.predicate["runDetails"]["metadata"], json!({"invocationId": "run:r"}));
    assert_eq!(Statement::read(&statement.to_json()).unwrap(), statement);
}

#[test]
fn what_is_no_statement_is_refused() {
    let good: Value =
        serde_json::from_slice(&Statement::of(&record(), b"", &Builder::on("ws"), None).to_json()).unwrap();
    for (field, value, word) in [
        ("_type", json!("https://in-toto.io/Statement/v0.1"), "v0.1"),
        ("subject", json!([]), "subjects"),
        ("subject", json!([{"name": "a", "digest": {}}]), "digest"),
        ("predicateType", json!(1), "string"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let error = Statement::read(bad.to_string().as_bytes()).unwrap_err();
        assert!(error.message().contains(word), "{}", error.message());
    }
}
