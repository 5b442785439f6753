//! The section `start`: what must hold before the server serves.

use crate::config::{
    scalar,
    section::{Field, Section},
};

/// What the section is called.
pub(crate) const START: Field = Field::new("start", "a map of keys", "{require_reachable: true}");

const REQUIRE_REACHABLE: Field = Field::new("require_reachable", "true, false", "true");

/// Reads whether every sink must answer.
pub(crate) fn read(root: &mut Section<'_>) -> bool {
    let value = root.take(&START);
    let mut section = Section::open(root.report, &START.key, value, "start: {require_reachable: true}");
    let required = section.or(&REQUIRE_REACHABLE, false, scalar::boolean, |required| (*required).into());
    section.finish();
    required
}
