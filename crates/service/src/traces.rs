use trackside_core::{
    ArtifactPath, ErrorKind, ExperimentId, NewTrace, Page, PageRequest, Query, Result, Span, SpanBatch, Trace,
    TraceChange, TraceId, TraceLinks, TraceSelection, fault,
    query::{Filter, MeasureQuery, Measurement, TraceField},
};

use crate::{ArtifactFile, Service, artifact_uri::below};

impl Service {
    /// Creates a trace, or merges the description into the one that is there. Its files lie below the experiment's.
    pub async fn describe_trace(&self, new: NewTrace) -> Result<Trace> {
        let experiment = self.experiment(new.experiment).await?;
        let artifact_uri = files_of(&experiment.artifact_location, &new.id);
        self.store().describe_trace(NewTrace { artifact_uri, ..new }).await
    }

    /// As [`Self::describe_trace`], of a trace with a fresh id.
    pub async fn begin_trace(&self, new: impl FnOnce(TraceId) -> NewTrace + Send) -> Result<Trace> {
        let id = TraceId::fresh(self.parts.ids.fresh()?);
        self.describe_trace(new(id)).await
    }

    /// Writes spans, all or none; traces that are not there are made in this experiment.
    pub async fn append_spans(&self, experiment: ExperimentId, mut batches: Vec<SpanBatch>) -> Result<()> {
        // Spans of known traces are taken whatever the experiment says.
        let location = match self.experiment(experiment).await {
            Ok(experiment) => experiment.artifact_location,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        for batch in &mut batches {
            batch.artifact_uri = files_of(&location, &batch.trace);
        }
        self.store().append_spans(experiment, batches).await
    }

    /// By id. `NotFound` when there is none.
    pub async fn trace(&self, id: &TraceId) -> Result<Trace> {
        let mut found = self.store().traces(vec![id.clone()], None).await?;
        found.pop().ok_or_else(|| fault::trace_not_found(id))
    }

    /// Those of these traces that are there, and in one of the experiments if any are named.
    pub async fn traces(&self, ids: Vec<TraceId>, experiments: Option<Vec<ExperimentId>>) -> Result<Vec<Trace>> {
        self.store().traces(ids, experiments).await
    }

    /// The spans of a trace.
    pub async fn spans(&self, id: &TraceId) -> Result<Vec<Span>> {
        self.store().spans(id).await
    }

    /// Applies one change.
    pub async fn change_trace(&self, id: &TraceId, change: TraceChange) -> Result<()> {
        self.store().change_trace(id, change).await
    }

    /// Links traces to a run.
    pub async fn link_traces(&self, links: TraceLinks) -> Result<()> {
        self.store().link_traces(links).await
    }

    /// Deletes traces for good; says how many. Their files stay: those of runs do as well.
    pub async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        self.store().delete_traces(experiment, selection).await
    }

    /// One page of the traces of these experiments that match.
    pub async fn search_traces(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<TraceField>,
        page: PageRequest,
    ) -> Result<Page<Trace>> {
        self.store().search_traces(experiments, query, page).await
    }

    /// How many traces of these experiments pass each of these filters.
    pub async fn count_traces(
        &self,
        experiments: Vec<ExperimentId>,
        filters: Vec<Filter<TraceField>>,
    ) -> Result<Vec<u64>> {
        self.store().count_traces(experiments, filters).await
    }

    /// Numbers over many traces.
    pub async fn measure_traces(&self, query: MeasureQuery) -> Result<Vec<Measurement>> {
        self.store().measure_traces(query).await
    }

    /// A file of a trace.
    pub async fn trace_artifact(&self, trace: &Trace, path: &ArtifactPath) -> Result<ArtifactFile> {
        self.file_below(&trace.artifact_uri, path).await
    }
}

/// Where the files of a trace lie.
fn files_of(location: &str, id: &TraceId) -> String {
    below(location, &format!("traces/{id}/artifacts"))
}
