//! What filters and orders mean, and which are refused.

use trackside_core::{
    AssessmentKind, Token,
    query::{Compare, Order, SpanField},
};

use super::{read::RUN, *};
use crate::search::examples::{assert_messages, assert_trees, like, number, one_of, text};

fn tag(key: &str) -> TraceField {
    TraceField::Tag(Key::new(key).unwrap())
}

fn matches(pattern: &str) -> Test {
    Test::Matches(pattern.to_owned())
}

fn spans(tests: &[(SpanField, Test)]) -> (TraceField, Test) {
    (TraceField::Span(tests.to_vec()), Test::Present(true))
}

#[test]
fn valid_filters_mean_what_they_mean_to_mlflow() {
    let x = || text(Compare::Equal, "x");
    let metadata = |key: &str| TraceField::Metadata(Key::new(key).unwrap());
    let at = |number_| (TraceField::RequestedAt, number(Compare::Greater, number_));
    assert_trees(
        parse_trace_filter,
        &[
            ("", &[]),
            (
                "status = 'x' AND trace.request_id != 'x'",
                &[(TraceField::State, x()), (TraceField::Id, text(Compare::NotEqual, "x"))],
            ),
            ("timestamp > 5", &[at(5.0)]),
            ("timestamp > -5 AND timestamp_ms > 6", &[at(-5.0), at(6.0)]),
            ("trace.timestamp > '7'", &[at(7.0)]),
            ("execution_time <= 1.5", &[(TraceField::Duration, number(Compare::LessOrEqual, 1.5))]),
            ("attributes.end_time_ms = 5", &[(TraceField::EndedAt, number(Compare::Equal, 5.0))]),
            ("client_request_id in ('x', 'y')", &[(TraceField::ClientRequestId, one_of(&["x", "y"], false))]),
            ("name = 'x' tags.Name = 'x'", &[(TraceField::Name, x()), (TraceField::Name, x())]),
            ("trace.name rlike '^x'", &[(TraceField::Name, matches("^x"))]),
            (
                "tags.`a b` ILIKE 'x' AND tag.a IS NULL",
                &[(tag("a b"), like("x", false)), (tag("a"), Test::Present(false))],
            ),
            ("metadata.a = 'x'", &[(metadata("a"), x())]),
            ("request_metadata.`mlflow.trace.session` IS NOT NULL", &[(TraceField::Session, Test::Present(true))]),
            ("run_id != 'x'", &[(metadata(RUN), text(Compare::NotEqual, "x"))]),
            ("prompt = 'a/1'", &[(TraceField::Prompt, text(Compare::Equal, "a/1"))]),
            ("trace.text LIKE '%x%'", &[spans(&[(SpanField::Document, like("%x%", true))])]),
            (
                "span.name = 'x' AND status = 'x' AND span.type NOT IN ('x')",
                &[(TraceField::State, x()), spans(&[(SpanField::Name, x()), (SpanField::Kind, one_of(&["x"], true))])],
            ),
            ("span.attributes.`a.b` LIKE '%x'", &[spans(&[(SpanField::Document, like("%\"a.b\"%x%", true))])]),
            (
                "span.attributes.a RLIKE '^x$' span.attributes.a RLIKE 'y'",
                &[spans(&[
                    (SpanField::Document, matches(r#""a": "\\"x\\""#)),
                    (SpanField::Document, matches(r#""a": "\\".*y"#)),
                ])],
            ),
        ],
    );
}

#[test]
fn values_of_assessments_are_json() {
    let assessed = |kind, name: &str, test, is_present| {
        let field = TraceField::Assessment { kind, name: name.to_owned(), test };
        (field, Test::Present(is_present))
    };
    let (feedback, expectation) = (AssessmentKind::Feedback, AssessmentKind::Expectation);
    assert_trees(
        parse_trace_filter,
        &[
            ("feedback.a = 'x'", &[assessed(feedback, "a", Some(one_of(&["x", "\"x\""], false)), true)]),
            ("feedback.a != '5'", &[assessed(feedback, "a", Some(one_of(&["5", "\"5\""], true)), true)]),
            ("feedback.a >= 0.5", &[assessed(feedback, "a", Some(number(Compare::GreaterOrEqual, 0.5)), true)]),
            ("expectation.`a b` IS NULL", &[assessed(expectation, "a b", None, false)]),
            ("expectation.a IS NOT NULL", &[assessed(expectation, "a", None, true)]),
            ("expectation.a ILIKE '%x%'", &[assessed(expectation, "a", Some(like("%x%", false)), true)]),
            ("feedback.a RLIKE '^.x'", &[assessed(feedback, "a", Some(matches("^.x")), true)]),
            ("issue.id = 'iss-1'", &[assessed(AssessmentKind::Issue, "iss-1", None, true)]),
        ],
    );
}

#[test]
fn some_conditions_are_trees() {
    let run = parse_trace_filter("attribute.run_id = 'r'").unwrap();
    let equal = || text(Compare::Equal, "r");
    let metadata = TraceField::Metadata(Key::new(RUN).unwrap());
    let either = vec![Filter::Field(TraceField::LinkedRun, equal()), Filter::Field(metadata, equal())];
    assert_eq!(run, Filter::All(vec![Filter::Any(either)]));
    let nothing = |filter: &str| {
        assert_eq!(parse_trace_filter(filter).expect(filter), Filter::All(vec![Filter::Any(vec![])]), "{filter}");
    };
    nothing("timestamp_ms > 'x'");
    nothing("metadata.`mlflow.trace.cost` = '{}'");
    let everything = Filter::All(vec![Filter::All(vec![])]);
    assert_eq!(parse_trace_filter("timestamp_ms <= 'x'").unwrap(), everything);
    let tokens = parse_trace_filter("metadata.`mlflow.trace.tokenUsage` = '{\"output_tokens\": 3}'").unwrap();
    let Filter::All(parts) = &tokens else { panic!("{tokens:?}") };
    let fields = parts[0].fields();
    assert_eq!(fields[1], (&TraceField::Token(Token::Output), &number(Compare::Equal, 3.0)));
    assert_eq!(fields.iter().filter(|(_, test)| **test == Test::Present(false)).count(), 5);
}

#[test]
fn there_are_disjunctions_too() {
    let is = |value: &str| Filter::All(vec![Filter::Field(TraceField::State, text(Compare::Equal, value))]);
    let tree = Filter::Any(vec![is("a"), Filter::Not(Box::new(is("b")))]);
    assert_eq!(parse_trace_filter("status = 'a' OR NOT status = 'b'").unwrap(), tree);
    let (field, test) = spans(&[(SpanField::Name, text(Compare::Equal, "a"))]);
    let spans = Filter::All(vec![Filter::Field(field, test)]);
    let after = Filter::All(vec![Filter::Field(TraceField::RequestedAt, number(Compare::Greater, 5.0))]);
    assert_eq!(
        parse_trace_filter("(span.name = 'a' AND timestamp > 5) OR status = 'b'").unwrap(),
        Filter::Any(vec![Filter::All(vec![spans, after]), is("b")])
    );
}

#[test]
fn invalid_filters_get_mlflows_message() {
    const CLAUSES: &str = "Invalid clause(s) in filter string: ";
    assert_messages(
        parse_trace_filter,
        &[
            ("  ", "Invalid filter '  '. Could not be parsed."),
            ("timestamp = 'x'", &format!("{CLAUSES}'timestamp', '=', ''x'', 'timestamp'")),
            ("timestamp > 1e3", &format!("{CLAUSES}'timestamp', '>', '1e3', 'timestamp'")),
            ("text LIKE '%a%'", &format!("{CLAUSES}'text', 'LIKE', ''%a%''")),
            ("prompt = 'a'", "Invalid prompts filter value 'a'. Expected format: prompt = \"name/version\""),
            (
                "prompt LIKE 'a/1'",
                "Invalid comparator 'LIKE' for prompts filter. Only '=' is supported with format: prompt = \
                 \"name/version\"",
            ),
            (
                "tags.a IN ('x')",
                "Invalid comparator 'IN' not one of '{'!=', '=', 'LIKE', 'ILIKE', 'RLIKE', 'IS NULL', 'IS NOT NULL'}",
            ),
            (
                "metadata.a IN ('x')",
                "Expected a quoted string value for request_metadata (e.g. 'my-value'). Got value ('x')",
            ),
            (
                "status = 5",
                "Only the '{'timestamp_ms', 'timestamp', 'execution_time_ms', 'execution_time', 'end_time_ms', \
                 'end_time'}' attributes support comparison with numeric values.",
            ),
            ("trace.text = 'x'", "span.content comparator '=' not one of '{'LIKE', 'ILIKE'}'"),
            (
                "span.foo = 'x'",
                "Invalid span attribute 'foo'. Supported attributes: name, status, type, \
                 attributes.<attribute_name>.",
            ),
            ("span.attributes. LIKE 'x'", "Span attribute name cannot be empty after 'attributes.'"),
            ("issue.foo = 'x'", "Invalid issue attribute 'foo'. Supported attributes: id"),
            ("feedback.a > 'x'", "Expected a numeric value for feedback when using comparator '>'. Got value 'x'"),
            ("feedback.a = 5", "Expected a quoted string value for feedback (e.g. 'my-value'). Got value 5"),
            (
                "foo.a = 'x'",
                "Invalid entity type 'foo'. Valid values are {'tag', 'request_metadata', 'attribute', 'span', \
                 'feedback', 'expectation', 'issue', 'tags', 'attributes', 'trace', 'metadata'}",
            ),
        ],
    );
}

#[test]
fn orders_are_read_and_fields_must_differ() {
    let order = |clauses: &[&str]| {
        let clauses: Vec<_> = clauses.iter().map(|clause| (*clause).to_owned()).collect();
        parse_trace_order(&clauses).map_err(|error| error.message().to_owned())
    };
    assert_eq!(
        order(&["timestamp", "attributes.end_time DESC", "name", "tag.`a b` DESC"]).unwrap(),
        [(TraceField::RequestedAt, true), (TraceField::EndedAt, false), (TraceField::Name, true), (tag("a b"), false)]
            .map(|(field, ascending)| Order { field, ascending })
    );
    assert_eq!(order(&["span.name"]).unwrap_err(), "Invalid identifier type 'span'");
    assert!(order(&["metadata.`mlflow.trace.cost`"]).unwrap_err().starts_with("Ordering by reserved metadata"));
    assert!(order(&["timestamp", "timestamp_ms"]).unwrap_err().contains("duplicate fields"));
    assert!(order(&["client_request_id"]).unwrap_err().starts_with("Invalid attribute key 'client_request_id'"));
}
