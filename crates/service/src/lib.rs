//! Use cases. Each method validates what spans several things, then runs one store transaction.
//!
//! One handle, [`Service`], with its methods in a file per noun. Protocols convert their shapes into core's
//! types before they call it, so a value that arrives here is valid in itself.

#![warn(missing_docs)]

mod api_keys;
mod artifact_events;
mod artifact_uri;
mod artifacts;
mod assessments;
mod bundle_files;
mod bundle_links;
mod bundles;
mod evaluation_datasets;
mod experiments;
mod gc;
mod governed;
mod invocation;
mod locations;
mod logged_models;
mod metrics;
mod model_source;
mod model_versions;
mod news;
mod promotion_facts;
mod promotion_files;
mod promotions;
mod prompt_runs;
mod registered_models;
mod run_artifacts;
mod run_name;
mod run_records;
mod runs;
mod scorers;
mod semantic_version;
mod sweeps;
mod traces;
mod webhooks;

use std::{fmt, sync::Arc};

use tokio::sync::Mutex;
use trackside_artifacts::Artifacts;
use trackside_core::{
    ArtifactLocation, Clock, HookSender, IdSource, Key, NewExperiment, Result, Store, ledger::Origin, store::Outbox,
};

use trackside_policy::Governance;

use crate::locations::Locations;
pub use api_keys::digest;
pub use bundles::BundleEntry;
pub use evaluation_datasets::EvaluationDatasetRequest;
pub use gc::{ExpiredBundle, Gc, GcRequest, Removed};
pub use invocation::Invocation;
pub use logged_models::LoggedModelRequest;
pub use model_versions::VersionRequest;
pub use news::{News, NewsSender};
pub use prompt_runs::PromptRunRequest;
pub use run_artifacts::RunArtifacts;
pub use runs::RunRequest;
pub use sweeps::SweepRequest;
pub use trackside_artifacts::{ArtifactFile, ArtifactStore, ContentDigest, HeldContent};
pub use webhooks::WebhookRequest;

/// What the use cases work with. Made once by the composition root.
pub struct Parts {
    /// The system of record.
    pub store: Arc<dyn Store>,
    /// Its log, if it has one: who asks it can spare the work of telling it of artifacts.
    pub log: Option<Arc<dyn Outbox>>,
    /// The roots of artifacts.
    pub artifacts: Artifacts,
    /// What sends messages to webhooks.
    pub hooks: Arc<dyn HookSender>,
    /// URI under which new experiments keep their artifacts.
    pub artifact_root: String,
    /// Who wants to know of runs.
    pub news: Option<NewsSender>,
    /// The present instant.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
}

/// All use cases. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    parts: Arc<Parts>,
    /// Held while a tag is read, changed and written; the innermost of all locks.
    tag_updates: Arc<Mutex<()>>,
    /// Held while a bundle is committed or linked; taken before any other.
    commits: Arc<Mutex<()>>,
    locations: Arc<Locations>,
    /// Who asks.
    origin: Arc<Origin>,
    /// What a team wants of versions before they have a stage or an alias.
    governance: Arc<Governance>,
}

impl Service {
    /// Creates the default experiment where there is none.
    pub async fn start(parts: Parts) -> Result<Self> {
        let default = NewExperiment {
            name: Key::new("Default")?,
            artifact_location: ArtifactLocation::Under(parts.artifact_root.clone()),
            created_at: parts.clock.now(),
            tags: Vec::new(),
        };
        parts.store.ensure_default_experiment(default).await?;
        Ok(Self {
            parts: Arc::new(parts),
            tag_updates: Arc::default(),
            commits: Arc::default(),
            locations: Arc::default(),
            origin: Arc::default(),
            governance: Arc::default(),
        })
    }

    /// The same under a policy; by default there is none.
    #[must_use]
    pub fn governed_by(self, governance: Governance) -> Self {
        Self { governance: Arc::new(governance), ..self }
    }

    /// The same for somebody: what is changed in the registry is written down with who changed it.
    #[must_use]
    pub fn on_behalf_of(&self, origin: Origin) -> Self {
        Self { origin: Arc::new(origin), ..self.clone() }
    }

    fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("artifact_root", &self.parts.artifact_root).finish_non_exhaustive()
    }
}
