//! A span as MLflow keeps it: one line of JSON as Python writes it, for filters look for texts in it. Values of
//! attributes are JSON within texts.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    any::{Any, dump_text, entries, shown_bytes},
    message::{self, AnyValue, KeyValue, Value},
};

/// The attribute that names the trace.
pub(super) const TRACE_ID: &str = "mlflow.traceRequestId";

/// What becomes a document.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) trace_id: u128,
    pub(super) span_id: u64,
    pub(super) parent_id: Option<u64>,
    pub(super) span: &'a message::Span,
    /// Dumped values by key.
    pub(super) attributes: Vec<(String, String)>,
}

impl<'a> Document<'a> {
    /// `None` without ids, or with ids that are too long.
    pub(super) fn of(span: &'a message::Span) -> Option<Self> {
        let trace_id = number::<16>(&span.trace_id).map(u128::from_be_bytes)?;
        let span_id = number::<8>(&span.span_id).map(u64::from_be_bytes)?;
        let parent_id = match span.parent_span_id.as_slice() {
            [] => None,
            id => Some(u64::from_be_bytes(number::<8>(id)?)).filter(|id| *id != 0),
        };
        let dumped = span.attributes.iter().map(|pair| (pair.key.clone(), value(pair).dumped()));
        let own_id = (TRACE_ID.to_owned(), Any::Text(trace_name(trace_id)).dumped());
        let attributes = entries(dumped.chain([own_id])).into_iter().map(|(key, value)| (key, dumped_once(value)));
        Some(Self { trace_id, span_id, parent_id, span, attributes: attributes.collect() })
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Sets an attribute to a dumped value, in the place it has.
    pub(super) fn set(&mut self, key: &str, value: String) {
        match self.attributes.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => *known = value,
            None => self.attributes.push((key.to_owned(), value)),
        }
    }

    /// The line.
    pub(super) fn written(&self) -> String {
        let span = self.span;
        let text = |text: &str| Any::Text(text.to_owned());
        let base64 = |bytes: &[u8]| Any::Text(STANDARD.encode(bytes));
        let status = span.status.clone().unwrap_or_default();
        let fields = [
            ("trace_id", base64(&self.trace_id.to_be_bytes())),
            ("span_id", base64(&self.span_id.to_be_bytes())),
            ("parent_span_id", self.parent_id.map_or(Any::Null, |id| base64(&id.to_be_bytes()))),
            ("name", text(&span.name)),
            ("start_time_unix_nano", Any::Int(nanos(span.start_time_unix_nano))),
            ("end_time_unix_nano", Any::Int(nanos(span.end_time_unix_nano))),
            ("events", Any::List(span.events.iter().map(event).collect())),
            ("status", map([("code", text(status_name(status.code))), ("message", text(&status.message))])),
            ("attributes", Any::Map(self.attributes.iter().map(|(key, value)| (key.clone(), text(value))).collect())),
            ("links", Any::List(span.links.iter().map(link).collect())),
        ];
        let mut line = String::from("{");
        for (at, (key, value)) in fields.iter().enumerate() {
            line.push_str(if at == 0 { "" } else { ", " });
            dump_text(key, &mut line);
            line.push_str(": ");
            value.dump(&mut line);
        }
        line.push('}');
        line
    }
}

/// The id that MLflow gives to a trace of OpenTelemetry.
pub(super) fn trace_name(id: u128) -> String {
    format!("tr-{id:032x}")
}

/// An instant that core can hold: until the year 2262.
pub(super) fn nanos(instant: u64) -> i64 {
    i64::try_from(instant).unwrap_or(i64::MAX)
}

/// Bytes as a number of so many, without the zeros before it; `None` if there are none or too many.
fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    if bytes.is_empty() {
        return None;
    }
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = &bytes[first..];
    let mut number = [0; N];
    number[N.checked_sub(digits.len())?..].copy_from_slice(digits);
    Some(number)
}

fn status_name(code: i32) -> &'static str {
    match code {
        1 => "STATUS_CODE_OK",
        2 => "STATUS_CODE_ERROR",
        _ => "STATUS_CODE_UNSET",
    }
}

fn map<const N: usize>(entries: [(&str, Any); N]) -> Any {
    Any::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
}

fn event(event: &message::Event) -> Any {
    map([
        ("name", Any::Text(event.name.clone())),
        ("time_unix_nano", Any::Int(nanos(event.time_unix_nano))),
        ("attributes", Any::Map(values(&event.attributes))),
    ])
}

fn link(link: &message::Link) -> Any {
    let attributes = if link.attributes.is_empty() { Any::Null } else { Any::Map(values(&link.attributes)) };
    map([
        ("trace_id", Any::Text(format!("tr-{:0>32}", base16(&link.trace_id)))),
        ("span_id", Any::Text(format!("{:0>16}", base16(&link.span_id)))),
        ("attributes", attributes),
    ])
}

fn base16(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The values of a list of pairs.
pub(super) fn values(pairs: &[KeyValue]) -> Vec<(String, Any)> {
    entries(pairs.iter().map(|pair| (pair.key.clone(), value(pair))))
}

fn value(pair: &KeyValue) -> Any {
    pair.value.as_ref().map_or(Any::Null, any)
}

fn any(value: &AnyValue) -> Any {
    match &value.value {
        None => Any::Null,
        Some(Value::Text(text)) => Any::Text(text.clone()),
        Some(Value::Bool(value)) => Any::Bool(*value),
        Some(Value::Int(value)) => Any::Int(*value),
        Some(Value::Double(value)) => Any::Double(*value),
        Some(Value::List(list)) => Any::List(list.values.iter().map(any).collect()),
        Some(Value::Map(list)) => Any::Map(values(&list.values)),
        Some(Value::Bytes(bytes)) => Any::Text(shown_bytes(bytes)),
    }
}

/// Some exporters send values that are JSON already: texts, lists and objects of those lose one wrapping. Numbers do
/// not, for `"1"` may well be meant as a text.
fn dumped_once(value: String) -> String {
    let Some(Any::Text(inner)) = Any::parse(&value) else { return value };
    match Any::parse(&inner) {
        Some(Any::Text(_) | Any::Map(_) | Any::List(_)) => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> message::Span {
        let attribute =
            |key: &str, value: Value| KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) };
        message::Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            name: "ä\"".to_owned(),
            start_time_unix_nano: 5,
            attributes: vec![
                attribute("a", Value::Text("{\"x\": 1}".to_owned())),
                attribute("b", Value::Text("1".to_owned())),
                attribute("a", Value::Text("[]".to_owned())),
                attribute("c", Value::Bytes(vec![0])),
            ],
            events: vec![message::Event { time_unix_nano: 6, name: "e".to_owned(), attributes: vec![] }],
            ..message::Span::default()
        }
    }

    #[test]
    fn a_span_is_one_line_of_json() {
        let span = span();
        let written = Document::of(&span).unwrap().written();
        assert_eq!(
            written,
            r#"{"trace_id": "AQEBAQEBAQEBAQEBAQEBAQ==", "span_id": "AgICAgICAgI=", "parent_span_id": null, "#
                .to_owned()
                + r#""name": "ä\"", "start_time_unix_nano": 5, "end_time_unix_nano": 0, "#
                + r#""events": [{"name": "e", "time_unix_nano": 6, "attributes": {}}], "#
                + r#""status": {"code": "STATUS_CODE_UNSET", "message": ""}, "attributes": {"a": "[]", "b": "\"1\"", "#
                + r#""c": "\"b'\\\\x00'\"", "mlflow.traceRequestId": "\"tr-01010101010101010101010101010101\""}, "#
                + r#""links": []}"#
        );
    }

    #[test]
    fn ids_must_be_there_and_fit() {
        for bad in [
            message::Span { trace_id: vec![], ..span() },
            message::Span { trace_id: vec![1; 17], ..span() },
            message::Span { span_id: vec![], ..span() },
            message::Span { span_id: vec![1; 9], ..span() },
            message::Span { parent_span_id: vec![1; 9], ..span() },
        ] {
            assert!(Document::of(&bad).is_none(), "{bad:?}");
        }
        let zero = message::Span { parent_span_id: vec![0; 8], trace_id: vec![7], ..span() };
        let document = Document::of(&zero).unwrap();
        assert_eq!((document.parent_id, document.trace_id), (None, 7));
    }
}
