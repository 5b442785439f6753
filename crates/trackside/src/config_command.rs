//! `trackside config`: reads the configuration as `trackside serve` would, and serves nothing.

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::{
    cli::ServeArgs,
    config::{Faults, Sources, as_json, as_yaml},
};

// Every flag of `serve` is taken, so that what is checked is what would be served.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Answer in JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    serve: ServeArgs,
}

/// Fails with every fault.
pub(crate) fn check(args: &ConfigArgs, sources: &Sources) -> anyhow::Result<()> {
    match sources.resolve() {
        Ok(config) if args.json => write(&pretty(&json!({"file": config.file, "faults": []}))),
        Ok(config) => {
            let file = config.file.map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
            let sinks: Vec<&str> = config.sinks.iter().map(|sink| sink.name.as_str()).collect();
            let sinks = if sinks.is_empty() { "none".to_owned() } else { sinks.join(", ") };
            write(&format!("{file}: no faults; sinks: {sinks}\n"))
        }
        Err(error) => {
            if let (true, Some(faults)) = (args.json, error.downcast_ref::<Faults>()) {
                write(&pretty(&json!({"file": faults.file, "faults": faults.faults})))?;
            }
            Err(error)
        }
    }
}

/// Prints what was resolved.
pub(crate) fn print(args: &ConfigArgs, sources: &Sources) -> anyhow::Result<()> {
    let config = sources.resolve()?;
    write(&if args.json { pretty(&as_json(&config)) } else { as_yaml(&config) })
}

fn pretty(value: &Json) -> String {
    format!("{value:#}\n")
}

fn write(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
