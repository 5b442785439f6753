//! Messages to webhooks of Microsoft Teams: an adaptive card.
//!
//! Source: learn.microsoft.com, "Create Incoming Webhooks" and "Post to a channel when a webhook request is received"; a
//! message has at most 28 KB.

use serde_json::{Value, json};

use super::Message;

/// The body.
pub(crate) fn body(message: &Message, base: Option<&str>) -> Value {
    let lines = message.lines(base);
    let text = |text: &str, more: Value| {
        let mut block = json!({"type": "TextBlock", "text": escaped(text), "wrap": true});
        if let (Some(block), Value::Object(more)) = (block.as_object_mut(), more) {
            block.extend(more);
        }
        block
    };
    let mut body = Vec::new();
    if message.is_digest {
        body.push(text(&message.title(), json!({"weight": "Bolder"})));
    }
    body.extend(lines.iter().map(|line| match &line.link {
        Some(link) if message.is_digest => {
            json!({"type": "TextBlock", "text": format!("[{}]({link})", escaped(&line.text)), "wrap": true})
        }
        _ => text(&line.text, json!({"weight": "Bolder"})),
    }));
    let context = format!("{} · {}", message.event(), message.at.rfc3339());
    body.push(text(&context, json!({"isSubtle": true, "size": "Small"})));
    let actions: Vec<Value> = match lines.as_slice() {
        [line] if !message.is_digest => {
            line.link.iter().map(|link| json!({"type": "Action.OpenUrl", "title": "Open", "url": link})).collect()
        }
        _ => Vec::new(),
    };
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    });
    let attachment =
        json!({"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card});
    json!({"type": "message", "attachments": [attachment]})
}

/// Cards read Markdown: no name becomes a link.
fn escaped(text: &str) -> String {
    text.replace('[', "\\[").replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;
    use crate::notice::tests::failed;

    #[test]
    fn a_notice_is_a_card_with_a_button() {
        let body = body(&Message::of(failed("[x](y)")), Some("http://t"));
        assert_eq!(body["type"], "message");
        let card = &body["attachments"][0]["content"];
        assert_eq!(card["body"][0]["text"], "run failed: \\[x\\](y) in vision, by alice");
        assert_eq!(card["actions"][0]["url"], "http://t/#/experiments/7/runs/0a");
    }

    #[test]
    fn a_digest_keeps_to_what_teams_takes() {
        let notices = (0..400).map(|n| failed(&format!("{n}{}", "x".repeat(400)))).collect();
        let body = body(&Message::digest("s", Timestamp::from_millis(0), notices), Some("http://t"));
        assert!(body.to_string().len() < 28_000, "{}", body.to_string().len());
        assert_eq!(body["attachments"][0]["content"]["body"][0]["text"], "400 events");
    }
}
