//! `trackside ui`: installs MLflow's web UI below the data directory, and says what is installed.

mod args;
mod download;
mod install;
mod package;
mod python;
mod source;
mod status;
mod wheel;

use std::ffi::OsString;

use trackside_compat_mlflow::MLFLOW_VERSION;

pub(crate) use self::args::UiArgs;
use self::{
    args::{Action, Place},
    install::Outcome,
    package::Package,
    wheel::Wheel,
};
use crate::{
    config::{Environment, Sources},
    output::{Output, count},
    ui::Installed,
};

/// Runs one command.
pub(crate) fn run(args: &UiArgs) -> anyhow::Result<()> {
    let output = Output { json: args.json };
    let installed = installed(&args.place)?;
    match &args.action {
        Action::Status => status::run(&installed, output),
        Action::Install(wanted) => {
            let outcome = if let Some(file) = &wanted.wheel {
                install::install(Wheel::open(file)?, &installed, output)?
            } else if let Some(python) = &wanted.from_python {
                install::install(Package::of(python)?, &installed, output)?
            } else if let Some(present) = installed.find(MLFLOW_VERSION) {
                // It need not be downloaded to be told so.
                Outcome::present(&present)
            } else {
                let download = download::run(wanted.python.as_deref(), output)?;
                install::install(Wheel::open(download.wheel())?, &installed, output)?
            };
            output.say(&outcome, || said(&outcome))
        }
    }
}

fn said(outcome: &Outcome) -> String {
    let Outcome { version, path, files, already, .. } = outcome;
    let path = path.display();
    let what = if *already {
        format!("MLflow's web UI {version} is installed already: {path}\n")
    } else {
        format!("MLflow's web UI {version} is installed, {}: {path}\n", count(*files, "file"))
    };
    let other = if version == MLFLOW_VERSION {
        ""
    } else {
        "Some of its pages may not work: the server speaks the protocol of another version, see `trackside ui status`.\n"
    };
    format!("{what}{other}`trackside serve` shows it at /\n")
}

/// The place that `trackside serve` would use, given the same flags, variables and file.
fn installed(place: &Place) -> anyhow::Result<Installed> {
    let mut arguments = vec![OsString::from("trackside"), OsString::from("serve")];
    for (flag, value) in [("--data-dir", &place.data_dir), ("--config", &place.config)] {
        if let Some(value) = value {
            arguments.extend([OsString::from(flag), value.into()]);
        }
    }
    let config = Sources { arguments, environment: Environment::of_process() }.resolve()?;
    Ok(Installed::below(&config.serve.data_dir))
}
