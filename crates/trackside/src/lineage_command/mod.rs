//! `trackside lineage`: what a run, a model or a file came from, and what came of it.

mod args;
mod explorer;
mod path;

use std::{fs, io::Write, path::Path, sync::Arc};

use anyhow::Context;
use trackside_core::SystemClock;
use trackside_evidence::{Direction, Graph, Relation};
use trackside_tracking::Server;

pub(crate) use self::args::LineageArgs;
use self::{args::Format, explorer::Explorer};
use crate::audit_command::Subject;

/// Writes down what came from what.
pub(crate) fn run(args: &LineageArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server::at(&args.server.url(), Arc::new(SystemClock)).context("--url")?;
    let graph = runtime.block_on(explore(&server, args))?;
    let text = written(&graph, args, server.url())?;
    match &args.output {
        Some(path) => fs::write(path, text).with_context(|| format!("cannot write {}", path.display())),
        None => Ok(std::io::stdout().lock().write_all(text.as_bytes())?),
    }
}

async fn explore(server: &Server, args: &LineageArgs) -> anyhow::Result<Graph> {
    let mut explorer = Explorer::new(server, args.depth);
    let runs = if Path::new(&args.subject).exists() {
        path::find(&mut explorer, &args.subject).await?
    } else {
        named(&mut explorer, server, &args.subject).await?
    };
    if !args.downstream {
        explorer.follow(&runs, Direction::Upstream).await?;
    }
    if !args.upstream {
        explorer.follow(&runs, Direction::Downstream).await?;
    }
    Ok(explorer.graph)
}

/// The runs that a name stands for.
async fn named(explorer: &mut Explorer<'_>, server: &Server, name: &str) -> anyhow::Result<Vec<String>> {
    let subject = Subject::find(server, name).await?;
    let runs: Vec<String> = subject.runs.iter().map(|run| explorer.run(run)).collect();
    explorer.graph.subjects = match &subject.version {
        Some(version) => {
            let version = explorer.version(version);
            for run in &runs {
                explorer.graph.link(run, Relation::Registered, &version);
            }
            vec![version]
        }
        None => runs,
    };
    Ok(subject.runs.into_iter().map(|run| run.info.run_id).collect())
}

fn written(graph: &Graph, args: &LineageArgs, url: &str) -> anyhow::Result<String> {
    let format = if args.server.json { Format::Json } else { args.format };
    Ok(match format {
        Format::Tree => graph.to_tree(),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(graph)?),
        Format::Dot => graph.to_dot(),
        Format::Openlineage => {
            let host = url.split_once("://").map_or(url, |(_, host)| host);
            let events = graph.to_openlineage(&format!("mlflow://{host}"));
            events.iter().flat_map(|event| [event.to_string(), "\n".to_owned()]).collect()
        }
        Format::Prov => format!("{}\n", serde_json::to_string_pretty(&graph.to_prov())?),
    })
}
