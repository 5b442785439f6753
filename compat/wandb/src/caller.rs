//! Who asks, and what resolvers need to answer.

use std::{fmt, sync::Arc};

use http::{Uri, header::USER_AGENT, request::Parts};
use trackside_core::{Key, ledger::Origin};
use trackside_server::header_text;
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
    /// The holder of a key, if it came with one.
    pub(crate) fn new(mut door: Door, holder: Option<Key>, parts: &Parts, uri: &Uri, route: &str) -> Self {
        let client = header_text(&parts.headers, &USER_AGENT);
        let origin = Origin { name: holder, address: trackside_server::address(parts), client, ..Origin::NOBODY };
        door.service = door.service.on_behalf_of(origin);
        let base = address::base(&parts.headers, uri, route).into();
        let user = parts.headers.get("x-wandb-username").and_then(|user| user.to_str().ok()).unwrap_or_default().into();
        Self { door, base, user, invocation: parts.extensions.get().cloned() }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("base", &self.base).field("user", &self.user).finish_non_exhaustive()
    }
}
