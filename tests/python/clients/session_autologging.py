"""Autologging: what the libraries did is what the server has."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pytest_plugins = "mlflow_session"


@pytest.fixture
def autologged(fluent):
    """MLflow with autologging off again afterwards."""
    yield fluent
    fluent.sklearn.autolog(disable=True)
    fluent.keras.autolog(disable=True)


@pytest.fixture(scope="module")
def flowers():
    return load_iris(as_frame=True, return_X_y=True)


def only_run(fluent, experiment_id):
    (run,) = fluent.search_runs([experiment_id], output_format="list")
    return run


def test_scikit_learn(autologged, experiment_id, flowers):
    x, y = flowers
    autologged.sklearn.autolog(log_input_examples=True)
    model = LogisticRegression(C=0.5, max_iter=300).fit(x, y)
    accuracy = accuracy_score(y, model.predict(x))
    run = only_run(autologged, experiment_id)
    assert run.info.status == "FINISHED"
    expected = {key: str(value) for key, value in model.get_params().items()}
    assert run.data.params == expected
    assert run.data.metrics["training_accuracy_score"] == accuracy
    assert run.data.metrics["training_log_loss"] == pytest.approx(log_loss(y, model.predict_proba(x)), rel=1e-12)
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    (dataset,) = run.inputs.dataset_inputs
    assert {tag.key: tag.value for tag in dataset.tags} == {"mlflow.data.context": "train"}
    assert "training_confusion_matrix.png" in {
        file.path for file in autologged.artifacts.list_artifacts(run_id=run.info.run_id)
    }

    (logged,) = autologged.search_logged_models([experiment_id], output_format="list")
    assert (logged.source_run_id, str(logged.status)) == (run.info.run_id, "READY")
    assert [output.model_id for output in run.outputs.model_outputs] == [logged.model_id]
    assert {metric.key: metric.value for metric in logged.metrics} == run.data.metrics
    loaded = autologged.sklearn.load_model(logged.model_uri)
    assert np.array_equal(loaded.predict_proba(x), model.predict_proba(x))
    example = autologged.pyfunc.load_model(logged.model_uri).input_example
    assert example.to_dict() == x.head(5).to_dict()


def test_a_search_for_parameters(autologged, experiment_id, flowers):
    x, y = flowers
    autologged.sklearn.autolog(max_tuning_runs=None, log_models=False, log_datasets=False)
    grid = {"logisticregression__C": [0.1, 1.0, 10.0]}
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    search = GridSearchCV(pipeline, grid, cv=3).fit(x, y)
    parent = autologged.search_runs([experiment_id], "tags.estimator_name = 'GridSearchCV'", output_format="list")[0]
    assert parent.data.params["best_logisticregression__C"] == str(search.best_params_["logisticregression__C"])
    assert parent.data.metrics["best_cv_score"] == search.best_score_
    children = autologged.search_runs(
        [experiment_id],
        f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
        order_by=["metrics.mean_test_score DESC"],
    )
    scores = dict(zip(children["params.logisticregression__C"], children["metrics.mean_test_score"], strict=True))
    assert scores == dict(
        zip(map(str, grid["logisticregression__C"]), search.cv_results_["mean_test_score"], strict=True)
    )
    assert list(children["metrics.mean_test_score"]) == sorted(scores.values(), reverse=True)
    results = autologged.artifacts.download_artifacts(run_id=parent.info.run_id, artifact_path="cv_results.csv")
    assert list(pd.read_csv(results)["mean_test_score"]) == list(search.cv_results_["mean_test_score"])


def test_keras(autologged, experiment_id, flowers):
    x, y = (part.to_numpy() for part in flowers)
    x = x.astype("float32")
    autologged.keras.autolog()
    keras.utils.set_random_seed(7)
    layers = [keras.Input([4]), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    network = keras.Sequential(layers)
    network.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = network.fit(x, y, batch_size=32, epochs=4, validation_data=(x[:30], y[:30]), verbose=0).history
    autologged.flush_async_logging()

    run = only_run(autologged, experiment_id)
    assert run.info.status == "FINISHED"
    assert {key: run.data.params[key] for key in ("batch_size", "epochs", "optimizer_name")} == {
        "batch_size": "32",
        "epochs": "4",
        "optimizer_name": "adam",
    }
    assert float(run.data.params["optimizer_learning_rate"]) == pytest.approx(0.01)
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    client = autologged.MlflowClient()
    for key, values in history.items():
        points = client.get_metric_history(run.info.run_id, key)
        assert [(point.step, point.value) for point in points] == list(enumerate(values))
    contexts = {
        tag.value for entry in run.inputs.dataset_inputs for tag in entry.tags if tag.key == "mlflow.data.context"
    }
    assert "train" in contexts
    summary = autologged.artifacts.load_text(f"runs:/{run.info.run_id}/model_summary.txt")
    assert "Total params" in summary

    (logged,) = autologged.search_logged_models([experiment_id], output_format="list")
    assert (logged.source_run_id, str(logged.status)) == (run.info.run_id, "READY")
    loaded = autologged.keras.load_model(logged.model_uri)
    assert np.allclose(loaded.predict(x, verbose=0), network.predict(x, verbose=0), atol=1e-6)
    signature = autologged.models.get_model_info(logged.model_uri).signature
    assert signature.inputs.to_dict()[0]["tensor-spec"]["shape"] == (-1, 4)
