//! The package `mlflow` as it is installed for a Python.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::ui_command::{
    python,
    source::{BUILD, Source, check_path, check_version},
};

/// Asks for the package without importing it, which would take seconds.
const QUESTION: &str = "\
import importlib.metadata, json, sys
package = importlib.metadata.distribution('mlflow')
print(json.dumps({'version': package.version, 'build': str(package.locate_file(sys.argv[1]))}))";

/// Most files of a web UI: MLflow 3.17.2 has 408.
const MAX_FILES: usize = 20_000;

/// The answer.
#[derive(Debug, Deserialize)]
struct Location {
    version: String,
    build: PathBuf,
}

/// An installed package that holds a web UI.
#[derive(Debug)]
pub(super) struct Package {
    location: Location,
    files: Vec<(String, u64)>,
}

impl Package {
    pub(super) fn of(python: &Path) -> anyhow::Result<Self> {
        let question = ["-c", QUESTION, BUILD].map(OsStr::new);
        let answer = python::run(python, &question)
            .with_context(|| format!("{} has no package mlflow; mlflow-skinny has no web UI", python.display()))?;
        let location: Location = serde_json::from_str(answer.trim()).context("its answer is not understood")?;
        check_version(&location.version)?;
        let files = files(&location.build)
            .with_context(|| format!("the package has no web UI at {}", location.build.display()))?;
        Ok(Self { location, files })
    }
}

impl Source for Package {
    fn version(&self) -> &str {
        &self.location.version
    }

    fn files(&self) -> Vec<(String, u64)> {
        self.files.clone()
    }

    fn open(&mut self, at: usize) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(self.location.build.join(&self.files[at].0))?))
    }
}

/// Every file below a directory. Some installers make links of files, which count as files.
fn files(build: &Path) -> anyhow::Result<Vec<(String, u64)>> {
    let (mut found, mut open) = (Vec::new(), vec![build.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let metadata = fs::metadata(&path)?;
            if metadata.is_dir() {
                open.push(path);
                continue;
            }
            let below = path.strip_prefix(build)?.to_str().context("a name is not Unicode")?.replace('\\', "/");
            check_path(&below)?;
            found.push((below, metadata.len()));
            ensure!(found.len() <= MAX_FILES, "there are more than {MAX_FILES} files");
        }
    }
    Ok(found)
}
