//! Which Python interpreter a command uses.
//!
//! Told from the command: an interpreter by its name, what starts one (`env`, `uv run`, `conda run`), or a script
//! whose first line names one (`torchrun`, any console script of a venv). Else `$VIRTUAL_ENV`; else there is none,
//! which is no gap, because the command may be a program of another kind.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::Read,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

use super::{capture::Request, managers};

/// Why the interpreter or its packages are not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{manager} has no environment {place} yet")]
    NotYet { manager: &'static str, place: String, remedy: &'static str },
    #[error("uv makes an environment for this command alone ({0})")]
    Passing(String),
    #[error("conda has no environment {0}")]
    NoCondaEnvironment(String),
    #[error("the interpreter {0} is not there or not executable")]
    Missing(String),
    #[error("{interpreter} did not tell what is installed: {why}")]
    Silent { interpreter: String, why: String },
}

impl Fault {
    pub(super) fn remedy(&self) -> String {
        match self {
            Self::NotYet { remedy, .. } => (*remedy).to_owned(),
            Self::Passing(_) => "uv add what the command needs, and run it without that option".to_owned(),
            Self::NoCondaEnvironment(name) => format!("conda env list; conda create -n {name}"),
            Self::Missing(_) => "check the command and PATH".to_owned(),
            Self::Silent { interpreter, .. } => format!("{interpreter} -m pip list should work"),
        }
    }
}

/// Programs that run another one, which their arguments name.
const WRAPPERS: [&str; 19] = [
    "nice",
    "ionice",
    "nohup",
    "time",
    "timeout",
    "stdbuf",
    "setsid",
    "taskset",
    "numactl",
    "chrt",
    "xvfb-run",
    "srun",
    "mpirun",
    "mpiexec",
    "horovodrun",
    "nsys",
    "ncu",
    "strace",
    "catchsegv",
];
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "zsh", "ksh"];

/// The interpreter of a command; `None` when it has none.
pub(super) fn find(request: &Request<'_>) -> Result<Option<PathBuf>, Fault> {
    let search =
        Search { request, path: request.path("PATH").unwrap_or(Path::new("/usr/local/bin:/usr/bin:/bin")).into() };
    match search.of(request.command, 0)? {
        Some(found) => Ok(Some(found)),
        None => Ok(request.path("VIRTUAL_ENV").map(|venv| venv.join("bin/python")).filter(|python| is_program(python))),
    }
}

struct Search<'a> {
    request: &'a Request<'a>,
    path: OsString,
}

impl Search<'_> {
    /// `depth` bounds wrappers within wrappers.
    fn of(&self, command: &[OsString], depth: u8) -> Result<Option<PathBuf>, Fault> {
        let Some((program, arguments)) = command.split_first().filter(|_| depth < 8) else {
            return Ok(None);
        };
        let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or_default();
        match name {
            name if is_python(name) => {
                let found = self.program(program);
                return found.map(Some).ok_or_else(|| Fault::Missing(program.to_string_lossy().into_owned()));
            }
            "env" => return self.env(arguments, depth),
            "uv" | "pdm" | "rye" | "poetry" | "pixi" if second(arguments) == Some("run") => {
                return managers::project(self.request, name, program, arguments).map(Some);
            }
            "conda" | "mamba" | "micromamba" if second(arguments) == Some("run") => {
                return managers::conda(self.request, arguments).map(Some);
            }
            name if SHELLS.contains(&name) => return self.shell(arguments, depth),
            name if WRAPPERS.contains(&name) => {
                let inner = arguments.iter().position(|argument| self.starts_python(argument));
                return inner.map_or(Ok(None), |inner| self.of(&arguments[inner..], depth + 1));
            }
            _ => {}
        }
        match self.program(program).and_then(|script| first_lines(&script)) {
            Some(shebang) => self.of(&shebang, depth + 1),
            None => Ok(None),
        }
    }

    fn starts_python(&self, argument: &OsStr) -> bool {
        let name = Path::new(argument).file_name().and_then(OsStr::to_str).unwrap_or_default();
        is_python(name) || self.program(argument).is_some_and(|program| first_lines(&program).is_some())
    }

    /// `env [options] [NAME=value]… program`.
    fn env(&self, arguments: &[OsString], depth: u8) -> Result<Option<PathBuf>, Fault> {
        let mut path = self.path.clone();
        let mut rest = arguments;
        while let Some((argument, others)) = rest.split_first() {
            let text = argument.to_string_lossy();
            if let Some(value) = argument.as_bytes().strip_prefix(b"PATH=") {
                OsStr::from_bytes(value).clone_into(&mut path);
            } else if matches!(&*text, "-u" | "--unset" | "-C" | "--chdir") {
                rest = others.get(1..).unwrap_or_default();
                continue;
            } else if let Some(split) = text.strip_prefix("-S").filter(|split| !split.is_empty()) {
                let words: Vec<OsString> =
                    split.split_whitespace().map(OsString::from).chain(others.iter().cloned()).collect();
                return Search { request: self.request, path }.env(&words, depth + 1);
            } else if !text.starts_with('-') && !text.contains('=') {
                return Search { request: self.request, path }.of(rest, depth + 1);
            }
            rest = others;
        }
        Ok(None)
    }

    /// `sh -c "text"`: the first word that starts Python; `sh script`: nothing is known.
    fn shell(&self, arguments: &[OsString], depth: u8) -> Result<Option<PathBuf>, Fault> {
        let script = arguments.iter().position(|argument| {
            let text = argument.to_string_lossy();
            text.starts_with('-') && !text.starts_with("--") && text.ends_with('c')
        });
        let Some(script) = script.and_then(|option| arguments.get(option + 1)) else {
            return Ok(None);
        };
        let script = script.to_string_lossy();
        let words = script.split(|letter: char| letter.is_whitespace() || "&|;()'\"".contains(letter));
        let words: Vec<OsString> = words.filter(|word| !word.is_empty()).map(OsString::from).collect();
        let first = words.iter().position(|word| self.starts_python(word));
        first.map_or(Ok(None), |first| self.of(&words[first..], depth + 1))
    }

    /// The file that is run: found as the system does.
    fn program(&self, program: &OsStr) -> Option<PathBuf> {
        if program.is_empty() {
            return None;
        }
        if program.as_bytes().contains(&b'/') {
            return Some(absolute(self.request, Path::new(program))).filter(|path| is_program(path));
        }
        let directories = env::split_paths(&self.path).map(|directory| absolute(self.request, &directory));
        directories.map(|directory| directory.join(program)).find(|path| is_program(path))
    }
}

pub(super) fn absolute(request: &Request<'_>, path: &Path) -> PathBuf {
    let path = request.directory.join(path);
    std::path::absolute(&path).unwrap_or(path)
}

fn second(arguments: &[OsString]) -> Option<&str> {
    arguments.iter().filter_map(|argument| argument.to_str()).find(|argument| !argument.starts_with('-'))
}

/// `python`, `python3.12`, `python3.13t`, `pypy3`.
pub(super) fn is_python(name: &str) -> bool {
    let rest = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    rest.is_some_and(|rest| {
        let rest = rest.strip_suffix(['t', 'd']).filter(|rest| !rest.is_empty()).unwrap_or(rest);
        rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

pub(super) fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The command of a script's first line, if it starts Python. Where the path is long, pip and others write
/// `#!/bin/sh` and the interpreter into the second line: `'''exec' "/long/path/python" "$0" "$@"`.
fn first_lines(script: &Path) -> Option<Vec<OsString>> {
    let mut start = Vec::new();
    File::open(script).ok()?.take(4096).read_to_end(&mut start).ok()?;
    let start = String::from_utf8_lossy(start.strip_prefix(b"#!")?).into_owned();
    let mut lines = start.lines();
    let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
    let first = words(lines.next()?);
    let names_python = |words: &[OsString]| {
        let mut names = words.iter().filter_map(|word| Path::new(word).file_name()?.to_str());
        names.any(is_python)
    };
    if names_python(&first) {
        return Some(first);
    }
    let second = lines.next()?.strip_prefix("'''exec' ")?;
    let program = match second.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => second.split_whitespace().next()?,
    };
    Some(vec![OsString::from(program)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Scene {
        root: tempfile::TempDir,
        variables: BTreeMap<OsString, OsString>,
    }

    impl Scene {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("bin").into_os_string();
            let scene = Self { root, variables: [("PATH".into(), path)].into() };
            for name in ["python3", "python3.12", "pypy3", "env", "sh", "cargo"] {
                scene.program(&format!("bin/{name}"), "\x7fELF");
            }
            scene
        }

        fn at(&self, path: &str) -> PathBuf {
            self.root.path().join(path)
        }

        fn program(&self, path: &str, content: &str) {
            fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
            fs::write(self.at(path), content).unwrap();
            fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o755)).unwrap();
        }

        fn set(&mut self, name: &str, value: &str) {
            self.variables.insert(name.into(), value.into());
        }

        fn find(&self, command: &str) -> Result<Option<String>, String> {
            let command: Vec<OsString> = command.split('|').map(OsString::from).collect();
            let directory = self.at("project/src");
            fs::create_dir_all(&directory).unwrap();
            let root = Path::new("/");
            let request =
                Request { directory: &directory, command: &command, variables: &self.variables, also: &[], root };
            let found = find(&request).map_err(|fault| fault.to_string())?;
            Ok(found.map(|path| path.strip_prefix(self.root.path()).unwrap().display().to_string()))
        }
    }

    #[test]
    fn commands_name_their_interpreter() {
        let mut scene = Scene::new();
        let venv = scene.at("venv").display().to_string();
        scene.program("venv/bin/python", "\x7fELF");
        scene.program("bin/torchrun", &format!("#!{venv}/bin/python\nimport torch\n"));
        scene.program("bin/accelerate", &format!("#!/bin/sh\n'''exec' \"{venv}/bin/python\" \"$0\" \"$@\"\n' '''\n"));
        scene.program("bin/tool", "#!/usr/bin/env -S python3 -u\n");
        scene.program("bin/plain", "#!/bin/sh\necho hi\n");
        scene.program("project/src/train.py", "#!/usr/bin/env python3.12\n");
        scene.program("project/.venv/bin/python", "\x7fELF");
        scene.program("other/python3", "\x7fELF");
        let other = scene.at("other").display().to_string();
        for (command, expected) in [
            ("python3|train.py", Some("bin/python3")),
            ("python3.12|-m|train", Some("bin/python3.12")),
            ("pypy3|t.py", Some("bin/pypy3")),
            ("../.venv/bin/python|t.py", Some("project/src/../.venv/bin/python")),
            ("env|-u|X|A=1|python3|t.py", Some("bin/python3")),
            (&format!("env|PATH={other}|python3|t.py"), Some("other/python3")),
            ("uv|run|train.py", Some("project/.venv/bin/python")),
            ("uv|--quiet|run|--extra|gpu|train.py", Some("project/.venv/bin/python")),
            ("torchrun|--nproc-per-node|2|t.py", Some("venv/bin/python")),
            ("accelerate|launch|t.py", Some("venv/bin/python")),
            ("tool", Some("bin/python3")),
            ("./train.py", Some("bin/python3.12")),
            ("timeout|10|python3|t.py", Some("bin/python3")),
            ("srun|-n|4|torchrun|t.py", Some("venv/bin/python")),
            ("sh|-c|cd x && PYTHONHASHSEED=0 python3 t.py", Some("bin/python3")),
            ("plain", None),
            ("cargo|run", None),
            ("cargo|python3", None),
            ("no-such-program", None),
            ("sh|run.sh", None),
        ] {
            assert_eq!(scene.find(command), Ok(expected.map(str::to_owned)), "{command}");
        }
        // Whatever starts nothing that is known runs within the active environment.
        scene.set("VIRTUAL_ENV", &venv);
        assert_eq!(scene.find("plain"), Ok(Some("venv/bin/python".to_owned())));
    }

    #[test]
    fn conda_environments_are_found_by_name_and_prefix() {
        let mut scene = Scene::new();
        scene.program("conda/envs/ml/bin/python", "");
        scene.program("conda/bin/python", "");
        scene.program("mine/bin/python", "");
        let conda = scene.at("conda/bin/conda").display().to_string();
        scene.set("CONDA_EXE", &conda);
        let mine = scene.at("mine").display().to_string();
        for (command, expected) in [
            ("conda|run|-n|ml|python|t.py", "conda/envs/ml/bin/python"),
            ("conda|run|--name=ml|t.py", "conda/envs/ml/bin/python"),
            ("conda|run|-n|base|t.py", "conda/bin/python"),
            ("conda|run|t.py", "conda/bin/python"),
            (&format!("mamba|run|-p|{mine}|t.py"), "mine/bin/python"),
        ] {
            assert_eq!(scene.find(command), Ok(Some(expected.to_owned())), "{command}");
        }
        assert_eq!(scene.find("conda|run|-n|no|t.py"), Err("conda has no environment no".to_owned()));
    }

    #[test]
    fn an_environment_for_one_command_alone_is_told() {
        let scene = Scene::new();
        scene.program("project/.venv/bin/python", "");
        scene.program("project/src/alone.py", "# /// script\n# dependencies = [\"rich\"]\n# ///\n");
        for (command, why) in [
            ("uv|run|--with|rich|train.py", "--with"),
            ("uv|run|--with=rich|train.py", "--with=rich"),
            ("uv|run|--isolated|pytest", "--isolated"),
            ("uv|run|alone.py", "alone.py has metadata of its own"),
        ] {
            let expected = format!("uv makes an environment for this command alone ({why})");
            assert_eq!(scene.find(command), Err(expected), "{command}");
        }
        assert_eq!(scene.find("uv|run|train.py|--isolated"), Ok(Some("project/.venv/bin/python".to_owned())));
    }

    #[test]
    fn poetry_is_asked_where_its_environment_is() {
        let scene = Scene::new();
        scene.program("cache/ml-py3/bin/python", "");
        let python = scene.at("cache/ml-py3/bin/python").display().to_string();
        scene.program("bin/poetry", &format!("#!/bin/sh\necho '{python}'\n"));
        fs::remove_file(scene.at("bin/sh")).unwrap();
        assert_eq!(scene.find("poetry|run|train"), Ok(Some("cache/ml-py3/bin/python".to_owned())));
        scene.program("bin/poetry", "#!/bin/sh\nexit 1\n");
        assert_eq!(scene.find("poetry|run|train"), Err("poetry has no environment .venv yet".to_owned()));
    }

    #[test]
    fn what_should_be_there_and_is_not_is_told() {
        let scene = Scene::new();
        assert!(scene.find("python2|t.py").unwrap_err().contains("python2 is not there"));
        assert!(scene.find("uv|run|t.py").unwrap_err().contains("uv has no environment .venv yet"));
    }
}
