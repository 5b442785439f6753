//! `deleteRun`: a run goes to the bin, where MLflow's clients find it.

use serde_json::json;
use trackside_core::Result;
use trackside_wandb_wire::executor::{Arguments, Node};

use crate::{caller::Caller, runs};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let (_, run) = runs::by_node_id(&caller.door.service, input.required("id")?).await?;
    caller.door.service.delete_run(&run.info.id).await?;
    caller.door.pulse.ended(&run.info.id);
    Ok(json!({ "clientMutationId": null, "success": true }).into())
}
