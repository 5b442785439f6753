//! Scorers: shapes of `/mlflow/scorers/*` and their conversions.
//!
//! Elsewhere: what their definitions may hold (`scorer_definition.rs`).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trackside_core::{self as core, ExperimentId, Json, Key, ScorerId, WhichVersions};

use crate::{
    Double, Failure, Int, Texts, experiment_id,
    request::{missing, required, wrong_type},
    scorer_definition, search,
};

/// `POST scorers/register`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RegisterScorer {
    /// Required.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
    /// Required.
    pub name: Option<String>,
    /// Required: a JSON object as a text.
    #[serde(alias = "serializedScorer")]
    pub serialized_scorer: Option<String>,
}

impl RegisterScorer {
    /// Where it belongs, its name and what it does. With `custom`, it may hold code of its own.
    pub fn checked(self, custom: bool) -> Result<(ExperimentId, Key, String), Failure> {
        let experiment = required(self.experiment_id, "experiment_id")?;
        let name = required(self.name, "name")?;
        let definition = required(self.serialized_scorer, "serialized_scorer")?;
        scorer_definition::check(&definition, custom)?;
        if name.trim().is_empty() {
            return Err(Failure::invalid("Scorer name cannot be empty or contain only whitespace."));
        }
        Ok((experiment_id(&experiment)?, Key::new(name)?, definition))
    }
}

/// `GET scorers/get` and `scorers/versions`, and `DELETE scorers/delete`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ScorerByName {
    /// Required.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
    /// Required.
    pub name: Option<String>,
    /// Absent means the latest to `get`, and all to `delete`.
    pub version: Option<Int>,
}

impl ScorerByName {
    /// Where it belongs, its name and which version was named.
    pub fn checked(self) -> Result<(ExperimentId, Key, Option<i64>), Failure> {
        let experiment = required(self.experiment_id, "experiment_id")?;
        let name = required(self.name, "name")?;
        Ok((experiment_id(&experiment)?, Key::new(name)?, self.version.map(|Int(number)| number)))
    }
}

/// Which scorers to list.
#[derive(Debug, PartialEq, Eq)]
pub enum ListedScorers {
    /// Of this experiment, which must be there.
    Of(ExperimentId),
    /// Of those of these that are there.
    Among(Vec<ExperimentId>),
    /// Of all.
    All,
}

/// `GET scorers/list`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListScorers {
    /// Only of this experiment.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
    /// Only of these experiments.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Texts,
}

impl ListScorers {
    /// Which.
    pub fn checked(self) -> Result<ListedScorers, Failure> {
        let Texts(several) = self.experiment_ids;
        match self.experiment_id.filter(|id| !id.is_empty()) {
            Some(_) if !several.is_empty() => Err(Failure::invalid(
                "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the query to \
                 multiple experiments, or 'experiment_id' to scope it to a single experiment.",
            )),
            Some(id) => Ok(ListedScorers::Of(experiment_id(&id)?)),
            None if several.is_empty() => Ok(ListedScorers::All),
            None => several.iter().map(|id| experiment_id(id)).collect::<Result<_, _>>().map(ListedScorers::Among),
        }
    }
}

/// `PUT scorers/online-config`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SetOnlineScoring {
    /// Required.
    pub experiment_id: Option<String>,
    /// Required.
    pub name: Option<String>,
    /// Required: from 0 to 1.
    pub sample_rate: Option<Double>,
    /// A filter of traces.
    pub filter_string: Option<Value>,
}

/// How often a scorer is to run.
#[derive(Debug, PartialEq)]
pub struct OnlineScoringRequest {
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Its name.
    pub name: Key,
    /// From 0 to 1.
    pub sample_rate: f64,
    /// A filter of traces.
    pub filter: Option<String>,
}

impl SetOnlineScoring {
    /// The scorer and how often it is to run.
    pub fn checked(self) -> Result<OnlineScoringRequest, Failure> {
        let experiment = required(self.experiment_id, "experiment_id")?;
        let name = required(self.name, "name")?;
        let Double(sample_rate) = self.sample_rate.ok_or_else(|| missing("sample_rate"))?;
        let filter = match self.filter_string {
            None | Some(Value::Null) => None,
            Some(Value::String(filter)) => Some(filter),
            Some(other) => {
                let told = wrong_type(&other, "filter_string").message.replacen("  Hint: ", " ", 1);
                let (told, _) = told.split_once(" See ").unwrap_or((&told, ""));
                return Err(Failure::invalid(format!("{told} Expected type 'str' or None.")));
            }
        };
        if !(0.0..=1.0).contains(&sample_rate) {
            let told = Json::Float(sample_rate).to_string().replace("NaN", "nan").replace("Infinity", "inf");
            return Err(Failure::invalid(format!("sample_rate must be between 0.0 and 1.0, got {told}")));
        }
        search::parse_trace_filter(filter.as_deref().unwrap_or_default())?;
        Ok(OnlineScoringRequest { experiment: experiment_id(&experiment)?, name: Key::new(name)?, sample_rate, filter })
    }
}

impl OnlineScoringRequest {
    /// The failure for a rate above zero: only scorers that ask a gateway can run by themselves, and there is none.
    pub fn refused(&self) -> Failure {
        Failure::invalid(format!(
            "Scorer '{}' does not use a gateway model. Automatic evaluation is only supported for scorers that use \
             gateway models.",
            self.name
        ))
    }
}

/// `GET scorers/online-configs`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetOnlineScoring {
    /// Required.
    pub scorer_ids: Option<Vec<String>>,
}

impl GetOnlineScoring {
    /// Of which scorers.
    pub fn checked(self) -> Result<Vec<ScorerId>, Failure> {
        Ok(required(self.scorer_ids, "scorer_ids")?.into_iter().map(ScorerId::new).collect())
    }
}

/// Answer of `scorers/register`.
#[derive(Debug, Serialize)]
pub struct ScorerRegistered {
    /// Its number.
    pub version: Int,
    /// The same for all versions.
    pub scorer_id: String,
    /// A decimal number.
    pub experiment_id: String,
    /// Unique within the experiment.
    pub name: String,
    /// As it came.
    pub serialized_scorer: String,
    /// ms since the epoch.
    pub creation_time: Int,
}

impl From<core::ScorerVersion> for ScorerRegistered {
    fn from(version: core::ScorerVersion) -> Self {
        Self {
            version: Int(version.number.into()),
            scorer_id: version.scorer.as_str().to_owned(),
            experiment_id: version.experiment.to_string(),
            name: version.name.as_str().to_owned(),
            serialized_scorer: version.definition,
            creation_time: Int(version.created_at.millis()),
        }
    }
}

/// A version of a scorer.
#[derive(Debug, Serialize)]
pub struct Scorer {
    /// Here a number.
    pub experiment_id: Int,
    /// Unique within the experiment.
    pub scorer_name: String,
    /// Its number.
    pub scorer_version: Int,
    /// A JSON object as a text.
    pub serialized_scorer: String,
    /// ms since the epoch.
    pub creation_time: Int,
    /// The same for all versions.
    pub scorer_id: String,
}

impl From<core::ScorerVersion> for Scorer {
    fn from(version: core::ScorerVersion) -> Self {
        Self {
            experiment_id: Int(version.experiment.get()),
            scorer_name: version.name.as_str().to_owned(),
            scorer_version: Int(version.number.into()),
            serialized_scorer: version.definition,
            creation_time: Int(version.created_at.millis()),
            scorer_id: version.scorer.as_str().to_owned(),
        }
    }
}

/// Answer of `scorers/get`.
#[derive(Debug, Serialize)]
pub struct ScorerFound {
    /// As it is.
    pub scorer: Scorer,
}

/// Answer of `scorers/list` and `scorers/versions`.
#[derive(Debug, Serialize)]
pub struct ScorersFound {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scorers: Vec<Scorer>,
}

impl From<Vec<core::ScorerVersion>> for ScorersFound {
    /// In lists MLflow writes definitions anew.
    fn from(found: Vec<core::ScorerVersion>) -> Self {
        let scorers = found.into_iter().map(|mut version| {
            if let Ok(definition) = Json::parse(&version.definition) {
                version.definition = definition.to_string();
            }
            version.into()
        });
        Self { scorers: scorers.collect() }
    }
}

/// How often a scorer is to run.
#[derive(Debug, Serialize)]
pub struct OnlineScoring {
    /// Changes whenever it is set.
    pub online_scoring_config_id: String,
    /// Which scorer.
    pub scorer_id: String,
    /// From 0 to 1.
    pub sample_rate: Double,
    /// A decimal number.
    pub experiment_id: String,
    /// Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_string: Option<String>,
}

impl From<core::ScorerSchedule> for OnlineScoring {
    fn from(schedule: core::ScorerSchedule) -> Self {
        Self {
            online_scoring_config_id: schedule.online.id,
            scorer_id: schedule.scorer.as_str().to_owned(),
            sample_rate: Double(schedule.online.sample_rate),
            experiment_id: schedule.experiment.to_string(),
            filter_string: schedule.online.filter,
        }
    }
}

/// Answer of `PUT scorers/online-config`.
#[derive(Debug, Serialize)]
pub struct OnlineScoringSet {
    /// As it is now.
    pub config: OnlineScoring,
}

/// Answer of `scorers/online-configs`.
#[derive(Debug, Serialize)]
pub struct OnlineScoringFound {
    /// Of those scorers that have one.
    pub configs: Vec<OnlineScoring>,
}

impl From<Vec<core::ScorerSchedule>> for OnlineScoringFound {
    fn from(found: Vec<core::ScorerSchedule>) -> Self {
        Self { configs: found.into_iter().map(OnlineScoring::from).collect() }
    }
}

/// Which versions a request means that may name one.
pub fn which_versions(number: Option<i64>) -> WhichVersions {
    number.map_or(WhichVersions::Latest, WhichVersions::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::from_value;

    fn scheduled(body: &Value) -> Result<OnlineScoringRequest, String> {
        let body = from_value::<SetOnlineScoring>(body);
        body.and_then(SetOnlineScoring::checked).map_err(|failure| failure.message)
    }

    #[test]
    fn rates_lie_between_none_and_all() {
        let with = |rate: Value| scheduled(&json!({"experiment_id": "1", "name": "a", "sample_rate": rate}));
        for (rate, read) in [(json!(0), 0.0), (json!("0.5"), 0.5), (json!(true), 1.0)] {
            assert_eq!(with(rate).unwrap().sample_rate.total_cmp(&read), std::cmp::Ordering::Equal);
        }
        for (rate, told) in [(json!(2), "2.0"), (json!(-1), "-1.0"), (json!("nan"), "nan"), (json!("-inf"), "-inf")] {
            assert_eq!(with(rate).unwrap_err(), format!("sample_rate must be between 0.0 and 1.0, got {told}"));
        }
        assert!(with(json!(null)).unwrap_err().starts_with("Missing value for required parameter 'sample_rate'."));
    }

    #[test]
    fn a_filter_is_a_text_or_nothing() {
        let with = |filter: Value| {
            scheduled(&json!({"experiment_id": "1", "name": "a", "sample_rate": 0, "filter_string": filter}))
        };
        assert_eq!(with(json!(null)).unwrap().filter, None);
        assert_eq!(with(json!("")).unwrap().filter.as_deref(), Some(""));
        assert_eq!(with(json!("status = 'OK'")).unwrap().filter.as_deref(), Some("status = 'OK'"));
        assert!(with(json!("bogus = 1")).unwrap_err().starts_with("Invalid attribute key 'bogus' specified."));
        assert_eq!(
            with(json!(5)).unwrap_err(),
            "Invalid value 5 for parameter 'filter_string' supplied: Value was of type 'int'. Expected type 'str' or None."
        );
    }

    #[test]
    fn lists_are_of_one_experiment_or_of_several() {
        let list = |one: Option<&str>, several: &[&str]| {
            let several = several.iter().map(|id| (*id).to_owned()).collect();
            ListScorers { experiment_id: one.map(str::to_owned), experiment_ids: Texts(several) }.checked()
        };
        assert_eq!(list(Some("1"), &[]).unwrap(), ListedScorers::Of(ExperimentId::new(1)));
        assert_eq!(list(Some(""), &["1"]).unwrap(), ListedScorers::Among(vec![ExperimentId::new(1)]));
        assert_eq!(list(None, &[]).unwrap(), ListedScorers::All);
        assert!(list(Some("1"), &["1"]).unwrap_err().message.starts_with("Cannot specify both"));
    }
}
