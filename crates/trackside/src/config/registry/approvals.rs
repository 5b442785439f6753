//! How many have to be for it.

use trackside_policy::Approvals;

use super::{policy::Known, rules::people};
use crate::config::{
    scalar,
    section::{Field, Section},
    value::Node,
};

const APPROVALS: Field = Field::new("approvals", "a number, or a map with count and of", "{count: 2, of: reviewers}");
const COUNT: Field = Field::new("count", "a number from 1", "2");
const OF: Field = Field::new("of", "a group, or names of API keys", "reviewers");

/// Far more than have ever agreed.
const MOST: u64 = 100;

pub(super) fn read(section: &mut Section<'_>, path: &str, known: &Known<'_>) -> Option<Approvals> {
    let value = section.take(&APPROVALS)?;
    if !matches!(value.node, Node::Map(_)) {
        return match scalar::integer(1..=MOST)(&value, section.report) {
            Ok(count) => {
                section.resolved(&APPROVALS.key, count.into(), value.origin);
                Some(Approvals { count: usize::try_from(count).ok()?, of: None })
            }
            Err(found) => {
                section.fault(&APPROVALS, &value.origin, found);
                None
            }
        };
    }
    let origin = value.origin.clone();
    let mut inner = Section::open(section.report, &format!("{path}.approvals"), Some(value), "approvals: 2");
    let count = inner.or(&COUNT, 1, scalar::integer(1..=MOST), |count| (*count).into());
    let of = people(&mut inner, &OF, known);
    let count = usize::try_from(count).ok()?;
    if of.as_ref().is_some_and(|of| of.len() < count) {
        inner.fault(
            &COUNT,
            &origin,
            format!("{count} of {} people", of.as_ref().map_or(0, std::collections::BTreeSet::len)),
        );
    }
    inner.finish();
    Some(Approvals { count, of })
}
