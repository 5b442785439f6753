//! `upsertBucket`: a run begins, or something of it changes. Also how a client edits a run that is long over.

use std::collections::{BTreeMap, HashSet};

use trackside_core::{Document, Error, ErrorKind, Event, Key, Param, Point, Result, Run, RunStatus, RunUpdate, Tag};
use trackside_service::{Invocation, RunRequest};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    projection,
    run_name::{self, DEFAULT_ENTITY, ProjectName},
    run_tag, summary,
};

use crate::{
    caller::Caller,
    fork::Fork,
    objects::{Payload, RunObject},
    project::Project,
    records, runs,
};

/// Inputs that are tags.
const TAGS: [(&str, &str); 7] = [
    ("groupName", run_tag::GROUP),
    ("jobType", run_tag::JOB_TYPE),
    ("host", run_tag::HOST),
    ("jobProgram", run_tag::PROGRAM),
    ("jobRepo", run_tag::REPO),
    ("commit", run_tag::COMMIT),
    ("sweep", run_tag::SWEEP),
];

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    // Before anything is made.
    let config = input.filled("config").map(projection::parse).transpose()?;
    if let Some(text) = input.filled("summaryMetrics") {
        summary::parse(text)?;
    }
    let (project, run, inserted) = if let Some(id) = input.filled("id") {
        let (project, run) = runs::by_node_id(service, id).await?;
        (project, run, false)
    } else {
        let name = ProjectName::new(input.text("entityName"), input.text("modelName"));
        let (project, _) = Project::find_or_create(service, name).await?;
        let fork = match &config {
            Some(config) => Fork::of(service, &project, config).await?,
            None => None,
        };
        let (run, inserted) = find_or_create(caller, &project, input).await?;
        if let Some(fork) = fork {
            fork.copy_to(service, &run).await?;
        }
        (project, run, inserted)
    };
    let id = run.info.id.clone();
    let events = changes(&run, input, service.now())?;
    let run = if events.is_empty() {
        run
    } else {
        service.append(&id, events).await?;
        service.run(&id).await?
    };
    if inserted && run.info.status == RunStatus::Running {
        caller.door.pulse.heard(&id, service.now());
    }
    let bucket = Node::object(RunObject::new(caller, &project, run));
    Ok(Payload::node("UpsertBucketPayload", [("bucket", bucket), ("inserted", inserted.into())]))
}

/// The run of this name, which begins now unless it is there.
async fn find_or_create(caller: &Caller, project: &Project, input: &Arguments) -> Result<(Run, bool)> {
    let service = &caller.door.service;
    let name = input.required("name")?;
    if let Some(run) = runs::by_name(service, project, name).await? {
        return Ok((in_use(run, name)?, false));
    }
    let experiment = project.experiment.id;
    let user = if caller.user.is_empty() { DEFAULT_ENTITY } else { &*caller.user };
    let mut tags = vec![Tag::new(run_tag::RUN_ID, name)?];
    if let Some(invocation) = &caller.invocation {
        tags.push(Tag::new(Invocation::TAG, invocation.as_str())?);
    }
    let request = RunRequest {
        experiment,
        name: input.filled("displayName").map(str::to_owned),
        user: user.to_owned(),
        started_at: service.now(),
        tags,
    };
    let id = run_name::run_id(experiment, name)?;
    match service.create_run_as(id.clone(), run_name::bits(experiment, name)?, request).await {
        // Another process of the same run was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok((in_use(service.run(&id).await?, name)?, false)),
        created => Ok((created?, true)),
    }
}

fn in_use(run: Run, name: &str) -> Result<Run> {
    if runs::is_active(&run) {
        return Ok(run);
    }
    Err(Error::conflict(format!("run {name} was deleted; its id cannot be used again")))
}

/// What the inputs change.
fn changes(run: &Run, input: &Arguments, now: trackside_core::Timestamp) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let status = input.filled("state").and_then(run_tag::status).filter(|status| *status != run.info.status);
    let update = RunUpdate {
        status,
        ended_at: None,
        name: input.filled("displayName").filter(|name| *name != run.info.name).map(str::to_owned),
    };
    if update != RunUpdate::default() {
        events.push(Event::Updated(update));
    }
    let mut tags = Vec::new();
    for (argument, key) in TAGS {
        if let Some(value) = input.text(argument).filter(|value| run_tag::value(run, key).unwrap_or_default() != *value)
        {
            tags.push(Tag::new(key, value)?);
        }
    }
    // Old clients say `description`.
    if let Some(notes) = input.text("notes").or(input.text("description"))
        && run_tag::value(run, run_tag::NOTES).unwrap_or_default() != notes
    {
        tags.push(Tag::new(run_tag::NOTES, notes)?);
    }
    if let Some(labels) = input.texts("tags").filter(|labels| *labels != run_tag::labels(run)) {
        tags.push(Tag::new(run_tag::LABELS, serde_json::Value::from(labels).to_string())?);
    }
    if !tags.is_empty() {
        events.push(Event::Tags(tags));
    }
    if let Some(text) = input.filled("config") {
        events.extend(config(run, text)?);
    }
    if let Some(text) = input.filled("summaryMetrics") {
        let document = summary::parse(text)?;
        let latest: BTreeMap<Key, Point> =
            run.metrics.iter().map(|metric| (metric.key.clone(), metric.point)).collect();
        let points = summary::points(&document, &latest, now);
        if !points.is_empty() {
            events.push(Event::Points(points));
        }
        events.push(Event::Document(Document { name: records::key(records::SUMMARY)?, text: text.to_owned() }));
    }
    Ok(events)
}

fn config(run: &Run, text: &str) -> Result<Vec<Event>> {
    let document = projection::parse(text)?;
    let known: HashSet<(&Key, &str)> = run.params.iter().map(|param| (&param.key, param.value.as_str())).collect();
    let params = projection::params(&document).into_iter();
    let changed: Vec<Param> = params.filter(|param| !known.contains(&(&param.key, param.value.as_str()))).collect();
    let mut events = vec![Event::Document(Document { name: records::key(records::CONFIG)?, text: text.to_owned() })];
    if !changed.is_empty() {
        events.push(Event::ParamsReplaced(changed));
    }
    Ok(events)
}
