"""Runs that MLflow's client has made or changed, seen by W&B's."""

import math
import pytest
import wandb
from mlflow.entities import Metric, Param, RunTag
from wandb_session import columns, every_line, same

T0 = 1_700_000_000_000


@pytest.fixture
def made(project, other):
    """A run of MLflow's; its id."""
    client = other.client
    run_id = client.create_run(
        client.create_experiment(project), start_time=T0, run_name="of mlflow", tags={"mlflow.note.content": "notes"}
    ).info.run_id
    metrics = [Metric(key, value, T0 + 1000 * step, step) for step in range(5) for key, value in (("loss", 5 - step), ("a/b", step))]
    params = [Param("lr", "0.1"), Param("name", "größer"), Param("deep.er", "x")]
    client.log_batch(run_id, metrics, params, [RunTag("team", "a")])
    client.log_text(run_id, "hello", "notes/hello.txt")
    client.set_terminated(run_id, "FINISHED", T0 + 60_000)
    return run_id


@every_line
def test_a_run_of_mlflow_is_read(project, api, made, tmp_path):
    read = api.run(f"local/{project}/{made}")
    assert (read.id, read.name, read.state, read.notes) == (made, "of mlflow", "finished", "notes")
    assert {key: str(value) for key, value in read.config.items()} == {"lr": "0.1", "name": "größer", "deep.er": "x"}
    assert (read.summary["loss"], read.summary["a/b"]) == (1, 4)
    assert columns(read.scan_history(), "_step", "loss", "a/b") == [(step, 5 - step, step) for step in range(5)]
    assert columns(read.history(keys=["loss"], pandas=False), "_step", "loss") == [(step, 5 - step) for step in range(5)]
    assert read.created_at.startswith("2023-11-14T22:13:20")
    assert "notes/hello.txt" in [file.name for file in read.files()]
    with read.file("notes/hello.txt").download(str(tmp_path)) as file:
        assert file.read() == "hello"


def test_runs_of_mlflow_are_found(project, made):
    def found(filters):
        return [run.id for run in wandb.Api().runs(f"local/{project}", filters)]

    assert found({}) == [made]
    assert found({"summary_metrics.loss": {"$lte": 1}, "state": "finished"}) == [made]
    assert found({"config.lr": {"$lt": 0.5}, "config.name": "größer"}) == [made]
    assert found({"summary_metrics.loss": {"$gt": 1}}) == []


def test_points_in_any_order_and_of_any_value(project, api, other):
    client = other.client
    run_id = client.create_run(client.create_experiment(project)).info.run_id
    for step, value in ((7, 1.0), (3, 2.0), (5, math.nan), (5, 4.0)):
        client.log_metric(run_id, "x", value, T0 + step, step)
    rows = columns(api.run(f"local/{project}/{run_id}").scan_history(), "_step", "x")
    assert [step for step, _ in rows] == sorted(step for step, _ in rows)
    values = [(step, value) for step, value in rows if value is not None]
    assert (3, 2.0) in values and (7, 1.0) in values
    assert [step for step, _ in values].count(5) >= 1


def test_a_run_of_mlflow_is_continued_with_wandb(project, api, other, made):
    with wandb.init(project=project, id=made, resume="allow") as run:
        run.log({"loss": 0.5}, step=10)
        run.config["added"] = 1
    seen = other.client.get_run(made)
    assert seen.data.metrics["loss"] == 0.5
    assert seen.data.params["added"] == "1" and seen.data.params["lr"] == "0.1"
    assert len(other.runs(project)) == 1
    rows = columns(api.run(run.path).scan_history(), "_step", "loss", "a/b")
    # A series that W&B's rows mention is read from them alone.
    assert rows == [(step, None, step) for step in range(5)] + [(10, 0.5, None)]


def test_a_run_of_wandb_is_continued_with_mlflow(project, api, other):
    with wandb.init(project=project, id="r1", config={"lr": 0.1}) as run:
        run.log({"loss": 1.0})
    run_id = other.run(project, "r1").info.run_id
    other.client.log_metric(run_id, "score", 0.75, step=3)
    other.client.log_param(run_id, "added", "p")
    other.client.log_text(run_id, "hello", "late.txt")
    other.client.set_tag(run_id, "mlflow.note.content", "from mlflow")
    other.client.update_run(run_id, name="renamed")
    read = api.run(run.path)
    assert (read.name, read.notes) == ("renamed", "from mlflow")
    assert (read.summary["score"], read.summary["loss"], read.config["added"]) == (0.75, 1, "p")
    assert (3, 0.75) in columns(read.scan_history(), "_step", "score")
    assert "late.txt" in [file.name for file in read.files()]


def test_mlflow_searches_runs_of_wandb(project, other):
    for number in range(3):
        with wandb.init(project=project, id=f"r{number}", config={"opt": f"o{number}"}, group="g") as run:
            run.log({"loss": number})
    found = other.runs(project, "metrics.loss > 0.5 and params.opt != 'o2' and tags.`wandb.group` = 'g'")
    assert [run.data.tags["wandb.run_id"] for run in found] == ["r1"]
    ordered = other.runs(project, order_by=["metrics.loss DESC"])
    assert [run.data.metrics["loss"] for run in ordered] == [2, 1, 0]


def test_what_mlflow_deletes_is_gone(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        run.log({"x": 1})
    other.client.delete_run(other.run(project, "r1").info.run_id)
    assert list(api.runs(f"local/{project}")) == []
    with pytest.raises((wandb.errors.CommError, ValueError)):
        wandb.Api().run(run.path)


def test_both_clients_in_one_script(project, api, other, url):
    import mlflow

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment(project)
    with mlflow.start_run() as theirs, wandb.init(project=project, id="r1") as ours:
        for step in range(5):
            mlflow.log_metric("loss", step / 3, step=step)
            ours.log({"loss": step / 3})
    left, right = api.run(f"local/{project}/{theirs.info.run_id}"), api.run(ours.path)
    rows = [columns(run.scan_history(), "_step", "loss") for run in (left, right)]
    assert rows[0] == rows[1] == [(step, step / 3) for step in range(5)]
    points = [other.points(run, "loss") for run in (theirs, other.run(project, "r1"))]
    assert points[0] == points[1]
    assert same(dict(left.summary)["loss"], dict(right.summary)["loss"])


def test_a_registered_model_of_mlflow_is_listed(project, api, other, made):
    other.client.create_registered_model(project)
    other.client.create_model_version(project, f"runs:/{made}/notes", made)
    other.client.set_registered_model_alias(project, "champion", "1")
    read = api.artifact(f"local/model-registry/{project}:champion")
    assert (read.version, read.type, read.name) == ("v0", "model", f"{project}:champion")
