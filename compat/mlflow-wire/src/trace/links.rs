//! What a trace is linked to: runs that did not make it, prompts that it used.

use serde::Deserialize;
use trackside_core::{TraceChange, TraceId, TraceLinks};

use super::requests::{existing_trace_id, trace_ids};
use crate::{Failure, object::objects, request::required, run::existing_run_id};

/// Most traces linked by one request (`store/tracking/sqlalchemy_store.py`, MLflow 3.17.2).
const MAX_LINKS: usize = 100;

/// `POST traces/link-to-run`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LinkTracesToRun {
    /// Required.
    #[serde(alias = "traceIds")]
    pub trace_ids: Option<Vec<String>>,
    /// Required.
    #[serde(alias = "runId")]
    pub run_id: Option<String>,
}

impl LinkTracesToRun {
    /// The links.
    pub fn checked(self) -> Result<TraceLinks, Failure> {
        let traces = required(self.trace_ids, "trace_ids")?;
        let run = required(self.run_id, "run_id")?;
        if traces.len() > MAX_LINKS {
            return Err(Failure::invalid(format!(
                "Cannot link more than {MAX_LINKS} traces to a run in a single request. Provided {} traces.",
                traces.len()
            )));
        }
        Ok(TraceLinks { traces: trace_ids(&traces, "trace_ids")?, run: existing_run_id(&run)? })
    }
}

/// `POST traces/link-prompts`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LinkPrompts {
    /// Required.
    #[serde(alias = "traceId")]
    pub trace_id: Option<String>,
    /// Required.
    #[serde(alias = "promptVersions", deserialize_with = "objects")]
    pub prompt_versions: Option<Vec<PromptVersionRef>>,
}

/// A version of a prompt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PromptVersionRef {
    /// Of the prompt.
    pub name: Option<String>,
    /// A number.
    pub version: Option<String>,
}

impl LinkPrompts {
    /// Which trace, and the change.
    pub fn checked(self) -> Result<(TraceId, TraceChange), Failure> {
        let id = required(self.trace_id, "trace_id")?;
        let versions = required(self.prompt_versions, "prompt_versions")?;
        let prompts = versions.into_iter().map(|prompt| {
            let version = prompt.version.unwrap_or_default();
            let number: i64 = version.trim().parse().map_err(|_| {
                Failure::invalid(format!("Invalid value \"{version}\" for parameter 'version': it must be an integer"))
            })?;
            Ok(format!("{}/{number}", prompt.name.unwrap_or_default()))
        });
        let prompts = prompts.collect::<Result<Vec<_>, Failure>>()?;
        Ok((existing_trace_id(&id)?, TraceChange::LinkPrompts(prompts)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::from_value;

    #[test]
    fn a_hundred_traces_may_be_linked_at_once() {
        let links = |n: usize| {
            let ids: Vec<_> = (0..n).map(|n| format!("tr-{n}")).collect();
            from_value::<LinkTracesToRun>(&json!({"trace_ids": ids, "run_id": "r"})).unwrap().checked()
        };
        assert_eq!(links(100).unwrap().traces.len(), 100);
        let message = links(101).unwrap_err().message;
        assert!(message.starts_with("Cannot link more than 100 traces to a run in a single request."), "{message}");
    }

    #[test]
    fn prompts_are_named_with_their_version() {
        let body = json!({"trace_id": "t", "prompt_versions": [{"name": "qa", "version": "2"}]});
        let (_, change) = from_value::<LinkPrompts>(&body).unwrap().checked().unwrap();
        assert_eq!(change, TraceChange::LinkPrompts(vec!["qa/2".to_owned()]));
        let body = json!({"trace_id": "t", "prompt_versions": [{"name": "qa", "version": "x"}]});
        assert!(from_value::<LinkPrompts>(&body).unwrap().checked().is_err());
    }
}
