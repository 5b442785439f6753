//! Run directories, read as `wandb sync` reads them.

use std::{collections::BTreeMap, fs, path::Path};

use async_trait::async_trait;
use prost::Message;
use serde_json::Value;
use tempfile::TempDir;
use trackside_testkit::{Inspect, Limits, RunState};
use trackside_wandb_wire::{
    config::Document,
    container,
    record::{Item, Items, Record},
};

use crate::shown_run::{self, ShownRun};

/// Where run directories are.
#[derive(Debug)]
pub(crate) struct RunDirectories(pub(crate) TempDir);

#[async_trait]
impl Inspect for RunDirectories {
    async fn runs(&self) -> Vec<RunState> {
        let folders = fs::read_dir(self.0.path()).unwrap();
        let mut runs: Vec<_> = folders.map(|folder| read(&folder.unwrap().path()).state()).collect();
        runs.sort_by_key(|run| run.id.clone());
        runs
    }

    fn limits(&self) -> Limits {
        shown_run::LIMITS
    }

    fn view(&self, run: RunState) -> RunState {
        shown_run::view(run)
    }
}

/// The records of the one run in a directory.
pub(crate) fn records(folder: &Path) -> Vec<Record> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file =
        fs::read(names.into_iter().find(|path| path.extension().is_some_and(|end| end == "wandb")).unwrap()).unwrap();
    let mut framed = container::Records::new(file.as_slice()).unwrap();
    let records: Vec<_> = std::iter::from_fn(|| framed.read().unwrap()).collect();
    let records: Vec<_> = records.iter().map(|record| Record::decode(record.as_slice()).unwrap()).collect();
    assert!(records.iter().map(|record| record.num).eq(1..=i64::try_from(records.len()).unwrap()));
    records
}

/// What becomes of a directory when it is synchronised.
pub(crate) fn read(folder: &Path) -> ShownRun {
    let mut run = ShownRun::default();
    let mut config = Value::Object(serde_json::Map::new());
    for record in records(folder) {
        assert_eq!(run.exit_code, None, "the end comes last");
        if let Some(found) = record.run
            && !found.display_name.is_empty()
        {
            run.display_name = found.display_name;
        }
        if let Some(items) = record.config {
            apply(&mut config, &items);
        }
        if let Some(row) = record.history {
            let fields: Vec<String> =
                row.item.iter().map(|item| format!("{}:{}", Value::from(path(item)[0]), item.value_json)).collect();
            run.history.push(format!("{{{}}}", fields.join(",")));
        }
        for file in record.files.into_iter().flat_map(|files| files.files) {
            let size = fs::metadata(folder.join("files").join(&file.path)).unwrap().len();
            run.files.insert(file.path, size);
        }
        run.exit_code = record.exit.map(|exit| exit.exit_code);
    }
    let config: BTreeMap<String, Value> = serde_json::from_value(config).unwrap();
    let mut document = Document::default();
    for (key, value) in config {
        document.set(&key, value);
    }
    run.config = document;
    run
}

fn path(item: &Item) -> Vec<&str> {
    if item.nested_key.is_empty() { vec![&item.key] } else { item.nested_key.iter().map(String::as_str).collect() }
}

fn apply(config: &mut Value, items: &Items) {
    for item in &items.update {
        let place = path(item).into_iter().fold(&mut *config, |object, key| &mut object[key]);
        *place = serde_json::from_str(&item.value_json).unwrap();
    }
    for item in &items.remove {
        let (last, above) = path(item).split_last().map(|(last, above)| ((*last).to_owned(), above.to_vec())).unwrap();
        let object = above.into_iter().fold(&mut *config, |object, key| &mut object[key]);
        if let Some(object) = object.as_object_mut() {
            object.remove(&last);
        }
    }
}
