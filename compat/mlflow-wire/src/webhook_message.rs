//! What is sent to webhooks: bodies, headers, and what a signature is made of.
//!
//! A body is `{"entity", "action", "timestamp", "data"}`. The timestamp is when it happened, so that each try sends the
//! same bytes; MLflow, which tries within seconds, takes the time of sending.
//!
//! Source: `webhooks/delivery.py`, `webhooks/types.py` and `server/handlers.py` at 3.17.2.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trackside_core::{
    HookEvent, Key, ModelVersionChange, NewModelVersion, PROMPT_TAG, RegisteredModelChange, RegistryEvent, Tag,
    Timestamp, VersionNumber,
};

/// The header that names the message, the same on every try.
pub const DELIVERY_HEADER: &str = "x-mlflow-delivery-id";
/// The header with the time of sending, in seconds since the epoch.
pub const TIMESTAMP_HEADER: &str = "x-mlflow-timestamp";
/// The header with the signature, where there is a secret.
pub const SIGNATURE_HEADER: &str = "x-mlflow-signature";
/// What the value of that header begins with, before the signature in base64.
pub const SIGNATURE_VERSION: &str = "v1,";

/// The tag that holds the text of a version of a prompt.
const PROMPT_TEXT: &str = "mlflow.prompt.text";
/// The tag that says whether a prompt is a text or a chat.
const PROMPT_TYPE: &str = "_mlflow_prompt_type";

/// What is signed, by HMAC-SHA256 with the secret as key.
pub fn signed_text(delivery: &str, timestamp: &str, body: &str) -> String {
    format!("{delivery}.{timestamp}.{body}")
}

/// The body that tells of a change; `None` when the change is not of this event.
pub fn webhook_body(event: HookEvent, model: &Key, change: &RegistryEvent, at: Timestamp) -> Option<String> {
    Some(body(event, &data(event, model, change)?, at))
}

/// A body with invented content, for tests of a webhook.
pub fn example_webhook_body(event: HookEvent, at: Timestamp) -> String {
    body(event, &example(event), at)
}

fn body(event: HookEvent, data: &Value, at: Timestamp) -> String {
    let (entity, action) = event.halves();
    json!({"entity": entity, "action": action, "timestamp": iso(at), "data": data}).to_string()
}

fn data(event: HookEvent, model: &Key, change: &RegistryEvent) -> Option<Value> {
    use ModelVersionChange as Version;
    use RegisteredModelChange as Model;

    let name = model.as_str();
    Some(match change {
        RegistryEvent::Created(new) => {
            let hidden: &[&str] = if event == HookEvent::PromptCreated { &[PROMPT_TAG, PROMPT_TYPE] } else { &[] };
            // Text that was not given is empty here, as in MLflow, and null for versions.
            let description = new.description.as_deref().unwrap_or_default();
            json!({"name": name, "tags": tags(&new.tags, hidden), "description": description})
        }
        RegistryEvent::VersionCreated(number, new) => version(event, name, *number, new),
        RegistryEvent::Changed(Model::SetTag(tag), _) => {
            json!({"name": name, "key": tag.key.as_str(), "value": tag.value})
        }
        RegistryEvent::Changed(Model::DeleteTag(key), _) => json!({"name": name, "key": key.as_str()}),
        RegistryEvent::Changed(Model::SetAlias(alias, number), _) => {
            json!({"name": name, "alias": alias.as_str(), "version": number.to_string()})
        }
        RegistryEvent::Changed(Model::DeleteAlias(alias), _) => json!({"name": name, "alias": alias.as_str()}),
        RegistryEvent::VersionChanged(number, Version::SetTag(tag), _) => {
            json!({"name": name, "version": number.to_string(), "key": tag.key.as_str(), "value": tag.value})
        }
        RegistryEvent::VersionChanged(number, Version::DeleteTag(key), _) => {
            json!({"name": name, "version": number.to_string(), "key": key.as_str()})
        }
        RegistryEvent::Changed(..) | RegistryEvent::VersionChanged(..) | RegistryEvent::Promotion(_) => return None,
    })
}

fn version(event: HookEvent, name: &str, number: VersionNumber, new: &NewModelVersion) -> Value {
    let version = number.to_string();
    let description = new.description.as_deref().filter(|text| !text.is_empty());
    if event == HookEvent::PromptVersionCreated {
        let template = new.tags.iter().rfind(|tag| tag.key.as_str() == PROMPT_TEXT).map(|tag| &tag.value);
        let tags = tags(&new.tags, &[PROMPT_TAG, PROMPT_TYPE, PROMPT_TEXT]);
        return json!({
            "name": name, "version": version, "template": template, "tags": tags, "description": description,
        });
    }
    json!({
        "name": name, "version": version, "source": new.source, "run_id": new.run.as_ref().map(trackside_core::RunId::as_str),
        "tags": tags(&new.tags, &[]), "description": description,
    })
}

/// An object; the last value of a key stays.
fn tags<'a>(tags: &'a [Tag], hidden: &[&str]) -> BTreeMap<&'a str, &'a str> {
    let pairs = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
    pairs.filter(|(key, _)| !hidden.contains(key)).collect()
}

fn example(event: HookEvent) -> Value {
    use HookEvent as E;

    let tags = json!({"example_key": "example_value"});
    let kind = if event.as_str().starts_with("prompt") { "prompt" } else { "model" };
    let name = format!("example_{kind}");
    match event {
        E::RegisteredModelCreated => {
            json!({"name": name, "tags": tags, "description": "An example registered model"})
        }
        E::PromptCreated => json!({"name": name, "tags": tags, "description": "An example prompt"}),
        E::ModelVersionCreated => json!({
            "name": name, "version": "1", "source": "models:/123", "run_id": "abcd1234abcd5678", "tags": tags,
            "description": "An example model version",
        }),
        E::PromptVersionCreated => json!({
            "name": name, "version": "1", "template": "Hello {{name}}!", "tags": tags,
            "description": "An example prompt version",
        }),
        E::PromptTagSet => json!({"name": name, "key": "example_key", "value": "example_value"}),
        E::PromptTagDeleted => json!({"name": name, "key": "example_key"}),
        E::ModelVersionTagSet | E::PromptVersionTagSet => {
            json!({"name": name, "version": "1", "key": "example_key", "value": "example_value"})
        }
        E::ModelVersionTagDeleted | E::PromptVersionTagDeleted => {
            json!({"name": name, "version": "1", "key": "example_key"})
        }
        E::ModelVersionAliasCreated | E::PromptAliasCreated => {
            json!({"name": name, "alias": "example_alias", "version": "1"})
        }
        E::ModelVersionAliasDeleted | E::PromptAliasDeleted => json!({"name": name, "alias": "example_alias"}),
        E::BudgetPolicyExceeded => json!({
            "budget_policy_id": "bp-abc123", "budget_unit": "USD", "budget_amount": 100.0, "current_spend": 105.5,
            "duration_unit": "MONTHS", "duration_value": 1, "target_scope": "ENDPOINT", "workspace": "default",
            "target_value": "ep-abc123", "window_start": 1_704_067_200_000_i64,
        }),
    }
}

/// As Python's `datetime.isoformat` writes an instant of UTC: microseconds unless they are zero.
fn iso(at: Timestamp) -> String {
    let (days, millis) = (at.millis().div_euclid(86_400_000), at.millis().rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (secs, millis) = (millis / 1_000, millis % 1_000);
    let fraction = if millis == 0 { String::new() } else { format!(".{:06}", millis * 1_000) };
    let (hour, minute, second) = (secs / 3_600, secs / 60 % 60, secs % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}+00:00")
}

/// Year, month and day of a number of days since the epoch, in the Gregorian calendar: within eras of 400 years that
/// begin with a March, so that a leap day is the last of its year.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use trackside_core::NewRegisteredModel;

    use super::*;

    #[test]
    fn instants_are_written_as_python_does() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00+00:00"),
            (951_782_400_123, "2000-02-29T00:00:00.123000+00:00"),
            (1_704_067_199_999, "2023-12-31T23:59:59.999000+00:00"),
            (-1, "1969-12-31T23:59:59.999000+00:00"),
        ] {
            assert_eq!(iso(Timestamp::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_prompt_does_not_show_the_tags_that_make_it_one() {
        let pairs = [("a", "1"), (PROMPT_TAG, "true"), (PROMPT_TYPE, "text"), ("a", "2")];
        let new = NewRegisteredModel {
            name: Key::new("p").unwrap(),
            created_at: Timestamp::from_millis(0),
            description: None,
            tags: pairs.iter().map(|(key, value)| Tag::new(*key, *value).unwrap()).collect(),
        };
        let (name, change) = (new.name.clone(), RegistryEvent::Created(new));
        let body = webhook_body(HookEvent::PromptCreated, &name, &change, Timestamp::from_millis(0)).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        let expected = json!({
            "entity": "prompt", "action": "created", "timestamp": "1970-01-01T00:00:00+00:00",
            "data": {"name": "p", "tags": {"a": "2"}, "description": ""},
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn every_event_has_an_example() {
        for event in HookEvent::ALL {
            assert!(example(event).as_object().is_some_and(|fields| fields.len() > 1), "{event:?}");
        }
    }
}
