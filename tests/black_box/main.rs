//! Black-box tests of the built binary. `tests/run` builds what they need.

mod artifacts;
mod bad_input;
mod command_line;
mod dependencies;
mod durability;
mod examples;
mod layering;
mod lifecycle;
