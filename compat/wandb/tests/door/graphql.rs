//! Who answers what at `/graphql`, and how it is refused.

use serde_json::{Value, json};

use super::server::Server;

async fn shared(server: &Server, agent: &str, body: &str) -> (u16, Value) {
    server.post("/graphql", &[("user-agent", agent)], body.to_owned()).await
}

#[tokio::test]
async fn each_of_the_two_families_is_answered_by_its_own() {
    let server = Server::start().await;
    let query = |text: &str| json!({ "query": text, "variables": null }).to_string();
    for ours in ["{ viewer { entity } }", "query V { ...F } fragment F on Query { viewer { entity } }"] {
        let (_, answer) = shared(&server, "Mozilla", &query(ours)).await;
        assert_eq!(answer, json!({ "data": { "viewer": { "entity": "local" } } }), "{ours}");
    }
    for others in [query("{ mlflowGetRun(input: {}) { x } }"), query("{ test }"), query("{"), "nonsense".to_owned()] {
        let (_, answer) = shared(&server, "Mozilla", &others).await;
        assert_eq!(answer, json!({ "other": others.len() }), "{others}");
    }
    for agent in ["wandb-core", "W&B Public Client 0.19.11"] {
        let (status, answer) = shared(&server, agent, &query("{ laterField }")).await;
        assert_eq!((status, &answer["errors"][0]["message"]), (200, &json!("this server has no Query.laterField")));
        let (_, answer) = shared(&server, agent, &query("{ __type(name: \"ServerInfo\") { name } }")).await;
        assert_eq!(answer["data"]["__type"]["name"], "ServerInfo");
        let (_, answer) = shared(&server, agent, &query("{ mlflowGetRun { x } }")).await;
        assert!(answer.get("other").is_some());
    }
}

#[tokio::test]
async fn clients_learn_what_they_ask_before_anything_else() {
    let server = Server::start().await;
    let text = "query ServerFeaturesQuery { serverInfo { features { name isEnabled } cliVersionInfo } \
        viewer { id entity username email flags teams { edges { node { name } } } } \
        entity(name: \"any\") { name organization { name coreWeaveOrganizationId orgEntity { entityType } } } }";
    let data = server.data(text, json!({})).await;
    let features = data["serverInfo"]["features"].as_array().unwrap();
    assert!(features.contains(&json!({ "name": "MARK_RUN_FILES_UPLOADED", "isEnabled": true })));
    assert_eq!(data["viewer"]["teams"]["edges"][0]["node"], json!({ "name": "local" }));
    assert_eq!(data["entity"]["name"], "any");
    assert_eq!(data["entity"]["organization"]["coreWeaveOrganizationId"], Value::Null);
    let (status, _) = server.post("/sdk/otel/v1/metrics", &[], String::new()).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn nonsense_is_refused_in_words() {
    let server = Server::start().await;
    for body in
        ["", "[]", "{\"query\": 1}", "{\"query\": \"{\"}", "\u{0}", "{\"query\": \"{ viewer }\", \"variables\": []}"]
    {
        let (status, answer) = server.post("/wb/graphql", &[], body.to_owned()).await;
        assert_eq!(status, 200, "{body}");
        assert!(answer["errors"][0]["message"].is_string(), "{body}: {answer}");
    }
    assert_eq!(
        server.refusal("mutation { launchRockets }", json!({})).await,
        "this server has no Mutation.launchRockets"
    );
    let rewound = server.refusal("mutation { rewindRun(input: {runName: \"r\"}) { x } }", json!({})).await;
    assert!(rewound.contains("fork_from"), "{rewound}");
}
