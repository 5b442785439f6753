//! Environment: interpreter and packages, lock files, machine, image, variables.
//!
//! Everything is read, nothing is changed; the one program that is started is the interpreter, once.

mod capture;
mod computer;
mod distributions;
mod gpu;
mod image;
mod interpreter;
mod lock;
mod lock_files;
mod managers;
mod variables;

pub use capture::{Request, capture};
