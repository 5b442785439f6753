//! What TensorBoard would read: one whole file per run, with every point once and in order, and the last word on
//! each tag.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use trackside_tensorboard_wire::{Event, Events, Value, Values, What, from_wall_time, markdown::read_plain};

use crate::chaos::{
    difference::Differences,
    ledger::{Acknowledged, Run},
    load::KEYS,
};

/// Before the key of a tag.
const TAGS: &str = "run/tags/";

/// A scalar as TensorBoard has it: the value is a float.
type Scalar = (String, i64, i64, u32);

pub(crate) fn check(folder: &Path, truth: &Acknowledged, differences: &mut Differences) {
    let mut files = BTreeMap::new();
    for path in event_files(folder) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (id, _) = name.split_once(".trackside-").unwrap().1.split_once('.').unwrap();
        if files.insert(id.to_owned(), path.clone()).is_some() {
            differences.add(&format!("tb.{id}"), "has two files");
        }
    }
    differences.runs("tb", truth.runs.keys(), files.keys());
    for (id, path) in &files {
        if let Some(run) = truth.runs.get(id) {
            check_run(&format!("tb.{id}"), path, run, differences);
        }
    }
}

fn event_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(event_files(&path)) } else { found.push(path) }
    }
    found
}

fn check_run(place: &str, path: &Path, run: &Run, differences: &mut Differences) {
    let bytes = fs::read(path).unwrap();
    let mut events = Events::new(&bytes);
    let (mut scalars, mut tags) = (Vec::new(), BTreeMap::new());
    for event in events.by_ref() {
        match event {
            Ok(event) => values(&event).for_each(|value| read(&event, value, &mut scalars, &mut tags)),
            Err(damage) => differences.add(place, format!("{damage:?}")),
        }
    }
    if events.offset() != bytes.len() {
        differences.add(place, "the last record is torn");
    }
    let expected: Vec<Scalar> = run
        .points
        .iter()
        .map(|logged| (logged.key.clone(), logged.point.step, logged.point.time, float(logged.point.value)))
        .collect();
    differences.sequence(place, &expected, &scalars);
    for (key, value) in &run.tags {
        if tags.get(key) != Some(value) {
            differences.add(place, format!("the tag {key} is {:?} instead of {value}", tags.get(key)));
        }
    }
}

fn values(event: &Event) -> impl Iterator<Item = &Value> {
    let summary = match &event.what {
        Some(What::Summary(summary)) => Some(summary),
        _ => None,
    };
    summary.into_iter().flat_map(|summary| &summary.value)
}

fn read(event: &Event, value: &Value, scalars: &mut Vec<Scalar>, tags: &mut BTreeMap<String, String>) {
    match &value.value {
        Some(Values::Simple(number)) => {
            assert!(KEYS.contains(&value.tag.as_str()), "nobody logs {}", value.tag);
            let time = from_wall_time(event.wall_time).millis();
            scalars.push((value.tag.clone(), event.step, time, float((*number).into())));
        }
        Some(Values::Tensor(tensor)) => {
            if let (Some(key), [text]) = (value.tag.strip_prefix(TAGS), tensor.string_val.as_slice()) {
                tags.insert(key.to_owned(), read_plain(std::str::from_utf8(text).unwrap()));
            }
        }
        _ => {}
    }
}

/// Bits of the float, NaN being one value.
fn float(value: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "TensorBoard's scalars are floats")]
    let float = value as f32;
    if float.is_nan() { f32::NAN.to_bits() } else { float.to_bits() }
}
