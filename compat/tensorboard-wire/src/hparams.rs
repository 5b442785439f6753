//! What the HPARAMS tab reads: metadata of two tags without values.
//!
//! Both are fixed by their first record in a run. No experiment tag is here on purpose: of several that are found
//! TensorBoard takes any one and hides the columns of all other runs; without one it infers them from all sessions.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

use crate::{DataClass, SummaryMetadata, TensorProto, Value, Values};

/// Tag that begins a session.
pub const SESSION_START_TAG: &str = "_hparams_/session_start_info";
/// Tag that ends a session.
pub const SESSION_END_TAG: &str = "_hparams_/session_end_info";
/// Name of the plugin.
const PLUGIN: &str = "hparams";

/// Content of the metadata of either tag.
#[derive(Clone, PartialEq, Message)]
pub struct HParamsPluginData {
    /// Must be 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// Which tag.
    #[prost(oneof = "Content", tags = "3, 4")]
    pub content: Option<Content>,
}

impl HParamsPluginData {
    /// Metadata that carries it.
    pub fn metadata(content: Content) -> SummaryMetadata {
        let data = Self { version: 0, content: Some(content) };
        SummaryMetadata::new(PLUGIN, data.encode_to_vec(), DataClass::Tensor)
    }

    /// The value that carries it in a file.
    pub fn value(content: Content) -> Value {
        let tag = match &content {
            Content::Start(_) => SESSION_START_TAG,
            Content::End(_) => SESSION_END_TAG,
        };
        Value {
            tag: tag.to_owned(),
            metadata: Some(Self::metadata(content)),
            value: Some(Values::Tensor(TensorProto::empty())),
        }
    }

    /// What metadata carries, when it is of this plugin.
    pub fn read(metadata: &SummaryMetadata) -> Option<Content> {
        let data = metadata.plugin_data.as_ref().filter(|data| data.plugin_name == PLUGIN)?;
        Self::decode(data.content.as_slice()).ok()?.content
    }
}

/// What a tag says.
#[derive(Clone, PartialEq, Oneof)]
pub enum Content {
    /// How a session began.
    #[prost(message, tag = "3")]
    Start(SessionStartInfo),
    /// How it ended.
    #[prost(message, tag = "4")]
    End(SessionEndInfo),
}

/// How a session began. Its group stays empty: runs of one group are shown as one.
#[derive(Clone, PartialEq, Message)]
pub struct SessionStartInfo {
    /// Values by name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub hparams: BTreeMap<String, Plain>,
    /// Seconds since the epoch.
    #[prost(double, tag = "5")]
    pub start_time_secs: f64,
}

/// How a session ended.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct SessionEndInfo {
    /// Its status.
    #[prost(enumeration = "SessionStatus", tag = "1")]
    pub status: i32,
    /// Seconds since the epoch.
    #[prost(double, tag = "2")]
    pub end_time_secs: f64,
}

/// Status of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum SessionStatus {
    /// Not said.
    Unknown = 0,
    /// Ended well.
    Success = 1,
    /// Ended otherwise.
    Failure = 2,
    /// Goes on.
    Running = 3,
}

/// `google.protobuf.Value`, without what the HPARAMS tab cannot show: nothing, lists and objects.
#[derive(Clone, PartialEq, Message)]
pub struct Plain {
    /// The value.
    #[prost(oneof = "PlainValue", tags = "2, 3, 4")]
    pub value: Option<PlainValue>,
}

/// A number, text or truth value.
#[derive(Clone, PartialEq, Oneof)]
pub enum PlainValue {
    /// Must be finite.
    #[prost(double, tag = "2")]
    Number(f64),
    /// Any text.
    #[prost(string, tag = "3")]
    Text(String),
    /// True or false.
    #[prost(bool, tag = "4")]
    Truth(bool),
}

impl Plain {
    /// A param, which is a text, as what it looks like: without numbers every axis of the tab is a list of names.
    pub fn from_param(text: &str) -> Self {
        let number = || text.parse().ok().filter(|number: &f64| number.is_finite());
        let value = match text {
            "true" | "True" => PlainValue::Truth(true),
            "false" | "False" => PlainValue::Truth(false),
            _ => number().map_or_else(|| PlainValue::Text(text.to_owned()), PlainValue::Number),
        };
        Self { value: Some(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_get_the_type_they_look_like() {
        let cases = [
            ("0.1", PlainValue::Number(0.1)),
            ("-3", PlainValue::Number(-3.0)),
            ("1e-4", PlainValue::Number(1e-4)),
            ("True", PlainValue::Truth(true)),
            ("false", PlainValue::Truth(false)),
            ("nan", PlainValue::Text("nan".to_owned())),
            ("inf", PlainValue::Text("inf".to_owned())),
            ("1e999", PlainValue::Text("1e999".to_owned())),
            ("adam", PlainValue::Text("adam".to_owned())),
            ("", PlainValue::Text(String::new())),
            (" 1", PlainValue::Text(" 1".to_owned())),
        ];
        for (text, expected) in cases {
            assert_eq!(Plain::from_param(text).value, Some(expected), "{text:?}");
        }
    }

    #[test]
    fn content_is_read_back() {
        let end = Content::End(SessionEndInfo { status: SessionStatus::Failure.into(), end_time_secs: 7.0 });
        assert_eq!(HParamsPluginData::read(&HParamsPluginData::metadata(end.clone())), Some(end));
        assert_eq!(HParamsPluginData::read(&SummaryMetadata::default()), None);
    }
}
