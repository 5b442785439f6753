//! The stored form of batches: what stores log, what dead letters hold and what plugins read.
//!
//! Schema `trackside-events`, version 2. A batch is one line of JSON without a line feed in it. A line begins with
//! its version `v`, its position `seq` and its subject, in this order; what follows depends on the subject:
//!
//! ```json
//! {"v":1,"seq":12,"run":"r1","started":{"experiment":"e","name":"n","user":"u","started_at":1700000000000,"tags":[]},"events":[]}
//! {"v":1,"seq":13,"logged_model":"m-1","created":{"id":"m-1","experiment":"e"},"changes":[]}
//! {"v":1,"seq":14,"registered_model":"name","events":[]}
//! ```
//!
//! | of a run | holds |
//! | --- | --- |
//! | `started` | `experiment`, `name`, `user`, `started_at`, `tags`; absent when the run began earlier |
//! | `params`, `tags` | list of `[key, value]` |
//! | `params_replaced` | the same; from version 2 |
//! | `points` | list of `[key, step, time, value]`; a fifth element names what was measured: `{"model": id, "dataset": [name, digest]}` |
//! | `tag_deleted` | key |
//! | `dataset_inputs` | list of `name`, `digest`, `source_type`, `source`, `schema`, `profile`, `tags` |
//! | `model_inputs`, `model_outputs` | list of ids, list of `[id, step]` |
//! | `updated` | `status`, `ended_at`, `name`, each only when it changes |
//! | `resumed` | `true`; from version 2 |
//! | `document`, `lines` | `name` and `text`; `stream`, `writer`, `first`, `lines`: from version 2, and never logged |
//! | `deleted`, `restored` | time, `true` |
//! | `artifact_stored`, `artifact_deleted` | `path` and `size`, path |
//!
//! | of a logged model | holds |
//! | --- | --- |
//! | `created` | `id`, `experiment`, `experiment_id`, `name`, `created_at`, `artifact_uri`, `model_type`, `source_run`, `tags`, `params` |
//! | in each of `changes` | `at` and one of `status`, `tags`, `tag_deleted`, `params`, `deleted` |
//!
//! | of a registered model | holds |
//! | --- | --- |
//! | `created` | `name`, `created_at`, `description`, `tags` |
//! | `changed` | `at` and one of `renamed`, `description`, `tag`, `tag_deleted`, `alias` (`[alias, version]`), `alias_deleted`, `deleted` |
//! | `version_created` | `version`, `model`, `number` (if one was asked for), `created_at`, `description`, `source`, `storage_location`, `run`, `run_link`, `logged_model`, `tags` |
//! | `version_changed` | `version`, `at` and one of `description`, `stage` (`to`, which is one of MLflow's in version 1; `archive_others`), `tag`, `tag_deleted`, `deleted` |
//! | `promotion` | `id`, `version`, `to` (a stage, or an alias behind `@`), `step`, `by`, `reason`, `at`; from version 2 |
//!
//! Times are milliseconds since the epoch, UTC. Steps, times and positions are 64-bit integers. Values are doubles
//! with as many digits as it takes to read the same double; those that JSON lacks are `"NaN"`, `"Infinity"` and
//! `"-Infinity"`. What is not known is left out, except a `description` that was cleared, which is `null`.
//!
//! A line of a known version with a field that the version lacks is refused rather than read in part, so whatever
//! is added to the form raises the version. Each released version has a golden file in `tests/golden`. A line is written
//! in the first version that has all that is in it, so whoever knows that version reads it.

mod dataset;
mod line;
mod list;
mod logged_model;
mod model_version;
mod number;
mod point;
mod promotion;
mod registered_model;
mod registry;
mod run;

use line::Line;

use crate::{Batch, Error, ErrorKind, Event, ModelVersionChange, RegistryEvent, Result, Stage};

/// Latest version of the form.
pub const VERSION: u32 = 2;
/// The version that programs outside speak, to which nothing of a later one is sent.
pub const FIRST_VERSION: u32 = 1;

/// Whether the first version lacks it.
pub const fn is_later_of_registry(event: &RegistryEvent) -> bool {
    matches!(
        event,
        RegistryEvent::Promotion(_)
            | RegistryEvent::VersionChanged(_, ModelVersionChange::Stage { stage: Stage::Own(_), .. }, _)
    )
}

/// The version in which a batch is written.
pub fn version_of(batch: &Batch) -> u32 {
    let is_later = |event: &Event| {
        matches!(event, Event::ParamsReplaced(_) | Event::Resumed | Event::Document(_) | Event::Lines(_))
    };
    match batch {
        Batch::Run(run) if run.events.iter().any(is_later) => 2,
        Batch::RegisteredModel(model) if model.events.iter().any(is_later_of_registry) => 2,
        _ => FIRST_VERSION,
    }
}

/// One line of JSON.
#[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
pub fn encode(batch: &Batch) -> String {
    serde_json::to_string(&Line::of(batch)).expect("the form has text keys and writing to memory does not fail")
}

/// Reads a line of any released version. `Corrupt` when it is none, or of a version that this build does not know.
pub fn decode(line: &str) -> Result<Batch> {
    serde_json::from_str(line).map(Line::into_batch).map_err(|cause| {
        Error::new(ErrorKind::Corrupt, format!("a stored batch cannot be read: {cause}")).with_source(cause)
    })
}
