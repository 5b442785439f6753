//! The section `retention`: how long what was deleted stays in the bin.

use std::time::Duration;

use crate::{
    age,
    config::{
        scalar,
        section::{Field, Section},
    },
};

/// What the section is called.
pub(crate) const RETENTION: Field = Field::new("retention", "a map of keys", "{deleted_runs: 30d}");

const DELETED_RUNS: Field = Field::new("deleted_runs", "an age such as 30d, 12h or 2d8h5m20s", "30d");

/// Reads after which time deleted runs, logged models and experiments are removed for good; `None` for never.
pub(crate) fn read(root: &mut Section<'_>) -> Option<Duration> {
    let value = root.take(&RETENTION);
    let mut section = Section::open(root.report, &RETENTION.key, value, "retention: {deleted_runs: 30d}");
    let age = section.optional(
        &DELETED_RUNS,
        |value, report| age::parse(&scalar::text(value, report)?).map_err(|_| value.found()),
        |age| age::shown(*age).into(),
    );
    section.finish();
    age
}
