//! `trackside lineage`: what a run, a model or a file came from, and what came of it.

mod args;
mod explorer;
mod path;
mod telling;

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, anyhow, bail};
use trackside_core::{ErrorKind, SystemClock};
use trackside_evidence::{Direction, Graph};
use trackside_tracking::{Run, Server};

pub(crate) use self::args::LineageArgs;
use self::{args::Format, explorer::Explorer, path::Found};
use crate::audit_command::{Subject, is_run_id};

/// Writes down what came from what.
pub(crate) fn run(args: &LineageArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server::at(&args.server.url(), Arc::new(SystemClock)).context("--url")?;
    let graph = runtime.block_on(explore(&server, args))?;
    let text = written(&graph, args, server.url())?;
    match &args.output {
        Some(path) => fs::write(path, text).with_context(|| format!("cannot write {}", path.display())),
        None => Ok(io::stdout().lock().write_all(text.as_bytes())?),
    }
}

async fn explore(server: &Server, args: &LineageArgs) -> anyhow::Result<Graph> {
    let mut explorer = match Explorer::new(server, args.depth).await {
        Ok(explorer) => explorer,
        Err(error) if error.kind() == ErrorKind::Unavailable => bail!(
            "no tracking server answers at {}; start one with `trackside serve`, or name it with --url or TRACKSIDE_URL \
             ({})",
            server.url(),
            error.message()
        ),
        Err(error) => return Err(error.into()),
    };
    // The id of a run is never meant as a file; all else that is a file is one.
    let is_path = !is_run_id(&args.subject) && Path::new(&args.subject).exists();
    let found = if is_path {
        path::find(&mut explorer, &args.subject).await?
    } else {
        named(&mut explorer, &args.subject).await?
    };
    let directions = args.directions();
    if directions.contains(&Direction::Upstream) {
        explorer.follow(&found.writers, Direction::Upstream).await?;
    }
    if directions.contains(&Direction::Downstream) {
        explorer.follow(&found.readers, Direction::Downstream).await?;
    }
    if explorer.is_cut {
        #[expect(clippy::print_stderr, reason = "standard output is the graph")]
        {
            eprintln!("trackside: warning: there are more runs than are told of here; ask for less with --depth");
        }
    }
    Ok(explorer.into_graph())
}

/// The runs that a name stands for: where to go on from.
async fn named(explorer: &mut Explorer<'_>, name: &str) -> anyhow::Result<Found> {
    let subject = Subject::find(explorer.server(), name).await.map_err(|error| match error.to_string() {
        told if told.starts_with(name) => anyhow!("{told}, and no such file here"),
        _ => error.context(name.to_owned()),
    })?;
    let told = explorer.told();
    let found: Vec<Arc<Run>> = subject.runs.into_iter().map(Arc::new).collect();
    let runs: Vec<String> = found.iter().map(|run| told.run(run)).collect();
    let Some(version) = &subject.version else {
        told.graph.subjects = runs;
        return Ok(Found { writers: found.clone(), readers: found });
    };
    told.graph.subjects = vec![told.version(version)];
    // What else came of its run did not come of the version.
    Ok(Found { writers: found, readers: Vec::new() })
}

fn written(graph: &Graph, args: &LineageArgs, url: &str) -> anyhow::Result<String> {
    let format = if args.server.json { Format::Json } else { args.format };
    let around = || graph.around(&args.directions());
    Ok(match format {
        Format::Tree => around().to_tree(),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&around())?),
        Format::Dot => around().to_dot(),
        // An event is about a whole run, so it has all of its inputs, whatever was asked for.
        Format::Openlineage => {
            let host = url.split_once("://").map_or(url, |(_, host)| host);
            let namespace = args.namespace.clone().unwrap_or_else(|| format!("mlflow://{host}"));
            let mut text = String::new();
            for event in graph.to_openlineage(&namespace) {
                writeln!(text, "{event}")?;
            }
            text
        }
        Format::Prov => format!("{}\n", serde_json::to_string_pretty(&around().to_prov())?),
    })
}
