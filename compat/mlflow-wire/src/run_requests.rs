//! Runs: the requests that create, find and change them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trackside_core::{
    self as core, Event, ExperimentId, PageRequest, Query, RunId, RunStatus, RunUpdate, Timestamp, fault,
    query::{Filter, Order, RunField},
};

use crate::{
    Choice, Failure, Int, MAX_SEARCH_RESULTS, RUN_NAME_TAG, Tag, experiment_id,
    object::objects,
    page,
    request::{required, wrong_type},
    run::run_id,
    search,
    view::view,
};

/// Runs of a page when the client does not say.
pub const DEFAULT_SEARCH_RUNS: i64 = 1000;

/// `POST runs/create`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateRun {
    /// Required.
    #[serde(alias = "experimentId", skip_serializing_if = "Option::is_none")]
    pub experiment_id: Option<String>,
    /// Who starts it.
    #[serde(alias = "userId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Label; one is made up when absent or empty.
    #[serde(alias = "runName", skip_serializing_if = "Option::is_none")]
    pub run_name: Option<String>,
    /// ms since the epoch; absent counts as 0.
    #[serde(alias = "startTime", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Int>,
    /// First tags, not held to the rules of keys; no key twice.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

/// What [`CreateRun`] asks for.
#[derive(Debug, PartialEq)]
pub struct NewRun {
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Label, if there is one.
    pub name: Option<String>,
    /// Who starts it; may be empty.
    pub user: String,
    /// When it started.
    pub started_at: Timestamp,
    /// First tags.
    pub tags: Vec<core::Tag>,
}

impl CreateRun {
    /// What is asked for.
    pub fn checked(self) -> Result<NewRun, Failure> {
        let experiment = experiment_id(&required(self.experiment_id, "experiment_id")?)?;
        let tags = self.tags.unwrap_or_default().into_iter();
        let tags = tags.map(|tag| core::Tag::new(tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
        let (mut names, tags): (Vec<_>, Vec<_>) =
            tags.collect::<core::Result<Vec<_>>>()?.into_iter().partition(|tag| tag.key.as_str() == RUN_NAME_TAG);
        if let [_, second, ..] = &names[..] {
            return Err(fault::duplicate_key("tag", &second.key).into());
        }
        let tagged = names.pop().map(|tag| tag.value).filter(|name| !name.is_empty());
        Ok(NewRun {
            experiment,
            name: one_name(self.run_name.filter(|name| !name.is_empty()), tagged)?,
            user: self.user_id.unwrap_or_default(),
            started_at: Timestamp::from_millis(self.start_time.unwrap_or_default().0),
            tags,
        })
    }
}

fn one_name(given: Option<String>, tagged: Option<String>) -> Result<Option<String>, Failure> {
    match (given, tagged) {
        (Some(given), Some(tagged)) if given != tagged => Err(Failure::invalid(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
             (run_name='{given}', mlflow.runName='{tagged}')."
        ))),
        (given, tagged) => Ok(given.or(tagged)),
    }
}

/// `GET runs/get`, `POST runs/delete`, `POST runs/restore`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunById {
    /// Required.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid", skip_serializing_if = "Option::is_none")]
    pub run_uuid: Option<String>,
}

impl RunById {
    /// The id.
    pub fn checked(self) -> Result<RunId, Failure> {
        run_id(self.run_id, self.run_uuid)
    }
}

/// `POST runs/update`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateRun {
    /// Required.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid", skip_serializing_if = "Option::is_none")]
    pub run_uuid: Option<String>,
    /// New status; an unknown name is ignored, as in MLflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Choice>,
    /// ms since the epoch.
    #[serde(alias = "endTime", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Int>,
    /// New label; empty is none.
    #[serde(alias = "runName", skip_serializing_if = "Option::is_none")]
    pub run_name: Option<String>,
}

impl UpdateRun {
    /// The run and the event that changes it.
    pub fn checked(self) -> Result<(RunId, Event), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        let names = RunStatus::ALL.map(|status| (status.as_str(), status));
        let status = self.status.as_ref().and_then(|choice| choice.among(names));
        if let (None, Some(Choice::Number(number))) = (status, &self.status) {
            return Err(wrong_type(&Value::from(*number), "status"));
        }
        let ended_at = self.end_time.map(|Int(at)| Timestamp::from_millis(at));
        let name = self.run_name.filter(|name| !name.is_empty());
        Ok((id, Event::Updated(RunUpdate { status, ended_at, name })))
    }
}

/// `POST runs/search`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchRuns {
    /// Where to look; none means nothing is found.
    #[serde(alias = "experimentIds", skip_serializing_if = "Option::is_none")]
    pub experiment_ids: Option<Vec<String>>,
    /// See `search::runs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// `ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
    #[serde(alias = "runViewType", skip_serializing_if = "Option::is_none")]
    pub run_view_type: Option<Choice>,
    /// At most so many; absent means 1000.
    #[serde(alias = "maxResults", skip_serializing_if = "Option::is_none")]
    pub max_results: Option<Int>,
    /// One clause per item.
    #[serde(alias = "orderBy", skip_serializing_if = "Option::is_none")]
    pub order_by: Option<Vec<String>>,
    /// Where to go on.
    #[serde(alias = "pageToken", skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

impl SearchRuns {
    /// Where to look, for what, and which page.
    pub fn checked(self) -> Result<(Vec<ExperimentId>, Query<RunField>, PageRequest), Failure> {
        let limit = self.max_results.map_or(DEFAULT_SEARCH_RUNS, |Int(limit)| limit);
        if limit > MAX_SEARCH_RESULTS {
            return Err(wrong_type(&Value::from(limit), "max_results"));
        }
        if limit <= 0 {
            return Err(Failure::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer"
            )));
        }
        let experiments = self.experiment_ids.unwrap_or_default();
        let filter = search::parse_run_filter(self.filter.as_deref().unwrap_or_default())?;
        let order = search::parse_run_order(&self.order_by.unwrap_or_default())?;
        let query =
            Query { filter: by_name(filter), order: latest_first(order), view: view(self.run_view_type.as_ref()) };
        let page = PageRequest {
            limit: usize::try_from(limit).unwrap_or_default(),
            after: page::parse(self.page_token.as_deref())?,
        };
        Ok((experiments.iter().map(|id| experiment_id(id)).collect::<Result<_, _>>()?, query, page))
    }
}

/// The same order, by name for the tag that shows it, and among equals the latest first (`_get_orderby_clauses`).
fn latest_first(order: Vec<Order<RunField>>) -> Vec<Order<RunField>> {
    let mut order: Vec<_> = order.into_iter().map(|order| Order { field: name_field(order.field), ..order }).collect();
    if order.iter().all(|order| order.field != RunField::StartedAt) {
        order.push(Order { field: RunField::StartedAt, ascending: false });
    }
    order
}

/// The same filter with the name in place of the tag that shows it.
fn by_name(filter: Filter<RunField>) -> Filter<RunField> {
    let each = |parts: Vec<Filter<RunField>>| parts.into_iter().map(by_name).collect();
    match filter {
        Filter::All(parts) => Filter::All(each(parts)),
        Filter::Any(parts) => Filter::Any(each(parts)),
        Filter::Not(inner) => Filter::Not(Box::new(by_name(*inner))),
        Filter::Field(field, test) => Filter::Field(name_field(field), test),
    }
}

fn name_field(field: RunField) -> RunField {
    match field {
        RunField::Tag(key) if key.as_str() == RUN_NAME_TAG => RunField::Name,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::{Key, query::Test};

    use super::*;
    use crate::request::from_json;

    fn created(run: &str) -> Result<NewRun, Failure> {
        from_json::<CreateRun>(run.as_bytes())?.checked()
    }

    #[test]
    fn the_name_of_a_run_comes_once_or_twice_but_not_in_two_ways() {
        let tag = |name: &str| format!(r#""tags": [{{"key": "mlflow.runName", "value": "{name}"}}, {{"key": "a?b"}}]"#);
        let name = |fields: &str| created(&format!(r#"{{"experiment_id": "1", {fields}}}"#)).map(|run| run.name);
        assert_eq!(name(&tag("a")).unwrap().as_deref(), Some("a"));
        assert_eq!(name(&format!(r#""run_name": "a", {}"#, tag("a"))).unwrap().as_deref(), Some("a"));
        assert_eq!(name(&format!(r#""run_name": "", {}"#, tag(""))).unwrap(), None);
        let refused = name(&format!(r#""run_name": "a", {}"#, tag("b"))).unwrap_err();
        assert!(refused.message.contains("(run_name='a', mlflow.runName='b')"));
        let kept = created(&format!(r#"{{"experiment_id": "1", {}}}"#, tag("a"))).unwrap().tags;
        assert_eq!(kept, [core::Tag::new("a?b", "").unwrap()]);
    }

    #[test]
    fn an_unknown_status_is_ignored_by_name_and_refused_by_number() {
        let status = |status: &str| {
            let request = format!(r#"{{"run_id": "r", "status": {status}}}"#);
            from_json::<UpdateRun>(request.as_bytes()).unwrap().checked().map(|(_, event)| match event {
                Event::Updated(update) => update.status,
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(status("\"FINISHED\"").unwrap(), Some(RunStatus::Finished));
        assert_eq!(status("3").unwrap(), Some(RunStatus::Finished));
        assert_eq!(status("\"BOGUS\"").unwrap(), None);
        assert!(
            status("99").unwrap_err().message.starts_with("Invalid value 99 for parameter 'status' supplied:  Hint")
        );
    }

    #[test]
    fn searches_by_the_name_tag_are_searches_by_name() {
        let request =
            r#"{"experiment_ids": ["1"], "filter": "tags.mlflow.runName = 'a'", "order_by": ["tags.mlflow.runName"]}"#;
        let (experiments, query, page) = from_json::<SearchRuns>(request.as_bytes()).unwrap().checked().unwrap();
        assert_eq!((experiments.len(), page.limit), (1, 1000));
        assert!(matches!(query.filter.fields()[..], [(RunField::Name, Test::Text(..))]), "{:?}", query.filter);
        assert_eq!(query.order[0].field, RunField::Name);
        assert_eq!(query.order[1], Order { field: RunField::StartedAt, ascending: false });
        let other = Filter::Not(Box::new(Filter::Field(RunField::Tag(Key::new("t").unwrap()), Test::Present(true))));
        assert_eq!(by_name(other.clone()), other);
    }

    #[test]
    fn a_page_of_runs_has_limits() {
        let refusal = |limit: &str| {
            let request = format!(r#"{{"max_results": {limit}}}"#);
            from_json::<SearchRuns>(request.as_bytes()).and_then(SearchRuns::checked).unwrap_err().message
        };
        assert!(refusal("0").ends_with("It must be a positive integer"));
        assert!(refusal("50001").starts_with("Invalid value 50001 for parameter 'max_results' supplied:  Hint"));
    }
}
