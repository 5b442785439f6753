"""Differential test: one script of requests, two servers, equal answers.

Each file in `tests/scenarios/` is a list of steps. Every step is sent to a real `mlflow server` (the oracle) and to
Trackside (the candidate); status, media type and body must agree once ids, server times and page tokens are replaced
by placeholders. So the scenarios need no hand-written expectations, except where Trackside differs on purpose: such a
step says why (`differs`) and what Trackside answers instead (`trackside`).

A step:
    name:     what it shows (optional)
    request:  "POST 2.0/mlflow/runs/create" (below /api/) or "GET /health" (below the server's root)
    query:    mapping, lists repeat the parameter        headers: mapping, null removes a header
    json:     body, sent as JSON                         body:    body, sent as it is (type: application/json)
    capture:  {variable: path.into.answer}; `${variable}` may then be used in any later step, per server
    cases:    a list; the step is sent once per entry. An entry is `${case}`, or a mapping of variables and of step keys
    compare:  (default: everything) status | {message: prefix, select: "runs.*.info.run_name", headers: [name, ...]}
    differs:  why Trackside's answer is meant to be another one; then
    trackside: {status, error_code, message: prefix, body: partial}

`${suffix}` is unique per scenario and server, so scenarios are independent and can run on servers with other data.
Big payloads: `{$repeat: 1001, item: {key: "m${i}"}}` is a list, `{$text: x, times: 251}` a string.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import re
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
import yaml

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
REQUEST_KEYS = ("request", "query", "headers", "json", "body")
STEP_KEYS = {"name", *REQUEST_KEYS, "capture", "compare", "differs", "trackside"}
COMPARE_KEYS = {"message", "select", "headers"}
EXPECTATION_KEYS = {"status", "error_code", "message", "body"}
# Set by the server's clock. `timestamp`, `start_time` and `end_time` come from the client and are compared.
CREATED = {"creation_time", "created_time", "creation_timestamp", "creation_timestamp_ms"}
UPDATED = {"last_update_time", "last_updated_timestamp", "last_updated_timestamp_ms"}
# Lists without a meaningful order: they are read into dictionaries by every client.
UNORDERED = {"tags", "params", "aliases", "latest_versions", "dataset_summaries"}
UNORDERED |= {"dataset_inputs", "model_inputs", "model_outputs", "experiment_ids"}
# JSON within the JSON: the order of keys has no meaning.
JSON_TEXTS = {"tags", "schema", "profile", "records"}
# Compared as present or absent, because their values depend on the server's clock and file system.
OPAQUE_HEADERS = {"etag", "last-modified"}
HEX_ID = re.compile(r"\b(?:[a-z]{1,2}-)?[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
GENERATED_NAME = re.compile(r"^[a-z]+-[a-z]+-\d{1,4}$")
PYTHON_SET = re.compile(r"\{'[^'{}:]*'(?:, '[^'{}:]*')*\}")
MISSING = type("Missing", (), {"__repr__": lambda self: "(missing)"})()


class ScenarioError(Exception):
    """The script itself is wrong: an unknown key, a variable nobody captured, an oracle that did not answer."""


@dataclass
class Answer:
    """What one server said to one step."""

    status: int  # 0 if the connection failed
    headers: dict[str, str]
    raw: str
    body: Any  # parsed JSON, or the text if it is not JSON


@dataclass
class Difference:
    """One step on which the servers disagree, with both answers (or the expectation) ready to print."""

    step: str
    request: str
    why: str
    diff: list[str]

    def __str__(self) -> str:
        return "\n".join([f"--- {self.step}", f"    {self.request}", f"    {self.why}", *self.diff])


@dataclass
class Result:
    """The outcome of one scenario: the steps sent, those that differ, and what was sent and answered."""

    steps: int = 0
    intended: int = 0
    differences: list[Difference] = field(default_factory=list)
    record: list[dict[str, Any]] = field(default_factory=list)


def lookup(value: Any, path: str) -> Any:
    """Follows a dotted path; `*` maps over a list. Returns MISSING where the path ends."""
    for index, part in enumerate(keys := path.split(".")):
        if part == "*":
            rest = ".".join(keys[index + 1 :])
            return [lookup(item, rest) if rest else item for item in value] if isinstance(value, list) else MISSING
        value = value.get(part, MISSING) if isinstance(value, dict) else MISSING
    return value


def expand(value: Any, variables: dict[str, Any]) -> Any:
    """Fills in `${variables}` and the `$repeat` and `$text` generators, at any depth."""
    if isinstance(value, str):
        if whole := re.fullmatch(r"\$\{(\w+)\}", value):
            return variables[whole[1]]
        return re.sub(r"\$\{(\w+)\}", lambda match: str(variables[match[1]]), value)
    if isinstance(value, list):
        return [expand(item, variables) for item in value]
    if isinstance(value, dict):
        if "$repeat" in value:
            return [expand(value["item"], {**variables, "i": i}) for i in range(value["$repeat"])]
        if "$text" in value:
            return value["$text"] * value["times"]
        return {expand(key, variables): expand(item, variables) for key, item in value.items()}
    return value


class Server:
    """One side of the comparison during one scenario: its variables, and the placeholders of the ids it handed out."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url.rstrip("/")
        self.session = session
        self.variables: dict[str, Any] = {"suffix": "".join(random.choices("bcdfghjkmnpqrtvwxz", k=8))}
        self.ids = {self.variables["suffix"]: "<suffix>", self.url: "<server>", self.url.split("//")[1]: "<address>"}
        self.experiments: dict[str, str] = {}

    def perform(self, step: dict[str, Any]) -> None:
        """Sends a step and keeps what was sent and answered until the next one."""
        self.scope = {**self.variables, **expand(step["values"], self.variables)}
        self.sent = expand({key: step[key] for key in REQUEST_KEYS if key in step}, self.scope)
        self.answer = self.send(self.sent)
        self.missing = [name for name, path in step.get("capture", {}).items() if not self.capture(name, path)]

    def send(self, request: dict[str, Any]) -> Answer:
        """The URL goes out as written: no client may tidy away a `..` or a `%2e`."""
        method, path = request["request"].split(" ", 1)
        url = self.url + (path if path.startswith("/") else f"/api/{path}")
        headers = dict(request.get("headers", {}))
        data = json.dumps(request["json"]) if "json" in request else request.get("body")
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        headers = {key: value for key, value in headers.items() if value is not None}
        data = data.encode() if data is not None else None
        prepared = self.session.prepare_request(requests.Request(method, self.url, headers=headers, data=data))
        prepared.url = url + ("?" + urlencode(request["query"], doseq=True) if request.get("query") else "")
        try:
            response = self.session.send(prepared, allow_redirects=False, timeout=60)
        except requests.RequestException as error:  # the server hung up: an answer like any other, and a wrong one
            return Answer(0, {}, repr(error), repr(error))
        raw = response.content.decode("utf-8", "replace")
        try:
            body = json.loads(raw)
        except ValueError:
            body = raw
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, raw, body)

    def capture(self, name: str, path: str) -> bool:
        """Remembers a value of the answer under a name, which is also its placeholder if it is an id."""
        value = lookup(self.answer.body, path)
        found = value is not MISSING
        if found and path.endswith("experiment_id"):
            self.experiments[value] = f"<{name}>"
        elif isinstance(value, str) and HEX_ID.fullmatch(value):
            self.ids.setdefault(value, f"<{name}>")
        self.variables[name] = value if found else f"no-{name}"
        return found

    def text(self, value: str) -> str:
        """Replaces what differs between any two servers inside a string."""
        for known in sorted(self.ids, key=len, reverse=True):
            value = value.replace(known, self.ids[known])
        value = HEX_ID.sub(lambda match: self.ids.setdefault(match[0], f"<id-{len(self.ids)}>"), value)
        # Short numbers: only where they can be nothing else. A model's address ends with a version.
        for known, name in self.experiments.items() if not value.startswith("models:/") else ():
            value = re.sub(rf"(?i)(/|experiment |_id=|\bid[= ]'?|'(?={known}/)){known}\b", rf"\g<1>{name}", value)
        value = PYTHON_SET.sub(lambda match: "{" + ", ".join(sorted(match[0][1:-1].split(", "))) + "}", value)
        return "<generated name>" if GENERATED_NAME.match(value) else value

    def normal(self, value: Any, key: str = "", parent: dict[str, Any] | None = None) -> Any:
        """Replaces ids, server times and tokens in a JSON value, and sorts lists that have no order."""
        if isinstance(value, dict):
            return {name: self.normal(item, name, value) for name, item in value.items()}
        if isinstance(value, list):
            items = [self.normal(item, key) for item in value]
            # Of a run or of a logged model; the points of a history have an order.
            owned = (parent or {}).keys() & UNORDERED or any(lookup(item, "model_id") is not MISSING for item in value)
            unordered = key in UNORDERED or (key == "metrics" and bool(owned))
            return sorted(items, key=json.dumps) if unordered else items
        if key in CREATED | UPDATED and isinstance(value, int) and abs(value - time.time() * 1000) < 86_400_000:
            if "dataset_id" in (parent or {}):  # two requests may come within a millisecond
                return "<time>"
            created = next((parent[name] for name in CREATED if name in (parent or {})), None)
            return "<created>" if key in CREATED or value == created else "<updated>"
        if key in JSON_TEXTS and isinstance(value, str) and parent is not None and parent.keys() & {"dataset_id", "records"}:
            return ["JSON text", self.normal(json.loads(value))]
        if key == "digest" and "dataset_id" in (parent or {}) and re.fullmatch("[0-9a-f]{8}", value):
            return "<digest>"
        if key == "next_page_token" and value:
            return "<token>"
        if key in {"experiment_id", "experimentId"} and str(value) in self.experiments:
            return self.experiments[str(value)]
        if key == "experiment_ids" and value in self.experiments:
            return self.experiments[value]
        if isinstance(value, float) and value != value:
            return "<bare NaN>"
        return self.text(value) if isinstance(value, str) else value

    def view(self, step: dict[str, Any]) -> dict[str, Any]:
        """What of the last answer is compared."""
        answer, options = self.answer, step.get("compare") or {}
        if options == "status":
            return {"status": answer.status}
        if "differs" in step:  # only looked at when MLflow is compared with itself
            return {"status": answer.status, "error_code": repr(lookup(answer.body, "error_code"))}
        headers = {name: answer.headers.get(name) for name in options.get("headers", [])}
        headers.update({name: headers[name] and "<present>" for name in OPAQUE_HEADERS & headers.keys()})
        select = options.get("select") if answer.status == 200 else None
        body = lookup(answer.body, select) if select else answer.body
        body = None if body is MISSING else self.normal(body, select.split(".")[-1] if select else "")
        if isinstance(body, dict) and "message" in options:
            prefix = self.text(expand(options["message"], self.scope))
            if str(body.get("message", MISSING)).startswith(prefix):
                body["message"] = prefix + "…"
        media_type = answer.headers.get("content-type", "").split(";")[0].strip()
        return {"status": answer.status, "content-type": media_type, **self.normal(headers), "body": body}


def partial_mismatch(expected: Any, actual: Any) -> bool:
    """Whether `actual` lacks something of `expected`; further fields of an object do not matter."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return any(partial_mismatch(item, actual.get(key, MISSING)) for key, item in expected.items())
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return any(map(partial_mismatch, expected, actual))
    return expected != actual


def check_expectation(expected: dict[str, Any], answer: Answer) -> list[str]:
    """The parts of a `trackside:` expectation that the answer does not meet."""
    body = answer.body if isinstance(answer.body, dict) else {}
    found = {"status": answer.status, "error_code": body.get("error_code"), "message": body.get("message") or ""}
    faults = []
    for key, value in expected.items():
        if key == "message":
            good = found["message"].startswith(value)
        elif key == "body":
            good = not partial_mismatch(value, answer.body)
        else:
            good = found[key] == value
        if not good:
            faults.append(f"expected {key}: {json.dumps(value)}")
    return faults


def load_steps(path: Path) -> list[dict[str, Any]]:
    """Reads a scenario and unrolls `cases`; a misspelt key is an error, not a comment."""
    steps = []
    for number, step in enumerate(yaml.safe_load(path.read_text()), 1):
        cases = step.pop("cases", [{}])
        for index, case in enumerate(cases, 1):
            case = case if isinstance(case, dict) else {"case": case}
            single = {**step, **{key: case[key] for key in case.keys() & STEP_KEYS}}
            values = {key: case[key] for key in case.keys() - STEP_KEYS}
            label = f"{path.stem} {number}" + (f".{index}" if len(cases) > 1 else "")
            title = " ".join(filter(None, [single.get("name", ""), json.dumps(values) if values else ""]))
            single.update(name=f"{label}: {title or single.get('request')}", values=values)
            unknown = single.keys() - STEP_KEYS - {"values"} | single.get("trackside", {}).keys() - EXPECTATION_KEYS
            if single.get("compare", "status") != "status":
                unknown |= single["compare"].keys() - COMPARE_KEYS
            if unknown or ("differs" in single) != ("trackside" in single):
                raise ScenarioError(f"{label}: unknown keys {unknown or 'none'}, or `differs` without `trackside`")
            steps.append(single)
    return steps


def compare(step: dict[str, Any], oracle: Server, candidate: Server, *, same: bool) -> Difference | None:
    """Compares the last answers of both servers, or the candidate's with what the step says of Trackside."""
    if "differs" in step and not same:
        why = f"differs from MLflow on purpose ({step['differs']}), but not as the scenario says"
        lines = check_expectation(expand(step["trackside"], candidate.scope), candidate.answer)
        if lines:
            sides = (("mlflow", oracle.answer), ("trackside", candidate.answer))
            lines += [f"{name}: {answer.status} {answer.raw[:400]}" for name, answer in sides]
    else:
        why = "answers differ"
        views = oracle.view(step), candidate.view(step)
        if all(isinstance(view.get("body"), dict) for view in views):
            # Some error answers of MLflow lack these; Trackside may always send them.
            for name in {"sqlstate", "error_class"} - views[0]["body"].keys():
                views[1]["body"].pop(name, None)
        texts = [json.dumps(view, indent=2, sort_keys=True, ensure_ascii=False).splitlines() for view in views]
        lines = list(difflib.unified_diff(*texts, "mlflow", "trackside", lineterm=""))
    lines += [f"not in the answer, so not captured: {name}" for name in oracle.missing + candidate.missing]
    request = json.dumps({key: step[key] for key in REQUEST_KEYS if key in step}, ensure_ascii=False)
    return Difference(step["name"], request[:500], why, [f"    {line}" for line in lines]) if lines else None


def run_scenario(path: Path, oracle_url: str, candidate_url: str | None, *, same: bool = False) -> Result:
    """As `run_scenario_on`, with one candidate. Without a candidate the oracle is only recorded."""
    candidates = {"": candidate_url} if candidate_url else {}
    return run_scenario_on(path, oracle_url, candidates, same=same)


def run_scenario_on(path: Path, oracle_url: str, candidates: dict[str, str], *, same: bool = False) -> Result:
    """Sends a scenario to the oracle and to candidates, by name, and compares step by step.

    `same` says that the candidates are MLflow too, so that intended differences must not occur.
    """
    result = Result()
    with ExitStack() as sessions:
        oracle = Server(oracle_url, sessions.enter_context(requests.Session()))
        others = {
            name: Server(url, sessions.enter_context(requests.Session())) for name, url in candidates.items()
        }
        for step in load_steps(path):
            time.sleep(0.002)  # so that two writes never share a millisecond, whatever the server's speed
            for server in (oracle, *others.values()):
                try:
                    server.perform(step)
                except KeyError as error:
                    raise ScenarioError(f"{step['name']}: nobody captured {error}") from error
            if not oracle.answer.status:
                raise ScenarioError(f"{step['name']}: {oracle_url} does not answer: {oracle.answer.raw}")
            result.steps += 1
            result.record.append(recorded(step, oracle))
            result.intended += bool(others) and "differs" in step
            for name, candidate in others.items():
                if difference := compare(step, oracle, candidate, same=same):
                    difference.step += f" ({name})" if name else ""
                    result.differences.append(difference)
    return result


def recorded(step: dict[str, Any], oracle: Server) -> dict[str, Any]:
    """The oracle's answer to a step, as sent and as compared: the specification for whoever writes the handler."""
    template = {key: step[key] for key in REQUEST_KEYS if key in step} | step["values"]
    return {
        "name": step["name"],
        "sent": oracle.sent if len(json.dumps(oracle.sent)) < 10_000 else template,
        "status": oracle.answer.status,
        "headers": {name: value for name, value in oracle.answer.headers.items() if name not in {"date", "server"}},
        "raw": oracle.answer.raw,
        "compared": oracle.view(step),
        **{key: step[key] for key in ("compare", "differs", "trackside") if key in step},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", required=True, metavar="URL", help="a running mlflow server")
    parser.add_argument("--candidate", metavar="URL", help="the server under test")
    parser.add_argument("--scenario", action="append", metavar="NAME", help="only this one (may be repeated)")
    parser.add_argument("--same", action="store_true", help="the candidate is MLflow too: no intended differences")
    parser.add_argument("--record", type=Path, metavar="DIR", help="write the oracle's answers to DIR/<scenario>.json")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    options = parser.parse_args()
    if not options.candidate and not options.record:
        parser.error("nothing to do: give --candidate, --record or both")
    results = {}
    for path in [SCENARIOS / f"{name}.yaml" for name in options.scenario or []] or sorted(SCENARIOS.glob("*.yaml")):
        result = results[path.stem] = run_scenario(path, options.oracle, options.candidate, same=options.same)
        if options.record:
            options.record.mkdir(parents=True, exist_ok=True)
            text = json.dumps(result.record, indent=1, ensure_ascii=False)
            (options.record / f"{path.stem}.json").write_text(text + "\n")
        if not options.json:
            print(*[f"{difference}\n" for difference in result.differences], sep="", end="")
            print(f"{path.stem}: {result.steps} steps, {len(result.differences)} differ", flush=True)
    steps, intended = sum(r.steps for r in results.values()), sum(r.intended for r in results.values())
    differing = sum(len(r.differences) for r in results.values())
    if options.json:
        outcome = {n: {"steps": r.steps, "differences": [vars(d) for d in r.differences]} for n, r in results.items()}
        print(json.dumps(outcome, indent=2, ensure_ascii=False))
    else:
        print(f"{len(results)} scenarios, {steps} steps ({intended} meant to differ), {differing} differ unexplained")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
