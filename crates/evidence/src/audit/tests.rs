use std::collections::BTreeMap;

use serde_json::json;
use trackside_core::Timestamp;

use super::*;
use crate::{Access, Digest, Dimension, Environment, Gap, Instant, Parameters, Record, Scope};

fn digest(letter: char) -> Digest {
    Digest { md5: letter.to_string().repeat(32), sha256: letter.to_string().repeat(64), size: 1, files: 1 }
}

/// A run of which everything is known.
fn record() -> Record {
    let package = |name: &str, version: &str| json!({"name": name, "version": version});
    let mut record: Record = serde_json::from_value(json!({
        "version": 1, "recorder": "0.1.0", "captured_at": "2026-01-01T00:00:00Z", "run_id": "r",
        "code": {"repository": {
            "engine": "git2", "root": "/home/ada", "subdirectory": "", "object_format": "sha1", "commit": "c1", "tree": "t1",
            "branch": "main", "tags": [], "remotes": [{"name": "origin", "url": "https://host/repo"}], "dirty": false,
            "changed": [], "changed_count": 0, "untracked": {"count": 0, "bytes": 0, "paths": []}, "snapshot": null,
            "submodules": [], "shallow": false, "linked_worktree": false
        }},
        "data": [{"path": "data", "kind": "file", "source": {"by": "argument"}, "digest": digest('a'),
                  "workspace": "untracked"}],
        "environment": {
            "python": {"executable": "python", "version": "3.11.7", "implementation": "CPython",
                       "packages": [package("numpy", "2.0.0"), package("torch", "2.4.0")]},
            "locks": [], "image": null, "variables": {},
            "computer": {"os": "linux", "distribution": "Debian", "kernel": "6.1", "architecture": "x86_64", "cpu": "x",
                         "cpus": 2, "memory": 1, "hostname": "h", "gpus": [], "gpu_driver": null}
        },
        "parameters": {"values": {"lr": "0.10", "seed": "3"}, "seeds": ["seed"]},
        "execution": {"command": ["python", "train.py"], "directory": "/home/ada", "started_at": "2026-01-01T00:00:00Z",
                      "ended_at": "2026-01-01T00:01:00Z", "exit_code": 0},
        "artifacts": [{"path": "model.bin", "size": 1, "sha256": "m"}]
    }))
    .unwrap();
    record.provenance_key = Some(record.key(Scope::Provenance).unwrap());
    record
}

/// Everything as it was.
fn unchanged(record: &Record) -> Observed {
    let artifact = ArtifactNow { sha256: Ok("m".to_owned()), size: 1 };
    Observed {
        code: Some(CodeNow { commit: true, reached_from: vec!["main".to_owned()], ..CodeNow::default() }),
        data: [("data".to_owned(), DataNow { digest: Some(digest('a')), ..DataNow::default() })].into(),
        environment: Some(record.environment.clone()),
        params: record.parameters.as_ref().map(|parameters| parameters.values.clone()),
        status: Some("FINISHED".to_owned()),
        artifacts: Some([("model.bin".to_owned(), artifact)].into()),
        provenance_key: record.provenance_key.as_ref().map(ToString::to_string),
    }
}

fn report(record: &Record, now: &Observed) -> Report {
    Report::of(record, now, Instant(Timestamp::from_millis(0)))
}

/// Judges after something has happened, and checks that no other dimension suffers.
fn judged(change: impl FnOnce(&mut Record, &mut Observed), dimension: Dimension) -> Finding {
    let mut record = record();
    record.provenance_key = None;
    let mut now = unchanged(&record);
    change(&mut record, &mut now);
    let report = report(&record, &now);
    for finding in &report.findings {
        let expected = finding.dimension != dimension;
        assert!(!expected || finding.verdict == Verdict::Identical, "{finding:?}");
    }
    report.finding(dimension).unwrap().clone()
}

#[test]
fn a_run_of_which_everything_is_here_is_identical() {
    let record = record();
    let report = report(&record, &unchanged(&record));
    assert_eq!(report.overall.verdict, Verdict::Identical, "{}", report.to_text());
    assert!(report.failing(&Dimension::ALL).is_empty());
}

#[test]
fn code_that_is_gone_is_missing_and_its_files_elsewhere_equivalent() {
    let gone = |same_tree: Option<&str>| {
        let now = CodeNow {
            repository: "/home/ada".to_owned(),
            same_tree: same_tree.map(str::to_owned),
            ..CodeNow::default()
        };
        judged(|_, observed| observed.code = Some(now), Dimension::Code)
    };
    assert_eq!(gone(None).verdict, Verdict::Missing);
    assert_eq!(gone(None).advice, ["fetch it from https://host/repo, e.g. `git fetch origin c1`"]);
    assert_eq!(
        (gone(Some("c2")).verdict, gone(Some("c2")).reason.as_str()),
        (Verdict::Equivalent, "c1 is gone; c2 holds the same files")
    );
    let unreadable = judged(|_, observed| observed.code = None, Dimension::Code);
    assert_eq!(unreadable.verdict, Verdict::Missing);
    let none = judged(|record, _| record.code.repository = None, Dimension::Code);
    assert_eq!(none.reason, "the code was in no repository");
}

#[test]
fn uncommitted_code_passes_when_it_was_kept() {
    let dirty = |kept: bool, here: bool| {
        judged(
            |record, observed| {
                let repository = record.code.repository.as_mut().unwrap();
                repository.dirty = true;
                repository.snapshot =
                    kept.then(|| serde_json::from_value(json!({"commit": "s1", "tree": "t2"})).unwrap());
                observed.code.as_mut().unwrap().snapshot = here;
            },
            Dimension::Code,
        )
    };
    assert_eq!(dirty(true, true).verdict, Verdict::Identical);
    assert_eq!(dirty(true, false).verdict, Verdict::Missing);
    assert_eq!(dirty(false, false).verdict, Verdict::Missing);
    let left_out = judged(
        |record, observed| {
            let repository = record.code.repository.as_mut().unwrap();
            let left_out = json!([{"path": "big.bin", "size": 9, "why": "larger than 10 MiB"}]);
            let snapshot = json!({"commit": "s1", "tree": "t2", "left_out": left_out});
            repository.snapshot = Some(serde_json::from_value(snapshot).unwrap());
            observed.code.as_mut().unwrap().snapshot = true;
        },
        Dimension::Code,
    );
    assert_eq!(left_out.verdict, Verdict::Missing);
    assert!(left_out.reason.contains("big.bin"));
}

#[test]
fn data_is_told_by_its_digest_wherever_it_is() {
    let with = |data: DataNow| judged(|_, now| drop(now.data.insert("data".to_owned(), data)), Dimension::Data);
    let changed = with(DataNow { digest: Some(digest('b')), ..DataNow::default() });
    assert_eq!((changed.verdict, changed.reason.as_str()), (Verdict::Drifted, "changed since: data"));
    assert_eq!(with(DataNow::default()).verdict, Verdict::Missing);
    let cached = DataNow { digest: Some(digest('b')), elsewhere: vec![Access::Cache], ..DataNow::default() };
    assert_eq!(with(cached).verdict, Verdict::Equivalent);
    let unread = DataNow { error: Some("permission denied".to_owned()), ..DataNow::default() };
    assert_eq!(with(unread).verdict, Verdict::Missing);
}

#[test]
fn data_that_nobody_named_is_missing_unless_there_is_none() {
    let none = |reads_no_data| {
        judged(
            |record, _| {
                record.data.clear();
                record.reads_no_data = reads_no_data;
            },
            Dimension::Data,
        )
    };
    assert_eq!((none(false).verdict, none(true).verdict), (Verdict::Missing, Verdict::Identical));
    let gap = judged(|record, _| record.gaps.push(Gap::new(Dimension::Data, "raw", "unreadable")), Dimension::Data);
    assert_eq!(gap.verdict, Verdict::Missing);
}

#[test]
fn a_package_of_another_version_is_a_drift_and_a_further_one_is_not() {
    let with = |change: fn(&mut Environment)| {
        judged(|_, now| change(now.environment.as_mut().unwrap()), Dimension::Environment)
    };
    let upgraded = with(|now| "2.1.0".clone_into(&mut now.python.as_mut().unwrap().packages[0].version));
    assert_eq!((upgraded.verdict, upgraded.reason.as_str()), (Verdict::Drifted, "differs in numpy"));
    let removed = with(|now| drop(now.python.as_mut().unwrap().packages.pop()));
    assert_eq!(removed.verdict, Verdict::Drifted);
    let added = with(|now| {
        let packages = &mut now.python.as_mut().unwrap().packages;
        packages.push(crate::Package { name: "black".to_owned(), version: "1".to_owned(), editable: None, vcs: None });
    });
    assert_eq!(added.verdict, Verdict::Equivalent);
    for (version, expected) in [("3.11.9", Verdict::Equivalent), ("3.12.1", Verdict::Drifted)] {
        let mut environment = record().environment;
        version.clone_into(&mut environment.python.as_mut().unwrap().version);
        let finding = judged(|_, now| now.environment = Some(environment), Dimension::Environment);
        assert_eq!(finding.verdict, expected, "{version}");
    }
    let hashing = with(|now| drop(now.variables.insert("PYTHONHASHSEED".to_owned(), "1".to_owned())));
    assert_eq!(hashing.verdict, Verdict::Drifted);
    assert_eq!(with(|now| now.computer.kernel = None).verdict, Verdict::Equivalent);
    assert_eq!(judged(|_, now| now.environment = None, Dimension::Environment).verdict, Verdict::Missing);
}

#[test]
fn params_that_were_edited_are_a_drift() {
    let with = |key: &str, value: &str| {
        let (key, value) = (key.to_owned(), value.to_owned());
        judged(|_, now| drop(now.params.as_mut().unwrap().insert(key, value)), Dimension::Parameters)
    };
    assert_eq!(with("lr", "0.2").verdict, Verdict::Drifted);
    assert_eq!(with("lr", "0.1").verdict, Verdict::Equivalent);
    assert_eq!(with("new", "1").reason, "edited since the run ended: new");
    let removed = judged(|_, now| drop(now.params.as_mut().unwrap().remove("lr")), Dimension::Parameters);
    assert_eq!(removed.verdict, Verdict::Missing);
}

#[test]
fn without_a_seed_chance_is_not_fixed() {
    let none = |record: &mut Record, now: &mut Observed| {
        record.parameters = Some(Parameters::new([("lr".to_owned(), "1".to_owned())].into()));
        now.params = Some([("lr".to_owned(), "1".to_owned())].into());
    };
    assert_eq!(judged(none, Dimension::Randomness).verdict, Verdict::Missing);
    let option = |record: &mut Record, now: &mut Observed| {
        none(record, now);
        record.execution.as_mut().unwrap().command.push("--seed=4".to_owned());
    };
    assert_eq!(judged(option, Dimension::Randomness).verdict, Verdict::Identical);
    let gpu = |record: &mut Record, now: &mut Observed| {
        record.environment.computer.gpus = vec![crate::Gpu { name: "H100".to_owned(), uuid: None }];
        now.environment = Some(record.environment.clone());
    };
    assert_eq!(judged(gpu, Dimension::Randomness).verdict, Verdict::Equivalent);
}

#[test]
fn a_command_that_failed_is_no_success() {
    let failed = judged(|record, _| record.execution.as_mut().unwrap().exit_code = Some(2), Dimension::Execution);
    assert_eq!(failed.verdict, Verdict::Drifted);
    let killed = judged(|_, now| now.status = Some("KILLED".to_owned()), Dimension::Execution);
    assert_eq!(killed.reason, "the command succeeded, but the run is KILLED");
    let hidden = judged(
        |record, _| record.execution.as_mut().unwrap().command.push("--token=***".to_owned()),
        Dimension::Execution,
    );
    assert_eq!(hidden.verdict, Verdict::Equivalent);
}

#[test]
fn artifacts_that_were_tampered_with_are_found() {
    let with = |found: Result<&str, &str>| {
        let sha256 = found.map(str::to_owned).map_err(str::to_owned);
        let change = |_: &mut Record, now: &mut Observed| {
            now.artifacts.as_mut().unwrap().insert("model.bin".to_owned(), ArtifactNow { sha256, size: 1 });
        };
        judged(change, Dimension::Artifacts).verdict
    };
    assert_eq!((with(Ok("x")), with(Err("gone"))), (Verdict::Drifted, Verdict::Missing));
    let gone = judged(|_, now| now.artifacts = Some(BTreeMap::new()), Dimension::Artifacts);
    assert_eq!((gone.verdict, gone.reason.as_str()), (Verdict::Missing, "not to be had: model.bin"));
}

#[test]
fn a_record_that_does_not_fit_its_key_is_not_believed() {
    let mut forged = record();
    forged.data[0].digest = Some(digest('b'));
    let mut now = unchanged(&forged);
    now.data.insert("data".to_owned(), DataNow { digest: Some(digest('b')), ..DataNow::default() });
    let report = report(&forged, &now);
    assert_eq!(report.overall.reason, "repeated now, it would be another run: artifacts drifted");
    assert!(report.finding(Dimension::Artifacts).unwrap().reason.starts_with("the record itself was changed"));
}

#[test]
fn a_report_is_readable_as_text_page_and_document() {
    let mut record = record();
    record.run_id = Some("<r&>".to_owned());
    record.provenance_key = None;
    let mut now = unchanged(&record);
    now.data.clear();
    let report = report(&record, &now);
    let text = report.to_text();
    assert!(
        text.starts_with("Run <r&>: missing\nThe run cannot be repeated from what is known: data missing.\n"),
        "{text}"
    );
    let page = report.to_html();
    assert!(page.contains("<code>&lt;r&amp;&gt;</code>") && !page.contains("<r&>"));
    let again: Report = serde_json::from_value(serde_json::to_value(&report).unwrap()).unwrap();
    assert_eq!(again, report);
}
