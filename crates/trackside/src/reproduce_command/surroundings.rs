//! What the command runs in: what is here, or a virtual environment with the recorded packages.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};
use trackside_core::{Clock, SystemClock};
use trackside_evidence::{Dimension, HIDDEN, Instant, Observed, Python, Record, Report, Verdict};
use trackside_provenance::environment;

use super::redirect::{Redirect, on_path};

/// The variables that results may depend on, as they were.
pub(super) fn variables(record: &Record, redirect: &Redirect<'_>) -> BTreeMap<OsString, OsString> {
    let known = record.environment.variables.iter().filter(|(_, value)| !value.contains(HIDDEN));
    known.map(|(name, value)| (name.into(), redirect.word(value).into())).collect()
}

/// What is not as recorded, the worst first, and whether results are to be expected to differ for it.
pub(super) fn differences(
    record: &Record,
    directory: &Path,
    command: &[OsString],
    variables: &BTreeMap<OsString, OsString>,
) -> (Vec<String>, bool) {
    let all = std::env::vars_os().chain(variables.clone()).collect();
    let also: Vec<String> = record.environment.variables.keys().cloned().collect();
    let request = environment::Request { directory, command, variables: &all, also: &also, root: Path::new("/") };
    let now = Observed { environment: Some(environment::capture(&request).0), ..Observed::default() };
    let report = Report::of(record, &now, Instant(SystemClock.now()));
    let Some(finding) = report.finding(Dimension::Environment) else { return (Vec::new(), false) };
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let differing = finding.evidence.iter().filter(|one| one.verdict != Verdict::Identical);
    let mut told: Vec<String> = differing
        .map(|one| format!("{}: recorded {}, here {}", one.what, shown(&one.recorded), shown(&one.found)))
        .collect();
    if told.is_empty() && finding.verdict != Verdict::Identical {
        told.push(finding.reason.clone());
    }
    (told, !finding.verdict.passes())
}

/// How a virtual environment is made.
#[derive(Debug)]
pub(super) struct Recipe {
    interpreter: PathBuf,
    version: String,
    uv: Option<PathBuf>,
    requirements: Vec<String>,
    /// Packages whose code nothing pins.
    pub(super) left_out: Vec<String>,
}

impl Recipe {
    /// The message says why it cannot be made.
    pub(super) fn of(record: &Record, redirect: &Redirect<'_>) -> Result<Self, String> {
        let python = record.environment.python.as_ref().ok_or("no interpreter of Python is on record")?;
        let minor = minor(&python.version);
        let path = std::env::var_os("PATH");
        let names = [format!("python{minor}"), "python3".to_owned(), "python".to_owned()];
        let candidates = std::iter::once(PathBuf::from(&python.executable))
            .chain(names.iter().filter_map(|name| on_path(name, path.as_deref())));
        let found = candidates.into_iter().find_map(|candidate| {
            let version = version(&candidate)?;
            (self::minor(&version) == minor).then_some((candidate, version))
        });
        let (interpreter, version) =
            found.ok_or_else(|| format!("there is no Python {minor} on PATH; the run had {}", python.version))?;
        let (requirements, left_out) = requirements(python, redirect);
        Ok(Self { interpreter, version, uv: on_path("uv", path.as_deref()), requirements, left_out })
    }

    /// As the plan tells it.
    pub(super) fn plan(&self) -> String {
        let tool = if self.uv.is_some() { "uv" } else { "pip" };
        format!(
            "a virtual environment is made with Python {} and {} packages, which {tool} installs",
            self.version,
            self.requirements.len()
        )
    }

    /// Makes it. What the tools say goes to standard error.
    pub(super) fn make(&self, venv: &Path) -> anyhow::Result<()> {
        let mut create = Command::new(self.uv.as_ref().unwrap_or(&self.interpreter));
        if self.uv.is_some() {
            create.args(["venv", "--python"]).arg(&self.interpreter);
        } else {
            create.args(["-m", "venv"]);
        }
        finish(create.arg(venv))?;
        let list = venv.join("requirements.txt");
        fs::write(&list, self.requirements.join("\n") + "\n").with_context(|| list.display().to_string())?;
        let python = venv.join("bin/python");
        let mut install = Command::new(self.uv.as_ref().unwrap_or(&python));
        if self.uv.is_some() {
            install.args(["pip", "install", "--python"]).arg(&python);
        } else {
            install.args(["-m", "pip", "install", "--disable-pip-version-check"]);
        }
        // All that was installed is on the list, so nothing is resolved anew.
        finish(install.args(["--no-deps", "--requirement"]).arg(&list))
    }
}

/// The variables of a virtual environment that is active.
pub(super) fn activated(venv: &Path) -> anyhow::Result<[(OsString, OsString); 2]> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::iter::once(venv.join("bin")).chain(std::env::split_paths(&path));
    Ok([("VIRTUAL_ENV".into(), venv.into()), ("PATH".into(), std::env::join_paths(directories)?)])
}

/// The command with the programs of another environment: what was beside the recorded interpreter is beside this one.
pub(super) fn within(venv: &Path, command: Vec<OsString>, python: &Python) -> Vec<OsString> {
    let beside = Path::new(&python.executable).parent();
    let replace = |(index, word): (usize, OsString)| {
        let path = Path::new(&word);
        let is_beside = index == 0 && path.is_absolute() && path.parent() == beside;
        match path.file_name().filter(|_| is_beside || path == Path::new(&python.executable)) {
            Some(name) if is_python(name) => venv.join("bin/python").into(),
            Some(name) => venv.join("bin").join(name).into(),
            None => word,
        }
    };
    command.into_iter().enumerate().map(replace).collect()
}

fn is_python(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("python") || name.starts_with("pypy"))
}

fn requirements(python: &Python, redirect: &Redirect<'_>) -> (Vec<String>, Vec<String>) {
    let (mut requirements, mut left_out) = (Vec::new(), Vec::new());
    for package in &python.packages {
        match (&package.editable, &package.vcs) {
            (Some(place), _) if Path::new(place).starts_with(redirect.from) => {
                requirements.push(format!("-e {}", redirect.word(place)));
            }
            (Some(_), _) => left_out.push(package.name.clone()),
            (None, Some(vcs)) => requirements.push(format!("{} @ git+{}@{}", package.name, vcs.url, vcs.commit)),
            (None, None) => requirements.push(format!("{}=={}", package.name, package.version)),
        }
    }
    (requirements, left_out)
}

/// `3.11` of `3.11.7`.
fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// What an interpreter says of itself; `None` when it does not run.
fn version(interpreter: &Path) -> Option<String> {
    let mut command = Command::new(interpreter);
    command.args(["-I", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]);
    let answer = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    (answer.status.success() && !text.is_empty()).then_some(text)
}

fn finish(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .with_context(|| format!("{program} cannot be started"))?;
    ensure!(status.success(), "the recorded environment cannot be made: {program} ended with {status}; see above");
    Ok(())
}

#[cfg(test)]
mod tests {
    use trackside_evidence::{Package, Vcs};

    use super::*;

    fn package(name: &str, editable: Option<&str>, vcs: Option<&str>) -> Package {
        let vcs = vcs.map(|commit| Vcs { url: "https://h/x.git".to_owned(), commit: commit.to_owned() });
        Package { name: name.to_owned(), version: "1.0".to_owned(), editable: editable.map(str::to_owned), vcs }
    }

    #[test]
    fn a_recipe_pins_what_can_be_pinned() {
        let python = Python {
            executable: "/home/ada/a/.venv/bin/python".to_owned(),
            version: "3.11.7".to_owned(),
            implementation: "CPython".to_owned(),
            packages: vec![
                package("own", Some("/home/ada/a/lib"), None),
                package("other", Some("/elsewhere"), None),
                package("six", None, None),
                package("x", None, Some("c0ffee")),
            ],
        };
        let [old, new] = ["/home/ada/a", "/scratch/b"].map(Path::new);
        let redirect = Redirect { from: old, to: new, directory: (old, new) };
        let (requirements, left_out) = requirements(&python, &redirect);
        assert_eq!(requirements, ["-e /scratch/b/lib", "six==1.0", "x @ git+https://h/x.git@c0ffee"]);
        assert_eq!(left_out, ["other"]);
        let command = |words: &[&str]| {
            let words = words.iter().map(OsString::from).collect();
            within(Path::new("/v"), words, &python).join(OsStr::new(" ")).into_string().unwrap()
        };
        assert_eq!(command(&["/home/ada/a/.venv/bin/python3", "x.py"]), "/v/bin/python x.py");
        assert_eq!(command(&["/home/ada/a/.venv/bin/torchrun", "x.py"]), "/v/bin/torchrun x.py");
        assert_eq!(command(&["nice", "/home/ada/a/.venv/bin/python"]), "nice /v/bin/python");
        assert_eq!(command(&["python", "/home/ada/a/.venv/bin/x"]), "python /home/ada/a/.venv/bin/x");
    }
}
