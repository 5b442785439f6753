//! Batches of registered models and their versions.
//!
//! Each event is a transaction, and a batch that was cut off is played again from its beginning. That ends in the same
//! state because every event sets something to a value of its own; what later events of the batch have removed
//! meanwhile is passed over.

use super::{StoreTracker, unless};
use crate::{
    ErrorKind, Key, ModelVersionChange, NewModelVersion, RegisteredModelBatch, RegisteredModelChange, RegistryEvent,
    Result, Timestamp, ledger::Origin,
};

impl StoreTracker {
    pub(super) async fn deliver_registered_model(&self, batch: &RegisteredModelBatch) -> Result<()> {
        // Nothing that happened before a deletion matters.
        let begin = batch.events.iter().rposition(is_deletion).unwrap_or(0);
        let events = &batch.events[begin..];
        let done = if self.is_renamed(&batch.model, events).await? { after_rename(events) } else { 0 };
        for (n, event) in events.iter().enumerate().skip(done) {
            match self.apply(&batch.model, event).await {
                Err(error) if error.kind() == ErrorKind::NotFound && is_undone(event, &events[n..]) => {}
                applied => applied?,
            }
        }
        Ok(())
    }

    async fn apply(&self, model: &Key, event: &RegistryEvent) -> Result<()> {
        match event {
            RegistryEvent::Created(new) => {
                let created = self.store.create_registered_model(new.clone(), &Origin::NOBODY).await;
                unless(ErrorKind::AlreadyExists, created.map(drop))
            }
            RegistryEvent::Changed(change, at) => self.change_registered_model(model, change, *at).await,
            RegistryEvent::VersionCreated(number, new) => {
                let new = NewModelVersion { model: model.clone(), number: Some(*number), ..new.clone() };
                unless(ErrorKind::AlreadyExists, self.store.create_model_version(new, &Origin::NOBODY).await.map(drop))
            }
            // What is being decided is decided here.
            RegistryEvent::Promotion(_) => Ok(()),
            RegistryEvent::VersionChanged(number, change, at) => {
                let changed =
                    self.store.change_model_version(model, *number, change.clone(), *at, &Origin::NOBODY).await;
                if *change == ModelVersionChange::Delete { unless(ErrorKind::NotFound, changed) } else { changed }
            }
        }
    }

    async fn change_registered_model(&self, model: &Key, change: &RegisteredModelChange, at: Timestamp) -> Result<()> {
        let changed = self.store.change_registered_model(model, change.clone(), at, &Origin::NOBODY).await;
        if *change == RegisteredModelChange::Delete { unless(ErrorKind::NotFound, changed) } else { changed }
    }

    /// Whether an earlier try has renamed the model already: the new name is there, and either the old one is not, or
    /// the batch begins the model and the one of the new name is as old.
    async fn is_renamed(&self, model: &Key, events: &[RegistryEvent]) -> Result<bool> {
        let Some(to) = events.iter().find_map(renamed_to) else { return Ok(false) };
        let Some(other) = self.store.registered_model(to).await? else { return Ok(false) };
        let created_at = events.iter().find_map(|event| match event {
            RegistryEvent::Created(new) => Some(new.created_at),
            _ => None,
        });
        if created_at.is_some_and(|created_at| created_at != other.created_at) {
            return Ok(false);
        }
        Ok(self.store.registered_model(model).await?.is_none())
    }
}

const fn is_deletion(event: &RegistryEvent) -> bool {
    matches!(event, RegistryEvent::Changed(RegisteredModelChange::Delete, _))
}

const fn renamed_to(event: &RegistryEvent) -> Option<&Key> {
    match event {
        RegistryEvent::Changed(RegisteredModelChange::Rename(to), _) => Some(to),
        _ => None,
    }
}

/// How many events come before the end of the first renaming.
fn after_rename(events: &[RegistryEvent]) -> usize {
    events.iter().position(|event| renamed_to(event).is_some()).map_or(0, |place| place + 1)
}

/// Whether an event needs a version that a later one removes.
fn is_undone(event: &RegistryEvent, later: &[RegistryEvent]) -> bool {
    let (RegistryEvent::VersionChanged(needed, ..)
    | RegistryEvent::Changed(RegisteredModelChange::SetAlias(_, needed), _)) = event
    else {
        return false;
    };
    let removes = |event: &RegistryEvent| match event {
        RegistryEvent::VersionChanged(number, ModelVersionChange::Delete, _) => number == needed,
        _ => false,
    };
    later.iter().any(removes)
}
