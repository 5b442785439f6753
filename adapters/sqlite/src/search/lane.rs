//! A stretch of the order of a search that one index gives.

use rusqlite::Connection;

use super::{binds::Binds, found, rung::Rung, token::Found};
use crate::error::Result;

/// Runs in the order of one column; ties by start, latest first, then by id.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    /// Joins `run`.
    pub(super) from: &'static str,
    /// Which rows, all of which hold.
    pub(super) conditions: String,
    /// The first belongs to this lane alone.
    pub(super) binds: Binds,
    pub(super) lead: Lead,
    pub(super) ties: Ties,
    pub(super) index: Index,
}

/// What is ordered by before the id.
#[derive(Debug, Clone)]
pub(super) enum Lead {
    Column {
        name: &'static str,
        ascending: bool,
    },
    /// All rows are equal.
    Same(Rung),
}

/// What is left to order ties by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ties {
    /// The id: their starts are equal.
    Id,
    /// Both.
    StartAndId,
}

impl Ties {
    const fn order(self) -> &'static str {
        match self {
            Self::Id => "run.id",
            Self::StartAndId => "run.started_at DESC, run.id",
        }
    }
}

/// How rows come out of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    /// In the order asked for.
    Exact,
    /// So, but for the ties, which come in the reverse order of their ids.
    TiesReversed,
    /// In the order of this expression, within which they are sorted.
    Blocks(Block),
    /// There is none: all are sorted.
    None,
}

/// What rows are sorted within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// Those of one value.
    Value,
    /// Those that begin alike: an index has the first characters of a text, and this is they.
    Beginning(&'static str),
}

impl Lane {
    /// The next rows behind this one, at most so many.
    pub(super) fn fetch(&self, connection: &Connection, after: Option<&[Rung]>, n: usize) -> Result<Vec<Found>> {
        let mut binds = self.binds.clone();
        let (lead, ascending) = match &self.lead {
            Lead::Column { name, ascending } => (*name, *ascending),
            Lead::Same(_) => {
                let behind = after.and_then(|after| self.behind_ties(after, &mut binds)).unwrap_or_default();
                return self.rows(connection, &behind, self.ties.order(), n, binds);
            }
        };
        let direction = if ascending { "ASC" } else { "DESC" };
        let Some((rungs, bound)) = after.and_then(|after| Some((after, after.first()?.value()?))) else {
            return self.untied(connection, lead, direction, "", n, binds);
        };
        let bound = binds.bind(bound);
        let next = if ascending { ">" } else { "<" };
        let behind_ties = self.behind_ties(rungs, &mut binds).unwrap_or_default();
        if let Index::None | Index::Blocks(_) = self.index {
            let block = match self.index {
                Index::Blocks(Block::Value) => format!(" AND {lead} {next}= {bound}"),
                Index::Blocks(Block::Beginning(block)) => format!(" AND {block} {next}= substr({bound}, 1, 64)"),
                _ => String::new(),
            };
            let behind = format!("{block} AND ({lead} {next} {bound} OR ({lead} = {bound}{behind_ties}))");
            return self.rows(connection, &behind, &self.exact(lead, direction), n, binds);
        }
        let mut rows =
            self.rows(connection, &format!(" AND {lead} = {bound}{behind_ties}"), self.ties.order(), n, binds)?;
        if rows.len() < n {
            let mut binds = self.binds.clone();
            let bound = binds.bind(rungs[0].value().expect("it was bound above"));
            let behind = format!(" AND {lead} {next} {bound}");
            rows.extend(self.untied(connection, lead, direction, &behind, n - rows.len(), binds)?);
        }
        Ok(rows)
    }

    /// Rows behind all ties of another.
    fn untied(
        &self,
        connection: &Connection,
        lead: &str,
        direction: &str,
        behind: &str,
        n: usize,
        binds: Binds,
    ) -> Result<Vec<Found>> {
        let exact = self.exact(lead, direction);
        if self.index != Index::TiesReversed {
            return self.rows(connection, behind, &exact, n, binds);
        }
        let mut rows = self.rows(connection, behind, &format!("{exact} DESC"), n.saturating_add(1), binds)?;
        let last = rows.last().filter(|_| rows.len() > n).map(|row| row.rungs[0].clone());
        if let Some(last) = &last {
            // There may be more of these, before those that were found.
            rows.retain(|row| row.rungs[0] != *last);
        }
        // Stable, and each group is in order backwards.
        rows.reverse();
        rows.sort_by(|a, b| a.rungs[0].order(&b.rungs[0], direction == "ASC"));
        if let Some(value) = last.and_then(|last| last.value()) {
            let mut binds = self.binds.clone();
            let tied = format!(" AND {lead} = {}", binds.bind(value));
            rows.extend(self.rows(connection, &tied, self.ties.order(), n - rows.len(), binds)?);
        }
        Ok(rows)
    }

    fn exact(&self, lead: &str, direction: &str) -> String {
        let ties = match self.ties.order() {
            ties if ties == lead => String::new(),
            ties => format!(", {ties}"),
        };
        match self.index {
            Index::Blocks(Block::Beginning(block)) => format!("{block} {direction}, {lead} {direction}{ties}"),
            _ => format!("{lead} {direction}{ties}"),
        }
    }

    /// What comes behind a row among those that are equal to it otherwise.
    fn behind_ties(&self, after: &[Rung], binds: &mut Binds) -> Option<String> {
        let [_, start, id] = after else { return None };
        let id = binds.bind(id.value()?);
        if self.ties == Ties::Id {
            return Some(format!(" AND run.id > {id}"));
        }
        let start = binds.bind(start.value()?);
        // The first says nothing new, but what an index can use.
        Some(format!(
            " AND run.started_at <= {start} AND (run.started_at < {start} OR (run.started_at = {start} AND run.id > {id}))"
        ))
    }

    fn rows(
        &self,
        connection: &Connection,
        behind: &str,
        order: &str,
        n: usize,
        mut binds: Binds,
    ) -> Result<Vec<Found>> {
        let sql = self.sql(behind, order, n, &mut binds);
        let mut rows = found(connection, &sql, &binds, 3)?;
        if let Lead::Same(rung) = &self.lead {
            for row in &mut rows {
                row.rungs[0] = rung.clone();
            }
        }
        Ok(rows)
    }

    fn sql(&self, behind: &str, order: &str, n: usize, binds: &mut Binds) -> String {
        let lead = match &self.lead {
            Lead::Column { name, .. } => name,
            Lead::Same(_) => "NULL",
        };
        let limit = binds.bind(i64::try_from(n).unwrap_or(i64::MAX));
        format!(
            "SELECT run.pk, 0, {lead}, 0, run.started_at, 0, run.id FROM {} WHERE {}{behind} ORDER BY {order} LIMIT {limit}",
            self.from, self.conditions
        )
    }

    /// How SQLite goes about a page behind another.
    #[cfg(test)]
    pub(super) fn plan(&self, connection: &Connection) -> String {
        let mut binds = self.binds.clone();
        let (behind, order) = match &self.lead {
            Lead::Same(_) => {
                let after = [Rung::Missing, Rung::Integer(0), Rung::Text(String::new())];
                (self.behind_ties(&after, &mut binds).unwrap(), self.ties.order().to_owned())
            }
            Lead::Column { name, ascending } => {
                let direction = if *ascending { "ASC" } else { "DESC" };
                let ties = if self.index == Index::TiesReversed { " DESC" } else { "" };
                (format!(" AND {name} < {}", binds.bind(0_i64)), self.exact(name, direction) + ties)
            }
        };
        let sql = format!("EXPLAIN QUERY PLAN {}", self.sql(&behind, &order, 9, &mut binds));
        let mut statement = connection.prepare(&sql).unwrap();
        let binds = rusqlite::params_from_iter(binds.values());
        let steps = statement.query_map(binds, |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n")
    }
}
