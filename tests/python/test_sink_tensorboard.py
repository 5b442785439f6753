"""The destination TensorBoard, read by TensorBoard 2.21 itself: its EventAccumulator, and the HTTP API of a real
`tensorboard` with both of its loaders (the data server, and Python's with `--load_fast=false`).

`tests/run` sets TRACKSIDE_PYTHON_TENSORBOARD to the Python of an environment made from
`requirements-tensorboard.txt`.
"""

import base64
import json
import math
import os
import struct
import subprocess
import time
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from conftest import free_port, tail
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from sidecar import sidecar

T0 = 1_700_000_000_000
HERE = Path(__file__).resolve().parent
# TensorBoard imports for seconds before it listens, and the data server reads beside it.
TENSORBOARD_SECS = 120
DELIVERY_SECS = 60

LOSS = [(T0 + 10 * step, step, 1 / (1 + step)) for step in range(2_500)]
# A last step of more than 32 bits would make TensorBoard's HPARAMS tab fail for all runs.
ODD = [(T0, -3, math.nan), (T0 + 1, 5, math.inf), (T0 + 2, 5, -math.inf), (T0 + 3, 4, 1e300), (T0 + 4, 2**30, 0.1)]
PARAMS = {"lr": "0.1", "opt": "adam", "amp": "True", "layers": "3", "odd _name_": "__x__ <b>"}
NOTE = "# A *note*"


def tensorboard_python():
    python = os.environ.get("TRACKSIDE_PYTHON_TENSORBOARD")
    assert python, "TRACKSIDE_PYTHON_TENSORBOARD is not set; tests/run sets it to the Python that has tensorboard 2.21"
    return python


def f32(value):
    """As a 32-bit float, which is what TensorBoard has; beyond them lies infinity."""
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def png(shade):
    """An image of 2 x 1 pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@contextmanager
def trackside(root, sinks, *arguments):
    with sidecar(root, sinks, *arguments) as running:
        yield MlflowClient(tracking_uri=running.url, registry_uri=running.url)


@pytest.fixture
def logs(tmp_path):
    return tmp_path / "logs"


@pytest.fixture
def client(tmp_path, logs):
    """An MLflow client of a Trackside that mirrors to a log directory."""
    with trackside(tmp_path, {"tb": {"type": "tensorboard", "directory": str(logs)}}) as client:
        yield client


def directory_of(logs, run_id):
    found = list(logs.glob(f"*/*/events.out.tfevents.*.trackside-{run_id}.*"))
    assert len(found) <= 1, found
    return found[0].parent if found else None


def read(directory):
    command = [tensorboard_python(), HERE / "tensorboard_reader.py", directory]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=TENSORBOARD_SECS)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def ended(logs, run_id):
    """What EventAccumulator finds of a run, once the run's end has arrived."""
    deadline = time.monotonic() + DELIVERY_SECS
    while time.monotonic() < deadline:
        if (directory := directory_of(logs, run_id)) and "status" in (report := read(directory))["hparams"]:
            return report
        time.sleep(0.2)
    pytest.fail(f"the end of run {run_id} did not arrive within {DELIVERY_SECS} s")


def log_run(client, experiment, lr="0.1", name="calm owl"):
    run_id = client.create_run(experiment, start_time=T0, run_name=name, tags={"mlflow.note.content": NOTE}).info.run_id
    params = [Param(key, lr if key == "lr" else value) for key, value in PARAMS.items()]
    client.log_batch(run_id, params=params)
    for start in range(0, len(LOSS), 1_000):
        points = LOSS[start : start + 1_000]
        client.log_batch(run_id, metrics=[Metric("train/loss", value, at, step) for at, step, value in points])
    for at, step, value in ODD:
        client.log_metric(run_id, "odd", value, timestamp=at, step=step)
    client.set_tag(run_id, "team", "red")
    client.set_tag(run_id, "team", "__blue__")
    dataset = Dataset("mnist", "abc", "local", '{"uri": "/data"}', schema='{"columns": []}')
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    client.set_terminated(run_id, "FINISHED", end_time=T0 + 60_000)
    return run_id


def test_the_event_accumulator_reads_every_point_and_text(client, logs, tmp_path):
    run_id = log_run(client, client.create_experiment("vision/first"))
    report = ended(logs, run_id)
    assert report["scalars"]["train/loss"] == [[at / 1000, step, f32(value)] for at, step, value in LOSS]
    odd = [[at / 1000, step, f32(value)] for at, step, value in ODD]
    assert repr(report["scalars"]["odd"]) == repr(odd)
    assert set(report["scalars"]) == {"train/loss", "odd"}
    typed = {"lr": 0.1, "opt": "adam", "amp": True, "layers": 3.0, "odd _name_": "__x__ <b>"}
    assert report["hparams"] == {"params": typed, "started": T0 / 1000, "ended": T0 / 1000 + 60, "status": 1}
    texts = report["texts"]
    assert texts["run/note"] == [NOTE]
    assert [text.replace("\\", "") for text in texts["run/tags/team"]][-1] == "__blue__"
    assert f"| id | {run_id} |" in texts["run/info"][0] and "| name | calm owl |" in texts["run/info"][0]
    assert any("| status | FINISHED |" in text for text in texts["run/info"])
    assert "abc" in texts["run/datasets/mnist@abc"][0] and "training" in texts["run/datasets/mnist@abc"][0]
    assert directory_of(logs, run_id).name == f"calm owl-{run_id[:8]}"


def test_images_are_known_by_content_and_replaced_by_later_ones(client, logs, tmp_path):
    run_id = client.create_run("0", start_time=T0).info.run_id
    (tmp_path / "plot").write_bytes(png(7))
    (tmp_path / "fake.png").write_text("no image")
    client.log_artifact(run_id, tmp_path / "plot", "figures")
    client.log_artifact(run_id, tmp_path / "fake.png")
    client.set_terminated(run_id, "FAILED")
    report = ended(logs, run_id)
    assert set(report["images"]) == {"artifacts/figures/plot"}
    assert base64.b64decode(report["images"]["artifacts/figures/plot"][-1]) == png(7)
    assert report["hparams"]["status"] == 2


def test_params_that_come_after_points_are_at_least_texts(client, logs):
    run_id = client.create_run("0", start_time=T0).info.run_id
    client.log_metric(run_id, "m", 1.0, timestamp=T0, step=1)
    deadline = time.monotonic() + DELIVERY_SECS
    while not (directory_of(logs, run_id) and "m" in read(directory_of(logs, run_id))["scalars"]):
        assert time.monotonic() < deadline
    client.log_param(run_id, "late", "1")
    client.set_terminated(run_id, "FINISHED")
    report = ended(logs, run_id)
    assert report["hparams"]["params"] == {}
    assert any("| late | 1 |" in text for text in report["texts"]["run/params"])


class TensorBoard:
    """The HTTP API of a running `tensorboard`."""

    def __init__(self, url):
        self.url = url

    def get(self, path, **query):
        answer = requests.get(f"{self.url}/data/{path}", params=query, timeout=30)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path, body):
        answer = requests.post(f"{self.url}/data/{path}", json=body, timeout=30)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def wait_for_runs(self, number):
        """Names of runs, once so many are read to their ends: a session ends in the last record."""
        deadline = time.monotonic() + TENSORBOARD_SECS
        while time.monotonic() < deadline:
            runs = sorted(self.get("runs"))
            sessions = self.sessions()[1] if len(runs) == number else {}
            ended = [name for name, group in sessions.items() if group["sessions"][0].get("endTimeSecs")]
            if len(ended) == number:
                return runs
            time.sleep(0.2)
        pytest.fail(f"tensorboard shows {runs}, ended {ended}")

    def sessions(self):
        """The HPARAMS tab: params and last values of metrics, by run."""
        found = self.post("plugin/hparams/experiment", {})
        columns = [{"hparam": info["name"]} for info in found["hparamInfos"]]
        columns += [{"metric": info["name"]} for info in found["metricInfos"]]
        statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
        request = {"allowedStatuses": statuses, "colParams": columns, "startIndex": 0, "sliceSize": 100}
        groups = self.post("plugin/hparams/session_groups", request)["sessionGroups"]
        types = {info["name"]: info["type"] for info in found["hparamInfos"]}
        return types, {group["name"]: group for group in groups}


@contextmanager
def tensorboard(root, *arguments):
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [tensorboard_python(), "-m", "tensorboard.main", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--reload_interval", "1", *arguments]
    log = root / f"tensorboard-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + TENSORBOARD_SECS
        while time.monotonic() < deadline:
            assert process.poll() is None, tail(log)
            try:
                if requests.get(f"{url}/data/environment", timeout=5).ok:
                    break
            except requests.RequestException:
                time.sleep(0.2)
        yield TensorBoard(url)
    finally:
        process.terminate()
        process.wait(30)


def assert_shown(board, runs, complete):
    """Curves, texts and sessions of two runs with learning rates 0.1 and 0.01."""
    for run in runs:
        # At most 1,000 points are shown, the last one always.
        curve = board.get("plugin/scalars/scalars", run=run, tag="train/loss")
        assert 900 <= len(curve) <= 1_000
        assert curve[-1] == [LOSS[-1][0] / 1000, LOSS[-1][1], f32(LOSS[-1][2])]
        points = {tuple(point) for point in ((at / 1000, step, f32(value)) for at, step, value in LOSS)}
        assert {tuple(point) for point in curve} <= points
        odd = board.get("plugin/scalars/scalars", run=run, tag="odd")
        assert [point[2] for point in odd][-1] == f32(0.1) and (not complete or "NaN" in str(odd))
        note = board.get("plugin/text/text", run=run, tag="run/note")
        assert "<h1>A <em>note</em></h1>" in note[-1]["text"]
        params = board.get("plugin/text/text", run=run, tag="run/params")
        assert "<td>odd _name_</td>\n<td>__x__ &lt;b&gt;</td>" in params[-1]["text"]
    types, sessions = board.sessions()
    expected = {"lr": "FLOAT64", "layers": "FLOAT64", "amp": "BOOL", "opt": "STRING", "odd _name_": "STRING"}
    assert {name: types.get(name) for name in expected} == {name: f"DATA_TYPE_{it}" for name, it in expected.items()}
    assert sorted(sessions) == sorted(runs)
    for run, lr in zip(sorted(runs), [0.1, 0.01]):
        session = sessions[run]["sessions"][0]
        assert sessions[run]["hparams"]["lr"] == lr
        assert (session["status"], session["startTimeSecs"]) == ("STATUS_SUCCESS", T0 / 1000)
        last = {metric["name"]["tag"]: metric["value"] for metric in session["metricValues"]}
        assert last["train/loss"] == f32(LOSS[-1][2])


@pytest.mark.parametrize("loader", ["true", "false"])
def test_tensorboard_shows_curves_texts_and_the_hparams_tab(client, logs, tmp_path, loader):
    experiment = client.create_experiment("vision")
    ids = [log_run(client, experiment, lr, name) for lr, name in [("0.1", "a"), ("0.01", "b")]]
    for run_id in ids:
        ended(logs, run_id)
    with tensorboard(tmp_path, "--logdir", str(logs), f"--load_fast={loader}") as board:
        runs = board.wait_for_runs(2)
        assert runs == [f"vision/{name}-{run_id[:8]}" for name, run_id in zip("ab", ids)]
        # The data server lets a smaller step displace what came before it.
        assert_shown(board, runs, complete=loader == "false")


def test_the_live_view_shows_the_same_without_files(tmp_path):
    port = free_port()
    with trackside(tmp_path, {}, "--tensorboard-port", str(port)) as client:
        experiment = client.create_experiment("vision")
        ids = [log_run(client, experiment, lr, name) for lr, name in [("0.1", "a"), ("0.01", "b")]]
        client.log_param(ids[0], "late", "1")
        with tensorboard(tmp_path, f"--grpc_data_provider=127.0.0.1:{port}") as board:
            runs = board.wait_for_runs(2)
            assert runs == [f"vision/{name}-{run_id[:8]}" for name, run_id in zip("ab", ids)]
            assert_shown(board, runs, complete=True)
            # Params that come late are shown, which files cannot do.
            assert board.sessions()[1][runs[0]]["hparams"]["late"] == 1
            alone = TensorBoard(f"{board.url}/experiment/{experiment}")
            assert alone.wait_for_runs(2) == [run.removeprefix("vision/") for run in runs]
