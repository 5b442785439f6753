//! Pages of results.

/// Where the next page begins. Made and read by a store; opaque to everyone else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(String);

impl PageToken {
    /// From the text a store made, or a client sent back: the store checks it (`Invalid`).
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How much to return, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many items; at least one.
    pub limit: usize,
    /// Where to go on; `None` for the beginning.
    pub after: Option<PageToken>,
}

impl PageRequest {
    /// The first page.
    pub const fn first(limit: usize) -> Self {
        Self { limit, after: None }
    }
}

/// One page of results.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// In the order asked for.
    pub items: Vec<T>,
    /// Where to go on; `None` when nothing follows.
    pub next: Option<PageToken>,
}
