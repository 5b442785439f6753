"""A W&B server for tests: as much of one as the real client 0.31 needs to log runs and to read them back.

Lines of a stream are kept by offset, so that a request sent twice shows once, and every request is kept as it came.
A line of a history never changes: the real client does not do that, and what the real server would make of it is not
known.
Sources: the protocol reference of this project (sections 1 to 4), and what the client itself sends. Also a program:
`python wandb_server.py --port 8080` serves until it is ended.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

# The client refuses keys that are shorter before it sends anything.
API_KEY = "k" * 40
ENTITY = "team"
HISTORY = "wandb-history.jsonl"
SUMMARY = "wandb-summary.json"
# Runs are made long ago so that nothing depends on the day of the test.
CREATED_AT = "2026-01-01T00:00:00Z"


@dataclass
class Request:
    """One request as it came; names of headers in title case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def operation(self) -> str | None:
        """The GraphQL operation, by the query: calls of the public API leave the field empty."""
        if not self.path.endswith("/graphql"):
            return None
        found = re.search(r"\b(?:query|mutation)\s+(\w+)", self.json["query"])
        return found and found[1]


@dataclass
class Run:
    """One run and all that was sent of it."""

    entity: str
    project: str
    name: str
    number: int
    fields: dict = field(default_factory=dict)
    config: str = "{}"
    state: str = "running"
    exitcode: int | None = None
    streams: dict[str, dict[int, str]] = field(default_factory=dict)
    uploaded: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return base64.b64encode(f"Run:v1:{self.name}:{self.project}:{self.entity}".encode()).decode()

    def lines(self, stream: str) -> list[str]:
        """Of a stream, in order. A gap is a fault of the sender."""
        lines = self.streams.get(stream, {})
        assert sorted(lines) == list(range(len(lines))), f"{stream} of {self.name} has gaps"
        return [lines[offset] for offset in sorted(lines)]

    @property
    def rows(self) -> list[dict]:
        return [json.loads(line) for line in self.lines(HISTORY)]

    @property
    def summary(self) -> dict:
        lines = self.streams.get(SUMMARY) or {0: self.fields.get("summaryMetrics") or "{}"}
        return json.loads(lines[max(lines)])

    @property
    def settings(self) -> dict:
        """The config as a user sees it."""
        return {key: entry["value"] for key, entry in json.loads(self.config).items() if key != "_wandb"}


def strict(value):
    """The value with what JSON has no number for as text, as the client wants it in fields of type JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(inner) for key, inner in value.items()}
    return [strict(inner) for inner in value] if isinstance(value, list) else value


NO_MORE = {"hasNextPage": False, "endCursor": None}


class WandbServer:
    """The state, and what each request does to it."""

    def __init__(self, port: int = 0) -> None:
        self.runs: dict[tuple[str, str, str], Run] = {}
        self.requests: list[Request] = []
        # Lines of a history that came again with another content.
        self.rewritten: list[str] = []
        # Answers in place of the server where it returns (status, headers, body); a status of None cuts the
        # connection after acting.
        self.fault: Callable[[Request], tuple[int | None, dict, bytes] | None] = lambda _: None
        self.changed = threading.Condition(threading.RLock())
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.title(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, body)
                with server.changed:
                    server.requests.append(request)
                    fault = server.fault(request)
                    if fault is None or fault[0] is None:
                        status, answer = server.answer(request)
                    else:
                        status, answer = fault[0], fault[2]
                    server.changed.notify_all()
                if fault is not None and fault[0] is None:
                    self.close_connection = True
                    return
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in (fault[1] if fault else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = handle_one

            def log_message(self, *_args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def run(self, name: str, project: str | None = None) -> Run:
        """The one run of that id, or KeyError."""
        found = [run for run in self.runs.values() if run.name == name and project in (None, run.project)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} runs are called {name}")
        return found[0]

    def wait_for(self, holds: Callable[[], bool], timeout_secs: float = 60) -> None:
        """Returns once this holds, which is looked at after each request; an assertion fails when it never does."""
        with self.changed:
            assert self.changed.wait_for(holds, timeout_secs), f"{len(self.requests)} requests came, and not the awaited one"

    def ended(self, name: str) -> bool:
        """Whether a run of that id has ended."""
        return any(run.name == name and run.exitcode is not None for run in self.runs.values())

    def sent(self, operation: str) -> list[Request]:
        """All requests of a GraphQL operation."""
        return [request for request in self.requests if request.operation == operation]

    def answer(self, request: Request) -> tuple[int, dict | bytes]:
        path = [unquote(part) for part in urlsplit(request.path).path.strip("/").split("/")]
        if request.method == "PUT" and path[0] == "upload":
            # The client sends no credentials here, so neither may anybody else be asked for them.
            self.runs[tuple(path[1:4])].files["/".join(path[4:])] = request.body
            return 200, b""
        if path[0] == "sdk":
            return 404, {}
        if request.headers.get("Authorization") != "Basic " + base64.b64encode(f"api:{API_KEY}".encode()).decode():
            return 401, {"errors": [{"message": "user is not logged in"}]}
        if request.method == "GET" and path[0] == "download":
            return 200, self.runs[tuple(path[1:4])].files["/".join(path[4:])]
        if path[-1] == "file_stream":
            return self.file_stream(tuple(path[1:4]), request.json)
        operation = getattr(self, f"on_{request.operation}", None)
        if path != ["graphql"] or operation is None:
            return 400, {"errors": [{"message": f"the test server does not know {request.operation or request.path}"}]}
        return 200, {"data": operation(request.json.get("variables") or {})}

    # Logging.

    def file_stream(self, key: tuple, sent: dict) -> tuple[int, dict]:
        run = self.runs.get(key)
        if run is None:
            return 404, {"error": "run not found"}
        for stream, block in (sent.get("files") or {}).items():
            lines = run.streams.setdefault(stream, {})
            for offset, line in enumerate(block["content"], block.get("offset", 0)):
                if stream == HISTORY and lines.get(offset, line) != line:
                    self.rewritten.append(f"line {offset} of {run.name}: {lines[offset]} became {line}")
                lines[offset] = line
        run.uploaded += sent.get("uploaded") or []
        run.exitcode = sent["exitcode"] if sent.get("complete") else None
        run.state = "running" if run.exitcode is None else "failed" if run.exitcode else "finished"
        return 200, {}

    def on_Viewer(self, _variables: dict) -> dict:
        return {"viewer": {"id": "U1", "entity": ENTITY, "username": "me", "email": "", "flags": "{}", "teams": None}}

    def on_ServerFeaturesQuery(self, _variables: dict) -> dict:
        return {"serverInfo": {"features": []}}

    def on_OrganizationCoreWeaveOrganizationID(self, _variables: dict) -> dict:
        return {"entity": None}

    def on_UpsertBucket(self, sent: dict) -> dict:
        key = (sent.get("entity") or ENTITY, sent.get("project") or "uncategorized", sent.get("name"))
        if sent.get("id"):
            key = next(key for key, run in self.runs.items() if run.id == sent["id"])
        inserted = key not in self.runs
        run = self.runs.setdefault(key, Run(*key, number=len(self.runs)))
        run.fields.update({name: value for name, value in sent.items() if value is not None})
        run.config = sent.get("config") or run.config
        project = {"id": "P1", "name": run.project, "entity": {"id": "E1", "name": run.entity}}
        bucket = {
            "id": run.id,
            "name": run.name,
            "displayName": run.fields.get("displayName") or run.name,
            "description": None,
            "sweepName": None,
            "config": run.config,
            "historyLineCount": len(run.streams.get(HISTORY, {})),
            "project": project,
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": inserted}}

    def on_RunResumeStatus(self, sent: dict) -> dict:
        run = self.runs.get((sent.get("entity") or ENTITY, sent["project"], sent["name"]))
        if run is None:
            return {"model": None}
        began = json.loads(run.config).get("_wandb", {}).get("value", {})
        count = {stream: len(lines) for stream, lines in run.streams.items()}
        bucket = {
            "id": run.id,
            "name": run.name,
            "displayName": run.fields.get("displayName"),
            "summaryMetrics": json.dumps(strict(run.summary)),
            "config": run.config,
            "wandbConfig": json.dumps({"t": began["t"]} if "t" in began else {}),
            "historyLineCount": count.get(HISTORY, 0),
            "eventsLineCount": count.get("wandb-events.jsonl", 0),
            "logLineCount": count.get("output.log", 0),
            "historyTail": json.dumps(run.lines(HISTORY)[-1:]),
            "eventsTail": "[]",
            "tags": [],
            "project": {"id": "P1", "name": run.project, "entity": {"id": "E1", "name": run.entity}},
        }
        return {"model": {"id": "P1", "name": run.project, "entity": {"id": "E1", "name": run.entity}, "bucket": bucket}}

    def on_CreateRunFiles(self, sent: dict) -> dict:
        key = (sent["entity"], sent["project"], sent["run"])
        run = self.runs[key]
        base = f"{self.url}/upload/{'/'.join(key)}"
        files = [{"name": name, "uploadUrl": f"{base}/{name}"} for name in sent["files"]]
        return {"createRunFiles": {"runID": run.id, "uploadHeaders": ["X-Upload-Header: yes"], "files": files}}

    # Reading, as `wandb.Api` does it.

    def on_GetDefaultEntity(self, _sent: dict) -> dict:
        return {"viewer": {"id": "U1", "entity": ENTITY}}

    def found(self, sent: dict) -> Run | None:
        name = sent.get("name") or sent.get("runName") or sent.get("run")
        return self.runs.get((sent.get("entity") or ENTITY, sent.get("project"), name))

    def node(self, run: Run) -> dict:
        return {
            "id": run.id,
            "projectId": "1",
            "name": run.name,
            "state": run.state,
            "user": {"name": "me", "username": "me"},
            "tags": run.fields.get("tags") or [],
            "displayName": run.fields.get("displayName"),
            "description": run.fields.get("notes"),
            "notes": run.fields.get("notes"),
            "group": run.fields.get("groupName"),
            "jobType": run.fields.get("jobType"),
            "commit": run.fields.get("commit"),
            "readOnly": False,
            "createdAt": CREATED_AT,
            "heartbeatAt": CREATED_AT,
            "sweepName": None,
            "config": run.config,
            "summaryMetrics": json.dumps(strict(run.summary)),
            "systemMetrics": "{}",
            "historyKeys": self.keys(run),
            "historyLineCount": len(run.streams.get(HISTORY, {})),
        }

    def keys(self, run: Run) -> dict:
        names = {name for row in run.rows for name in row}
        last = max((row.get("_step", 0) for row in run.rows), default=0)
        counts = {name: {"typeCounts": [{"type": "number", "count": 1}], "monotonic": False} for name in names}
        return {"keys": counts, "lastStep": last, "sets": []}

    def of_run(self, sent: dict, **fields: object) -> dict:
        return {"project": {"internalId": "1", "run": fields if self.found(sent) else None}}

    def on_Run(self, sent: dict) -> dict:
        run = self.found(sent)
        return {"project": {"internalId": "1", "run": run and self.node(run)}}

    def on_Runs(self, sent: dict) -> dict:
        runs = [run for run in self.runs.values() if run.project == sent["project"]]
        edges = [{"node": self.node(run), "cursor": str(run.number)} for run in runs]
        return {"project": {"internalId": "1", "runCount": len(runs), "runs": {"edges": edges, "pageInfo": NO_MORE}}}

    def on_RunHistoryKeys(self, sent: dict) -> dict:
        return self.of_run(sent, historyKeys=self.keys(self.found(sent)))

    def on_RunParquetHistory(self, sent: dict) -> dict:
        return self.of_run(sent, parquetHistory={"parquetUrls": [], "liveData": None})

    def on_HistoryPage(self, sent: dict) -> dict:
        lines = self.found(sent).lines(HISTORY)
        inside = [line for line in lines if sent["minStep"] <= json.loads(line)["_step"] < sent["maxStep"]]
        return self.of_run(sent, history=inside[: sent.get("pageSize")])

    def on_RunFullHistory(self, sent: dict) -> dict:
        return self.of_run(sent, history=self.found(sent).lines(HISTORY), events=[])

    def on_RunFiles(self, sent: dict) -> dict:
        run = self.found(sent)
        wanted = sent.get("fileNames") or sent.get("names") or list(run.files)
        files = [(name, content) for name, content in run.files.items() if name in wanted]
        edges = [{"node": self.file_node(run, *file), "cursor": str(n)} for n, file in enumerate(files)]
        return self.of_run(sent, fileCount=len(files), files={"edges": edges, "pageInfo": NO_MORE})

    def file_node(self, run: Run, name: str, content: bytes) -> dict:
        url = f"{self.url}/download/{run.entity}/{run.project}/{run.name}/{name}"
        common = {"mimetype": None, "updatedAt": CREATED_AT, "md5": None}
        return {"id": name, "name": name, "url": url, "directUrl": url, "sizeBytes": len(content)} | common


@contextmanager
def serve(port: int = 0) -> Iterator[WandbServer]:
    """Answers until the block ends, and fails when a line of a history has changed by then."""
    server = WandbServer(port)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
        assert not server.rewritten, "\n".join(server.rewritten)
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    with serve(parser.parse_args().port) as running:
        print(running.url, flush=True)
        threading.Event().wait()
