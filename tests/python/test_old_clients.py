"""MLflow clients of earlier releases: they do what `old_client.py` says, and a new client reads what they wrote.

`tests/run` sets TRACKSIDE_PYTHON_MLFLOW2 and TRACKSIDE_PYTHON_MLFLOW1 to the Python interpreters of two environments
made from `requirements-mlflow2.txt` and `requirements-mlflow1.txt`.

The registry of MLflow 1 lives below `/api/2.0/preview/mlflow`, and two of its calls are gone: Trackside serves both, a
real MLflow 3 server neither. `test_registry[1]` and `test_lists_of_mlflow_1` are the only tests that fail there.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

pytest_plugins = "mlflow_session"

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples" / "python"
VERSIONS = {1: "1.30.", 2: "2.22."}
T0 = 1_700_000_000_000

both = pytest.mark.parametrize("major", [1, 2])


def interpreter(major):
    variable = f"TRACKSIDE_PYTHON_MLFLOW{major}"
    python = os.environ.get(variable)
    assert python, f"{variable} is not set; tests/run sets it to the Python that has MLflow {VERSIONS[major]}x"
    return python


def run_script(major, path, url, *arguments):
    result = subprocess.run(
        [interpreter(major), str(path), *arguments],
        env=os.environ | {"MLFLOW_TRACKING_URI": url, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def old_client(trackside, unique):
    """Run one section of `old_client.py`; the name that was given to it, and what it reports."""

    def run(major, section):
        name = unique(f"old-{major}-{section}")
        output = run_script(major, HERE / "old_client.py", trackside.url, trackside.url, section, name)
        report = json.loads(output.splitlines()[-1])
        assert report["version"].startswith(VERSIONS[major])
        return name, report

    return run


@both
def test_experiments(old_client, client, major):
    name, report = old_client(major, "experiments")
    found = client.get_experiment(report["experiment_id"])
    assert (found.name, found.lifecycle_stage, found.tags) == (f"{name} renamed", "active", {"a": "2", "ß": "😀"})


@both
def test_runs(old_client, client, major):
    _, report = old_client(major, "runs")
    found = client.get_run(report["run_id"])
    assert (found.info.run_name, found.info.status) == ("renamed", "FAILED")
    assert (found.info.start_time, found.info.end_time) == (T0, T0 + 5000)
    assert found.data.params == {"p": "größer"} | {f"p{i}": str(i) for i in range(75)}
    assert {key: value for key, value in found.data.tags.items() if not key.startswith("mlflow.")} == report["tags"]
    for key in range(5):
        points = [
            (point.timestamp, point.step, point.value)
            for point in client.get_metric_history(report["run_id"], f"batch-{key}")
        ]
        assert points == [(T0 + i, -i, i / 8) for i in range(key, 850, 5)]
    points = [
        (point.timestamp, point.step, point.value) for point in client.get_metric_history(report["run_id"], "loss")
    ]
    assert points == [(T0, 0, 3.0), (T0 + 1, 1, 2.0), (T0 + 2, 2, 1.0)]
    assert len(client.search_runs([report["experiment_id"]])) == 7


@both
def test_artifacts(old_client, client, major, tmp_path):
    _, report = old_client(major, "artifacts")
    client.download_artifacts(report["run_id"], "", str(tmp_path))
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path: len(content) for path, content in files.items()} == report["sizes"]
    assert files["tree/b c/d.bin"] == bytes(range(256)) * 4000
    assert files["a.txt"] == files["tree/a.txt"] == "größe\n".encode()


@both
def test_a_logged_model(old_client, client, major):
    _, report = old_client(major, "logged_model")
    history = json.loads(client.get_run(report["run_id"]).data.tags["mlflow.log-model.history"])
    assert [entry["artifact_path"] for entry in history] == ["model", "second"]


@both
def test_registry(old_client, client, major):
    name, report = old_client(major, "registry")
    model = client.get_registered_model(name)
    assert (model.description, model.tags) == ("text", {"a": "1", "b": "2"})
    assert model.aliases == ({"champion": "3"} if major == 2 else {})
    versions = {version.version: version for version in client.search_model_versions(f"name = '{name}'")}
    assert {number: version.current_stage for number, version in versions.items()} == {
        "1": "Archived",
        "2": "Staging",
        "3": "Production",
    }
    for number, version in versions.items():
        assert (version.run_id, version.source) == (report["run_id"], report["source"])
        assert version.description == ("first" if number == "1" else f"version {number}")
        assert version.tags == {"n": number} | ({"extra": "x"} if number == "1" else {})


def test_lists_of_mlflow_1(old_client):
    old_client(1, "lists")


@both
def test_the_minimal_example(trackside, client, unique, major):
    name = unique(f"line-{major}")
    output = run_script(major, EXAMPLES / "train_minimal.py", trackside.url, name)
    assert "rate 0.5: loss" in output
    experiment_id = client.get_experiment_by_name(name).experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment_id])}
    assert set(runs) == {"search", "rate-0.05", "rate-0.5"}
    parent = runs.pop("search")
    for run in runs.values():
        assert (run.info.status, run.data.tags["mlflow.parentRunId"]) == ("FINISHED", parent.info.run_id)
        for key in ("loss", "slope", "intercept"):
            points = client.get_metric_history(run.info.run_id, key)
            assert sorted(point.step for point in points) == list(range(100))
        assert [entry.path for entry in client.list_artifacts(run.info.run_id)] == ["line.txt"]
