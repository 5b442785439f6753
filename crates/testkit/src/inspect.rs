//! Reading back what a destination has been told.

use std::fmt;

use async_trait::async_trait;

use crate::{Limits, LoggedModelState, RegisteredModelState, RunState};

/// The far side of a destination under test, read by other means than the destination itself.
///
/// A peer that cannot show all that a state holds (who started a run, more than 32 bits of a value) says so in a
/// `view`: what the suite expects is reduced to that before it is compared. A peer that cannot *hold* something
/// although the capability allows the kind says so in `limits`: histories then do without.
#[async_trait]
pub trait Inspect: fmt::Debug + Send + Sync + 'static {
    /// Every run, in order of id.
    async fn runs(&self) -> Vec<RunState>;

    /// Every logged model, in order of id, also those in the bin.
    async fn logged_models(&self) -> Vec<LoggedModelState> {
        Vec::new()
    }

    /// Every registered model, in order of name.
    async fn registered_models(&self) -> Vec<RegisteredModelState> {
        Vec::new()
    }

    /// What histories for this destination may not hold.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// What this destination shows of such a run.
    fn view(&self, run: RunState) -> RunState {
        run
    }

    /// What this destination shows of such a logged model.
    fn view_logged_model(&self, model: LoggedModelState) -> LoggedModelState {
        model
    }

    /// What this destination shows of such a registered model.
    fn view_registered_model(&self, model: RegisteredModelState) -> RegisteredModelState {
        model
    }
}
