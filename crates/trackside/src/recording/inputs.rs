//! Data of a record as dataset inputs of its run, and the datasets that clients log themselves.

use serde_json::json;
use trackside_evidence::{Data, DataSource, LinkedDataset, Record};
use trackside_tracking::{Dataset, DatasetInput, Run, Tag};

/// The tag that MLflow's pages show a context by, and ours.
const CONTEXT: (&str, &str) = ("mlflow.data.context", "trackside");

/// What was read, as the run's inputs show it.
pub(crate) fn dataset(data: &Data) -> Option<DatasetInput> {
    let digest = data.digest.as_ref()?;
    let source_type = match data.source {
        DataSource::Argument => "local",
        DataSource::Dvc { .. } => "dvc",
    };
    Some(DatasetInput {
        tags: Some(vec![Tag { key: Some(CONTEXT.0.into()), value: Some(CONTEXT.1.to_owned()) }]),
        dataset: Some(Dataset {
            name: Some(data.path.clone()),
            digest: Some(digest.md5.clone()),
            source_type: Some(source_type.to_owned()),
            source: Some(json!({"uri": data.path, "sha256": digest.sha256}).to_string()),
            schema: None,
            profile: Some(json!({"size": digest.size, "files": digest.files}).to_string()),
        }),
    })
}

/// The datasets that the client logged, with what their digests would not show.
pub(crate) fn linked(run: &Run, record: &Record) -> Vec<LinkedDataset> {
    let known = |digest: &str| record.data.iter().any(|data| data.digest.as_ref().is_some_and(|own| own.md5 == digest));
    let link = |input: &DatasetInput| {
        let dataset = input.dataset.as_ref()?;
        let (name, digest) = (dataset.name.clone()?, dataset.digest.clone()?);
        if known(&digest) {
            return None;
        }
        let source = dataset.source.as_deref().unwrap_or_default();
        let path = record.data.iter().map(|data| &data.path).find(|path| source.contains(path.as_str())).cloned();
        let warning = path.is_none().then(|| weakness(&digest)).flatten();
        Some(LinkedDataset { name, digest, path, warning })
    };
    let mut linked: Vec<_> = run.inputs.dataset_inputs.iter().filter_map(link).collect();
    linked.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
    linked
}

/// What MLflow's own digests would not show.
fn weakness(digest: &str) -> Option<String> {
    let is_short = digest.len() <= 8;
    is_short.then(|| {
        "the digest is over a sample of 10,000 rows and has 32 bits: a change further down, or in a column of booleans or \
         dates, would not show; name the file with --data"
            .to_owned()
    })
}
