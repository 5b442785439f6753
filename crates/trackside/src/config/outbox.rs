//! The section `outbox`: the bounds of the log of undelivered events.
//!
//! It is not called `log`: `TRACKSIDE_LOG` and `serve.log` say what is logged for people.

use trackside_fanout::{Limits, WhenFull};

use crate::config::{
    scalar,
    section::{Field, Section},
    value::Value,
};

/// What the section is called.
pub(crate) const OUTBOX: Field = Field::new("outbox", "a map of keys", "{max_bytes: 4GiB}");

const MAX_BYTES: Field =
    Field::new("max_bytes", "at least 16MiB, as a number of bytes or with KiB, MiB, GiB, TiB", "4GiB");
const WHEN_FULL: Field = Field::new("when_full", "detach, refuse", "detach");

const ACTIONS: [(&str, WhenFull); 2] = [("detach", WhenFull::Detach), ("refuse", WhenFull::Refuse)];

/// Reads the section.
pub(crate) fn read(root: &mut Section<'_>) -> Limits {
    let value: Option<Value> = root.take(&OUTBOX);
    let mut section = Section::open(root.report, &OUTBOX.key, value, "outbox: {max_bytes: 4GiB}");
    let default = Limits::default();
    let limits = Limits {
        // Room for several windows of several sinks; less would never get anything delivered.
        max_log_bytes: section
            .or(&MAX_BYTES, default.max_log_bytes, scalar::bytes(16 << 20..=1 << 50), |n| (*n).into()),
        when_full: section.or(&WHEN_FULL, default.when_full, scalar::word(&ACTIONS), |action| {
            ACTIONS.iter().find(|(_, known)| known == action).map_or("", |(word, _)| word).into()
        }),
    };
    section.finish();
    limits
}
