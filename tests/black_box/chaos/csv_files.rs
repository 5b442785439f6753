//! What the plugin has written: every point once, in the order in which it was logged.

use std::{fs, path::Path};

use crate::chaos::{
    difference::Differences,
    ledger::{Acknowledged, Logged, Point},
    shown::point_text,
};

pub(crate) fn check(folder: &Path, truth: &Acknowledged, differences: &mut Differences) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ids: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".csv")?.to_owned())).collect();
    differences.runs("csv", truth.runs.keys(), ids.iter());
    for id in &ids {
        let Some(run) = truth.runs.get(id) else { continue };
        let text = fs::read_to_string(folder.join(format!("{id}.csv"))).unwrap();
        let expected: Vec<_> = run.points.iter().map(line).collect();
        let found: Vec<_> = text.lines().map(|row| line(&read(row))).collect();
        differences.sequence(&format!("csv.{id}"), &expected, &found);
    }
}

fn line(logged: &Logged) -> (String, String) {
    (logged.key.clone(), point_text(logged.point))
}

fn read(row: &str) -> Logged {
    let cells: Vec<&str> = row.split(',').collect();
    let [key, step, time, value] = cells.as_slice() else { panic!("no row of a point: {row}") };
    let point =
        Point { step: step.parse().unwrap(), time: time.parse().unwrap(), value: value.trim().parse().unwrap() };
    Logged { key: (*key).to_owned(), point }
}
