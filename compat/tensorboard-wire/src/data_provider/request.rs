//! Which series are asked for.

use prost::Message;

/// Asks for a list of series, or for their values.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SeriesRequest {
    /// As in TensorBoard's address; empty without.
    #[prost(string, tag = "1")]
    pub experiment_id: String,
    /// Whose series; must be given.
    #[prost(message, optional, tag = "2")]
    pub plugin_filter: Option<PluginFilter>,
    /// Of which runs and tags; all without.
    #[prost(message, optional, tag = "3")]
    pub run_tag_filter: Option<RunTagFilter>,
    /// How many values; must be given where values are asked for.
    #[prost(message, optional, tag = "4")]
    pub downsample: Option<Downsample>,
}

impl SeriesRequest {
    /// Whose series; empty when not given.
    pub fn plugin(&self) -> &str {
        self.plugin_filter.as_ref().map_or("", |filter| filter.plugin_name.as_str())
    }

    /// Whether a run is asked for.
    pub fn wants_run(&self, name: &str) -> bool {
        self.run_tag_filter.as_ref().is_none_or(|filter| wants(filter.runs.as_ref(), name))
    }

    /// Whether a tag is asked for.
    pub fn wants_tag(&self, name: &str) -> bool {
        self.run_tag_filter.as_ref().is_none_or(|filter| wants(filter.tags.as_ref(), name))
    }
}

fn wants(names: Option<&Names>, name: &str) -> bool {
    names.is_none_or(|names| names.names.iter().any(|wanted| wanted == name))
}

/// A plugin's name.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PluginFilter {
    /// E.g. `scalars`.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
}

/// Names of runs and of tags.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RunTagFilter {
    /// All runs without.
    #[prost(message, optional, tag = "1")]
    pub runs: Option<Names>,
    /// All tags without.
    #[prost(message, optional, tag = "2")]
    pub tags: Option<Names>,
}

/// Names; an empty list asks for nothing.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Names {
    /// Sorted.
    #[prost(string, repeated, tag = "1")]
    pub names: Vec<String>,
}

/// How many values of each series.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Downsample {
    /// At most; the last value is always among them. None for zero.
    #[prost(int64, tag = "1")]
    pub num_points: i64,
}

/// Asks for a blob.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ReadBlobRequest {
    /// As given when it was listed.
    #[prost(string, tag = "1")]
    pub blob_key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_wants_all_and_an_empty_one_nothing() {
        let names = |names: &[&str]| Some(Names { names: names.iter().map(ToString::to_string).collect() });
        let request = |filter| SeriesRequest { run_tag_filter: filter, ..SeriesRequest::default() };
        assert!(request(None).wants_run("a") && request(None).wants_tag("a"));
        let some = request(Some(RunTagFilter { runs: names(&["a"]), tags: None }));
        assert!(some.wants_run("a") && !some.wants_run("b") && some.wants_tag("x"));
        let none = request(Some(RunTagFilter { runs: None, tags: names(&[]) }));
        assert!(none.wants_run("a") && !none.wants_tag("a"));
    }
}
