//! Environments of package managers: `uv run`, `poetry run`, `conda run` and their like.
//!
//! Where they are is told by convention, because most managers would make or change an environment when asked.
//! Options of uv 0.13 and poetry 2.5 were checked with the programs; pdm, rye, pixi and conda were not at hand.

use std::{
    borrow::Cow,
    env,
    ffi::{OsStr, OsString},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::{
    capture::Request,
    interpreter::{Fault, absolute, is_program, is_python},
};
use crate::child;

/// Options of `uv run` that add to the environment of the project, or leave it aside.
const PASSING: [&str; 10] = [
    "--with",
    "-w",
    "--with-editable",
    "--with-requirements",
    "--isolated",
    "--no-project",
    "--script",
    "-s",
    "--python",
    "-p",
];
/// Poetry itself takes a second to start.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The interpreter of managers that have one environment per project.
pub(super) fn project(
    request: &Request<'_>,
    name: &str,
    program: &OsStr,
    arguments: &[OsString],
) -> Result<PathBuf, Fault> {
    let (manager, place, remedy) = match name {
        "pixi" => ("pixi", ".pixi/envs/default", "pixi install"),
        "pdm" => ("pdm", ".venv", "pdm install"),
        "rye" => ("rye", ".venv", "rye sync"),
        "poetry" => ("poetry", ".venv", "poetry install"),
        _ => ("uv", ".venv", "uv sync"),
    };
    let mut place = Path::new(place);
    if manager == "uv" {
        if let Some(why) = passing(request, arguments) {
            return Err(Fault::Passing(why));
        }
        place = request.path("UV_PROJECT_ENVIRONMENT").unwrap_or(place);
    }
    // Poetry uses the environment that it runs in; uv does when told.
    let told = manager == "uv" && arguments.iter().any(|argument| argument == "--active");
    let active = if manager == "poetry" || told { request.path("VIRTUAL_ENV") } else { None };
    let directory = absolute(request, Path::new(""));
    let inside = directory.ancestors().map(|directory| directory.join(place));
    let mut candidates = active.map(Path::to_owned).into_iter().chain(inside).map(|venv| venv.join("bin/python"));
    let asked = || if manager == "poetry" { poetry(request, program) } else { None };
    let found = candidates.find(|python| is_program(python)).or_else(asked);
    found.ok_or_else(|| Fault::NotYet { manager, place: place.display().to_string(), remedy })
}

/// Why `uv run` takes another environment than that of the project.
fn passing(request: &Request<'_>, arguments: &[OsString]) -> Option<String> {
    for argument in arguments.iter().map(|argument| argument.to_string_lossy()) {
        if argument == "--" || is_python(&argument) {
            break;
        }
        let option = argument.split('=').next().unwrap_or_default();
        if PASSING.contains(&option) {
            return Some(argument.into_owned());
        }
        if argument.ends_with(".py") {
            // Metadata of a script stand in its first comment (PEP 723).
            let mut start = Vec::new();
            let script = File::open(absolute(request, Path::new(&*argument))).ok()?;
            script.take(16 << 10).read_to_end(&mut start).ok()?;
            let own = String::from_utf8_lossy(&start).lines().any(|line| line.trim_end() == "# /// script");
            return own.then(|| format!("{argument} has metadata of its own"));
        }
    }
    None
}

/// Poetry keeps environments in a directory of its own; asking makes none.
fn poetry(request: &Request<'_>, program: &OsStr) -> Option<PathBuf> {
    let mut directories = env::split_paths(request.path("PATH")?).map(|directory| directory.join(program));
    let program = directories.find(|path| is_program(path))?;
    let mut command = Command::new(program);
    command.args(["env", "info", "--executable"]).current_dir(request.directory).env_clear().envs(request.variables);
    let ended = child::run(command, Vec::new(), Instant::now() + TIMEOUT).ok()?;
    let python = PathBuf::from(String::from_utf8_lossy(&ended.stdout).lines().last()?.trim());
    (ended.status.success() && python.is_absolute() && is_program(&python)).then_some(python)
}

/// `conda run -n name …` and `-p prefix …`.
pub(super) fn conda(request: &Request<'_>, arguments: &[OsString]) -> Result<PathBuf, Fault> {
    let option = |short: &str, long: &str| {
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
        arguments
            .find_map(|argument| match argument.strip_prefix(&format!("{long}=")) {
                Some(value) => Some(Some(value.to_owned())),
                None => (argument == short || argument == long).then_some(None),
            })
            .and_then(|value| value.or_else(|| arguments.next().map(Cow::into_owned)))
    };
    let python = |prefix: PathBuf| Some(prefix.join("bin/python")).filter(|python| is_program(python));
    if let Some(prefix) = option("-p", "--prefix") {
        let found = python(absolute(request, Path::new(&prefix)));
        return found.ok_or(Fault::NoCondaEnvironment(prefix));
    }
    let variable = |name: &str| request.path(name).map(Path::to_owned);
    let base = variable("CONDA_EXE").and_then(|exe| Some(exe.parent()?.parent()?.to_owned()));
    let roots: Vec<PathBuf> = base.into_iter().chain(variable("MAMBA_ROOT_PREFIX")).collect();
    let Some(name) = option("-n", "--name") else {
        let active = variable("CONDA_PREFIX").into_iter().chain(roots).find_map(python);
        return active.ok_or_else(|| Fault::NoCondaEnvironment("base".to_owned()));
    };
    let home = variable("HOME").map(|home| home.join(".conda/envs"));
    let lists = ["CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"].into_iter().filter_map(variable);
    let directories = lists.flat_map(|list| env::split_paths(&list).collect::<Vec<_>>()).chain(home);
    let named = roots.iter().map(|root| root.join("envs")).chain(directories).map(|directory| directory.join(&name));
    // An environment within another: `CONDA_PREFIX` is `…/envs/other`.
    let beside = variable("CONDA_PREFIX").and_then(|prefix| Some(prefix.parent()?.join(&name)));
    let base = roots.iter().filter(|_| name == "base").cloned();
    let found = base.chain(named).chain(beside).find_map(python);
    found.ok_or(Fault::NoCondaEnvironment(name))
}
