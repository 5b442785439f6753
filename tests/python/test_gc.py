"""`trackside gc` and retention, beside a running server and against what clients see."""

import json
import os
import subprocess
import time

import pytest
from conftest import REPOSITORY, start_trackside
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

PATIENCE_SECS = 30


def gc(server, *words, code=0):
    """Runs it on the database of a running server."""
    binary = os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside"
    command = [str(binary), "gc", "--data-dir", str(server.data_dir), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_trackside(tmp_path_factory.mktemp("gc")) as server:
        yield server


@pytest.fixture
def client(server):
    return MlflowClient(server.url, server.url)


@pytest.fixture
def new_run(client, server, tmp_path):
    """A run with metrics, params and an artifact; and where the artifact lies."""

    def new(experiment="0"):
        run_id = client.create_run(experiment).info.run_id
        for step in range(50):
            client.log_metric(run_id, "loss", 1 / (step + 1), step=step)
        client.log_param(run_id, "p", "1")
        (tmp_path / "a.txt").write_text("bytes")
        client.log_artifact(run_id, str(tmp_path / "a.txt"), "model")
        path = server.data_dir / "artifacts" / experiment / run_id / "artifacts" / "model" / "a.txt"
        assert path.is_file()
        return run_id, path

    return new


def is_there(client, run_id):
    try:
        client.get_run(run_id)
    except MlflowException as error:
        assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
        return False
    return True


def test_deleted_runs_are_removed_for_good_with_their_artifacts(client, server, new_run):
    (gone, gone_file), (kept, kept_file) = new_run(), new_run()
    client.delete_run(gone)
    would = gc(server, "--dry-run")
    assert would == f"Run with ID {gone} would be permanently deleted.\n"
    assert is_there(client, gone)

    assert gc(server) == f"Run with ID {gone} has been permanently deleted.\n"
    assert not is_there(client, gone) and not gone_file.exists() and not gone_file.parents[2].exists()
    assert is_there(client, kept) and kept_file.is_file()
    assert gc(server) == "nothing to remove\n"
    with pytest.raises(MlflowException):
        client.restore_run(gone)


def test_only_what_is_named_and_old_enough_goes(client, server, new_run):
    (first, _), (second, second_file) = new_run(), new_run()
    client.delete_run(first)
    client.delete_run(second)
    assert gc(server, "--older-than", "30d") == "nothing to remove\n"
    assert "has not been deleted for long enough" in gc(server, "--older-than", "10d3h", "--run-ids", first, code=1)
    answer = json.loads(gc(server, "--run-ids", first, "--json"))
    assert [(item["kind"], item["id"], item["outcome"]) for item in answer["items"]] == [("run", first, "removed")]
    assert is_there(client, second) and second_file.is_file()
    client.restore_run(second)
    assert client.get_run(second).data.metrics["loss"] == pytest.approx(1 / 50)


def test_what_is_in_use_is_refused(client, server, new_run):
    run_id, file = new_run()
    assert f"Run {run_id} is not in `deleted` lifecycle stage." in gc(server, "--run-ids", run_id, code=1)
    assert "Run with id=absent not found" in gc(server, "--run-ids", "absent", code=1)
    assert "Could not parse any time information from 'soon'" in gc(server, "--older-than", "soon", code=2)
    assert is_there(client, run_id) and file.is_file()


def test_an_experiment_goes_with_all_that_is_in_it(client, server, new_run):
    experiment = client.create_experiment("to be removed")
    run_id, file = new_run(experiment)
    model = client.create_logged_model(experiment, name="model")
    client.delete_logged_model(model.model_id)
    client.delete_experiment(experiment)
    said = gc(server, "--experiment-ids", experiment)
    assert said.splitlines()[-1] == f"Experiment with ID {experiment} has been permanently deleted."
    assert not is_there(client, run_id) and not file.exists()
    with pytest.raises(MlflowException):
        client.get_experiment(experiment)
    # Its name is free again.
    assert int(client.create_experiment("to be removed")) > int(experiment)


def test_versions_of_a_removed_run_stay_in_the_registry(client, server, new_run):
    run_id, _ = new_run()
    client.create_registered_model("survivor")
    client.create_model_version("survivor", f"runs:/{run_id}/model", run_id)
    client.delete_run(run_id)
    gc(server, "--run-ids", run_id)
    version = client.get_model_version("survivor", "1")
    assert (version.run_id, version.source) == (run_id, f"runs:/{run_id}/model")


def test_what_was_deleted_long_ago_is_removed_by_the_server(tmp_path):
    variables = {"TRACKSIDE_RETENTION__DELETED_RUNS": "0s"}
    with start_trackside(tmp_path, variables) as server:
        client = MlflowClient(server.url, server.url)
        kept, gone = client.create_run("0").info.run_id, client.create_run("0").info.run_id
        client.delete_run(gone)
        deadline = time.monotonic() + PATIENCE_SECS
        while is_there(client, gone):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert is_there(client, kept)
