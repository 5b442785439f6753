"""The destination W&B, against the real client 0.31: what a script logs through MLflow arrives as if the script had
used W&B, in requests of the same shape; and `wandb sync` reads what is written offline.

`tests/run` sets TRACKSIDE_PYTHON_WANDB to the Python of an environment made from `requirements-wandb.txt`. The server
is `wandb_server.py`; no recordings are kept, because the client makes them anew each time.
"""

import json
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
import wandb_client as training
import wandb_server
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from sidecar import sidecar

T0 = 1_700_000_000_000
HERE = Path(__file__).resolve().parent


def wandb_python():
    python = os.environ.get("TRACKSIDE_PYTHON_WANDB")
    assert python, "TRACKSIDE_PYTHON_WANDB is not set; tests/run sets it to the Python that has wandb 0.31"
    return python


@pytest.fixture
def server():
    with wandb_server.serve() as running:
        yield running


@pytest.fixture
def real_client(server, tmp_path):
    """Run the real client against the server; what it prints."""

    def run(*arguments):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        mine = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": wandb_server.API_KEY, "WANDB_DIR": str(home)}
        mine |= {"HOME": str(home), "WANDB_ERROR_REPORTING": "false", "PYTHONIOENCODING": "utf-8"}
        result = subprocess.run(
            [wandb_python(), *arguments],
            env=os.environ | mine,
            capture_output=True,
            encoding="utf-8",
            timeout=180,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    return run


@contextmanager
def trackside_with(sink, root):
    """An MLflow client of a Trackside with an empty data directory that mirrors to this sink."""
    with sidecar(root, {"wandb": {"type": "wandb"} | sink}) as running:
        yield MlflowClient(tracking_uri=running.url, registry_uri=running.url)


@pytest.fixture
def client(server, tmp_path):
    """An MLflow client of a Trackside that mirrors to the server."""
    with trackside_with({"base_url": server.url, "api_key": wandb_server.API_KEY}, tmp_path) as client:
        yield client


def begin(client):
    experiment = client.create_experiment(training.PROJECT)
    tags = {"mlflow.note.content": training.NOTES, "team": "a/b"}
    return client.create_run(experiment, start_time=T0, run_name=training.NAME, tags=tags).info.run_id


def log_training(client):
    """The same training as `wandb_client.log`, one call for each value as most scripts do it."""
    run_id = begin(client)
    for key, value in training.PARAMS.items():
        client.log_param(run_id, key, value)
    for step in range(training.N_STEPS):
        for key, value in training.metrics(step).items():
            client.log_metric(run_id, key, value, timestamp=T0 + 1000 * step, step=step)
    client.log_text(run_id, training.FILE[1], training.FILE[0])
    client.set_terminated(run_id, "FINISHED", end_time=T0 + 60_000)
    return run_id


def expected_rows():
    return [
        training.metrics(step) | {"_step": step, "_timestamp": T0 / 1000 + step, "_runtime": float(step)}
        for step in range(training.N_STEPS)
    ]


def comparable(value):
    """NaN equal to itself."""
    return json.dumps(value, sort_keys=True)


def doubles(rows):
    """Rows of numbers. JSON does not tell 1 from 1.0, and neither does the client."""
    return [{key: float(value) for key, value in row.items()} for row in rows]


def assert_training(run):
    assert comparable(doubles(run.rows)) == comparable(doubles(expected_rows()))
    last = expected_rows()[-1]
    assert run.summary == last | {"_wandb": {"runtime": training.N_STEPS - 1}}
    own = run.settings["_trackside"]
    assert {key: value for key, value in run.settings.items() if key != "_trackside"} == training.PARAMS
    assert (own["experiment"], own["run_id"], own["status"]) == (training.PROJECT, run.name, "FINISHED")
    assert (own["started_at"], own["ended_at"], own["tags"]["team"]) == (T0, T0 + 60_000, "a/b")
    assert (run.fields["displayName"], run.fields["notes"]) == (training.NAME, training.NOTES)
    assert (run.state, run.exitcode, run.project) == ("finished", 0, training.PROJECT)
    name, text = training.FILE
    assert run.files[f"artifacts/{name}"] == text.encode()
    assert f"artifacts/{name}" in run.uploaded


def test_a_script_that_uses_mlflow_arrives_complete_and_equal(client, server):
    run_id = log_training(client)
    server.wait_for(lambda: server.ended(run_id))
    assert_training(server.run(run_id))


def test_the_vendor_reads_it_back(client, server, real_client):
    run_id = log_training(client)
    server.wait_for(lambda: server.ended(run_id))
    read = json.loads(real_client(HERE / "wandb_client.py", "read", f"{wandb_server.ENTITY}/{training.PROJECT}/{run_id}"))
    assert (read["name"], read["state"], read["notes"]) == (training.NAME, "finished", training.NOTES)
    assert comparable(doubles(read["history"])) == comparable(doubles(expected_rows()))
    assert {key: value for key, value in read["config"].items() if key != "_trackside"} == training.PARAMS
    assert read["files"][f"artifacts/{training.FILE[0]}"] == training.FILE[1]


# What a request says, apart from its values.


def declared(request):
    """Variables with their GraphQL types."""
    return set(re.findall(r"\$(\w+)\s*:\s*([\w\[\]!]+)", request.json["query"].split("{")[0]))


def arguments(request):
    """Where variables go: pairs of input field and variable."""
    body = request.json["query"].split("{", 1)[1]
    return set(re.findall(r"(\w+)\s*:\s*\$(\w+)", body))


def fields(request):
    """Everything that is selected."""
    body = re.sub(r"\([^()]*(\([^()]*\))?[^()]*\)", "", request.json["query"].split("{", 1)[1])
    return set(re.findall(r"\w+", body))


def kinds(variables):
    """Variables that are set, with their JSON types."""
    return {name: type(value) for name, value in variables.items() if value is not None}


def structure(value, depth=0):
    """JSON types, down to the lines of a stream."""
    if isinstance(value, dict):
        return {key: structure(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [type(value[0])] if value else []
    return type(value)


def within(ours, theirs, path=""):
    """Fails where our structure has what theirs lacks."""
    if isinstance(ours, dict):
        assert isinstance(theirs, dict), path
        for key, inner in ours.items():
            assert key in theirs, f"the client sends no {path}/{key}"
            within(inner, theirs[key], f"{path}/{key}")
    else:
        assert ours == theirs, path


@pytest.fixture
def both(client, server, real_client):
    """Requests of ours and of the real client, each for the same training."""
    run_id = log_training(client)
    server.wait_for(lambda: server.ended(run_id))
    ours = list(server.requests)
    real_client(HERE / "wandb_client.py", "log", "theirs")
    real_client(HERE / "wandb_client.py", "resume", "theirs")
    theirs = server.requests[len(ours) :]
    return ours, theirs


def of_operation(requests, operation):
    found = [request for request in requests if request.operation == operation]
    assert found, f"{operation} was not called"
    return found


def test_operations_are_within_the_clients(both):
    ours, theirs = both
    for operation in ("UpsertBucket", "RunResumeStatus", "CreateRunFiles"):
        model = of_operation(theirs, operation)
        known = {}
        for request in model:
            known |= kinds(request.json["variables"])
        for request in of_operation(ours, operation):
            assert request.json.keys() == model[0].json.keys()
            assert request.json["operationName"] == model[0].json["operationName"]
            assert declared(request) <= declared(model[0])
            assert arguments(request) <= arguments(model[0])
            assert fields(request) <= fields(model[0])
            mine = kinds(request.json["variables"])
            assert {name: kind for name, kind in mine.items() if known.get(name, kind) is not kind} == {}
            # What the client's script has no occasion to send.
            assert mine.keys() - known.keys() <= {"commit", "repo", "groupName", "entity"}


def test_headers_are_the_clients(both):
    ours, theirs = both
    for path in ("/graphql", "file_stream", "/upload/"):
        mine = [request for request in ours if path in request.path]
        model = next(request for request in theirs if path in request.path)
        assert mine
        for request in mine:
            for name in ("Authorization", "X-Upload-Header", "Content-Encoding"):
                assert request.headers.get(name) == model.headers.get(name), f"{name} of {request.path}"
            assert int(request.headers["Content-Length"]) == len(request.body)
            if request.method == "POST":
                assert request.headers["Content-Type"] == model.headers["Content-Type"]


def test_the_file_stream_is_the_clients(both):
    ours, theirs = both
    merged = {}
    for request in theirs:
        if "file_stream" in request.path:
            sent = structure(request.json)
            merged |= sent | {"files": merged.get("files", {}) | sent.get("files", {})}
    mine = [request for request in ours if "file_stream" in request.path]
    for request in mine:
        within(structure(request.json), merged)
    assert mine[-1].json["complete"] is True
    assert not any("complete" in request.json for request in mine[:-1])


def test_documents_are_the_clients(both, server):
    theirs = server.run("theirs")
    ours = next(run for run in server.runs.values() if run is not theirs)
    clock = {"_timestamp": 0, "_runtime": 0}
    assert [row.keys() for row in ours.rows] == [row.keys() for row in theirs.rows]
    timeless = [doubles([row | clock for row in run.rows]) for run in (ours, theirs)]
    assert comparable(timeless[0]) == comparable(timeless[1])
    # The last word of the first session: the second one, which resumed the run, leaves out the step.
    ends = [request.json for request in both[1] if "file_stream" in request.path and "complete" in request.json]
    [summary] = ends[0]["files"][wandb_server.SUMMARY]["content"]
    assert ours.summary.keys() == json.loads(summary).keys()
    assert {key: value for key, value in ours.settings.items() if key != "_trackside"} == theirs.settings
    config, model = json.loads(ours.config), json.loads(theirs.config)
    assert all(entry.keys() == {"value"} for entry in config.values())
    assert "t" in config["_wandb"]["value"] and config["_wandb"]["value"].keys() <= model["_wandb"]["value"].keys()


def test_steps_that_repeat_or_fall_lose_nothing(client, server):
    run_id = begin(client)
    points = [(0, 1.0), (0, 2.0), (5, 3.0), (2, 4.0), (-1, 5.0), (6, float("nan"))]
    metrics = [Metric("m", value, T0 + n, step) for n, (step, value) in enumerate(points)]
    for metric in metrics:
        client.log_batch(run_id, metrics=[metric], params=[Param("n", str(len(points)))])
    client.set_terminated(run_id, "KILLED")
    server.wait_for(lambda: server.ended(run_id))
    run = server.run(run_id)
    assert run.exitcode == 255
    arrived = [(row.get("trackside/step", row["_step"]), row["m"]) for row in run.rows]
    assert sorted(map(comparable, arrived)) == sorted(map(comparable, map(list, points)))
    numbers = [row["_step"] for row in run.rows]
    assert numbers == sorted(set(numbers))


def test_a_row_is_sent_when_it_is_over(client, server):
    run_id = begin(client)
    for step in range(3):
        for key in ("a", "b"):
            client.log_metric(run_id, key, step, timestamp=T0, step=step)
    server.wait_for(lambda: any(run.summary.get("b") == 2 for run in server.runs.values()))
    run = server.run(run_id)
    assert [row["_step"] for row in run.rows] == [0, 1]
    client.set_terminated(run_id)
    server.wait_for(lambda: server.ended(run_id))
    # What comes after the end has nothing to wait for.
    client.log_metric(run_id, "c", 3, timestamp=T0, step=2)
    server.wait_for(lambda: len(run.rows) == 4)
    places = [(row["_step"], row.get("trackside/step"), sorted(row.keys() & {"a", "b", "c"})) for row in run.rows]
    assert places == [(0, None, ["a", "b"]), (1, None, ["a", "b"]), (2, None, ["a", "b"]), (3, 2, ["c"])]
    assert run.state == "finished"


def test_a_server_in_trouble_gets_everything_once(server, tmp_path):
    """Every seventh request is refused, or acted upon without an answer. The longest delivery here takes five."""
    troubles = [(503, {"Retry-After": "1"}, b""), (None, {}, b""), (429, {}, b""), (500, {}, b"{}")]
    state = {"n": 0}

    def fault(_request):
        state["n"] += 1
        return troubles[state["n"] // 7 % len(troubles)] if state["n"] % 7 == 0 else None

    server.fault = fault
    with trackside_with({"base_url": server.url, "api_key": wandb_server.API_KEY}, tmp_path) as client:
        run_id = log_training(client)
        server.wait_for(lambda: server.ended(run_id), 120)
    assert state["n"] >= 7
    assert_training(server.run(run_id))


def test_wandb_sync_reads_what_is_written_offline(server, real_client, tmp_path):
    folder = tmp_path / "runs"
    with trackside_with({"mode": "offline", "directory": str(folder)}, tmp_path) as client:
        run_id = log_training(client)
    # The end of Trackside waits for its sinks, so the directory is complete.
    [directory] = folder.iterdir()
    assert re.fullmatch(rf"offline-run-20231114_221320-{run_id}", directory.name)
    assert not server.requests
    real_client("-m", "wandb", "sync", str(directory))
    assert_training(server.run(run_id))
