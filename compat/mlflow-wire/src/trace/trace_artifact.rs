//! The request for a file of a trace: its spans, or what a span refers to.

use serde::Deserialize;
use trackside_core::{ArtifactPath, TraceId};

use super::GetTrace;
use crate::{ErrorCode, Failure};

/// `GET get-trace-artifact`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetTraceArtifact {
    /// Required.
    pub request_id: Option<String>,
    /// An attachment; absent means the spans.
    pub path: Option<String>,
}

/// What is asked of a trace.
#[derive(Debug, PartialEq)]
pub enum TraceArtifact {
    /// All spans as one JSON document.
    Spans,
    /// A file that a span refers to.
    Attachment(ArtifactPath),
}

impl GetTraceArtifact {
    /// Of which trace, and what.
    pub fn checked(self) -> Result<(TraceId, TraceArtifact), Failure> {
        let absent = || {
            let message = "Request must include the \"request_id\" query parameter.";
            Failure::new(ErrorCode::BadRequest, message)
        };
        let text = self.request_id.filter(|id| !id.is_empty()).ok_or_else(absent)?;
        let artifact = match self.path.filter(|path| !path.is_empty()) {
            None => TraceArtifact::Spans,
            Some(path) if is_uuid(&path) => {
                TraceArtifact::Attachment(ArtifactPath::parse(&format!("attachments/{path}"))?)
            }
            Some(path) => {
                return Err(Failure::invalid(format!(
                    "Invalid attachment path: '{path}'. Attachment path must be a valid UUID."
                )));
            }
        };
        let (id, _) = GetTrace { trace_id: Some(text), allow_partial: None }.checked()?;
        Ok((id, artifact))
    }
}

/// Groups of 8, 4, 4, 4 and 12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_have_ids() {
        let ask = |path: Option<&str>| {
            GetTraceArtifact { request_id: Some("t".to_owned()), path: path.map(str::to_owned) }.checked()
        };
        assert_eq!(ask(None).unwrap().1, TraceArtifact::Spans);
        assert!(ask(Some("00000000-0000-0000-0000-00000000000a")).is_ok());
        for bad in ["x.png", "../a", "00000000-0000-0000-0000-00000000000g"] {
            assert!(ask(Some(bad)).is_err(), "{bad}");
        }
        assert!(GetTraceArtifact::default().checked().is_err());
    }
}
