//! Who the API key belongs to.

use serde::{Deserialize, Serialize};

use crate::graphql::Operation;

/// Asks.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Viewer {}

impl Operation for Viewer {
    const NAME: &'static str = "Viewer";
    const QUERY: &'static str = "query Viewer { viewer { id entity username } }";
    type Data = ViewerData;
}

/// The outcome.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ViewerData {
    /// `None` when the key belongs to nobody.
    pub viewer: Option<User>,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The server's id.
    pub id: Option<String>,
    /// Where runs go that name no entity.
    pub entity: Option<String>,
    /// The name.
    pub username: Option<String>,
}
