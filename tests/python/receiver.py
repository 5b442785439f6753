"""Receivers of notifications that misbehave on command: over HTTP, and a real SMTP server."""

import json
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from conftest import free_port

PATIENCE_SECS = 60


def until(condition: Callable, what: str, found_so_far: Callable = str):
    """What `condition` returns, once that is something."""
    deadline = time.monotonic() + PATIENCE_SECS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail(f"{what}: not within {PATIENCE_SECS} s; {found_so_far()}")


class Receiver:
    """Acts on each message once, by the name of the message. `mood` says how it answers; see `Handler`."""

    def __init__(self, mood: str = "fine") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook/s3cret"
        self.mood = mood
        self.attempts = 0
        self.messages: list[tuple[dict, str]] = []
        self.acted: dict[str, dict] = {}
        self.server: ThreadingHTTPServer | None = None
        self.released = threading.Event()

    def start(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.attempts += 1
                mood = receiver.mood
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if mood == "silent":
                    receiver.released.wait(PATIENCE_SECS)
                    self.close_connection = True
                    return
                if mood == "slow":
                    time.sleep(0.3)
                if mood != "failing":
                    receiver.messages.append((dict(self.headers.items()), body))
                    told = json.loads(body)
                    receiver.acted.setdefault(told.get("id", str(len(receiver.messages))), told)
                if mood == "cut":
                    # It has acted, and nobody hears of it.
                    self.close_connection = True
                    return
                self.send_response(500 if mood == "failing" else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def recover(self) -> None:
        """From now on all is well."""
        self.mood = "fine"
        self.released.set()
        if self.server is None:
            self.start()

    def notices(self) -> list[dict]:
        """What it was told, each notice once; those of digests too."""
        found = {}
        for told in list(self.acted.values()):
            for notice in told.get("notices", [told]):
                found[notice["id"]] = notice
        return list(found.values())

    def wait_for(self, count: int) -> list[dict]:
        until(lambda: len(self.notices()) >= count, f"{count} notices", self.notices)
        return self.notices()

    def stop(self) -> None:
        self.released.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Postbox:
    """An SMTP server that keeps what it gets; `refusals` answers are given before it takes anything."""

    def __init__(self, refusals: int = 0, **options: object) -> None:
        self.port = free_port()
        self.options = options
        self.refusals = refusals
        self.attempts = 0
        self.mails: list[tuple[list[str], object]] = []
        self.controller: Controller | None = None

    async def handle_DATA(self, _server: object, _session: object, envelope) -> str:
        self.attempts += 1
        if self.attempts <= self.refusals:
            return "451 try again"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 taken"

    def start(self) -> "Postbox":
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **self.options)
        self.controller.start()
        return self

    def stop(self) -> None:
        if self.controller:
            self.controller.stop()

    def wait_for(self, count: int) -> list:
        until(lambda: len(self.mails) >= count, f"{count} mails")
        return self.mails
