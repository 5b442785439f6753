//! The environment of a command.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::Path,
};

use trackside_evidence::{Dimension, Environment, Gap, Python};

use super::{
    computer,
    distributions::{self, Listed},
    image, interpreter, lock_files, variables,
};

/// A command whose environment is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where it runs.
    pub directory: &'a Path,
    /// Program and arguments.
    pub command: &'a [OsString],
    /// The variables that it gets, all of them.
    pub variables: &'a BTreeMap<OsString, OsString>,
    /// Names of variables to record beside those of the allow-list.
    pub also: &'a [String],
    /// Where `/etc`, `/proc` and `/sys` are: `/`, but for tests.
    pub root: &'a Path,
}

impl Request<'_> {
    /// A variable as text; `None` when it is empty, which programs take for unset.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn path(&self, name: &str) -> Option<&Path> {
        self.variables.get(OsStr::new(name)).filter(|value| !value.is_empty()).map(Path::new)
    }
}

/// Captures the environment of a command. What cannot be learnt is a gap.
pub fn capture(request: &Request<'_>) -> (Environment, Vec<Gap>) {
    let mut gaps = Vec::new();
    let project = lock_files::project(request.directory);
    let python = python(request, &project, &mut gaps);
    let locks = lock_files::find(request.directory, &project, &mut gaps);
    let image = image::find(request, &mut gaps);
    let (variables, placement) = variables::select(request, &mut gaps);
    let computer = computer::describe(request.root);
    (Environment { python, locks, computer, image, variables, placement }, gaps)
}

fn python(request: &Request<'_>, project: &Path, gaps: &mut Vec<Gap>) -> Option<Python> {
    let described = interpreter::find(request).and_then(|found| match found {
        Some(interpreter) => distributions::list(request, &interpreter).map(Some),
        None => Ok(None),
    });
    match described {
        Ok(listed) => {
            let Listed { python, broken } = listed?;
            gaps.extend(unpinned(&python, project));
            gaps.extend(broken.into_iter().map(|broken| {
                let gap =
                    Gap::new(Dimension::Environment, "python packages", format!("a distribution is damaged: {broken}"));
                gap.closed_by("install it again, or remove what is left of it")
            }));
            Some(python)
        }
        Err(fault) => {
            let gap = Gap::new(Dimension::Environment, "python", fault.to_string());
            gaps.push(gap.closed_by(fault.remedy()));
            None
        }
    }
}

/// Sources outside of the project, which neither a version nor its commit pins.
fn unpinned(python: &Python, project: &Path) -> Vec<Gap> {
    let outside = |place: &str| !Path::new(place).starts_with(project);
    let packages = python.packages.iter().filter(|package| package.editable.as_deref().is_some_and(outside));
    let gaps = packages.map(|package| {
        let place = package.editable.as_deref().unwrap_or_default();
        let why = format!("it is installed editable from {place}, outside of the project, so nothing pins its code");
        let gap = Gap::new(Dimension::Environment, &package.name, why);
        gap.closed_by("install a version of it or a commit (pip install git+<url>@<commit>)")
    });
    gaps.collect()
}
