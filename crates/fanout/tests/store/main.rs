//! The engine on a SQLite store: history, backfill, restarts and lost places.

mod backfill;
mod cuts;
mod history;
mod scene;
mod tally;
