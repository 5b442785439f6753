//! What a destination knows of logged and registered models, and what each event does to it.
//!
//! As [`RunState`](crate::RunState), the contract as a pure function. Times are left out: most peers set their own.

use std::collections::BTreeMap;

use trackside_core::{
    Key, LoggedModelChange, LoggedModelCreated, LoggedModelId, LoggedModelStatus, ModelMetric, ModelVersionChange,
    NewModelVersion, NewRegisteredModel, RegisteredModelChange, RegistryEvent, Result, RunId, Stage, Tag,
    VersionNumber, fault,
};

/// A logged model as it stands at a destination, in a form that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModelState {
    /// Its id at the source.
    pub id: LoggedModelId,
    /// Name of its experiment.
    pub experiment: Key,
    /// Label.
    pub name: String,
    /// How far it has come.
    pub status: LoggedModelStatus,
    /// Free text.
    pub model_type: String,
    /// The run that made it, by its id at the source.
    pub source_run: Option<RunId>,
    /// Whether it is in the bin.
    pub deleted: bool,
    /// Its tags.
    pub tags: BTreeMap<Key, String>,
    /// Its params.
    pub params: BTreeMap<Key, String>,
    /// Points of runs that name it, in the order (key, time, step). Events of runs make them.
    pub metrics: Vec<ModelMetric>,
}

impl LoggedModelState {
    /// A model that has just begun.
    pub fn begin(created: &LoggedModelCreated) -> Self {
        Self {
            id: created.new.id.clone(),
            experiment: created.experiment.clone(),
            name: created.new.name.clone(),
            status: LoggedModelStatus::Pending,
            model_type: created.new.model_type.clone(),
            source_run: created.new.source_run.clone(),
            deleted: false,
            tags: map(&created.new.tags),
            params: map(&created.new.params),
            metrics: Vec::new(),
        }
    }

    /// Applies one change; one that was applied before changes nothing.
    pub fn apply(&mut self, change: &LoggedModelChange) {
        match change {
            LoggedModelChange::Status(status) => self.status = *status,
            LoggedModelChange::SetTags(tags) => self.tags.extend(map(tags)),
            LoggedModelChange::DeleteTag(key) => drop(self.tags.remove(key)),
            LoggedModelChange::AddParams(params) => self.params.extend(map(params)),
            LoggedModelChange::Delete => self.deleted = true,
        }
    }
}

/// A registered model as it stands at a destination, in a form that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredModelState {
    /// Unique name.
    pub name: Key,
    /// Free text.
    pub description: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<Key, String>,
    /// Which version each alias names.
    pub aliases: BTreeMap<Key, VersionNumber>,
    /// Its versions.
    pub versions: BTreeMap<VersionNumber, VersionState>,
}

/// A model version as it stands at a destination.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionState {
    /// Free text.
    pub description: Option<String>,
    /// Legacy stage.
    pub stage: Stage,
    /// Where it came from.
    pub source: String,
    /// The run that made it, by its id at the source.
    pub run: Option<RunId>,
    /// Any text.
    pub run_link: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<Key, String>,
}

impl RegisteredModelState {
    /// A model that has just been registered.
    pub fn begin(new: &NewRegisteredModel) -> Self {
        Self {
            name: new.name.clone(),
            description: new.description.clone(),
            tags: map(&new.tags),
            aliases: BTreeMap::new(),
            versions: BTreeMap::new(),
        }
    }

    fn change(&mut self, change: &RegisteredModelChange) {
        match change {
            RegisteredModelChange::Rename(to) => self.name.clone_from(to),
            RegisteredModelChange::Describe(text) => self.description.clone_from(text),
            RegisteredModelChange::SetTag(tag) => drop(self.tags.insert(tag.key.clone(), tag.value.clone())),
            RegisteredModelChange::DeleteTag(key) => drop(self.tags.remove(key)),
            // Delivered again, an alias may come after the removal of its version, which took it along.
            RegisteredModelChange::SetAlias(alias, number) if self.versions.contains_key(number) => {
                self.aliases.insert(alias.clone(), *number);
            }
            RegisteredModelChange::DeleteAlias(alias) => drop(self.aliases.remove(alias)),
            RegisteredModelChange::SetAlias(..) | RegisteredModelChange::Delete => {}
        }
    }

    fn change_version(&mut self, number: VersionNumber, change: &ModelVersionChange) {
        let Some(version) = self.versions.get_mut(&number) else { return };
        match change {
            ModelVersionChange::Describe(text) => version.description.clone_from(text),
            ModelVersionChange::Stage { stage, archive_others } => {
                version.stage = stage.clone();
                let others = self.versions.iter_mut().filter(|(other, _)| *archive_others && **other != number);
                others.filter(|(_, other)| other.stage == *stage).for_each(|(_, other)| other.stage = Stage::Archived);
            }
            ModelVersionChange::SetTag(tag) => drop(version.tags.insert(tag.key.clone(), tag.value.clone())),
            ModelVersionChange::DeleteTag(key) => drop(version.tags.remove(key)),
            ModelVersionChange::Delete => {
                self.versions.remove(&number);
                self.aliases.retain(|_, named| *named != number);
            }
        }
    }
}

impl From<&NewModelVersion> for VersionState {
    fn from(new: &NewModelVersion) -> Self {
        Self {
            description: new.description.clone(),
            stage: Stage::None,
            source: new.source.clone(),
            run: new.run.clone(),
            run_link: new.run_link.clone(),
            tags: map(&new.tags),
        }
    }
}

/// All registered models by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RegistryState(pub BTreeMap<Key, RegisteredModelState>);

impl RegistryState {
    /// Applies events of the model of that name, a rename being the last of them. Those applied before change
    /// nothing. `NotFound` when there is no such model and the events neither create nor delete it.
    pub fn apply(&mut self, model: &Key, events: &[RegistryEvent]) -> Result<()> {
        let renamed_to = events.iter().find_map(|event| match event {
            RegistryEvent::Changed(RegisteredModelChange::Rename(to), _) => Some(to),
            _ => None,
        });
        if !self.0.contains_key(model) && renamed_to.is_some_and(|to| self.0.contains_key(to)) {
            return Ok(());
        }
        let is_deletion =
            |event: &RegistryEvent| matches!(event, RegistryEvent::Changed(RegisteredModelChange::Delete, _));
        let from = events.iter().rposition(is_deletion).unwrap_or(0);
        events[from..].iter().try_for_each(|event| self.apply_one(model, event))
    }

    fn apply_one(&mut self, model: &Key, event: &RegistryEvent) -> Result<()> {
        if let RegistryEvent::Created(new) = event {
            self.0.entry(model.clone()).or_insert_with(|| RegisteredModelState::begin(new));
            return Ok(());
        }
        if let RegistryEvent::Changed(RegisteredModelChange::Delete, _) = event {
            self.0.remove(model);
            return Ok(());
        }
        let mut state = self.0.remove(model).ok_or_else(|| fault::registered_model_not_found(model))?;
        match event {
            RegistryEvent::Created(_) | RegistryEvent::Promotion(_) => {}
            RegistryEvent::Changed(change, _) => state.change(change),
            RegistryEvent::VersionCreated(number, new) => drop(state.versions.entry(*number).or_insert(new.into())),
            RegistryEvent::VersionChanged(number, change, _) => state.change_version(*number, change),
        }
        self.0.insert(state.name.clone(), state);
        Ok(())
    }
}

fn map(pairs: &[Tag]) -> BTreeMap<Key, String> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
}
