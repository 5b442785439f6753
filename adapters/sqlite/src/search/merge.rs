//! Lanes that run side by side, as one.

use std::{cmp::Ordering, collections::VecDeque};

use rusqlite::Connection;

use super::{
    lane::{Index, Lane, Lead},
    rung::Rung,
    token::Found,
};
use crate::error::Result;

/// A lane and what was read of it ahead.
struct Reader<'a> {
    lane: &'a Lane,
    ahead: VecDeque<Found>,
    /// Where the next read begins.
    after: Option<Vec<Rung>>,
    /// How much it reads.
    n: usize,
    is_at_end: bool,
}

impl Reader<'_> {
    fn fill(&mut self, connection: &Connection, most: usize) -> Result<()> {
        if self.ahead.is_empty() && !self.is_at_end {
            let rows = self.lane.fetch(connection, self.after.as_deref(), self.n)?;
            self.is_at_end = rows.len() < self.n;
            self.after = rows.last().map(|row| row.rungs.clone());
            self.ahead = rows.into();
            self.n = most.min(self.n.saturating_mul(2));
        }
        Ok(())
    }
}

/// The next rows of all of them behind this one, at most so many.
pub(super) fn merge(connection: &Connection, lanes: &[Lane], after: Option<&[Rung]>, n: usize) -> Result<Vec<Found>> {
    if let [lane] = lanes {
        return lane.fetch(connection, after, n);
    }
    let share = (2 * n / lanes.len().max(1)).clamp(1, n);
    let reader = |lane| Reader {
        lane,
        ahead: VecDeque::new(),
        after: after.map(<[_]>::to_vec),
        // What is sorted is read once.
        n: if lane.index == Index::None { n } else { share },
        is_at_end: false,
    };
    let mut readers: Vec<Reader<'_>> = lanes.iter().map(reader).collect();
    let mut merged = Vec::new();
    while merged.len() < n {
        for reader in &mut readers {
            reader.fill(connection, n)?;
        }
        let ahead = readers.iter_mut().filter(|reader| !reader.ahead.is_empty());
        let Some(first) = ahead.min_by(|a, b| order(a.lane, &a.ahead[0], &b.ahead[0])) else { break };
        merged.extend(first.ahead.pop_front());
    }
    Ok(merged)
}

fn order(lane: &Lane, a: &Found, b: &Found) -> Ordering {
    let ascending = !matches!(lane.lead, Lead::Column { ascending: false, .. });
    let directions = [ascending, false, true];
    let rungs = a.rungs.iter().zip(&b.rungs).zip(directions);
    rungs.fold(Ordering::Equal, |order, ((a, b), ascending)| order.then_with(|| a.order(b, ascending)))
}
