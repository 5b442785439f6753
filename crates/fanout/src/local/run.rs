use trackside_core::{
    ArtifactEntry, ArtifactPath, DatasetInput, Event, Key, MetricPoint, Param, Point, Result, RunId, RunStatus,
    RunUpdate, Tag,
};

use super::Recorder;

/// A run that goes on.
#[derive(Debug, Clone)]
pub struct ActiveRun {
    recorder: Recorder,
    id: RunId,
}

impl ActiveRun {
    pub(super) const fn new(recorder: Recorder, id: RunId) -> Self {
        Self { recorder, id }
    }

    /// Its id, which destinations know it by.
    pub const fn id(&self) -> &RunId {
        &self.id
    }

    /// Logs one value of a metric, measured now.
    pub async fn log_metric(&self, key: &str, value: f64, step: i64) -> Result<()> {
        self.log_metrics(&[(key, value)], step).await
    }

    /// Logs several metrics of one step, measured now.
    pub async fn log_metrics(&self, values: &[(&str, f64)], step: i64) -> Result<()> {
        let time = self.recorder.now();
        let point = |(key, value): &(&str, f64)| {
            Ok(MetricPoint { key: Key::new(*key)?, point: Point { step, time, value: *value }, subject: None })
        };
        self.append(Event::Points(values.iter().map(point).collect::<Result<_>>()?)).await
    }

    /// Logs params. Each is written once; another value for a known key is a `Conflict`.
    pub async fn log_params(&self, params: &[(&str, &str)]) -> Result<()> {
        let params = params.iter().map(|(key, value)| Param::new(*key, *value)).collect::<Result<_>>()?;
        self.append(Event::Params(params)).await
    }

    /// Sets a tag; the last value stays.
    pub async fn set_tag(&self, key: &str, value: &str) -> Result<()> {
        self.append(Event::Tags(vec![Tag::new(key, value)?])).await
    }

    /// Logs a dataset that the run reads.
    pub async fn log_input(&self, input: DatasetInput) -> Result<()> {
        self.append(Event::DatasetInputs(vec![input])).await
    }

    /// Says that the run has an artifact under this path, of so many bytes, which the builder's `artifacts` can open.
    pub async fn artifact_stored(&self, path: ArtifactPath, size: u64) -> Result<()> {
        self.append(Event::ArtifactStored(ArtifactEntry { path, size: Some(size) })).await
    }

    /// Ends the run now.
    pub async fn finish(self, status: RunStatus) -> Result<()> {
        let ended_at = Some(self.recorder.now());
        self.append(Event::Updated(RunUpdate { status: Some(status), ended_at, name: None })).await
    }

    async fn append(&self, event: Event) -> Result<()> {
        self.recorder.append(&self.id, vec![event]).await
    }
}
