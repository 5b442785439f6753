use std::fmt;

use async_trait::async_trait;

use crate::{Assessment, AssessmentChange, AssessmentId, NewAssessment, Result, Timestamp, TraceId};

/// Assessments of traces. Each trace comes with its own.
#[async_trait]
pub trait Assessments: fmt::Debug + Send + Sync + 'static {
    /// Makes an assessment, and that which it replaces no longer valid.
    async fn create_assessment(&self, new: NewAssessment) -> Result<Assessment>;

    /// By its trace and its id. `NotFound` when there is no such trace or assessment.
    async fn assessment(&self, trace: &TraceId, id: &AssessmentId) -> Result<Assessment>;

    /// Applies one change; its variants say what each needs.
    async fn change_assessment(
        &self,
        trace: &TraceId,
        id: &AssessmentId,
        change: AssessmentChange,
        at: Timestamp,
    ) -> Result<()>;
}
