"""MLflow's web UI, served by Trackside: installed as a user installs it, and walked through in a real browser.

`tests/run` sets TRACKSIDE_PYTHON_BROWSER to the Python of an environment made from `requirements-browser.txt`, and
installs Debian's chromium. Pictures of each step go to TRACKSIDE_SCREENSHOTS, or a temporary directory.
"""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import requests
from conftest import REPOSITORY, start_trackside
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag
from PIL import Image

HERE = Path(__file__).resolve().parent
T0 = 1_700_000_000_000
WALK_SECS = 240

# What the walk may meet, as (method, end of the path, status). The first ones MLflow's own server answers alike.
LIKE_MLFLOW = {("GET", "/mlflow/users/current", 404)}
# Not served yet: the UI asks all the same, and shows its pages without.
NOT_SERVED = {
    ("GET", "/mlflow/assistant/config", 404),
    ("GET", "/mlflow/assistant/providers", 404),
}


def program():
    return os.environ.get("TRACKSIDE_BIN") or str(REPOSITORY / "target/debug/trackside")


def install(*arguments, **variables):
    command = [program(), "ui", "install", "--json", *map(str, arguments)]
    result = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def tell_of_a_trace(url, experiment_id):
    """A question and the search within it, as OpenTelemetry's exporters send them."""

    def span(number, name, **more):
        values = {"mlflow.spanInputs": '"how warm is it?"', "mlflow.spanOutputs": '"rather"', "mlflow.spanType": '"AGENT"'}
        return {
            "traceId": "c" * 32,
            "spanId": f"{number:016x}",
            "name": name,
            "startTimeUnixNano": str(time.time_ns() - 10**9),
            "endTimeUnixNano": str(time.time_ns()),
            "status": {"code": 1},
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in values.items()],
            **more,
        }

    spans = [span(1, "ask-the-oracle"), span(2, "look-it-up", parentSpanId=f"{1:016x}")]
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    answer = requests.post(f"{url}/v1/traces", json=body, headers={"x-mlflow-experiment-id": experiment_id})
    answer.raise_for_status()


def fill(url, name, files):
    """Something for every page to show; what the walk has to know of it."""
    client = MlflowClient(tracking_uri=url, registry_uri=url)
    experiment_id = client.create_experiment(name)
    (files / "pictures").mkdir(parents=True)
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1)) * 3).save(files / "pictures" / "ramp.png")
    (files / "notes.txt").write_text("a line of text\n" * 20)
    table = io.StringIO()
    csv.writer(table).writerows([["epoch", "loss"], *([epoch, 1 / (1 + epoch)] for epoch in range(20))])
    (files / "table.csv").write_text(table.getvalue())
    (files / "page.html").write_text("<h1>a page of its own</h1>")
    runs = []
    for number in range(6):
        run = client.create_run(experiment_id, start_time=T0 + number * 1000, run_name=f"run-{number}")
        runs.append(run.info.run_id)
        loss = [Metric("loss", 1 / (1 + number + step), T0 + step, step) for step in range(50)]
        accuracy = [Metric("accuracy", 0.1 * number, T0, 0), Metric("odd", float("nan"), T0, 0)]
        params = [Param("rate", str(10 ** -(number + 1))), Param("layers", str(number))]
        client.log_batch(runs[-1], metrics=loss + accuracy, params=params, tags=[RunTag("team", "blue")])
        client.set_terminated(runs[-1], end_time=T0 + 60_000 + number)
    client.set_tag(runs[1], "mlflow.parentRunId", runs[0])
    client.log_artifacts(runs[5], str(files), None)
    dataset = Dataset("digits", "0123abcd", "local", "{}", schema=None, profile='{"rows": 20}')
    client.log_inputs(runs[5], [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    model = client.create_logged_model(experiment_id, name="net", source_run_id=runs[5], params={"depth": "3"})
    (files / "model").mkdir()
    (files / "model" / "MLmodel").write_text("flavors: {}\n")
    client.log_model_artifacts(model.model_id, str(files / "model"))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(runs[5], [LoggedModelOutput(model.model_id, 0)])
    registered = f"model-of-{name}"
    client.create_registered_model(registered, description="a model")
    for _ in range(2):
        client.create_model_version(registered, f"models:/{model.model_id}", run_id=runs[5], model_id=model.model_id)
    tell_of_a_trace(url, experiment_id)
    return {
        "url": url,
        "experiment": name,
        "experiment_id": experiment_id,
        "runs": runs,
        "model_id": model.model_id,
        "registered": registered,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Trackside with the web UI of this environment's own package."""
    root = tmp_path_factory.mktemp("ui")
    installed = install("--data-dir", root / "data", "--from-python", sys.executable)
    assert (installed["version"], installed["already"]) == ("3.17.2", False)
    with start_trackside(root) as server:
        yield server


def test_the_browser_sees_every_page(server, tmp_path):
    python = os.environ.get("TRACKSIDE_PYTHON_BROWSER")
    assert python, "TRACKSIDE_PYTHON_BROWSER is not set; tests/run sets it to the Python that has playwright"
    chromium = shutil.which("chromium")
    assert chromium, "there is no chromium; tests/run installs it"
    screenshots = Path(os.environ.get("TRACKSIDE_SCREENSHOTS") or tmp_path / "screenshots")
    screenshots.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(tracking_uri=server.url, registry_uri=server.url)
    seen = fill(server.url, "walked", tmp_path / "files")
    order = json.dumps(seen | {"chromium": chromium, "screenshots": str(screenshots)})
    walk = subprocess.run(
        [python, str(HERE / "ui_walk.py")], input=order, capture_output=True, text=True, timeout=WALK_SECS
    )
    assert walk.returncode == 0, walk.stderr
    walked = json.loads(walk.stdout)
    print(*[f"{step['seconds']:5} s  {step['step']}" for step in walked["steps"]], sep="\n")
    expected = LIKE_MLFLOW | NOT_SERVED

    def is_expected(refused):
        return any(
            refused["method"] == method and refused["path"].endswith(path) and refused["status"] == status
            for method, path, status in expected
        )

    unexpected = [refused for refused in walked["refused"] if not is_expected(refused)]
    assert not unexpected, json.dumps(unexpected, indent=1)
    assert not walked["failures"], "\n".join(walked["failures"])
    # What was changed in the browser has changed.
    assert {run.info.lifecycle_stage for run in map(client.get_run, seen["runs"])} == {"active"}
    version = client.get_model_version_by_alias(seen["registered"], "champion")
    assert (version.version, version.current_stage) == ("2", "Staging")


def test_pip_downloads_what_is_not_there(tmp_path):
    """pip is told by its own variables where to look: here a directory."""
    wheel = tmp_path / "index" / "mlflow-3.17.2-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mlflow/server/js/build/index.html", "<p>from a wheel")
        archive.writestr("mlflow-3.17.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: mlflow\nVersion: 3.17.2\n")
        archive.writestr("mlflow-3.17.2.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("mlflow-3.17.2.dist-info/RECORD", "")
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    where = ("--data-dir", tmp_path / "data", "--python", sys.executable)
    assert install(*where, **variables)["files"] == 1
    wheel.unlink()
    assert install(*where, **variables)["already"], "it is not downloaded again"
    with start_trackside(tmp_path) as server:
        assert requests.get(server.url + "/", timeout=30).text == "<p>from a wheel"


def test_what_cannot_be_downloaded_is_explained(tmp_path):
    empty = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    command = [program(), "ui", "install", "--data-dir", str(tmp_path / "data"), "--python", sys.executable]
    result = subprocess.run(command, env=os.environ | empty, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    assert "--wheel FILE" in result.stderr and "--from-python PYTHON" in result.stderr
    assert "No matching distribution found for mlflow==3.17.2" in result.stderr
