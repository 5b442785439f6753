use std::fmt;

use async_trait::async_trait;

use crate::{
    EvaluationDataset, EvaluationDatasetChange, EvaluationDatasetId, EvaluationRecord, EvaluationRecordId,
    ExperimentId, NewEvaluationDataset, NewEvaluationRecord, Page, PageRequest, Query, Result, Timestamp, Upserted,
    query::EvaluationDatasetField,
};

/// Evaluation datasets of the system of record.
#[async_trait]
pub trait EvaluationDatasets: fmt::Debug + Send + Sync + 'static {
    /// Creates a dataset without records.
    async fn create_evaluation_dataset(&self, new: NewEvaluationDataset) -> Result<EvaluationDataset>;

    /// By id.
    async fn evaluation_dataset(&self, id: &EvaluationDatasetId) -> Result<Option<EvaluationDataset>>;

    /// The experiments it belongs to, in the order in which they were added; those that came together by their ids as
    /// texts. None when there is no such dataset.
    async fn experiments_of_evaluation_dataset(&self, id: &EvaluationDatasetId) -> Result<Vec<ExperimentId>>;

    /// Applies one change; its variants say what each needs. `NotFound` when there is no such dataset.
    async fn change_evaluation_dataset(
        &self,
        id: &EvaluationDatasetId,
        change: EvaluationDatasetChange,
        at: Timestamp,
    ) -> Result<()>;

    /// Datasets that belong to any of these experiments, or all. Default order: newest first. Ties go by id descending.
    async fn search_evaluation_datasets(
        &self,
        experiments: Option<Vec<ExperimentId>>,
        query: Query<EvaluationDatasetField>,
        page: PageRequest,
    ) -> Result<Page<EvaluationDataset>>;
}

/// Records of evaluation datasets.
#[async_trait]
pub trait EvaluationRecords: fmt::Debug + Send + Sync + 'static {
    /// Writes records in their order. `NotFound` when there is no such dataset.
    async fn upsert_evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        records: Vec<NewEvaluationRecord>,
        at: Timestamp,
    ) -> Result<Upserted>;

    /// In the order in which they were first written; those that came together by id. None when there is no such dataset.
    async fn evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        page: PageRequest,
    ) -> Result<Page<EvaluationRecord>>;

    /// Removes those of these that the dataset has, and says how many.
    async fn delete_evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        records: Vec<EvaluationRecordId>,
    ) -> Result<u64>;
}
