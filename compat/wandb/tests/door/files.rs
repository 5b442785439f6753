//! Files of runs: where they are put, and who may.

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use trackside_core::ArtifactPath;

use super::server::Server;

const CREATE: &str = "mutation C($files: [String!]!) { createRunFiles(input: {entityName: \"local\", projectName: \"p\", \
    runName: \"r\", files: $files}) { runID uploadHeaders files { name uploadUrl } } }";

/// The address behind the host.
fn local(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix("http://here:1/wb").unwrap().to_owned()
}

async fn send(server: &Server, method: Method, path: &str, body: &str) -> (u16, String) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
    let answer = server.raw(request).await;
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn address(server: &Server, name: &str) -> String {
    let data = server.data(CREATE, json!({ "files": [name] })).await;
    local(&data["createRunFiles"]["files"][0]["uploadUrl"])
}

#[tokio::test]
async fn what_is_put_is_an_artifact_and_a_file() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let url = address(&server, "./media/f \u{fc}#?.txt").await;
    assert_eq!(send(&server, Method::PUT, &url, "bytes").await.0, 200);
    assert_eq!(send(&server, Method::PUT, &url, "other bytes").await.0, 200, "a file may be put again");
    let id = server.stored("r").await.info.id;
    let path = ArtifactPath::parse("media/f \u{fc}#?.txt").unwrap();
    assert_eq!(server.service.run_artifact(&id, &path).await.unwrap().size(), 11);

    let fields = "fileCount files(first: 5) { edges { node { id name sizeBytes mimetype directUrl url } } pageInfo { hasNextPage } }";
    let run = server.run("r", fields).await;
    let file = &run["files"]["edges"][0]["node"];
    assert_eq!(
        (&run["fileCount"], &file["name"], &file["sizeBytes"]),
        (&json!(1), &json!("media/f \u{fc}#?.txt"), &json!(11))
    );
    assert_eq!(send(&server, Method::GET, &local(&file["url"]), "").await, (200, "other bytes".to_owned()));

    let delete = "mutation D($files: [ID!]!) { deleteFiles(input: {files: $files}) { success } }";
    server.data(delete, json!({ "files": [file["id"]] })).await;
    assert_eq!(send(&server, Method::GET, &local(&file["url"]), "").await.0, 404);
    assert_eq!(server.run("r", "fileCount").await["fileCount"], 0);
}

#[tokio::test]
async fn files_are_found_by_name_and_by_pattern() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    for name in ["a.json", "b/c.json", "d.txt"] {
        let url = address(&server, name).await;
        assert_eq!(send(&server, Method::PUT, &url, name).await.0, 200);
    }
    let names = async |arguments: &str| -> Vec<String> {
        let run =
            server.run("r", &format!("files({arguments}) {{ edges {{ node {{ name sizeBytes }} cursor }} }}")).await;
        let edges = run["files"]["edges"].as_array().unwrap().clone();
        edges
            .iter()
            .map(|edge| format!("{} {}", edge["node"]["name"].as_str().unwrap(), edge["node"]["sizeBytes"]))
            .collect()
    };
    assert_eq!(names("first: 2").await, ["a.json 6", "b/c.json 8"]);
    assert_eq!(names("first: 2, after: \"b/c.json\"").await, ["d.txt 5"]);
    assert_eq!(names("pattern: \"%.json\"").await, ["a.json 6", "b/c.json 8"]);
    // What there is not has no bytes, for clients take the first of what they get.
    assert_eq!(names("names: [\"./d.txt\", \"none\", \"../x\"]").await, ["d.txt 5", "none 0"]);
}

#[tokio::test]
async fn an_address_is_good_for_one_thing_and_a_day() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let url = address(&server, "f").await;
    let (path, signature) = url.split_once('?').unwrap();
    let other = format!("{}/g", path.strip_suffix("/f").unwrap());
    for (method, address) in [
        (Method::PUT, path.to_owned()),
        (Method::PUT, format!("{path}?expires=99999999999999&signature=00")),
        (Method::PUT, format!("{other}?{signature}")),
        (Method::GET, url.clone()),
    ] {
        assert_eq!(send(&server, method, &address, "x").await.0, 403, "{address}");
    }
    server.clock.advance(24 * 60 * 60 * 1000 + 1);
    assert_eq!(send(&server, Method::PUT, &url, "x").await.0, 403);
    assert_eq!(server.run("r", "fileCount").await["fileCount"], 0);
    assert_eq!(send(&server, Method::OPTIONS, path, "").await.0, 204);
}

#[tokio::test]
async fn no_file_can_leave_its_run() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    for name in ["../x", "/etc/passwd", "a/../../x", "", ".", "a\\b", "C:/x", "a\nb"] {
        let refused = server.refusal(CREATE, json!({ "files": ["fine", name] })).await;
        assert!(refused.contains("cannot be the name of a file"), "{refused}");
    }
    let data = server.data(CREATE, json!({ "files": ["f"] })).await;
    let url = local(&data["createRunFiles"]["files"][0]["uploadUrl"]);
    let (path, signature) = url.split_once('?').unwrap();
    let out = format!("{}?{signature}", path.strip_suffix("/f").unwrap().to_owned() + "/..%2f..%2fx");
    assert!((400..404).contains(&send(&server, Method::PUT, &out, "x").await.0));
}
