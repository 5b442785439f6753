"""From what a client sent and was answered to a scenario that `differential.py` can replay on any server.

- What a server drew (ids of runs, models, experiments, page tokens) is captured from the answer that brought it and
  becomes a variable wherever it is sent later, also inside paths, filters and JSON in strings.
- The suffix that made the session's names unique becomes `${suffix}`.
- Uploads that are long or no text become texts of the same length. Paths of this machine become `/folder`.
- A reading request that was sent before and brought the same answer is left out.
- Searches that are not limited to what the session made are compared by status, because servers hold other things too;
  so is what a server says about itself, which `system.yaml` compares.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import yaml
from conftest import REPOSITORY
from differential import HEX_ID

# Uploads up to this length stay as they are if they are text.
SHORT_BODY = 200
# Ids are looked for in so much of a body.
MOST_SEARCHED = 100_000
MACHINE = sorted({str(REPOSITORY), sys.prefix, sys.base_prefix, tempfile.gettempdir()}, key=len, reverse=True)
MACHINE_PATH = re.compile("|".join(rf"{re.escape(folder)}(?:/[\w.+-]+)*" for folder in MACHINE))
GIT_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
# What variables are called that hold something of this name.
NAMES = {"run_uuid": "run", "next_page_token": "page"}
SEARCHES = (
    "experiments/search",
    "runs/search",
    "registered-models/search",
    "model-versions/search",
    "logged-models/search",
)


@dataclass
class Exchange:
    """One request, and what it was answered."""

    method: str
    path: str  # as sent, without the query
    query: str
    content_type: str | None
    sent: bytes
    status: int
    received: bytes

    def answer(self) -> Any:
        try:
            return json.loads(self.received)
        except ValueError:
            return None

    def payload(self) -> Any:
        """The body as JSON, or None."""
        if not (self.content_type or "").startswith("application/json"):
            return None
        try:
            return json.loads(self.sent)
        except ValueError:
            return None


def leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    """The texts in an answer that a scenario can capture, by path: those that no list is in the way of."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}".lstrip("."))]
    return [(path, value)] if isinstance(value, str) else []


@dataclass
class Scenario:
    """Turns the exchanges of one session into steps."""

    suffix: str
    variables: dict[str, str] = field(default_factory=dict)
    experiments: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def steps(self, exchanges: list[Exchange]) -> list[dict[str, Any]]:
        later = [self.everything_sent(exchange) for exchange in exchanges]
        steps, seen = [], set()
        for index, exchange in enumerate(exchanges):
            step = self.step(exchange)
            capture = self.capture(exchange, later[index + 1 :])
            if capture:
                step["capture"] = capture
            key = (json.dumps(step, sort_keys=True), exchange.received)
            reading = exchange.method == "GET" or exchange.path.endswith(SEARCHES)
            if not (reading and key in seen):
                steps.append(step)
            seen.add(key)
        return steps

    @staticmethod
    def everything_sent(exchange: Exchange) -> str:
        parts = (
            exchange.path,
            unquote(exchange.path),
            unquote(exchange.query),
            exchange.sent[:MOST_SEARCHED].decode("utf-8", "replace"),
        )
        return "\n".join(parts)

    def capture(self, exchange: Exchange, later: list[str]) -> dict[str, str]:
        """Names for what the answer brought and a later request says."""
        found = {}
        for path, value in leaves(exchange.answer()):
            name = path.split(".")[-1]
            if name == "experiment_id":
                known, kind = self.experiments, "exp"
            elif name in NAMES or HEX_ID.fullmatch(value):
                known, kind = self.variables, NAMES.get(name, name.removesuffix("_id"))
            else:
                continue
            # The number of an experiment is captured always, because it is no id that can be told from other texts.
            if value in known or not (kind == "exp" or any(value in text for text in later)):
                continue
            self.counts[kind] = self.counts.get(kind, 0) + 1
            variable = f"{kind}{self.counts[kind]}"
            known[value] = f"${{{variable}}}"
            found[variable] = path
        return found

    def text(self, value: str) -> str:
        value = value.replace(self.suffix, "${suffix}")
        for drawn, variable in self.variables.items():
            value = value.replace(drawn, variable)
        value = MACHINE_PATH.sub("/folder", GIT_COMMIT.sub("0" * 40, value))
        for drawn, variable in self.experiments.items():  # short numbers: only where they can be nothing else
            value = re.sub(
                rf"(mlflow-artifacts:/|/artifacts/|^){drawn}(?=/(?:\$|models/|traces/|[0-9a-f]{{32}}))",
                rf"\g<1>{variable}",
                value,
            )
        return value

    def value(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {self.text(name): self.value(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, key) for item in value]
        if isinstance(value, str) and key in {"experiment_id", "experiment_ids"}:
            return self.experiments.get(value, value)
        return self.text(value) if isinstance(value, str) else value

    def step(self, exchange: Exchange) -> dict[str, Any]:
        path = self.text(exchange.path)
        step: dict[str, Any] = {"request": f"{exchange.method} {path.removeprefix('/api/')}"}
        if exchange.query:
            query: dict[str, Any] = {}
            for key, item in parse_qsl(exchange.query, keep_blank_values=True):
                value = self.value(item, key)
                query[key] = (
                    [*query[key], value]
                    if isinstance(query.get(key), list)
                    else [query[key], value]
                    if key in query
                    else value
                )
            step["query"] = query
        payload = exchange.payload()
        if payload is not None:
            step["json"] = self.value(payload)
        elif exchange.sent or exchange.method == "PUT":
            step["headers"] = {"Content-Type": exchange.content_type}
            step["body"] = self.body(exchange.sent)
        if exchange.path.endswith("/server-info") or (exchange.path.endswith(SEARCHES) and not self.is_own(step)):
            step["compare"] = "status"
        return step

    def body(self, sent: bytes) -> Any:
        try:
            if len(sent) <= SHORT_BODY:
                return self.text(sent.decode())
        except ValueError:
            pass
        return {"$text": "x", "times": len(sent)}

    def is_own(self, step: dict[str, Any]) -> bool:
        """Whether a search can only find what this session made."""
        sent = step.get("json") or step.get("query") or {}
        ids = sent.get("experiment_ids")
        if ids and all(str(one).startswith("$") for one in ids):
            return True
        return not ids and "${" in str(sent.get("filter", ""))


class Flow(yaml.SafeDumper):
    """One line where it fits; texts of several lines in quotes, with their line ends written out."""

    def text(self, value: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", value, '"' if "\n" in value else None)


Flow.add_representer(str, Flow.text)


def render(name: str, steps: list[dict[str, Any]]) -> str:
    """The text of a scenario file."""
    lines = [f"# Recorded from the client session `{name}`; see tests/python/recorder.py. Not edited by hand."]
    for step in steps:
        for index, (key, value) in enumerate(step.items()):
            text = yaml.dump(value, None, Flow, default_flow_style=True, width=112, allow_unicode=True, sort_keys=False)
            text = text.removesuffix("...\n").strip()
            lines.append(f"{'  ' if index else '- '}{key}: {textwrap.indent(text, '    ').strip()}")
    return "\n".join(lines) + "\n"
