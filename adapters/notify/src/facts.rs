//! What a notice tells besides what happened: looked up in the store when it is told, so that it needs no memory and is known
//! also of what began before the destination was there.

use std::sync::Arc;

use trackside_core::{
    Key, Result, RunId, Store, Timestamp,
    ledger::{Facet, NewLedgerEntry, Origin},
    store::LedgerQuery,
};

use crate::{
    notice::{About, Notice, id},
    reading::Found,
};

/// Entries of the ledger that are looked through for who did something. What is told of later than that many changes of the
/// whole registry is told without.
const ENTRIES: u64 = 2_000;

/// Where facts are found.
#[derive(Debug, Clone)]
pub(crate) struct Facts(pub(crate) Arc<dyn Store>);

impl Facts {
    /// All that there is to say. `now` is when it happened if nothing says so.
    pub(crate) async fn notice(&self, sink: &str, found: Found, now: Timestamp) -> Result<Notice> {
        let Found { event, at, mut about, mut reason, mut by, mark } = found;
        let at = at.unwrap_or(now);
        let id = id(&[sink, event.as_str(), &about.key(), &mark]);
        match &mut about {
            About::Run { id, name, experiment, experiment_id } => {
                if let Some(run) = self.0.run(&RunId::parse(id)?).await? {
                    let found = self.0.experiment(run.info.experiment).await?;
                    *experiment = found.map(|found| found.name.as_str().to_owned()).unwrap_or_default();
                    (*name, *experiment_id) = (run.info.name, run.info.experiment.to_string());
                    // MLflow's client says so when it does not know.
                    by = Some(run.info.user).filter(|user| !matches!(user.as_str(), "" | "unknown"));
                }
            }
            About::Version { model, version, target, .. } if by.is_none() => {
                if let Some(origin) = self.origin(model, *version, target.as_deref(), at).await? {
                    by = origin.name.map(|name| name.as_str().to_owned()).or(origin.address);
                    let parts: Vec<String> = reason.into_iter().chain(origin.reason).collect();
                    reason = Some(parts.join(": ")).filter(|text| !text.is_empty());
                }
            }
            About::Version { .. } => {}
        }
        Ok(Notice { id, event, at: at.millis(), about, by, reason })
    }

    /// Who changed a version at that instant, as the ledger has it.
    async fn origin(&self, model: &str, version: u32, target: Option<&str>, at: Timestamp) -> Result<Option<Origin>> {
        let (end, _) = self.0.ledger_end().await?;
        let query = LedgerQuery {
            model: Some(Key::new(model)?),
            after: end.saturating_sub(ENTRIES),
            limit: usize::try_from(ENTRIES).unwrap_or(usize::MAX),
        };
        let entries = self.0.ledger(query).await?;
        let entries = entries.iter().rev().filter_map(|entry| entry.read().ok());
        let mut own = entries.filter(|entry| entry.at == at && concerns(entry, version, target));
        Ok(own.next().map(|entry| entry.origin))
    }
}

fn concerns(entry: &NewLedgerEntry, version: u32, target: Option<&str>) -> bool {
    let number = version.to_string();
    entry.effects.iter().any(|effect| match target.and_then(|target| target.strip_prefix('@')) {
        Some(alias) => {
            effect.what == Facet::Alias
                && effect.key.as_deref() == Some(alias)
                && effect.after.as_deref() == Some(&number)
        }
        None => effect.version == Some(version),
    })
}
