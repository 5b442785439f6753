//! Logged models, which have files of their own beside the artifacts of their run (MLflow 3).

use trackside_core::Result;
use trackside_mlflow_wire::{LoggedModelFound, LoggedModelInfo, Run};

use crate::Server;

impl Server {
    /// The models that a run has logged, in that order.
    pub async fn models_of(&self, run: &Run) -> Result<Vec<LoggedModelInfo>> {
        let mut models: Vec<LoggedModelInfo> = Vec::new();
        for output in run.outputs.iter().flat_map(|outputs| &outputs.model_outputs) {
            let Some(id) = output.model_id.as_deref() else { continue };
            if models.iter().any(|model| model.model_id == id) {
                continue;
            }
            let found: LoggedModelFound = self.get(&format!("logged-models/{id}"), &[]).await?;
            models.push(found.model.info);
        }
        Ok(models)
    }
}
