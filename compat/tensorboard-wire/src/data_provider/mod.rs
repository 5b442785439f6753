//! The data-provider protocol: how TensorBoard asks another server for what it shows.
//!
//! gRPC service `tensorboard.data.TensorBoardDataProvider`, as in TensorBoard 2.21.0, where `--grpc_data_provider`
//! names the server. Requests about scalars, tensors and blobs have one shape; so have lists of scalars and tensors.

mod experiment;
mod listing;
mod request;
mod scalars;
mod tensors;

pub use experiment::{
    GetExperimentRequest, GetExperimentResponse, ListPluginsResponse, ListRunsResponse, Plugin, Run, Time,
};
pub use listing::{ListResponse, ListedRun, ListedTag, Series};
pub use request::{Downsample, Names, PluginFilter, ReadBlobRequest, RunTagFilter, SeriesRequest};
pub use scalars::{ReadScalarsResponse, ScalarRun, ScalarSeries, Scalars};
pub use tensors::{ReadTensorsResponse, TensorRun, TensorSeries, Tensors};

/// Before the name of a method, in the path of a request.
pub const SERVICE: &str = "/tensorboard.data.TensorBoardDataProvider/";
