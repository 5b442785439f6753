//! Artifact bytes: streamed, atomic, confined to their root.
