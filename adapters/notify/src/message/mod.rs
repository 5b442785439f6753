//! One message: a notice, or a digest of several; and how it looks to each sort of receiver.

pub(crate) mod mail;
pub(crate) mod slack;
pub(crate) mod teams;
pub(crate) mod webhook;

use trackside_core::Timestamp;

use crate::notice::{Notice, id};

/// Lines of a digest that are shown to people. More do not fit into what chats take: Teams takes 28 KB, Slack 50 blocks.
const MAX_LINES: usize = 50;
/// Characters of a line that chats are shown.
const MAX_CHARS: usize = 300;

/// What goes out in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The same on every try.
    pub(crate) id: String,
    /// Whether it is a digest; else there is one notice.
    pub(crate) is_digest: bool,
    /// When it happened, or when the period of the digest ended.
    pub(crate) at: Timestamp,
    /// Oldest first.
    pub(crate) notices: Vec<Notice>,
}

/// A line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownLine {
    pub(crate) text: String,
    pub(crate) link: Option<String>,
}

impl Message {
    /// Of one notice, whose id is the message's.
    pub(crate) fn of(notice: Notice) -> Self {
        Self { id: notice.id.clone(), is_digest: false, at: notice.time(), notices: vec![notice] }
    }

    /// Of all notices of a period, oldest first. Its id follows from theirs.
    pub(crate) fn digest(sink: &str, until: Timestamp, notices: Vec<Notice>) -> Self {
        let parts: Vec<&str> = [sink, "digest"].into_iter().chain(notices.iter().map(|one| one.id.as_str())).collect();
        Self { id: id(&parts), is_digest: true, at: until, notices }
    }

    /// What it is called in logs and headers.
    pub(crate) fn event(&self) -> &'static str {
        match self.notices.first() {
            Some(notice) if !self.is_digest => notice.event.as_str(),
            _ => "digest",
        }
    }

    /// What it is about, on one line.
    pub(crate) fn title(&self) -> String {
        match self.notices.as_slice() {
            [notice] => notice.text(),
            notices => format!("{} events", notices.len()),
        }
    }

    /// Its notices as lines for a chat: not all of a large digest, and none that is very long.
    pub(crate) fn lines(&self, base: Option<&str>) -> Vec<ShownLine> {
        let line = |notice: &Notice| ShownLine { text: cut(&notice.text()), link: notice.link(base) };
        let mut lines: Vec<ShownLine> = self.notices.iter().take(MAX_LINES).map(line).collect();
        let rest = self.notices.len().saturating_sub(MAX_LINES);
        if rest > 0 {
            lines.push(ShownLine { text: format!("… and {rest} more"), link: None });
        }
        lines
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::failed;

    #[test]
    fn a_digest_has_an_id_of_its_notices_and_few_lines() {
        let notices: Vec<Notice> = (0..120).map(|n| failed(&n.to_string())).collect();
        let until = Timestamp::from_millis(60_000);
        let digest = Message::digest("s", until, notices.clone());
        assert_eq!(digest, Message::digest("s", until, notices.clone()));
        assert_ne!(digest.id, Message::digest("s", until, notices[1..].to_vec()).id);
        let lines = digest.lines(None);
        assert_eq!((lines.len(), lines[50].text.as_str()), (51, "… and 70 more"));
        assert_eq!((digest.event(), digest.title().as_str()), ("digest", "120 events"));
    }

    #[test]
    fn a_line_is_not_endless() {
        let message = Message::of(failed(&"ä".repeat(1_000)));
        assert_eq!(message.lines(None)[0].text.chars().count(), 301);
        assert_eq!(message.event(), "run.failed");
    }
}
