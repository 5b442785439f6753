use trackside_core::{
    Key, Timestamp,
    ledger::{Action, Effect, Facet, LedgerDigest, NewLedgerEntry, Origin},
};

use super::*;
use crate::{SigningKey, VerifyError};

fn entry(at: i64, model: &str, action: Action, effects: Vec<Effect>) -> NewLedgerEntry {
    let origin = Origin { name: Some(Key::new("alice").unwrap()), ..Origin::NOBODY };
    let (at, model) = (Timestamp::from_millis(at), Key::new(model).unwrap());
    NewLedgerEntry { at, model, action, origin, evidence: None, effects }
}

fn stage(version: u32, before: &str, after: &str) -> Effect {
    let side = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Effect::of_version(version, Facet::Stage, side(before), side(after))
}

fn alias(before: Option<u32>, after: Option<u32>) -> Effect {
    Effect::of_model(Facet::Alias, before.map(|n| n.to_string()), after.map(|n| n.to_string())).at("champion")
}

fn tenures(entries: &[NewLedgerEntry]) -> Tenures {
    let mut tenures = Tenures::default();
    for (seq, entry) in (1..).zip(entries) {
        tenures.apply(seq, entry);
    }
    tenures
}

fn told(tenures: &Tenures) -> Vec<String> {
    let until = |tenure: &Tenure| tenure.until.map(|until| until.to_string()).unwrap_or_default();
    let text = |tenure: &Tenure| {
        format!("{}/{} {} {}-{}", tenure.model, tenure.version, tenure.held, tenure.from, until(tenure))
    };
    tenures.all().iter().map(text).collect()
}

fn history() -> Vec<NewLedgerEntry> {
    vec![
        entry(1, "m", Action::CreateVersion, vec![stage(1, "", "None")]),
        entry(2, "m", Action::MoveVersion, vec![stage(1, "None", "Production")]),
        entry(3, "m", Action::SetAlias, vec![alias(None, Some(1))]),
        entry(4, "m", Action::MoveVersion, vec![stage(1, "Production", "Archived"), stage(2, "None", "Production")]),
        entry(5, "m", Action::SetAlias, vec![alias(Some(1), Some(2))]),
        entry(6, "m", Action::RenameModel, vec![Effect::of_model(Facet::Name, Some("m".into()), Some("n".into()))]),
        entry(7, "n", Action::DeleteVersion, vec![alias(Some(2), None), stage(2, "Production", "")]),
    ]
}

#[test]
fn a_tenure_lasts_until_something_else_is_held() {
    let expected = [
        "m/1 stage Production 2-4",
        "m/1 alias champion 3-5",
        "m/1 stage Archived 4-6",
        "m/2 stage Production 4-6",
        "m/2 alias champion 5-6",
        "n/1 stage Archived 6-",
        "n/2 stage Production 6-7",
        "n/2 alias champion 6-7",
    ];
    assert_eq!(told(&tenures(&history())), expected);
}

#[test]
fn a_proof_is_checked_with_the_public_key_alone() {
    let (tenures, key) = (tenures(&history()), SigningKey::generate().unwrap());
    let end = (7, LedgerDigest::of("the last entry"));
    for index in 0..tenures.all().len() {
        let proof = Proof::of(&tenures, index, end, 100, &key).unwrap();
        let text = serde_json::to_string(&proof).unwrap();
        let read: Proof = serde_json::from_str(&text).unwrap();
        let checkpoint = read.verified(&key.verifying()).unwrap();
        assert_eq!((checkpoint.entries, checkpoint.at, checkpoint.tenures), (7, 100, 8));
        assert_eq!(read.until(&checkpoint), tenures.all()[index].until.unwrap_or(100));
    }
    assert_eq!(Proof::of(&tenures, 8, end, 100, &key), None);
}

#[test]
fn any_changed_byte_of_a_proof_is_found() {
    let (tenures, key) = (tenures(&history()), SigningKey::generate().unwrap());
    let proof = Proof::of(&tenures, 3, (7, LedgerDigest::NONE), 100, &key).unwrap();
    let text = serde_json::to_string(&proof).unwrap();
    let mut found = 0;
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
        let Ok(changed) = serde_json::from_slice::<Proof>(&bytes) else { continue };
        // A hint which key it is may say anything.
        if changed.checkpoint.signatures[0].keyid != proof.checkpoint.signatures[0].keyid {
            continue;
        }
        assert!(changed.verified(&key.verifying()).is_err(), "{}", String::from_utf8(bytes).unwrap());
        found += 1;
    }
    assert!(found > 500, "{found}");
    let other = SigningKey::generate().unwrap().verifying();
    assert_eq!(proof.verified(&other), Err(ProofError::Signature(VerifyError::OtherKey)));
}

#[test]
fn a_proof_is_small_however_long_the_history() {
    let mut entries = Vec::new();
    for at in 0..20_000 {
        entries.push(entry(
            at,
            "a-model-with-a-name",
            Action::SetAlias,
            vec![alias(Some(1), Some(2)), alias(Some(2), Some(1))],
        ));
    }
    let (tenures, key) = (tenures(&entries), SigningKey::generate().unwrap());
    let proof = Proof::of(&tenures, 12_345, (20_000, LedgerDigest::NONE), 20_000, &key).unwrap();
    let size = serde_json::to_string(&proof).unwrap().len();
    assert!(size < 2_048, "{size}");
    proof.verified(&key.verifying()).unwrap();
}
