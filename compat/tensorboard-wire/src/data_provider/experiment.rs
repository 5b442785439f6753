//! What there is: experiments, plugins, runs.

use prost::Message;

/// Asks about an experiment; also which plugins and runs it has.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct GetExperimentRequest {
    /// As in TensorBoard's address, `/experiment/<id>/`; empty without.
    #[prost(string, tag = "1")]
    pub experiment_id: String,
}

/// What is known of an experiment.
#[derive(Clone, PartialEq, Message)]
pub struct GetExperimentResponse {
    /// Shown as where the data is.
    #[prost(string, tag = "1")]
    pub data_location: String,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Its description.
    #[prost(string, tag = "3")]
    pub description: String,
    /// When it was created.
    #[prost(message, optional, tag = "4")]
    pub creation_time: Option<Time>,
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Time {
    /// Since the epoch.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Beyond the second.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Plugins that have something to show.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ListPluginsResponse {
    /// In any order.
    #[prost(message, repeated, tag = "1")]
    pub plugins: Vec<Plugin>,
}

/// A plugin.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Plugin {
    /// E.g. `scalars`.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// The runs of an experiment.
#[derive(Clone, PartialEq, Message)]
pub struct ListRunsResponse {
    /// In any order.
    #[prost(message, repeated, tag = "1")]
    pub runs: Vec<Run>,
}

/// A run.
#[derive(Clone, PartialEq, Message)]
pub struct Run {
    /// Its name, by which it is asked for.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Seconds since the epoch.
    #[prost(double, tag = "3")]
    pub start_time: f64,
}
