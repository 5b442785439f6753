//! `POST traces/search` of version 3, and `GET traces` of version 2.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trackside_core::{ExperimentId, Page, PageRequest, Query, Trace, query::TraceField};

use super::{TraceInfo, TraceInfoV2, info::Location};
use crate::{
    Failure, Int, Texts,
    experiment::experiment_id,
    object::objects,
    page,
    request::{missing, required, wrong_type},
    search,
};

/// Most traces of one page.
const MAX_RESULTS: i64 = 500;
/// Traces of a page when the client does not say.
const DEFAULT_RESULTS: i64 = 100;
/// Of places that are none, so many characters are shown.
const SHOWN_PLACES: usize = 20;

/// `POST traces/search`, version 3.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchTraces {
    /// Required; none find none.
    #[serde(deserialize_with = "objects")]
    pub locations: Option<Vec<Location>>,
    /// See `search::traces`.
    pub filter: Option<String>,
    /// At most so many.
    #[serde(alias = "maxResults")]
    pub max_results: Option<Int>,
    /// Clauses.
    #[serde(alias = "orderBy")]
    pub order_by: Option<Vec<String>>,
    /// Where to go on.
    #[serde(alias = "pageToken")]
    pub page_token: Option<String>,
}

/// `GET traces`, version 2.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchTracesV2 {
    /// Required.
    pub experiment_ids: Option<Texts>,
    /// See `search::traces`.
    pub filter: Option<String>,
    /// At most so many.
    pub max_results: Option<Int>,
    /// Clauses.
    pub order_by: Option<Texts>,
    /// Where to go on.
    pub page_token: Option<String>,
}

/// A search, valid in itself.
pub type TraceSearch = (Vec<ExperimentId>, Query<TraceField>, PageRequest);

impl SearchTraces {
    /// What to search.
    pub fn checked(self) -> Result<TraceSearch, Failure> {
        let locations = required(self.locations, "locations")?;
        let experiments = locations.into_iter().filter_map(|location| location.mlflow_experiment);
        let experiments: Vec<_> = experiments.map(|place| place.experiment_id.unwrap_or_default()).collect();
        let order_by = self.order_by.unwrap_or_default();
        checked(&experiments, self.filter, self.max_results, &order_by, self.page_token.as_deref(), Value::from)
    }
}

impl SearchTracesV2 {
    /// What to search.
    pub fn checked(self) -> Result<TraceSearch, Failure> {
        let experiments = self.experiment_ids.ok_or_else(|| missing("experiment_ids"))?;
        let order_by = self.order_by.unwrap_or_default().0;
        let shown = |number: i64| Value::from(number.to_string());
        checked(&experiments.0, self.filter, self.max_results, &order_by, self.page_token.as_deref(), shown)
    }
}

fn checked(
    experiments: &[String],
    filter: Option<String>,
    max_results: Option<Int>,
    order_by: &[String],
    page_token: Option<&str>,
    shown: impl Fn(i64) -> Value,
) -> Result<TraceSearch, Failure> {
    let limit = max_results.map_or(DEFAULT_RESULTS, |Int(limit)| limit);
    if limit > MAX_RESULTS {
        return Err(wrong_type(&shown(limit), "max_results"));
    }
    let experiments = places(experiments)?;
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).ok_or_else(|| {
        Failure::invalid(format!(
            "Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer"
        ))
    })?;
    let query = Query {
        order: search::parse_trace_order(order_by)?,
        filter: search::parse_trace_filter(&filter.unwrap_or_default())?,
        ..Query::default()
    };
    Ok((experiments, query, PageRequest { limit, after: page::parse(page_token)? }))
}

/// Experiments by id. A point in an id means a catalogue of a hosted service.
pub(super) fn places(ids: &[String]) -> Result<Vec<ExperimentId>, Failure> {
    let other: Vec<&str> = ids.iter().map(String::as_str).filter(|id| id.contains('.')).collect();
    if other.is_empty() {
        return ids.iter().map(|id| experiment_id(id)).collect();
    }
    let mut shown = other.join(", ");
    if let Some((end, _)) = shown.char_indices().nth(SHOWN_PLACES) {
        shown.truncate(end);
        shown.push_str("...");
    }
    Err(Failure::invalid(format!("Locations must be a list of experiment IDs. Found invalid experiment IDs: {shown}.")))
}

/// Answer of a search.
#[derive(Debug, Serialize)]
pub struct TracesFound<T> {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<T>,
    /// Absent when nothing follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl<T: From<Trace>> From<Page<Trace>> for TracesFound<T> {
    fn from(found: Page<Trace>) -> Self {
        Self {
            next_page_token: page::render(found.next.as_ref()),
            traces: found.items.into_iter().map(T::from).collect(),
        }
    }
}

/// Traces found by version 3.
pub type TracesFoundV3 = TracesFound<TraceInfo>;
/// Traces found by version 2.
pub type TracesFoundV2 = TracesFound<TraceInfoV2>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::{from_query, from_value};

    fn found(mut body: Value) -> Result<TraceSearch, Failure> {
        let at = |id: &str| json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id}});
        if let Some(ids) = body.get("ids").cloned() {
            let ids = ids.as_array().unwrap();
            body["locations"] = ids.iter().map(|id| at(id.as_str().unwrap())).collect();
        }
        from_value::<SearchTraces>(&body).and_then(SearchTraces::checked)
    }

    #[test]
    fn places_are_experiments() {
        let (experiments, query, page) = found(json!({"ids": ["1", "2"]})).unwrap();
        assert_eq!(experiments, [1, 2].map(ExperimentId::new));
        assert_eq!((query, page), (Query::default(), PageRequest::first(100)));
        assert_eq!(found(json!({"locations": [{"type": "UC_SCHEMA"}]})).unwrap().0, []);
        for (ids, shown) in
            [(json!(["a.b"]), "a.b."), (json!(["catalog.schema", "other.one"]), "catalog.schema, othe....")]
        {
            let message = found(json!({ "ids": ids })).unwrap_err().message;
            assert!(message.ends_with(&format!("Found invalid experiment IDs: {shown}")), "{message}");
        }
        assert!(found(json!({})).unwrap_err().message.starts_with("Missing value for required parameter 'locations'"));
    }

    #[test]
    fn pages_are_bounded() {
        for (limit, shown) in
            [(json!(501), "Invalid value 501 "), (json!(0), "Invalid value 0 "), (json!(-1), "Invalid")]
        {
            let message = found(json!({"ids": ["1"], "max_results": limit})).unwrap_err().message;
            assert!(message.starts_with(shown), "{message}");
        }
        let pairs =
            [("experiment_ids", "1"), ("max_results", "501")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let refused = from_query::<SearchTracesV2>(pairs).and_then(SearchTracesV2::checked).unwrap_err();
        assert!(refused.message.starts_with("Invalid value \"501\" "), "{}", refused.message);
    }
}
