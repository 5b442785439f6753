//! Messages to incoming webhooks of Slack: `text` for notifications and for chats that know no blocks, and blocks.
//!
//! Source: api.slack.com/messaging/webhooks and /reference/block-kit; a section has at most 3,000 characters, a message at
//! most 50 blocks.

use serde_json::{Value, json};

use super::{Message, ShownLine};

/// Lines of a section: with links of ordinary length they stay below what it may hold.
const MAX_SECTION: usize = 3_000;

/// The body.
pub(crate) fn body(message: &Message, base: Option<&str>) -> Value {
    let title = escaped(&message.title());
    let mut sections: Vec<String> = Vec::new();
    if message.is_digest {
        sections.push(format!("*{title}*"));
    }
    for line in message.lines(base) {
        let line = shown(&line);
        match sections.last_mut() {
            Some(section) if section.chars().count() + line.chars().count() < MAX_SECTION => {
                section.push('\n');
                section.push_str(&line);
            }
            _ => sections.push(line.chars().take(MAX_SECTION).collect()),
        }
    }
    let section = |text: &String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let mut blocks: Vec<Value> = sections.iter().map(section).collect();
    let context = format!("{} · {}", message.event(), message.at.rfc3339());
    blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": context}]}));
    json!({"text": title, "blocks": blocks})
}

fn shown(line: &ShownLine) -> String {
    let text = escaped(&line.text);
    match &line.link {
        Some(link) => format!("<{link}|{}>", text.replace('|', "¦")),
        None => text,
    }
}

/// The three characters that mean something, so that no name becomes a link or a mention.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;
    use crate::notice::tests::failed;

    #[test]
    fn a_notice_is_a_linked_line() {
        let body = body(&Message::of(failed("<!channel>")), Some("http://t"));
        assert_eq!(body["text"], "run failed: &lt;!channel&gt; in vision, by alice");
        let line = "<http://t/#/experiments/7/runs/0a|run failed: &lt;!channel&gt; in vision, by alice>";
        assert_eq!(body["blocks"][0]["text"]["text"], line);
        assert_eq!(body["blocks"][1]["elements"][0]["text"], "run.failed · 2025-01-02T03:04:05.678Z");
    }

    #[test]
    fn a_digest_keeps_to_what_slack_takes() {
        let notices = (0..400).map(|n| failed(&format!("{n}{}", "x".repeat(400)))).collect();
        let body = body(&Message::digest("s", Timestamp::from_millis(0), notices), Some("http://t"));
        let blocks = body["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50, "{}", blocks.len());
        assert!(blocks.iter().all(|block| block["text"]["text"].as_str().unwrap_or_default().chars().count() <= 3_000));
        assert_eq!(body["text"], "400 events");
    }
}
