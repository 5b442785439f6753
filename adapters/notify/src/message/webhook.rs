//! The body of a webhook, version 1. A field may be added without a new version; none goes or changes its meaning.

use serde_json::{Map, Value, json};

use super::Message;
use crate::notice::{About, Notice};

/// Version of the body.
const VERSION: u32 = 1;

/// The body, as text: what is signed is what is sent.
pub(crate) fn body(message: &Message, base: Option<&str>) -> String {
    let body = match message.notices.as_slice() {
        [one] if !message.is_digest => notice(one, base),
        notices => json!({
            "id": message.id,
            "event": "digest",
            "time": message.at.rfc3339(),
            "text": message.title(),
            "notices": notices.iter().map(|one| notice(one, base)).collect::<Vec<_>>(),
        }),
    };
    let mut whole = Map::from_iter([("version".to_owned(), VERSION.into())]);
    if let Value::Object(fields) = body {
        whole.extend(fields);
    }
    Value::Object(whole).to_string()
}

fn notice(notice: &Notice, base: Option<&str>) -> Value {
    let mut body = json!({
        "id": notice.id,
        "event": notice.event.as_str(),
        "time": notice.time().rfc3339(),
        "text": notice.text(),
        "link": notice.link(base),
        "by": notice.by,
        "reason": notice.reason,
    });
    let (key, about) = match &notice.about {
        About::Run { id, name, experiment, experiment_id } => {
            let experiment = json!({"id": experiment_id, "name": experiment});
            ("run", json!({"id": id, "name": name, "experiment": experiment}))
        }
        About::Version { model, version, target, previous, run } => {
            let model = json!({"model": model, "version": version, "target": target, "previous": previous, "run": run});
            ("model_version", model)
        }
    };
    if let Value::Object(fields) = &mut body {
        fields.insert(key.to_owned(), about);
    }
    body
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;
    use crate::notice::tests::{failed, promoted};

    #[test]
    fn a_run_is_told_like_this() {
        let notice = failed("calm-cat");
        let expected = json!({
            "version": 1,
            "id": notice.id,
            "event": "run.failed",
            "time": "2025-01-02T03:04:05.678Z",
            "text": "run failed: calm-cat in vision, by alice",
            "link": "http://t/#/experiments/7/runs/0a",
            "by": "alice",
            "reason": null,
            "run": {"id": "0a", "name": "calm-cat", "experiment": {"id": "7", "name": "vision"}},
        });
        let body: Value = serde_json::from_str(&body(&Message::of(notice), Some("http://t"))).unwrap();
        assert_eq!(body, expected);
    }

    #[test]
    fn a_digest_holds_what_would_have_been_sent_alone() {
        let message = Message::digest("s", Timestamp::from_millis(60_000), vec![promoted()]);
        let told: Value = serde_json::from_str(&body(&message, None)).unwrap();
        assert_eq!((&told["version"], &told["event"]), (&1.into(), &"digest".into()));
        let about = json!({"model": "a b/c", "version": 3, "target": "@champion", "previous": 2, "run": null});
        assert_eq!(told["notices"][0]["model_version"], about);
        assert_eq!(told["notices"][0]["reason"], "it is\nbetter");
    }
}
