//! `createRunFiles`: where the bytes of files are to be put.

use serde_json::{Value, json};
use trackside_core::{ArtifactPath, Error, Result};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    node_id,
    run_name::ProjectName,
};

use crate::{caller::Caller, files, project::Project, runs};

/// Files of one call.
const MOST: usize = 100_000;

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let name = ProjectName::new(input.text("entityName"), input.text("projectName"));
    let project = Project::named(service, name).await?;
    let run = runs::named(service, &project, input.required("runName")?).await?;
    let names = input.texts("files").unwrap_or_default();
    if names.len() > MOST {
        return Err(Error::invalid(format!("at most {MOST} files may be asked for at once")));
    }
    let mut addresses: Vec<Value> = Vec::with_capacity(names.len());
    for name in names {
        let path = ArtifactPath::parse(name).ok().filter(|path| !path.is_root());
        let path = path.ok_or_else(|| Error::invalid(format!("'{name}' cannot be the name of a file")))?;
        addresses.push(json!({ "name": name, "uploadUrl": files::url(caller, "PUT", &run.info.id, &path) }));
    }
    let id = node_id::encode(runs::KIND, run.info.id.as_str());
    Ok(json!({ "runID": id, "uploadHeaders": [], "files": addresses }).into())
}
