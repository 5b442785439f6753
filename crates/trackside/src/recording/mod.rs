//! The record of a run as it is kept on a tracking server, for all commands that write or read it.
//!
//! `marks.rs` tags, `inputs.rs` dataset inputs, `files.rs` what a run has stored, `stored.rs` the documents among its
//! artifacts, `telling.rs` how they get there, `survey.rs` the data of a project.

mod files;
mod inputs;
mod marks;
mod stored;
mod survey;
mod telling;

pub(crate) use self::{
    files::stored_files,
    marks::{
        CAPTURED_BY, GIT_BRANCH, GIT_COMMIT, GIT_DIRTY, GIT_REPOSITORY, GIT_SNAPSHOT, INPUTS_KEY, INVOCATION, OUTPUT,
        PROVENANCE_KEY, REPRODUCES, REPRODUCTION, pairs,
    },
    stored::{manifests, record, stored_manifest},
    survey::{Bar, survey, survey_with},
    telling::{Manifests, tell_end, tell_inputs},
};
