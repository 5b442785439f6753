//! Repositories that the real `git` made, read and kept by ours. A machine without `git` fails here.

mod found;
mod kinds;
mod project;
mod random;
mod snapshot;
