"""`trackside sinks backfill` at a terminal: its bar, and what Ctrl-C does."""

import os
import pty
import re
import select
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import REPOSITORY
from forwarder import forward
from mlflow import MlflowClient
from sidecar import sidecar

pytest_plugins = "mlflow_session"

N_RUNS = 3
PATIENCE_SECS = 60


class Terminal:
    """A command whose standard output and error are a terminal."""

    def __init__(self, process, screen):
        self.process = process
        self.screen = screen
        self.shown = ""

    def read(self):
        """What comes next; nothing at the end. The end of a terminal's other side is an error on Linux."""
        ready, _, _ = select.select([self.screen], [], [], PATIENCE_SECS)
        assert ready, f"nothing more is shown: {self.shown}"
        try:
            data = os.read(self.screen, 65536)
        except OSError:
            data = b""
        self.shown += data.decode(errors="replace")
        return data

    def wait_for(self, pattern):
        while not re.search(pattern, self.shown):
            assert self.read(), f"no {pattern} in {self.shown}"

    def press(self, key):
        os.write(self.screen, key)

    def end(self):
        while self.read():
            pass
        return self.process.wait(PATIENCE_SECS)


@contextmanager
def terminal(*arguments):
    binary = Path(os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside")
    screen, other = pty.openpty()
    # A session of its own, whose terminal this is: or Ctrl-C would be no signal.
    command = ["setsid", "--ctty", "--wait", str(binary), *arguments]
    env = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=env)
    os.close(other)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)


@pytest.fixture
def late(tmp_path, trackside, unique):
    """A Trackside with three runs and a sink that came later, whose peer accepts connections but does not answer."""
    name = unique("late")
    with sidecar(tmp_path, {}) as running:
        client = MlflowClient(running.url, running.url)
        experiment = client.create_experiment(name)
        for n in range(N_RUNS):
            client.log_metric(client.create_run(experiment).info.run_id, "m", n)
    with forward(urlsplit(trackside.url).port) as peer:
        sink = {"type": "mlflow", "url": f"http://127.0.0.1:{peer.port}", "timeout_secs": 1}
        with sidecar(tmp_path, {"late": sink}) as running:
            yield running, peer, name


def arrived(trackside, name):
    peer = MlflowClient(trackside.url, trackside.url)
    return len(peer.search_runs([peer.get_experiment_by_name(name).experiment_id]))


def test_ctrl_c_ends_the_bar_and_not_the_backfill(late, trackside):
    running, peer, name = late
    with terminal("sinks", "--url", running.url, "backfill", "late", "all") as bar:
        bar.wait_for(rf"late \[.*\] 0/{N_RUNS} runs, .* left (retrying|open): ")
        bar.press(b"\x03")
        assert bar.end() == 1, bar.shown
        assert "the backfill of late goes on in the server; `trackside sinks backfill late --cancel`" in bar.shown
    assert running.sinks()["late"]["backfill"]["total"] == N_RUNS
    peer.open.set()
    running.wait_until_caught_up()
    assert arrived(trackside, name) == N_RUNS


def test_a_bar_is_followed_to_its_end(late, trackside):
    running, peer, name = late
    with terminal("sinks", "--url", running.url, "backfill", "late", "all") as bar:
        bar.wait_for(rf"0/{N_RUNS} runs")
        peer.open.set()
        assert bar.end() == 0, bar.shown
        assert f"{N_RUNS} runs sent to late" in bar.shown
    assert arrived(trackside, name) == N_RUNS


def test_json_and_pipes_show_no_bar(late):
    running, peer, _ = late
    peer.open.set()
    binary = Path(os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside")
    for flags, expected in ([], f"{N_RUNS} runs sent to late\n"), (["--json"], f'{{\n  "total": {N_RUNS}\n}}\n'):
        command = [str(binary), "sinks", "--url", running.url, *flags, "backfill", "late", "all"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE_SECS)
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, ""), done
