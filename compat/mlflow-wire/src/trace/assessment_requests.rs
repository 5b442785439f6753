//! Requests to make and to change an assessment.

use serde::Deserialize;
use serde_json::Value;
use trackside_core::{AssessmentId, AssessmentUpdate, AssessorKind, NewAssessment, Timestamp, TraceId};

use super::{
    assessment::{ASSESSORS, Assessment},
    instant::Instant,
};
use crate::{
    Failure,
    object::object,
    request::{missing, wrong_type},
};

/// Metadata with this key makes an assessment one of the whole session.
const SESSION: &str = "mlflow.trace.session";

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
        let said =
            |instant: Option<Instant>| instant.map(|Instant(at)| at).filter(|at| at.millis() != 0).unwrap_or(now);
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trackside_core::Json;

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
}
