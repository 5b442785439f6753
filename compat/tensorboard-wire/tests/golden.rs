//! Bytes that TensorBoard 2.21.0 was seen to read, with both of its loaders.

use std::collections::BTreeMap;

use trackside_core::Timestamp;
use trackside_tensorboard_wire::{
    Content, Damage, Event, Events, FILE_VERSION, HParamsPluginData, Plain, PlainValue, ScalarTag, SessionStartInfo,
    Value, Values, What, append_message, file_name,
};

const VERSION: &str = "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d";
const SCALAR: &str = "1a00000000000000129bd82d0900004040fc54d94110012a0d0a0b0a046c6f7373150000003f97d67404";
const TENSOR_SCALAR: &str = "2e00000000000000c5cb57fa0900004040fc54d94110012a210a1f0a046c6f73734a0b0a090a077363616c\
                             617273420a080112002a040000003fa5df4054";
const SESSION_START: &str = "6d000000000000003d4de6710900000040fc54d9412a620a600a1c5f68706172616d735f2f73657373696f6e5f\
                             73746172745f696e666f4a380a360a0768706172616d73122b1a290a0f0a026c721209119a9999999999b93f0a0d\
                             0a036f707412061a046164616d2900000040fc54d94142060801120212007f423f2d";

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn events(file: &[u8]) -> Vec<Event> {
    Events::new(file).map(Result::unwrap).collect()
}

#[test]
fn the_version_record_is_written_as_golden() {
    let what = Some(What::FileVersion(FILE_VERSION.to_owned()));
    let mut out = Vec::new();
    append_message(&mut out, &Event { wall_time: 1_700_000_000.0, step: 0, what, source_metadata: None });
    assert_eq!(out, bytes(VERSION));
}

#[test]
fn a_scalar_is_written_as_golden() {
    let mut out = Vec::new();
    ScalarTag::new("loss").append(&mut out, 1_700_000_001.0, 1, 0.5);
    assert_eq!(out, bytes(SCALAR));
}

#[test]
fn a_session_start_has_the_golden_content() {
    let hparams = [("lr", PlainValue::Number(0.1)), ("opt", PlainValue::Text("adam".to_owned()))];
    let hparams = hparams.map(|(name, value)| (name.to_owned(), Plain { value: Some(value) }));
    let start = SessionStartInfo { hparams: BTreeMap::from(hparams), start_time_secs: 1_700_000_000.0 };
    let golden = events(&bytes(SESSION_START)).remove(0);
    let Some(What::Summary(summary)) = &golden.what else { panic!("a summary") };
    let metadata = summary.value[0].metadata.as_ref().unwrap();
    assert_eq!(HParamsPluginData::read(metadata), Some(Content::Start(start.clone())));

    // Ours says the data class as well; without it the event is the golden one.
    let mut value = HParamsPluginData::value(Content::Start(start));
    value.metadata.as_mut().unwrap().data_class = 0;
    assert_eq!(Event::value(golden.wall_time, 0, value), golden);
}

#[test]
fn both_forms_of_scalars_are_read() {
    let file = [VERSION, SCALAR, TENSOR_SCALAR].map(bytes).concat();
    let read = events(&file);
    assert_eq!(read.len(), 3);
    let values: Vec<&Value> = read
        .iter()
        .filter_map(|event| match &event.what {
            Some(What::Summary(summary)) => Some(&summary.value[0]),
            _ => None,
        })
        .collect();
    assert_eq!(values[0].value, Some(Values::Simple(0.5)));
    let Some(Values::Tensor(tensor)) = &values[1].value else { panic!("a tensor") };
    assert_eq!((tensor.float_val.as_slice(), values[1].tag.as_str()), ([0.5].as_slice(), "loss"));
}

#[test]
fn damage_is_passed_over_and_a_torn_tail_waits() {
    let mut file = [VERSION, SCALAR, SCALAR, SCALAR].map(bytes).concat();
    file[40 + 20] ^= 1;
    file.pop();
    let mut reading = Events::new(&file);
    let found: Vec<_> = reading.by_ref().map(|event| event.map(|event| event.step)).collect();
    assert_eq!(found, [Ok(0), Err(Damage::Payload), Ok(1)]);
    assert_eq!(reading.offset(), 40 + 2 * 42);

    file[40] ^= 1;
    let found: Vec<_> = Events::new(&file).map(|event| event.map(|event| event.step)).collect();
    assert_eq!(found, [Ok(0), Err(Damage::Length)]);
}

#[test]
fn a_valid_record_that_is_no_event_is_passed_over() {
    let mut file = Vec::new();
    trackside_tensorboard_wire::append_record(&mut file, 1, |out| out.push(0xff));
    file.extend(bytes(SCALAR));
    let found: Vec<_> = Events::new(&file).map(|event| event.map(|event| event.step)).collect();
    assert_eq!(found, [Err(Damage::NoEvent), Ok(1)]);
}

#[test]
fn names_sort_by_time_then_counter() {
    let name = |secs: i64, counter| file_name(Timestamp::from_millis(secs * 1_000), "trackside.r1", counter);
    assert_eq!(name(1_700_000_000, 0), "events.out.tfevents.1700000000.trackside.r1.0000");
    let names =
        [name(-5, 0), name(999_999_999, 9), name(1_700_000_000, 2), name(1_700_000_000, 10), name(i64::MAX / 1_000, 0)];
    assert!(names.is_sorted());
}
