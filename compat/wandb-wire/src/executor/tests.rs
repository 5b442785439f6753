use async_trait::async_trait;
use serde_json::json;

use super::*;

/// Echoes arguments, nests without end, and knows a list.
#[derive(Debug)]
struct Thing(&'static str);

#[async_trait]
impl Object for Thing {
    fn type_name(&self) -> &'static str {
        self.0
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        Ok(match name {
            "echo" => arguments.value("value").cloned().unwrap_or_default().into(),
            "upper" => arguments.required("text")?.to_uppercase().into(),
            "run" => Node::object(Thing("Run")),
            "user" => Node::object(Thing("User")),
            "list" => Node::List(vec![Node::object(Thing("Run")), Node::null(), json!({"echo": 1}).into()]),
            "data" => json!({"a": {"b": [1, 2]}, "list": [{"x": 1, "y": 2}]}).into(),
            _ => Node::Unknown,
        })
    }
}

async fn answer(text: &str, variables: Value) -> Result<Value> {
    let request = json!({"query": text, "variables": variables, "operationName": ""});
    let query = Query::parse(serde_json::from_value(request).unwrap())?;
    execute(&query, &Thing("Query"), Schema::served()).await
}

#[tokio::test]
async fn aliases_fragments_and_conditions_are_resolved() {
    let text = r#"
        # a comment
        query Q($yes: Boolean!, $no: Boolean = false, $v: JSON) {
            result: echo(value: {list: [1, $v], name: ENUM, text: "x"})
            ...F
            run { ... on User { lost: echo } ... on Node { kept: __typename } ... on Run { __typename } }
            echo(value: 1) @include(if: $no)
            twice: echo(value: 2) @skip(if: $no) @include(if: $yes)
            list { echo }
            data { a list { y } }
        }
        fragment F on Query { upper(text: "ä") run { upper(text: "merged") } }"#;
    let expected = json!({
        "result": {"list": [1, null], "name": "ENUM", "text": "x"},
        "upper": "Ä",
        "run": {"upper": "MERGED", "kept": "Run", "__typename": "Run"},
        "twice": 2,
        "list": [{"echo": null}, null, {"echo": 1}],
        "data": {"a": {"b": [1, 2]}, "list": [{"y": 2}]},
    });
    assert_eq!(answer(text, json!({"yes": true, "v": null})).await.unwrap(), expected);
}

#[tokio::test]
async fn what_is_not_there_is_null_but_refused_at_the_top() {
    assert_eq!(
        answer("{ run { later { a } upper(text: \"a\", more: 1) } }", json!(null)).await.unwrap(),
        json!({
            "run": {"later": null, "upper": "A"}
        })
    );
    let refused = answer("{ later }", json!({})).await.unwrap_err();
    assert_eq!(refused.message(), "this server has no Query.later");
    assert!(answer("{ ...Missing }", json!({})).await.is_err());
    assert!(answer("{ upper }", json!({})).await.unwrap_err().message().contains("'text'"));
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let deep = format!("{{ {} echo {} }}", "run {".repeat(MAX_DEPTH + 2), "}".repeat(MAX_DEPTH + 2));
    assert!(answer(&deep, json!({})).await.unwrap_err().message().contains("nested"));
    let endless = "{ ...F } fragment F on Any { run { ...F } ...F }";
    assert!(answer(endless, json!({})).await.unwrap_err().message().contains("nested"));
    let wide = "{ a: list { ...F } } fragment F on Run { a: list { ...F } b: list { ...F } }";
    assert!(answer(wide, json!({})).await.is_err());
    for bad in ["", "{", "query A { echo } query B {", &"#".repeat(MAX_DEPTH << 16)] {
        assert!(answer(bad, json!({})).await.is_err(), "{bad:.20}");
    }
}

#[tokio::test]
async fn types_are_told() {
    let text = r#"{ q: __type(name: "Query") { fields { name args { name } } }
        settings: __type(name: "ServerSettings") { fields { name } }
        input: __type(name: "StopRunInput") { fields { name } inputFields { name } }
        none: __type(name: "Nothing") { name } }"#;
    let told = answer(text, json!({})).await.unwrap();
    assert!(
        told["q"]["fields"].as_array().unwrap().iter().any(|field| *field == json!({"name": "viewer", "args": []}))
    );
    assert_eq!(told["settings"]["fields"], json!([]));
    assert_eq!(told["input"], json!({"fields": null, "inputFields": [{"name": "id"}]}));
    assert_eq!(told["none"], json!(null));
}

#[test]
fn the_operation_is_found_by_name() {
    let request = |name: &str| {
        let text = "query A { viewer } mutation B { stopRun ...F } fragment F on Mutation { deleteRun }";
        Query::parse(Request { query: text.into(), variables: None, operation_name: Some(name.into()) })
    };
    assert_eq!(request("").unwrap().root_fields(), ["viewer"]);
    assert_eq!(request("B").unwrap().root_fields(), ["stopRun", "deleteRun"]);
    assert!(request("B").unwrap().is_mutation() && !request("A").unwrap().is_mutation());
    assert!(request("C").is_err());
}
