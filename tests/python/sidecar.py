"""Trackside with a configuration of its own, and what its sinks say."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml
from conftest import REPOSITORY, TRACKSIDE_START_SECS, Server, free_port, start_server

CATCH_UP_SECS = 120
# Sinks are quick, so that tests are.
QUICK = {"linger_ms": 50, "retry_base_ms": 20, "retry_max_secs": 1}


class Sidecar(Server):
    """A running Trackside."""

    def sinks(self) -> dict[str, dict]:
        answer = requests.get(f"{self.url}/api/trackside/v1/sinks", timeout=30)
        answer.raise_for_status()
        return {sink["name"]: sink for sink in answer.json()["sinks"]}

    def post(self, path: str, **body: object) -> dict:
        answer = requests.post(f"{self.url}/api/trackside/v1/{path}", json=body or None, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}

    def wait_until_caught_up(self, timeout_secs: float = CATCH_UP_SECS) -> dict[str, dict]:
        """Every sink has everything and refused nothing."""
        deadline = time.monotonic() + timeout_secs
        while time.monotonic() < deadline:
            sinks = self.sinks()
            waiting = [s for s in sinks.values() if s["lag"]["entries"] or s["lost"] or s["backfill"]]
            if not waiting:
                assert not any(sink["dead"] for sink in sinks.values()), sinks
                return sinks
            time.sleep(0.1)
        pytest.fail(f"sinks have not caught up within {timeout_secs} s: {self.sinks()}")


@contextmanager
def sidecar(root: Path, sinks: dict[str, dict], *arguments: str) -> Iterator[Sidecar]:
    """Runs it on the data directory below `root` with these sinks."""
    binary = Path(os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside")
    assert binary.is_file(), f"{binary.name} is not built: run `cargo build`, or set TRACKSIDE_BIN"
    config = root / "trackside.yaml"
    config.write_text(yaml.safe_dump({"version": 1, "sinks": {name: QUICK | sink for name, sink in sinks.items()}}))
    running = Sidecar(f"http://127.0.0.1:{(port := free_port())}", root / "data")
    command = [str(binary), "serve", "--port", str(port), "--data-dir", str(running.data_dir), "--config", str(config)]
    with start_server([*command, *arguments], running.url, root / "server.log", TRACKSIDE_START_SECS):
        yield running
