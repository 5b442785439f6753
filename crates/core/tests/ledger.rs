//! The stored form of the registry's ledger: written as it was, read as it was.

use trackside_core::{
    ErrorKind, Key, Timestamp,
    ledger::{Action, Effect, Facet, LedgerDigest, LedgerEntry, NewLedgerEntry, Origin, RegistryState},
};

const GOLDEN: &str = include_str!("golden/ledger-v1.jsonl");

fn entry(at: i64, action: Action, origin: Origin, effects: Vec<Effect>) -> NewLedgerEntry {
    let (at, model) = (Timestamp::from_millis(at), Key::new("m").unwrap());
    NewLedgerEntry { at, model, action, origin, evidence: None, effects }
}

#[expect(clippy::unnecessary_wraps, reason = "as effects have it")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// One of each, as they follow each other.
fn entries() -> Vec<NewLedgerEntry> {
    use {Action as A, Facet as F};
    let of = Effect::of_model;
    let version = |what, before, after| Effect::of_version(1, what, before, after);
    let alice = Origin {
        name: Some(Key::new("alice").unwrap()),
        address: text("127.0.0.1"),
        client: text("mlflow-python-client/3.17.2"),
        reason: text("it is \"better\"\n"),
        warrant: None,
    };
    let nobody = || Origin::NOBODY;
    let mut moved = entry(7, A::MoveVersion, alice.clone(), vec![version(F::Stage, text("None"), text("Production"))]);
    moved.evidence = Some(serde_json::json!({ "rules": [] }));
    vec![
        entry(1, A::CreateModel, alice, vec![of(F::Present, None, text("true")), of(F::Tag, None, text("1")).at("a")]),
        entry(2, A::DescribeModel, nobody(), vec![of(F::Description, None, text("ä"))]),
        entry(3, A::SetModelTag, nobody(), vec![of(F::Tag, text("1"), text("2")).at("a")]),
        entry(4, A::DeleteModelTag, nobody(), vec![of(F::Tag, text("2"), None).at("a")]),
        entry(
            5,
            A::CreateVersion,
            nobody(),
            vec![
                version(F::Present, None, text("true")),
                version(F::Stage, None, text("None")),
                version(F::Source, None, text("runs:/r/m")),
                version(F::Run, None, text("r")),
            ],
        ),
        entry(6, A::DescribeVersion, nobody(), vec![version(F::Description, None, text("words"))]),
        moved,
        entry(8, A::SetVersionTag, nobody(), vec![version(F::Tag, None, text("1")).at("a")]),
        entry(9, A::DeleteVersionTag, nobody(), vec![version(F::Tag, text("1"), None).at("a")]),
        entry(10, A::SetAlias, nobody(), vec![of(F::Alias, None, text("1")).at("champion")]),
        entry(11, A::DeleteAlias, nobody(), vec![of(F::Alias, text("1"), None).at("champion")]),
        entry(
            12,
            A::DeleteVersion,
            nobody(),
            vec![version(F::Stage, text("Production"), None), version(F::Present, text("true"), None)],
        ),
        entry(13, A::RenameModel, nobody(), vec![of(F::Name, text("m"), text("n"))]),
        NewLedgerEntry {
            model: Key::new("n").unwrap(),
            ..entry(14, A::DeleteModel, nobody(), vec![of(F::Present, text("true"), None)])
        },
        entry(15, A::FindModel, nobody(), vec![of(F::Present, None, text("true"))]),
    ]
}

#[test]
fn entries_are_written_and_read_as_they_were() {
    let (mut previous, mut state) = (LedgerDigest::NONE, RegistryState::default());
    let entries = entries();
    assert_eq!(GOLDEN.lines().count(), entries.len());
    for ((seq, line), expected) in (1..).zip(GOLDEN.lines()).zip(entries) {
        assert_eq!(expected.line(seq, previous), line);
        let digest = LedgerDigest::of(line);
        let found = LedgerEntry { seq, line: line.to_owned(), digest }.follows(seq - 1, previous).unwrap();
        assert_eq!(found, expected);
        state.apply(&found).unwrap();
        previous = digest;
    }
    assert_eq!(state.models.keys().collect::<Vec<_>>(), ["m"]);
}

#[test]
fn what_is_no_entry_is_corrupt() {
    let first = GOLDEN.lines().next().unwrap();
    let entry = |line: &str| LedgerEntry { seq: 1, line: line.to_owned(), digest: LedgerDigest::of(line) };
    for (line, said) in [
        (first.replace("\"v\":1", "\"v\":2"), "version 2"),
        (first.replace("\"effects\"", "\"more\":1,\"effects\""), "unknown field"),
        (first.replace("\"seq\":1", "\"seq\":2"), "says that it is entry 2"),
        (first.replace("000", "001"), "follows an entry"),
        (first.replace("create-model", "do"), "unknown variant"),
        ("{}".to_owned(), "missing field"),
    ] {
        let error = entry(&line).follows(0, LedgerDigest::NONE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.message().contains(said), "{error}");
    }
    let missing = LedgerEntry { seq: 3, ..entry(first) }.follows(1, LedgerDigest::NONE).unwrap_err();
    assert!(missing.message().contains("entry 2 is missing"), "{missing}");
    let mut state = RegistryState::default();
    let strange = state.apply(&entries()[3]).unwrap_err();
    assert_eq!(strange.kind(), ErrorKind::Corrupt);
}
