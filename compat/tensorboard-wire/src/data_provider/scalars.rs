//! Values of scalars.

use prost::Message;

/// Scalars by run and tag.
#[derive(Clone, PartialEq, Message)]
pub struct ReadScalarsResponse {
    /// Runs that have any.
    #[prost(message, repeated, tag = "1")]
    pub runs: Vec<ScalarRun>,
}

/// The scalars of a run.
#[derive(Clone, PartialEq, Message)]
pub struct ScalarRun {
    /// Name of the run.
    #[prost(string, tag = "1")]
    pub run_name: String,
    /// Its series.
    #[prost(message, repeated, tag = "2")]
    pub tags: Vec<ScalarSeries>,
}

/// A series.
#[derive(Clone, PartialEq, Message)]
pub struct ScalarSeries {
    /// Its name.
    #[prost(string, tag = "1")]
    pub tag_name: String,
    /// Its points.
    #[prost(message, optional, tag = "2")]
    pub data: Option<Scalars>,
}

/// Points, one list a coordinate, all of one length.
#[derive(Clone, PartialEq, Message)]
pub struct Scalars {
    /// Rising.
    #[prost(int64, repeated, tag = "1")]
    pub step: Vec<i64>,
    /// Seconds since the epoch.
    #[prost(double, repeated, tag = "2")]
    pub wall_time: Vec<f64>,
    /// Values.
    #[prost(float, repeated, tag = "3")]
    pub value: Vec<f32>,
}
