//! Destination: any program, in any language. It reads JSON lines on its standard input and answers on its standard
//! output; what it writes to standard error is logged.
//!
//! The program is started by the first call and runs until it is no longer needed. When it ends, closes its output,
//! says what is no answer or is silent for too long, all calls under way fail with `Unavailable` and the next call
//! starts it anew; how soon that is the caller's backoff decides. Redelivery is harmless when the program keeps to
//! the rules below: this crate only carries batches, memories and answers.
//!
//! # Protocol
//!
//! Version 1, which is that of [`trackside_core::stored`] at the same time: batches are in the form documented there.
//!
//! ```json
//! → {"hello":{"schema":"trackside-events","v":1,"sink":"csv"}}
//! ← {"ready":{"v":1,"capability":["points"]}}
//! → {"deliver":{"id":1,"memory":null,"batch":{"v":1,"seq":12,"run":"r1","events":[]}}}
//! ← {"done":{"id":1,"memory":"4711"}}
//! → {"flush":{"id":2}}
//! ← {"done":{"id":2}}
//! → {"probe":{"id":3}}
//! ← {"failed":{"id":3,"reason":"the disk is full","retry":true,"after_secs":60}}
//! ```
//!
//! - `capability` lists names of [`trackside_core::Kind`]; without it the program takes everything. It narrows what
//!   the configuration says, which must be known before the program is; what it takes away is counted as withheld.
//! - Answers may come in any order. Several deliveries may be under way, never two of one subject. Late answers to
//!   calls that were given up are passed over.
//! - `done` may hold `memory`, a text that comes back with the next batch of the subject: left out it stays as it
//!   was, `null` forgets it. It may hold `withheld`, counts by name of what was left out although the capability
//!   allows it.
//! - `failed` says with `retry` whether the same call may succeed later, and with `after_secs` how long that takes at
//!   least. `kind` is for those who know better than "this batch is at fault" or "not now": `not_found` (the subject
//!   is unknown: send its history), `unauthenticated`, `denied`, `conflict`, `invalid`, `unsupported`, `throttled`,
//!   `unavailable`.
//! - `done` promises that the batch survives the end of the program, an answered `flush` that all batches before it
//!   survive a power cut.
//! - An answer has at most 1 MiB. The end of the input means: end.
//!
//! The same for authors of plugins, with an example to start from: `examples/plugins/README.md`.

#![warn(missing_docs)]

mod config;
mod conversation;
mod end;
mod lines;
mod message;
mod pending;
mod process;
mod tracker;

pub use config::Config;
pub use tracker::ExecTracker;
