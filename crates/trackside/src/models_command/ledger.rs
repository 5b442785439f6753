//! Reading the ledger of a server.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use trackside_admin::shape;
use trackside_core::{
    Timestamp,
    ledger::{Action, Effect, Facet, LedgerDigest, LedgerEntry, NewLedgerEntry, RegistryState},
};

use crate::remote::Remote;

/// Entries read at once.
const PAGE: &str = "1000";

/// What entries say, by their numbers.
pub(super) type Told = BTreeMap<u64, NewLedgerEntry>;

/// Entries of a server, page by page.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    remote: &'a Remote,
    model: Option<&'a str>,
    after: u64,
    is_over: bool,
}

impl<'a> Reading<'a> {
    /// Of a model of this name, or all.
    pub(super) const fn of(remote: &'a Remote, model: Option<&'a str>) -> Self {
        Self { remote, model, after: 0, is_over: false }
    }

    /// Of all models, behind an entry.
    pub(super) const fn behind(remote: &'a Remote, after: u64) -> Self {
        Self { remote, model: None, after, is_over: false }
    }

    /// The next page; nothing behind the last.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Vec<LedgerEntry>>> {
        if self.is_over {
            return Ok(None);
        }
        let after = self.after.to_string();
        let mut query = vec![("limit", PAGE), ("after", after.as_str())];
        query.extend(self.model.map(|model| ("model", model)));
        let page: shape::Ledger = self.remote.get(&["registry", "ledger"], &query).await?;
        let last = page.entries.last().map(|line| line.seq);
        self.is_over = last.is_none_or(|last| last <= self.after);
        if self.is_over {
            return Ok(None);
        }
        self.after = last.unwrap_or(self.after);
        page.entries.into_iter().map(entry).collect::<anyhow::Result<_>>().map(Some)
    }
}

/// All entries of a registered model up to a time, in their order, also those from before it had this name.
pub(super) async fn of_model(remote: &Remote, name: &str, until: Option<Timestamp>) -> anyhow::Result<Told> {
    let mut told = Told::new();
    let mut names = vec![(name.to_owned(), u64::MAX)];
    while let Some((name, before)) = names.pop() {
        let mut reading = Reading::of(remote, Some(&name));
        while let Some(page) = reading.next().await? {
            for entry in page.into_iter().filter(|entry| entry.seq < before) {
                let (seq, entry) = (entry.seq, entry.read()?);
                if until.is_some_and(|until| entry.at > until) || told.contains_key(&seq) {
                    continue;
                }
                if entry.action == Action::RenameModel && entry.model.as_str() != name {
                    names.push((entry.model.to_string(), seq));
                }
                told.insert(seq, entry);
            }
        }
    }
    Ok(told)
}

/// The registry as these entries leave it.
pub(super) fn replayed(entries: &Told) -> anyhow::Result<RegistryState> {
    let mut state = RegistryState::default();
    for (seq, entry) in entries {
        state.apply(entry).with_context(|| format!("entry {seq}; `trackside models verify` tells more"))?;
    }
    Ok(state)
}

/// Whether an effect is on this version.
pub(super) fn concerns(effect: &Effect, version: u32) -> bool {
    let number = version.to_string();
    effect.version == Some(version)
        || (effect.what == Facet::Alias
            && [&effect.before, &effect.after].into_iter().any(|value| value.as_deref() == Some(&number)))
}

fn entry(line: shape::Line) -> anyhow::Result<LedgerEntry> {
    let Some(digest) = digest(&line.digest) else { bail!("the server says that '{}' is a digest", line.digest) };
    Ok(LedgerEntry { seq: line.seq, line: line.line, digest })
}

fn digest(text: &str) -> Option<LedgerDigest> {
    hex::decode(text).ok()?.try_into().ok().map(LedgerDigest::from_bytes)
}
