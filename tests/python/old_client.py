"""What a program written for MLflow 1.30 or 2.22 does, run by an interpreter that has it (`test_old_clients.py`).

    python old_client.py URL SECTION NAME

Uses only `mlflow-skinny`. Each section writes, reads back through the same old client and checks; then it prints, as
JSON on the last line, what the caller needs to read the same things with a new client. `NAME` is unique to the call.
"""

import json
import math
import pathlib
import sys
import tempfile

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

T0 = 1700000000000
V2 = int(mlflow.__version__.split(".")[0]) >= 2


def check(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def refused(call, code, text):
    """Check that a call fails with an error code and a text within the message."""
    try:
        call()
    except MlflowException as error:
        check(error.error_code, code)
        assert text in str(error), f"{text!r} is not in {str(error)!r}"
    else:
        raise AssertionError("the call was not refused: " + text)


def experiments(client, name):
    experiment_id = client.create_experiment(name, tags={"a": "1", "ß": "😀"})
    client.set_experiment_tag(experiment_id, "a", "2")
    found = client.get_experiment(experiment_id)
    check((found.name, found.lifecycle_stage, found.tags), (name, "active", {"a": "2", "ß": "😀"}))
    check(found.artifact_location, "mlflow-artifacts:/" + experiment_id)
    check(client.get_experiment_by_name(name).experiment_id, experiment_id)
    check(client.get_experiment_by_name(name + " nobody"), None)
    refused(lambda: client.create_experiment(name), "RESOURCE_ALREADY_EXISTS", "already exists")
    refused(
        lambda: client.get_experiment("987654321"), "RESOURCE_DOES_NOT_EXIST", "No Experiment with id=987654321 exists"
    )

    client.rename_experiment(experiment_id, name + " renamed")
    query = f"name LIKE '{name}%'"
    check([e.name for e in client.search_experiments(filter_string=query)], [name + " renamed"])
    client.delete_experiment(experiment_id)
    check([e.name for e in client.search_experiments(filter_string=query)], [])
    check(
        [e.name for e in client.search_experiments(view_type=ViewType.DELETED_ONLY, filter_string=query)],
        [name + " renamed"],
    )
    client.restore_experiment(experiment_id)
    check(client.get_experiment(experiment_id).lifecycle_stage, "active")
    others = [client.create_experiment(f"{name} {i}") for i in range(4)]
    first = client.search_experiments(filter_string=query, max_results=3, order_by=["name ASC"])
    second = client.search_experiments(
        filter_string=query, max_results=3, order_by=["name ASC"], page_token=first.token
    )
    check([e.experiment_id for e in first] + [e.experiment_id for e in second], others + [experiment_id])
    return {"experiment_id": experiment_id}


def runs(client, name):
    experiment_id = client.create_experiment(name)
    run_id = client.create_run(
        experiment_id, start_time=T0, tags={"kind": "old", "mlflow.user": "Zoë"}, run_name="first"
    ).info.run_id
    client.log_param(run_id, "p", "größer")
    client.log_param(run_id, "p", "größer")
    refused(
        lambda: client.log_param(run_id, "p", "other"),
        "INVALID_PARAMETER_VALUE",
        "Changing param values is not allowed",
    )
    client.set_tag(run_id, "t", "1")
    client.set_tag(run_id, "gone", "1")
    client.delete_tag(run_id, "gone")
    for step, value in enumerate((3.0, 2.0, 1.0)):
        client.log_metric(run_id, "loss", value, timestamp=T0 + step, step=step)
    client.log_metric(run_id, "nan", math.nan, timestamp=T0)
    client.log_metric(run_id, "inf", math.inf, timestamp=T0)
    client.log_batch(
        run_id,
        metrics=[Metric(f"batch-{i % 5}", i / 8, T0 + i, -i) for i in range(850)],
        params=[Param(f"p{i}", str(i)) for i in range(75)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(75)],
    )
    for start in range(0, 3000, 1000):
        client.log_batch(run_id, metrics=[Metric("long", i / 3, T0 + i, i) for i in range(start, start + 1000)])

    found = client.get_run(run_id)
    check((found.info.run_id, found.info.run_uuid), (run_id, run_id))
    check((found.info.experiment_id, found.info.status, found.info.start_time), (experiment_id, "RUNNING", T0))
    check(found.info.artifact_uri, f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts")
    check(found.data.params, dict({f"p{i}": str(i) for i in range(75)}, p="größer"))
    tags = dict({f"t{i}": str(i) for i in range(75)}, t="1", kind="old")
    check({key: value for key, value in found.data.tags.items() if not key.startswith("mlflow.")}, tags)
    check((found.data.tags["mlflow.runName"], found.data.tags["mlflow.user"]), ("first", "Zoë"))
    metrics = dict(found.data.metrics)
    assert math.isnan(metrics.pop("nan"))
    check(metrics, dict({f"batch-{i}": i / 8 for i in range(5)}, loss=1.0, long=2999 / 3, inf=sys.float_info.max))
    long = [(point.timestamp, point.step, point.value) for point in client.get_metric_history(run_id, "long")]
    check(long, [(T0 + i, i, i / 3) for i in range(3000)])

    client.update_run(run_id, name="renamed")
    client.set_terminated(run_id, "FAILED", T0 + 5000)
    found = client.get_run(run_id).info
    check((found.run_name, found.status, found.end_time), ("renamed", "FAILED", T0 + 5000))
    unknown = "0" * 32
    refused(lambda: client.get_run(unknown), "RESOURCE_DOES_NOT_EXIST", f"Run with id={unknown} not found")
    refused(
        lambda: client.log_metric(unknown, "m", 1),
        "RESOURCE_DOES_NOT_EXIST",
        f"Run with id={unknown} not found",
    )

    others = [
        client.create_run(experiment_id, start_time=T0 + 1 + i, tags={"index": str(i)}).info.run_id for i in range(6)
    ]
    client.delete_run(others[5])
    refused(lambda: client.log_metric(others[5], "m", 1), "INVALID_PARAMETER_VALUE", "must be in the 'active' state")

    def search(query="", view=ViewType.ACTIVE_ONLY, order_by=("start_time ASC",)):
        return [run.info.run_id for run in client.search_runs([experiment_id], query, view, order_by=list(order_by))]

    check(search(), [run_id] + others[:5])
    check(search(view=ViewType.ALL), [run_id] + others)
    check(search(view=ViewType.DELETED_ONLY), [others[5]])
    check(search("metrics.loss < 2 and params.p = 'größer' and attributes.status = 'FAILED'"), [run_id])
    check(search("tags.index = '3'"), [others[3]])
    check(search("metrics.loss > 2"), [])
    check(search(order_by=["metrics.loss DESC", "start_time DESC"]), [run_id] + others[4::-1])
    client.restore_run(others[5])
    pages, token = [], None
    while len(pages) < 10:
        page = client.search_runs([experiment_id], max_results=3, page_token=token)
        pages.append([run.info.run_id for run in page])
        token = page.token
        if not token:
            break
    check(pages, [others[5:2:-1], others[2::-1], [run_id]])
    return {"experiment_id": experiment_id, "run_id": run_id, "tags": tags}


def artifacts(client, name):
    run_id = client.create_run(client.create_experiment(name)).info.run_id
    files = {
        "a.txt": "größe\n".encode(),
        "b c/d.bin": bytes(range(256)) * 4000,
        "b c/損失 100% + 1.json": b"{}",
        "b c/empty": b"",
        "e/f/g/h.txt": b"deep",
    }
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            file = pathlib.Path(folder, "up", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        client.log_artifacts(run_id, str(pathlib.Path(folder, "up")), "tree")
        client.log_artifact(run_id, str(pathlib.Path(folder, "up", "a.txt")))
        client.log_text(run_id, "text", "notes/text.txt")
        client.log_dict(run_id, {"a": [1, None]}, "notes/dict.json")

        def listed(path=None):
            return [(entry.path, entry.is_dir, entry.file_size or 0) for entry in client.list_artifacts(run_id, path)]

        check(listed(), [("a.txt", False, 8), ("notes", True, 0), ("tree", True, 0)])
        check(
            listed("tree/b c"),
            [
                ("tree/b c/d.bin", False, 1024000),
                ("tree/b c/empty", False, 0),
                ("tree/b c/損失 100% + 1.json", False, 2),
            ],
        )
        pathlib.Path(folder, "down").mkdir()
        root = pathlib.Path(client.download_artifacts(run_id, "", str(pathlib.Path(folder, "down"))))
        found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    expected = {"tree/" + path: content for path, content in files.items()}
    expected.update({"a.txt": files["a.txt"], "notes/text.txt": b"text", "notes/dict.json": found["notes/dict.json"]})
    check(found, expected)
    check(json.loads(found["notes/dict.json"].decode()), {"a": [1, None]})
    return {"run_id": run_id, "sizes": {path: len(content) for path, content in found.items()}}


def logged_model(client, name):
    """A model as written before MLflow 3: files of the run, and an entry in its tag `mlflow.log-model.history`."""
    from mlflow.models import Model

    run_id = client.create_run(client.create_experiment(name)).info.run_id
    for path in ("model", "second"):
        model = Model(artifact_path=path, run_id=run_id)
        model.add_flavor("custom", answer=42)
        with tempfile.TemporaryDirectory() as folder:
            model.save(str(pathlib.Path(folder, "MLmodel")))
            client.log_artifacts(run_id, folder, path)
        client._record_logged_model(run_id, model)
    history = json.loads(client.get_run(run_id).data.tags["mlflow.log-model.history"])
    check(
        [(entry["artifact_path"], entry["run_id"], entry["flavors"]) for entry in history],
        [(path, run_id, {"custom": {"answer": 42}}) for path in ("model", "second")],
    )
    return {"run_id": run_id}


def registry(client, name):
    run_id = client.create_run(client.create_experiment(name)).info.run_id
    client.log_text(run_id, "model", "model/data.txt")
    created = client.create_registered_model(name, tags={"a": "1"}, description="größer")
    check((created.name, created.tags, created.description), (name, {"a": "1"}, "größer"))
    refused(lambda: client.create_registered_model(name), "RESOURCE_ALREADY_EXISTS", "already exists")
    refused(lambda: client.get_registered_model(name + "x"), "RESOURCE_DOES_NOT_EXIST", "not found")
    client.update_registered_model(name, "text")
    client.set_registered_model_tag(name, "b", "2")
    client.set_registered_model_tag(name, "c", "3")
    client.delete_registered_model_tag(name, "c")

    source = client.get_run(run_id).info.artifact_uri + "/model"
    for number in "1234":
        version = client.create_model_version(
            name, source, run_id, tags={"n": number}, description="version " + number, await_creation_for=10
        )
        check((version.version, version.current_stage, version.status), (number, "None", "READY"))
    client.update_model_version(name, "1", "first")
    client.set_model_version_tag(name, "1", "extra", "x")
    client.set_model_version_tag(name, "1", "gone", "x")
    client.delete_model_version_tag(name, "1", "gone")
    version = client.get_model_version(name, "1")
    check((version.name, version.version, version.description), (name, "1", "first"))
    check((version.run_id, version.source, version.tags), (run_id, source, {"n": "1", "extra": "x"}))
    check(client.get_model_version_download_uri(name, "1"), source)

    client.transition_model_version_stage(name, "1", "Production")
    client.transition_model_version_stage(name, "2", "Staging")
    client.transition_model_version_stage(name, "3", "Production", archive_existing_versions=True)
    client.delete_model_version(name, "4")
    stages = {v.version: v.current_stage for v in client.search_model_versions(f"name = '{name}'")}
    check(stages, {"1": "Archived", "2": "Staging", "3": "Production"})
    check({v.version for v in client.get_latest_versions(name)}, {"1", "2", "3"})
    check([v.version for v in client.get_latest_versions(name, ["Production"])], ["3"])
    check({v.version for v in client.search_model_versions(f"run_id = '{run_id}'")}, {"1", "2", "3"})
    check([m.name for m in client.search_registered_models(f"name = '{name}'")], [name])
    found = client.get_registered_model(name)
    check((found.description, found.tags), ("text", {"a": "1", "b": "2"}))
    check({v.version for v in found.latest_versions}, {"1", "2", "3"})
    if V2:
        client.set_registered_model_alias(name, "champion", "3")
        client.set_registered_model_alias(name, "old", "1")
        client.delete_registered_model_alias(name, "old")
        check(client.get_model_version_by_alias(name, "champion").version, "3")
        check(client.get_registered_model(name).aliases, {"champion": "3"})

    other = client.create_registered_model(name + " other").name
    client.rename_registered_model(other, name + " renamed")
    client.delete_registered_model(name + " renamed")
    refused(lambda: client.get_registered_model(name + " renamed"), "RESOURCE_DOES_NOT_EXIST", "not found")

    with tempfile.TemporaryDirectory() as folder:
        uri = f"models:/{name}/Production"
        path = mlflow.artifacts.download_artifacts(uri, dst_path=folder)
        check(pathlib.Path(path, "data.txt").read_text(), "model")
    return {"run_id": run_id, "source": source}


def lists(client, name):
    """The two calls of MLflow 1 that newer servers no longer have: experiments/list and registered-models/list."""
    ids = {client.create_experiment(f"{name} {i}") for i in range(5)}
    found, token = [], None
    while True:
        page = client.list_experiments(max_results=20, page_token=token)
        assert len(page) <= 20
        found += [experiment.experiment_id for experiment in page]
        token = page.token
        if not token:
            break
    check(len(found), len(set(found)))
    assert ids <= set(found), "an experiment is missing"
    names = [f"{name} {i}" for i in range(3)]
    for model in names:
        client.create_registered_model(model)
    found, token = [], None
    while True:
        page = client.list_registered_models(max_results=20, page_token=token)
        found += [model.name for model in page]
        token = page.token
        if not token:
            break
    check([model for model in found if model.startswith(name)], names)
    return {}


def main(url, section, name):
    mlflow.set_tracking_uri(url)
    mlflow.set_registry_uri(url)
    sections = {
        function.__name__: function for function in (experiments, runs, artifacts, logged_model, registry, lists)
    }
    found = sections[section](MlflowClient(url, url), name)
    print(json.dumps(dict(found, version=mlflow.__version__)))


if __name__ == "__main__":
    main(*sys.argv[1:])
