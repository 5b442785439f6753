//! Records of `.wandb` files: protobuf messages, with the fields that matter to us.
//!
//! Source: `wandb.proto.wandb_internal_pb2` of the client 0.31.0; names and numbers are the protocol's.

use prost::Message;

/// One record; exactly one of its kinds is present.
#[derive(Clone, PartialEq, Message)]
pub struct Record {
    /// Running number, from 1.
    #[prost(int64, tag = "1")]
    pub num: i64,
    /// A row of metrics.
    #[prost(message, optional, tag = "2")]
    pub history: Option<History>,
    /// Latest values.
    #[prost(message, optional, tag = "3")]
    pub summary: Option<Items>,
    /// Settings of the run.
    #[prost(message, optional, tag = "5")]
    pub config: Option<Items>,
    /// Files beside the record file.
    #[prost(message, optional, tag = "6")]
    pub files: Option<Files>,
    /// What is known of a metric.
    #[prost(message, optional, tag = "12")]
    pub metric: Option<Metric>,
    /// How the record is to be treated. `wandb sync` 0.28 waits for ever without it on the run record.
    #[prost(message, optional, tag = "16")]
    pub control: Option<Control>,
    /// The run itself.
    #[prost(message, optional, tag = "17")]
    pub run: Option<Run>,
    /// The end of the run.
    #[prost(message, optional, tag = "18")]
    pub exit: Option<Exit>,
    /// Comes first.
    #[prost(message, optional, tag = "21")]
    pub header: Option<Header>,
}

/// The first record.
#[derive(Clone, PartialEq, Message)]
pub struct Header {
    /// Versions.
    #[prost(message, optional, tag = "1")]
    pub version_info: Option<VersionInfo>,
}

/// Versions.
#[derive(Clone, PartialEq, Message)]
pub struct VersionInfo {
    /// Of the writer.
    #[prost(string, tag = "1")]
    pub producer: String,
    /// Of the oldest reader.
    #[prost(string, tag = "2")]
    pub min_consumer: String,
}

/// How a record is to be treated.
#[derive(Clone, PartialEq, Message)]
pub struct Control {
    /// Who waits for an answer.
    #[prost(string, tag = "4")]
    pub mailbox_slot: String,
}

/// The run itself.
#[derive(Clone, PartialEq, Message)]
pub struct Run {
    /// Id.
    #[prost(string, tag = "1")]
    pub run_id: String,
    /// Empty for the default one.
    #[prost(string, tag = "2")]
    pub entity: String,
    /// Project.
    #[prost(string, tag = "3")]
    pub project: String,
    /// Settings it begins with.
    #[prost(message, optional, tag = "4")]
    pub config: Option<Items>,
    /// What runs are grouped by.
    #[prost(string, tag = "6")]
    pub run_group: String,
    /// Label.
    #[prost(string, tag = "8")]
    pub display_name: String,
    /// Free text.
    #[prost(string, tag = "9")]
    pub notes: String,
    /// When it started.
    #[prost(message, optional, tag = "17")]
    pub start_time: Option<Time>,
    /// Where its code comes from.
    #[prost(message, optional, tag = "21")]
    pub git: Option<Git>,
}

/// An instant.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Time {
    /// Since the epoch.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// From 0.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Where code comes from.
#[derive(Clone, PartialEq, Message)]
pub struct Git {
    /// Repository.
    #[prost(string, tag = "1")]
    pub remote_url: String,
    /// Commit.
    #[prost(string, tag = "2")]
    pub commit: String,
}

/// Changes of config or summary.
#[derive(Clone, PartialEq, Message)]
pub struct Items {
    /// What is set.
    #[prost(message, repeated, tag = "1")]
    pub update: Vec<Item>,
    /// What is removed.
    #[prost(message, repeated, tag = "2")]
    pub remove: Vec<Item>,
}

/// One value, under one key or under a path of keys.
#[derive(Clone, PartialEq, Message)]
pub struct Item {
    /// The key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The path, when the key is empty.
    #[prost(string, repeated, tag = "2")]
    pub nested_key: Vec<String>,
    /// The value as extended JSON.
    #[prost(string, tag = "16")]
    pub value_json: String,
}

/// A row of metrics. `_step` must be among the items: without it the rows are numbered anew.
#[derive(Clone, PartialEq, Message)]
pub struct History {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub item: Vec<Item>,
    /// The step once more.
    #[prost(message, optional, tag = "2")]
    pub step: Option<Step>,
}

/// A step.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Step {
    /// The number.
    #[prost(int64, tag = "1")]
    pub num: i64,
}

/// Files of the run.
#[derive(Clone, PartialEq, Message)]
pub struct Files {
    /// Which.
    #[prost(message, repeated, tag = "1")]
    pub files: Vec<File>,
}

/// A file of the run.
#[derive(Clone, PartialEq, Message)]
pub struct File {
    /// Path below `files/`.
    #[prost(string, tag = "1")]
    pub path: String,
    /// When to upload it: 0 at once, 1 at the end, 2 whenever it changes.
    #[prost(int32, tag = "2")]
    pub policy: i32,
}

/// What is known of a metric.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// Which.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What holds of it.
    #[prost(message, optional, tag = "6")]
    pub options: Option<MetricOptions>,
}

/// What holds of a metric.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct MetricOptions {
    /// Not shown of its own accord.
    #[prost(bool, tag = "2")]
    pub hidden: bool,
    /// Defined by hand.
    #[prost(bool, tag = "3")]
    pub defined: bool,
}

/// The end of a run. Without it a synchronised run counts as failed.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Exit {
    /// 0 when it ended well.
    #[prost(int32, tag = "1")]
    pub exit_code: i32,
    /// In seconds.
    #[prost(int32, tag = "2")]
    pub runtime: i32,
}

impl Item {
    /// A value under one key.
    pub fn new(key: impl Into<String>, value_json: impl Into<String>) -> Self {
        Self { key: key.into(), nested_key: Vec::new(), value_json: value_json.into() }
    }

    /// A value under a path of keys.
    pub fn nested(path: &[&str], value_json: impl Into<String>) -> Self {
        let nested_key = path.iter().map(|key| (*key).to_owned()).collect();
        Self { key: String::new(), nested_key, value_json: value_json.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_written_as_the_vendor_numbers_it() {
        let row = History { item: vec![Item::new("a", "NaN")], step: Some(Step { num: 5 }) };
        let record = Record { num: 2, history: Some(row), ..Record::default() };
        let bytes = record.encode_to_vec();
        assert_eq!(bytes, b"\x08\x02\x12\x0f\x0a\x09\x0a\x01a\x82\x01\x03NaN\x12\x02\x08\x05");
        assert_eq!(Record::decode(bytes.as_slice()).unwrap(), record);
    }
}
