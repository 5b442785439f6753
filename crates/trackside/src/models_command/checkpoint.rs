//! `trackside models checkpoint`, and what `verify` has of one.

use std::fs;

use anyhow::Context;
use trackside_core::Timestamp;
use trackside_evidence::{Checkpoint, Envelope};

use super::{
    args::{Checkpointed, Verified},
    prove::{Read, read, read_all, signing_key, verifying_key},
};
use crate::{output::Output, remote::Remote};

pub(super) async fn run(remote: &Remote, wanted: &Checkpointed, output: Output) -> anyhow::Result<()> {
    let key = signing_key(&wanted.key)?;
    let Read { chain, tenures, last } = read_all(remote).await?;
    let envelope = Checkpoint::sign(&tenures, (chain.seq, chain.end), last.millis(), &key);
    let text = serde_json::to_string(&envelope)?;
    match &wanted.output {
        Some(file) => {
            fs::write(file, format!("{text}\n")).with_context(|| format!("cannot write {}", file.display()))?;
            let answer =
                serde_json::json!({ "checkpoint": file, "entries": chain.seq, "digest": chain.end.to_string() });
            let at = last.rfc3339();
            output.say(&answer, || format!("{} entries until {at}, written to {}\n", chain.seq, file.display()))
        }
        None => output.say(&envelope, || format!("{text}\n")),
    }
}

/// Entries that the history has to have: those that were printed, and those that were signed.
pub(super) fn known(wanted: &Verified) -> anyhow::Result<Vec<(u64, String)>> {
    let mut known = wanted.known.clone();
    let Some(key) = &wanted.key else { return Ok(known) };
    let key = verifying_key(key)?;
    for file in &wanted.checkpoint {
        let envelope: Envelope =
            serde_json::from_str(&read(file)?).with_context(|| format!("{} is no checkpoint", file.display()))?;
        let (checkpoint, digest) = Checkpoint::verified(&envelope, &key)
            .with_context(|| format!("{} is not to be believed", file.display()))?;
        let at = Timestamp::from_millis(checkpoint.at).rfc3339();
        tracing::debug!(file = %file.display(), entries = checkpoint.entries, at, "checkpoint");
        // A history without an entry goes on to any other.
        if checkpoint.entries > 0 {
            known.push((checkpoint.entries, digest));
        }
    }
    Ok(known)
}
