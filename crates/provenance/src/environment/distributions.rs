//! What is installed in an interpreter: it is started once and asked.
//!
//! The program below works with Python 3.8 to 3.14. It imports from the standard library alone, whatever stands in
//! the working directory, and what others print at the start is passed over. The path that it lists is the command's
//! own, because `PYTHONPATH` and the like are part of it.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde::Deserialize;
use trackside_evidence::{Package, Python, Vcs, without_credentials};

use super::{capture::Request, interpreter::Fault};
use crate::child;

/// An interpreter with a thousand distributions on a cold disk needs a few seconds.
const TIMEOUT: Duration = Duration::from_secs(10);
const MARK: &str = "trackside-distributions:";

const PROGRAM: &str = r#"
import sys
path = [entry for entry in sys.path if entry]
import os
lib = os.path.dirname(os.__file__)
sys.path = [entry for entry in path if entry == lib or entry.startswith(lib + os.sep) or entry.endswith(".zip")]
import json, platform, re
import importlib.metadata as metadata

def text(value):
    return os.fsencode(str(value)).decode("utf-8", "replace")

found, broken = {}, []
for item in metadata.distributions(path=path):
    try:
        name, version = item.metadata["Name"], item.version
        if not name or not version:
            raise ValueError("no name or version")
        name = re.sub(r"[-_.]+", "-", name).lower()
        if name in found:
            continue
        entry = {"name": text(name), "version": text(version)}
        direct = item.read_text("direct_url.json")
        if direct:
            entry["direct"] = json.loads(direct)
        elif str(getattr(item, "_path", "")).endswith(".egg-info"):
            place = os.path.abspath(str(item.locate_file("")))
            if os.path.isfile(os.path.join(place, "setup.py")) or os.path.isfile(os.path.join(place, "pyproject.toml")):
                entry["develop"] = text(place)
        found[name] = entry
    except Exception as error:
        broken.append(text("%s: %s" % (getattr(item, "_path", "?"), error)))
answer = {
    "executable": text(sys.executable),
    "version": platform.python_version(),
    "implementation": platform.python_implementation(),
    "packages": list(found.values()),
    "broken": broken,
}
sys.__stdout__.flush()
sys.__stdout__.write("\n" + "trackside-distributions:" + json.dumps(answer) + "\n")
sys.__stdout__.flush()
os._exit(0)
"#;

#[derive(Deserialize)]
struct Answer {
    executable: String,
    version: String,
    implementation: String,
    packages: Vec<Distribution>,
    broken: Vec<String>,
}

#[derive(Deserialize)]
struct Distribution {
    name: String,
    version: String,
    #[serde(default)]
    direct: Option<DirectUrl>,
    #[serde(default)]
    develop: Option<String>,
}

/// `direct_url.json` (PEP 610).
#[derive(Deserialize)]
struct DirectUrl {
    #[serde(default)]
    url: String,
    #[serde(default)]
    dir_info: Option<DirInfo>,
    #[serde(default)]
    vcs_info: Option<VcsInfo>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

#[derive(Deserialize)]
struct VcsInfo {
    #[serde(default)]
    commit_id: String,
}

/// An interpreter, and distributions of which it cannot tell name or version.
pub(super) struct Listed {
    pub(super) python: Python,
    pub(super) broken: Vec<String>,
}

/// Starts an interpreter as the command would be, and lists what is installed.
pub(super) fn list(request: &Request<'_>, interpreter: &Path) -> Result<Listed, Fault> {
    let silent = |why: String| Fault::Silent { interpreter: interpreter.display().to_string(), why };
    let mut command = Command::new(interpreter);
    command.args(["-c", PROGRAM]).current_dir(request.directory).env_clear().envs(request.variables);
    // Neither turns warnings into errors, nor waits for a terminal, nor writes byte code.
    command.env_remove("PYTHONWARNINGS").env_remove("PYTHONINSPECT").env_remove("PYTHONSTARTUP");
    command.envs([("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONSAFEPATH", "1")]);
    let ended = child::run(command, Vec::new(), Instant::now() + TIMEOUT).map_err(|error| silent(error.to_string()))?;
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let answer = stdout.lines().rev().find_map(|line| line.strip_prefix(MARK));
    let Some(answer) = answer else {
        let stderr = String::from_utf8_lossy(&ended.stderr);
        let last = stderr.lines().last().filter(|line| !line.is_empty());
        return Err(silent(last.map_or_else(|| ended.status.to_string(), str::to_owned)));
    };
    let mut answer: Answer = serde_json::from_str(answer).map_err(|error| silent(error.to_string()))?;
    let mut packages: Vec<Package> = answer.packages.drain(..).map(Package::from).collect();
    packages.sort();
    let Answer { executable, version, implementation, broken, .. } = answer;
    Ok(Listed { python: Python { executable, version, implementation, packages }, broken })
}

impl From<Distribution> for Package {
    fn from(found: Distribution) -> Self {
        let (mut editable, mut vcs) = (found.develop, None);
        if let Some(direct) = found.direct {
            if direct.dir_info.is_some_and(|info| info.editable) {
                editable = Some(path_of(&direct.url));
            }
            let commit = direct.vcs_info.map(|info| info.commit_id).filter(|commit| !commit.is_empty());
            vcs = commit.map(|commit| Vcs { url: without_credentials(&direct.url), commit });
        }
        Self { name: found.name, version: found.version, editable, vcs }
    }
}

/// The path of a `file://` URL.
fn path_of(url: &str) -> String {
    let path = url.strip_prefix("file://").map_or(url, |rest| rest.strip_prefix("localhost").unwrap_or(rest));
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = (*first == b'%').then(|| others.get(..2)).flatten();
        let code = code.and_then(|digits| hex::decode(digits).ok()).and_then(|decoded| decoded.first().copied());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_url_is_a_path() {
        for (url, path) in [
            ("file:///home/ada/a%20b", "/home/ada/a b"),
            ("file://localhost/home/ada/%C3%BC", "/home/ada/ü"),
            ("file:///100%", "/100%"),
            ("file:///a%zz", "/a%zz"),
        ] {
            assert_eq!(path_of(url), path);
        }
    }

    #[test]
    fn the_program_writes_the_mark_that_is_looked_for() {
        assert!(PROGRAM.contains(&format!("\"{MARK}\"")));
    }
}
