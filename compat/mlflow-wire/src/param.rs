//! Params of runs.

use std::collections::HashSet;

use compact_str::CompactString;
use serde::Deserialize;
use trackside_core::{Event, Param, Run, RunId};

use crate::{
    Failure, Tag,
    names::{self, Place},
    run::run_id,
};

/// Longest value, in characters; the rest is cut.
pub const MAX_PARAM_CHARS: usize = 6000;

/// How a refusal to change a param begins. Clients match it.
pub const PARAM_CHANGED: &str = "Changing param values is not allowed.";

/// `POST runs/log-parameter`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogParameter {
    /// Required.
    #[serde(alias = "runId")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid")]
    pub run_uuid: Option<String>,
    /// Required.
    pub key: Option<CompactString>,
    /// Absent counts as empty.
    pub value: Option<String>,
}

impl LogParameter {
    /// The run, and the event that writes the param.
    pub fn checked(self) -> Result<(RunId, Event), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        let param = param(Tag { key: self.key, value: self.value }, Place::Alone)?;
        Ok((id, Event::Params(vec![param])))
    }
}

/// Checks a param.
pub(crate) fn param(param: Tag, place: Place) -> Result<Param, Failure> {
    let key = names::entry_key(param.key, place, format_args!("{place}key"), "Param key")?;
    Ok(Param { key, value: names::truncated(param.value.unwrap_or_default(), MAX_PARAM_CHARS) })
}

/// Refuses keys given twice, whatever the values.
pub(crate) fn check_unique(params: &[Param]) -> Result<(), Failure> {
    let (mut seen, mut twice) = (HashSet::with_capacity(params.len()), Vec::new());
    for param in params {
        let key = param.key.as_str();
        if !seen.insert(key) && !twice.contains(&key) {
            twice.push(key);
        }
    }
    if twice.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "Duplicate parameter keys have been submitted: ['{}']. Please ensure the request contains only one param value \
         per param key.",
        twice.join("', '")
    )))
}

/// What MLflow says when a batch would change params, all of which it lists; `None` when the batch changes none.
pub fn changed_params(run: &Run, batch: &[Param]) -> Option<Failure> {
    let changes: Vec<String> = batch
        .iter()
        .filter_map(|new| {
            let old = run.params.iter().find(|old| old.key == new.key && old.value != new.value)?;
            Some(format!("{{'key': '{}', 'old_value': '{}', 'new_value': '{}'}}", new.key, old.value, new.value))
        })
        .collect();
    let message =
        format!("{PARAM_CHANGED} Params were already logged='[{}]' for run ID='{}'.", changes.join(", "), run.info.id);
    (!changes.is_empty()).then(|| Failure::invalid(message))
}
