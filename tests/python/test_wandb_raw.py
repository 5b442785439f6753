"""What no W&B client sends, sent to its door: wrong, half, too much. Each is refused in the protocol's own shape, and
nothing of it is applied.
"""

import json
import socket
import uuid
from urllib.parse import urlsplit

import pytest
import requests

UPSERT = """
mutation UpsertBucket($project: String, $entity: String, $name: String, $config: JSONString) {
  upsertBucket(input: {modelName: $project, entityName: $entity, name: $name, config: $config}) {
    bucket { id name project { name entity { name } } }
    inserted
  }
}
"""
READ = """
query Run($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { id name state config summaryMetrics historyLineCount history(samples: 100) }
  }
}
"""
FILES = """
mutation CreateRunFiles($project: String!, $entity: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {projectName: $project, entityName: $entity, runName: $run, files: $files}) {
    runID
    uploadHeaders
    files { name uploadUrl }
  }
}
"""
HISTORY = "wandb-history.jsonl"


class Door:
    """The door, and one run behind it."""

    def __init__(self, url):
        self.url = url
        self.key = {"entity": "local", "project": f"raw-{uuid.uuid4().hex[:12]}", "name": "r1"}
        self.ask(UPSERT, self.key | {"config": json.dumps({"lr": {"value": 0.1}, "_wandb": {"value": {"t": {}}}})})

    def post(self, path, body, headers=None, **more):
        headers = {"Content-Type": "application/json", "User-Agent": "wandb-core"} | (headers or {})
        return requests.post(self.url + path, data=body, headers=headers, timeout=60, **more)

    def graphql(self, query, variables, **more):
        return self.post("/graphql", json.dumps({"query": query, "variables": variables, "operationName": ""}), **more)

    def ask(self, query, variables):
        answer = self.graphql(query, variables)
        assert answer.status_code == 200, answer.text
        assert not answer.json().get("errors"), answer.text
        return answer.json()["data"]

    def stream(self, body, name=None, **more):
        path = f"/files/local/{self.key['project']}/{name or self.key['name']}/file_stream"
        return self.post(path, body if isinstance(body, str | bytes) else json.dumps(body), **more)

    def lines(self, offset, *content, stream=HISTORY, **more):
        return self.stream({"files": {stream: {"offset": offset, "content": list(content)}}}, **more)

    def run(self, name=None):
        return self.ask(READ, self.key | ({"name": name} if name else {}))["project"]["run"]

    def rows(self):
        return [json.loads(line) for line in self.run()["history"]]

    def upload_url(self, name):
        variables = {"project": self.key["project"], "entity": "local", "run": "r1", "files": [name]}
        answer = self.graphql(FILES, variables)
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 400 or answer.json().get("errors"):
            return None
        return answer.json()["data"]["createRunFiles"]["files"][0]["uploadUrl"]


@pytest.fixture
def door(trackside):
    return Door(trackside.url)


def row(step, **values):
    return json.dumps({"_step": step, "_timestamp": 1.7e9 + step, "_runtime": step} | values)


def refused(answer, status=400):
    """With a message, where W&B's client looks for it."""
    assert answer.status_code == status, answer.text
    [error] = answer.json()["errors"]
    assert error["message"]
    return error["message"]


def test_lines_are_kept_by_number(door):
    assert door.lines(0, row(0, x=1), row(1, x=2)).ok
    assert door.lines(1, row(1, x=2), row(2, x=3)).ok
    assert [(line["_step"], line["x"]) for line in door.rows()] == [(0, 1), (1, 2), (2, 3)]


def test_a_heartbeat_is_answered(door):
    assert door.stream({}).json() == {}
    assert door.run()["state"] == "running"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"files": []}',
        b'{"files": {"wandb-history.jsonl": []}}',
        b'{"files": {"wandb-history.jsonl": {"offset": -1, "content": ["{}"]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": "0", "content": ["{}"]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": 0, "content": [1]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{"]}}}',
        b'{"files": {"wandb-history.jsonl": {"offset": 0, "content": ["[1]"]}}}',
        b'{"files": {"wandb-summary.json": {"offset": 0, "content": ["7"]}}}',
        b'{"complete": "yes"}',
        b'{"exitcode": 99999999999999999999, "complete": true}',
        b"[" * 100_000,
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
def test_a_stream_that_makes_no_sense_is_refused(door, body):
    assert door.lines(0, row(0, x=1)).ok
    refused(door.stream(body))
    assert [line["x"] for line in door.rows()] == [1]
    assert door.run()["state"] == "running"


def test_a_malformed_line_leaves_nothing_of_its_request(door):
    body = {"files": {HISTORY: {"offset": 0, "content": [row(0, x=1), '{"x": ', row(2, x=3)]}}, "complete": True, "exitcode": 0}
    refused(door.stream(body))
    assert (door.rows(), door.run()["state"]) == ([], "running")


def test_rows_behind_a_gap_are_refused(door):
    assert door.lines(0, row(0, x=1)).ok
    refused(door.lines(5, row(5, x=6)))
    refused(door.lines(2**63, row(7, x=8)))
    assert [line["x"] for line in door.rows()] == [1]
    assert door.lines(1, row(1, x=2)).ok
    assert [line["x"] for line in door.rows()] == [1, 2]


def test_who_shares_a_run_begins_to_count_wherever_it_likes(door):
    shared = {"X-WANDB-USE-ASYNC-FILESTREAM": "true", "X-WANDB-ASYNC-CLIENT-ID": "one"}
    assert door.lines(100, row(0, x=1), headers=shared).ok
    assert door.lines(102, row(2, x=3), headers=shared).ok
    assert door.lines(101, row(1, x=2), headers=shared).ok
    assert [line["x"] for line in door.rows()] == [1, 2, 3]


def test_a_run_that_nobody_made_is_refused(door):
    answer = door.stream({}, "nobody")
    assert 400 <= answer.status_code < 500
    assert door.run("nobody") is None


def test_lines_may_be_deep_and_wide_within_reason(door):
    assert door.lines(0, row(0, **{f"k{n}": n for n in range(2000)})).ok
    deep = '{"_step": 1, "x": ' + '{"y": ' * 5000 + "1" + "}" * 5001
    assert door.lines(1, deep).status_code in (200, 400)
    assert door.run()["historyLineCount"] >= 1


def test_a_body_that_is_too_large_is_not_taken(door):
    """It is said to be 10 GiB; nobody waits for them."""
    where = urlsplit(door.url)
    with socket.create_connection((where.hostname, where.port), 30) as connection:
        path = f"/files/local/{door.key['project']}/r1/file_stream"
        head = f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {10 << 30}\r\n\r\n".encode() + b'{"files": ' + b" " * 100_000)
        status = int(connection.recv(1000).split()[1])
    assert status in (400, 413)


@pytest.mark.parametrize(
    "query",
    ["", "nonsense", "{", "query { " + "a { " * 2000 + "}" * 2001, "mutation { nobodyKnowsThis(input: {}) { x } }"],
    ids=["empty", "nonsense", "open", "deep", "unknown mutation"],
)
def test_a_query_that_makes_no_sense_is_refused(door, query):
    answer = door.graphql(query, {})
    assert answer.status_code in (200, 400)
    assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"query": 7}', b'{"query": "{ viewer { id } }", "variables": 7}'])
def test_a_call_that_is_no_query_is_refused(door, body):
    answer = door.post("/graphql", body)
    assert answer.status_code in (200, 400)
    assert answer.json()["errors"][0]["message"]


def test_an_unknown_field_is_null(door):
    answer = door.graphql("{ viewer { id nobodyKnowsThis } }", {}).json()
    assert answer["data"]["viewer"]["id"] and answer["data"]["viewer"]["nobodyKnowsThis"] is None


def test_a_run_whose_config_is_no_json_is_refused(door):
    answer = door.graphql(UPSERT, door.key | {"name": "r2", "config": "{"})
    assert answer.status_code in (200, 400) and answer.json()["errors"][0]["message"]
    assert door.run("r2") is None


@pytest.mark.parametrize("name", ["", "a/b", "x" * 5000, "a\x00b", "..", "a\nb"], ids=repr)
def test_names_that_lead_elsewhere_are_refused_or_harmless(door, name):
    answer = door.graphql(UPSERT, door.key | {"name": name, "config": None})
    assert answer.status_code in (200, 400)
    assert door.rows() == []


@pytest.mark.parametrize("name", ["../../escaped", "/etc/escaped", "a/../../escaped", "", ".", "a\x00b", "c:\\x", "a//b"], ids=repr)
def test_files_stay_below_their_run(door, trackside, name):
    url = door.upload_url(name)
    if url:
        assert requests.put(url, data=b"content", timeout=60).status_code < 500
    if trackside.data_dir:
        found = [path for path in trackside.data_dir.parent.rglob("*escaped*")]
        assert all(trackside.data_dir in path.parents for path in found)


def test_an_upload_needs_its_signature(door):
    url = door.upload_url("a.txt")
    bare, _, query = url.partition("?")
    assert query
    assert requests.put(bare, data=b"x", timeout=60).status_code in (401, 403)
    assert requests.put(f"{bare}?{query[:-2]}", data=b"x", timeout=60).status_code in (401, 403)
    assert requests.put(url.replace("a.txt", "b.txt"), data=b"x", timeout=60).status_code in (401, 403)
    assert requests.put(url, data=b"x", timeout=60).ok
    assert requests.put(url, data=b"again", timeout=60).ok


def test_an_upload_that_is_cut_leaves_nothing(door):
    url = urlsplit(door.upload_url("cut.bin"))
    with socket.create_connection((url.hostname, url.port), 30) as connection:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 1000000\r\n\r\n"
        connection.sendall(head.encode() + bytes(300_000))
    query = """query RunFiles($project: String!, $entity: String!, $name: String!) {
      project(name: $project, entityName: $entity) { run(name: $name) { files { edges { node { name } } } } } }"""
    edges = door.ask(query, door.key)["project"]["run"]["files"]["edges"]
    assert "cut.bin" not in [edge["node"]["name"] for edge in edges]


def test_the_probe_of_telemetry_is_not_there(door):
    assert door.post("/sdk/otel/v1/metrics", b"").status_code == 404


def test_the_door_has_a_path_of_its_own(door):
    answer = door.post("/wb/graphql", json.dumps({"query": "{ viewer { entity } }"}))
    assert answer.json()["data"]["viewer"]["entity"] == "local"
    assert door.post(f"/wb/files/local/{door.key['project']}/r1/file_stream", b"{}").json() == {}


def test_mlflow_shares_the_path(door):
    query = 'query { mlflowGetExperiment(input: {experimentId: "0"}) { experiment { name } } }'
    assert door.ask(query, {})["mlflowGetExperiment"]["experiment"]["name"] == "Default"
