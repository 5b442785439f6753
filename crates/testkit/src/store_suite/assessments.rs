//! Assessments of traces: how they are made, replaced and changed, and which traces they lead to.

use trackside_core::{
    Assessment, AssessmentChange as Change, AssessmentError, AssessmentId, AssessmentKind as Kind, AssessmentUpdate,
    AssessorKind, ExperimentId, Json, Judgement, NewAssessment, Query, Store, TraceFacts, TraceId, TraceSelection,
    fault,
    query::{Aggregate, AssessmentField, Compare, Dimension, Filter, MeasureQuery, Measured, Test, TraceField},
};

use super::{
    scene::{ALL, assert_fault, experiment},
    traces::read,
};
use crate::fixture::{at, new_trace, pair};

fn says(kind: Kind, value: &str) -> Judgement {
    Judgement { kind, value: Json::parse(value).expect("a fixture is JSON"), error: None }
}

/// Assessment number `n`, a feedback called `q`, of trace number `trace`.
pub(super) fn new(n: u128, trace: u128, value: &str) -> NewAssessment {
    NewAssessment {
        id: AssessmentId::fresh(n),
        trace: TraceId::fresh(trace),
        name: "q".to_owned(),
        judgement: says(Kind::Feedback, value),
        assessor: AssessorKind::Human,
        assessor_id: None,
        span: None,
        rationale: None,
        metadata: Vec::new(),
        overrides: None,
        of_session: false,
        created_at: at(1_000),
        updated_at: at(1_000),
    }
}

async fn lone_trace(store: &dyn Store) -> ExperimentId {
    let experiment = experiment(store, "e").await;
    store.describe_trace(new_trace(experiment, 1)).await.unwrap();
    experiment
}

async fn create(store: &dyn Store, new: NewAssessment) -> Assessment {
    store.create_assessment(new).await.unwrap()
}

async fn find(store: &dyn Store, n: u128) -> Assessment {
    store.assessment(&TraceId::fresh(1), &AssessmentId::fresh(n)).await.unwrap()
}

async fn change(store: &dyn Store, n: u128, change: Change) {
    store.change_assessment(&TraceId::fresh(1), &AssessmentId::fresh(n), change, at(5_000)).await.unwrap();
}

pub async fn a_new_assessment_is_valid_and_comes_with_its_trace(store: &dyn Store) {
    lone_trace(store).await;
    let error = AssessmentError { code: Some("E".to_owned()), message: Some("m".to_owned()), stack_trace: None };
    let whole = NewAssessment {
        judgement: Judgement { error: Some(error), ..says(Kind::Feedback, r#"{"b": 1.0, "a": [null]}"#) },
        assessor_id: Some("ada".to_owned()),
        span: Some("s".to_owned()),
        rationale: Some("why".to_owned()),
        metadata: vec![pair("b", "1"), pair("a", "2"), pair("b", "3")],
        of_session: true,
        updated_at: at(2_000),
        ..new(1, 1, "null")
    };
    let created = create(store, whole.clone()).await;
    let expected = Assessment {
        id: whole.id,
        trace: whole.trace,
        name: whole.name,
        judgement: whole.judgement,
        assessor: AssessorKind::Human,
        assessor_id: whole.assessor_id,
        span: whole.span,
        rationale: whole.rationale,
        metadata: vec![pair("a", "2"), pair("b", "3")],
        overrides: None,
        is_valid: true,
        of_session: true,
        created_at: at(1_000),
        updated_at: at(2_000),
    };
    assert_eq!(created, expected);
    assert_eq!(find(store, 1).await, expected);
    let earlier = NewAssessment { created_at: at(500), ..new(2, 1, "1.5") };
    let earlier = create(store, earlier).await;
    assert_eq!(read(store, 1).await.assessments, [earlier, expected]);
}

pub async fn an_error_without_a_code_is_kept(store: &dyn Store) {
    lone_trace(store).await;
    let silent = Judgement { error: Some(AssessmentError::default()), ..says(Kind::Feedback, "null") };
    create(store, NewAssessment { judgement: silent.clone(), ..new(1, 1, "null") }).await;
    assert_eq!(find(store, 1).await.judgement, silent);
}

pub async fn what_an_assessment_needs(store: &dyn Store) {
    let experiment = lone_trace(store).await;
    store.describe_trace(new_trace(experiment, 2)).await.unwrap();
    let (trace, nowhere) = (TraceId::fresh(1), TraceId::fresh(9));
    let id = create(store, new(1, 1, "1.0")).await.id;
    assert_fault(store.create_assessment(new(2, 9, "1.0")).await, &fault::trace_not_found(&nowhere));
    assert_fault(store.create_assessment(new(1, 2, "1.0")).await, &fault::assessment_exists(&id));
    let absent = AssessmentId::fresh(9);
    assert_fault(store.assessment(&trace, &absent).await, &fault::assessment_not_found(&trace, &absent));
    assert_fault(store.assessment(&nowhere, &id).await, &fault::assessed_trace_not_found(&nowhere));
    // Of another trace.
    let other = TraceId::fresh(2);
    assert_fault(store.assessment(&other, &id).await, &fault::assessment_not_found(&other, &id));
    let replacing = NewAssessment { overrides: Some(id.clone()), ..new(3, 2, "1.0") };
    assert_fault(store.create_assessment(replacing).await, &fault::assessment_not_found(&other, &id));
    assert!(find(store, 1).await.is_valid, "nothing was written");
    let update = Change::Update(AssessmentUpdate::default());
    let changed = store.change_assessment(&trace, &absent, update, at(1)).await;
    assert_fault(changed, &fault::assessment_not_found(&trace, &absent));
    for gone in [(&trace, &absent), (&nowhere, &id), (&other, &id)] {
        store.change_assessment(gone.0, gone.1, Change::Delete, at(1)).await.unwrap();
    }
    assert_eq!(find(store, 1).await.id, id);
}

pub async fn what_is_replaced_is_valid_again_without_its_successor(store: &dyn Store) {
    lone_trace(store).await;
    let first = create(store, new(1, 1, "1.0")).await;
    let second = create(store, NewAssessment { overrides: Some(first.id.clone()), ..new(2, 1, "2.0") }).await;
    assert_eq!((second.is_valid, second.overrides.as_ref()), (true, Some(&first.id)));
    assert_eq!(find(store, 1).await, Assessment { is_valid: false, ..first.clone() });
    change(store, 2, Change::Delete).await;
    assert_eq!(read(store, 1).await.assessments, [first]);
}

pub async fn an_update_changes_only_what_it_names_of_an_assessment(store: &dyn Store) {
    lone_trace(store).await;
    let metadata = vec![pair("a", "1"), pair("b", "1")];
    let first = NewAssessment { rationale: Some("why".to_owned()), metadata, ..new(1, 1, "1.0") };
    let first = create(store, first).await;
    change(store, 1, Change::Update(AssessmentUpdate::default())).await;
    assert_eq!(find(store, 1).await, Assessment { updated_at: at(5_000), ..first.clone() });
    let update = AssessmentUpdate {
        name: Some("r".to_owned()),
        judgement: Some(says(Kind::Feedback, "\"good\"")),
        rationale: Some(String::new()),
        metadata: vec![pair("b", "2"), pair("c", "3")],
        of_session: true,
    };
    change(store, 1, Change::Update(update)).await;
    let expected = Assessment {
        name: "r".to_owned(),
        judgement: says(Kind::Feedback, "\"good\""),
        rationale: Some(String::new()),
        metadata: vec![pair("a", "1"), pair("b", "2"), pair("c", "3")],
        of_session: true,
        updated_at: at(5_000),
        ..first
    };
    assert_eq!(find(store, 1).await, expected);
}

pub async fn an_assessment_stays_of_its_kind(store: &dyn Store) {
    lone_trace(store).await;
    create(store, new(1, 1, "1.0")).await;
    let expected = NewAssessment {
        judgement: says(Kind::Expectation, "[1.0]"),
        rationale: Some("why".to_owned()),
        ..new(2, 1, "null")
    };
    create(store, expected).await;
    for (n, kind) in [(1, Kind::Expectation), (2, Kind::Feedback)] {
        let update = AssessmentUpdate { judgement: Some(says(kind, "2.0")), ..AssessmentUpdate::default() };
        let (trace, id) = (TraceId::fresh(1), AssessmentId::fresh(n));
        let changed = store.change_assessment(&trace, &id, Change::Update(update), at(1)).await;
        assert_fault(changed, &fault::other_judgement(kind));
    }
    change(store, 2, Change::Update(AssessmentUpdate::default())).await;
    assert_eq!(find(store, 2).await.rationale, None, "of what is expected nobody says why");
}

pub async fn a_deleted_trace_takes_its_assessments_along(store: &dyn Store) {
    let experiment = lone_trace(store).await;
    create(store, NewAssessment { metadata: vec![pair("a", "1")], ..new(1, 1, "1.0") }).await;
    store.delete_traces(experiment, TraceSelection::Ids(vec![TraceId::fresh(1)])).await.unwrap();
    store.describe_trace(new_trace(experiment, 1)).await.unwrap();
    assert_eq!(read(store, 1).await.assessments, []);
    create(store, new(1, 1, "1.0")).await;
}

pub async fn valid_assessments_are_counted_and_measured(store: &dyn Store) {
    let experiment = lone_trace(store).await;
    for (n, value) in
        [(1, "0.5"), (2, "true"), (3, "\" Yes \""), (4, "\"no\""), (5, "\"other\""), (6, "[1.0]"), (7, "9.0")]
    {
        create(store, new(n, 1, value)).await;
    }
    let other =
        NewAssessment { name: "r".to_owned(), judgement: says(Kind::Expectation, "false"), ..new(8, 1, "null") };
    create(store, NewAssessment { overrides: Some(AssessmentId::fresh(7)), ..other }).await;
    let ask = async |measured, aggregate, dimensions: &[Dimension], assessments| {
        let query = MeasureQuery {
            experiments: vec![experiment],
            filter: Filter::default(),
            spans: vec![],
            assessments,
            from: None,
            to: None,
            measured,
            aggregates: vec![aggregate],
            dimensions: dimensions.to_vec(),
            interval: None,
            limit: 100,
        };
        let groups = store.measure_traces(query).await.unwrap();
        groups.into_iter().map(|group| (group.dimensions.concat(), group.values[0])).collect::<Vec<_>>()
    };
    let named = |name: &str, count| (name.to_owned(), Some(count));
    let by_name = [Dimension::AssessmentName];
    let counted = ask(Measured::Assessments, Aggregate::Count, &by_name, vec![]).await;
    assert_eq!(counted, [named("q", 6.0), named("r", 1.0)]);
    let mean = ask(Measured::AssessmentValue, Aggregate::Average, &by_name, vec![]).await;
    assert_eq!(mean, [named("q", 0.625), named("r", 0.0)]);
    let is = |field, text: &str| (field, Test::Text(Compare::Equal, text.to_owned()));
    let expected = vec![is(AssessmentField::Kind, "expectation"), is(AssessmentField::Name, "r")];
    let by_value = ask(Measured::Assessments, Aggregate::Count, &[Dimension::AssessmentValue], expected).await;
    assert_eq!(by_value, [named("false", 1.0)]);
}

pub async fn traces_are_found_by_what_is_thought_of_them(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    for n in 1..=6 {
        let session = (n >= 5).then(|| "s".to_owned());
        let facts = TraceFacts { session, ..TraceFacts::default() };
        store.describe_trace(trackside_core::NewTrace { facts, ..new_trace(experiment, n) }).await.unwrap();
    }
    create(store, new(1, 1, "0.5")).await;
    create(store, new(2, 2, "\"good\"")).await;
    create(store, NewAssessment { judgement: says(Kind::Expectation, "0.5"), ..new(3, 3, "null") }).await;
    create(store, NewAssessment { name: "i".to_owned(), judgement: says(Kind::Issue, "\"x\""), ..new(4, 3, "null") })
        .await;
    create(store, new(5, 4, "0.75")).await;
    create(store, NewAssessment { overrides: Some(AssessmentId::fresh(5)), ..new(6, 4, "null") }).await;
    create(store, NewAssessment { of_session: true, ..new(7, 5, "2.0") }).await;
    let found = async |kind, name: &str, test: Option<Test>, is_present| {
        let field = TraceField::Assessment { kind, name: name.to_owned(), test };
        let query = Query { filter: Filter::Field(field, Test::Present(is_present)), ..Query::default() };
        let found = store.search_traces(vec![experiment], query, ALL).await.unwrap().items;
        let mut numbers: Vec<_> =
            found.iter().map(|trace| u128::from_str_radix(trace.id.as_str(), 16).unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    let among = |values: &[&str], negated| {
        Some(Test::OneOf { values: values.iter().map(|value| (*value).to_owned()).collect(), negated })
    };
    let less = |number| Some(Test::Number(Compare::Less, number));
    let like = Some(Test::Like { pattern: "%goo%".to_owned(), case_sensitive: true });
    for (kind, name, test, is_present, expected) in [
        (Kind::Feedback, "q", None, true, &[1, 2, 4, 5, 6][..]),
        (Kind::Feedback, "q", None, false, &[3]),
        (Kind::Feedback, "Q", None, true, &[]),
        (Kind::Feedback, "q", among(&["good", "\"good\""], false), true, &[2]),
        (Kind::Feedback, "q", among(&["good", "\"good\""], true), true, &[1, 4, 5, 6]),
        (Kind::Feedback, "q", less(1.0), true, &[1]),
        (Kind::Feedback, "q", less(9.0), true, &[1, 5, 6]),
        (Kind::Feedback, "q", like, true, &[2]),
        (Kind::Expectation, "q", less(1.0), true, &[3]),
        (Kind::Issue, "i", None, true, &[3]),
    ] {
        assert_eq!(
            found(kind, name, test.clone(), is_present).await,
            expected,
            "{kind:?} {name} {test:?} {is_present}"
        );
    }
}
