//! The door over a real store: what W&B's clients get for what they send. The clients themselves are run against the
//! built binary by `tests/python`.

mod files;
mod graphql;
mod listing;
mod logging;
mod pages;
mod reading;
mod server;
mod sweeps;
