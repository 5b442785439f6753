"""What is logged: rows, steps, numbers of all kinds, summaries."""

import math

import numpy as np
import pytest
import wandb
from wandb_session import columns, every_line, same


@every_line
def test_rows_become_points(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        for step in range(20):
            run.log({"train/loss": 1 / (step + 1), "acc": step / 7})
    read = api.run(run.path)
    expected = [(step, 1 / (step + 1), step / 7) for step in range(20)]
    assert columns(read.scan_history(), "_step", "train/loss", "acc") == expected
    assert columns(read.history(pandas=False), "_step", "train/loss", "acc") == expected
    assert (read.summary["train/loss"], read.lastHistoryStep) == (1 / 20, 19)
    seen = other.run(project, "r1")
    assert other.points(seen, "train/loss") == [(step, 1 / (step + 1)) for step in range(20)]
    assert seen.data.metrics["acc"] == 19 / 7
    times = [point.timestamp for point in other.client.get_metric_history(seen.info.run_id, "acc")]
    assert seen.info.start_time - 1000 <= times[0] <= times[-1] <= seen.info.end_time + 1000


def test_nested_rows_are_flattened_for_mlflow(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        run.log({"eval": {"loss": 0.5, "deep": {"f1": 0.25}}, "name": "text"})
    read = api.run(run.path)
    [row] = read.scan_history()
    assert (row["eval"], row["name"]) == ({"loss": 0.5, "deep": {"f1": 0.25}}, "text")
    assert read.history_keys["keys"]["eval.loss"]["previousValue"] == 0.5
    seen = other.run(project, "r1")
    assert (seen.data.metrics["eval.loss"], seen.data.metrics["eval.deep.f1"]) == (0.5, 0.25)
    assert "name" not in seen.data.metrics


@every_line
def test_what_is_no_number_in_json(project, api, other):
    values = [1.0, math.nan, math.inf, -math.inf]
    with wandb.init(project=project, id="r1") as run:
        for value in values:
            run.log({"odd": value})
    read = api.run(run.path)
    assert same([row["odd"] for row in read.scan_history()], values)
    assert [float(row["odd"]) for row in read.scan_history(keys=["odd"])][2:] == values[2:]
    assert float(read.summary["odd"]) == -math.inf
    found = [value for _, value in other.points(other.run(project, "r1"), "odd")]
    assert found[0] == 1 and math.isnan(found[1]) and found[2] > 1e308 and found[3] < -1e308


def test_values_of_every_type(project, api, other):
    row = {
        "float32": np.float32(0.5),
        "int64": np.int64(7),
        "bool": True,
        "big": 2**60,
        "text": "größer",
        "none": None,
        "list": [1, 2, 3],
        "array": np.arange(3),
        "tiny": 5e-324,
    }
    with wandb.init(project=project, id="r1") as run:
        run.log(row)
    [found] = api.run(run.path).scan_history()
    assert (found["float32"], found["int64"], found["bool"], found["big"]) == (0.5, 7, True, 2**60)
    assert (found["text"], found["list"], found["array"], found["tiny"]) == ("größer", [1, 2, 3], [0, 1, 2], 5e-324)
    metrics = other.run(project, "r1").data.metrics
    assert (metrics["float32"], metrics["int64"], metrics["bool"], metrics["big"]) == (0.5, 7, 1, 2.0**60)
    assert not metrics.keys() & {"text", "none", "list", "_step", "_timestamp", "_runtime"}


def test_rows_are_put_together_by_step(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        run.log({"a": 1}, commit=False)
        run.log({"b": 2})
        run.log({"a": 3}, step=10)
        run.log({"b": 4}, step=10)
        run.log({"a": 5}, step=1000)
    assert columns(api.run(run.path).scan_history(), "_step", "a", "b") == [(0, 1, 2), (10, 3, 4), (1000, 5, None)]
    seen = other.run(project, "r1")
    assert other.points(seen, "a") == [(0, 1), (10, 3), (1000, 5)]
    assert other.points(seen, "b") == [(0, 2), (10, 4)]


def test_metrics_have_axes_and_summaries(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        run.define_metric("epoch")
        run.define_metric("val/*", step_metric="epoch")
        run.define_metric("loss", summary="min,max,mean")
        run.define_metric("acc", summary="last,first")
        for epoch in range(5):
            run.log({"epoch": epoch, "val/acc": epoch / 5, "loss": [3, 1, 2, 5, 4][epoch], "acc": [1, 5, 2, 3, 4][epoch]})
    read = api.run(run.path)
    assert (read.summary["loss"]["min"], read.summary["loss"]["max"], read.summary["loss"]["mean"]) == (1, 5, 3)
    assert (read.summary["acc"]["first"], read.summary["acc"]["last"]) == (1, 4)
    assert columns(read.scan_history(keys=["epoch", "val/acc"]), "epoch", "val/acc") == [(n, n / 5) for n in range(5)]
    seen = other.run(project, "r1")
    assert (seen.data.metrics["loss.min"], seen.data.metrics["loss.max"]) == (1, 5)
    assert [value for _, value in other.points(seen, "loss")] == [3, 1, 2, 5, 4]


def test_a_summary_may_say_more_than_rows(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        for step in range(3):
            run.log({"loss": step})
        run.summary["best"] = 0.5
        run.summary.update({"text": "done", "nested": {"f1": 0.75}})
        run.summary["loss"] = 42
    summary = api.run(run.path).summary
    assert (summary["best"], summary["text"], summary["nested"]["f1"], summary["loss"]) == (0.5, "done", 0.75, 42)
    metrics = other.run(project, "r1").data.metrics
    assert (metrics["best"], metrics["nested.f1"]) == (0.5, 0.75)


def test_a_long_run(project, api, other):
    rows = 20_000
    with wandb.init(project=project, id="r1") as run:
        for step in range(rows):
            run.log({"x": step, "y": step % 7} if step % 1000 == 0 else {"x": step})
    read = api.run(run.path)
    assert [row["x"] for row in read.scan_history(page_size=5000)] == list(range(rows))
    assert [row["x"] for row in read.scan_history(min_step=777, max_step=790)] == list(range(777, 790))
    assert columns(read.scan_history(keys=["_step", "y"]), "_step", "y") == [(n, n % 7) for n in range(0, rows, 1000)]
    sampled = [row["x"] for row in read.history(samples=500, pandas=False)]
    assert 400 <= len(sampled) <= 600 and sampled == sorted(sampled)
    pairs = columns(read.history(samples=100, keys=["x"], pandas=False), "_step", "x")
    assert 50 <= len(pairs) <= 110 and all(step == x for step, x in pairs)
    assert read.lastHistoryStep == rows - 1
    assert other.points(other.run(project, "r1"), "x") == [(step, step) for step in range(rows)]


def test_many_metrics_in_a_row(project, api, other):
    row = {f"layer/{n}": n / 8 for n in range(1500)}
    with wandb.init(project=project, id="r1") as run:
        for _ in range(3):
            run.log(row)
    found = list(api.run(run.path).scan_history())
    assert len(found) == 3 and all(line.items() >= row.items() for line in found)
    assert other.run(project, "r1").data.metrics.items() >= row.items()


@pytest.mark.parametrize("key", ["a b", "größe", "loss%", "a/b/c", "x-y_z", "question?"])
def test_keys_of_any_letters(project, api, other, key):
    with wandb.init(project=project, id="r1") as run:
        run.log({key: 1.5})
    assert [row[key] for row in api.run(run.path).scan_history()] == [1.5]
    assert 1.5 in other.run(project, "r1").data.metrics.values()


def test_a_histogram_stays_in_its_row(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        run.log({"weights": wandb.Histogram(np.arange(100)), "loss": 1})
    [row] = api.run(run.path).scan_history()
    assert row["weights"]["_type"] == "histogram" and sum(row["weights"]["values"]) == 100
    assert other.run(project, "r1").data.metrics.keys() >= {"loss"}


def test_rows_of_a_run_that_goes_on_are_read(project, api, other, wait):
    run = wandb.init(project=project, id="r1")
    for step in range(3):
        run.log({"x": step})
    wait(lambda: [row["x"] for row in wandb.Api().run(run.path).scan_history()] in ([0, 1], [0, 1, 2]))
    assert wandb.Api().run(run.path).state == "running"
    assert other.run(project, "r1").info.status == "RUNNING"
    run.finish()
    assert [row["x"] for row in api.run(run.path).scan_history()] == [0, 1, 2]
