//! The run itself, and its end.

use prost::Message;

use super::Items;

/// The run itself.
#[derive(Clone, PartialEq, Message)]
pub struct Run {
    /// Id.
    #[prost(string, tag = "1")]
    pub run_id: String,
    /// Empty for the default one.
    #[prost(string, tag = "2")]
    pub entity: String,
    /// Project.
    #[prost(string, tag = "3")]
    pub project: String,
    /// Settings it begins with.
    #[prost(message, optional, tag = "4")]
    pub config: Option<Items>,
    /// What runs are grouped by.
    #[prost(string, tag = "6")]
    pub run_group: String,
    /// What it is for among its group.
    #[prost(string, tag = "7")]
    pub job_type: String,
    /// Label.
    #[prost(string, tag = "8")]
    pub display_name: String,
    /// Free text.
    #[prost(string, tag = "9")]
    pub notes: String,
    /// Labels.
    #[prost(string, repeated, tag = "10")]
    pub tags: Vec<String>,
    /// The sweep it is of; empty for none.
    #[prost(string, tag = "12")]
    pub sweep_id: String,
    /// The machine.
    #[prost(string, tag = "13")]
    pub host: String,
    /// When it started.
    #[prost(message, optional, tag = "17")]
    pub start_time: Option<Time>,
    /// Where its code comes from.
    #[prost(message, optional, tag = "21")]
    pub git: Option<Git>,
}

/// An instant.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Time {
    /// Since the epoch.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// From 0.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Where code comes from.
#[derive(Clone, PartialEq, Message)]
pub struct Git {
    /// Repository.
    #[prost(string, tag = "1")]
    pub remote_url: String,
    /// Commit.
    #[prost(string, tag = "2")]
    pub commit: String,
}

/// The end of a run. Without it a synchronised run counts as failed.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Exit {
    /// 0 when it ended well.
    #[prost(int32, tag = "1")]
    pub exit_code: i32,
    /// In seconds.
    #[prost(int32, tag = "2")]
    pub runtime: i32,
}
