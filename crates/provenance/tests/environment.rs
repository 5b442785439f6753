//! The environment of a command, with a real interpreter. A machine without `python3` fails here.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use trackside_evidence::{Environment, Gap, Vcs};
use trackside_provenance::environment::{Request, capture};

struct Scene {
    /// Holds the directory for as long as it is needed.
    _scratch: TempDir,
    root: PathBuf,
    variables: BTreeMap<OsString, OsString>,
}

impl Scene {
    /// A project in a repository, and nothing of the machine's own variables but `PATH`.
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap();
        fs::create_dir_all(root.join("project/.git")).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        Self { _scratch: scratch, root, variables: [("PATH".into(), path)].into() }
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Installs a distribution as pip does, as far as its metadata go.
    fn install(&self, site: &str, name: &str, version: &str, direct: Option<&str>) {
        let info = format!("{site}/{name}-{version}.dist-info");
        self.write(&format!("{info}/METADATA"), &format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"));
        if let Some(direct) = direct {
            self.write(&format!("{info}/direct_url.json"), direct);
        }
    }

    fn capture(&self, command: &[&str]) -> (Environment, Vec<Gap>) {
        let command: Vec<OsString> = command.iter().map(OsString::from).collect();
        capture(&Request {
            directory: &self.root.join("project"),
            command: &command,
            variables: &self.variables,
            also: &[],
            // Without the marks of a container that the tests may run in.
            root: &self.root,
        })
    }
}

fn versions(environment: &Environment) -> Vec<(&str, &str)> {
    let packages = &environment.python.as_ref().unwrap().packages;
    packages.iter().map(|package| (package.name.as_str(), package.version.as_str())).collect()
}

#[test]
fn distributions_are_listed_as_the_command_would_import_them() {
    let mut scene = Scene::new();
    let inside =
        format!(r#"{{"url": "file://{}/project/own", "dir_info": {{"editable": true}}}}"#, scene.root.display());
    let commit = "0123456789012345678901234567890123456789";
    let vcs = format!(
        r#"{{"url": "https://me:pw@host/v.git", "vcs_info": {{"vcs": "git", "commit_id": "{commit}", "requested_revision": "main"}}}}"#
    );
    scene.install("first", "Zope.Some__Thing", "1.0", None);
    scene.install("first", "dup", "1.0", None);
    scene.install("second", "Dup", "2.0", None);
    scene.install("first", "own", "0.1", Some(&inside));
    scene.install("first", "vcs", "0.2", Some(&vcs));
    // What stands in the working directory, prints at the start, or warns, is in nobody's way.
    for module in ["json", "platform", "re", "importlib/metadata", "sitecustomize_not"] {
        scene.write(&format!("project/{module}.py"), "raise SystemExit('imported from the working directory')\n");
    }
    scene.write("first/sitecustomize.py", "print('hello from the site', end='')\n");
    scene.set("PYTHONPATH", format!("{0}/first:{0}/second", scene.root.display()));
    scene.set("PYTHONWARNINGS", "error");
    let (environment, gaps) = scene.capture(&["python3", "train.py"]);
    assert_eq!(gaps, []);
    let python = environment.python.as_ref().unwrap();
    assert_eq!(python.implementation, "CPython");
    let said = Command::new("python3").arg("--version").output().unwrap();
    assert_eq!(format!("Python {}\n", python.version), String::from_utf8_lossy(&said.stdout));
    let found: Vec<_> = versions(&environment)
        .into_iter()
        .filter(|(name, _)| ["dup", "own", "vcs", "zope-some-thing"].contains(name))
        .collect();
    assert_eq!(found, [("dup", "1.0"), ("own", "0.1"), ("vcs", "0.2"), ("zope-some-thing", "1.0")]);
    let package = |name| python.packages.iter().find(|package| package.name == name).unwrap();
    assert_eq!(package("own").editable, Some(scene.root.join("project/own").display().to_string()));
    assert_eq!(package("vcs").vcs, Some(Vcs { url: "https://host/v.git".to_owned(), commit: commit.to_owned() }));
    assert!(python.packages.is_sorted());
    // Nothing was written where the command will run.
    assert!(!scene.root.join("first/__pycache__").exists());
}

#[test]
fn the_working_directory_shadows_nothing_even_on_the_path() {
    let mut scene = Scene::new();
    scene.write("project/json.py", "raise SystemExit('imported from the working directory')\n");
    scene.set("PYTHONPATH", ".");
    scene.install("project", "here", "3.0", None);
    let (environment, gaps) = scene.capture(&["python3", "-m", "train"]);
    assert_eq!(gaps, []);
    assert!(versions(&environment).contains(&("here", "3.0")));
}

#[test]
fn an_editable_install_outside_of_the_project_and_a_damaged_one_are_gaps() {
    let mut scene = Scene::new();
    let outside = r#"{"url": "file:///srv/else%20where", "dir_info": {"editable": true}}"#;
    scene.install("site", "stray", "1.0", Some(outside));
    scene.write("site/broken-1.0.dist-info/METADATA", "Metadata-Version: 2.1\n");
    scene.set("PYTHONPATH", scene.root.join("site"));
    let (_, gaps) = scene.capture(&["python3", "train.py"]);
    let told: Vec<_> = gaps.iter().map(|gap| (gap.what.as_str(), gap.why.as_str())).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0].0, "stray");
    assert!(told[0].1.contains("editable from /srv/else where, outside"));
    assert!(told[1].1.contains("broken-1.0.dist-info"), "{told:?}");
}

#[test]
fn a_venv_is_found_by_its_script_and_by_its_variable() {
    let mut scene = Scene::new();
    let venv = scene.root.join("venv");
    let made = Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&venv).status().unwrap();
    assert!(made.success());
    let site = fs::read_dir(venv.join("lib")).unwrap().next().unwrap().unwrap().path().join("site-packages");
    let site = site.strip_prefix(&scene.root).unwrap().display().to_string();
    scene.install(&site, "only-here", "1.2", None);
    let script = venv.join("bin/torchrun");
    fs::write(&script, format!("#!{}\nprint(1)\n", venv.join("bin/python").display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let executable = |environment: &Environment| environment.python.as_ref().map(|python| python.executable.clone());
    let expected = Some(venv.join("bin/python").display().to_string());
    let (environment, gaps) = scene.capture(&[script.to_str().unwrap(), "--nproc-per-node=2", "train.py"]);
    assert_eq!((executable(&environment), gaps), (expected.clone(), vec![]));
    assert_eq!(versions(&environment), [("only-here", "1.2")]);
    scene.set("VIRTUAL_ENV", &venv);
    let (environment, gaps) = scene.capture(&["true"]);
    assert_eq!((executable(&environment), gaps), (expected, vec![]));
}

#[test]
fn a_command_without_python_has_none_and_that_is_no_gap() {
    let (environment, gaps) = Scene::new().capture(&["true"]);
    assert_eq!((environment.python, gaps), (None, vec![]));
    assert_eq!(environment.computer.os, std::env::consts::OS);
}

#[test]
fn an_interpreter_that_does_not_answer_is_a_gap() {
    let scene = Scene::new();
    let fake = scene.root.join("python3");
    fs::write(&fake, "#!/bin/sh\necho no module named encodings >&2\nexit 1\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let (environment, gaps) = scene.capture(&[fake.to_str().unwrap(), "train.py"]);
    assert_eq!((environment.python, gaps.len()), (None, 1));
    assert!(gaps[0].why.ends_with("no module named encodings"), "{}", gaps[0].why);
    let (_, gaps) = scene.capture(&["uv", "run", "train.py"]);
    assert_eq!(gaps[0].remedy, "uv sync");
}

#[test]
fn locks_and_variables_are_recorded() {
    let mut scene = Scene::new();
    scene.write("project/requirements.txt", "numpy==2.0.0\n");
    scene.set("PYTHONHASHSEED", "0");
    scene.set("RANK", "1");
    scene.set("WANDB_API_KEY", "secret");
    let (environment, gaps) = scene.capture(&["true"]);
    assert_eq!(gaps, []);
    assert_eq!(environment.locks[0].path, Path::new("requirements.txt").display().to_string());
    assert_eq!((environment.variables.len(), environment.placement.len()), (1, 1));
    assert!(!format!("{environment:?}").contains("secret"));
}
