//! The configuration as a whole: what a file, variables and flags come to.

mod options;
mod precedence;
mod secrets;
mod wrong;

use std::{fs, path::PathBuf};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::config::{Config, Environment, Faults, Sources, as_json};

/// A folder with a configuration file.
struct Scene {
    dir: TempDir,
}

impl Scene {
    fn new(file: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("trackside.yaml"), file).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn sources<const N: usize>(&self, flags: &[&str], variables: [(&str, &str); N]) -> Sources {
        let file = self.path("trackside.yaml").display().to_string();
        let words = ["trackside", "serve", "--config", &file].into_iter().chain(flags.iter().copied());
        Sources { arguments: words.map(Into::into).collect(), environment: Environment::of(variables) }
    }

    fn config<const N: usize>(&self, flags: &[&str], variables: [(&str, &str); N]) -> Config {
        self.sources(flags, variables).resolve().unwrap()
    }

    fn faults<const N: usize>(&self, variables: [(&str, &str); N]) -> Faults {
        self.sources(&[], variables).resolve().expect_err("it has faults").downcast().unwrap()
    }
}

/// The value of a setting and who gave it.
fn setting(config: &Config, path: &str) -> (Json, Json) {
    let all = as_json(config);
    let found = all["settings"].as_array().unwrap().iter().find(|setting| setting["path"] == path);
    let found = found.unwrap_or_else(|| panic!("no {path} in {all:#}"));
    (found["value"].clone(), found["from"].clone())
}
