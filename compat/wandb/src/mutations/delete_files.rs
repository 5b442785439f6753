//! `deleteFiles`: files of runs are removed for good.

use trackside_core::Result;
use trackside_wandb_wire::executor::{Arguments, Node};

use super::success;
use crate::{caller::Caller, objects::file_of_id};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let files: Result<Vec<_>> = input.texts("files").unwrap_or_default().into_iter().map(file_of_id).collect();
    for (run, path) in files? {
        caller.door.service.delete_run_artifact(&run, &path).await?;
    }
    Ok(success().into())
}
