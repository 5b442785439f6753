//! The beginning of a request or response, for lists of traces.
//!
//! Of a chat it is the last message of the one who speaks. Source: `tracing/utils/truncation.py` of MLflow 3.17.2.

use super::any::Any;

/// Longest preview, in characters.
const MAX_CHARS: usize = 1000;

/// The preview of a dumped value.
pub(super) fn preview(value: &str, role: &str) -> String {
    let parsed = Any::parse(value);
    let message = parsed.as_ref().and_then(messages).and_then(|messages| last(&messages, role));
    let text = message.filter(|text| !text.is_empty()).unwrap_or_else(|| value.to_owned());
    if text.chars().nth(MAX_CHARS).is_none() {
        return text;
    }
    text.chars().take(MAX_CHARS - 3).chain("...".chars()).collect()
}

/// The messages of a chat, in the forms of several programming interfaces.
fn messages(value: &Any) -> Option<Vec<&Any>> {
    for key in ["messages", "input", "output"] {
        if key == "input"
            && let Some(message) = first_choice(value)
        {
            return Some(vec![message]);
        }
        if let Some(Any::List(items)) = value.get(key).filter(|list| !list.is_empty()) {
            return Some(items.iter().filter(|item| is_message(item)).collect());
        }
    }
    messages(value.get("request")?)
}

fn first_choice(value: &Any) -> Option<&Any> {
    match value.get("choices")? {
        Any::List(choices) => choices.first()?.get("message").filter(|message| is_message(message)),
        _ => None,
    }
}

fn is_message(item: &Any) -> bool {
    item.get("role").is_some() && item.get("content").is_some()
}

/// What was last said in this role, or else by anyone.
fn last(messages: &[&Any], role: &str) -> Option<String> {
    let speaks = |message: &&&Any| message.get("role").and_then(Any::as_text) == Some(role);
    let message = messages.iter().rev().find(speaks).or(messages.last())?;
    match message.get("content")? {
        Any::Text(text) => Some(text.clone()),
        Any::List(parts) => parts.iter().find_map(|part| match part {
            Any::Text(text) => Some(text.clone()),
            part => {
                let kind = part.get("type").and_then(Any::as_text);
                let is_text = matches!(kind, Some("text" | "output_text"));
                is_text.then(|| part.get("text").and_then(Any::as_text)).flatten().map(str::to_owned)
            }
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_chat_the_last_words_are_shown() {
        for (value, role, shown) in [
            (r#"{"q": "hi"}"#, "user", r#"{"q": "hi"}"#),
            (r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#, "user", "a"),
            (r#"{"messages": [{"role": "system", "content": "a"}]}"#, "user", "a"),
            (r#"{"choices": [{"message": {"role": "assistant", "content": "c"}}]}"#, "assistant", "c"),
            (r#"{"request": {"input": [{"role": "user", "content": [{"type": "text", "text": "d"}]}]}}"#, "user", "d"),
            (r#"{"messages": [{"no": "message"}]}"#, "user", r#"{"messages": [{"no": "message"}]}"#),
            ("nope", "user", "nope"),
        ] {
            assert_eq!(preview(value, role), shown);
        }
    }

    #[test]
    fn long_ones_are_cut() {
        let shown = preview(&"ä".repeat(1001), "user");
        assert_eq!((shown.chars().count(), shown.ends_with("ä...")), (1000, true));
        assert_eq!(preview(&"ä".repeat(1000), "user").chars().count(), 1000);
    }
}
