"""From what a W&B client sent and was answered to a fixture that `test_wandb_recordings.py` replays.

A fixture is a line of JSON for each request. Queries stand beside it in files of their own, because many requests have
the same.

- What the server drew (storage ids, addresses for files) is captured from the answer that brought it, and becomes a
  variable wherever it is sent later. The suffix that made the names of the session unique becomes `${suffix}`.
- What the client drew becomes the same each time: ids by their number, times by the number of their line.
- Of many lines only the first are kept; files that are long or no text become texts of the same length, but for those
  whose digest the server knows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from recording import MACHINE_PATH, Exchange

# Lines of a stream that are kept, and bytes of a file.
MOST_LINES = 3
SHORT_BODY = 300
# Answers that come from the client's probes of this machine, which say much about it.
ENVIRONMENT = {"e", "t", "cli_version", "python_version", "start_time", "code_path"}
SHORTEST_ID = 8
# What a later request may have to say again.
DRAWN = {"id", "uploadUrl", "url", "directUrl", "serverID", "run_id", "endCursor", "storagePath"}
CLIENT_ID = re.compile(r"\b[a-z0-9]{128}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
OPERATION = re.compile(r"\b(?:query|mutation)\s+(\w+)")


def digest(content: bytes) -> str:
    """As clients write it."""
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Texts in an answer, by path; a text that is JSON is looked into."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [leaf for key, item in enumerate(value) for leaf in leaves(item, f"{path}.{key}")]
    return [(path, value)] if isinstance(value, str) else []


def at(value: Any, path: str) -> Any:
    """What `leaves` has found at a path."""
    for key in path.split("."):
        if isinstance(value, str):
            value = json.loads(value)
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


@dataclass
class Session:
    """Turns the exchanges of one scenario into steps."""

    suffix: str
    base: str
    queries: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    drawn_by_client: dict[str, str] = field(default_factory=dict)
    # Files whose digests the server has been told.
    digests: set[str] = field(default_factory=set)
    # Those of files that were changed for the fixture.
    redigested: dict[str, str] = field(default_factory=dict)

    def steps(self, exchanges: list[Exchange]) -> list[dict[str, Any]]:
        sent = [f"{one.path}?{one.query}\n{one.sent.decode('utf-8', 'replace')}" for one in exchanges]
        self.digests = set(re.findall(r"[A-Za-z0-9+/]{22}==", "\n".join(sent)))
        steps: list[dict[str, Any]] = []
        for index, exchange in enumerate(exchanges):
            if exchange.path.startswith("/sdk/") or exchange.path.startswith("/api/"):
                continue
            step = self.step(exchange)
            if capture := self.capture(exchange, "\n".join(sent[index + 1 :])):
                step["capture"] = capture
            # A client asks the same again and again, who it talks to above all.
            if step not in steps or exchange.method != "POST" or "file_stream" in exchange.path:
                steps.append(step)
        text = json.dumps(steps)
        for old, new in self.redigested.items():
            text = text.replace(old, new)
        return json.loads(text)

    def capture(self, exchange: Exchange, later: str) -> dict[str, str]:
        found = {}
        try:
            answer = json.loads(exchange.received)
        except ValueError:
            return {}
        for path, value in leaves(answer):
            local = value.removeprefix(self.base)
            is_drawn = path.split(".")[-1] in DRAWN or path.endswith("upsertSweep.sweep.name")
            # Ids of entities are names.
            if not is_drawn or len(local) < SHORTEST_ID or local in self.variables:
                continue
            if local in later:
                name = f"v{len(self.variables) + 1}"
                self.variables[local] = f"${{{name}}}"
                found[name] = path
        return found

    def text(self, value: str) -> str:
        for drawn, variable in sorted(self.variables.items(), key=lambda item: -len(item[0])):
            value = value.replace(self.base + drawn if drawn.startswith("/") else drawn, variable)
        value = CLIENT_ID.sub(self.client_id, value.replace(self.suffix, "${suffix}"))
        return MACHINE_PATH.sub("/folder", TIME.sub("2026-01-01T00:00:00", value))

    def client_id(self, found: re.Match[str]) -> str:
        # As long as the client's, and unlike those of other sessions.
        return self.drawn_by_client.setdefault(found[0], f"{len(self.drawn_by_client):0116}${{suffix}}")

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.text(key): self.value(self.timeless(key, item)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, str):
            return value
        if value[:1] == "{":
            try:
                return json.dumps(self.value(json.loads(value)), sort_keys=True, ensure_ascii=False)
            except ValueError:
                pass
        return self.text(value)

    @staticmethod
    def timeless(key: str, value: Any) -> Any:
        if key in ("_timestamp", "_runtime", "runtime") and isinstance(value, int | float):
            return 1.7e9 if key == "_timestamp" else 1
        if key == "_wandb" and isinstance(value, dict) and isinstance(value.get("value"), dict):
            kept = {name: {} if name in ENVIRONMENT else item for name, item in value["value"].items()}
            return value | {"value": kept}
        if key.startswith("system.") and isinstance(value, int | float):
            return 1
        return "host" if key in ("host", "program", "email", "username") and isinstance(value, str) else value

    def step(self, exchange: Exchange) -> dict[str, Any]:
        target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
        step: dict[str, Any] = {"method": exchange.method, "path": self.variables.get(target) or self.text(exchange.path)}
        if exchange.status != 200:
            step["status"] = exchange.status
        if exchange.path.endswith("/graphql"):
            call = json.loads(exchange.sent)
            step["query"] = self.query(call["query"])
            step["variables"] = self.value(call.get("variables"))
            if call.get("operationName"):
                step["operationName"] = call["operationName"]
            if json.loads(exchange.received).get("errors"):
                step["refused"] = True
        elif exchange.path.endswith("/file_stream"):
            step["json"] = self.value(self.shortened(json.loads(exchange.sent)))
        elif exchange.sent or exchange.method == "PUT":
            step |= self.body(exchange.sent)
        return step

    def query(self, text: str) -> str:
        """The name of its file."""
        text = "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"
        found = OPERATION.search(text)
        name = found[1] if found else "anonymous"
        for number in range(1, 100):
            file = name if number == 1 else f"{name}-{number}"
            if self.queries.setdefault(file, text) == text:
                return file
        raise AssertionError(f"{name} has a hundred forms")

    @staticmethod
    def shortened(sent: dict[str, Any]) -> dict[str, Any]:
        """With the first lines of each stream, so that none follows on one that is left out."""
        for block in (sent.get("files") or {}).values():
            block["content"] = block["content"][: max(0, MOST_LINES - block.get("offset", 0))]
        return sent

    def placeless(self, text: str) -> str:
        """A manifest says where files were. Without that it has another digest, which was sent before."""
        without = MACHINE_PATH.sub("/folder", text)
        if without != text:
            self.redigested[digest(text.encode())] = digest(without.encode())
        return without

    def body(self, sent: bytes) -> dict[str, Any]:
        known = digest(sent) in self.digests
        try:
            if known:
                return {"text": self.placeless(sent.decode())}
            if len(sent) <= SHORT_BODY:
                return {"text": self.value(sent.decode())}
        except ValueError:
            pass
        if known:
            return {"base64": base64.b64encode(sent).decode()}
        return {"text": "x", "times": len(sent)}
