//! Assessments of traces: shapes of `/mlflow/traces/<id>/assessments*` and their conversions.
//!
//! A value goes through protobuf, where all numbers are doubles; what is expected and is no scalar comes back as JSON in a
//! text. Source: `entities/assessment.py` of MLflow 3.17.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use trackside_core::{self as core, AssessmentKind, AssessorKind, Json, Judgement, KeyValue};

use super::instant::Instant;
use crate::{Choice, Failure, Flag, object::object};

/// The only spelling of a value in a text.
const JSON_FORMAT: &str = "JSON_FORMAT";
/// Who assesses, numbered from one; zero is nobody.
pub(super) const ASSESSORS: [(&str, AssessorKind); 3] =
    [("HUMAN", AssessorKind::Human), ("LLM_JUDGE", AssessorKind::Model), ("CODE", AssessorKind::Code)];

/// An assessment.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Assessment {
    /// Given by the server, or the client.
    #[serde(alias = "assessmentId", skip_serializing_if = "Option::is_none")]
    pub assessment_id: Option<String>,
    /// What is assessed.
    #[serde(alias = "assessmentName", skip_serializing_if = "Option::is_none")]
    pub assessment_name: Option<String>,
    /// Of which trace.
    #[serde(alias = "traceId", skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Of which span.
    #[serde(alias = "spanId", skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Who says so.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub source: Option<AssessmentSource>,
    /// When it was made.
    #[serde(alias = "createTime", skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Instant>,
    /// When it last changed.
    #[serde(alias = "lastUpdateTime", skip_serializing_if = "Option::is_none")]
    pub last_update_time: Option<Instant>,
    /// How good it was.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// What it should have been.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub expectation: Option<Expectation>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// Facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// The assessment that it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<String>,
    /// It has not been replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<Flag>,
    /// A known problem that it shows.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub issue: Option<IssueRef>,
}

/// Who assesses.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AssessmentSource {
    /// What sort of somebody.
    #[serde(alias = "sourceType")]
    pub source_type: Option<Choice>,
    /// Who.
    #[serde(alias = "sourceId", skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
}

/// How good it was.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Feedback {
    /// Any JSON.
    pub value: Value,
    /// Why there is no better value.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub error: Option<AssessmentError>,
}

/// Why something could not be assessed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AssessmentError {
    /// For programs.
    #[serde(alias = "errorCode", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// For people.
    #[serde(alias = "errorMessage", skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// For those who look for the cause.
    #[serde(alias = "stackTrace", skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
}

/// What it should have been.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Expectation {
    /// A scalar; other JSON is taken, too.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// Anything else.
    #[serde(alias = "serializedValue", deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub serialized_value: Option<SerializedValue>,
}

/// A value in a text.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SerializedValue {
    /// How it is spelled.
    #[serde(alias = "serializationFormat")]
    pub serialization_format: String,
    /// The text.
    pub value: String,
}

/// A known problem.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueRef {
    /// Its label.
    #[serde(alias = "issueName")]
    pub issue_name: String,
}

impl Assessment {
    pub(super) fn judgement(&self) -> Result<Judgement, Failure> {
        match (&self.feedback, &self.expectation, &self.issue) {
            (Some(feedback), None, None) => Ok(feedback.judgement()),
            (None, Some(expectation), None) => expectation.judgement(),
            (None, None, Some(issue)) => {
                Ok(Judgement { kind: AssessmentKind::Issue, value: Json::Text(issue.issue_name.clone()), error: None })
            }
            (None, None, None) => Err(Failure::invalid("Unknown assessment type: None")),
            _ => Err(Failure::invalid("Exactly one of `expectation`, `feedback`, or `issue` should be specified.")),
        }
    }

    pub(super) fn metadata(&mut self) -> Result<Vec<KeyValue>, Failure> {
        let metadata = self.metadata.take().unwrap_or_default();
        Ok(metadata.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect::<core::Result<_>>()?)
    }
}

impl Feedback {
    pub(super) fn judgement(&self) -> Judgement {
        let error = self.error.as_ref().map(|error| core::AssessmentError {
            code: error.error_code.clone(),
            message: error.error_message.clone(),
            stack_trace: error.stack_trace.clone(),
        });
        Judgement { kind: AssessmentKind::Feedback, value: doubles(&self.value), error }
    }
}

impl Expectation {
    pub(super) fn judgement(&self) -> Result<Judgement, Failure> {
        let value = match (&self.value, &self.serialized_value) {
            (Value::Null, None) => return Err(Failure::invalid("The `value` field must be specified.")),
            (Value::Null, Some(SerializedValue { serialization_format, .. }))
                if serialization_format != JSON_FORMAT =>
            {
                return Err(Failure::invalid(format!(
                    "Unknown serialization format: {serialization_format}. Only JSON_FORMAT is supported."
                )));
            }
            (Value::Null, Some(serialized)) => Json::parse(&serialized.value)?,
            (value, _) => doubles(value),
        };
        Ok(Judgement { kind: AssessmentKind::Expectation, value, error: None })
    }
}

/// Answer to one assessment.
#[derive(Debug, Serialize)]
pub struct AssessmentFound {
    /// As it is now.
    pub assessment: Assessment,
}

impl From<core::Assessment> for AssessmentFound {
    fn from(assessment: core::Assessment) -> Self {
        Self { assessment: assessment.into() }
    }
}

impl From<core::Assessment> for Assessment {
    fn from(assessment: core::Assessment) -> Self {
        let known = ASSESSORS.iter().find(|(_, kind)| *kind == assessment.assessor);
        let source_type = known.map_or("SOURCE_TYPE_UNSPECIFIED", |(name, _)| name);
        let metadata: BTreeMap<_, _> =
            assessment.metadata.into_iter().map(|pair| (pair.key.to_string(), pair.value)).collect();
        let mut shown = Self {
            assessment_id: Some(assessment.id.to_string()),
            assessment_name: Some(assessment.name),
            trace_id: Some(assessment.trace.to_string()),
            span_id: assessment.span,
            source: Some(AssessmentSource {
                source_type: Some(Choice::Name(source_type.to_owned())),
                source_id: assessment.assessor_id,
            }),
            create_time: Some(Instant(assessment.created_at)),
            last_update_time: Some(Instant(assessment.updated_at)),
            rationale: assessment.rationale,
            metadata: Some(metadata).filter(|metadata| !metadata.is_empty()),
            overrides: assessment.overrides.map(|id| id.to_string()),
            valid: Some(Flag(assessment.is_valid)),
            ..Self::default()
        };
        let Judgement { kind, value, error } = assessment.judgement;
        match kind {
            AssessmentKind::Feedback => {
                let error = error.map(|error| AssessmentError {
                    error_code: error.code,
                    error_message: error.message,
                    stack_trace: error.stack_trace,
                });
                shown.feedback = Some(Feedback { value: plain(&value), error });
            }
            AssessmentKind::Expectation => shown.expectation = Some(expected(&value)),
            AssessmentKind::Issue => {
                shown.issue = Some(IssueRef { issue_name: value.as_text().unwrap_or_default().to_owned() });
            }
        }
        shown
    }
}

fn expected(value: &Json) -> Expectation {
    match value {
        Json::List(_) | Json::Object(_) => {
            let serialized = SerializedValue { serialization_format: JSON_FORMAT.to_owned(), value: value.to_string() };
            Expectation { value: Value::Null, serialized_value: Some(serialized) }
        }
        scalar => Expectation { value: plain(scalar), serialized_value: None },
    }
}

/// A value as protobuf holds it: every number is a double.
fn doubles(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Float(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Json::Text(text.clone()),
        Value::Array(items) => Json::List(items.iter().map(doubles).collect()),
        Value::Object(object) => {
            Json::Object(object.iter().map(|(key, value)| (key.clone(), doubles(value))).collect())
        }
    }
}

/// The same way back.
fn plain(value: &Json) -> Value {
    let number = |number: f64| {
        Number::from_f64(number).map_or_else(|| Value::String(Json::Float(number).to_string()), Value::Number)
    };
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Integer(digits) => digits.parse().map_or(Value::Null, number),
        Json::Float(value) => number(*value),
        Json::Text(text) => Value::String(text.clone()),
        Json::List(items) => Value::Array(items.iter().map(plain).collect()),
        Json::Object(object) => {
            let pairs = object.iter().map(|(key, value)| (key.to_owned(), plain(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_expected_and_no_scalar_comes_back_in_a_text() {
        let shown = |text: &str| serde_json::to_value(expected(&Json::parse(text).unwrap())).unwrap();
        assert_eq!(shown("1.5"), json!({"value": 1.5}));
        assert_eq!(
            shown("[1.0]"),
            json!({"serialized_value": {"serialization_format": "JSON_FORMAT", "value": "[1.0]"}})
        );
    }
}
