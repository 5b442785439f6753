"""Fixtures of the client tests: a real MLflow client, an experiment of its own and a run for each test.

A pytest plugin; the test modules load it by `pytest_plugins`. The servers come from `conftest.py`. Nothing here or in
the tests knows which server answers: set TRACKSIDE_URL to a real `mlflow server`, and they must pass as well.
"""

import os
import uuid

# Read by the client whenever it is used. One retry, so that a server that fails is noticed in seconds.
os.environ.update(
    MLFLOW_HTTP_REQUEST_MAX_RETRIES="1",
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR="0",
    MLFLOW_HTTP_REQUEST_TIMEOUT="60",
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
    MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="true",
    MLFLOW_DISABLE_TELEMETRY="true",
    DO_NOT_TRACK="true",
)
# What the client takes from here, and leaves here for its subprocesses.
TARGETS = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_RUN_ID",
)
for name in TARGETS:
    os.environ.pop(name, None)

import mlflow
import pytest
from mlflow import MlflowClient


@pytest.fixture(scope="session")
def client(trackside):
    return MlflowClient(tracking_uri=trackside.url, registry_uri=trackside.url)


@pytest.fixture
def unique():
    """Make names that no other test, and no earlier session on the same server, has used."""
    suffix = uuid.uuid4().hex[:12]
    return lambda name: f"{name}-{suffix}"


@pytest.fixture
def experiment_id(client, request, unique):
    return client.create_experiment(unique(request.node.originalname))


@pytest.fixture
def run_id(client, experiment_id):
    return client.create_run(experiment_id).info.run_id


@pytest.fixture
def fluent(trackside, experiment_id):
    """The module `mlflow`, directed at the server and at the test's own experiment."""
    mlflow.set_tracking_uri(trackside.url)
    mlflow.set_experiment(experiment_id=experiment_id)
    yield mlflow
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)
    for name in TARGETS:
        os.environ.pop(name, None)
