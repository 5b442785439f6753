//! Names of TensorBoard's series: a metric has its own key; what we add stands below `run/` and `artifacts/`.
//!
//! A tag that changes its plugin is broken for both loaders of TensorBoard, so no metric may have a name of ours.

use std::borrow::Cow;

use trackside_core::{ArtifactPath, DatasetInput, Key};

/// Facts of the run itself.
pub(crate) const INFO: &str = "run/info";
/// Its params.
pub(crate) const PARAMS: &str = "run/params";
/// Its description.
pub(crate) const NOTE: &str = "run/note";
/// Before the key of a tag.
pub(crate) const TAGS: &str = "run/tags/";
/// Before name and digest of a dataset.
pub(crate) const DATASETS: &str = "run/datasets/";
/// Before the path of an image.
pub(crate) const ARTIFACTS: &str = "artifacts/";
/// Before names of the HPARAMS tab.
const HPARAMS: &str = "_hparams_/";
/// Before the key of a metric that would have one of these names, or none.
const METRIC: &str = "metric:";
/// The tag that MLflow's user interface shows as the description, in markdown.
const NOTE_KEY: &str = "mlflow.note.content";

/// Of a metric.
pub(crate) fn of_metric(key: &Key) -> Cow<'_, str> {
    let key = key.as_str();
    // A key that looks as if it had been changed is changed as well, so that no two become one.
    let bare = key.trim_start_matches(METRIC);
    let exact = ["", INFO, PARAMS, NOTE].contains(&bare);
    if exact || [TAGS, DATASETS, ARTIFACTS, HPARAMS].iter().any(|prefix| bare.starts_with(prefix)) {
        return Cow::Owned(format!("{METRIC}{key}"));
    }
    Cow::Borrowed(key)
}

/// Of a tag, and whether its value is markdown.
pub(crate) fn of_tag(key: &Key) -> (String, bool) {
    if key.as_str() == NOTE_KEY {
        return (NOTE.to_owned(), true);
    }
    (format!("{TAGS}{key}"), false)
}

/// Of a dataset.
pub(crate) fn of_dataset(input: &DatasetInput) -> String {
    format!("{DATASETS}{}@{}", input.dataset.name, input.dataset.digest)
}

/// Of an image.
pub(crate) fn of_artifact(path: &ArtifactPath) -> String {
    format!("{ARTIFACTS}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_keep_their_keys_but_never_take_ours() {
        let tag = |key: &str| of_metric(&Key::new(key).unwrap()).into_owned();
        for plain in ["loss", "run/loss", "run/info2", "metric", "artifacts"] {
            assert_eq!(tag(plain), plain);
        }
        let ours = ["", "run/info", "run/tags/x", "artifacts/a.png", "_hparams_/session_start_info", "metric:run/note"];
        let mut changed: Vec<String> = ours.iter().map(|key| tag(key)).collect();
        assert!(changed.iter().all(|tag| tag.starts_with("metric:")));
        changed.extend(["metric:metric:", "run/note"].map(tag));
        let n = changed.len();
        changed.sort();
        changed.dedup();
        assert_eq!(changed.len(), n);
    }
}
