"""The fluent API: runs with everything, nested and resumed ones, data frames, experiments."""

import math
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from mlflow.entities import ViewType
from PIL import Image

pytest_plugins = "mlflow_session"

TEXTS = {"plain": "x", "empty": "", "unicode": "größer 😀", "long": "y" * 6000, "a b/c.d-e": "key"}


def points(fluent, run_id, key):
    client = fluent.MlflowClient()
    return [(point.step, point.value) for point in client.get_metric_history(run_id, key)]


def test_a_run_keeps_what_was_logged(fluent, unique):
    with fluent.start_run(run_name=unique("whole"), description="Eine *Notiz*", tags={"a": "1"}) as run:
        fluent.log_param("single", 3)
        fluent.log_params(TEXTS)
        for step in range(5):
            fluent.log_metric("loss", 1 / (step + 1), step=step)
        fluent.log_metrics({"nan": math.nan, "high": math.inf, "low": -math.inf, "tiny": 5e-324}, step=-2)
        fluent.set_tag("number", 5)
        fluent.set_tags({"ß": "ü", "gone": "x"})
        fluent.delete_tag("gone")
    found = fluent.get_run(run.info.run_id)
    assert (found.info.run_name, found.info.status) == (run.info.run_name, "FINISHED")
    assert run.info.start_time <= found.info.end_time
    assert found.data.params == TEXTS | {"single": "3"}
    assert points(fluent, run.info.run_id, "loss") == [(step, 1 / (step + 1)) for step in range(5)]
    metrics = found.data.metrics
    assert math.isnan(metrics.pop("nan"))
    assert metrics == {"loss": 0.2, "high": sys.float_info.max, "low": -sys.float_info.max, "tiny": 5e-324}
    tags = {key: value for key, value in found.data.tags.items() if not key.startswith("mlflow.")}
    assert tags == {"a": "1", "number": "5", "ß": "ü"}
    assert found.data.tags["mlflow.note.content"] == "Eine *Notiz*"
    assert found.data.tags["mlflow.runName"] == run.info.run_name


def test_artifacts_of_every_kind(fluent, tmp_path):
    table = {"question": ["a", "b"], "answer": ["ä", "ß"]}
    pixels = (np.arange(48).reshape(4, 4, 3) * 5).astype(np.uint8)
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2, 3])
    (tmp_path / "up" / "deep").mkdir(parents=True)
    (tmp_path / "up" / "deep" / "a b ß.bin").write_bytes(bytes(range(256)))
    (tmp_path / "up" / "empty").touch()
    with fluent.start_run() as run:
        fluent.log_text("Grüße\n", "text/hello.txt")
        fluent.log_dict({"a": [1, None, "ß"]}, "dict.json")
        fluent.log_dict({"a": [1]}, "dict.yaml")
        fluent.log_image(pixels, "image.png")
        fluent.log_figure(figure, "figure.png")
        fluent.log_table(table, "table.json")
        fluent.log_table({"question": ["c"], "answer": ["d"]}, "table.json")
        fluent.log_artifacts(str(tmp_path / "up"), "folder")
        fluent.log_artifact(str(tmp_path / "up" / "empty"))
        uri = fluent.get_artifact_uri("folder")
    artifacts, run_id = fluent.artifacts, run.info.run_id
    assert artifacts.load_text(f"runs:/{run_id}/text/hello.txt") == "Grüße\n"
    assert artifacts.load_dict(f"runs:/{run_id}/dict.json") == {"a": [1, None, "ß"]}
    assert artifacts.load_text(f"runs:/{run_id}/dict.yaml") == "a:\n- 1\n"
    assert np.array_equal(np.asarray(artifacts.load_image(f"runs:/{run_id}/image.png")), pixels)
    shape = artifacts.load_image(f"runs:/{run_id}/figure.png").size
    assert shape == tuple(round(100 * inches) for inches in figure.get_size_inches())
    loaded = fluent.load_table("table.json", run_ids=[run_id])
    assert loaded.to_dict("list") == {"question": ["a", "b", "c"], "answer": ["ä", "ß", "d"]}
    names = {"text", "dict.json", "dict.yaml", "image.png", "figure.png", "table.json", "folder", "empty"}
    assert {file.path for file in artifacts.list_artifacts(run_id=run_id)} == names
    assert [(file.path, file.is_dir) for file in artifacts.list_artifacts(uri)] == [
        ("folder/deep", True),
        ("folder/empty", False),
    ]
    down = artifacts.download_artifacts(artifact_uri=uri, dst_path=str(tmp_path))
    assert {
        path.name: path.read_bytes() for path in map(tmp_path.__class__, [f"{down}/deep/a b ß.bin", f"{down}/empty"])
    } == {
        "a b ß.bin": bytes(range(256)),
        "empty": b"",
    }


def test_images_with_steps(fluent):
    with fluent.start_run() as run:
        for step in range(3):
            image = Image.new("RGB", (4, 4), (step * 80, 0, 0))
            fluent.log_image(image, key="sample", step=step, synchronous=True)
    files = fluent.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="images")
    full = [file.path for file in files if file.path.endswith(".png")]
    assert len(full) == 3 and len(files) == 6
    assert sorted(int(path.split("+step+")[1].split("+")[0]) for path in full) == [0, 1, 2]
    for path in full:
        step = int(path.split("+step+")[1].split("+")[0])
        pixel = fluent.artifacts.load_image(f"{run.info.artifact_uri}/{path}").getpixel((0, 0))
        assert pixel[:3] == (step * 80, 0, 0)


def test_nested_runs(fluent, unique, experiment_id):
    tree = {}
    with fluent.start_run(run_name="root") as root:
        for child in "ab":
            with fluent.start_run(run_name=child, nested=True) as run:
                tree[child] = run.info.run_id
                with fluent.start_run(run_name=f"{child}-leaf", nested=True) as leaf:
                    tree[f"{child}-leaf"] = leaf.info.run_id
                    fluent.log_metric("depth", 2)
        assert fluent.active_run().info.run_id == root.info.run_id
    children = fluent.search_runs([experiment_id], f"tags.mlflow.parentRunId = '{root.info.run_id}'")
    assert set(children["run_id"]) == {tree["a"], tree["b"]}
    assert fluent.get_parent_run(tree["a-leaf"]).info.run_id == tree["a"]
    assert fluent.get_parent_run(tree["a"]).info.run_id == root.info.run_id
    assert fluent.get_parent_run(root.info.run_id) is None
    with fluent.start_run(parent_run_id=tree["b"], run_name="later") as later:
        pass
    assert fluent.get_parent_run(later.info.run_id).info.run_id == tree["b"]


def test_how_runs_end(fluent):
    with pytest.raises(RuntimeError), fluent.start_run() as failed:
        raise RuntimeError
    fluent.start_run()
    killed = fluent.active_run()
    fluent.end_run("KILLED")
    with fluent.start_run() as resumed:
        fluent.log_metric("m", 1, step=0)
    first = fluent.get_run(resumed.info.run_id)
    with fluent.start_run(run_id=resumed.info.run_id):
        assert fluent.get_run(resumed.info.run_id).info.status == "RUNNING"
        fluent.log_metric("m", 2, step=1)
    statuses = [fluent.get_run(run.info.run_id).info.status for run in (failed, killed, resumed)]
    assert statuses == ["FAILED", "KILLED", "FINISHED"]
    assert points(fluent, resumed.info.run_id, "m") == [(0, 1.0), (1, 2.0)]
    last = fluent.get_run(resumed.info.run_id)
    assert last.info.start_time == first.info.start_time and last.info.end_time >= first.info.end_time


def test_a_data_frame_of_runs(fluent, unique, experiment_id):
    other = fluent.create_experiment(unique("other"))
    logged = []
    for index in range(6):
        with fluent.start_run(experiment_id=other if index % 3 == 2 else experiment_id, run_name=f"run-{index}") as run:
            params, metrics = {"index": str(index)}, {"even" if index % 2 == 0 else "odd": index / 2}
            fluent.log_params(params)
            fluent.log_metrics(metrics)
            fluent.set_tag("parity", index % 2)
        logged.append((run.info.run_id, params, metrics))
    frame = fluent.search_runs([experiment_id, other], order_by=["params.index ASC"])
    assert list(frame["run_id"]) == [run_id for run_id, *_ in logged]
    assert list(frame["params.index"]) == list("012345")
    for row, (_, _, metrics) in zip(frame.to_dict("records"), logged, strict=True):
        assert {
            key: row[f"metrics.{key}"] for key in ("even", "odd") if not math.isnan(row[f"metrics.{key}"])
        } == metrics
    assert frame["start_time"].dtype == pd.DatetimeTZDtype("ms", "UTC") or frame["start_time"].dt.tz is not None
    name = fluent.get_experiment(other).name
    by_name = fluent.search_runs(experiment_names=[name], order_by=["metrics.odd DESC", "start_time ASC"])
    assert list(by_name["tags.mlflow.runName"]) == ["run-5", "run-2"]
    listed = fluent.search_runs([experiment_id], "tags.parity = '1'", max_results=1, output_format="list")
    assert [run.info.run_name for run in listed] == ["run-3"]
    everywhere = fluent.search_runs(
        filter_string="run_name = 'run-2' and tags.parity = '0'", search_all_experiments=True
    )
    assert logged[2][0] in set(everywhere["run_id"])
    assert fluent.search_runs([experiment_id], "metrics.even > 100").empty


def test_deleted_and_restored_runs(fluent, experiment_id):
    with fluent.start_run() as kept:
        pass
    with fluent.start_run() as gone:
        fluent.log_param("p", 1)
    fluent.delete_run(gone.info.run_id)
    assert list(fluent.search_runs([experiment_id])["run_id"]) == [kept.info.run_id]
    deleted = fluent.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)
    assert list(deleted["run_id"]) == [gone.info.run_id]
    fluent.MlflowClient().restore_run(gone.info.run_id)
    assert set(fluent.search_runs([experiment_id])["run_id"]) == {kept.info.run_id, gone.info.run_id}
    assert fluent.get_run(gone.info.run_id).data.params == {"p": "1"}


def test_experiments(fluent, unique):
    name, renamed = unique("fluent"), unique("renamed")
    experiment = fluent.set_experiment(name)
    assert fluent.set_experiment(name).experiment_id == experiment.experiment_id
    fluent.set_experiment_tags({"team": "rot", "size": 3})
    with fluent.start_run() as run:
        assert run.info.experiment_id == experiment.experiment_id
    client = fluent.MlflowClient()
    client.rename_experiment(experiment.experiment_id, renamed)
    found = fluent.get_experiment_by_name(renamed)
    assert found.tags == {"team": "rot", "size": "3"} and fluent.get_experiment_by_name(name) is None
    (hit,) = fluent.search_experiments(filter_string=f"name = '{renamed}' AND tags.team = 'rot'")
    assert hit.experiment_id == experiment.experiment_id
    client.delete_experiment_tag(experiment.experiment_id, "size")
    fluent.delete_experiment(experiment.experiment_id)
    assert fluent.get_experiment(experiment.experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    (hit,) = fluent.search_experiments(view_type=ViewType.DELETED_ONLY, filter_string=f"name = '{renamed}'")
    assert hit.tags == {"team": "rot"}
    client.restore_experiment(experiment.experiment_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "active"
