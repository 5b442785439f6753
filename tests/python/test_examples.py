"""The example scripts, unchanged, as processes of their own; and everything they leave behind.

`train_digits.py` is deterministic, so it runs on a real MLflow server as well, and what the two servers then tell about
it must be the same: every point of every metric, every param and tag, every dataset, every byte of every file.
"""

import io
import json
import os
import re
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import sklearn
from conftest import REPOSITORY
from mlflow import MlflowClient
from PIL import Image
from sklearn.datasets import load_digits
from test_sink_tensorboard import directory_of, f32, read

pytest_plugins = "mlflow_session"

EXAMPLES = REPOSITORY / "examples" / "python"
EPOCHS = 4
NETWORKS = {f"mlp-{units}-{rate}": (units, rate) for units in (16, 64) for rate in (0.001, 0.01)}
# They hold ids and times, or a pickle, whose bytes are not the same in two processes.
VOLATILE_FILES = {"MLmodel", "registered_model_meta", "model.pkl"}


@dataclass
class Digits:
    """What is left of one run of `train_digits.py`."""

    client: MlflowClient
    output: str
    experiment_id: str
    model_name: str
    runs: dict

    @property
    def parent(self):
        return self.runs["digits-search"]


def run_example(script, url, *arguments):
    # One thread of BLAS, so that both processes add in the same order.
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": url,
        "OMP_NUM_THREADS": "1",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "false",
    }
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / script), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    try:
        output, errors = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 0, output + errors
    return output


@pytest.fixture(scope="module")
def digits_of_both(trackside, mlflow_server):
    name = f"digits-{uuid.uuid4().hex[:12]}"
    options = ("--experiment", name, "--model-name", name, "--epochs", str(EPOCHS))
    urls = (trackside.url, mlflow_server.url)
    if trackside.url == mlflow_server.url:
        urls = urls[:1]
    processes = [run_example("train_digits.py", url, *options) for url in urls]
    found = []
    for url, process in zip(urls, processes, strict=True):
        output = finish(process)
        client = MlflowClient(url, url)
        experiment_id = client.get_experiment_by_name(name).experiment_id
        runs = {run.info.run_name: run for run in client.search_runs([experiment_id])}
        found.append(Digits(client, output, experiment_id, name, runs))
    return found


@pytest.fixture(scope="module")
def digits(digits_of_both):
    return digits_of_both[0]


@pytest.fixture
def files(digits, tmp_path):
    """The files of the parent run: path to bytes."""
    return download(digits.client, digits.parent.info.artifact_uri, tmp_path)


def download(client, uri, folder):
    """All files below an artifact URI: path to bytes."""
    root = Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder), tracking_uri=client.tracking_uri))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_script_says_what_it_did(digits):
    assert "450 predictions are identical" in digits.output
    assert f"models:/{digits.model_name}@champion is version 1, in stage Staging" in digits.output
    assert (
        f"{digits.client.tracking_uri}/#/experiments/{digits.experiment_id}/runs/{digits.parent.info.run_id}"
        in digits.output
    )


def test_runs_and_their_relation(digits):
    assert set(digits.runs) == {"digits-search", "baseline", *NETWORKS}
    assert {run.info.status for run in digits.runs.values()} == {"FINISHED"}
    for name, run in digits.runs.items():
        assert run.info.start_time <= run.info.end_time
        parent = None if name == "digits-search" else digits.parent.info.run_id
        assert run.data.tags.get("mlflow.parentRunId") == parent
        assert run.data.tags["mlflow.source.name"] == str(EXAMPLES / "train_digits.py")


def test_params(digits):
    assert digits.parent.data.params == {"epochs": str(EPOCHS), "n_train": "1347", "n_test": "450", "seed": "7"}
    for name, (units, rate) in NETWORKS.items():
        assert digits.runs[name].data.params == {
            "hidden_units": str(units),
            "learning_rate": str(rate),
            "batch_size": "64",
            "epochs": str(EPOCHS),
            "seed": "7",
        }
    autologged = digits.runs["baseline"].data.params
    assert (autologged["C"], autologged["max_iter"], autologged["random_state"]) == ("0.5", "500", "7")


def test_metric_histories(digits):
    for name in NETWORKS:
        run = digits.runs[name]
        assert set(run.data.metrics) == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}
        for key, last in run.data.metrics.items():
            points = digits.client.get_metric_history(run.info.run_id, key)
            assert [point.step for point in points] == list(range(EPOCHS))
            assert points[-1].value == last
            assert all(run.info.start_time <= point.timestamp <= run.info.end_time for point in points)
            falls = key.endswith("loss")
            assert (points[-1].value < points[0].value) == falls


def test_the_best_run_is_the_best(digits):
    accuracy = {name: digits.runs[name].data.metrics["test_accuracy"] for name in NETWORKS}
    best = max(accuracy, key=accuracy.get)
    assert digits.parent.data.metrics == {
        "best_test_accuracy": accuracy[best],
        "baseline_test_accuracy": digits.runs["baseline"].data.metrics["test_accuracy"],
    }
    assert digits.parent.data.tags["best_run_id"] == digits.runs[best].info.run_id
    found = digits.client.search_runs(
        [digits.experiment_id], "tags.model_family = 'mlp'", order_by=["metrics.test_accuracy DESC"]
    )
    assert found[0].data.metrics["test_accuracy"] == accuracy[best]
    assert {run.info.run_name for run in found} == set(NETWORKS)


def test_tags(digits):
    tags = digits.parent.data.tags
    assert (tags["dataset"], tags["purpose"]) == ("digits", "example")
    assert tags["mlflow.note.content"] == "Search for the best digit classifier"
    assert digits.runs["baseline"].data.tags["estimator_name"] == "LogisticRegression"


def test_dataset_inputs(digits):
    found = {
        entry.dataset.name: (
            {tag.key: tag.value for tag in entry.tags},
            json.loads(entry.dataset.profile),
            len(json.loads(entry.dataset.schema)["mlflow_colspec"]),
        )
        for entry in digits.parent.inputs.dataset_inputs
    }
    assert found == {
        "digits-training": ({"mlflow.data.context": "training"}, {"num_rows": 1347, "num_elements": 1347 * 65}, 65),
        "digits-testing": ({"mlflow.data.context": "testing"}, {"num_rows": 450, "num_elements": 450 * 65}, 65),
    }


def test_artifacts(digits, files):
    listed = {entry.path: entry for entry in digits.client.list_artifacts(digits.parent.info.run_id)}
    assert set(listed) == {"evaluation", "plots", "report.json", "report.txt"}
    assert set(files) == {"evaluation/predictions.csv", "plots/confusion_matrix.png", "report.json", "report.txt"}
    assert listed["report.txt"].file_size == len(files["report.txt"])
    predictions = pd.read_csv(io.BytesIO(files["evaluation/predictions.csv"]), index_col="image")
    assert len(predictions) == 450
    accuracy = float(np.mean(predictions["target"] == predictions["predicted"]))
    assert accuracy == digits.parent.data.metrics["best_test_accuracy"]
    assert json.loads(files["report.json"])["accuracy"] == accuracy
    assert Image.open(io.BytesIO(files["plots/confusion_matrix.png"])).size == (600, 600)


def test_the_logged_model(digits, files, tmp_path):
    (model,) = digits.client.search_logged_models([digits.experiment_id])
    assert (model.name, str(model.status), model.source_run_id) == ("model", "READY", digits.parent.info.run_id)
    assert [output.model_id for output in digits.parent.outputs.model_outputs] == [model.model_id]
    assert {"MLmodel", "model.pkl", "input_example.json", "requirements.txt"} <= {
        entry.path for entry in digits.client.list_logged_model_artifacts(model.model_id)
    }
    (tmp_path / "model").mkdir()
    content = download(digits.client, model.artifact_location, tmp_path / "model")
    assert len(json.loads(content["input_example.json"])["data"]) == 3
    assert content["requirements.txt"].decode().split() == [
        f"mlflow=={mlflow.__version__}",
        f"scikit-learn=={sklearn.__version__}",
    ]
    predictions = pd.read_csv(io.BytesIO(files["evaluation/predictions.csv"]), index_col="image")
    images = load_digits(as_frame=True).data.loc[predictions.index] / 16.0
    predicted = mlflow.sklearn.load_model(str(tmp_path / "model" / "artifacts")).predict(images)
    assert np.array_equal(predicted, predictions["predicted"])


def test_the_registered_model(digits):
    model = digits.client.get_registered_model(digits.model_name)
    assert model.aliases == {"champion": "1"}
    version = digits.client.get_model_version_by_alias(digits.model_name, "champion")
    (logged,) = digits.client.search_logged_models([digits.experiment_id])
    assert (version.version, version.current_stage, version.run_id) == ("1", "Staging", digits.parent.info.run_id)
    assert (version.source, version.status) == (f"models:/{logged.model_id}", "READY")
    assert version.tags == {"test_accuracy": f"{digits.parent.data.metrics['best_test_accuracy']:.4f}"}
    assert digits.client.get_model_version_download_uri(digits.model_name, "1") == logged.artifact_location


def test_both_servers_tell_the_same(digits_of_both, tmp_path):
    contents = [content(digits, tmp_path / str(index)) for index, digits in enumerate(digits_of_both)]
    for other in contents[1:]:
        assert contents[0].keys() == other.keys()
        for run_name, run in contents[0].items():
            for part in run:
                assert run[part] == other[run_name][part], f"{part} of {run_name}"


def content(digits, folder):
    """Everything known about the runs, with names instead of ids and without times."""
    names = {run.info.run_id: name for name, run in digits.runs.items()}
    with_files = {name for name, run in digits.runs.items() if digits.client.list_artifacts(run.info.run_id)}
    assert with_files == {"digits-search", "baseline"}
    found = {}
    for name, run in digits.runs.items():
        (folder / name).mkdir(parents=True)
        tags = {key: names.get(value, value) for key, value in run.data.tags.items()}
        found[name] = {
            "params": run.data.params,
            "tags": tags,
            "metrics": {
                key: [(point.step, point.value) for point in digits.client.get_metric_history(run.info.run_id, key)]
                for key in run.data.metrics
            },
            "inputs": sorted(json.dumps(entry.to_dictionary(), sort_keys=True) for entry in run.inputs.dataset_inputs),
            "files": download(digits.client, run.info.artifact_uri, folder / name) if name in with_files else {},
        }
    for model in digits.client.search_logged_models([digits.experiment_id]):
        (folder / model.model_id).mkdir()
        files = download(digits.client, model.artifact_location, folder / model.model_id)
        found[f"model {model.name}"] = {
            "params": model.params,
            "tags": sorted(model.tags),
            "metrics": sorted((point.key, point.value, point.step) for point in model.metrics or []),
            "files": {path: data for path, data in files.items() if path not in VOLATILE_FILES},
            "names of files": sorted(files),
            "type": (model.model_type, str(model.status), names[model.source_run_id]),
        }
    return found


def test_the_minimal_script(trackside, client, unique, tmp_path):
    name = unique("line")
    output = finish(run_example("train_minimal.py", trackside.url, name))
    experiment_id = client.get_experiment_by_name(name).experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment_id])}
    assert set(runs) == {"search", "rate-0.05", "rate-0.5"}
    parent = runs.pop("search")
    assert (parent.data.params, parent.data.tags["model"]) == ({"n_points": "50"}, "line")
    for run in runs.values():
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.params == {"learning_rate": run.info.run_name.removeprefix("rate-"), "steps": "100"}
        for key in ("loss", "slope", "intercept"):
            points = client.get_metric_history(run.info.run_id, key)
            assert sorted(point.step for point in points) == list(range(100))
        (tmp_path / run.info.run_id).mkdir()
        text = f"y = {run.data.metrics['slope']:.3f} x + {run.data.metrics['intercept']:.3f}\n"
        assert download(client, run.info.artifact_uri, tmp_path / run.info.run_id) == {"line.txt": text.encode()}
        assert f"rate {run.data.params['learning_rate']}: loss" in output


def test_the_rust_program_logs_to_tensorboard_and_mlflow_at_once(mlflow_server, tmp_path):
    binary = Path(os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside").with_name("train_spirals")
    assert binary.is_file(), f"{binary.name} is not built: run `cargo build --workspace --bins`"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [str(binary), str(tmp_path / "logs"), mlflow_server.url],
        env=os.environ | {"TMPDIR": str(temporary), "USER": "ada"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = re.fullmatch(
        r"accuracy (0\.\d{3}|1\.000)\n"
        r"mlflow: \d+ delivered, 0 withheld, 0 left\n"
        r"tensorboard: \d+ delivered, 1 withheld, 0 left\n",
        finish(process),
    )
    assert said and float(said[1]) > 0.9
    assert not list(temporary.iterdir()), "the copy of the weights is gone"

    client = MlflowClient(mlflow_server.url, mlflow_server.url)
    (run,) = client.search_runs([client.get_experiment_by_name("spirals").experiment_id], "attributes.run_name = 'mlp'")
    assert (run.info.status, run.info.user_id) == ("FINISHED", "ada")
    assert run.data.params == {"lr": "0.01", "hidden": "32", "optimiser": "AdamW"}
    curves = {key: client.get_metric_history(run.info.run_id, key) for key in ("loss", "accuracy")}
    for points in curves.values():
        assert [point.step for point in points] == list(range(1, 201))
    assert curves["loss"][-1].value < curves["loss"][0].value / 5
    assert f"{curves['accuracy'][-1].value:.3f}" == said[1]
    (tmp_path / "files").mkdir()
    (path, weights), *others = download(client, run.info.artifact_uri, tmp_path / "files").items()
    assert (path, others) == ("model/weights.safetensors", []) and b"middle.weight" in weights

    # TensorBoard's own reader finds the same, point by point; it keeps values as 32-bit floats.
    report = read(directory_of(tmp_path / "logs", run.data.tags["trackside.run_id"]))
    expected = {key: [[p.timestamp / 1000, p.step, f32(p.value)] for p in points] for key, points in curves.items()}
    assert report["scalars"] == expected
    assert report["hparams"]["params"] == {"lr": 0.01, "hidden": 32.0, "optimiser": "AdamW"}
    assert report["hparams"]["status"] == 1
