//! `trackside models card` and `bom`.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    sync::Arc,
};

use anyhow::Context;
use trackside_core::{Clock, IdSource, RandomIds, SystemClock};
use trackside_evidence::{ModelFacts, Record};
use trackside_tracking::{ModelVersion, Run, Server};

use super::{args::Exported, facts};
use crate::{
    audit_command::Subject,
    columns::plain,
    recording::{pairs, record},
};

/// A version with all that is known of it.
struct Known {
    version: ModelVersion,
    run: Run,
    record: Option<Record>,
}

/// Writes a bill of materials.
pub(super) async fn bom(url: &str, wanted: &Exported) -> anyhow::Result<()> {
    let server = Server::at(url, Arc::new(SystemClock)).context("--url")?;
    let known = known(&server, &wanted.subject).await?;
    let (version, run) = (&known.version, &known.run);
    let datasets = run.inputs.dataset_inputs.iter().filter_map(|input| {
        let dataset = input.dataset.as_ref()?;
        Some((dataset.name.clone()?, dataset.digest.clone().unwrap_or_default()))
    });
    let mut properties = vec![("stage".to_owned(), version.current_stage.clone())];
    properties.extend(version.aliases.iter().map(|alias| ("alias".to_owned(), alias.clone())));
    properties.extend(pairs(&run.data.params).into_iter().map(|(key, value)| (format!("param:{key}"), value)));
    let facts = ModelFacts {
        model: &version.name,
        version: &version.version,
        registry: server.url(),
        description: version.description.as_deref(),
        run: Some(&version.run_id),
        metrics: facts::metrics(run).collect(),
        datasets: datasets.collect::<BTreeMap<_, _>>(),
        properties,
        record: known.record.as_ref(),
    };
    let document = facts.bill_of_materials(SystemClock.now(), RandomIds.fresh()?);
    write(wanted, &format!("{}\n", serde_json::to_string_pretty(&document)?))
}

/// Writes a model card in Markdown.
pub(super) async fn card(url: &str, wanted: &Exported) -> anyhow::Result<()> {
    let server = Server::at(url, Arc::new(SystemClock)).context("--url")?;
    let Known { version, run, record } = known(&server, &wanted.subject).await?;
    let mut card = vec![format!("# {}, version {}", plain(&version.name), plain(&version.version)), String::new()];
    if let Some(description) = version.description.as_deref().filter(|text| !text.is_empty()) {
        card.extend([description.to_owned(), String::new()]);
    }
    let aliases = version.aliases.iter().map(|alias| plain(alias)).collect::<Vec<_>>().join(", ");
    let created = trackside_core::Timestamp::from_millis(version.creation_timestamp.0).rfc3339();
    for (name, value) in [
        ("Stage", version.current_stage.as_str()),
        ("Aliases", &aliases),
        ("Registered", &created),
        ("Run", &version.run_id),
    ] {
        if !value.is_empty() {
            card.push(format!("- {name}: {}", cell(value)));
        }
    }
    let mut part = None;
    for ((of, name), value) in facts::of(&run, record.as_ref()) {
        if part != Some(of) {
            part = Some(of);
            card.extend([String::new(), format!("## {}", capitalised(of.title())), String::new()]);
            card.extend(["| | |".to_owned(), "| --- | --- |".to_owned()]);
        }
        card.push(format!("| {} | {} |", cell(&name), cell(&value)));
    }
    if record.is_none() {
        card.extend([
            String::new(),
            "Nothing was recorded of its code, data and environment beside what its client logged.".to_owned(),
        ]);
    }
    card.push(String::new());
    write(wanted, &card.join("\n"))
}

async fn known(server: &Server, name: &str) -> anyhow::Result<Known> {
    let subject = Subject::find(server, name).await?;
    let version = subject.version.with_context(|| format!("{name} is no version of a registered model"))?;
    let run = subject.runs.into_iter().next().with_context(|| format!("{name} has no run"))?;
    let record = record(server, &run.info).await?.map(|(record, _)| record);
    Ok(Known { version, run, record })
}

fn write(wanted: &Exported, text: &str) -> anyhow::Result<()> {
    if let Some(file) = &wanted.output {
        return fs::write(file, text).with_context(|| format!("cannot write {}", file.display()));
    }
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// What may stand in a table of Markdown.
fn cell(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
