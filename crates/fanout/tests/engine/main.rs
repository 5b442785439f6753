//! The engine on a log in memory and destinations in memory, in paused time.

mod breaker;
mod cuts;
mod dead_letters;
mod delivery;
mod full_log;
mod local;
mod releases;
mod scene;
mod signs;
mod windows;
