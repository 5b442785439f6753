//! The routes over real sinks: a store in a file, destinations in memory.

mod backfill;
mod dead_letters;
mod deliveries;
mod refusals;
mod reload;
mod scene;
mod series;
mod sinks;
