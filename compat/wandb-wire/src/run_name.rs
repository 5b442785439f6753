//! Names of projects and runs as ids of ours, and the other way.
//!
//! A project is an experiment: `project` of the default entity, `entity/project` of any other. A run's name is unique
//! within its project only; its id here is made from both, so that whoever asks twice gets one run.

use ring::digest::{SHA256, digest};
use trackside_core::{Error, ExperimentId, Key, Result, RunId};

/// Whose everything is that names no entity.
pub const DEFAULT_ENTITY: &str = "local";
/// Where runs go that name no project.
pub const DEFAULT_PROJECT: &str = "uncategorized";

/// Longest name of a run; clients have ids of 8 characters, or what users choose.
const MAX_RUN_NAME: usize = 256;

/// A project and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName {
    /// Whose.
    pub entity: String,
    /// Its name.
    pub project: String,
}

impl ProjectName {
    /// As a client names it; what it leaves out is the default.
    pub fn new(entity: Option<&str>, project: Option<&str>) -> Self {
        let or =
            |given: Option<&str>, default: &str| given.filter(|text| !text.is_empty()).unwrap_or(default).to_owned();
        Self { entity: or(entity, DEFAULT_ENTITY), project: or(project, DEFAULT_PROJECT) }
    }

    /// The project that an experiment is.
    pub fn of_experiment(name: &str) -> Self {
        match name.split_once('/') {
            Some((entity, project)) if !entity.is_empty() && !project.is_empty() => {
                Self { entity: entity.to_owned(), project: project.to_owned() }
            }
            _ => Self { entity: DEFAULT_ENTITY.to_owned(), project: name.to_owned() },
        }
    }

    /// The experiment that it is. `Invalid` for a name that none can have.
    pub fn experiment(&self) -> Result<Key> {
        if self.entity == DEFAULT_ENTITY {
            return Key::new(self.project.as_str());
        }
        Key::new(format!("{}/{}", self.entity, self.project))
    }
}

/// The id of a run by its name in a project.
pub fn run_id(experiment: ExperimentId, name: &str) -> Result<RunId> {
    Ok(RunId::fresh(bits(experiment, name)?))
}

/// What the id of a run is made from.
pub fn bits(experiment: ExperimentId, name: &str) -> Result<u128> {
    if name.is_empty() || name.chars().count() > MAX_RUN_NAME || name.contains(|c: char| c.is_control() || c == '/') {
        return Err(Error::invalid(format!("'{name}' cannot be the id of a run")));
    }
    // The text begins with its version, as whatever is stored does.
    let hash = digest(&SHA256, format!("wandb-run-v1\n{experiment}\n{name}").as_bytes());
    let first: [u8; 16] = hash.as_ref().first_chunk().copied().unwrap_or_default();
    Ok(u128::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_an_experiment() {
        for (entity, project, experiment) in [
            (None, None, "uncategorized"),
            (Some(""), Some("p"), "p"),
            (Some("local"), Some("p"), "p"),
            (Some("team"), Some("p"), "team/p"),
        ] {
            let name = ProjectName::new(entity, project);
            assert_eq!(name.experiment().unwrap().as_str(), experiment);
            assert_eq!(ProjectName::of_experiment(experiment), name);
        }
        assert_eq!(ProjectName::of_experiment("/Users/x").project, "/Users/x");
        assert_eq!(ProjectName::of_experiment("a/b/c").project, "b/c");
    }

    #[test]
    fn an_id_stays_the_same_for_ever() {
        let id = |experiment: i64, name: &str| run_id(ExperimentId::new(experiment), name).unwrap();
        // `sha256(b"wandb-run-v1\n1\nabc")`, by Python's hashlib.
        assert_eq!(id(1, "abc").as_str(), PUBLISHED);
        assert_ne!(id(1, "abc"), id(2, "abc"));
        assert_ne!(id(1, "abc"), id(1, "abd"));
        for bad in ["", "a/b", "a\nb", &"x".repeat(257)] {
            assert!(run_id(ExperimentId::new(1), bad).is_err(), "{bad:?}");
        }
    }

    const PUBLISHED: &str = "027f67d081c10f19aad13630f599bf4f";
}
