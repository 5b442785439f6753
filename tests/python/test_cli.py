"""The command line client, `python -m mlflow`, directed at the server by MLFLOW_TRACKING_URI."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from mlflow.cli import cli
from mlflow.entities import Metric, Param, ViewType
from mlflow.exceptions import RestException

pytest_plugins = "mlflow_session"

T0 = 1_700_000_000_000


@pytest.fixture
def invoke(trackside, monkeypatch):
    """Run a command inside this process, which spares the start of Python; its standard output."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", trackside.url)

    def run(*arguments):
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


@pytest.fixture
def recorded(client, experiment_id, tmp_path):
    """The id of a finished run with one of everything."""
    run_id = client.create_run(experiment_id, start_time=T0, run_name="Läufer", tags={"kind": "test"}).info.run_id
    client.log_batch(run_id, metrics=[Metric("loss", 0.5, T0, 1)], params=[Param("rate", "0.1")])
    (tmp_path / "up" / "sub").mkdir(parents=True)
    (tmp_path / "up" / "a b.txt").write_bytes(b"text\n")
    (tmp_path / "up" / "sub" / "ß.bin").write_bytes(bytes(range(256)))
    client.log_artifacts(run_id, str(tmp_path / "up"), "files")
    client.set_terminated(run_id, end_time=T0 + 1000)
    return run_id


def table(text):
    """The rows of a table as printed by the client, without its head."""
    return [line.split() for line in text.splitlines()[2:]]


def test_a_process_describes_a_run_and_downloads_its_files(trackside, recorded, tmp_path):
    def mlflow(*arguments):
        command = [sys.executable, "-m", "mlflow", *arguments]
        environment = os.environ | {"MLFLOW_TRACKING_URI": trackside.url}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        return result.stdout

    found = json.loads(mlflow("runs", "describe", "--run-id", recorded))
    assert found["info"]["run_id"] == recorded
    assert (found["info"]["status"], found["info"]["start_time"], found["info"]["end_time"]) == (
        "FINISHED",
        T0,
        T0 + 1000,
    )
    assert found["data"] == {
        "metrics": {"loss": 0.5},
        "params": {"rate": "0.1"},
        "tags": {"kind": "test", "mlflow.runName": "Läufer"},
    }
    (tmp_path / "down").mkdir()
    mlflow("artifacts", "download", "--run-id", recorded, "-a", "files", "-d", str(tmp_path / "down"))
    assert (tmp_path / "down" / "files" / "a b.txt").read_bytes() == b"text\n"
    assert (tmp_path / "down" / "files" / "sub" / "ß.bin").read_bytes() == bytes(range(256))


def test_experiments(invoke, client, unique):
    name, renamed = unique("cli"), unique("renamed")
    invoke("experiments", "create", "-n", name)
    experiment_id = client.get_experiment_by_name(name).experiment_id
    assert [experiment_id, name, f"mlflow-artifacts:/{experiment_id}"] in table(invoke("experiments", "search"))
    invoke("experiments", "rename", "-x", experiment_id, "--new-name", renamed)
    assert client.get_experiment(experiment_id).name == renamed
    assert json.loads(invoke("experiments", "get", "-n", renamed, "--output", "json"))["experiment_id"] == experiment_id
    invoke("experiments", "delete", "-x", experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert experiment_id not in [row[0] for row in table(invoke("experiments", "search"))]
    assert experiment_id in [row[0] for row in table(invoke("experiments", "search", "--view", "deleted_only"))]
    invoke("experiments", "restore", "-x", experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "active"


def test_runs(invoke, client, experiment_id, recorded):
    created = json.loads(
        invoke("runs", "create", "--experiment-id", experiment_id, "--run-name", "second", "-t", "env=prod")
    )
    second = client.get_run(created["run_id"])
    assert (second.info.run_name, second.info.status, second.data.tags["env"]) == ("second", "FINISHED", "prod")

    def listed(*options):
        return [(row[-2], row[-1]) for row in table(invoke("runs", "list", "--experiment-id", experiment_id, *options))]

    assert listed() == [("second", second.info.run_id), ("Läufer", recorded)]
    invoke("runs", "delete", "--run-id", recorded)
    assert listed() == [("second", second.info.run_id)]
    assert listed("--view", "deleted_only") == [("Läufer", recorded)]
    invoke("runs", "restore", "--run-id", recorded)
    assert {run.info.run_id for run in client.search_runs([experiment_id], run_view_type=ViewType.ACTIVE_ONLY)} == {
        recorded,
        second.info.run_id,
    }
    with pytest.raises(RestException, match=f"Run with id={'0' * 32} not found"):
        invoke("runs", "describe", "--run-id", "0" * 32)


def test_runs_as_csv(invoke, experiment_id, recorded):
    (row,) = csv.DictReader(io.StringIO(invoke("experiments", "csv", "-x", experiment_id)))
    assert (row["run_id"], row["status"], row["params.rate"], row["metrics.loss"], row["tags.kind"]) == (
        recorded,
        "FINISHED",
        "0.1",
        "0.5",
        "test",
    )


def test_artifacts(invoke, recorded, tmp_path):
    (tmp_path / "more.txt").write_text("more")
    invoke("artifacts", "log-artifact", "-l", tmp_path / "more.txt", "-r", recorded, "-a", "deep/er")
    invoke("artifacts", "log-artifacts", "-l", tmp_path / "up", "-r", recorded, "-a", "copy")
    assert json.loads(invoke("artifacts", "list", "-r", recorded)) == [
        {"path": "copy", "is_dir": True},
        {"path": "deep", "is_dir": True},
        {"path": "files", "is_dir": True},
    ]
    assert json.loads(invoke("artifacts", "list", "-r", recorded, "-a", "copy")) == [
        {"path": "copy/a b.txt", "is_dir": False, "file_size": 5},
        {"path": "copy/sub", "is_dir": True},
    ]
    assert json.loads(invoke("artifacts", "list", "-r", recorded, "-a", "deep/er")) == [
        {"path": "deep/er/more.txt", "is_dir": False, "file_size": 4},
    ]
