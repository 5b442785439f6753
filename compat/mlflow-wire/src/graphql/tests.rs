use serde_json::json;
use trackside_core::Timestamp;

use super::*;

fn request(query: &str, variables: &Json) -> Result<Plan, Refused> {
    let variables = variables.as_object().cloned();
    GraphqlRequest { query: Some(query.to_owned()), variables, operation_name: None }.plan()
}

fn plan(query: &str) -> Plan {
    request(query, &Json::Null).unwrap_or_else(|refused| panic!("{query}: {refused:?}"))
}

/// Why a query is refused.
fn refused(query: &str) -> String {
    match request(query, &json!({"n": 5, "null": null})) {
        Err(Refused::Invalid(why)) => why,
        other => panic!("{query}: {other:?}"),
    }
}

fn answered(plan: &Plan, found: Vec<Result<Found, String>>) -> Json {
    serde_json::from_slice(&plan.shape.to_json(found)).unwrap()
}

#[test]
fn inputs_become_the_requests_of_rest() {
    let query = r#"query ($ids: [String], $n: Int) {
        mlflowSearchRuns(input: {experimentIds: $ids, runViewType: ALL, maxResults: $n, orderBy: "a", pageToken: null}) {
            runs { experiment { name } }
        }
    }"#;
    let plan = request(query, &json!({"ids": ["1", "2"], "n": 7})).unwrap();
    let Call::Runs(request, related) = &plan.calls[0] else { panic!("{plan:?}") };
    assert_eq!(request.experiment_ids, Some(vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(request.order_by, Some(vec!["a".to_owned()]));
    assert_eq!((request.max_results, &request.page_token), (Some(crate::Int(7)), &None));
    assert_eq!(*related, Related { experiment: true, model_versions: false });
}

#[test]
fn a_variable_that_is_not_given_is_as_good_as_none() {
    let query = "query ($f: String, $d: String = \"x\") { mlflowSearchModelVersions(input: {filter: $f, pageToken: $d}) { apiError { code } } }";
    let plan = plan(query);
    let Call::ModelVersions(request) = &plan.calls[0] else { panic!("{plan:?}") };
    assert_eq!((&request.filter, request.page_token.as_deref()), (&None, Some("x")));
}

#[test]
fn fields_stand_in_the_order_of_the_query_under_the_names_it_gives() {
    let plan = plan(
        "{ b: test(inputString: \"1\") { z: output __typename ...F } a: test(inputString: \"2\") { output } } fragment F on Test { y: output z: output }",
    );
    let json = plan.shape.to_json(vec![Ok(Found::echo("1")), Ok(Found::echo("2"))]);
    let expected = r#"{"data":{"b":{"z":"1","__typename":"Test","y":"1"},"a":{"output":"2"}},"errors":null}"#;
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}

#[test]
fn one_fault_leaves_the_other_answers() {
    let plan = plan("{ a: test(inputString: \"1\") { output } b: test(inputString: \"2\") { output } __typename }");
    let answer = answered(&plan, vec![Err("no".to_owned()), Ok(Found::echo("2")), Ok(Found::Nothing)]);
    assert_eq!(answer, json!({"data": {"a": null, "b": {"output": "2"}, "__typename": "Query"}, "errors": ["no"]}));
}

#[test]
fn large_integers_are_texts_and_nan_is_null() {
    let plan = plan(
        "{ mlflowGetMetricHistoryBulkInterval(input: {runIds: \"r\", metricKey: \"m\"}) { metrics { step value runId } again: metrics { key } apiError { code } } }",
    );
    let point = |value| trackside_core::Point { step: i64::MAX, time: Timestamp::from_millis(1), value };
    let runs = vec![(trackside_core::RunId::parse("r").unwrap(), vec![point(f64::NAN), point(0.5)])];
    let answer = answered(&plan, vec![Ok(Found::Points(trackside_core::Key::new("m").unwrap(), runs))]);
    let metrics = json!([
        {"step": "9223372036854775807", "value": null, "runId": "r"},
        {"step": "9223372036854775807", "value": 0.5, "runId": "r"},
    ]);
    let expected = json!({"metrics": metrics, "again": [{"key": "m"}, {"key": "m"}], "apiError": null});
    assert_eq!(answer["data"]["mlflowGetMetricHistoryBulkInterval"], expected);
}

#[test]
fn what_cannot_be_asked_is_named() {
    let test = |inner: &str| format!("{{ test(inputString: \"a\") {{ {inner} }} }}");
    for (query, why) in [
        ("{ nonsense }".to_owned(), "Cannot query field 'nonsense' on type 'Query'."),
        ("subscription { x }".to_owned(), "Schema is not configured to execute subscription operation."),
        (test("output { x }"), "Field 'output' must not have a selection since type 'String' has no subfields."),
        (test("output(a: 1)"), "Unknown argument 'a' on field 'Test.output'."),
        (test("...F"), "Unknown fragment 'F'."),
        (
            test("output @include"),
            "Directive '@include' argument 'if' of type 'Boolean!' is required, but it was not provided.",
        ),
        (test("output @nonsense"), "Unknown directive '@nonsense'."),
        (test("output @component(name: \"x\")"), "Directive '@component' may not be used on field."),
        (
            "{ test(inputString: \"a\") }".to_owned(),
            "Field 'test' of type 'Test' must have a selection of subfields. Did you mean 'test { ... }'?",
        ),
        ("{ test(inputString: $x) { output } }".to_owned(), "Variable '$x' is not defined."),
        (
            "query ($x: Int!) { test(inputString: $x) { output } }".to_owned(),
            "Variable '$x' of required type 'Int!' was not provided.",
        ),
        (
            "query ($null: Int!) { test(inputString: $null) { output } }".to_owned(),
            "Variable '$null' of non-null type 'Int!' must not be null.",
        ),
        (
            "{ mlflowGetRun { run { info { runId } } } }".to_owned(),
            "Argument 'input' of field 'mlflowGetRun' is required.",
        ),
        (
            "{ mlflowGetRun(input: {run: 1}) { run { info { runId } } } }".to_owned(),
            "Field 'run' is not defined by type 'MlflowGetRunInput'.",
        ),
        ("fragment F on Query { test }".to_owned(), "Must provide an operation."),
    ] {
        assert_eq!(refused(&query), why, "{query}");
    }
}

#[test]
fn the_largest_queries_pass_and_larger_ones_do_not() {
    let many = |n: usize, each: &str| format!("{{ test(inputString: \"a\") {{ {} }} }}", each.repeat(n));
    plan(&many(999, "output "));
    assert_eq!(refused(&many(1000, "output ")), "Query exceeds maximum total selections of 1000");
    let roots = |n: usize| format!("{{ {} }}", "__typename ".repeat(n));
    plan(&roots(10));
    assert!(refused(&roots(11)).starts_with("GraphQL queries should have at most 10 root fields, got 11 root fields."));
    let aliases = |n: usize| many(1, &(0..n).map(|n| format!("a{n}: output")).collect::<Vec<_>>().join(" "));
    plan(&aliases(10));
    assert!(refused(&aliases(11)).starts_with("GraphQL queries should have at most 10 aliases, got 11 aliases."));
    let deep = |n: usize| format!("{}x{}", "{ a ".repeat(n - 1) + "{ ", " }".repeat(n));
    assert_eq!(refused(&deep(10)), "Cannot query field 'a' on type 'Query'.");
    assert_eq!(refused(&deep(11)), "Query exceeds maximum depth of 10");
}

#[test]
fn fragments_within_themselves_come_to_an_end() {
    plan("{ test(inputString: \"a\") { output ...A } } fragment A on Test { output ...B } fragment B on Test { ...A }");
    let deeper = "{ mlflowGetRun(input: {runId: \"r\"}) { ...A } } fragment A on MlflowGetRunResponse { run { ...B } } fragment B on MlflowRunExtension { info { ...B } }";
    assert!(refused(deeper).starts_with("Query exceeds maximum depth"), "{}", refused(deeper));
}

#[test]
fn what_is_no_query_is_malformed() {
    let nested = |open: &str, n: usize| open.repeat(n);
    for query in
        ["", "{", "nonsense", "{ a(x: ) }", &nested("{ a ", 50_000 / 4), &nested("[", 100_000), &nested("{", 100_000)]
    {
        assert!(matches!(request(query, &Json::Null), Err(Refused::Malformed(_))), "{query:.20}");
    }
    let long = format!("{{ test(inputString: \"{}\") {{ output }} }}", "x".repeat(MAX_QUERY_BYTES));
    assert!(matches!(request(&long, &Json::Null), Err(Refused::Malformed(_))));
    let nested = format!("{{ test(inputString: {}1{}) {{ output }} }}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(request(&nested, &Json::Null), Err(Refused::Malformed(_))));
}
