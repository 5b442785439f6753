"""Servers for the black-box tests: Trackside as built, and a real `mlflow server` to compare it with.

Nothing here skips: a binary that is not built or a server that does not start is a failure, with the tail of its log.

Environment:
    TRACKSIDE_BIN      the binary under test (default: target/debug/trackside of this checkout)
    TRACKSIDE_URL      use this running Trackside instead of starting one
    MLFLOW_ORACLE_URL  use this running `mlflow server` instead of starting one
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

# No test sends usage data to anybody; servers started here inherit it.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# The scripts of these tests lie in a repository, which is not what they are about.
os.environ.setdefault("TRACKSIDE_CAPTURE", "none")

REPOSITORY = Path(__file__).resolve().parents[2]
# MLflow creates its schema in some 70 migrations before it listens.
MLFLOW_START_SECS = 180
TRACKSIDE_START_SECS = 30
STOP_SECS = 30


@dataclass
class Server:
    """A server to talk to. `data_dir` is None for one that was already running."""

    url: str
    data_dir: Path | None = None


def free_port() -> int:
    """A port that was free a moment ago; the kernel does not hand it out again soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(log: Path, lines: int = 40) -> str:
    """The end of a server's log, for messages."""
    text = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join([f"--- last lines of {log.name}", *text])


def wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path, timeout_secs: float) -> None:
    """Returns once `GET /health` answers 200; fails when the process ends or the time is up."""
    deadline = time.monotonic() + timeout_secs
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"{process.args[0]} ended with code {process.returncode}\n{tail(log)}")
        try:
            if requests.get(f"{url}/health", timeout=2).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    pytest.fail(f"{url}/health did not answer 200 within {timeout_secs} s\n{tail(log)}")


@contextmanager
def start_server(
    command: list[str],
    url: str,
    log: Path,
    timeout_secs: float,
    *,
    group: bool = False,
    variables: dict[str, str] | None = None,
) -> Iterator:
    """Runs a server until the block ends, then sends SIGTERM to it and asserts that it ends with code 0.

    `group` is for servers that are several processes (`mlflow server` leaves its worker behind otherwise):
    the whole process group, which holds nothing but this server, is ended, and the exit code says nothing.
    """
    with log.open("wb") as output:
        environment = os.environ | (variables or {})
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, env=environment
        )
    try:
        wait_until_healthy(process, url, log, timeout_secs)
        yield
    finally:
        running = process.poll() is None
        if running and group:
            os.killpg(process.pid, signal.SIGTERM)
        elif running:
            process.terminate()
        try:
            code = process.wait(STOP_SECS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = None
    assert running, f"{command[0]} ended by itself with code {code}\n{tail(log)}"
    assert group or code == 0, f"{command[0]} answered SIGTERM with {code or 'silence'}\n{tail(log)}"


@contextmanager
def start_trackside(root: Path, variables: dict[str, str] | None = None) -> Iterator[Server]:
    """Trackside as built, with an empty data directory below `root`."""
    binary = Path(os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside")
    if not binary.is_file():
        pytest.fail(f"{binary.name} is not built: run `cargo build`, or set TRACKSIDE_BIN or TRACKSIDE_URL")
    server = Server(f"http://127.0.0.1:{(port := free_port())}", root / "data")
    command = [str(binary), "serve", "--port", str(port), "--data-dir", str(server.data_dir)]
    with start_server(command, server.url, root / "server.log", TRACKSIDE_START_SECS, variables=variables):
        yield server


@pytest.fixture(scope="session")
def trackside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one that all tests share."""
    if url := os.environ.get("TRACKSIDE_URL"):
        yield Server(url.rstrip("/"))
        return
    with start_trackside(tmp_path_factory.mktemp("trackside")) as server:
        yield server


@contextmanager
def start_mlflow(root: Path, workers: int = 1) -> Iterator[Server]:
    """A real `mlflow server` of this interpreter's environment, with an empty SQLite store below `root`."""
    server = Server(f"http://127.0.0.1:{(port := free_port())}", root)
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(workers), "--backend-store-uri", f"sqlite:///{root}/mlflow.db"]
    command += ["--artifacts-destination", f"{root}/artifacts"]
    with start_server(command, server.url, root / "server.log", MLFLOW_START_SECS, group=True):
        yield server


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one that all tests share."""
    if url := os.environ.get("MLFLOW_ORACLE_URL"):
        yield Server(url.rstrip("/"))
        return
    with start_mlflow(tmp_path_factory.mktemp("mlflow")) as server:
        yield server
