//! Tags and metadata that are fields of core's trace, in both directions.

use compact_str::CompactString;
use trackside_core::{self as core, Key, KeyValue, TraceFacts};

use super::{Pairs, usage};
use crate::{Failure, names};

/// The tag that shows the name of a trace.
pub(crate) const NAME_TAG: &str = "mlflow.traceName";
/// The tag that shows where its files are. What a client says of it is passed over.
pub(crate) const ARTIFACTS_TAG: &str = "mlflow.artifactLocation";
/// Metadata that shows the session.
pub(crate) const SESSION: &str = "mlflow.trace.session";
/// Metadata that shows tokens.
pub(crate) const TOKENS: &str = "mlflow.trace.tokenUsage";
/// Metadata that shows the cost.
pub(crate) const COST: &str = "mlflow.trace.cost";
/// Metadata that shows that the trace was described as a whole.
const DESCRIBED: &str = "mlflow.trace.infoFinalized";

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 4096;
/// Longest session, in characters.
const MAX_SESSION_CHARS: usize = 250;
/// Longest keys and values that are shown, in characters (`tracing/constant.py`, MLflow 3.17.2).
const SHOWN_METADATA_CHARS: usize = 250;
const SHOWN_KEY_CHARS: usize = 250;
const SHOWN_TAG_CHARS: usize = 4096;

/// What tags and metadata of a request say.
pub(crate) fn facts(metadata: Pairs, tags: Pairs) -> Result<TraceFacts, Failure> {
    let mut facts = TraceFacts::default();
    for (key, value) in metadata.0 {
        match key.as_str() {
            SESSION => facts.session = Some(session(value)?),
            TOKENS => usage::tokens(&value, &mut facts.usage),
            COST => usage::cost(&value, &mut facts.usage),
            DESCRIBED => {}
            _ => facts.metadata.push(KeyValue { key: Key::new(key)?, value }),
        }
    }
    for (key, value) in tags.0 {
        match key.as_str() {
            NAME_TAG => facts.name = Some(name(value)?),
            ARTIFACTS_TAG => {}
            _ => facts.tags.push(KeyValue { key: Key::new(key)?, value }),
        }
    }
    Ok(facts)
}

/// Checks a name.
pub(crate) fn name(name: String) -> Result<String, Failure> {
    names::max_chars(&name, MAX_NAME_CHARS, "Trace name")?;
    Ok(name)
}

/// Checks the name of a session.
pub(crate) fn session(session: String) -> Result<String, Failure> {
    names::max_chars(&session, MAX_SESSION_CHARS, "Session ID")?;
    Ok(session)
}

/// The metadata to show.
pub(crate) fn shown_metadata(trace: &mut core::Trace) -> Pairs {
    let described = trace.is_described.then(|| "true".to_owned());
    let others = [
        (SESSION, trace.session.take()),
        (TOKENS, usage::written_tokens(&trace.usage)),
        (COST, usage::written_cost(&trace.usage)),
        (DESCRIBED, described),
    ];
    shown(std::mem::take(&mut trace.metadata), others, SHOWN_METADATA_CHARS)
}

/// The tags to show.
pub(crate) fn shown_tags(trace: &mut core::Trace) -> Pairs {
    let artifacts = std::mem::take(&mut trace.artifact_uri);
    let others = [(NAME_TAG, trace.name.take()), (ARTIFACTS_TAG, Some(artifacts))];
    shown(std::mem::take(&mut trace.tags), others, SHOWN_TAG_CHARS)
}

fn shown<const N: usize>(pairs: Vec<KeyValue>, others: [(&str, Option<String>); N], max: usize) -> Pairs {
    let pairs = pairs.into_iter().map(|pair| (CompactString::from(pair.key), pair.value));
    let others = others.into_iter().filter_map(|(key, value)| Some((CompactString::from(key), value?)));
    let cut = |(key, value): (CompactString, String)| {
        let key = match key.char_indices().nth(SHOWN_KEY_CHARS) {
            Some((end, _)) => CompactString::from(&key[..end]),
            None => key,
        };
        (key, names::truncated(value, max))
    };
    Pairs(pairs.chain(others).map(cut).collect())
}
