"""Fit a line by gradient descent and track it with MLflow; needs nothing but mlflow-skinny.

    pip install mlflow-skinny
    export MLFLOW_TRACKING_URI=http://127.0.0.1:5000
    python train_minimal.py
"""

import random
import sys

import mlflow
from mlflow.tracking import MlflowClient

STEPS = 100


def descend(points, learning_rate):
    """Yield loss, slope and intercept before each of the steps."""
    slope = intercept = 0.0
    for _ in range(STEPS):
        errors = [slope * x + intercept - y for x, y in points]
        yield sum(e * e for e in errors) / len(points), slope, intercept
        slope -= learning_rate * 2 * sum(e * x for e, (x, _) in zip(errors, points)) / len(points)
        intercept -= learning_rate * 2 * sum(errors) / len(points)


def main(experiment="line"):
    rng = random.Random(7)
    points = [(x, 3 * x + 2 + rng.gauss(0, 0.1)) for x in (rng.uniform(-1, 1) for _ in range(50))]
    mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name="search") as parent:
        mlflow.set_tags({"model": "line", "purpose": "example"})
        mlflow.log_param("n_points", len(points))
        for learning_rate in (0.05, 0.5):
            with mlflow.start_run(run_name=f"rate-{learning_rate}", nested=True):
                mlflow.log_params({"learning_rate": learning_rate, "steps": STEPS})
                for step, (loss, slope, intercept) in enumerate(descend(points, learning_rate)):
                    mlflow.log_metrics({"loss": loss, "slope": slope, "intercept": intercept}, step=step)
                mlflow.log_text(f"y = {slope:.3f} x + {intercept:.3f}\n", "line.txt")

    client = MlflowClient()
    query = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    runs = client.search_runs([parent.info.experiment_id], query, order_by=["metrics.loss ASC"])
    for run in runs:
        history = client.get_metric_history(run.info.run_id, "loss")
        assert [point.step for point in history] == list(range(STEPS)), "a step is missing"
        print(f"rate {run.data.params['learning_rate']}: loss {history[0].value:.4f} -> {history[-1].value:.4f}")
    print(f"run {parent.info.run_id} in experiment '{experiment}' at {mlflow.get_tracking_uri()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
