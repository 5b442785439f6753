"""A proxy that records what client sessions send, as scenarios for `differential.py`.

    python recorder.py --server URL --out FOLDER -- COMMAND...

runs a command with TRACKSIDE_URL set to the proxy, which passes everything on to the server (a real `mlflow server` or
Trackside; scenarios hold requests only, so either will do). To record the client sessions anew, from tests/python by
the Python of requirements-clients.txt:

    python recorder.py --server URL --out recorded -- python -m pytest -q clients/session_*.py

Those of old clients are `test_old_clients.py`, recorded by the Python that runs the tests. Then take over into
tests/scenarios, as `client_<session>.yaml`, those that show something new, and replay them (`differential.py`). A
session ends where the next begins: with the first request that has a new `-<12 hex digits>`, which is how the fixture
`unique` ends names. It is named by what stands before.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from recording import Exchange, Scenario, render

# Not the last part of a UUID, which four digits and a hyphen precede.
UNIQUE = re.compile(r"([\w-]*)(?<![0-9a-f]{4})-([0-9a-f]{12})\b")
# Belong to one connection, or are made anew.
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host", "date", "server"}


class Recorder:
    """The proxy and what it has heard: sessions by suffix, in the order of their answers."""

    def __init__(self, server: str) -> None:
        self.server = server.rstrip("/")
        self.lock = threading.Lock()
        self.suffix = ""
        self.names: dict[str, str] = {}
        self.sessions: dict[str, list[Exchange]] = {}
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                recorder.forward(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_port}"

    def __enter__(self) -> Recorder:
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown()

    def forward(self, client: Any) -> None:
        """Passes one request on, and its answer back."""
        sent = self.read(client)
        headers = {name: value for name, value in client.headers.items() if name.lower() not in HOP}
        # So that addresses which the server hands out lead here.
        headers["X-Forwarded-Host"] = client.headers.get("Host", "")
        # What is compressed need not be unpacked and packed again.
        headers["Accept-Encoding"] = "identity"
        answer = requests.request(
            client.command, self.server + client.path, headers=headers, data=sent, timeout=120, allow_redirects=False
        )
        path, _, query = client.path.partition("?")
        kind = client.headers.get("Content-Type")
        self.keep(Exchange(client.command, path, query, kind, sent, answer.status_code, answer.content))
        client.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP:
                client.send_header(name, value)
        client.send_header("Content-Length", str(len(answer.content)))
        client.end_headers()
        if client.command != "HEAD":
            client.wfile.write(answer.content)

    @staticmethod
    def read(client: Any) -> bytes:
        """The body, which is chunked when the client does not know its length."""
        if client.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return client.rfile.read(int(client.headers.get("Content-Length") or 0))
        parts = []
        while size := int(client.rfile.readline().split(b";")[0], 16):
            parts.append(client.rfile.read(size))
            client.rfile.readline()
        client.rfile.readline()
        return b"".join(parts)

    def keep(self, exchange: Exchange) -> None:
        text = f"{exchange.path} {exchange.query} {exchange.sent[:100_000].decode('utf-8', 'replace')}"
        with self.lock:
            for name, suffix in UNIQUE.findall(text):
                if suffix not in self.sessions:
                    self.suffix, self.sessions[suffix], self.names[suffix] = suffix, [], name
            if self.suffix:
                self.sessions[self.suffix].append(exchange)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for number, (suffix, exchanges) in enumerate(self.sessions.items()):
            name = re.sub(r"\W", "_", self.names[suffix].removeprefix("test_"))
            path = folder / f"client_{name}.yaml"
            if path.exists():  # a session with other parameters
                path = folder / f"client_{name}_{number}.yaml"
            path.write_text(render(name, Scenario(suffix).steps(exchanges)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, metavar="URL")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    with Recorder(options.server) as recorder:
        variables = {"TRACKSIDE_URL": recorder.url, "LOGNAME": "ada", "USER": "ada"}
        code = subprocess.run(options.command, env=os.environ | variables).returncode
    recorder.save(options.out)
    return code


if __name__ == "__main__":
    sys.exit(main())
