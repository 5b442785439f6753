//! The destination held to the contract of all destinations, online and offline, and what is W&B's own about it.
//!
//! The server here is as small as can be. Whether requests and files are what the vendor's own client and server would
//! make of them is for `tests/python/test_sink_wandb.py`, which runs the real client.

mod faults;
mod offline;
mod online;
mod requests;
mod run_1;
mod run_directory;
mod server;
mod shown_run;
