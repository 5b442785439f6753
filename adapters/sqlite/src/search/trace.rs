//! Fields of traces and of their spans.

use trackside_core::{
    AssessmentKind, Key,
    query::{SpanField, Test, TraceField},
};

use super::{
    Column, Searchable,
    binds::Binds,
    condition::leaf,
    place::{Joined, Place},
};
use crate::{error::Result, trace_usage};

impl Searchable for TraceField {
    const FROM: &'static str = "trace";
    const KEY: &'static str = "trace.pk";
    const DEFAULT_ORDER: &'static [Column] = &[("trace.requested_at", false), ("trace.id", true)];
    const TIES: &'static [Column] = &[("trace.requested_at", false), ("trace.id", true)];

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Id => Place::text("trace.id"),
            Self::Experiment => Place::number("trace.experiment"),
            Self::ClientRequestId => Place::text("trace.client_request_id"),
            Self::Name => Place::text("trace.name"),
            Self::Session => Place::text("trace.session"),
            Self::State => Place::text("trace.state"),
            Self::RequestedAt => Place::number("trace.requested_at"),
            Self::Duration => Place::number("trace.duration"),
            Self::EndedAt => Place::number("(trace.requested_at + coalesce(trace.duration, 0))"),
            Self::Token(token) => Place::number(&format!("trace.{}", trace_usage::token(*token))),
            Self::Cost(cost) => Place::number(&format!("trace.{}", trace_usage::cost(*cost))),
            Self::ArtifactUri => Place::text("trace.artifact_uri"),
            Self::Tag(key) => key_value("trace_tag", key, alias, binds),
            Self::Metadata(key) => key_value("trace_metadata", key, alias, binds),
            Self::LinkedRun => linked("trace_run", "run", alias),
            Self::Prompt => linked("trace_prompt", "prompt", alias),
            Self::Span(tests) => span(tests, alias, binds),
            Self::Assessment { kind, name, test } => assessment(*kind, name, test.as_ref(), alias, binds),
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Span(tests) => span_tests("span", tests, &mut Binds::default()).map(drop),
            Self::Assessment { test, .. } => value_test("f", test.as_ref(), &mut Binds::default()).map(drop),
            _ => Ok(()),
        }
    }
}

fn key_value(table: &str, key: &Key, alias: &str, binds: &mut Binds) -> Place {
    Place::key_value(table, alias, "trace.pk", &binds.bind(key.as_str().to_owned()))
}

fn linked(table: &str, column: &str, alias: &str) -> Place {
    let on = format!("{alias}.trace = trace.pk");
    Place::text(&format!("{alias}.{column}")).of(many(format!("{table} AS {alias}"), on))
}

/// The spans that pass all tests, which have been checked.
fn span(tests: &[(SpanField, Test)], alias: &str, binds: &mut Binds) -> Place {
    let mut on = vec![format!("{alias}.trace = trace.pk")];
    on.extend(span_tests(alias, tests, binds).unwrap_or_else(|_| vec!["FALSE".to_owned()]));
    Place::text(&format!("{alias}.id")).of(many(format!("span AS {alias}"), on.join(" AND ")))
}

/// The assessments of this name that pass the test, which has been checked; those of the other traces of a session are
/// among them when they hold for all of it.
fn assessment(kind: AssessmentKind, name: &str, test: Option<&Test>, alias: &str, binds: &mut Binds) -> Place {
    let mut on = vec![
        format!(
            "{alias}.trace IN (SELECT trace.pk UNION ALL SELECT other.pk FROM trace AS other \
             WHERE other.experiment = trace.experiment AND other.session = trace.session) \
             AND ({alias}.trace = trace.pk OR {alias}.of_session)"
        ),
        format!("{alias}.kind = {}", binds.bind(kind.as_str().to_owned())),
        format!("{alias}.name = {}", binds.bind(name.to_owned())),
    ];
    if kind != AssessmentKind::Issue {
        on.push(format!("{alias}.is_valid"));
    }
    on.extend(value_test(alias, test, binds).unwrap_or_else(|_| Some("FALSE".to_owned())));
    Place::text(&format!("{alias}.id")).of(many(format!("assessment AS {alias}"), on.join(" AND ")))
}

/// The condition that the value of an assessment passes a test.
fn value_test(alias: &str, test: Option<&Test>, binds: &mut Binds) -> Result<Option<String>> {
    let place = |test: &Test| match test {
        Test::Number(..) => Place::number(&format!("{alias}.number")),
        _ => Place::text(&format!("{alias}.value")),
    };
    test.map(|test| leaf(&place(test), test, binds)).transpose()
}

/// A condition per test of a span.
pub(super) fn span_tests(alias: &str, tests: &[(SpanField, Test)], binds: &mut Binds) -> Result<Vec<String>> {
    let passed = |(field, test): &(SpanField, Test)| {
        let place = match field {
            SpanField::Name => Place::text(&format!("{alias}.name")),
            SpanField::Kind => Place::text(&format!("{alias}.kind")),
            SpanField::Status => Place::text(&format!("{alias}.status")),
            SpanField::Document => Place::text(&format!("{alias}.document")),
            SpanField::StartedAt => Place::number(&format!("{alias}.started_at")),
        };
        leaf(&place, test, binds)
    };
    tests.iter().map(passed).collect()
}

fn many(table: String, on: String) -> Joined {
    Joined { table, on, with: String::new(), many: true }
}
