//! The side of the registry: read by its ledger, changed by MLflow's API, so that what may not be is refused there.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use trackside_core::{
    Error, ErrorKind,
    ledger::{LedgerDigest, RegistryState},
};
use trackside_evidence::mirror::{RegistryDeed, SEMVER_TAG, Standing, Trails, Version};
use trackside_tracking::Registrar;

use super::{
    super::{chain::Chain, ledger::Reading},
    report::{Done, Report},
};
use crate::remote::Remote;

/// Tag of a version that was registered for a tag in git: the commit of that.
const COMMIT_TAG: &str = "trackside.git.commit";
/// What names a registry in which nothing has happened.
pub(super) const NO_ENTRY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The whole ledger as far as it was read.
#[derive(Default)]
pub(super) struct History {
    chain: Option<Chain>,
    first: Option<LedgerDigest>,
    pub(super) trails: Trails,
    empty: RegistryState,
}

impl History {
    /// Reads what is new.
    pub(super) async fn read(&mut self, remote: &Remote) -> anyhow::Result<()> {
        let chain = self.chain.get_or_insert_with(Chain::new);
        let mut reading = Reading::behind(remote, chain.seq);
        while let Some(page) = reading.next().await? {
            for entry in page {
                self.first = self.first.or(Some(entry.digest));
                if let Some(told) = chain.take(&entry) {
                    self.trails.apply(entry.seq, &told);
                }
            }
        }
        match chain.faults.first() {
            Some(fault) => {
                bail!("the history of the registry is not whole; `trackside models verify` tells more: {fault}")
            }
            None => Ok(()),
        }
    }

    /// The last entry.
    pub(super) fn seq(&self) -> u64 {
        self.chain.as_ref().map(|chain| chain.seq).unwrap_or_default()
    }

    /// The registry as it is.
    pub(super) fn state(&self) -> &RegistryState {
        self.chain.as_ref().map_or(&self.empty, |chain| &chain.state)
    }

    /// What names the registry.
    pub(super) fn registry(&self) -> String {
        self.first.unwrap_or(LedgerDigest::NONE).to_string()
    }
}

/// What a deed is about, in words.
pub(super) fn subject(deed: &RegistryDeed) -> String {
    let version = || deed.version.as_ref().map_or_else(|| "no version".to_owned(), |version| format!("v{version}"));
    match &deed.standing {
        Standing::Registered { .. } => format!("{} registered as {}", deed.model, version()),
        Standing::Deleted => format!("{} {} deleted", deed.model, version()),
        Standing::InStage(stage) => format!("{} {} in stage {stage}", deed.model, version()),
        Standing::Named(alias) => format!("{} alias {alias} names {}", deed.model, version()),
    }
}

/// Does what can be done; what the server refuses is a conflict.
pub(super) async fn apply(
    deeds: &[RegistryDeed],
    registrar: &Registrar,
    refused: &mut BTreeSet<String>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut numbers: BTreeMap<(&str, &Version), String> = BTreeMap::new();
    for deed in deeds {
        let key = deed.version.as_ref().map(|version| (deed.model.as_str(), version));
        let known = key.and_then(|key| numbers.get(&key).cloned());
        let number = deed.number.map(|number| number.to_string()).or(known);
        match act(deed, number.as_deref(), &registrar.because(&deed.reason)).await {
            Ok(None) => {}
            Ok(Some(number)) => {
                numbers.extend(key.map(|key| (key, number.clone())));
                let model = deed.model.clone();
                report.registry.push(Done { model, version: number, what: subject(deed), reason: deed.reason.clone() });
            }
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error.into()),
            Err(error) => {
                refused.insert(subject(deed));
                report.refused(&deed.artifact, subject(deed), error.message());
            }
        }
    }
    Ok(())
}

/// The number of the version; nothing when the version that it takes was refused.
async fn act(deed: &RegistryDeed, number: Option<&str>, registrar: &Registrar) -> Result<Option<String>, Error> {
    let model = deed.model.as_str();
    match (&deed.standing, &deed.version, number) {
        (Standing::Registered { source, run, commit }, Some(version), _) => {
            // Somebody may have registered it meanwhile.
            match registrar.register_model(model).await {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            let source = source.clone().unwrap_or_else(|| format!("git:/{commit}"));
            let version = version.to_string();
            let tags = [(SEMVER_TAG, version.as_str()), (COMMIT_TAG, commit.as_str())];
            Ok(Some(registrar.register_version(model, &source, run.as_deref(), &tags).await?.version))
        }
        (Standing::Named(alias), None, _) => {
            registrar.withdraw(model, alias).await?;
            Ok(Some(String::new()))
        }
        (_, _, None) | (Standing::Registered { .. }, None, _) => Ok(None),
        (Standing::Named(alias), Some(_), Some(number)) => {
            registrar.point(model, alias, number).await?;
            Ok(Some(number.to_owned()))
        }
        (Standing::InStage(stage), _, Some(number)) => {
            registrar.move_to(model, number, stage, false).await?;
            Ok(Some(number.to_owned()))
        }
        (Standing::Deleted, _, Some(number)) => {
            registrar.delete_version(model, number).await?;
            Ok(Some(number.to_owned()))
        }
    }
}
