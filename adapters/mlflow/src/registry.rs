//! Registered models. Their versions are in `version.rs`.
//!
//! A batch may come again after it was carried out, in part or whole. What it creates may be there, and what it
//! deletes may be gone; a model that is gone under its old name and there under the new one has been renamed, which
//! is always the last event of a batch.

use trackside_core::{
    Delivered, Error, ErrorKind, Key, NewRegisteredModel, RegisteredModelBatch, RegisteredModelChange, RegistryEvent,
    Result,
};
use trackside_mlflow_wire::{
    self as wire, AliasByName, CreateRegisteredModel, RegisteredModelByName, RegisteredModelFound, RegisteredModelTag,
    RenameRegisteredModel, SetAlias, UpdateRegisteredModel,
};

use crate::{
    api::{Api, Nothing},
    tracker::MlflowTracker,
    version::Versions,
};

impl MlflowTracker {
    /// Brings a batch of a registered model.
    pub(crate) async fn registered_model(&self, api: &Api, batch: &RegisteredModelBatch) -> Result<Delivered> {
        let changes = batch.events.iter().filter_map(|event| match event {
            RegistryEvent::Changed(change, _) => Some(change),
            _ => None,
        });
        let mut renamed_to = changes.filter_map(|change| match change {
            RegisteredModelChange::Rename(to) => Some(to),
            _ => None,
        });
        if let Some(to) = renamed_to.next_back()
            && !exists(api, &batch.model).await?
            && exists(api, to).await?
        {
            return Ok(Delivered::default());
        }
        // What a deletion ends need not be done first.
        let is_end = |event: &RegistryEvent| matches!(event, RegistryEvent::Changed(RegisteredModelChange::Delete, _));
        let events = &batch.events[batch.events.iter().rposition(is_end).unwrap_or(0)..];
        let model = Model { name: &batch.model, api, versions: Versions::new(self, api, &batch.model, events) };
        for event in events {
            match event {
                RegistryEvent::Created(new) => model.create(new).await?,
                RegistryEvent::Changed(change, _) => model.change(change).await?,
                RegistryEvent::VersionCreated(number, new) => model.versions.create(*number, new).await?,
                RegistryEvent::VersionChanged(number, change, _) => model.versions.change(*number, change).await?,
                // What is being decided is none of the server's concern.
                RegistryEvent::Promotion(_) => {}
            }
        }
        Ok(Delivered::default())
    }
}

/// A registered model at the server.
struct Model<'a> {
    name: &'a Key,
    api: &'a Api,
    versions: Versions<'a>,
}

impl Model<'_> {
    async fn create(&self, new: &NewRegisteredModel) -> Result<()> {
        let create = CreateRegisteredModel {
            name: Some(self.name()),
            description: new.description.clone(),
            tags: Some(new.tags.iter().cloned().map(wire::Tag::from).collect()),
        };
        match self.api.post::<Nothing>("registered-models/create", &create).await {
            // Perhaps from long ago, with another description and fewer tags.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.change(&RegisteredModelChange::Describe(new.description.clone())).await?;
                for tag in &new.tags {
                    self.change(&RegisteredModelChange::SetTag(tag.clone())).await?;
                }
                Ok(())
            }
            done => done.map(drop),
        }
    }

    async fn change(&self, change: &RegisteredModelChange) -> Result<()> {
        let (api, name) = (self.api, Some(self.name()));
        match change {
            RegisteredModelChange::Rename(to) => {
                let request = RenameRegisteredModel { name, new_name: Some(to.as_str().to_owned()) };
                api.post::<Nothing>("registered-models/rename", &request).await.map(drop)
            }
            RegisteredModelChange::Describe(text) => {
                let request = UpdateRegisteredModel { name, description: text.clone() };
                api.patch::<Nothing>("registered-models/update", &request).await.map(drop)
            }
            RegisteredModelChange::SetTag(tag) => {
                let key = Some(tag.key.as_str().into());
                let request = RegisteredModelTag { name, key, value: Some(tag.value.clone()) };
                api.post::<Nothing>("registered-models/set-tag", &request).await.map(drop)
            }
            RegisteredModelChange::DeleteTag(key) => {
                let request = RegisteredModelTag { name, key: Some(key.as_str().into()), value: None };
                api.delete("registered-models/delete-tag", &request).await.map(drop)
            }
            RegisteredModelChange::SetAlias(alias, number) => {
                // A version that is gone takes its aliases along.
                let Some(version) = self.versions.unless_gone(*number).await? else { return Ok(()) };
                let request = SetAlias { name, alias: Some(alias.as_str().to_owned()), version: Some(version) };
                api.post::<Nothing>("registered-models/alias", &request).await.map(drop)
            }
            RegisteredModelChange::DeleteAlias(alias) => {
                let request = AliasByName { name, alias: Some(alias.as_str().to_owned()) };
                api.delete("registered-models/alias", &request).await.map(drop)
            }
            RegisteredModelChange::Delete => {
                absent_is_fine(api.delete("registered-models/delete", &RegisteredModelByName { name }).await)
            }
        }
    }

    fn name(&self) -> String {
        self.name.as_str().to_owned()
    }
}

async fn exists(api: &Api, name: &Key) -> Result<bool> {
    match api.get::<RegisteredModelFound>("registered-models/get", &[("name", name.as_str())]).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        found => found.map(|_| true),
    }
}

/// A removal that finds nothing to remove.
pub(crate) fn absent_is_fine(done: Result<Nothing, Error>) -> Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done.map(drop),
    }
}
