//! Events: what the records of an event file hold.

use prost::{Message, Oneof};

use crate::{SummaryMetadata, TensorProto};

/// One record.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since the epoch; must be finite.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Position in training.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What happened.
    #[prost(oneof = "What", tags = "3, 5")]
    pub what: Option<What>,
    /// Who wrote the file; on its first record only.
    #[prost(message, optional, tag = "10")]
    pub source_metadata: Option<SourceMetadata>,
}

impl Event {
    /// One value of one tag.
    pub fn value(wall_time: f64, step: i64, value: Value) -> Self {
        Self { wall_time, step, what: Some(What::Summary(Summary { value: vec![value] })), source_metadata: None }
    }
}

/// What an event is. Graphs and logs of sessions are passed over.
#[derive(Clone, PartialEq, Oneof)]
pub enum What {
    /// Version of the format; the first record of a file.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// Values.
    #[prost(message, tag = "5")]
    Summary(Summary),
}

/// Who wrote a file.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SourceMetadata {
    /// Any name.
    #[prost(string, tag = "1")]
    pub writer: String,
}

/// Values of tags at one step.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// In order.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// A value of a tag.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// Name of the series.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// What the series is for; needed on its first value only.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<SummaryMetadata>,
    /// The value itself; none where the metadata says it all.
    #[prost(oneof = "Values", tags = "2, 4, 8")]
    pub value: Option<Values>,
}

/// Forms of values. Histograms and sounds of old writers are passed over.
#[derive(Clone, PartialEq, Oneof)]
pub enum Values {
    /// A scalar.
    #[prost(float, tag = "2")]
    Simple(f32),
    /// An image in the form that every reader knows.
    #[prost(message, tag = "4")]
    Image(Image),
    /// Anything else.
    #[prost(message, tag = "8")]
    Tensor(TensorProto),
}

/// An image.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Image {
    /// Pixels.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Pixels.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Number of channels; zero when not said.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// The file, PNG or JPEG.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded: Vec<u8>,
}
