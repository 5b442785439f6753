//! `POST /v1/traces`: spans of any traces, taken whole or not at all.

use std::collections::HashMap;

use prost::Message;
use trackside_core::{self as core, KeyValue, SpanBatch, SpanStatus, Tag, TraceFacts, TraceId, Usage};

use super::{
    any::Any,
    dialect,
    document::{Document, nanos, trace_name, values},
    message::{Export, ResourceSpans},
    preview::preview,
};
use crate::{
    Failure,
    trace::{self, facts},
};

/// Most spans of one request. Exporters send some hundreds; MLflow has no limit.
const MAX_SPANS: usize = 100_000;
/// Longest name of a model or its provider, in characters; the rest is cut.
const MAX_MODEL_CHARS: usize = 500;
/// Programs whose name the root of a trace shows (`server/otel_api.py`, MLflow 3.17.2).
const KNOWN_PROGRAMS: [&str; 5] = ["claude-code", "codex_cli_rs", "codex_vscode", "gemini-cli", "qwen-code"];
/// The attributes of MLflow.
const KIND: &str = "mlflow.spanType";
const INPUTS: &str = "mlflow.spanInputs";
const OUTPUTS: &str = "mlflow.spanOutputs";
const TOKENS: &str = "mlflow.chat.tokenUsage";
const COST: &str = "mlflow.llm.cost";
const MODEL: &str = "mlflow.llm.model";
const PROVIDER: &str = "mlflow.llm.provider";
const FORMAT: &str = "mlflow.message.format";
const TOOLS: &str = "mlflow.chat.tools";
const TAG_PREFIX: &str = "mlflow.traceTag.";

/// What a request asks to write.
#[derive(Debug, Default, PartialEq)]
pub struct Exported {
    /// By trace, in the order they came.
    pub batches: Vec<SpanBatch>,
    /// Traces whose root is among the spans.
    pub roots: Vec<TraceId>,
}

/// Why a request is refused.
#[derive(Debug)]
pub enum Refusal {
    /// In the shape of MLflow's native routes: a status and a text.
    Detail(u16, String),
    /// In the shape of all others.
    Failure(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<core::Error> for Refusal {
    fn from(error: core::Error) -> Self {
        Self::Failure(error.into())
    }
}

fn detail(status: u16, text: impl Into<String>) -> Refusal {
    Refusal::Detail(status, text.into())
}

/// Reads a request in protobuf.
pub fn from_protobuf(body: &[u8]) -> Result<Exported, Refusal> {
    export(&Export::decode(body).map_err(|_| detail(400, "Invalid OpenTelemetry format"))?)
}

/// Reads a request in JSON.
pub fn from_json(body: &[u8]) -> Result<Exported, Refusal> {
    let object: crate::object::Object<Export> =
        serde_json::from_slice(body).map_err(|_| detail(400, "Invalid OpenTelemetry format"))?;
    export(&object.0)
}

fn export(request: &Export) -> Result<Exported, Refusal> {
    if request.resource_spans.is_empty() {
        return Err(detail(400, "Invalid OpenTelemetry format - no spans found"));
    }
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    let n_spans: usize = scopes.map(|scope| scope.spans.len()).sum();
    if n_spans > MAX_SPANS {
        return Err(detail(413, format!("{n_spans} spans in one request, at most {MAX_SPANS} are allowed")));
    }
    let mut gathered = Gathered::default();
    for resource in &request.resource_spans {
        gathered.take(resource)?;
    }
    gathered.exported()
}

/// Spans by trace.
#[derive(Default)]
struct Gathered {
    traces: Vec<Pending>,
    places: HashMap<u128, usize>,
}

/// What is known of one trace so far.
#[derive(Default)]
struct Pending {
    id: u128,
    spans: Vec<core::Span>,
    has_root: bool,
    request_preview: Option<String>,
    response_preview: Option<String>,
    session: Option<String>,
    user: Option<String>,
    /// Of the first span that has any.
    resource: Vec<Tag>,
    /// Of the roots.
    name: Option<String>,
    tags: Vec<Tag>,
}

impl Gathered {
    fn take(&mut self, resource: &ResourceSpans) -> Result<(), Refusal> {
        let attributes = resource.resource.as_ref().map(|resource| values(&resource.attributes)).unwrap_or_default();
        let program = attributes.iter().find(|(key, _)| key == "service.name").and_then(|(_, value)| value.as_text());
        let program = program.filter(|name| KNOWN_PROGRAMS.contains(name));
        let tags: Vec<Tag> = attributes.iter().filter_map(|(key, value)| resource_tag(key, value)).collect();
        for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let document = Document::of(span);
            let mut document =
                document.ok_or_else(|| detail(422, "Cannot convert OpenTelemetry span to MLflow span"))?;
            if let Some(program) = program.filter(|_| document.parent_id.is_none()) {
                document.set("service.name", Any::Text(program.to_owned()).dumped());
            }
            translate(&mut document);
            let place = *self.places.entry(document.trace_id).or_insert_with(|| {
                self.traces.push(Pending { id: document.trace_id, ..Pending::default() });
                self.traces.len() - 1
            });
            let trace = &mut self.traces[place];
            if trace.resource.is_empty() && !attributes.is_empty() {
                trace.resource.clone_from(&tags);
            }
            trace.take(&document)?;
        }
        Ok(())
    }

    fn exported(self) -> Result<Exported, Refusal> {
        let mut exported = Exported::default();
        for trace in self.traces {
            let id = TraceId::parse(&trace_name(trace.id))?;
            if trace.has_root {
                exported.roots.push(id.clone());
            }
            exported.batches.push(trace.batch(id)?);
        }
        Ok(exported)
    }
}

impl Pending {
    fn take(&mut self, document: &Document<'_>) -> Result<(), Refusal> {
        let said = |keys: &[&str]| {
            let text = keys.iter().find_map(|key| document.get(key).filter(|value| !value.is_empty()))?;
            Some(plain(text))
        };
        if self.session.is_none()
            && let Some(session) = said(&["session.id", "gen_ai.conversation.id"])
        {
            self.session = Some(facts::session(session)?);
        }
        if self.user.is_none() {
            self.user = said(&["user.id"]);
        }
        if document.parent_id.is_none() {
            self.has_root = true;
            self.request_preview = document.get(INPUTS).map(|inputs| preview(inputs, "user"));
            self.response_preview = document.get(OUTPUTS).map(|outputs| preview(outputs, "assistant"));
            self.take_tags(document)?;
        }
        self.spans.push(span(document));
        Ok(())
    }

    /// Tags that travel as attributes of the root. What cannot be one is passed over.
    fn take_tags(&mut self, document: &Document<'_>) -> Result<(), Refusal> {
        for (key, value) in &document.attributes {
            let Some(key) = key.strip_prefix(TAG_PREFIX) else { continue };
            let Ok((key, value)) = trace::tag(key.into(), plain(value)) else { continue };
            if key.as_str() == facts::NAME_TAG {
                self.name = Some(facts::name(value)?);
            } else if key.as_str() != facts::ARTIFACTS_TAG {
                self.tags.push(Tag { key, value });
            }
        }
        Ok(())
    }

    fn batch(self, trace: TraceId) -> Result<SpanBatch, Refusal> {
        let location = Tag::new(trace::SPANS_LOCATION, trace::TRACKING_STORE)?;
        let tags = [location].into_iter().chain(self.resource).chain(self.tags).collect();
        let user = self.user.map(|user| KeyValue::new("mlflow.trace.user", user)).transpose()?;
        Ok(SpanBatch {
            trace,
            spans: self.spans,
            artifact_uri: String::new(),
            request_preview: self.request_preview,
            response_preview: self.response_preview,
            first_metadata: user.into_iter().collect(),
            facts: TraceFacts { name: self.name, session: self.session, tags, ..TraceFacts::default() },
        })
    }
}

/// What a resource says as a tag of the trace.
fn resource_tag(key: &str, value: &Any) -> Option<Tag> {
    if key.starts_with("telemetry.sdk.") || key.starts_with("mlflow.") {
        return None;
    }
    let value = value.as_text().map_or_else(|| value.dumped(), str::to_owned);
    trace::tag(key.into(), value).ok().map(|(key, value)| Tag { key, value })
}

/// A dumped text, or anything else as it is dumped.
fn plain(value: &str) -> String {
    match Any::parse(value) {
        Some(Any::Text(text)) => text,
        _ => value.to_owned(),
    }
}

/// Adds the attributes of MLflow that are missing and that other conventions tell.
fn translate(document: &mut Document<'_>) {
    let attributes = &document.attributes;
    let own_kind = document.get(KIND).map(plain).filter(|kind| kind != "UNKNOWN" && kind != "null");
    if own_kind.is_none()
        && let Some(kind) = dialect::kind(attributes)
    {
        document.set(KIND, format!("\"{kind}\""));
    }
    for (key, said) in [(INPUTS, dialect::inputs as fn(&_) -> _), (OUTPUTS, dialect::outputs)] {
        add(document, key, said);
    }
    add(document, TOKENS, |attributes| {
        let usage = Usage { tokens: dialect::tokens(attributes)?, ..Usage::default() };
        trace::written_tokens(&usage)
    });
    add(document, FORMAT, |attributes| dialect::format(attributes).map(|format| format!("\"{format}\"")));
    add(document, TOOLS, dialect::tools);
    add(document, MODEL, |attributes| dialect::model(attributes).map(|model| Any::Text(model).dumped()));
    add(document, PROVIDER, |attributes| dialect::provider(attributes).map(|name| Any::Text(name).dumped()));
}

fn add(document: &mut Document<'_>, key: &str, said: impl Fn(&[(String, String)]) -> Option<String>) {
    if document.get(key).is_none()
        && let Some(value) = said(&document.attributes)
    {
        document.set(key, value);
    }
}

fn span(document: &Document<'_>) -> core::Span {
    let span = document.span;
    let text = |key: &str| Any::parse(document.get(key)?)?.as_text().map(str::to_owned);
    let model = |key: &str| text(key).map(|name| crate::names::truncated(name, MAX_MODEL_CHARS));
    let mut usage = Usage::default();
    trace::tokens(document.get(TOKENS).unwrap_or_default(), &mut usage);
    trace::cost(document.get(COST).unwrap_or_default(), &mut usage);
    let status = match span.status.as_ref().map_or(0, |status| status.code) {
        1 => SpanStatus::Ok,
        2 => SpanStatus::Error,
        _ => SpanStatus::Unset,
    };
    core::Span {
        id: format!("{:016x}", document.span_id),
        parent: document.parent_id.map(|id| format!("{id:016x}")),
        name: span.name.clone(),
        kind: text(KIND),
        status,
        started_at: nanos(span.start_time_unix_nano),
        ended_at: (span.end_time_unix_nano > 0).then(|| nanos(span.end_time_unix_nano)),
        usage,
        model: model(MODEL),
        provider: model(PROVIDER),
        document: document.written(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn span(trace: &str, id: &str, mut more: Value) -> Value {
        let mut span = json!({"traceId": trace, "spanId": id, "name": "s", "startTimeUnixNano": "1000000"});
        span.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
        span
    }

    fn text(key: &str, value: &str) -> Value {
        json!({"key": key, "value": {"stringValue": value}})
    }

    fn exported(spans: &[Value], resource: &Value) -> Result<Exported, Refusal> {
        let body = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]});
        from_json(body.to_string().as_bytes())
    }

    fn refused(result: Result<Exported, Refusal>) -> (u16, String) {
        match result.unwrap_err() {
            Refusal::Detail(status, text) => (status, text),
            Refusal::Failure(failure) => (failure.code.status(), failure.message),
        }
    }

    #[test]
    fn spans_are_gathered_by_trace() {
        let spans = [
            span("aa", "01", json!({"parentSpanId": "02"})),
            span("bb", "01", json!({"parentSpanId": "02"})),
            span("aa", "02", json!({"endTimeUnixNano": 2_000_000, "status": {"code": "STATUS_CODE_ERROR"}})),
        ];
        let exported = exported(&spans, &Value::Null).unwrap();
        let id = |hex: &str| TraceId::parse(&format!("tr-{hex:0>32}")).unwrap();
        assert_eq!(exported.roots, [id("aa")]);
        let traces: Vec<_> = exported.batches.iter().map(|batch| (&batch.trace, batch.spans.len())).collect();
        assert_eq!(traces, [(&id("aa"), 2), (&id("bb"), 1)]);
        let root = &exported.batches[0].spans[1];
        assert_eq!((root.status, root.ended_at, root.parent.as_deref()), (SpanStatus::Error, Some(2_000_000), None));
        assert_eq!(exported.batches[0].spans[0].parent.as_deref(), Some("0000000000000002"));
    }

    #[test]
    fn a_trace_learns_from_its_spans() {
        let root = json!({"attributes": [
            text("mlflow.spanInputs", "{\"q\": \"hi\"}"),
            text("mlflow.traceTag.team", "red"),
            text("mlflow.traceTag.bad?", "x"),
            text("mlflow.traceTag.mlflow.traceName", "named"),
            text("session.id", "s-1"),
            text("user.id", "me"),
            text("gen_ai.operation.name", "chat"),
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}},
            {"key": "gen_ai.usage.output_tokens", "value": {"intValue": 3}},
        ]});
        let resource = json!({"attributes": [
            text("service.name", "codex_cli_rs"), text("telemetry.sdk.name", "x"), text("mlflow.x", "y"),
            {"key": "n", "value": {"intValue": 4}},
        ]});
        let batch = exported(&[span("aa", "01", root)], &resource).unwrap().batches.pop().unwrap();
        let pairs =
            |tags: &[Tag]| -> Vec<String> { tags.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect() };
        let expected = ["mlflow.trace.spansLocation=TRACKING_STORE", "service.name=codex_cli_rs", "n=4", "team=red"];
        assert_eq!(pairs(&batch.facts.tags), expected);
        assert_eq!(pairs(&batch.first_metadata), ["mlflow.trace.user=me"]);
        assert_eq!((batch.facts.name.as_deref(), batch.facts.session.as_deref()), (Some("named"), Some("s-1")));
        assert_eq!(batch.request_preview.as_deref(), Some("{\"q\": \"hi\"}"));
        let span = &batch.spans[0];
        assert_eq!((span.kind.as_deref(), span.usage.tokens[2]), (Some("CHAT_MODEL"), Some(10)));
        assert!(span.document.contains(r#""service.name": "\"codex_cli_rs\"""#), "{}", span.document);
    }

    #[test]
    fn what_is_no_export_is_refused() {
        for bad in ["", "[]", "nope", "{\"resourceSpans\": 5}", "{\"resourceSpans\": [{\"scopeSpans\": [[]]}]}"] {
            let refused = refused(from_json(bad.as_bytes()));
            assert!(matches!(refused.0, 400), "{bad}: {refused:?}");
        }
        assert_eq!(refused(from_json(b"{}")).1, "Invalid OpenTelemetry format - no spans found");
        assert_eq!(refused(from_protobuf(b"nonsense")).0, 400);
        assert_eq!(refused(from_protobuf(b"")).1, "Invalid OpenTelemetry format - no spans found");
        for (trace, id, status) in [("", "01", 422), ("aa", "", 422), ("zz", "01", 400), ("a", "01", 400)] {
            assert_eq!(refused(exported(&[span(trace, id, json!({}))], &Value::Null)).0, status, "{trace} {id}");
        }
        let long = json!({"attributes": [text("session.id", &"s".repeat(251))]});
        assert_eq!(refused(exported(&[span("aa", "01", long)], &Value::Null)).0, 400);
    }

    #[test]
    fn both_encodings_mean_the_same() {
        let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span("aa", "01", json!({"attributes": [
            {"key": "a", "value": {"arrayValue": {"values": [{"doubleValue": 1.5}, {"boolValue": true}]}}},
            {"key": "b", "value": {"bytesValue": "AAE="}}, {"key": "c", "value": {}},
        ]}))]}]}]});
        let export: Export = serde_json::from_value(body.clone()).unwrap();
        let protobuf = from_protobuf(&export.encode_to_vec()).unwrap();
        assert_eq!(protobuf, from_json(body.to_string().as_bytes()).unwrap());
        assert!(protobuf.batches[0].spans[0].document.contains(r#""a": "[1.5, true]", "b": "\"b'\\\\x00\\\\x01'\"""#));
    }
}
