//! `POST experiments/search-datasets`, which only the web UI sends.

use serde::{Deserialize, Serialize};
use trackside_core::{self as core, ExperimentId};

use crate::{Failure, experiment_id};

/// Most experiments of one request.
pub const MAX_DATASET_EXPERIMENTS: usize = 20;
/// Most datasets of one answer.
pub const MAX_DATASET_SUMMARIES: usize = 1_000;

/// `POST experiments/search-datasets`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchDatasets {
    /// Required: at least one.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Option<Vec<String>>,
}

impl SearchDatasets {
    /// Where to look.
    pub fn checked(self) -> Result<Vec<ExperimentId>, Failure> {
        let ids = self.experiment_ids.unwrap_or_default();
        if ids.is_empty() {
            return Err(Failure::invalid("SearchDatasets request must specify at least one experiment_id."));
        }
        if ids.len() > MAX_DATASET_EXPERIMENTS {
            return Err(Failure::invalid(format!(
                "SearchDatasets request cannot specify more than {MAX_DATASET_EXPERIMENTS} experiment_ids. Received {} \
                 experiment_ids.",
                ids.len()
            )));
        }
        ids.iter().map(|id| experiment_id(id)).collect()
    }
}

/// A dataset in one of the contexts in which runs have read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// A decimal number.
    pub experiment_id: String,
    /// What it is called.
    pub name: String,
    /// As the client computed it.
    pub digest: String,
    /// E.g. `training`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

impl From<core::DatasetSummary> for DatasetSummary {
    fn from(summary: core::DatasetSummary) -> Self {
        Self {
            experiment_id: summary.experiment.to_string(),
            name: summary.name.as_str().to_owned(),
            digest: summary.digest,
            context: summary.context,
        }
    }
}

/// Answer of `experiments/search-datasets`.
#[derive(Debug, Serialize, Deserialize)]
pub struct DatasetsFound {
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dataset_summaries: Vec<DatasetSummary>,
}

impl From<Vec<core::DatasetSummary>> for DatasetsFound {
    fn from(found: Vec<core::DatasetSummary>) -> Self {
        Self { dataset_summaries: found.into_iter().map(DatasetSummary::from).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(ids: impl IntoIterator<Item = impl ToString>) -> Result<Vec<ExperimentId>, Failure> {
        let ids = ids.into_iter().map(|id| id.to_string()).collect();
        SearchDatasets { experiment_ids: Some(ids) }.checked()
    }

    #[test]
    fn one_to_twenty_experiments_are_searched() {
        assert_eq!(search(["7", " 8"]).unwrap(), [7, 8].map(ExperimentId::new));
        assert_eq!(search(1..=20).unwrap().len(), 20);
        assert!(search([""]).is_err() && search([""; 0]).is_err() && SearchDatasets::default().checked().is_err());
        assert_eq!(
            search(1..=21).unwrap_err().message,
            "SearchDatasets request cannot specify more than 20 experiment_ids. Received 21 experiment_ids."
        );
    }
}
