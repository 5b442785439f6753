//! Mails: a subject and plain text.

use std::fmt::Write as _;

use super::Message;

/// Characters of a subject.
const MAX_SUBJECT: usize = 200;

/// The subject.
pub(crate) fn subject(message: &Message) -> String {
    let subject = format!("[Trackside] {}", message.title());
    subject.chars().take(MAX_SUBJECT).collect()
}

/// The text: every notice, with its time and its page.
pub(crate) fn text(message: &Message, base: Option<&str>) -> String {
    let mut text = String::new();
    for notice in &message.notices {
        // Writing to a text cannot fail.
        writeln!(text, "{}\n{} {}", notice.text(), notice.event.as_str(), notice.time().rfc3339()).ok();
        text.extend(notice.link(base).map(|link| format!("{link}\n")));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;
    use crate::notice::tests::{failed, promoted};

    #[test]
    fn a_mail_has_all_of_a_digest() {
        let message = Message::digest("s", Timestamp::from_millis(0), vec![failed("calm-cat"), promoted()]);
        assert_eq!(subject(&message), "[Trackside] 2 events");
        assert_eq!(
            text(&message, Some("http://t")),
            "run failed: calm-cat in vision, by alice\nrun.failed 2025-01-02T03:04:05.678Z\n\
             http://t/#/experiments/7/runs/0a\n\n\
             promoted: a b/c/3 is @champion, before: 2, by alice (it is better)\n\
             promotion.done 2025-01-02T03:04:05.678Z\nhttp://t/#/models/a%20b%2Fc/versions/3\n\n"
        );
        assert_eq!(subject(&Message::of(failed(&"x".repeat(999)))).chars().count(), 200);
    }
}
