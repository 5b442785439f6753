"""Metrics through the Python client: values, steps, histories, asynchronous and concurrent logging."""

import math
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

pytest_plugins = "mlflow_session"

T0 = 1_700_000_000_000


def history(client, run_id, key):
    return [(point.timestamp, point.step, point.value) for point in client.get_metric_history(run_id, key)]


def latest(client, run_id):
    return client.get_run(run_id).data.metrics


@pytest.mark.parametrize(
    "value",
    [0.0, 1.0, 0.1, 1 / 3, -math.pi, 5e-324, 2.2250738585072014e-308, sys.float_info.max, -1e-300, 2**53 + 1, True],
)
def test_a_value_is_kept_to_the_last_bit(client, run_id, value):
    client.log_metric(run_id, "m", value, timestamp=T0, step=1)
    client.log_batch(run_id, metrics=[Metric("batch", value, T0, 1)])
    for key in ("m", "batch"):
        ((timestamp, step, found),) = history(client, run_id, key)
        assert (timestamp, step, found.hex()) == (T0, 1, float(value).hex())
        assert latest(client, run_id)[key].hex() == float(value).hex()


def test_nan_and_infinities(client, run_id):
    for step, value in enumerate((math.nan, math.inf, -math.inf)):
        client.log_metric(run_id, f"single-{step}", value, timestamp=T0, step=step)
        client.log_batch(run_id, metrics=[Metric(f"batch-{step}", value, T0, step)])
    found = latest(client, run_id)
    for form in ("single", "batch"):
        assert math.isnan(found[f"{form}-0"])
        # MLflow stores an infinity as the largest double.
        assert found[f"{form}-1"] == sys.float_info.max
        assert found[f"{form}-2"] == -sys.float_info.max
        ((timestamp, step, value),) = history(client, run_id, f"{form}-0")
        assert (timestamp, step, math.isnan(value)) == (T0, 0, True)
        assert history(client, run_id, f"{form}-1") == [(T0, 1, sys.float_info.max)]
        assert history(client, run_id, f"{form}-2") == [(T0, 2, -sys.float_info.max)]


def test_the_latest_value_has_the_greatest_step_then_time_then_value(client, run_id):
    points = {
        "falling steps": [(T0, 9, 1.0), (T0 + 1, 5, 2.0), (T0 + 2, 3, 3.0)],
        "negative steps": [(T0 + 2, -5, 1.0), (T0 + 1, -1, 2.0), (T0, -9, 3.0)],
        "repeated step": [(T0 + 1, 7, 1.0), (T0 + 3, 7, 2.0), (T0 + 2, 7, 3.0)],
        "repeated step and time": [(T0, 7, 1.0), (T0, 7, 9.0), (T0, 7, 3.0)],
        "big steps": [(T0, 2**53 + 1, 1.0), (T0, 2**53, 2.0), (T0, -(2**53) - 1, 3.0)],
        "time 0": [(0, 0, 1.0), (1, 0, 2.0)],
    }
    for key, series in points.items():
        for timestamp, step, value in series:
            client.log_metric(run_id, key, value, timestamp=timestamp, step=step)
    expected = {
        "falling steps": 1.0,
        "negative steps": 2.0,
        "repeated step": 2.0,
        "repeated step and time": 9.0,
        "big steps": 1.0,
        "time 0": 2.0,
    }
    assert latest(client, run_id) == expected
    for key, series in points.items():
        assert history(client, run_id, key) == sorted(series)


def test_an_exact_repetition_is_one_point(client, run_id):
    for _ in range(2):
        client.log_metric(run_id, "m", 1.5, timestamp=T0, step=1)
        client.log_batch(run_id, metrics=[Metric("m", 1.5, T0, 1), Metric("m", 1.5, T0, 2)])
    assert history(client, run_id, "m") == [(T0, 1, 1.5), (T0, 2, 1.5)]


@pytest.mark.parametrize("key", ["loss", "Größe", "損失", "a b", "train/loss.avg-1_x: y", "x" * 250])
def test_keys(client, run_id, key):
    client.log_metric(run_id, key, 1, timestamp=T0)
    client.log_metric(run_id, key, 2, timestamp=T0, step=1)
    assert latest(client, run_id) == {key: 2.0}
    assert history(client, run_id, key) == [(T0, 0, 1.0), (T0, 1, 2.0)]


def test_a_negative_time_is_refused(client, run_id):
    for call in (
        lambda: client.log_metric(run_id, "m", 1, timestamp=-1),
        lambda: client.log_batch(run_id, metrics=[Metric("n", 1, T0, 0), Metric("m", 1, -1, 0)]),
    ):
        with pytest.raises(MlflowException) as error:
            call()
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    assert latest(client, run_id) == {}


def test_the_history_of_an_unknown_metric_is_empty(client, run_id):
    assert client.get_metric_history(run_id, "nothing") == []


def test_a_batch_of_1000_points(client, run_id):
    points = [Metric(f"m{i % 10}", i * 0.5, T0 + i, i - 500) for i in range(1000)]
    client.log_batch(run_id, metrics=points)
    assert latest(client, run_id) == {f"m{i % 10}": i * 0.5 for i in range(990, 1000)}
    for key in range(10):
        expected = [(T0 + i, i - 500, i * 0.5) for i in range(key, 1000, 10)]
        assert history(client, run_id, f"m{key}") == expected


def test_a_history_longer_than_one_page(client, run_id):
    """The client asks for pages of 25,000 points."""
    points = [Metric("loss", math.sin(i), T0 + i // 3, i) for i in range(30_000)]
    for start in range(0, len(points), 10_000):
        client.log_batch(run_id, metrics=points[start : start + 10_000])
    assert history(client, run_id, "loss") == [(T0 + i // 3, i, math.sin(i)) for i in range(30_000)]
    assert latest(client, run_id) == {"loss": math.sin(29_999)}


def test_threads_logging_to_one_run_lose_nothing(client, run_id):
    n_threads, n_steps = 6, 40
    start = threading.Barrier(n_threads)

    def log(thread):
        start.wait()
        for i in range(n_steps):
            step = i * n_threads + thread
            if i % 2:
                client.log_metric(run_id, "shared", step * 0.5, timestamp=T0 + step, step=step)
            else:
                client.log_batch(
                    run_id,
                    metrics=[Metric("shared", step * 0.5, T0 + step, step), Metric(f"own-{thread}", i, T0, i)],
                    params=[Param(f"param-{thread}-{i}", str(step))],
                    tags=[RunTag("last", str(step)), RunTag(f"tag-{thread}", str(i))],
                )

    with ThreadPoolExecutor(n_threads) as pool:
        for result in [pool.submit(log, thread) for thread in range(n_threads)]:
            result.result()

    n_points = n_threads * n_steps
    assert history(client, run_id, "shared") == [(T0 + step, step, step * 0.5) for step in range(n_points)]
    found = client.get_run(run_id).data
    assert found.metrics == {"shared": (n_points - 1) * 0.5} | {
        f"own-{thread}": n_steps - 2.0 for thread in range(n_threads)
    }
    assert found.params == {
        f"param-{thread}-{i}": str(i * n_threads + thread) for thread in range(n_threads) for i in range(0, n_steps, 2)
    }
    assert {key: found.tags[key] for key in found.tags if key.startswith("tag-")} == {
        f"tag-{thread}": str(n_steps - 2) for thread in range(n_threads)
    }
    assert int(found.tags["last"]) // n_threads == n_steps - 2


def test_threads_creating_runs_share_nothing(client, experiment_id):
    def record(index):
        run_id = client.create_run(experiment_id, run_name=f"run {index}").info.run_id
        client.log_param(run_id, "index", index)
        client.log_metric(run_id, "index", index)
        client.set_terminated(run_id)
        return run_id

    with ThreadPoolExecutor(6) as pool:
        run_ids = list(pool.map(record, range(24)))
    found = {run.info.run_id: run for run in client.search_runs([experiment_id])}
    assert set(found) == set(run_ids)
    assert len(found) == 24
    for index, run_id in enumerate(run_ids):
        run = found[run_id]
        assert (run.info.run_name, run.info.status) == (f"run {index}", "FINISHED")
        assert (run.data.params, run.data.metrics) == ({"index": str(index)}, {"index": float(index)})


def test_asynchronous_calls_of_one_run(client, run_id):
    """Ten threads of the client send these requests side by side and out of order."""
    operations = []
    for step in range(150):
        operations.append(
            client.log_metric(run_id, "loss", 1 / (step + 1), timestamp=T0 + step, step=step, synchronous=False)
        )
        operations.append(client.log_metric(run_id, "same step", step, timestamp=T0 + step, step=0, synchronous=False))
    for index in range(20):
        operations.append(client.log_param(run_id, f"p{index}", index, synchronous=False))
        operations.append(client.set_tag(run_id, f"t{index}", index, synchronous=False))
    operations.append(
        client.log_batch(run_id, metrics=[Metric(f"b{i}", i, T0, 0) for i in range(1500)], synchronous=False)
    )
    for operation in operations:
        operation.wait()

    assert history(client, run_id, "loss") == [(T0 + step, step, 1 / (step + 1)) for step in range(150)]
    assert history(client, run_id, "same step") == [(T0 + step, 0, float(step)) for step in range(150)]
    found = client.get_run(run_id).data
    assert found.metrics == {"loss": 1 / 150, "same step": 149.0} | {f"b{i}": float(i) for i in range(1500)}
    assert found.params == {f"p{index}": str(index) for index in range(20)}
    assert {key: value for key, value in found.tags.items() if key != "mlflow.runName"} == {
        f"t{index}": str(index) for index in range(20)
    }


def test_asynchronous_logging_switched_on(fluent, client):
    mlflow.config.enable_async_logging()
    try:
        with fluent.start_run() as run:
            fluent.log_params({"a": 1, "b": 2})
            fluent.set_tag("c", 3)
            for step in range(100):
                fluent.log_metric("loss", step / 3, step=step)
        fluent.flush_async_logging()
    finally:
        mlflow.config.enable_async_logging(False)
    found = client.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"a": "1", "b": "2"}
    assert found.data.tags["c"] == "3"
    points = client.get_metric_history(run.info.run_id, "loss")
    assert sorted((point.step, point.value) for point in points) == [(step, step / 3) for step in range(100)]
    assert found.data.metrics == {"loss": 33.0}
