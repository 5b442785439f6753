//! What holds for every text and every tree.

use std::fmt::Debug;

use proptest::prelude::*;
use trackside_core::{
    Key,
    query::{
        Compare, DatasetField, ExperimentField, Filter, LoggedModelField, ModelVersionField, RegisteredModelField,
        RunField, Test,
    },
};

use super::{
    examples::{number, text},
    model_versions, parse_experiment_filter, parse_experiment_order, parse_logged_model_filter,
    parse_logged_model_order, parse_model_version_filter, parse_model_version_order, parse_registered_model_filter,
    parse_registered_model_order, parse_run_filter, parse_run_order,
    prompt::tests::without_prompts,
    python,
    scan::is_space,
    token::words,
};
use crate::search::LoggedModelOrder;

/// A field as written in a filter.
type Named<F> = (String, F);

const COMPARES: [(&str, Compare); 6] = [
    ("=", Compare::Equal),
    ("!=", Compare::NotEqual),
    ("<", Compare::Less),
    ("<=", Compare::LessOrEqual),
    (">", Compare::Greater),
    (">=", Compare::GreaterOrEqual),
];

/// A key that backquotes can hold, with its spelling.
fn key() -> impl Strategy<Value = (String, Key)> {
    prop_oneof!["[a-z_é][a-z0-9_]{0,9}", "[^`\\x00]{0,12}"].prop_map(|key| (format!("`{key}`"), Key::new(key).unwrap()))
}

fn keyed<F: Debug + Clone>(entity: &'static str, field: fn(Key) -> F) -> impl Strategy<Value = Named<F>> {
    key().prop_map(move |(written, key)| (format!("{entity}.{written}"), field(key)))
}

fn one<F: Debug + Clone + 'static>(fields: &[(&'static str, F)]) -> impl Strategy<Value = Named<F>> + use<F> {
    let fields: Vec<_> = fields.iter().map(|(name, field)| ((*name).to_owned(), field.clone())).collect();
    proptest::sample::select(fields)
}

/// A text that quotes can hold, which know no escapes, with its spelling.
fn quoted() -> impl Strategy<Value = (String, String)> {
    ("[^'\"\\\\]{0,12}", prop_oneof![Just('\''), Just('"')])
        .prop_map(|(text, quote)| (format!("{quote}{text}{quote}"), text))
}

fn texts() -> impl Strategy<Value = (String, Test)> {
    let compared = (0..2_usize, quoted()).prop_map(|(index, (written, value))| {
        let (sign, compare) = COMPARES[index];
        (format!("{sign} {written}"), text(compare, &value))
    });
    let like = (any::<bool>(), quoted()).prop_map(|(case_sensitive, (written, pattern))| {
        let word = if case_sensitive { "LIKE" } else { "ILIKE" };
        (format!("{word} {written}"), Test::Like { pattern, case_sensitive })
    });
    prop_oneof![compared, like]
}

/// Lists as Python writes them. The lexer does not know that a backslash can be escaped, so there is none.
fn lists(item: &'static str) -> impl Strategy<Value = (String, Test)> {
    (prop::collection::vec(item, 1..4), any::<bool>()).prop_map(|(values, negated)| {
        let items: Vec<_> = values.iter().map(|value| python::text(value)).collect();
        (format!("{} ({},)", if negated { "NOT IN" } else { "IN" }, items.join(", ")), Test::OneOf { values, negated })
    })
}

fn presence() -> impl Strategy<Value = (String, Test)> {
    proptest::sample::select(vec![("IS NULL", false), ("IS NOT NULL", true)])
        .prop_map(|(word, present)| (word.to_owned(), Test::Present(present)))
}

fn numbers(value: impl Strategy<Value = f64>) -> impl Strategy<Value = (String, Test)> {
    (proptest::sample::select(COMPARES.to_vec()), value)
        .prop_map(|((sign, compare), value)| (format!("{sign} {value:?}"), number(compare, value)))
}

#[expect(clippy::cast_precision_loss, reason = "small enough to be exact")]
fn integers() -> impl Strategy<Value = (String, Test)> {
    (proptest::sample::select(COMPARES.to_vec()), -(1_i64 << 52)..1_i64 << 52)
        .prop_map(|((sign, compare), value)| (format!("{sign} {value}"), number(compare, value as f64)))
}

fn finite() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL
}

fn condition<F>(
    field: impl Strategy<Value = Named<F>>,
    test: impl Strategy<Value = (String, Test)>,
) -> impl Strategy<Value = (String, Filter<F>)>
where
    F: Debug,
{
    (field, test).prop_map(|((name, field), (written, test))| (format!("{name} {written}"), Filter::Field(field, test)))
}

/// Conditions joined to a filter, and the parts of its tree.
fn filter<F: Debug>(
    condition: impl Strategy<Value = (String, Filter<F>)>,
) -> impl Strategy<Value = (String, Vec<Filter<F>>)> {
    prop::collection::vec(condition, 1..6).prop_map(|conditions| {
        let (written, parts): (Vec<_>, Vec<_>) = conditions.into_iter().unzip();
        (written.join(" AND "), parts)
    })
}

const LISTED: &str = "[^\\\\\\x00]{0,12}";

fn run_condition() -> impl Strategy<Value = (String, Filter<RunField>)> {
    let attributes = [
        ("run_id", RunField::Id),
        ("attributes.run_name", RunField::Name),
        ("run.user_id", RunField::User),
        ("attr.status", RunField::Status),
        ("attribute.`artifact_uri`", RunField::ArtifactUri),
    ];
    let times = [("start_time", RunField::StartedAt), ("\"end_time\"", RunField::EndedAt)];
    let datasets = [
        ("dataset.name", RunField::Dataset(DatasetField::Name)),
        ("datasets.digest", RunField::Dataset(DatasetField::Digest)),
        ("dataset.`context`", RunField::Dataset(DatasetField::Context)),
    ];
    let optional = || prop_oneof![keyed("params", RunField::Param), keyed("tag", RunField::Tag)];
    prop_oneof![
        condition(keyed("metrics", RunField::Metric), numbers(finite())),
        condition(optional(), texts()),
        condition(optional(), presence()),
        condition(one(&attributes), texts()),
        condition(one(&attributes[..1]), lists(LISTED)),
        condition(one(&times), numbers(finite())),
        condition(one(&datasets), prop_oneof![texts(), lists(LISTED)]),
    ]
}

fn experiment_condition() -> impl Strategy<Value = (String, Filter<ExperimentField>)> {
    let times =
        [("creation_time", ExperimentField::CreatedAt), ("attribute.last_update_time", ExperimentField::UpdatedAt)];
    prop_oneof![
        condition(one(&[("name", ExperimentField::Name)]), texts()),
        condition(one(&[("experiment_id", ExperimentField::Id)]), lists("[1-9][0-9]{0,18}")),
        condition(one(&times), integers()),
        condition(keyed("tags", ExperimentField::Tag), prop_oneof![texts(), presence()]),
    ]
}

fn registered_model_condition() -> impl Strategy<Value = (String, Filter<RegisteredModelField>)> {
    prop_oneof![
        condition(one(&[("name", RegisteredModelField::Name)]), prop_oneof![texts(), lists(LISTED)]),
        condition(keyed("tags", RegisteredModelField::Tag), texts()),
    ]
}

fn model_version_condition() -> impl Strategy<Value = (String, Filter<ModelVersionField>)> {
    let listed = [("name", ModelVersionField::Model), ("attribute.run_id", ModelVersionField::Run)];
    prop_oneof![
        condition(one(&listed), prop_oneof![texts(), lists(LISTED)]),
        condition(one(&[("source_path", ModelVersionField::Source)]), texts()),
        condition(one(&[("version_number", ModelVersionField::Number)]), integers()),
        condition(keyed("tag", ModelVersionField::Tag), texts()),
    ]
    .prop_map(|(written, filter)| match filter {
        Filter::Field(ModelVersionField::Run, test) => (written, model_versions::of_run(test)),
        other => (written, other),
    })
}

fn logged_model_condition() -> impl Strategy<Value = (String, Filter<LoggedModelField>)> {
    let attributes = [
        ("model_id", LoggedModelField::Id),
        ("attributes.name", LoggedModelField::Name),
        ("model_type", LoggedModelField::Type),
        ("source_run_id", LoggedModelField::SourceRun),
    ];
    let times =
        [("creation_time", LoggedModelField::CreatedAt), ("last_updated_timestamp", LoggedModelField::UpdatedAt)];
    // Here keys end at a line break, and quotes inside backquotes go too.
    let keyed = |entity: &'static str, field: fn(Key) -> LoggedModelField| {
        "[a-z_é .:/-]{1,12}".prop_map(move |key| (format!("{entity}.`{key}`"), field(Key::new(key).unwrap())))
    };
    let metric = |key| LoggedModelField::Metric { key, datasets: Vec::new() };
    prop_oneof![
        condition(one(&attributes), prop_oneof![texts(), lists(LISTED)]),
        condition(one(&times), numbers(finite())),
        condition(keyed("metrics", metric), numbers(finite())),
        condition(keyed("params", LoggedModelField::Param), prop_oneof![texts(), lists(LISTED)]),
        condition(keyed("tags", LoggedModelField::Tag), prop_oneof![texts(), lists(LISTED)]),
    ]
}

/// Words of filters in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "metrics",
        "params",
        "tags",
        "attributes",
        "dataset",
        "name",
        "run_id",
        ".",
        "a",
        "`a b`",
        "\"x\"",
        "'x'",
        "=",
        "!=",
        "<",
        "LIKE",
        "IN",
        "NOT",
        "IS",
        "NULL",
        "AND",
        "OR",
        "(",
        ")",
        "('a', 'b')",
        ",",
        "1",
        "-1.5",
        "1e3",
        "'",
        "\"",
        "`",
        "\\",
        "--",
        "/*",
        "*/",
        "# ",
        "::",
        ":=",
        "[",
        "]",
        "->",
        "-",
        "*",
        ";",
        "AS",
        "DESC",
        "%s",
        ":x",
        "é",
        "\n",
        " ",
    ];
    prop::collection::vec((proptest::sample::select(words.to_vec()), prop_oneof![Just(" "), Just("")]), 0..30)
        .prop_map(|words| words.into_iter().flat_map(|(word, blank)| [word, blank]).collect())
}

/// Whether each parser takes the text; none may panic.
fn parse_with_all(text: &str) -> Vec<bool> {
    let order = [text.to_owned()];
    let item = LoggedModelOrder { field_name: text.to_owned(), ..LoggedModelOrder::default() };
    vec![
        parse_run_filter(text).is_ok(),
        parse_experiment_filter(text).is_ok(),
        parse_registered_model_filter(text).is_ok(),
        parse_model_version_filter(text).is_ok(),
        parse_logged_model_filter(text, &[]).is_ok(),
        parse_run_order(&order).is_ok(),
        parse_experiment_order(&order).is_ok(),
        parse_registered_model_order(&order).is_ok(),
        parse_model_version_order(&order).is_ok(),
        parse_logged_model_order(&[item]).is_ok(),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in prop_oneof![any::<String>(), soup(), "[ -~]{0,40}"]) {
        parse_with_all(&text);
    }

    #[test]
    fn words_are_the_text_without_its_whitespace(text in prop_oneof![any::<String>(), soup()]) {
        let mut end = 0;
        for word in words(&text) {
            prop_assert!(text[end..word.start].chars().all(is_space));
            prop_assert_eq!(&text[word.start..word.end()], word.text);
            prop_assert!(!word.text.is_empty());
            end = word.end();
        }
        prop_assert!(text[end..].chars().all(is_space));
    }

    #[test]
    fn run_filters_mean_what_was_written((written, parts) in filter(run_condition())) {
        prop_assert_eq!(parse_run_filter(&written).unwrap(), Filter::All(parts));
    }

    #[test]
    fn experiment_filters_mean_what_was_written((written, parts) in filter(experiment_condition())) {
        prop_assert_eq!(parse_experiment_filter(&written).unwrap(), Filter::All(parts));
    }

    #[test]
    fn registered_model_filters_mean_what_was_written((written, parts) in filter(registered_model_condition())) {
        let expected = without_prompts(parts, RegisteredModelField::Tag);
        prop_assert_eq!(parse_registered_model_filter(&written).unwrap(), expected);
    }

    #[test]
    fn model_version_filters_mean_what_was_written((written, parts) in filter(model_version_condition())) {
        let expected = without_prompts(parts, ModelVersionField::Tag);
        prop_assert_eq!(parse_model_version_filter(&written).unwrap(), expected);
    }

    #[test]
    fn logged_model_filters_mean_what_was_written((written, parts) in filter(logged_model_condition())) {
        prop_assert_eq!(parse_logged_model_filter(&written, &[]).unwrap(), Filter::All(parts));
    }
}

#[test]
fn long_texts_take_linear_time_and_no_stack() {
    for pattern in [
        "(", ")", "[", "[a", "'", "\\'", "''", "\"", "`", "/*", "*/", "a ", "a.", "a(", "a+", "a=", "a::", "1.",
        "AND ", "a AS ",
    ] {
        let text = pattern.repeat((1 << 15) / pattern.len());
        for text in [format!("run_id IN ({text})"), text] {
            let run = parse_run_filter(&text).map(|_| ());
            let logged_model = parse_logged_model_filter(&text, &[]).map(|_| ());
            let order = parse_run_order(&[text]).map(|_| ());
            assert!(order.is_err() && (run.is_err() || logged_model.is_err() || pattern == "AND "), "{pattern}");
        }
    }
    let ids = vec!["'0123456789abcdef0123456789abcdef'"; 20_000].join(", ");
    assert!(parse_run_filter(&format!("run_id IN ({ids})")).is_ok());
    assert!(parse_run_filter(&" ".repeat((1 << 20) + 1)).unwrap_err().message().contains("longer than"));
}
