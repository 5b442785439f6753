"""The `mlflow` command line, directed at the server by MLFLOW_TRACKING_URI."""

import csv
import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from click.testing import CliRunner
from mlflow.cli import cli
from sklearn.linear_model import LinearRegression

pytest_plugins = "mlflow_session"


@pytest.fixture
def invoke(trackside, monkeypatch):
    """Run a command inside this process, which spares the start of Python; its standard output."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", trackside.url)

    def run(*arguments, code=0):
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.stdout

    return run


def test_experiment_commands(invoke, client, experiment_id, unique):
    name = unique("command")
    output = invoke("experiments", "create", "-n", name, "-l", "s3://bucket/place")
    experiment = client.get_experiment_by_name(name)
    assert experiment.experiment_id in output and experiment.artifact_location == "s3://bucket/place"
    shown = json.loads(invoke("experiments", "get", "-x", experiment.experiment_id, "--output", "json"))
    assert (shown["name"], shown["lifecycle_stage"]) == (name, "active")
    assert name in invoke("experiments", "get", "-n", name)
    renamed = unique("renamed")
    invoke("experiments", "rename", "-x", experiment.experiment_id, "--new-name", renamed)
    assert renamed in invoke("experiments", "search")
    invoke("experiments", "delete", "-x", experiment.experiment_id)
    assert renamed not in invoke("experiments", "search")
    assert renamed in invoke("experiments", "search", "--view", "deleted_only")
    invoke("experiments", "restore", "-x", experiment.experiment_id)
    assert client.get_experiment(experiment.experiment_id).lifecycle_stage == "active"
    invoke("experiments", "get", "-n", unique("absent"), code=1)


def test_run_commands(invoke, client, experiment_id, tmp_path):
    options = ["--run-name", "by hand", "--description", "Notiz", "-t", "a=1", "-t", "b=x=y", "--status", "KILLED"]
    parent = json.loads(invoke("runs", "create", "--experiment-id", experiment_id, *options))
    run = client.get_run(parent["run_id"])
    assert (run.info.run_name, run.info.status, run.data.tags["b"]) == ("by hand", "KILLED", "x=y")
    assert run.data.tags["mlflow.note.content"] == "Notiz"
    name = client.get_experiment(experiment_id).name
    child = json.loads(invoke("runs", "create", "--experiment-name", name, "--parent-run-id", parent["run_id"]))
    assert client.get_run(child["run_id"]).data.tags["mlflow.parentRunId"] == parent["run_id"]
    client.log_metric(child["run_id"], "m", 0.25)
    client.log_param(child["run_id"], "p", "ä")
    described = json.loads(invoke("runs", "describe", "--run-id", child["run_id"]))
    assert (described["data"]["metrics"], described["data"]["params"]) == ({"m": 0.25}, {"p": "ä"})
    invoke("runs", "delete", "--run-id", parent["run_id"])
    assert parent["run_id"] not in invoke("runs", "list", "--experiment-id", experiment_id)
    invoke("runs", "restore", "--run-id", parent["run_id"])
    assert parent["run_id"] in invoke("runs", "list", "--experiment-id", experiment_id)

    invoke("experiments", "csv", "-x", experiment_id, "-o", tmp_path / "runs.csv")
    rows = {row["run_id"]: row for row in csv.DictReader((tmp_path / "runs.csv").open())}
    assert set(rows) == {parent["run_id"], child["run_id"]}
    assert (rows[child["run_id"]]["metrics.m"], rows[child["run_id"]]["params.p"]) == ("0.25", "ä")


def test_artifact_commands(invoke, client, run_id, tmp_path):
    (tmp_path / "up" / "deep").mkdir(parents=True)
    (tmp_path / "up" / "a.txt").write_text("ä\n")
    (tmp_path / "up" / "deep" / "b.bin").write_bytes(bytes(range(256)))
    invoke("artifacts", "log-artifact", "--local-file", tmp_path / "up" / "a.txt", "--run-id", run_id)
    invoke("artifacts", "log-artifacts", "--local-dir", tmp_path / "up", "--run-id", run_id, "-a", "folder")
    listed = json.loads(invoke("artifacts", "list", "--run-id", run_id))
    assert listed == [
        {"path": "a.txt", "is_dir": False, "file_size": 3},
        {"path": "folder", "is_dir": True},
    ]
    assert [file["path"] for file in json.loads(invoke("artifacts", "list", "--run-id", run_id, "-a", "folder"))] == [
        "folder/a.txt",
        "folder/deep",
    ]
    uri = client.get_run(run_id).info.artifact_uri
    for number, source in enumerate(
        [["--run-id", run_id, "-a", "folder"], ["-u", f"runs:/{run_id}/folder"], ["-u", f"{uri}/folder"]]
    ):
        (tmp_path / str(number)).mkdir()
        invoke("artifacts", "download", *source, "-d", tmp_path / str(number))
        assert (tmp_path / str(number) / "folder" / "deep" / "b.bin").read_bytes() == bytes(range(256))


def test_a_model_predicts(fluent, trackside, unique, tmp_path):
    name = unique("predicting")
    with fluent.start_run():
        model = LinearRegression().fit(pd.DataFrame({"x": [0.0, 1.0]}), [0.0, 2.0])
        fluent.sklearn.log_model(model, name="line", registered_model_name=name, pip_requirements=[])
    (tmp_path / "in.csv").write_text("x\n1\n3\n")
    command = [sys.executable, "-m", "mlflow", "models", "predict", "-m", f"models:/{name}/1", "--env-manager", "local"]
    command += ["-i", str(tmp_path / "in.csv"), "-t", "csv", "-o", str(tmp_path / "out.json")]
    environment = os.environ | {"MLFLOW_TRACKING_URI": trackside.url}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    predictions = json.loads((tmp_path / "out.json").read_text())["predictions"]
    assert [round(value, 6) for value in predictions] == [2.0, 6.0]
