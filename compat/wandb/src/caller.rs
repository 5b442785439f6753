//! Who asks, and what resolvers need to answer.

use std::{fmt, sync::Arc};

use http::{Extensions, HeaderMap, Uri};

use trackside_service::Invocation;

use crate::{Door, address};

/// Who asks. Cheap to clone: every object that is answered with holds one.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) door: Door,
    /// What addresses begin with that are handed out.
    pub(crate) base: Arc<str>,
    /// The name that the client gives its user; may be empty.
    pub(crate) user: Arc<str>,
    /// The command that it is of, when `trackside run` started it.
    pub(crate) invocation: Option<Invocation>,
}

impl Caller {
    pub(crate) fn new(door: Door, headers: &HeaderMap, uri: &Uri, route: &str) -> Self {
        let user = headers.get("x-wandb-username").and_then(|user| user.to_str().ok()).unwrap_or_default();
        Self { door, base: address::base(headers, uri, route).into(), user: user.into(), invocation: None }
    }
}

impl Caller {
    /// Of this command.
    pub(crate) fn within(mut self, extensions: &Extensions) -> Self {
        self.invocation = extensions.get().cloned();
        self
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("base", &self.base).field("user", &self.user).finish_non_exhaustive()
    }
}
