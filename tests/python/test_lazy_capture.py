"""What `trackside serve` records of runs that plain clients of this machine make."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import start_trackside
from labelled_runs import project
from mlflow.tracking import MlflowClient

PATIENCE_SECS = 60
TRAIN = """
import mlflow
with mlflow.start_run(run_name="{name}"):
    mlflow.log_param("seed", 3)
    mlflow.log_text("hello", "notes.txt")
"""
# Stays until the run is told of its inputs, as any training would.
WAIT = """
import time
def wait(run):
    for _ in range(600):
        if "trackside.captured_by" in mlflow.MlflowClient().get_run(run).data.tags:
            return
        time.sleep(0.1)
    raise SystemExit("the run was never looked at")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_trackside(tmp_path_factory.mktemp("lazy"), {"TRACKSIDE_CAPTURE": "local"}) as server:
        yield server


@pytest.fixture
def client(server):
    return MlflowClient(server.url, server.url)


@pytest.fixture
def made(tmp_path, server):
    return project(tmp_path, server)


def train(made, *command, at=None):
    # Other tests of this process name their experiments.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    own = {"MLFLOW_TRACKING_URI": made.server.url, "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment = inherited | made.environment | own
    done = subprocess.run(command, cwd=at or made.root, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def told(client, name, key="trackside.key.inputs"):
    """The tags of that run, once it has this one."""
    deadline = time.monotonic() + PATIENCE_SECS
    while time.monotonic() < deadline:
        [run] = client.search_runs(["0"], f"attributes.run_name = '{name}'")
        if key in run.data.tags:
            return run
        time.sleep(0.2)
    pytest.fail(f"{key} never came: {run.data.tags}")


def test_a_plain_client_is_looked_at(made, client, tmp_path):
    script = TRAIN.format(name="plain") + "    wait(mlflow.active_run().info.run_id)\n"
    made.write("plain.py", WAIT + script)
    made.write("train.py", "changed")
    made.write("model.dvc", "outs:\n- path: data/train.csv\n  md5: " + "0" * 32 + "\n  hash: md5\n")
    train(made, sys.executable, "plain.py")
    run = told(client, "plain", "trackside.key.provenance")
    tags = run.data.tags
    assert tags["trackside.captured_by"] == "server" and "trackside.invocation" not in tags
    assert tags["trackside.git.commit"] == made.git("rev-parse", "HEAD")
    kept = made.git("rev-parse", f"refs/trackside/runs/{run.info.run_id}")
    assert made.git("show", f"{kept}:plain.py").startswith("import time")
    path = client.download_artifacts(run.info.run_id, "trackside/provenance.json", str(tmp_path))
    record = json.loads(Path(path).read_text())
    assert record["execution"]["command"] == [sys.executable, "plain.py"]
    assert record["execution"]["directory"] == str(made.root)
    assert record["environment"]["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert [data["path"] for data in record["data"]] == ["data/train.csv"]
    assert tags["trackside.git.dirty"] == "true"
    assert record["parameters"]["seeds"] == ["seed"]
    assert [file["path"] for file in record["artifacts"]] == ["notes.txt"]
    assert "exit code" in [gap["what"] for gap in record["gaps"]]
    made.run = run.info.run_id
    verdicts = {item["dimension"]: item["verdict"] for item in made.audit()["findings"]}
    assert verdicts["code"] == verdicts["environment"] == verdicts["artifacts"] == "identical"
    assert verdicts["execution"] == "missing"


def test_what_git_ignores_and_what_is_in_no_repository_is_left_alone(made, client, tmp_path):
    made.write(".gitignore", "data/\nvenv/\n")
    made.write("venv/tool.py", TRAIN.format(name="installed"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "loose.py").write_text(TRAIN.format(name="outside"))
    train(made, sys.executable, "venv/tool.py")
    train(made, sys.executable, "loose.py", at=outside)
    # News are taken in order: when this one is told, those before it have been looked at.
    made.write("last.py", WAIT + TRAIN.format(name="last") + "    wait(mlflow.active_run().info.run_id)\n")
    train(made, sys.executable, "last.py")
    told(client, "last")
    for name in ["installed", "outside"]:
        [run] = client.search_runs(["0"], f"attributes.run_name = '{name}'")
        assert not [key for key in run.data.tags if key.startswith("trackside.")], name


def test_nobody_elsewhere_makes_the_server_look(made, client):
    """A run that only says that it is of a program, as a client on another machine would."""
    tags = {"mlflow.source.type": "LOCAL", "mlflow.source.name": str(made.root / "train.py"), "mlflow.runName": "liar"}
    client.create_run("0", tags=tags)
    made.write("after.py", WAIT + TRAIN.format(name="after") + "    wait(mlflow.active_run().info.run_id)\n")
    train(made, sys.executable, "after.py")
    told(client, "after")
    [run] = client.search_runs(["0"], "attributes.run_name = 'liar'")
    assert "trackside.git.commit" not in run.data.tags
