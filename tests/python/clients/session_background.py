"""What clients send from threads of their own: asynchronous logging, system metrics, parallel runs."""

import math
import threading

import mlflow
import pytest
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

pytest_plugins = "mlflow_session"


def history(run_id, key):
    return [(point.step, point.value) for point in mlflow.MlflowClient().get_metric_history(run_id, key)]


@pytest.mark.parametrize("buffering", [None, "1"])
def test_asynchronous_logging(fluent, monkeypatch, buffering):
    if buffering:
        monkeypatch.setenv("MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS", buffering)
    operations = []
    with fluent.start_run() as run:
        for step in range(30):
            operations.append(fluent.log_metrics({"a": step, "b": math.sin(step)}, step=step, synchronous=False))
            operations.append(fluent.log_param(f"p{step}", step, synchronous=False))
        operations.append(fluent.set_tags({f"t{index}": index for index in range(20)}, synchronous=False))
        for operation in operations:
            operation.wait()
    fluent.flush_async_logging()
    found = fluent.get_run(run.info.run_id)
    assert found.data.params == {f"p{step}": str(step) for step in range(30)}
    assert history(run.info.run_id, "a") == [(step, float(step)) for step in range(30)]
    assert history(run.info.run_id, "b") == [(step, math.sin(step)) for step in range(30)]
    assert found.data.metrics == {"a": 29.0, "b": math.sin(29)}
    assert {key: value for key, value in found.data.tags.items() if key[0] == "t"} == {
        f"t{i}": str(i) for i in range(20)
    }


def test_asynchronous_logging_for_all(fluent):
    fluent.config.enable_async_logging()
    try:
        with fluent.start_run() as run:
            for step in range(20):
                fluent.log_metric("m", step, step=step)
            fluent.log_params({"x": 1, "y": 2})
            fluent.set_tag("kind", "async")
        fluent.flush_async_logging()
    finally:
        fluent.config.enable_async_logging(False)
    found = fluent.get_run(run.info.run_id)
    assert (found.data.params, found.data.tags["kind"]) == ({"x": "1", "y": "2"}, "async")
    assert history(run.info.run_id, "m") == [(step, float(step)) for step in range(20)]


def test_system_metrics(fluent, monkeypatch):
    published = threading.Semaphore(0)
    original = SystemMetricsMonitor.publish_metrics
    seen = []

    def publish(self, metrics):
        seen.append(dict(metrics))
        original(self, metrics)
        published.release()

    monkeypatch.setattr(SystemMetricsMonitor, "publish_metrics", publish)
    fluent.set_system_metrics_sampling_interval(0.05)
    fluent.set_system_metrics_samples_before_logging(1)
    try:
        with fluent.start_run(log_system_metrics=True) as run:
            for _ in range(3):
                assert published.acquire(timeout=60)
    finally:
        fluent.set_system_metrics_sampling_interval(None)
        fluent.set_system_metrics_samples_before_logging(None)
    assert {"cpu_utilization_percentage", "system_memory_usage_megabytes", "disk_usage_percentage"} <= seen[0].keys()
    for key in seen[0]:
        expected = [(step, float(sample[key])) for step, sample in enumerate(seen)]
        assert history(run.info.run_id, f"system/{key}") == expected


def test_runs_in_parallel_threads(fluent, experiment_id):
    client = fluent.MlflowClient()
    ids = [client.create_run(experiment_id, run_name=f"thread-{index}").info.run_id for index in range(4)]

    def train(index):
        for step in range(25):
            fluent.log_metric("loss", index + step / 100, step=step, run_id=ids[index])
        client.set_terminated(ids[index])

    threads = [threading.Thread(target=train, args=[index]) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, run_id in enumerate(ids):
        assert history(run_id, "loss") == [(step, index + step / 100) for step in range(25)]
        assert client.get_run(run_id).info.status == "FINISHED"
