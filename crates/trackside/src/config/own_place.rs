//! Sinks that would be fed with their own output, or share a place with another.

use std::path::{Path, PathBuf, absolute};

use axum::http::Uri;

use crate::{
    backend,
    cli::ServeArgs,
    config::{
        Fault,
        sink::{Destination, SinkConfig, WandbMode},
    },
};

/// The faults of sinks that write where this server, or another sink, does.
pub(crate) fn faults(serve: &ServeArgs, sinks: &[SinkConfig]) -> Vec<Fault> {
    let database = backend::database(serve.backend_store_uri.as_deref(), &serve.data_dir).ok();
    let mut taken: Vec<(String, PathBuf)> = Vec::new();
    let mut faults = Vec::new();
    for sink in sinks {
        if let Destination::Mlflow(mlflow) = &sink.destination
            && is_own(&mlflow.url, serve)
        {
            let found = format!("`{}`, which is this server: it would mirror into itself without end", mlflow.url);
            faults.push(fault(sink, "url", found, "the address of another server"));
        }
        let Some((key, path)) = place(&sink.destination) else { continue };
        let path = resolved(path);
        if key == "path" && database.as_deref().map(resolved).as_ref() == Some(&path) {
            let found = "the database of this server: it would mirror into itself without end".to_owned();
            faults.push(fault(sink, key, found, "the path of another file"));
        } else if let Some((other, _)) = taken.iter().find(|(_, theirs)| *theirs == path) {
            faults.push(fault(sink, key, format!("the same path as sinks.{other}"), "a path of its own"));
        }
        taken.push((sink.name.clone(), path));
    }
    faults
}

/// The key and value of the path a sink writes to.
fn place(destination: &Destination) -> Option<(&'static str, &Path)> {
    match destination {
        Destination::Sqlite(sqlite) => Some(("path", &sqlite.path)),
        Destination::TensorBoard(tensorboard) => Some(("directory", &tensorboard.directory)),
        Destination::Wandb(wandb) => match &wandb.mode {
            WandbMode::Offline { directory } => Some(("directory", directory)),
            WandbMode::Online { .. } => None,
        },
        Destination::Mlflow(_) | Destination::Exec(_) | Destination::Notify(_) => None,
    }
}

/// The same path for all names of a file, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let real = path.canonicalize().or_else(|_| {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        folder.canonicalize().map(|folder| folder.join(path.file_name().unwrap_or_default()))
    });
    real.or_else(|_| absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn is_own(url: &str, serve: &ServeArgs) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0" | "::1" | "::");
    let here = local(host) || host == serve.host;
    uri.scheme_str() == Some("http") && here && port == serve.port
}

fn fault(sink: &SinkConfig, key: &str, found: String, allowed: &str) -> Fault {
    Fault {
        path: format!("sinks.{}.{key}", sink.name),
        place: String::new(),
        found,
        allowed: allowed.to_owned(),
        example: String::new(),
    }
}
