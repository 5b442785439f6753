//! Bodies that were not read, as clients are told.

use trackside_mlflow_wire::{ErrorCode, Failure};
use trackside_server::Unread;

use crate::error::MlflowError;

/// A client whose body finds no room is told to come again, and MLflow's does.
impl From<Unread> for MlflowError {
    fn from(unread: Unread) -> Self {
        Self(match unread {
            Unread::TooLarge { max_bytes } => Failure::new(
                ErrorCode::BodyTooLarge,
                format!(
                    "The request body is larger than {max_bytes} bytes. Split the request, or start the server with a larger \
                 --max-body-bytes."
                ),
            ),
            Unread::NoRoom => {
                Failure::new(ErrorCode::TemporarilyUnavailable, "too many large requests at once; try again later")
            }
            Unread::Broken(why) => Failure::invalid(format!("The request body could not be read: {why}")),
        })
    }
}
