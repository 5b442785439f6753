//! Images: not shown here yet, only in event files.

use trackside_core::{Error, Result};
use trackside_tensorboard_wire::data_provider::{ListResponse, ReadBlobRequest, SeriesRequest};

use crate::board::Board;

/// An empty list has one form, whatever is listed.
pub(crate) async fn list(board: Board, request: SeriesRequest) -> Result<ListResponse> {
    board.page(&request.experiment_id).await?;
    Ok(ListResponse::default())
}

pub(crate) async fn read(_: Board, request: ReadBlobRequest) -> Result<ListResponse> {
    Err(Error::not_found(format!("no blob has the key '{}'", request.blob_key)))
}
