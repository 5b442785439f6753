//! Which series there are. Scalars and tensors are listed alike.

use prost::Message;

use crate::SummaryMetadata;

/// Series by run and tag.
#[derive(Clone, PartialEq, Message)]
pub struct ListResponse {
    /// Runs that have any.
    #[prost(message, repeated, tag = "1")]
    pub runs: Vec<ListedRun>,
}

/// The series of a run.
#[derive(Clone, PartialEq, Message)]
pub struct ListedRun {
    /// Name of the run.
    #[prost(string, tag = "1")]
    pub run_name: String,
    /// Its series.
    #[prost(message, repeated, tag = "2")]
    pub tags: Vec<ListedTag>,
}

/// A series.
#[derive(Clone, PartialEq, Message)]
pub struct ListedTag {
    /// Its name.
    #[prost(string, tag = "1")]
    pub tag_name: String,
    /// What is known of it.
    #[prost(message, optional, tag = "2")]
    pub metadata: Option<Series>,
}

/// What is known of a series without reading it.
#[derive(Clone, PartialEq, Message)]
pub struct Series {
    /// Highest step.
    #[prost(int64, tag = "1")]
    pub max_step: i64,
    /// Latest time, in seconds since the epoch.
    #[prost(double, tag = "2")]
    pub max_wall_time: f64,
    /// What it is for.
    #[prost(message, optional, tag = "3")]
    pub summary_metadata: Option<SummaryMetadata>,
}
