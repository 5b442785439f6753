//! What the command line's parser accepts and the server would refuse, found before it starts.

use crate::{
    backend,
    cli::ServeArgs,
    config::{
        Fault,
        section::Setting,
        value::{Origin, without_credentials},
    },
    logging, prefix, roots,
};

/// The faults of values that somebody gave.
pub(crate) fn faults(args: &ServeArgs, settings: &[Setting]) -> Vec<Fault> {
    let uri = args.backend_store_uri.as_deref();
    let checks = [
        backend::database(uri, &args.data_dir).map(drop),
        prefix::check(args.static_prefix.as_deref()),
        logging::check(&args.log),
        roots::check(args),
        args.mlflow.check(uri),
    ];
    checks.into_iter().filter_map(Result::err).map(|error| fault(&error, settings)).collect()
}

/// Each of these errors begins with the flag it is about.
fn fault(error: &anyhow::Error, settings: &[Setting]) -> Fault {
    let told = format!("{error:#}");
    let flag = told.split([' ', ':']).next().unwrap_or_default().trim_start_matches("--");
    let path = format!("serve.{}", flag.trim_start_matches("no-").replace('-', "_"));
    let given = settings.iter().find(|setting| setting.path == path && setting.origin != Origin::Default);
    Fault {
        path,
        place: given.map(|setting| setting.origin.to_string()).unwrap_or_default(),
        found: without_credentials(&told),
        allowed: String::new(),
        example: String::new(),
    }
}
