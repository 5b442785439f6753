//! Tags of runs.
//!
//! The tag `mlflow.runName` is the run's name in other clothes: it is shown from the name, writing it renames the
//! run, and it is never stored. So the two cannot disagree, as they can in MLflow.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use trackside_core::{self as core, Event, Key, RunId, RunUpdate};

use crate::{
    Failure, Tag,
    names::{self, Place},
    request::required,
    run::run_id,
};

/// The tag that shows the name of a run.
pub const RUN_NAME_TAG: &str = "mlflow.runName";
/// Longest value of a tag of a run, in characters; the rest is cut.
pub const MAX_RUN_TAG_CHARS: usize = 8000;

/// `POST runs/set-tag`, and without a value `POST runs/delete-tag`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunTag {
    /// Required.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid", skip_serializing_if = "Option::is_none")]
    pub run_uuid: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<CompactString>,
    /// Absent counts as empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl RunTag {
    /// The run, and the events that set the tag.
    pub fn set(self) -> Result<(RunId, Vec<Event>), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        let tag = run_tag(Tag { key: self.key, value: self.value }, Place::Alone)?;
        let mut events = Vec::new();
        write_tags(vec![tag], &mut events);
        Ok((id, active(events)))
    }

    /// The run, and the events that remove the tag.
    pub fn delete(self) -> Result<(RunId, Vec<Event>), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        let key = Key::new(required(self.key, "key")?)?;
        let removed = (key.as_str() != RUN_NAME_TAG).then_some(Event::TagDeleted(key));
        Ok((id, active(removed.into_iter().collect())))
    }
}

/// Checks a tag of a run.
pub(crate) fn run_tag(tag: Tag, place: Place) -> Result<core::Tag, Failure> {
    let key = names::entry_key(tag.key, place, format_args!("{place}key"), format_args!("{place}key"))?;
    Ok(core::Tag { key, value: names::truncated(tag.value.unwrap_or_default(), MAX_RUN_TAG_CHARS) })
}

/// Adds the events that write these tags. An empty name changes nothing.
pub(crate) fn write_tags(tags: Vec<core::Tag>, events: &mut Vec<Event>) {
    let (names, tags): (Vec<_>, Vec<_>) = tags.into_iter().partition(|tag| tag.key.as_str() == RUN_NAME_TAG);
    if !tags.is_empty() {
        events.push(Event::Tags(tags));
    }
    if let Some(name) = names.into_iter().map(|tag| tag.value).rfind(|name| !name.is_empty()) {
        events.push(Event::Updated(RunUpdate { name: Some(name), ..RunUpdate::default() }));
    }
}

/// The events, or one that changes nothing: a request that writes nothing still needs an active run.
pub(crate) fn active(events: Vec<Event>) -> Vec<Event> {
    if events.is_empty() { vec![Event::Tags(Vec::new())] } else { events }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: &str, value: &str) -> RunTag {
        RunTag { run_id: Some("r".into()), key: Some(key.into()), value: Some(value.into()), ..RunTag::default() }
    }

    #[test]
    fn the_name_tag_renames_the_run_and_cannot_be_removed() {
        let renamed = Event::Updated(RunUpdate { name: Some("a".into()), ..RunUpdate::default() });
        assert_eq!(request(RUN_NAME_TAG, "a").set().unwrap().1, [renamed]);
        assert_eq!(request(RUN_NAME_TAG, "").set().unwrap().1, [Event::Tags(vec![])]);
        assert_eq!(request(RUN_NAME_TAG, "").delete().unwrap().1, [Event::Tags(vec![])]);
    }

    #[test]
    fn keys_are_required_and_long_values_cut() {
        assert!(request("", "").set().unwrap_err().message.starts_with("Missing value for required parameter 'key'"));
        let (_, events) = request("k", &"v".repeat(8001)).set().unwrap();
        assert!(matches!(&events[..], [Event::Tags(tags)] if tags[0].value.len() == 8000));
        let failure = request(&"k".repeat(251), "").set().unwrap_err();
        assert_eq!(failure.message, "'key' exceeds the maximum length of 250 characters");
    }
}
