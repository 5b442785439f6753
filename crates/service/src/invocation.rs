//! The invocation that a request belongs to.

/// A command that `trackside run` started, 128 bits in hexadecimal.
///
/// Where this is among the extensions of a request, the runs it makes get the tag [`Self::TAG`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation(String);

impl Invocation {
    /// The tag that says which invocation a run is of.
    pub const TAG: &str = "trackside.invocation";

    /// Reads 32 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
