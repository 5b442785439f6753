//! Registered models: new versions, and who holds which stage or alias.

use trackside_core::{
    ModelVersionChange, PromotionEvent, PromotionStep, RegisteredModelBatch, RegisteredModelChange, RegistryEvent,
    RunId, Timestamp, VersionNumber,
};

use super::{AUDIT, Found, fails};
use crate::{
    EventKind,
    memory::{Holder, Memory},
    notice::About,
};

pub(super) fn read(batch: &RegisteredModelBatch, memory: &mut Memory) -> Vec<Found> {
    // What follows a renaming comes in another batch.
    let model = batch.model.as_str();
    batch.events.iter().filter_map(|event| told(model, event, memory)).collect()
}

fn told(model: &str, event: &RegistryEvent, memory: &mut Memory) -> Option<Found> {
    match event {
        RegistryEvent::VersionCreated(version, new) => {
            let about = about(model, *version, None, None, new.run.as_ref());
            let mark = new.created_at.millis().to_string();
            Some(Found {
                event: EventKind::VersionCreated,
                at: Some(new.created_at),
                about,
                reason: None,
                by: None,
                mark,
            })
        }
        RegistryEvent::VersionChanged(version, change, at) => version_changed(model, *version, change, *at, memory),
        RegistryEvent::Changed(RegisteredModelChange::SetAlias(alias, version), at) => {
            given(model, format!("@{}", alias.as_str()), *version, *at, memory)
        }
        RegistryEvent::Changed(RegisteredModelChange::DeleteAlias(alias), _) => {
            if let Some(holder) = memory.targets.get_mut(&format!("@{}", alias.as_str())) {
                holder.holds = false;
            }
            None
        }
        RegistryEvent::Created(_) | RegistryEvent::Changed(RegisteredModelChange::Delete, _) => {
            // Another model takes the name.
            memory.targets.clear();
            None
        }
        RegistryEvent::Changed(..) => None,
        RegistryEvent::Promotion(event) => Some(asked_for(model, event)),
    }
}

/// A step of a promotion that takes approval. That it is done shows in what the version is given.
fn asked_for(model: &str, event: &PromotionEvent) -> Found {
    let PromotionEvent { promotion, version, target, step, by, reason, at } = event;
    let kind = match step {
        PromotionStep::Requested => EventKind::PromotionRequested,
        PromotionStep::Approved => EventKind::PromotionApproved,
        PromotionStep::Rejected => EventKind::PromotionRejected,
        PromotionStep::Withdrawn => EventKind::PromotionWithdrawn,
    };
    Found {
        event: kind,
        at: Some(*at),
        about: about(model, *version, Some(target.to_string()), None, None),
        reason: reason.clone(),
        by: Some(by.as_str().to_owned()),
        // Several may approve of one.
        mark: format!("{promotion} {} {}", by.as_str(), at.millis()),
    }
}

fn version_changed(
    model: &str,
    version: VersionNumber,
    change: &ModelVersionChange,
    at: Timestamp,
    memory: &mut Memory,
) -> Option<Found> {
    match change {
        ModelVersionChange::Stage { stage, .. } => {
            let target = stage.as_str().to_owned();
            leave(memory, version, |held| !held.starts_with('@') && held != target);
            stage.is_active().then(|| given(model, target, version, at, memory)).flatten()
        }
        ModelVersionChange::Delete => {
            leave(memory, version, |_| true);
            None
        }
        ModelVersionChange::SetTag(tag) if tag.key.as_str() == AUDIT && fails(&tag.value) => Some(Found {
            event: EventKind::AuditFailed,
            at: Some(at),
            about: about(model, version, None, None, None),
            reason: Some(tag.value.clone()),
            by: None,
            mark: at.millis().to_string(),
        }),
        _ => None,
    }
}

/// A version no longer holds some of what it held. That it did is remembered: a lower version that takes it is a step back.
fn leave(memory: &mut Memory, version: VersionNumber, which: impl Fn(&str) -> bool) {
    for (target, holder) in &mut memory.targets {
        if holder.version == version && which(target) {
            holder.holds = false;
        }
    }
}

/// A version was given a stage or an alias.
fn given(model: &str, target: String, version: VersionNumber, at: Timestamp, memory: &mut Memory) -> Option<Found> {
    let before = memory.targets.insert(target.clone(), Holder { version, holds: true });
    if before == Some(Holder { version, holds: true }) {
        return None;
    }
    let previous = before.map(|holder| holder.version).filter(|previous| *previous != version);
    let goes_back = previous.is_some_and(|previous| version < previous);
    let event = if goes_back { EventKind::PromotionRolledBack } else { EventKind::PromotionDone };
    let mark = format!("{target} {}", at.millis());
    Some(Found {
        event,
        at: Some(at),
        about: about(model, version, Some(target), previous, None),
        reason: None,
        by: None,
        mark,
    })
}

fn about(
    model: &str,
    version: VersionNumber,
    target: Option<String>,
    previous: Option<VersionNumber>,
    run: Option<&RunId>,
) -> About {
    About::Version { model: model.to_owned(), version, target, previous, run: run.map(ToString::to_string) }
}

#[cfg(test)]
mod tests {
    use trackside_core::{Key, NewModelVersion, Seq, Stage, Tag, Target};

    use super::*;

    fn told(memory: &mut Memory, events: Vec<RegistryEvent>) -> Vec<(EventKind, VersionNumber, Option<VersionNumber>)> {
        let batch = RegisteredModelBatch { model: Key::new("churn").unwrap(), events, last: Seq(1) };
        let found = read(&batch, memory).into_iter().map(|found| match found.about {
            About::Version { version, previous, .. } => (found.event, version, previous),
            About::Run { .. } => panic!("a version stays a version"),
        });
        found.collect()
    }

    fn at() -> Timestamp {
        Timestamp::from_millis(7)
    }

    fn alias(version: VersionNumber) -> RegistryEvent {
        RegistryEvent::Changed(RegisteredModelChange::SetAlias(Key::new("best").unwrap(), version), at())
    }

    fn stage(version: VersionNumber, stage: Stage) -> RegistryEvent {
        let change = ModelVersionChange::Stage { stage, archive_others: true };
        RegistryEvent::VersionChanged(version, change, at())
    }

    #[test]
    fn versions_are_told_of() {
        let new = NewModelVersion {
            model: Key::new("churn").unwrap(),
            number: None,
            created_at: at(),
            description: None,
            source: "s".into(),
            storage_location: None,
            run: Some(RunId::fresh(1)),
            run_link: None,
            logged_model: None,
            tags: vec![],
        };
        let created = told(&mut Memory::default(), vec![RegistryEvent::VersionCreated(2, new)]);
        assert_eq!(created, [(EventKind::VersionCreated, 2, None)]);
    }

    #[test]
    fn an_alias_goes_forward_and_back() {
        let (mut memory, done, back) = (Memory::default(), EventKind::PromotionDone, EventKind::PromotionRolledBack);
        assert_eq!(told(&mut memory, vec![alias(2), alias(2), alias(4)]), [(done, 2, None), (done, 4, Some(2))]);
        assert_eq!(told(&mut memory, vec![alias(3)]), [(back, 3, Some(4))]);
        let removed = RegistryEvent::Changed(RegisteredModelChange::DeleteAlias(Key::new("best").unwrap()), at());
        assert_eq!(told(&mut memory, vec![removed, alias(3)]), [(done, 3, None)], "it was not there in between");
        let deleted = RegistryEvent::Changed(RegisteredModelChange::Delete, at());
        assert_eq!(told(&mut memory, vec![deleted, alias(1)]), [(done, 1, None)]);
    }

    #[test]
    fn a_stage_goes_forward_and_back() {
        let (mut memory, done, back) = (Memory::default(), EventKind::PromotionDone, EventKind::PromotionRolledBack);
        let events = vec![stage(1, Stage::Staging), stage(1, Stage::Production), stage(2, Stage::Production)];
        assert_eq!(told(&mut memory, events), [(done, 1, None), (done, 1, None), (done, 2, Some(1))]);
        let events = vec![stage(2, Stage::Archived), stage(1, Stage::Production), stage(1, Stage::None)];
        assert_eq!(told(&mut memory, events), [(back, 1, Some(2))], "who held it last is remembered");
    }

    #[test]
    fn promotions_that_take_approval_are_told_of_step_by_step() {
        let (mut memory, target) = (Memory::default(), Target::Stage(Stage::Production));
        let step = |step| {
            let (by, reason, target) = (Key::new("alice").unwrap(), Some("why".into()), target.clone());
            RegistryEvent::Promotion(PromotionEvent { promotion: 7, version: 3, target, step, by, reason, at: at() })
        };
        let batch = RegisteredModelBatch {
            model: Key::new("churn").unwrap(),
            events: PromotionStep::ALL.map(step).to_vec(),
            last: Seq(1),
        };
        let found = read(&batch, &mut memory);
        let told: Vec<&str> = found.iter().map(|found| found.event.as_str()).collect();
        let names = ["promotion.requested", "promotion.approved", "promotion.rejected", "promotion.withdrawn"];
        assert_eq!(told, names);
        assert_eq!((found[0].by.as_deref(), found[0].reason.as_deref()), (Some("alice"), Some("why")));
        assert_eq!(memory, Memory::default(), "nothing has changed hands");
    }

    #[test]
    fn audits_of_versions_are_told_of_when_they_fail() {
        let tag = |value| {
            let tag = Tag::new(AUDIT, value).unwrap();
            RegistryEvent::VersionChanged(1, ModelVersionChange::SetTag(tag), at())
        };
        let found = told(&mut Memory::default(), vec![tag("identical"), tag("missing")]);
        assert_eq!(found, [(EventKind::AuditFailed, 1, None)]);
    }
}
