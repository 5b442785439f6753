//! What a backfill sends.

use std::fmt;

use trackside_core::Timestamp;

/// Which part of the history a sink shall get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every run, logged model and registered model.
    All,
    /// Runs and logged models of the experiment of this name.
    Experiment(String),
    /// Runs and logged models begun at or after this time.
    Since(Timestamp),
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Experiment(name) => write!(f, "experiment {name}"),
            Self::Since(time) => write!(f, "since {} ms", time.millis()),
        }
    }
}
