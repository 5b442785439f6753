//! What a destination can represent, and a count of what it could not.

use std::collections::BTreeMap;

use crate::{Batch, Event};

/// A kind of event that a destination may be unable to represent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Params of runs.
    Params,
    /// Metric points.
    Points,
    /// Tags of runs, also their removal.
    Tags,
    /// Dataset inputs.
    Datasets,
    /// Artifacts of runs, by reference.
    Artifacts,
    /// Models that runs read or made.
    ModelLinks,
    /// Putting runs in the bin and back.
    Deletion,
    /// Logged models.
    LoggedModels,
    /// Registered models and their versions.
    Registry,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Params,
        Self::Points,
        Self::Tags,
        Self::Datasets,
        Self::Artifacts,
        Self::ModelLinks,
        Self::Deletion,
        Self::LoggedModels,
        Self::Registry,
    ];

    /// The name, as stored and as users see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Params => "params",
            Self::Points => "points",
            Self::Tags => "tags",
            Self::Datasets => "datasets",
            Self::Artifacts => "artifacts",
            Self::ModelLinks => "model_links",
            Self::Deletion => "deletion",
            Self::LoggedModels => "logged_models",
            Self::Registry => "registry",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a destination can represent. Fan-out withholds the rest, and counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a plain set of flags is what a capability is")]
pub struct Capability {
    /// Params of runs.
    pub params: bool,
    /// Metric points.
    pub points: bool,
    /// Tags of runs, also their removal.
    pub tags: bool,
    /// Dataset inputs.
    pub datasets: bool,
    /// Artifacts of runs, by reference.
    pub artifacts: bool,
    /// Models that runs read or made.
    pub model_links: bool,
    /// Putting runs in the bin and back.
    pub deletion: bool,
    /// Logged models.
    pub logged_models: bool,
    /// Registered models and their versions.
    pub registry: bool,
}

impl Capability {
    /// Everything.
    pub const ALL: Self = Self {
        params: true,
        points: true,
        tags: true,
        datasets: true,
        artifacts: true,
        model_links: true,
        deletion: true,
        logged_models: true,
        registry: true,
    };

    /// Whether events of this kind can be represented.
    pub const fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Params => self.params,
            Kind::Points => self.points,
            Kind::Tags => self.tags,
            Kind::Datasets => self.datasets,
            Kind::Artifacts => self.artifacts,
            Kind::ModelLinks => self.model_links,
            Kind::Deletion => self.deletion,
            Kind::LoggedModels => self.logged_models,
            Kind::Registry => self.registry,
        }
    }

    /// Whether an event can be represented.
    pub fn allows(self, event: &Event) -> bool {
        event.kind().is_none_or(|kind| self.has(kind))
    }

    /// What remains of a batch once all that cannot be represented is taken out and counted. Tags that a run
    /// begins with count too. `None` when nothing remains.
    pub fn restrict(self, batch: Batch, withheld: &mut Withheld) -> Option<Batch> {
        match batch {
            Batch::LoggedModel(_) if !self.logged_models => {
                withheld.add(Kind::LoggedModels, batch.n_items());
                None
            }
            Batch::RegisteredModel(_) if !self.registry => {
                withheld.add(Kind::Registry, batch.n_items());
                None
            }
            Batch::Run(mut run) => {
                if !self.tags
                    && let Some(started) = &mut run.started
                {
                    withheld.add(Kind::Tags, started.tags.len() as u64);
                    started.tags.clear();
                }
                run.events.retain(|event| match event.kind() {
                    Some(kind) if !self.has(kind) => {
                        withheld.add(kind, event.n_items() as u64);
                        false
                    }
                    _ => true,
                });
                (run.started.is_some() || !run.events.is_empty()).then_some(Batch::Run(run))
            }
            whole => Some(whole),
        }
    }
}

/// How much of each kind a destination did not get because it cannot represent it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Withheld(BTreeMap<Kind, u64>);

impl Withheld {
    /// Counts `n` more of a kind.
    pub fn add(&mut self, kind: Kind, n: u64) {
        if n > 0 {
            *self.0.entry(kind).or_default() += n;
        }
    }

    /// Counts all that another count has.
    pub fn extend(&mut self, other: &Self) {
        other.iter().for_each(|(kind, n)| self.add(kind, n));
    }

    /// Counts by kind, none zero.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u64)> + '_ {
        self.0.iter().map(|(kind, n)| (*kind, *n))
    }

    /// Of all kinds.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether nothing was withheld.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
