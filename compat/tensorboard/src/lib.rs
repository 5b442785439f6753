//! The TensorBoard door: what `tensorboard --grpc_data_provider=HOST:PORT` asks, answered from the store.
//!
//! No files are written and nothing is sampled twice; params that come late are shown, which event files cannot do.
//! `/experiment/<id>/` in TensorBoard's address is an experiment by its id or name, any other address is all of them.
//!
//! gRPC is HTTP/2 with five bytes before each message and a status after it: too little to bring a framework for.
//! The routes must be served over HTTP/2 without negotiation, as TensorBoard speaks it.

#![warn(missing_docs)]

mod blobs;
mod board;
mod experiment;
mod grpc;
mod run_page;
mod scalars;
mod series;
mod status;
mod tensors;

use axum::{Router, routing::post};
use trackside_service::Service;
use trackside_tensorboard_wire::data_provider::SERVICE;

use board::Board;

/// All methods of the protocol.
pub fn router(service: Service) -> Router {
    let board = Board::new(service);
    macro_rules! methods {
        ($($name:literal => $handler:path,)*) => {{
            let router = Router::new();
            $(let router = router.route(&format!("{SERVICE}{}", $name), post({
                let board = board.clone();
                move |request| grpc::answer(request, move |message| $handler(board, message))
            }));)*
            router
        }};
    }
    methods! {
        "GetExperiment" => experiment::get,
        "ListPlugins" => experiment::list_plugins,
        "ListRuns" => experiment::list_runs,
        "ListScalars" => scalars::list,
        "ReadScalars" => scalars::read,
        "ListTensors" => tensors::list,
        "ReadTensors" => tensors::read,
        "ListBlobSequences" => blobs::list,
        "ReadBlobSequences" => blobs::list,
        "ReadBlob" => blobs::read,
    }
    .fallback(grpc::unknown_method)
}
