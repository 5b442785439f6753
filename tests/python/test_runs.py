"""Runs through the Python client: life cycle, params, tags, inputs."""

import getpass
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException, RestException

pytest_plugins = "mlflow_session"

UNKNOWN = "0" * 32


def info(run):
    """All fields of a run's info, as the client reads them."""
    return dict(run.info)


def user_tags(run):
    """The tags of a run without those that the client or the server sets by itself."""
    return {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}


def test_a_new_run_reads_back_whole(client, experiment_id):
    run = client.create_run(
        experiment_id, start_time=1_700_000_000_123, tags={"a": "1", "mlflow.user": "Zoë"}, run_name="Läufer 1"
    )
    run_id = run.info.run_id
    expected = {
        "run_id": run_id,
        "run_name": "Läufer 1",
        "experiment_id": experiment_id,
        "user_id": run.info.user_id,
        "status": "RUNNING",
        "start_time": 1_700_000_000_123,
        "end_time": None,
        "lifecycle_stage": "active",
        "artifact_uri": f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts",
    }
    found = client.get_run(run_id)
    assert info(run) == expected
    assert info(found) == expected
    assert found.data.to_dictionary() == {
        "metrics": {},
        "params": {},
        "tags": {"a": "1", "mlflow.user": "Zoë", "mlflow.runName": "Läufer 1"},
    }
    assert (found.inputs.dataset_inputs, found.inputs.model_inputs, found.outputs.model_outputs) == ([], [], [])


def test_a_run_without_a_name_gets_one(client, experiment_id):
    run = client.create_run(experiment_id)
    assert run.info.run_name
    assert run.data.tags["mlflow.runName"] == run.info.run_name


def test_the_fluent_interface_records_a_run(fluent, client, experiment_id):
    before = int(time.time() * 1000)
    with fluent.start_run(run_name="whole", tags={"kind": "test"}, description="**bold**") as run:
        fluent.log_param("optimizer", "adam")
        fluent.log_params({"layers": 3, "rate": 0.1, "shape": (2, 3), "nothing": None})
        fluent.log_metric("loss", 0.5, step=1)
        fluent.log_metrics({"loss": 0.25, "accuracy": 1}, step=2)
        fluent.set_tag("kind", "changed")
        fluent.set_tags({"count": 5, "empty": ""})
    after = int(time.time() * 1000)

    found = client.get_run(run.info.run_id)
    assert before <= found.info.start_time <= found.info.end_time <= after
    assert (found.info.status, found.info.run_name) == ("FINISHED", "whole")
    assert found.data.params == {
        "optimizer": "adam",
        "layers": "3",
        "rate": "0.1",
        "shape": "(2, 3)",
        "nothing": "None",
    }
    assert found.data.metrics == {"loss": 0.25, "accuracy": 1.0}
    assert user_tags(found) == {"kind": "changed", "count": "5", "empty": ""}
    assert found.data.tags["mlflow.note.content"] == "**bold**"
    assert found.data.tags["mlflow.user"] == getpass.getuser()


def test_nested_runs_name_their_parent(fluent, client, experiment_id):
    with fluent.start_run() as parent:
        with fluent.start_run(nested=True) as child, fluent.start_run(nested=True) as grandchild:
            pass
    assert client.get_parent_run(parent.info.run_id) is None
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    assert client.get_parent_run(grandchild.info.run_id).info.run_id == child.info.run_id
    found = client.search_runs([experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    assert [run.info.run_id for run in found] == [child.info.run_id]


def test_a_run_that_raises_has_failed(fluent, client):
    with pytest.raises(ZeroDivisionError), fluent.start_run() as run:
        fluent.log_param("divisor", 1 // 0)
    found = client.get_run(run.info.run_id)
    assert found.info.status == "FAILED"
    assert found.info.end_time >= found.info.start_time


def test_a_run_is_resumed_by_its_id(fluent, client):
    with fluent.start_run(run_name="first") as run:
        fluent.log_param("a", 1)
        fluent.log_metric("loss", 2, step=0)
    run_id = run.info.run_id
    started = client.get_run(run_id).info.start_time
    with fluent.start_run(run_id=run_id):
        assert client.get_run(run_id).info.status == "RUNNING"
        fluent.log_param("b", 2)
        fluent.log_metric("loss", 1, step=1)
    found = client.get_run(run_id)
    assert (found.info.status, found.info.run_name, found.info.start_time) == ("FINISHED", "first", started)
    assert found.data.params == {"a": "1", "b": "2"}
    assert [(point.step, point.value) for point in client.get_metric_history(run_id, "loss")] == [(0, 2.0), (1, 1.0)]


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED", "SCHEDULED", "RUNNING"])
def test_each_status_is_kept(client, run_id, status):
    client.update_run(run_id, status=status)
    assert client.get_run(run_id).info.status == status


def test_set_terminated_sets_status_and_end(client, run_id):
    client.set_terminated(run_id, status="KILLED", end_time=1_800_000_000_001)
    found = client.get_run(run_id).info
    assert (found.status, found.end_time) == ("KILLED", 1_800_000_000_001)


def test_rename_by_name_and_by_tag(client, run_id):
    client.update_run(run_id, name="by name")
    found = client.get_run(run_id)
    assert (found.info.run_name, found.data.tags["mlflow.runName"]) == ("by name", "by name")
    client.set_tag(run_id, "mlflow.runName", "by tag")
    found = client.get_run(run_id)
    assert (found.info.run_name, found.data.tags["mlflow.runName"]) == ("by tag", "by tag")


def test_delete_and_restore(client, experiment_id, run_id):
    client.log_param(run_id, "a", 1)
    other = client.create_run(experiment_id).info.run_id

    def found(view):
        return {run.info.run_id for run in client.search_runs([experiment_id], run_view_type=view)}

    client.delete_run(run_id)
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert found(ViewType.ACTIVE_ONLY) == {other}
    assert found(ViewType.DELETED_ONLY) == {run_id}
    assert found(ViewType.ALL) == {run_id, other}
    for write in (
        lambda: client.log_metric(run_id, "m", 1),
        lambda: client.log_param(run_id, "p", 1),
        lambda: client.set_tag(run_id, "t", 1),
        lambda: client.log_batch(run_id, metrics=[Metric("m", 1, 1, 0)]),
        lambda: client.update_run(run_id, status="FINISHED"),
    ):
        with pytest.raises(MlflowException, match=f"The run {run_id} must be in the 'active' state") as error:
            write()
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"

    client.restore_run(run_id)
    restored = client.get_run(run_id)
    assert restored.info.lifecycle_stage == "active"
    assert (restored.data.params, restored.data.metrics) == ({"a": "1"}, {})
    assert found(ViewType.ACTIVE_ONLY) == {run_id, other}


def test_an_unknown_run_is_not_found(client, tmp_path):
    (tmp_path / "file.txt").write_text("x")
    for call in (
        lambda: client.get_run(UNKNOWN),
        lambda: client.update_run(UNKNOWN, status="FINISHED"),
        lambda: client.delete_run(UNKNOWN),
        lambda: client.restore_run(UNKNOWN),
        lambda: client.log_metric(UNKNOWN, "m", 1),
        lambda: client.log_param(UNKNOWN, "p", 1),
        lambda: client.set_tag(UNKNOWN, "t", 1),
        lambda: client.delete_tag(UNKNOWN, "t"),
        lambda: client.log_batch(UNKNOWN, metrics=[Metric("m", 1, 1, 0)]),
        lambda: client.log_artifact(UNKNOWN, str(tmp_path / "file.txt")),
        lambda: client.list_artifacts(UNKNOWN),
    ):
        with pytest.raises(MlflowException, match=f"Run with id={UNKNOWN} not found") as error:
            call()
        assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_tags_are_set_replaced_and_deleted(client, run_id):
    client.set_tag(run_id, "a", "1")
    client.set_tag(run_id, "a", "2")
    client.set_tag(run_id, "path/to.the-tag_1: x", 'ß😀\n\t"quoted"')
    client.set_tag(run_id, "long", "x" * 8000)
    client.log_batch(run_id, tags=[RunTag("a", "3"), RunTag("b", "")])
    expected = {"a": "3", "b": "", "path/to.the-tag_1: x": 'ß😀\n\t"quoted"', "long": "x" * 8000}
    assert user_tags(client.get_run(run_id)) == expected
    client.delete_tag(run_id, "long")
    del expected["long"]
    assert user_tags(client.get_run(run_id)) == expected
    with pytest.raises(RestException, match="No tag with name: long") as error:
        client.delete_tag(run_id, "long")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_params_keep_their_text(client, run_id):
    expected = {
        "empty": "",
        "text": "größer 大きい 😀",
        "lines": "a\nb\r\n\tc",
        "json": '{"a": [1, "\\u00e9"]}',
        "path/to.a-key_1: x": "1e-5",
        "schlüssel": "wert",
        "long": "ä" * 6000,
    }
    for key, value in expected.items():
        client.log_param(run_id, key, value)
    assert client.get_run(run_id).data.params == expected


def test_params_are_written_once(client, run_id):
    client.log_param(run_id, "p", 1)
    client.log_param(run_id, "p", 1)
    client.log_batch(run_id, params=[Param("p", "1")])
    with pytest.raises(MlflowException, match="Changing param values is not allowed") as error:
        client.log_param(run_id, "p", 2)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    for part in ("key='p'", "value='1'", f"run ID='{run_id}'", "new value '2'"):
        assert part in error.value.message
    with pytest.raises(MlflowException, match="Changing param values is not allowed") as error:
        client.log_batch(run_id, params=[Param("q", "5"), Param("p", "2")])
    assert f"[{{'key': 'p', 'old_value': '1', 'new_value': '2'}}]' for run ID='{run_id}'" in error.value.message
    assert client.get_run(run_id).data.params["p"] == "1"


@pytest.mark.parametrize("key", ["a?", "../a", "/a", "a//b", ".", "x" * 251])
def test_a_bad_key_is_refused(client, run_id, key):
    for call in (
        lambda: client.log_metric(run_id, key, 1),
        lambda: client.log_param(run_id, key, 1),
        lambda: client.set_tag(run_id, key, 1),
    ):
        with pytest.raises(MlflowException) as error:
            call()
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    found = client.get_run(run_id).data
    assert (found.metrics, found.params, set(found.tags)) == ({}, {}, {"mlflow.runName"})


def test_a_batch_of_everything(client, run_id):
    """The client splits it: at most 1000 entries, 100 params and 100 tags go in one request."""
    metrics = {f"metric-{i}": i / 7 for i in range(1500)}
    params = {f"param-{i}": str(i) for i in range(250)}
    tags = {f"tag-{i}": str(-i) for i in range(150)}
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, 1_700_000_000_000, 3) for key, value in metrics.items()],
        params=[Param(key, value) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    found = client.get_run(run_id)
    assert found.data.metrics == metrics
    assert found.data.params == params
    assert user_tags(found) == tags


def test_dataset_inputs_read_back_whole(fluent, client):
    frame = pd.DataFrame({"x": [1.5, 2.5, 3.5], "name": ["a", "b", "ß"], "y": [0.0, 1.0, 0.0]})
    train = fluent.data.from_pandas(frame, source="https://example.org/train.csv", targets="y", name="train")
    test = fluent.data.from_numpy(np.arange(12.0).reshape(3, 4), targets=np.zeros(3), name="test")
    with fluent.start_run() as run:
        fluent.log_input(train, context="training", tags={"fold": "1"})
        fluent.log_input(test, context="testing")
        fluent.log_input(train, context="training")
    found = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert {entry.dataset.name: {tag.key: tag.value for tag in entry.tags} for entry in found} == {
        "train": {"mlflow.data.context": "training", "fold": "1"},
        "test": {"mlflow.data.context": "testing"},
    }
    assert len(found) == 2
    for entry, dataset in zip(sorted(found, key=lambda entry: entry.dataset.name), (test, train), strict=True):
        assert dict(entry.dataset) == dict(dataset._to_mlflow_entity())


def test_equal_datasets_of_two_runs_are_found_by_name_and_digest(fluent, client, experiment_id):
    dataset = fluent.data.from_numpy(np.ones(5), name="ones")
    run_ids = set()
    for _ in range(2):
        with fluent.start_run() as run:
            fluent.log_input(dataset, context="training")
        run_ids.add(run.info.run_id)
    client.create_run(experiment_id)
    for query in ("dataset.name = 'ones'", f"dataset.digest = '{dataset.digest}'", "dataset.context LIKE 'train%'"):
        assert {run.info.run_id for run in client.search_runs([experiment_id], query)} == run_ids
    assert client.search_runs([experiment_id], "dataset.name = 'twos'") == []


def test_last_active_run_is_the_one_that_ended(fluent):
    with fluent.start_run() as run:
        fluent.log_metric("m", 1)
    assert fluent.active_run() is None
    last = fluent.last_active_run()
    assert last.info.run_id == run.info.run_id
    assert last.data.metrics == {"m": 1.0}


def test_autolog_of_a_loop_of_fits(fluent, client, experiment_id):
    """Autologging sends its batches from worker threads."""
    from sklearn.linear_model import Ridge

    x, y = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    try:
        for alpha in (0.5, 1.5):
            Ridge(alpha=alpha).fit(x, y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    found = client.search_runs([experiment_id], order_by=["params.alpha ASC"])
    assert [run.data.params["alpha"] for run in found] == ["0.5", "1.5"]
    for run in found:
        assert run.info.status == "FINISHED"
        assert set(run.data.params) == set(Ridge().get_params())
        assert {"training_mean_squared_error", "training_r2_score", "training_score"} <= set(run.data.metrics)
        assert run.data.tags["estimator_name"] == "Ridge"
