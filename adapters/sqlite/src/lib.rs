//! The embedded system of record: SQLite with group commit.
