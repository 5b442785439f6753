"""A project whose runs `trackside run` has recorded: one prepares data, one trains with MLflow's client on it.

A pytest plugin. `raw.csv` becomes the directory `data`, of which a model is made: version 1 of `churn`, alias `best`.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import REPOSITORY, Server, start_trackside

PREPARE = """
import pathlib
rows = pathlib.Path("raw.csv").read_text().splitlines()
pathlib.Path("data").mkdir()
for n, row in enumerate(rows):
    pathlib.Path(f"data/{n}.csv").write_text(row)
"""
TRAIN = """
import pathlib
import mlflow
from mlflow import MlflowClient
with mlflow.start_run(run_name="fit") as run:
    mlflow.log_params({"seed": 7, "rate": 0.1})
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("weights", "model/weights.txt")
    mlflow.log_text("notes", "notes.txt")
    pathlib.Path("model.bin").write_text("weights")
client = MlflowClient()
client.create_registered_model("churn")
client.create_model_version("churn", f"{run.info.artifact_uri}/model", run.info.run_id)
client.set_registered_model_alias("churn", "best", "1")
"""


# What a version of it has to show for Production, which no other test gives it.
POLICY = """
version: 1
registry:
  policies:
    - {to: Production, require: {code: snapshotted, data: true, environment: true, artifacts: true}}
    - {to: Staging, require: {code: committed}}
"""


@dataclass
class Project:
    """Where it is, and what became of it."""

    root: Path
    server: Server
    environment: dict[str, str]
    prepared: str = ""
    fitted: str = ""

    def trackside(self, *words, code=0, cwd=None):
        """Standard output and standard error of a command, which ends with this code."""
        binary = os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside"
        command = [str(Path(binary).absolute()), *map(str, words)]
        done = subprocess.run(command, cwd=cwd or self.root, env=self.environment, capture_output=True, text=True)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout, done.stderr

    def git(self, *words):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def record(self, *words):
        """The id of the run that a recorded command made."""
        _, said = self.trackside("run", *words)
        ids = [line.split()[3] for line in said.splitlines() if line.startswith("trackside: recorded run")]
        assert len(ids) == 1, said
        return ids[0]


@pytest.fixture(scope="session")
def oracle():
    """Asks attestation_oracle.py, by the Python that has the readers."""
    python = os.environ.get("TRACKSIDE_PYTHON_ATTEST")
    if not python:
        pytest.fail("TRACKSIDE_PYTHON_ATTEST is not set: name a Python with requirements-attest.txt")

    def ask(*words):
        command = [python, str(REPOSITORY / "tests/python/attestation_oracle.py"), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The project, with a server of its own that both runs are at."""
    root = tmp_path_factory.mktemp("recorded")
    (root / "trackside.yaml").write_text(POLICY)
    with start_trackside(root, {"TRACKSIDE_LOG": "debug"}) as server:
        gone = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID")
        environment = {name: value for name, value in os.environ.items() if name not in gone}
        environment |= {"TRACKSIDE_URL": server.url, "XDG_CACHE_HOME": str(root / "cache")}
        project = Project(root / "project", server, environment)
        project.root.mkdir()
        (project.root / "raw.csv").write_text("1,2\n3,4\n5,6\n")
        (project.root / "prepare.py").write_text(PREPARE)
        (project.root / "train.py").write_text(TRAIN)
        (project.root / ".gitignore").write_text("data\nmodel.bin\n")
        project.git("init", "-q", "-b", "main")
        project.git("remote", "add", "origin", "git@forge.example:team/churn.git")
        project.git("add", ".")
        project.git("commit", "-q", "-m", "first")
        prepare = ("--data", "raw.csv", "--output", "data", "--experiment", "churn", "--name", "prepare")
        project.prepared = project.record(*prepare, "--", sys.executable, "prepare.py")
        # Not committed: a snapshot is what was executed.
        (project.root / "train.py").write_text(TRAIN + "# changed\n")
        train = ("--data", "data", "--output", "model.bin", "--experiment", "churn")
        project.fitted = project.record(*train, "--", sys.executable, "train.py")
        yield project
