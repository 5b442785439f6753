//! What each test of a filter means, shown on runs; other searches show only that their fields take part.

use trackside_core::{
    Dataset, DatasetInput, Event, ExperimentId, Key, NewRun, RunStatus, RunUpdate, Store,
    query::{
        Compare::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual},
        DatasetField, Filter, RunField, Test,
    },
};

use super::scene::{experiment, matching, passing, run};
use crate::fixture::{
    at, dataset_input, ilike, key, like, new_run, none_of, number, one_of, params, point, points, tag_list, tags, text,
    value,
};

/// Text that would do harm if it were pasted into a statement or pattern.
const HOSTILE: [&str; 9] = ["'", "''", "\"", "`", "\\", "; --", "' OR '1'='1", "$1 ?1 :a @b", "{\"a\": [1]}"];

const NOTHING: [u128; 0] = [];

/// An experiment with one run per value of param `p`, numbered from 1, and a last run without it.
async fn runs_with_param(store: &dyn Store, values: &[&str]) -> ExperimentId {
    let experiment = experiment(store, "texts").await;
    for (n, value) in (1..).zip(values) {
        run(store, experiment, n, vec![params(&[("p", value)])]).await;
    }
    run(store, experiment, values.len() as u128 + 1, vec![params(&[("P", "a")]), tags(&[("p", "a")])]).await;
    experiment
}

/// An experiment with one run per value of metric `m`, numbered from 1, and a last run without it.
async fn runs_with_metric(store: &dyn Store, values: &[f64]) -> ExperimentId {
    let experiment = experiment(store, "numbers").await;
    for (n, number) in (1..).zip(values) {
        run(store, experiment, n, vec![value("m", *number)]).await;
    }
    run(store, experiment, values.len() as u128 + 1, vec![value("M", 1.5)]).await;
    experiment
}

fn metric() -> RunField {
    RunField::Metric(key("m"))
}

fn param() -> RunField {
    RunField::Param(key("p"))
}

fn is(field: RunField, value: &str) -> Filter<RunField> {
    Filter::Field(field, text(Equal, value))
}

fn not(filter: Filter<RunField>) -> Filter<RunField> {
    Filter::Not(Box::new(filter))
}

pub async fn numbers_compare_by_value_and_nan_only_differs(store: &dyn Store) {
    let id = runs_with_metric(store, &[f64::NEG_INFINITY, -1.0, 0.0, 1.5, f64::INFINITY, f64::NAN]).await;
    for (test, expected) in [
        (number(Equal, 1.5), &[4][..]),
        (number(Equal, -0.0), &[3]),
        (number(Equal, f64::INFINITY), &[5]),
        (number(Equal, f64::NEG_INFINITY), &[1]),
        (number(NotEqual, 1.5), &[1, 2, 3, 5, 6]),
        (number(NotEqual, 7.0), &[1, 2, 3, 4, 5, 6]),
        (number(Less, 0.0), &[1, 2]),
        (number(LessOrEqual, 0.0), &[1, 2, 3]),
        (number(Greater, 0.0), &[4, 5]),
        (number(Greater, f64::MAX), &[5]),
        (number(GreaterOrEqual, 1.5), &[4, 5]),
        (number(GreaterOrEqual, f64::NEG_INFINITY), &[1, 2, 3, 4, 5]),
        (Test::Present(true), &[1, 2, 3, 4, 5, 6]),
        (Test::Present(false), &[7]),
    ] {
        assert_eq!(passing(store, id, metric(), test.clone()).await, expected, "{test:?}");
    }
}

pub async fn texts_are_the_numbers_that_they_spell(store: &dyn Store) {
    let id = runs_with_param(store, &["0.1", " 1e1 ", "adam", "", "5 GB", "nan", "-inf"]).await;
    for (test, expected) in [
        (number(Equal, 0.1), &[1][..]),
        (number(Greater, 0.1), &[2]),
        (number(LessOrEqual, 0.1), &[1, 7]),
        (number(NotEqual, 10.0), &[1, 7]),
    ] {
        assert_eq!(passing(store, id, param(), test.clone()).await, expected, "{test:?}");
    }
}

pub async fn regular_expressions_match_anywhere(store: &dyn Store) {
    let id = runs_with_param(store, &["adam", "Adam", "a.b", "", "zwei\nZeilen", "über"]).await;
    for (pattern, expected) in [
        ("dam", &[1, 2][..]),
        ("^[aA]dam$", &[1, 2]),
        (r"\.", &[3]),
        ("", &[1, 2, 3, 4, 5, 6]),
        ("^.ber", &[6]),
        ("x", &[]),
    ] {
        let test = Test::Matches(pattern.to_owned());
        assert_eq!(passing(store, id, param(), test).await, expected, "{pattern}");
    }
}

pub async fn nothing_but_not_equal_holds_against_nan(store: &dyn Store) {
    let id = runs_with_metric(store, &[0.0, f64::NAN]).await;
    for compare in [Equal, Less, LessOrEqual, Greater, GreaterOrEqual] {
        assert_eq!(passing(store, id, metric(), number(compare, f64::NAN)).await, NOTHING, "{compare:?}");
    }
    assert_eq!(passing(store, id, metric(), number(NotEqual, f64::NAN)).await, [1, 2]);
}

pub async fn only_the_latest_value_of_a_metric_counts(store: &dyn Store) {
    let id = experiment(store, "e").await;
    run(store, id, 1, vec![points("m", &[point(2, 0, 1.0), point(1, 9, 5.0)])]).await;
    run(store, id, 2, vec![points("m", &[point(1, 0, 1.0), point(2, 0, 5.0)])]).await;
    assert_eq!(passing(store, id, metric(), number(Equal, 1.0)).await, [1]);
    assert_eq!(passing(store, id, metric(), number(Equal, 5.0)).await, [2]);
}

pub async fn texts_compare_byte_by_byte(store: &dyn Store) {
    let id = runs_with_param(store, &["", "A", "a", "ab", "ä", "🦀"]).await;
    for (test, expected) in [
        (text(Equal, "a"), &[3][..]),
        (text(Equal, ""), &[1]),
        (text(Equal, "a\u{308}"), &[]),
        (text(NotEqual, "a"), &[1, 2, 4, 5, 6]),
        (text(Less, "a"), &[1, 2]),
        (text(LessOrEqual, "a"), &[1, 2, 3]),
        (text(Greater, "a"), &[4, 5, 6]),
        (text(GreaterOrEqual, "ä"), &[5, 6]),
        (Test::Present(true), &[1, 2, 3, 4, 5, 6]),
        (Test::Present(false), &[7]),
    ] {
        assert_eq!(passing(store, id, param(), test.clone()).await, expected, "{test:?}");
    }
}

pub async fn texts_that_look_like_numbers_stay_texts(store: &dyn Store) {
    let id = runs_with_param(store, &["1", "1.0", "01", " 1", "1e0", "9", "10"]).await;
    assert_eq!(passing(store, id, param(), text(Equal, "1")).await, [1]);
    assert_eq!(passing(store, id, param(), text(Greater, "1.0")).await, [5, 6, 7]);
    assert_eq!(passing(store, id, param(), one_of(&["1", "10"])).await, [1, 7]);
}

pub async fn patterns_know_two_wildcards_and_no_escape(store: &dyn Store) {
    let id = runs_with_param(store, &["abc", "ABC", "a%c", "a_c", "aäc", "", "a\nc", "a\\c", "a🦀c"]).await;
    for (test, expected) in [
        (like("abc"), &[1][..]),
        (like("ABC"), &[2]),
        (like("a%"), &[1, 3, 4, 5, 7, 8, 9]),
        (like("a_c"), &[1, 3, 4, 5, 7, 8, 9]),
        (like("___"), &[1, 2, 3, 4, 5, 7, 8, 9]),
        (like("%b%"), &[1]),
        (like("%%c"), &[1, 3, 4, 5, 7, 8, 9]),
        (like("%"), &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (like(""), &[6]),
        (like("b"), &[]),
        (like("a\\%c"), &[8]),
        (like("a\\_c"), &[]),
        (like("a*c"), &[]),
        (like("a?c"), &[]),
        (like("a[b]c"), &[]),
        (like("a.c"), &[]),
        (ilike("aBc"), &[1, 2]),
        (ilike("A%C"), &[1, 2, 3, 4, 5, 7, 8, 9]),
        (ilike("AäC"), &[5]),
        (ilike("aÄc"), &[]),
        (ilike("A\\_C"), &[]),
    ] {
        assert_eq!(passing(store, id, param(), test.clone()).await, expected, "{test:?}");
    }
}

pub async fn sets_hold_and_exclude_but_never_the_missing(store: &dyn Store) {
    let id = runs_with_param(store, &["a", "A", ""]).await;
    for (test, expected) in [
        (one_of(&["a", "x", "a"]), &[1][..]),
        (one_of(&[""]), &[3]),
        (one_of(&[]), &[]),
        (none_of(&["a", "x"]), &[2, 3]),
        (none_of(&[]), &[1, 2, 3]),
    ] {
        assert_eq!(passing(store, id, param(), test.clone()).await, expected, "{test:?}");
    }
}

pub async fn a_set_may_hold_thousands(store: &dyn Store) {
    let id = runs_with_param(store, &["a", "b"]).await;
    let many: Vec<_> = (0..5_000).map(|n| n.to_string()).chain(["b".to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(passing(store, id, param(), one_of(&many)).await, [2]);
    assert_eq!(passing(store, id, param(), none_of(&many)).await, [1]);
}

pub async fn hostile_values_are_only_values(store: &dyn Store) {
    let id = runs_with_param(store, &HOSTILE).await;
    for (n, value) in (1..).zip(HOSTILE) {
        for test in [text(Equal, value), like(value), ilike(value), one_of(&[value])] {
            assert_eq!(passing(store, id, param(), test.clone()).await, [n], "{test:?}");
        }
    }
}

pub async fn hostile_keys_are_only_keys(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, name) in (1..).zip(HOSTILE) {
        run(store, id, n, vec![params(&[(name, "1")]), tags(&[(name, "1")]), value(name, 1.0)]).await;
    }
    for (n, name) in (1..).zip(HOSTILE.map(key)) {
        assert_eq!(passing(store, id, RunField::Param(name.clone()), text(Equal, "1")).await, [n], "{name}");
        assert_eq!(passing(store, id, RunField::Tag(name.clone()), Test::Present(true)).await, [n], "{name}");
        assert_eq!(passing(store, id, RunField::Metric(name.clone()), number(Equal, 1.0)).await, [n], "{name}");
    }
}

/// A run whose fields differ from those of any other number.
async fn distinct_run(store: &dyn Store, experiment: ExperimentId, n: u128, status: RunStatus) {
    let time = i64::try_from(n).unwrap() * 1_000;
    let ended = (n != 3).then(|| at(time + 500));
    let new = NewRun {
        name: format!("name {n}"),
        user: format!("user {n}"),
        started_at: at(time),
        artifact_uri: format!("s3://bucket/{n}"),
        ..new_run(experiment, n)
    };
    let id = store.create_run(new).await.unwrap().info.id;
    let update = RunUpdate { status: Some(status), ended_at: ended, name: None };
    store.append(&id, vec![Event::Updated(update), tags(&[("t", &format!("tag {n}"))])]).await.unwrap();
}

pub async fn every_text_field_of_a_run_takes_every_test(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, status) in (1..).zip([RunStatus::Failed, RunStatus::Finished, RunStatus::Killed]) {
        distinct_run(store, id, n, status).await;
    }
    let second = new_run(id, 2).id;
    for (field, value) in [
        (RunField::Id, second.as_str()),
        (RunField::Name, "name 2"),
        (RunField::User, "user 2"),
        (RunField::Status, "FINISHED"),
        (RunField::ArtifactUri, "s3://bucket/2"),
        (RunField::Tag(key("t")), "tag 2"),
    ] {
        for (test, expected) in [
            (text(Equal, value), &[2][..]),
            (text(NotEqual, value), &[1, 3]),
            (text(Less, value), &[1]),
            (text(LessOrEqual, value), &[1, 2]),
            (text(Greater, value), &[3]),
            (text(GreaterOrEqual, value), &[2, 3]),
            (like(value), &[2]),
            (ilike(&value.to_ascii_uppercase()), &[2]),
            (one_of(&[value, "x"]), &[2]),
            (none_of(&[value, "x"]), &[1, 3]),
            (Test::Present(true), &[1, 2, 3]),
            (Test::Present(false), &[]),
        ] {
            assert_eq!(passing(store, id, field.clone(), test.clone()).await, expected, "{field:?} {test:?}");
        }
    }
}

pub async fn times_compare_as_numbers_and_an_open_end_is_missing(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for n in 1..=3 {
        distinct_run(store, id, n, RunStatus::Finished).await;
    }
    for (field, test, expected) in [
        (RunField::StartedAt, number(Equal, 2_000.0), &[2][..]),
        (RunField::StartedAt, number(NotEqual, 2_000.0), &[1, 3]),
        (RunField::StartedAt, number(Less, 2_000.5), &[1, 2]),
        (RunField::StartedAt, number(LessOrEqual, 1_000.0), &[1]),
        (RunField::StartedAt, number(GreaterOrEqual, 3_000.0), &[3]),
        (RunField::EndedAt, number(Greater, 1_500.0), &[2]),
        (RunField::EndedAt, number(NotEqual, 1_500.0), &[2]),
        (RunField::EndedAt, Test::Present(true), &[1, 2]),
        (RunField::EndedAt, Test::Present(false), &[3]),
    ] {
        assert_eq!(passing(store, id, field.clone(), test.clone()).await, expected, "{field:?} {test:?}");
    }
}

pub async fn not_also_finds_what_is_missing(store: &dyn Store) {
    let id = runs_with_param(store, &["a", "b"]).await;
    assert_eq!(matching(store, id, not(is(param(), "a"))).await, [2, 3]);
    assert_eq!(matching(store, id, not(not(is(param(), "a")))).await, [1]);
    for test in [text(NotEqual, "a"), none_of(&["a"])] {
        assert_eq!(matching(store, id, not(Filter::Field(param(), test))).await, [1, 3]);
    }
    assert_eq!(matching(store, id, not(Filter::Field(metric(), number(Less, 1.0)))).await, [1, 2, 3]);
    assert_eq!(matching(store, id, not(Filter::Field(param(), Test::Present(false)))).await, [1, 2]);
}

pub async fn all_and_any_nest_and_may_be_empty(store: &dyn Store) {
    let id = runs_with_param(store, &["a", "b", "c"]).await;
    let (a, b, c) = (is(param(), "a"), is(param(), "b"), is(param(), "c"));
    for (filter, expected) in [
        (Filter::All(vec![]), &[1, 2, 3, 4][..]),
        (Filter::Any(vec![]), &[]),
        (not(Filter::All(vec![])), &[]),
        (not(Filter::Any(vec![])), &[1, 2, 3, 4]),
        (Filter::All(vec![a.clone(), b.clone()]), &[]),
        (Filter::Any(vec![a.clone(), b.clone()]), &[1, 2]),
        (not(Filter::Any(vec![a.clone(), b.clone()])), &[3, 4]),
        (Filter::All(vec![not(a.clone()), Filter::Any(vec![a.clone(), c.clone()])]), &[3]),
        (Filter::Any(vec![Filter::All(vec![a, Filter::Any(vec![])]), not(Filter::Any(vec![b, c]))]), &[1, 4]),
    ] {
        assert_eq!(matching(store, id, filter.clone()).await, expected, "{filter:?}");
    }
}

pub async fn a_filter_may_name_a_hundred_fields(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let names: Vec<Key> = (0..100).map(|n| key(&format!("m{n}"))).collect();
    let whole: Vec<_> = names.iter().map(|name| value(name.as_str(), 1.0)).collect();
    run(store, id, 1, whole[1..].to_vec()).await;
    run(store, id, 2, whole).await;
    let each = names.into_iter().map(|name| Filter::Field(RunField::Metric(name), number(Equal, 1.0)));
    assert_eq!(matching(store, id, Filter::All(each.clone().collect())).await, [2]);
    assert_eq!(matching(store, id, Filter::Any(each.collect())).await, [1, 2]);
}

/// Run 1 reads (a, 1) to train and (b, 2) without context, run 2 reads (a, 2) to test, run 3 reads nothing.
async fn runs_with_datasets(store: &dyn Store) -> ExperimentId {
    let id = experiment(store, "datasets").await;
    let used = |name, digest, context| DatasetInput {
        tags: tag_list(&[("mlflow.data.context", context), ("other", "x")]),
        ..dataset_input(name, digest)
    };
    let no_context =
        DatasetInput { dataset: Dataset { schema: None, ..dataset_input("b", "2").dataset }, tags: vec![] };
    run(store, id, 1, vec![Event::DatasetInputs(vec![used("a", "1", "training"), no_context])]).await;
    run(store, id, 2, vec![Event::DatasetInputs(vec![used("a", "2", "testing")])]).await;
    run(store, id, 3, vec![]).await;
    id
}

pub async fn a_dataset_test_holds_when_any_input_passes_it(store: &dyn Store) {
    let id = runs_with_datasets(store).await;
    for (field, test, expected) in [
        (DatasetField::Name, text(Equal, "a"), &[1, 2][..]),
        (DatasetField::Name, text(NotEqual, "a"), &[1]),
        (DatasetField::Name, like("B"), &[]),
        (DatasetField::Name, ilike("B"), &[1]),
        (DatasetField::Name, one_of(&["b", "c"]), &[1]),
        (DatasetField::Name, none_of(&["b"]), &[1, 2]),
        (DatasetField::Name, Test::Present(true), &[1, 2]),
        (DatasetField::Digest, text(Equal, "2"), &[1, 2]),
        (DatasetField::Digest, text(Less, "2"), &[1]),
        (DatasetField::Context, text(Equal, "training"), &[1]),
        (DatasetField::Context, text(NotEqual, "training"), &[2]),
        (DatasetField::Context, like("t%ing"), &[1, 2]),
        (DatasetField::Context, text(Equal, "x"), &[]),
    ] {
        let found = passing(store, id, RunField::Dataset(field), test.clone()).await;
        assert_eq!(found, expected, "{field:?} {test:?}");
    }
}

pub async fn each_dataset_test_looks_for_an_input_of_its_own(store: &dyn Store) {
    let id = runs_with_datasets(store).await;
    let name = |value| is(RunField::Dataset(DatasetField::Name), value);
    let digest = |value| is(RunField::Dataset(DatasetField::Digest), value);
    assert_eq!(matching(store, id, Filter::All(vec![name("a"), digest("2")])).await, [1, 2]);
    assert_eq!(matching(store, id, Filter::All(vec![name("a"), name("b")])).await, [1]);
    assert_eq!(matching(store, id, not(name("b"))).await, [2, 3]);
}
