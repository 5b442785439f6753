//! Paths and what answers them, before they are mounted under prefixes.
//!
//! Each becomes a route of its whole path: a nested router would rewrite the URI of every request and copy its routes.

use axum::{Router, routing::MethodRouter};

use crate::Door;

#[derive(Debug, Clone, Default)]
pub(crate) struct Routes(Vec<(&'static str, MethodRouter<Door>)>);

impl Routes {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn route(mut self, path: &'static str, methods: MethodRouter<Door>) -> Self {
        self.0.push((path, methods));
        self
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A router with these below a prefix, besides what it has.
    pub(crate) fn mounted(&self, router: Router<Door>, prefix: &str) -> Router<Door> {
        let mount = |router: Router<Door>, (path, methods): &(&str, MethodRouter<Door>)| {
            router.route(&format!("{prefix}{path}"), methods.clone())
        };
        self.0.iter().fold(router, mount)
    }
}
