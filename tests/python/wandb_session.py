"""Fixtures of the scenarios of the W&B door: a real W&B client, and MLflow's to see what it logged.

A pytest plugin for the environments of `requirements-wandb*.txt`. From tests/python, by the Python of one of them:

    TRACKSIDE_URL=http://127.0.0.1:5000 python -m pytest -p wandb_session wandb_door/scenario_*.py

The client is used as it comes, but for a file stream that is sent each second, so that what is logged can be read soon.
"""

import math
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

# Long enough for the client, which looks no further into it.
API_KEY = "local-" + "0" * 40
# The scenarios that clients of older lines run as well; which they are is read from the source by test_wandb_door.py.
every_line = pytest.mark.every_line


def variables(url, home):
    """The environment of a user whose home is empty and whose server is ours."""
    folders = {name: str(Path(home, name.lower())) for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")}
    for folder in folders.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    return folders | {
        "HOME": str(home),
        "WANDB_CONFIG_DIR": str(Path(home, "config")),
        "WANDB_BASE_URL": url,
        "WANDB_API_KEY": API_KEY,
        "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
        "MLFLOW_TRACKING_URI": url,
        "MLFLOW_REGISTRY_URI": url,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def pytest_configure(config):
    config.addinivalue_line("markers", "every_line: run by clients of older lines as well")


class Other:
    """What MLflow's client sees of what W&B's client has logged."""

    def __init__(self, url):
        from mlflow import MlflowClient

        self.client = MlflowClient(url, url)

    def runs(self, project, query="", **more):
        experiment = self.client.get_experiment_by_name(project)
        assert experiment, f"there is no experiment {project}"
        return list(self.client.search_runs([experiment.experiment_id], query, **more))

    def run(self, project, name):
        """The run that W&B's client calls by this id."""
        [found] = self.runs(project, f"tags.`wandb.run_id` = '{name}'")
        return found

    def points(self, run, key):
        return [(point.step, point.value) for point in self.client.get_metric_history(run.info.run_id, key)]

    def files(self, run, path=None):
        found = []
        for entry in self.client.list_artifacts(run.info.run_id, path):
            found += self.files(run, entry.path) if entry.is_dir else [entry.path]
        return sorted(found)

    def bytes(self, run, path, folder):
        return Path(self.client.download_artifacts(run.info.run_id, path, str(folder))).read_bytes()


@pytest.fixture(scope="session")
def url():
    """Of the server that W&B's client is told."""
    return os.environ["TRACKSIDE_URL"].rstrip("/")


@pytest.fixture(scope="session", autouse=True)
def user(url, tmp_path_factory):
    """The environment that all clients of this process and its children use."""
    home = tmp_path_factory.mktemp("home")
    os.environ.update(variables(url, home))
    os.chdir(home)
    yield home
    import wandb

    wandb.teardown()


@pytest.fixture
def project(request):
    """Of this test alone."""
    return f"{request.node.originalname.removeprefix('test_').replace('_', '-')}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def api(user):
    import wandb

    return wandb.Api()


@pytest.fixture
def other(url):
    return Other(url)


def environment(more):
    """Of another process of the user. Without the service of this one, which children of a training share."""
    return {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"} | more


def interruptible():
    """Whoever starts these tests in the background of a shell has it ignored, and the client stops programs by it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def script(user, tmp_path):
    """Runs a program of a user to its end; what it printed. `code` is what it must end with."""

    def run(text, *arguments, code=0, **more):
        file = tmp_path / "train.py"
        file.write_text(text)
        command = [sys.executable, str(file), *arguments]
        result = subprocess.run(
            command,
            env=environment(more),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=interruptible,
        )
        assert result.returncode == code, f"ended with {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    return run


@pytest.fixture
def command(user):
    """Runs `wandb` as on a command line; what it printed."""

    def run(*arguments, **more):
        command = [sys.executable, "-m", "wandb", *map(str, arguments)]
        result = subprocess.run(command, env=environment(more), capture_output=True, text=True, timeout=180)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    return run


@pytest.fixture
def wait():
    """Until this holds; it comes soon or never."""

    def until(holds, timeout_secs=60):
        deadline = time.monotonic() + timeout_secs
        while not holds():
            assert time.monotonic() < deadline, f"did not come to be within {timeout_secs} s"
            time.sleep(0.2)

    return until


def pytest_exception_interact():
    """Ends runs that a failed test has left open: the client does not begin another run of the same id beside them."""
    import wandb

    wandb.teardown(exit_code=1)


def same(found, expected):
    """Equal numbers, NaN to itself; 1 and 1.0 are one number, as in JSON."""
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(same, found, expected))
    return found == expected


def columns(rows, *keys):
    """The values of these keys, row by row."""
    return [tuple(row.get(key) for key in keys) for row in rows]
