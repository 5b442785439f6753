use trackside_core::{
    EvaluationDataset, EvaluationDatasetChange, EvaluationDatasetId, EvaluationRecord, EvaluationRecordId,
    ExperimentId, Key, NewEvaluationDataset, NewEvaluationRecord, Page, PageRequest, Query, Result, Tag, Upserted,
    fault, query::EvaluationDatasetField,
};

use crate::Service;

/// What a client says of an evaluation dataset it creates.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationDatasetRequest {
    /// Label.
    pub name: Key,
    /// Where it belongs.
    pub experiments: Vec<ExperimentId>,
    /// First tags.
    pub tags: Vec<Tag>,
    /// Who creates it.
    pub by: Option<String>,
}

impl Service {
    /// Creates an evaluation dataset with a fresh id.
    pub async fn create_evaluation_dataset(&self, request: EvaluationDatasetRequest) -> Result<EvaluationDataset> {
        let new = NewEvaluationDataset {
            id: EvaluationDatasetId::fresh(self.parts.ids.fresh()?),
            name: request.name,
            created_at: self.parts.clock.now(),
            created_by: request.by,
            tags: request.tags,
            experiments: request.experiments,
        };
        self.store().create_evaluation_dataset(new).await
    }

    /// By id. `NotFound` when there is none.
    pub async fn evaluation_dataset(&self, id: &EvaluationDatasetId) -> Result<EvaluationDataset> {
        self.store().evaluation_dataset(id).await?.ok_or_else(|| fault::evaluation_dataset_not_found(id))
    }

    /// The experiments it belongs to.
    pub async fn experiments_of_evaluation_dataset(&self, id: &EvaluationDatasetId) -> Result<Vec<ExperimentId>> {
        self.store().experiments_of_evaluation_dataset(id).await
    }

    /// Applies one change.
    pub async fn change_evaluation_dataset(
        &self,
        id: &EvaluationDatasetId,
        change: EvaluationDatasetChange,
    ) -> Result<()> {
        self.store().change_evaluation_dataset(id, change, self.parts.clock.now()).await
    }

    /// One page of the evaluation datasets that match.
    pub async fn search_evaluation_datasets(
        &self,
        experiments: Option<Vec<ExperimentId>>,
        query: Query<EvaluationDatasetField>,
        page: PageRequest,
    ) -> Result<Page<EvaluationDataset>> {
        self.store().search_evaluation_datasets(experiments, query, page).await
    }

    /// An id for a record that is new.
    pub fn fresh_record_id(&self) -> Result<EvaluationRecordId> {
        self.parts.ids.fresh().map(EvaluationRecordId::fresh)
    }

    /// Writes records.
    pub async fn upsert_evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        records: Vec<NewEvaluationRecord>,
    ) -> Result<Upserted> {
        self.store().upsert_evaluation_records(dataset, records, self.parts.clock.now()).await
    }

    /// One page of the records of a dataset.
    pub async fn evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        page: PageRequest,
    ) -> Result<Page<EvaluationRecord>> {
        self.store().evaluation_records(dataset, page).await
    }

    /// Removes those of these records that the dataset has, and says how many.
    pub async fn delete_evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        records: Vec<EvaluationRecordId>,
    ) -> Result<u64> {
        self.store().delete_evaluation_records(dataset, records).await
    }
}
