//! Values of tensors.

use prost::Message;

use crate::TensorProto;

/// Tensors by run and tag.
#[derive(Clone, PartialEq, Message)]
pub struct ReadTensorsResponse {
    /// Runs that have any.
    #[prost(message, repeated, tag = "1")]
    pub runs: Vec<TensorRun>,
}

/// The tensors of a run.
#[derive(Clone, PartialEq, Message)]
pub struct TensorRun {
    /// Name of the run.
    #[prost(string, tag = "1")]
    pub run_name: String,
    /// Its series.
    #[prost(message, repeated, tag = "2")]
    pub tags: Vec<TensorSeries>,
}

/// A series.
#[derive(Clone, PartialEq, Message)]
pub struct TensorSeries {
    /// Its name.
    #[prost(string, tag = "1")]
    pub tag_name: String,
    /// Its points.
    #[prost(message, optional, tag = "2")]
    pub data: Option<Tensors>,
}

/// Points, one list a coordinate, all of one length.
#[derive(Clone, PartialEq, Message)]
pub struct Tensors {
    /// Rising.
    #[prost(int64, repeated, tag = "1")]
    pub step: Vec<i64>,
    /// Seconds since the epoch.
    #[prost(double, repeated, tag = "2")]
    pub wall_time: Vec<f64>,
    /// Values.
    #[prost(message, repeated, tag = "3")]
    pub value: Vec<TensorProto>,
}
