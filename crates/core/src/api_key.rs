//! Keys by which clients prove who they are.

use crate::{Key, Timestamp};

/// What is known of a key. The key itself is kept by its holder alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Whose it is, or what for; unique.
    pub name: Key,
    /// When it was made.
    pub created_at: Timestamp,
}

/// SHA-256 of a key. Keys are drawn at random, so their digests cannot be guessed either.
pub type KeyDigest = [u8; 32];
