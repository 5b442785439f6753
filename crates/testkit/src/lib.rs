//! Conformance suites, fakes and fixtures: what tests of other crates are built from, and nothing that ships.
//!
//! A new store proves itself with one line, and inherits every case written for the others:
//!
//! ```text
//! async fn open() -> (Arc<dyn Store>, TempDir) { /* an empty store, and what keeps it alive */ }
//! trackside_testkit::store_suite!(open);
//! ```
//!
//! A destination does the same with [`tracker_suite!`], and says through [`Inspect`] how it is read back. Where it reads
//! artifacts, [`MemoryArtifacts`] has those of the suite.

#![expect(clippy::missing_panics_doc, reason = "a case that does not hold panics; that is all it does")]

mod clock;
pub mod fixture;
pub mod hook_suite;
mod ids;
mod inspect;
mod limits;
pub mod log_suite;
mod memory_artifacts;
mod memory_hooks;
mod memory_tracker;
mod model_state;
mod run_state;
mod store_inspect;
pub mod store_suite;
pub mod tracker_suite;

pub use clock::ManualClock;
pub use ids::SequentialIds;
pub use inspect::Inspect;
pub use limits::{Limits, Terms};
pub use memory_artifacts::MemoryArtifacts;
pub use memory_hooks::MemoryHooks;
pub use memory_tracker::{Beat, Delivery, DeliveryFault, MemoryTracker};
pub use model_state::{LoggedModelState, RegisteredModelState, RegistryState, VersionState};
pub use run_state::RunState;
pub use store_inspect::StoreInspect;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Names of the public async functions of a suite that its macro does not name exactly once.
    fn forgotten_cases(suite: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(suite);
        let list = fs::read_to_string(folder.join("mod.rs")).unwrap();
        let named = |case: &str| list.lines().filter(|line| line.trim() == format!("{case},")).count();
        let sources = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        let cases: Vec<String> = sources
            .flat_map(|source| {
                let names = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next());
                names.map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        assert!(!cases.is_empty());
        cases.into_iter().filter(|case| named(case) != 1).collect()
    }

    #[test]
    fn every_case_is_named_once_in_its_suite() {
        for suite in ["store_suite", "log_suite", "hook_suite", "tracker_suite"] {
            assert_eq!(forgotten_cases(suite), Vec::<String>::new(), "{suite}");
        }
    }
}
