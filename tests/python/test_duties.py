"""Two servers on one database: both answer, one delivers, and the other takes over when it dies."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager

import requests
from conftest import REPOSITORY, TRACKSIDE_START_SECS, free_port, wait_until_healthy
from mlflow.tracking import MlflowClient

PATIENCE_SECS = 30


@contextmanager
def serving(folder, name):
    """A server on the database of this folder; it may be killed."""
    binary = os.environ.get("TRACKSIDE_BIN") or str(REPOSITORY / "target/debug/trackside")
    url = f"http://127.0.0.1:{(port := free_port())}"
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        command = [binary, "serve", "--port", str(port), "--data-dir", str(folder / "data")]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until_healthy(process, url, log, TRACKSIDE_START_SECS)
        yield url, process
    finally:
        process.kill()
        process.wait()


def states(url):
    answer = requests.get(f"{url}/api/trackside/v1/sinks", timeout=10).json()
    return {sink["name"]: sink["state"] for sink in answer["sinks"]}


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def logged(client, count):
    for _ in range(count):
        client.log_metric(client.create_run("0").info.run_id, "m", 1.0)


def test_one_delivers_and_the_other_takes_over(tmp_path):
    (tmp_path / "trackside.yaml").write_text("sinks:\n  copy: {type: sqlite, path: ./copy.db}\n")
    with serving(tmp_path, "first") as (first, process), serving(tmp_path, "second") as (second, _):
        assert states(first) == {"copy": "ok"}
        assert states(second).get("copy") != "ok"
        # What either takes is delivered by the one.
        for url in (first, second):
            logged(MlflowClient(url, url), 3)
        refused = requests.post(f"{second}/api/trackside/v1/config/reload", timeout=10)
        assert refused.status_code == 409 and "another server on this database delivers" in refused.text
        process.send_signal(signal.SIGKILL)
        process.wait()
        until(lambda: states(second) == {"copy": "ok"})
        logged(MlflowClient(second, second), 1)
        status = lambda: requests.get(f"{second}/api/trackside/v1/sinks", timeout=10).json()["sinks"][0]  # noqa: E731
        until(lambda: status()["lag"]["entries"] == 0)
    # The copy is a database as any other.
    with serving_copy(tmp_path) as url:
        client = MlflowClient(url, url)
        runs = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
        assert len(runs) == 7 and all(run.data.metrics == {"m": 1.0} for run in runs)


@contextmanager
def serving_copy(folder):
    target = folder / "served"
    (target / "data").mkdir(parents=True)
    for part in folder.glob("copy.db*"):
        part.rename(target / "data" / part.name.replace("copy.db", "trackside.db"))
    with serving(target, "copy") as (url, _):
        yield url
