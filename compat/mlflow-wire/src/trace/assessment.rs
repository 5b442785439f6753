//! Assessments of traces: shapes of `/mlflow/traces/<id>/assessments*` and their conversions.
//!
//! A value goes through protobuf, where all numbers are doubles; what is expected and is no scalar comes back as JSON in a
//! text. Source: `entities/assessment.py` of MLflow 3.17.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use trackside_core::{
    self as core, AssessmentId, AssessmentKind, AssessmentUpdate, AssessorKind, Json, Judgement, KeyValue,
    NewAssessment, Timestamp, TraceId,
};

use super::instant::Instant;
use crate::{
    Choice, Failure, Flag,
    object::object,
    request::{missing, wrong_type},
};

/// The only spelling of a value in a text.
const JSON_FORMAT: &str = "JSON_FORMAT";
/// Metadata with this key makes an assessment one of the whole session.
const SESSION: &str = "mlflow.trace.session";
/// Who assesses, numbered from one; zero is nobody.
const ASSESSORS: [(&str, AssessorKind); 3] =
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
    fn judgement(&self) -> Result<Judgement, Failure> {
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

    fn metadata(&mut self) -> Result<Vec<KeyValue>, Failure> {
        let metadata = self.metadata.take().unwrap_or_default();
        Ok(metadata.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect::<core::Result<_>>()?)
    }
}

impl Feedback {
    fn judgement(&self) -> Judgement {
        let error = self.error.as_ref().map(|error| core::AssessmentError {
            code: error.error_code.clone(),
            message: error.error_message.clone(),
            stack_trace: error.stack_trace.clone(),
        });
        Judgement { kind: AssessmentKind::Feedback, value: doubles(&self.value), error }
    }
}

impl Expectation {
    fn judgement(&self) -> Result<Judgement, Failure> {
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

/// `POST traces/<id>/assessments`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreateAssessment {
    /// Required.
    #[serde(deserialize_with = "object")]
    pub assessment: Option<Assessment>,
}

impl CreateAssessment {
    /// What to make of that trace, at that time unless the client says otherwise; `fresh` is its id unless the client
    /// gives one.
    pub fn checked(self, trace: TraceId, fresh: AssessmentId, now: Timestamp) -> Result<NewAssessment, Failure> {
        let mut given = self.assessment.ok_or_else(|| missing("assessment"))?;
        let said = |instant: Option<Instant>| match instant {
            None | Some(Instant(0)) => now,
            Some(Instant(millis)) => Timestamp::from_millis(millis),
        };
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let source = given.source.take().unwrap_or_default();
        let judgement = given.judgement()?;
        let metadata = given.metadata()?;
        Ok(NewAssessment {
            id: filled(given.assessment_id).map_or(fresh, AssessmentId::new),
            trace,
            name: given.assessment_name.unwrap_or_default(),
            judgement,
            assessor: source.source_type.and_then(|kind| kind.among(ASSESSORS)).unwrap_or(AssessorKind::Unspecified),
            assessor_id: filled(source.source_id),
            span: filled(given.span_id),
            rationale: filled(given.rationale),
            of_session: metadata.iter().any(|pair| pair.key.as_str() == SESSION),
            metadata,
            overrides: filled(given.overrides).map(AssessmentId::new),
            created_at: said(given.create_time),
            updated_at: said(given.last_update_time),
        })
    }
}

/// `PATCH traces/<id>/assessments/<id>`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UpdateAssessment {
    /// Required.
    #[serde(deserialize_with = "object")]
    pub assessment: Option<Assessment>,
    /// Required: names of fields with commas between.
    #[serde(alias = "updateMask")]
    pub update_mask: Option<Value>,
}

impl UpdateAssessment {
    /// New values of what the mask names. Source and span stay what they are.
    pub fn checked(self) -> Result<AssessmentUpdate, Failure> {
        let mut given = self.assessment.ok_or_else(|| missing("assessment"))?;
        let mask = match self.update_mask {
            None | Some(Value::Null) => return Err(missing("update_mask")),
            Some(Value::String(mask)) if mask.is_empty() => return Err(missing("update_mask")),
            Some(Value::String(mask)) => mask,
            Some(other) => return Err(wrong_type(&other, "update_mask")),
        };
        let mut update = AssessmentUpdate::default();
        for field in mask.split(',').map(str::trim) {
            match field {
                "assessmentName" | "assessment_name" => {
                    update.name = Some(given.assessment_name.take().unwrap_or_default());
                }
                "feedback" | "expectation" if update.judgement.is_some() => {
                    return Err(Failure::invalid("Cannot specify both `expectation` and `feedback` parameters."));
                }
                "feedback" => update.judgement = Some(given.feedback.take().unwrap_or_default().judgement()),
                "expectation" => update.judgement = Some(given.expectation.take().unwrap_or_default().judgement()?),
                "rationale" => update.rationale = Some(given.rationale.take().unwrap_or_default()),
                "metadata" => update.metadata = given.metadata()?,
                "valid" => return Err(Failure::invalid("Whether an assessment is valid cannot be set.")),
                // MLflow passes over names it does not know.
                _ => {}
            }
        }
        update.of_session = update.metadata.iter().any(|pair| pair.key.as_str() == SESSION);
        Ok(update)
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
            create_time: Some(Instant(assessment.created_at.millis())),
            last_update_time: Some(Instant(assessment.updated_at.millis())),
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
    use crate::request::from_value;

    fn made(assessment: &Value) -> Result<NewAssessment, String> {
        let body = from_value::<CreateAssessment>(&json!({ "assessment": assessment }));
        let trace = TraceId::parse("tr-1").unwrap();
        let checked = body.and_then(|body| body.checked(trace, AssessmentId::fresh(1), Timestamp::from_millis(5)));
        checked.map_err(|failure| failure.message)
    }

    fn updated(body: &Value) -> Result<AssessmentUpdate, String> {
        from_value::<UpdateAssessment>(body).and_then(UpdateAssessment::checked).map_err(|failure| failure.message)
    }

    #[test]
    fn numbers_become_doubles_and_texts_of_json_do_not() {
        let feedback = made(&json!({"feedback": {"value": {"b": 1, "a": [2.5, null, true]}}})).unwrap();
        assert_eq!(feedback.judgement.value.to_string(), r#"{"a": [2.5, null, true], "b": 1.0}"#);
        let text = json!({"serialization_format": "JSON_FORMAT", "value": "{\"a\":1}"});
        let expected = made(&json!({"expectation": {"serialized_value": text}})).unwrap();
        assert_eq!(expected.judgement.value.to_string(), r#"{"a": 1}"#);
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let bare = made(&json!({"feedback": {}})).unwrap();
        assert_eq!((bare.id, bare.name.as_str(), bare.judgement.value), (AssessmentId::fresh(1), "", Json::Null));
        assert_eq!(
            (bare.created_at.millis(), bare.updated_at.millis(), bare.assessor),
            (5, 5, AssessorKind::Unspecified)
        );
        let full = made(&json!({
            "assessmentId": "a-own", "feedback": {"value": 1}, "create_time": "1970-01-01T00:00:00.007Z",
            "source": {"sourceType": 2, "source_id": "j"}, "metadata": {"mlflow.trace.session": "s"}, "overrides": "a-2"
        }));
        let full = full.unwrap();
        assert_eq!((full.id.as_str(), full.created_at.millis(), full.updated_at.millis()), ("a-own", 7, 5));
        assert_eq!((full.assessor, full.of_session), (AssessorKind::Model, true));
        assert_eq!(full.overrides, Some(AssessmentId::new("a-2")));
    }

    #[test]
    fn assessments_that_say_nothing_or_two_things_are_refused() {
        for (assessment, told) in [
            (json!({"assessment_name": "n"}), "Unknown assessment type: None"),
            (json!({"expectation": {"value": null}}), "The `value` field must be specified."),
            (
                json!({"expectation": {"serialized_value": {"serialization_format": "X", "value": "{}"}}}),
                "Unknown serialization format: X. Only JSON_FORMAT is supported.",
            ),
            (
                json!({"feedback": {"value": 1}, "expectation": {"value": 1}}),
                "Exactly one of `expectation`, `feedback`, or `issue` should be specified.",
            ),
        ] {
            assert_eq!(made(&assessment).unwrap_err(), told);
        }
    }

    #[test]
    fn a_mask_says_what_changes() {
        let assessment =
            json!({"assessment_name": "n", "feedback": {"value": 1}, "rationale": "r", "metadata": {"a": "b"}});
        let update =
            updated(&json!({"assessment": assessment, "update_mask": "assessmentName,metadata,bogus"})).unwrap();
        assert_eq!((update.name.as_deref(), update.judgement, update.rationale), (Some("n"), None, None));
        assert_eq!(update.metadata.len(), 1);
        let update = updated(&json!({"assessment": {}, "update_mask": "feedback"})).unwrap();
        assert_eq!(update.judgement.unwrap().value, Json::Null);
        for (body, told) in [
            (json!({"update_mask": "feedback"}), "Missing value for required parameter 'assessment'"),
            (json!({"assessment": {}, "update_mask": ""}), "Missing value for required parameter 'update_mask'"),
            (
                json!({"assessment": {"expectation": {"value": 1}}, "update_mask": "feedback,expectation"}),
                "Cannot specify both `expectation` and `feedback` parameters.",
            ),
        ] {
            assert!(updated(&body).unwrap_err().starts_with(told), "{body}");
        }
    }

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
