//! Traces with their spans: documents as OpenTelemetry's JSON, and all of a trace in one file.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Map, Value, json};
use trackside_core::{Span, Trace};

use super::any::Any;
use crate::{TraceInfo, trace};

/// A trace with its spans.
#[derive(Debug, Serialize)]
pub struct TraceOfSpans {
    /// The trace itself.
    pub trace_info: TraceInfo,
    /// Its spans, roots first, in the JSON of OpenTelemetry but for ids, which are in base64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Value>,
}

/// Answer of `traces/get`.
#[derive(Debug, Serialize)]
pub struct SpansFound {
    /// The trace.
    pub trace: TraceOfSpans,
}

/// Answer of `traces/batchGet`.
#[derive(Debug, Serialize)]
pub struct TracesOfSpans {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<TraceOfSpans>,
}

impl TraceOfSpans {
    /// Whether the spans of this trace are here, and not in a file that its client has uploaded.
    pub fn is_here(trace: &Trace) -> bool {
        let location = trace.tags.iter().find(|tag| tag.key.as_str() == trace::SPANS_LOCATION);
        location.is_some_and(|tag| tag.value == trace::TRACKING_STORE)
    }

    /// Whether so many spans are all that its client has said there are; at least one.
    pub fn is_complete(trace: &Trace, n_spans: usize) -> bool {
        let stats = trace.metadata.iter().find(|pair| pair.key.as_str() == trace::SIZE_STATS);
        let stats = stats.and_then(|pair| Any::parse(&pair.value));
        let expected = match stats.as_ref().and_then(|stats| stats.get("num_spans")) {
            Some(Any::Int(number)) => usize::try_from(*number).unwrap_or_default(),
            _ => 0,
        };
        n_spans > 0 && n_spans >= expected
    }

    /// With these spans.
    pub fn of(trace: Trace, spans: &[Span]) -> Self {
        let spans = spans.iter().filter_map(|span| Any::parse(&span.document)).map(|document| shown(&document));
        Self { spans: spans.collect(), trace_info: trace.into() }
    }
}

/// All spans in one document.
pub fn spans_file(spans: &[Span]) -> String {
    let documents: Vec<_> = spans.iter().map(|span| span.document.as_str()).collect();
    format!("{{\"spans\":[{}]}}", documents.join(","))
}

/// A document as protobuf writes the message in JSON: what has its default is left out.
fn shown(document: &Any) -> Value {
    let mut span = Map::new();
    let text = |value: Option<&Any>| value.and_then(Any::as_text).filter(|text| !text.is_empty()).map(str::to_owned);
    for key in ["trace_id", "span_id", "parent_span_id", "name"] {
        span.extend(text(document.get(key)).map(|text| (key.to_owned(), text.into())));
    }
    for key in ["start_time_unix_nano", "end_time_unix_nano"] {
        span.extend(number(document.get(key)).map(|number| (key.to_owned(), number)));
    }
    let attributes = document.get("attributes").map(|attributes| pairs(attributes, &loaded));
    insert_list(&mut span, "attributes", attributes.unwrap_or_default());
    insert_list(&mut span, "events", items(document.get("events")).iter().map(event).collect());
    insert_list(&mut span, "links", items(document.get("links")).iter().filter_map(link).collect());
    let mut status = Map::new();
    if let Some(told) = document.get("status") {
        let code = text(told.get("code")).filter(|code| code != "STATUS_CODE_UNSET");
        status.extend(code.map(|code| ("code".to_owned(), code.into())));
        status.extend(text(told.get("message")).map(|message| ("message".to_owned(), message.into())));
    }
    span.insert("status".to_owned(), status.into());
    span.into()
}

fn items(list: Option<&Any>) -> &[Any] {
    match list {
        Some(Any::List(items)) => items,
        _ => &[],
    }
}

fn number(value: Option<&Any>) -> Option<Value> {
    match value {
        Some(Any::Int(number)) if *number != 0 => Some((*number).into()),
        _ => None,
    }
}

fn insert_list(object: &mut Map<String, Value>, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        object.insert(key.to_owned(), list.into());
    }
}

fn event(event: &Any) -> Value {
    let mut shown = Map::new();
    shown.extend(number(event.get("time_unix_nano")).map(|number| ("time_unix_nano".to_owned(), number)));
    let name = event.get("name").and_then(Any::as_text).filter(|name| !name.is_empty());
    shown.extend(name.map(|name| ("name".to_owned(), name.into())));
    insert_list(
        &mut shown,
        "attributes",
        event.get("attributes").map(|map| pairs(map, &Any::clone)).unwrap_or_default(),
    );
    shown.into()
}

/// `None` for ids that are none of OpenTelemetry.
fn link(link: &Any) -> Option<Value> {
    let id = |key: &str, prefix: &str, digits: usize| {
        let text = link.get(key)?.as_text()?;
        let text = text.strip_prefix(prefix).unwrap_or(text);
        let padded = format!("{text:0>digits$}");
        let byte = |at: usize| u8::from_str_radix(padded.get(at..at + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..digits).step_by(2).map(byte).collect();
        bytes.filter(|_| padded.len() == digits).map(|bytes| STANDARD.encode(bytes))
    };
    let mut shown = Map::new();
    shown.insert("trace_id".to_owned(), id("trace_id", "tr-", 32)?.into());
    shown.insert("span_id".to_owned(), id("span_id", "", 16)?.into());
    insert_list(
        &mut shown,
        "attributes",
        link.get("attributes").map(|map| pairs(map, &Any::clone)).unwrap_or_default(),
    );
    Some(shown.into())
}

/// A dumped value of an attribute.
fn loaded(value: &Any) -> Any {
    match value {
        Any::Text(text) => Any::parse(text).unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

fn pairs(map: &Any, read: &impl Fn(&Any) -> Any) -> Vec<Value> {
    match map {
        Any::Map(entries) => entries.iter().map(|(key, value)| pair(key, &read(value))).collect(),
        _ => Vec::new(),
    }
}

fn pair(key: &str, any: &Any) -> Value {
    match value(any) {
        Value::Null => json!({ "key": key }),
        value => json!({ "key": key, "value": value }),
    }
}

/// The object that says the type; null for nothing.
fn value(any: &Any) -> Value {
    match any {
        Any::Null => Value::Null,
        Any::Bool(value) => json!({ "bool_value": value }),
        Any::Int(value) => json!({ "int_value": value }),
        Any::Double(value) if value.is_nan() => json!({ "double_value": "NaN" }),
        Any::Double(value) if value.is_infinite() => {
            json!({ "double_value": if *value > 0.0 { "Infinity" } else { "-Infinity" } })
        }
        Any::Double(value) => json!({ "double_value": value }),
        Any::Text(value) => json!({ "string_value": value }),
        Any::List(items) if items.is_empty() => json!({ "array_value": {} }),
        Any::List(items) => {
            let values: Vec<_> =
                items.iter().map(|item| if *item == Any::Null { json!({}) } else { value(item) }).collect();
            json!({ "array_value": { "values": values } })
        }
        Any::Map(entries) if entries.is_empty() => json!({ "kvlist_value": {} }),
        Any::Map(_) => json!({ "kvlist_value": { "values": pairs(any, &Any::clone) } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_message() {
        let document = Any::parse(
            r#"{"trace_id": "AQ==", "span_id": "Ag==", "parent_span_id": null, "name": "n", "start_time_unix_nano": 5,
                "end_time_unix_nano": 0, "events": [{"name": "e", "time_unix_nano": 1, "attributes": {"f": "1"}}],
                "status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": {"t": "\"x\"", "l": "[1, null]",
                "m": "{\"k\": 1.5}", "n": "null", "nan": "NaN", "odd": "nope"},
                "links": [{"trace_id": "tr-00000000000000000000000000000001", "span_id": "0000000000000002"},
                          {"trace_id": "x", "span_id": "y"}]}"#,
        );
        assert_eq!(
            shown(&document.unwrap()),
            json!({
                "trace_id": "AQ==", "span_id": "Ag==", "name": "n", "start_time_unix_nano": 5,
                "events": [{"name": "e", "time_unix_nano": 1, "attributes": [{"key": "f", "value": {"string_value": "1"}}]}],
                "status": {"code": "STATUS_CODE_OK"},
                "attributes": [
                    {"key": "t", "value": {"string_value": "x"}},
                    {"key": "l", "value": {"array_value": {"values": [{"int_value": 1}, {}]}}},
                    {"key": "m", "value": {"kvlist_value": {"values": [{"key": "k", "value": {"double_value": 1.5}}]}}},
                    {"key": "n"},
                    {"key": "nan", "value": {"double_value": "NaN"}},
                    {"key": "odd", "value": {"string_value": "nope"}},
                ],
                "links": [{"trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI="}],
            })
        );
    }
}
