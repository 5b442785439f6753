//! `trackside models prove` and `check-proof`.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, bail, ensure};
use serde_json::json;
use trackside_core::{Clock, SystemClock, Timestamp, VersionNumber};
use trackside_evidence::{Checkpoint, Held, Proof, SigningKey, Tenure, Tenures, VerifyingKey};

use super::{
    args::{Checked, Proved},
    chain::Chain,
    ledger::Reading,
};
use crate::{columns::plain, output::Output, remote::Remote};

/// Larger files are no proofs.
const MAX_PROOF: u64 = 64 << 10;

pub(super) async fn run(remote: &Remote, wanted: &Proved, output: Output) -> anyhow::Result<()> {
    let key = signing_key(&wanted.key)?;
    let (model, version) = subject(&wanted.subject)?;
    let held = wanted.held()?;
    let Read { chain, tenures, last } = read_all(remote).await?;
    let own = |tenure: &&Tenure| tenure.model == model && tenure.version == version && tenure.held == held;
    let covers = |tenure: &Tenure| {
        wanted.from.is_none_or(|from| tenure.from <= from.millis())
            && wanted.until.is_none_or(|until| until.millis() <= tenure.until.unwrap_or(last.millis()))
    };
    let index = tenures.all().iter().rposition(|tenure| own(&tenure) && covers(tenure));
    let Some(index) = index else {
        let known: Vec<_> = tenures.all().iter().filter(own).map(lasted).collect();
        let known = if known.is_empty() { "never".to_owned() } else { known.join("; ") };
        bail!("version {version} of '{model}' did not hold {held} all that time; it did: {known}");
    };
    let proof =
        Proof::of(&tenures, index, (chain.seq, chain.end), last.millis(), &key).context("no proof can be made")?;
    let text = serde_json::to_string(&proof)?;
    match &wanted.output {
        Some(file) => {
            fs::write(file, format!("{text}\n")).with_context(|| format!("cannot write {}", file.display()))?;
            let answer = json!({ "proof": file, "bytes": text.len(), "tenure": proof.tenure });
            output.say(&answer, || format!("{}\nwritten to {}\n", said(&proof.tenure), file.display()))
        }
        None => output.say(&proof, || format!("{text}\n")),
    }
}

/// A whole history.
pub(super) struct Read {
    pub(super) chain: Chain,
    pub(super) tenures: Tenures,
    /// Until when nothing else had happened.
    pub(super) last: Timestamp,
}

/// Reads all entries, which have to follow each other.
pub(super) async fn read_all(remote: &Remote) -> anyhow::Result<Read> {
    let mut all = Read { chain: Chain::new(), tenures: Tenures::default(), last: SystemClock.now() };
    let mut reading = Reading::of(remote, None);
    while let Some(page) = reading.next().await? {
        for entry in page {
            if let Some(told) = all.chain.take(&entry) {
                all.tenures.apply(entry.seq, &told);
                all.last = all.last.max(told.at);
            }
        }
    }
    match all.chain.faults.first() {
        Some(fault) => bail!("the history of the registry is not whole, and nothing follows from it: {fault}"),
        None => Ok(all),
    }
}

/// Exit code 1 when it does not prove what is asked.
pub(super) fn check(wanted: &Checked, output: Output) -> anyhow::Result<ExitCode> {
    let key = verifying_key(&wanted.key)?;
    let text = read(&wanted.proof)?;
    let found = serde_json::from_str::<Proof>(&text)
        .with_context(|| format!("{} is no proof", wanted.proof.display()))
        .and_then(|proof| {
            let checkpoint = proof.verified(&key)?;
            covered(&proof, &checkpoint, wanted)?;
            Ok((proof, checkpoint))
        });
    let (proof, checkpoint) = match found {
        Ok(found) => found,
        Err(error) if output.json => {
            output.say(&json!({ "verified": false, "fault": format!("{error:#}") }), String::new)?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.context("nothing is proved")),
    };
    let signed = Timestamp::from_millis(checkpoint.at).rfc3339();
    let answer = json!({ "verified": true, "tenure": proof.tenure, "checkpoint": checkpoint, "signed_at": signed });
    output.say(&answer, || {
        format!("{}\nsigned at {signed}, over a history of {} entries\n", said(&proof.tenure), checkpoint.entries)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn covered(proof: &Proof, checkpoint: &Checkpoint, wanted: &Checked) -> anyhow::Result<()> {
    let tenure = &proof.tenure;
    ensure!(
        wanted.from.is_none_or(|from| tenure.from <= from.millis())
            && wanted.until.is_none_or(|until| until.millis() <= proof.until(checkpoint)),
        "it proves less than that: {}, and was signed at {}",
        said(tenure),
        Timestamp::from_millis(checkpoint.at).rfc3339()
    );
    Ok(())
}

fn said(tenure: &Tenure) -> String {
    let by = tenure.by.as_deref().map(|by| format!(", by {}", plain(by))).unwrap_or_default();
    let held = plain(&tenure.held.to_string());
    format!("version {} of '{}' held {held} {}{by}", tenure.version, plain(&tenure.model), lasted(tenure))
}

fn lasted(tenure: &Tenure) -> String {
    let from = Timestamp::from_millis(tenure.from).rfc3339();
    match tenure.until {
        Some(until) => format!("from {from} to {}", Timestamp::from_millis(until).rfc3339()),
        None => format!("since {from}"),
    }
}

fn subject(text: &str) -> anyhow::Result<(&str, VersionNumber)> {
    let parsed = text.rsplit_once('/').and_then(|(model, version)| Some((model, version.parse().ok()?)));
    parsed.with_context(|| format!("'{text}' is no NAME/VERSION, e.g. churn/3"))
}

pub(super) fn signing_key(path: &Path) -> anyhow::Result<SigningKey> {
    read(path).and_then(|text| SigningKey::from_pem(&text).with_context(|| path.display().to_string()))
}

pub(super) fn verifying_key(path: &Path) -> anyhow::Result<VerifyingKey> {
    read(path).and_then(|text| VerifyingKey::from_pem(&text).with_context(|| path.display().to_string()))
}

/// A small text, such as a key.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    ensure!(size <= MAX_PROOF, "{} has {size} bytes, which is too much for what it should be", path.display());
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

impl Proved {
    /// What the version is to have held.
    fn held(&self) -> anyhow::Result<Held> {
        match (&self.stage, &self.alias) {
            (Some(stage), None) => Ok(Held::Stage(stage.clone())),
            (None, Some(alias)) => Ok(Held::Alias(alias.clone())),
            _ => bail!("say with --stage or --alias what the version is to have held"),
        }
    }
}
