"""Logged models (MLflow 3) through the Python client: life cycle, params, tags, metrics, search, files."""

import json
import time

import numpy as np
import pytest
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric
from mlflow.exceptions import MlflowException

pytest_plugins = "mlflow_session"

T0 = 1_700_000_000_000


def assert_error(call, code, message):
    with pytest.raises(MlflowException) as error:
        call()
    assert error.value.error_code == code
    assert message in error.value.message


def test_a_new_model_reads_back_whole(client, experiment_id, run_id):
    before = int(time.time() * 1000)
    created = client.create_logged_model(
        experiment_id,
        name="modell-größe 1",
        source_run_id=run_id,
        tags={"a": "1", "ß": "😀"},
        params={"depth": "3", "text": "ä\nb"},
        model_type="classifier",
    )
    after = int(time.time() * 1000)
    found = client.get_logged_model(created.model_id)
    assert before <= found.creation_timestamp <= after
    assert found.last_updated_timestamp == found.creation_timestamp
    for model in (created, found):
        assert model.model_id.startswith("m-") and len(model.model_id) == 34
        assert model.model_uri == f"models:/{model.model_id}"
        assert model.experiment_id == experiment_id
        assert (model.name, model.model_type, model.source_run_id) == ("modell-größe 1", "classifier", run_id)
        assert model.artifact_location == f"mlflow-artifacts:/{experiment_id}/models/{model.model_id}/artifacts"
        assert model.status == LoggedModelStatus.PENDING
        assert model.params == {"depth": "3", "text": "ä\nb"}
        assert model.tags == {"a": "1", "ß": "😀"}
        assert model.metrics in ([], None)


def test_a_model_without_a_name_gets_one(client, experiment_id):
    model = client.create_logged_model(experiment_id)
    assert model.name
    assert client.get_logged_model(model.model_id).name == model.name


def test_a_bad_name_and_experiment_are_refused(client, experiment_id):
    for name in ("a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"):
        assert_error(
            lambda name=name: client.create_logged_model(experiment_id, name=name),
            "INVALID_PARAMETER_VALUE",
            "Invalid model name",
        )
    assert_error(lambda: client.create_logged_model("987654321"), "RESOURCE_DOES_NOT_EXIST", "987654321")
    assert client.search_logged_models([experiment_id]) == []


@pytest.mark.parametrize("status", [LoggedModelStatus.READY, LoggedModelStatus.FAILED])
def test_finalize(client, experiment_id, status):
    model_id = client.create_logged_model(experiment_id).model_id
    assert client.finalize_logged_model(model_id, status).status == status
    assert client.get_logged_model(model_id).status == status


def test_unknown_models(client):
    model_id = "m-" + "0" * 32
    for call in (
        lambda: client.get_logged_model(model_id),
        lambda: client.finalize_logged_model(model_id, LoggedModelStatus.READY),
        lambda: client.delete_logged_model(model_id),
    ):
        assert_error(call, "RESOURCE_DOES_NOT_EXIST", f"Logged model with ID '{model_id}' not found.")
    # Here the client turns the server's "not found" into an answer of its own.
    for call in (
        lambda: client.set_logged_model_tags(model_id, {"a": "1"}),
        lambda: client.log_model_params(model_id, {"a": "1"}),
    ):
        assert_error(call, "INVALID_PARAMETER_VALUE", f"Failed to get logged model with ID {model_id}.")


def test_tags_and_params(client, experiment_id):
    model_id = client.create_logged_model(experiment_id, tags={"a": "1"}, params={"p": "1"}).model_id
    client.set_logged_model_tags(model_id, {"a": "2", "b": "ß"})
    client.delete_logged_model_tag(model_id, "b")
    client.set_logged_model_tags(model_id, {"c": 3})
    client.log_model_params(model_id, {f"q{i}": str(i) for i in range(150)} | {"empty": ""})
    found = client.get_logged_model(model_id)
    assert found.tags == {"a": "2", "c": "3"}
    assert found.params == {"p": "1", "empty": ""} | {f"q{i}": str(i) for i in range(150)}
    assert_error(
        lambda: client.delete_logged_model_tag(model_id, "b"), "RESOURCE_DOES_NOT_EXIST", "No tag with key 'b'"
    )


def test_delete(client, experiment_id):
    kept, gone = (client.create_logged_model(experiment_id).model_id for _ in range(2))
    client.delete_logged_model(gone)
    assert_error(
        lambda: client.get_logged_model(gone), "RESOURCE_DOES_NOT_EXIST", f"Logged model with ID '{gone}' not found."
    )
    assert [model.model_id for model in client.search_logged_models([experiment_id])] == [kept]


def test_metrics_of_a_model_come_from_its_run(fluent, client, experiment_id, run_id):
    model_id = client.create_logged_model(experiment_id, source_run_id=run_id).model_id
    dataset = fluent.data.from_numpy(np.ones(4), name="ones")
    client.log_metric(run_id, "acc", 0.25, timestamp=T0, step=1, model_id=model_id)
    client.log_batch(run_id, metrics=[Metric("acc", 0.75, T0 + 1, 2, model_id=model_id), Metric("other", 1, T0, 0)])
    client.log_metric(
        run_id,
        "f1",
        0.5,
        timestamp=T0,
        step=3,
        model_id=model_id,
        dataset_name=dataset.name,
        dataset_digest=dataset.digest,
    )
    found = client.get_logged_model(model_id).metrics
    assert sorted(
        (
            point.key,
            point.value,
            point.timestamp,
            point.step,
            point.run_id,
            point.model_id,
            point.dataset_name,
            point.dataset_digest,
        )
        for point in found
    ) == [
        ("acc", 0.25, T0, 1, run_id, model_id, None, None),
        ("acc", 0.75, T0 + 1, 2, run_id, model_id, None, None),
        ("f1", 0.5, T0, 3, run_id, model_id, "ones", dataset.digest),
    ]
    assert client.get_run(run_id).data.metrics == {"acc": 0.75, "f1": 0.5, "other": 1.0}


def test_outputs_of_a_run(client, experiment_id, run_id):
    first, second = (client.create_logged_model(experiment_id, source_run_id=run_id).model_id for _ in range(2))
    client.log_outputs(run_id, [LoggedModelOutput(first, 0), LoggedModelOutput(second, 7)])
    found = client.get_run(run_id).outputs.model_outputs
    assert {output.model_id: output.step for output in found} == {first: 0, second: 7}


def test_files_of_a_model(fluent, client, experiment_id, tmp_path):
    model_id = client.create_logged_model(experiment_id).model_id
    (tmp_path / "up" / "sub dir").mkdir(parents=True)
    (tmp_path / "up" / "weights.bin").write_bytes(bytes(range(256)))
    (tmp_path / "up" / "sub dir" / "größe.txt").write_bytes("ß".encode())
    client.log_model_artifacts(model_id, str(tmp_path / "up"))
    assert [(entry.path, entry.is_dir, entry.file_size) for entry in client.list_logged_model_artifacts(model_id)] == [
        ("sub dir", True, None),
        ("weights.bin", False, 256),
    ]
    assert [entry.path for entry in client.list_logged_model_artifacts(model_id, "sub dir")] == ["sub dir/größe.txt"]
    location = client.get_logged_model(model_id).artifact_location
    fluent.artifacts.download_artifacts(location, dst_path=str(tmp_path))
    assert (tmp_path / "artifacts" / "weights.bin").read_bytes() == bytes(range(256))
    assert (tmp_path / "artifacts" / "sub dir" / "größe.txt").read_text() == "ß"


@pytest.fixture
def shelf(client, experiment_id, run_id):
    """Four finished models, `a` to `d`, that differ in what a search can ask for."""
    ids = {}
    for name, (kind, accuracy, params, tags) in {
        "a": ("tree", 0.9, {"depth": "3"}, {"team": "red"}),
        "b": ("tree", 0.7, {"depth": "5"}, {"team": "blue"}),
        "c": ("net", 0.8, {}, {"team": "red"}),
        "d": ("net", None, {}, {}),
    }.items():
        model = client.create_logged_model(
            experiment_id, name=name, source_run_id=run_id, model_type=kind, params=params, tags=tags
        )
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        if accuracy is not None:
            client.log_metric(run_id, "acc", accuracy, timestamp=T0, model_id=model.model_id)
        ids[name] = model.model_id
    return ids


def test_search(client, experiment_id, run_id, shelf):
    def search(query=None, order_by="name", ascending=True):
        order = [{"field_name": order_by, "ascending": ascending}]
        return "".join(model.name for model in client.search_logged_models([experiment_id], query, order_by=order))

    assert search() == "abcd"
    assert search("name = 'b'") == "b"
    assert search("name LIKE '%'") == "abcd"
    assert search("model_type = 'tree'") == "ab"
    assert search("attributes.model_type != 'tree'") == "cd"
    assert search(f"model_id = '{shelf['c']}'") == "c"
    assert search(f"model_id IN ('{shelf['c']}', '{shelf['a']}')") == "ac"
    assert search(f"source_run_id = '{run_id}'") == "abcd"
    assert search("creation_timestamp > 0") == "abcd"
    assert search("metrics.acc >= 0.8") == "ac"
    assert search("metrics.acc < 0.8 AND tags.team = 'blue'") == "b"
    assert search("params.depth = '3'") == "a"
    assert search("params.depth LIKE '%'") == "ab"
    assert search("tags.team = 'red'") == "ac"
    assert search("tags.team = 'red' AND model_type = 'net'") == "c"
    assert search(order_by="name", ascending=False) == "dcba"
    assert search(order_by="metrics.acc") == "bcad"
    assert search(order_by="metrics.acc", ascending=False) == "acbd"
    assert client.search_logged_models(["0"], f"source_run_id = '{run_id}'") == []
    for query in ("name = 'a' OR", "bogus.key = 'x'", "name > 'a'"):
        with pytest.raises(MlflowException) as error:
            search(query)
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_models_found_equal_models_read(fluent, client, experiment_id, shelf):
    found = fluent.search_logged_models([experiment_id], output_format="list")
    assert {model.name: model.model_id for model in found} == shelf
    assert {model.name: model.to_dictionary() for model in found} == {
        name: client.get_logged_model(model_id).to_dictionary() for name, model_id in shelf.items()
    }
    frame = fluent.search_logged_models([experiment_id], "metrics.acc > 0", order_by=[{"field_name": "name"}])
    assert list(frame["name"]) == ["a", "b", "c"]
    assert list(frame["model_type"]) == ["tree", "tree", "net"]
    assert [sorted(tags) for tags in frame["tags"]] == [["team"]] * 3


def test_pages(client, experiment_id, shelf):
    pages, token = [], None
    while True:
        page = client.search_logged_models(
            [experiment_id], max_results=3, order_by=[{"field_name": "name"}], page_token=token
        )
        pages.append("".join(model.name for model in page))
        token = page.token
        if not token:
            break
    assert pages == ["abc", "d"]


def test_registering_a_logged_model(fluent, client, experiment_id, run_id, shelf, unique, tmp_path):
    name = unique("registered")
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    client.log_model_artifacts(shelf["a"], str(tmp_path))
    version = fluent.register_model(f"models:/{shelf['a']}", name, tags={"k": "v"}, await_registration_for=10)
    assert (version.name, version.version, version.run_id) == (name, "1", run_id)
    found = client.get_model_version(name, "1")
    assert (found.source, found.run_id, found.tags) == (f"models:/{shelf['a']}", run_id, {"k": "v"})
    assert client.get_model_version_download_uri(name, "1") == client.get_logged_model(shelf["a"]).artifact_location
    tags = client.get_logged_model(shelf["a"]).tags
    # The server notes the version in this tag (as a number), and the client adds it once more (as a text).
    noted = json.loads(tags.pop("mlflow.modelVersions"))
    assert {(entry["name"], str(entry["version"])) for entry in noted} == {(name, "1")}
    assert tags == {"team": "red"}
