//! Records of `.wandb` files: protobuf messages, with the fields that matter to us.
//!
//! Source: `wandb.proto.wandb_internal_pb2` of the client 0.31.0; names and numbers are the protocol's.

mod files;
mod items;
mod metric;
mod run;
mod streams;

use prost::Message;

pub use self::{
    files::{File, Files},
    items::{History, Item, Items, Step},
    metric::{Metric, MetricOptions, MetricSummary},
    run::{Exit, Git, Run, Time},
    streams::{OutputRaw, Stats},
};

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
    /// What the system measured.
    #[prost(message, optional, tag = "7")]
    pub stats: Option<Stats>,
    /// An artifact, as it came.
    #[prost(bytes = "vec", optional, tag = "8")]
    pub artifact: Option<Vec<u8>>,
    /// What is known of a metric.
    #[prost(message, optional, tag = "12")]
    pub metric: Option<Metric>,
    /// What the program wrote.
    #[prost(message, optional, tag = "13")]
    pub output_raw: Option<OutputRaw>,
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
