"""Log once, land everywhere: a script that knows only MLflow appears, complete and equal, in a real MLflow server, in
TensorBoard, in a SQLite copy and in the stream that a W&B server gets.
"""

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import wandb_server
from conftest import TRACKSIDE_START_SECS, free_port, start_server
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from sidecar import sidecar
from test_sink_tensorboard import directory_of, f32, read

HERE = Path(__file__).resolve().parent
T0 = 1_700_000_000_000
OURS = "trackside.run_id"
# MLflow's API shows infinities as the largest doubles.
INFINITE = {repr(sys.float_info.max): "inf", repr(-sys.float_info.max): "-inf"}


def client_of(url):
    return MlflowClient(tracking_uri=url, registry_uri=url)


def shown(client, run_id, *, names=None):
    """All that a client can ask of a run, in a form that can be compared. `names` maps ids of runs to those of their
    counterparts."""
    run = client.get_run(run_id)
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("trackside.")}
    if names and "mlflow.parentRunId" in tags:
        tags["mlflow.parentRunId"] = names[tags["mlflow.parentRunId"]]
    history = {}
    for key in run.data.metrics:
        points = client.get_metric_history(run_id, key)
        history[key] = sorted((m.timestamp, m.step, repr(m.value)) for m in points)
    inputs = [
        (i.dataset.name, i.dataset.digest, i.dataset.source, {tag.key: tag.value for tag in i.tags})
        for i in run.inputs.dataset_inputs
    ]
    info = run.info
    return {
        "name": info.run_name,
        "status": info.status,
        "stage": info.lifecycle_stage,
        "started": info.start_time,
        "ended": info.end_time,
        "user": info.user_id,
        "experiment": client.get_experiment(info.experiment_id).name,
        "params": run.data.params,
        "tags": tags,
        "latest": {key: repr(value) for key, value in run.data.metrics.items()},
        "history": history,
        "inputs": inputs,
    }


def counterpart(client, experiment, run_id):
    """The run at an MLflow server that mirrors ours."""
    found = client.get_experiment_by_name(experiment)
    assert found, f"there is no experiment {experiment}"
    runs = client.search_runs([found.experiment_id], f"tags.`{OURS}` = '{run_id}'", run_view_type=3)
    assert len(runs) == 1, runs
    return runs[0].info.run_id


def files(client, run_id, folder):
    """Digest of each artifact by its path."""
    folder.mkdir()
    root = Path(client.download_artifacts(run_id, "", str(folder)))
    found = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def wandb():
    with wandb_server.serve() as running:
        yield running


def test_a_script_that_knows_only_mlflow_appears_everywhere(tmp_path, mlflow_server, wandb):
    logs, copy = tmp_path / "logs", tmp_path / "copy.db"
    sinks = {
        "real": {"type": "mlflow", "url": mlflow_server.url},
        "board": {"type": "tensorboard", "directory": str(logs)},
        "copy": {"type": "sqlite", "path": str(copy)},
        "wandb": {"type": "wandb", "base_url": wandb.url, "api_key": wandb_server.API_KEY},
    }
    with sidecar(tmp_path, sinks) as trackside:
        script = [sys.executable, str(HERE / "fanout_script.py"), str(tmp_path)]
        env = os.environ | {"MLFLOW_TRACKING_URI": trackside.url}
        result = subprocess.run(script, env=env, capture_output=True, encoding="utf-8", timeout=180)
        assert result.returncode == 0, result.stderr
        parent, child = result.stdout.split()[-2:]
        status = trackside.wait_until_caught_up()
        assert {sink["state"] for sink in status.values()} == {"ok"}
        ours = client_of(trackside.url)
        source = {run_id: shown(ours, run_id) for run_id in (parent, child)}
        source_files = files(ours, parent, tmp_path / "ours")

    assert len(source[parent]["history"]["loss"]) == 50 and len(source_files) == 2

    # A real MLflow server.
    real = client_of(mlflow_server.url)
    names = {counterpart(real, "everywhere", run_id): run_id for run_id in (parent, child)}
    for theirs, run_id in names.items():
        assert shown(real, theirs, names=names) == source[run_id]
    theirs = next(theirs for theirs, run_id in names.items() if run_id == parent)
    assert files(real, theirs, tmp_path / theirs) == source_files

    # TensorBoard, by its own reader.
    for run_id in (parent, child):
        expected = {
            key: [[at / 1000, step, repr(f32(float(value)))] for at, step, value in points]
            for key, points in source[run_id]["history"].items()
        }
        scalars = read(directory_of(logs, run_id))["scalars"]
        assert {key: [[at, step, repr(v)] for at, step, v in points] for key, points in scalars.items()} == expected

    # The copy: one file, served by itself.
    assert not list(tmp_path.glob("copy.db-*")), "nothing is left beside the one file"
    binary = os.environ.get("TRACKSIDE_BIN") or HERE.parents[1] / "target/debug/trackside"
    url = f"http://127.0.0.1:{(port := free_port())}"
    serve = [str(binary), "serve", "--port", str(port), "--backend-store-uri", f"sqlite:///{copy}"]
    serve += ["--data-dir", str(tmp_path / "elsewhere" / "data")]
    with start_server(serve, url, tmp_path / "copy.log", TRACKSIDE_START_SECS):
        for run_id in (parent, child):
            assert shown(client_of(url), run_id) == source[run_id]

    # What the W&B server was sent.
    for run_id in (parent, child):
        points = sorted(
            (key, row.get("trackside/step", row["_step"]), repr(float(value)))
            for row in wandb.run(run_id).rows
            for key, value in row.items()
            if not key.startswith("_") and key != "trackside/step"
        )
        history = source[run_id]["history"]
        assert points == sorted((k, step, INFINITE.get(v, v)) for k, points in history.items() for _, step, v in points)
        assert wandb.ended(run_id)


POINTS = [(T0 + step, step, 1 / (step + 1)) for step in range(10_000)]
ODD = [(T0, -3, math.nan), (T0 + 1, 5, math.inf), (T0 + 2, 5, -math.inf), (T0 + 3, 4, 1e300), (T0 + 4, 2**40, 0.1)]
BIG = 200 * 1024 * 1024


def test_a_real_mlflow_server_gets_every_point_and_a_large_artifact(tmp_path, mlflow_server):
    with sidecar(tmp_path, {"real": {"type": "mlflow", "url": mlflow_server.url}}) as trackside:
        ours, real = client_of(trackside.url), client_of(mlflow_server.url)
        run_id = ours.create_run(ours.create_experiment("größe 🦊/1"), start_time=T0, run_name="r").info.run_id
        for start in range(0, len(POINTS), 1_000):
            ours.log_batch(run_id, [Metric("long", v, at, step) for at, step, v in POINTS[start : start + 1_000]])
        ours.log_batch(
            run_id,
            [Metric("odd ümläut", value, at, step) for at, step, value in ODD],
            [Param("größe", "🦊" * 100), Param("empty", "")],
        )
        dataset = Dataset("mnist", "abc", "local", '{"uri": "/data"}', schema='{"columns": []}')
        ours.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
        big = tmp_path / "big.bin"
        with big.open("wb") as file:
            for n in range(BIG // 2**20):
                file.write(n.to_bytes(4, "big") * 2**18)
        ours.log_artifact(run_id, str(big), "weights")
        ours.set_terminated(run_id, "FAILED", end_time=T0 + 5)
        trackside.wait_until_caught_up()
        theirs = counterpart(real, "größe 🦊/1", run_id)
        assert shown(real, theirs) == shown(ours, run_id)
        (tmp_path / "theirs").mkdir()
        mirrored = Path(real.download_artifacts(theirs, "weights/big.bin", str(tmp_path / "theirs")))
        with big.open("rb") as one, mirrored.open("rb") as other:
            assert hashlib.file_digest(one, "sha256").digest() == hashlib.file_digest(other, "sha256").digest()

        ours.create_registered_model("fox", description="sly")
        for _ in range(2):
            ours.create_model_version("fox", f"runs:/{run_id}/weights", run_id=run_id)
        ours.set_registered_model_alias("fox", "best", 2)
        ours.transition_model_version_stage("fox", 1, "Staging")
        trackside.wait_until_caught_up()
        assert real.get_model_version_by_alias("fox", "best").run_id == theirs
        assert real.get_model_version("fox", "1").current_stage == "Staging"


def test_a_sink_added_later_is_filled_from_history(tmp_path, mlflow_server):
    with sidecar(tmp_path, {}) as trackside:
        ours = client_of(trackside.url)
        experiment = ours.create_experiment("before")
        ids = [ours.create_run(experiment, run_name=f"r{n}").info.run_id for n in range(3)]
        for run_id in ids:
            ours.log_batch(run_id, [Metric("m", step, T0 + step, step) for step in range(100)])
            ours.log_text(run_id, "x", "a/x.txt")
    with sidecar(tmp_path, {"late": {"type": "mlflow", "url": mlflow_server.url}}) as trackside:
        ours, real = client_of(trackside.url), client_of(mlflow_server.url)
        trackside.post("sinks/late/backfill", experiment="before")
        ours.set_terminated(ids[0], "FINISHED")
        trackside.wait_until_caught_up()
        for run_id in ids:
            theirs = counterpart(real, "before", run_id)
            assert shown(real, theirs) == shown(ours, run_id)
            assert [file.path for file in real.list_artifacts(theirs, "a")] == ["a/x.txt"]
