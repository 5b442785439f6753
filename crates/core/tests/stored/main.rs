//! The stored form of batches against its golden file, and for whatever a batch may hold.

mod arbitrary;
mod samples;

use proptest::prelude::*;
use trackside_core::{
    Batch, Document, ErrorKind, Event, Key, Line, Lines, Param, RegisteredModelBatch, RunBatch, RunId, Seq, stored,
};

const GOLDEN: &str = include_str!("../golden/stored-v1.jsonl");

#[test]
fn lines_of_version_1_are_read_and_written_as_they_were() {
    let batches = samples::batches();
    assert_eq!(GOLDEN.lines().count(), batches.len());
    for (line, batch) in GOLDEN.lines().zip(batches) {
        assert_eq!(stored::decode(line).unwrap(), batch, "{line}");
        assert_eq!(stored::encode(&batch), line);
    }
}

#[test]
fn what_version_2_adds_is_written_as_it_was_and_lacks_in_version_1() {
    let golden = include_str!("../golden/stored-v2.jsonl");
    let param = |value: &str| vec![Param::new("p", value).unwrap()];
    let document = Document { name: Key::new("d").unwrap(), text: "\n".to_owned() };
    let lines = vec![Line { step: Some(-1), text: "a".to_owned() }, Line { step: None, text: String::new() }];
    let lines = Lines { stream: Key::new("s").unwrap(), writer: Key::new("").unwrap(), first: 7, lines };
    let events = [Event::ParamsReplaced(param("2")), Event::Resumed, Event::Document(document), Event::Lines(lines)];
    let of_run = |event| {
        Batch::Run(RunBatch { run: RunId::parse("r").unwrap(), started: None, events: vec![event], last: Seq(1) })
    };
    let of_model = |event| {
        let (model, events, last) = (Key::new("m").unwrap(), vec![event], Seq(1));
        Batch::RegisteredModel(RegisteredModelBatch { model, events, last })
    };
    let batches: Vec<Batch> =
        events.into_iter().map(of_run).chain(samples::later_registry_events().into_iter().map(of_model)).collect();
    assert_eq!(golden.lines().count(), batches.len());
    for (line, batch) in golden.lines().zip(batches) {
        assert_eq!(stored::encode(&batch), line);
        assert_eq!(stored::decode(line).unwrap(), batch);
        let earlier = line.replacen(r#""v":2"#, r#""v":1"#, 1);
        assert_eq!(stored::decode(&earlier).unwrap_err().kind(), ErrorKind::Corrupt, "{earlier}");
    }
}

#[test]
fn the_sign_of_zero_and_the_last_bit_survive() {
    for value in [-0.0, 0.0, f64::MIN_POSITIVE / 3.0, 0.1 + 0.2, f64::MAX, 1e23, 5e-324] {
        let batch = samples::of_one_point(value);
        let Batch::Run(RunBatch { events, .. }) = stored::decode(&stored::encode(&batch)).unwrap() else {
            panic!("a run stays a run")
        };
        let [Event::Points(points)] = events.as_slice() else { panic!("points stay points") };
        assert_eq!(points[0].point.value.to_bits(), value.to_bits(), "{value:?}");
    }
}

#[test]
fn whole_numbers_without_a_fraction_are_values_too() {
    let line = r#"{"v":1,"seq":1,"run":"r","events":[{"points":[["k",1,2,-3],["k",1,2,18446744073709551615]]}]}"#;
    let batch = stored::decode(line).unwrap();
    assert_eq!(batch.n_items(), 2);
}

#[test]
fn what_is_no_line_of_a_known_version_is_corrupt() {
    let bad = [
        "",
        "{}",
        "null",
        "[]",
        r#"{"v":1}"#,
        r#"{"v":1,"seq":1}"#,
        r#"{"seq":1,"v":1,"run":"r","events":[]}"#,
        r#"{"v":1,"run":"r","seq":1,"events":[]}"#,
        r#"{"v":1,"seq":-1,"run":"r","events":[]}"#,
        r#"{"v":1,"seq":1,"run":"../r","events":[]}"#,
        r#"{"v":1,"seq":1,"run":"r"}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[]} x"#,
        r#"{"v":1,"seq":1,"run":"r","events":[],"more":1}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[],"events":[]}"#,
        r#"{"v":1,"seq":1,"run":"r","changes":[]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"unheard_of":1}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"deleted":1,"restored":true}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"restored":false}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"tags":[["k"]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"tags":[["k\u0000","v"]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"points":[["k",1,2]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"points":[["k",1,2,3.0,{},5]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"points":[["k",1.5,2,3.0]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"points":[["k",9223372036854775808,2,3.0]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"points":[["k",1,2,"inf"]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"points":[["k",1,2,NaN]]}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"updated":{"status":"WELL"}}]}"#,
        r#"{"v":1,"seq":1,"run":"r","events":[{"artifact_deleted":"../x"}]}"#,
        r#"{"v":1,"seq":1,"logged_model":"m","changes":[{"at":1,"status":"WELL"}]}"#,
        r#"{"v":1,"seq":1,"logged_model":"m","changes":[{"status":"READY"}]}"#,
        r#"{"v":1,"seq":1,"registered_model":"m","events":[{"changed":{"at":1}}]}"#,
        r#"{"v":1,"seq":1,"registered_model":"m","events":[{"changed":{"at":1,"deleted":false}}]}"#,
    ];
    for line in bad {
        assert_eq!(stored::decode(line).unwrap_err().kind(), ErrorKind::Corrupt, "{line}");
    }
}

#[test]
fn a_later_version_is_named_whatever_its_shape() {
    for line in [r#"{"v":3,"seq":1,"run":"r","events":[]}"#, r#"{"v":3,"ship":["a"]}"#] {
        let error = stored::decode(line).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.message().contains("it has version 3, this build knows 2"), "{error}");
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let line = format!(r#"{{"v":1,"seq":1,"run":"r","events":{}"#, "[".repeat(100_000));
    assert_eq!(stored::decode(&line).unwrap_err().kind(), ErrorKind::Corrupt);
}

proptest! {
    #[test]
    fn any_batch_survives(batch in arbitrary::batch()) {
        let line = stored::encode(&batch);
        prop_assert!(!line.contains(['\n', '\r']));
        prop_assert_eq!(stored::decode(&line).unwrap(), batch);
    }

    #[test]
    fn a_damaged_line_never_panics(batch in arbitrary::batch(), at in any::<prop::sample::Index>(), byte in 0u8..128) {
        let mut line = stored::encode(&batch).into_bytes();
        let at = at.index(line.len());
        line[at] = byte;
        let Ok(line) = String::from_utf8(line) else { return Ok(()) };
        if let Err(error) = stored::decode(&line) {
            prop_assert_eq!(error.kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn a_torn_line_is_corrupt(batch in arbitrary::batch(), at in any::<prop::sample::Index>()) {
        let line = stored::encode(&batch);
        let mut end = at.index(line.len());
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        prop_assert_eq!(stored::decode(&line[..end]).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn an_empty_batch_is_a_batch() {
    let batch = Batch::Run(RunBatch { run: RunId::fresh(0), started: None, events: vec![], last: Seq(u64::MAX) });
    assert_eq!(stored::decode(&stored::encode(&batch)).unwrap(), batch);
}
