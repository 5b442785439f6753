use serde::{Deserialize, Serialize};

/// What a new reading of the configuration has changed: names of sinks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reloaded {
    /// New ones.
    pub added: Vec<String>,
    /// Those that go on with other settings.
    pub changed: Vec<String>,
    /// Those that are no longer configured. Their place in the log is kept until they are forgotten.
    pub removed: Vec<String>,
    /// Those that were not touched.
    pub unchanged: Vec<String>,
    /// Settings outside of sinks that have changed, which take a restart.
    pub restart_needed: Vec<String>,
}
