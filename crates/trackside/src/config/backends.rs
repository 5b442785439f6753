//! `backends` and `TRACKER_BACKEND`: which of the configured sinks are used.

use crate::config::{
    scalar,
    section::{Field, Section},
    sink::SinkConfig,
    suggestion::nearest,
    value::Origin,
};

const BACKENDS: Field =
    Field::new("backends", "names of sinks in a list or with commas between them, or none", "[mlflow, tb]");

/// Reads which sinks are wanted. `None` means all.
pub(crate) fn read(root: &mut Section<'_>) -> Option<(Vec<String>, Origin)> {
    let origin = root.origin_of(&BACKENDS.key).cloned();
    let words = root.optional(&BACKENDS, scalar::words, |words| words.clone().into())?;
    Some((words, origin.unwrap_or(Origin::Default)))
}

/// Keeps what is wanted and enabled. A name that no sink has, or a sink that is wanted but disabled, is a fault.
pub(crate) fn select(
    root: &mut Section<'_>,
    names: &[String],
    sinks: Vec<SinkConfig>,
    wanted: Option<(Vec<String>, Origin)>,
) -> Vec<SinkConfig> {
    let enabled = |sink: &SinkConfig| sink.enabled;
    let Some((wanted, origin)) = wanted else { return sinks.into_iter().filter(enabled).collect() };
    if wanted == ["none"] && !names.iter().any(|name| name == "none") {
        return Vec::new();
    }
    for name in &wanted {
        let disabled = sinks.iter().any(|sink| sink.name == *name && !sink.enabled);
        let found = if !names.contains(name) {
            match nearest(name, names.iter().map(String::as_str)) {
                Some(meant) => format!("`{name}`, which is no sink; did you mean `{meant}`?"),
                None => format!("`{name}`, which is no sink"),
            }
        } else if disabled {
            format!("`{name}`, which has `enabled: false`")
        } else {
            continue;
        };
        let allowed = match names.join(", ") {
            known if known.is_empty() => "none, as there are no sinks".to_owned(),
            known => format!("{known}; or none"),
        };
        root.fault(&Field { allowed: allowed.into(), ..BACKENDS.clone() }, &origin, found);
    }
    sinks.into_iter().filter(|sink| enabled(sink) && wanted.contains(&sink.name)).collect()
}
