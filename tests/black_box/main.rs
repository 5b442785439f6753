//! Black-box tests of the built binary. `tests/run` builds what they need.

mod artifacts;
mod bad_input;
mod chaos;
mod command_line;
mod configuration;
mod dependencies;
mod durability;
mod examples;
mod layering;
mod lifecycle;
mod web_ui;
