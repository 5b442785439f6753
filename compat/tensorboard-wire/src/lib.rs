//! What TensorBoard reads: the messages of its event files and of its data-provider protocol, and the framing of
//! event files. No I/O.
//!
//! Only the fields that matter are here; readers skip the others, as protobuf does. Numbers and names of fields are
//! those of TensorBoard 2.21.0.

#![warn(missing_docs)]

pub mod data_provider;
mod event;
mod event_file;
mod hparams;
pub mod markdown;
mod metadata;
mod record;
mod scalar;
mod tensor;
mod wall_time;

pub use event::{Event, Image, SourceMetadata, Summary, Value, Values, What};
pub use event_file::{Damage, Events, FILE_VERSION, file_name, first_event};
pub use hparams::{
    Content, HParamsPluginData, Plain, PlainValue, SESSION_END_TAG, SESSION_START_TAG, SessionEndInfo,
    SessionStartInfo, SessionStatus,
};
pub use metadata::{DataClass, PluginData, SummaryMetadata};
pub use record::{Frame, append_message, append_record, data_checksum, frame, header};
pub use scalar::ScalarTag;
pub use tensor::{DType, Dim, TensorProto, TensorShape};
pub use wall_time::{from_wall_time, wall_time};
