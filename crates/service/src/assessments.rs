use trackside_core::{Assessment, AssessmentChange, AssessmentId, NewAssessment, Result, Timestamp, TraceId};

use crate::Service;

impl Service {
    /// An id for an assessment, and the instant when it is made.
    pub fn fresh_assessment(&self) -> Result<(AssessmentId, Timestamp)> {
        Ok((AssessmentId::fresh(self.parts.ids.fresh()?), self.parts.clock.now()))
    }

    /// Makes an assessment, and that which it replaces no longer valid.
    pub async fn create_assessment(&self, new: NewAssessment) -> Result<Assessment> {
        self.store().create_assessment(new).await
    }

    /// By its trace and its id. `NotFound` when there is none.
    pub async fn assessment(&self, trace: &TraceId, id: &AssessmentId) -> Result<Assessment> {
        self.store().assessment(trace, id).await
    }

    /// Applies one change.
    pub async fn change_assessment(&self, trace: &TraceId, id: &AssessmentId, change: AssessmentChange) -> Result<()> {
        self.store().change_assessment(trace, id, change, self.parts.clock.now()).await
    }
}
