"""Models: signatures and examples, loading them back by every address, logged models, evaluation."""

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.datasets import load_iris, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, r2_score

pytest_plugins = "mlflow_session"


class Doubler(mlflow.pyfunc.PythonModel):
    """A model of our own, with a file beside it."""

    def load_context(self, context):
        with open(context.artifacts["factor"]) as file:
            self.factor = float(file.read())

    def predict(self, context, model_input, params=None):
        return model_input["x"] * self.factor + (params or {}).get("offset", 0)


@pytest.fixture(scope="module")
def flowers():
    return load_iris(as_frame=True, return_X_y=True)


@pytest.fixture(scope="module")
def classifier(flowers):
    return LogisticRegression(max_iter=300).fit(*flowers)


def test_signature_and_example(fluent, flowers, classifier):
    x, _ = flowers
    signature = infer_signature(x, classifier.predict(x))
    with fluent.start_run() as run:
        info = fluent.sklearn.log_model(
            classifier, name="flowers", signature=signature, input_example=x.head(2), pip_requirements=["scikit-learn"]
        )
    assert info.signature == signature
    found = fluent.models.get_model_info(info.model_uri)
    assert (found.signature, found.model_id, found.run_id) == (signature, info.model_id, run.info.run_id)
    loaded = fluent.pyfunc.load_model(info.model_uri)
    assert loaded.input_example.equals(x.head(2))
    assert np.array_equal(loaded.predict(x), classifier.predict(x))
    with pytest.raises(MlflowException, match="schema"):
        loaded.predict(x.drop(columns=x.columns[0]))
    native = fluent.sklearn.load_model(info.model_uri)
    assert np.array_equal(native.coef_, classifier.coef_)


def test_a_model_of_our_own_by_every_address(fluent, unique, tmp_path):
    (tmp_path / "factor.txt").write_text("2")
    name = unique("doubler")
    example = pd.DataFrame({"x": [1.0, 2.5]})
    signature = infer_signature(example, example["x"], params={"offset": 1.0})
    with fluent.start_run() as run:
        info = fluent.pyfunc.log_model(
            name="doubler",
            python_model=Doubler(),
            artifacts={"factor": str(tmp_path / "factor.txt")},
            signature=signature,
            registered_model_name=name,
            pip_requirements=[],
            metadata={"origin": "session"},
        )
    fluent.MlflowClient().set_registered_model_alias(name, "best", "1")
    addresses = [info.model_uri, f"runs:/{run.info.run_id}/doubler", f"models:/{name}/1", f"models:/{name}@best"]
    addresses += [f"models:/{name}/latest", info.artifact_path]
    for uri in addresses:
        loaded = fluent.pyfunc.load_model(uri)
        assert list(loaded.predict(example)) == [2.0 + 1, 5.0 + 1], uri
        assert list(loaded.predict(example, params={"offset": 0.0})) == [2.0, 5.0]
        assert loaded.metadata.metadata == {"origin": "session"}
    version = fluent.MlflowClient().get_model_version(name, "1")
    assert (version.run_id, version.source, version.status) == (run.info.run_id, info.model_uri, "READY")


def test_a_logged_model_step_by_step(fluent, experiment_id):
    with fluent.start_run() as run:
        model = fluent.initialize_logged_model("stepwise", params={"depth": "3"}, tags={"a": "1"}, model_type="tree")
        assert (model.status, model.source_run_id) == (LoggedModelStatus.PENDING, run.info.run_id)
        fluent.log_model_params({"width": "5"}, model.model_id)
        fluent.set_logged_model_tags(model.model_id, {"b": "2", "c": "3"})
        fluent.delete_logged_model_tag(model.model_id, "c")
        data = fluent.data.from_numpy(np.arange(4), name="digits")
        for step, value in enumerate([0.5, 0.75]):
            fluent.log_metric("accuracy", value, step=step, model_id=model.model_id, dataset=data)
        fluent.finalize_logged_model(model.model_id, "READY")
    found = fluent.get_logged_model(model.model_id)
    assert (found.name, found.model_type, found.status) == ("stepwise", "tree", LoggedModelStatus.READY)
    tags = {key: value for key, value in found.tags.items() if not key.startswith("mlflow.")}
    assert (found.params, tags) == ({"depth": "3", "width": "5"}, {"a": "1", "b": "2"})
    measured = {(m.key, m.step, m.value, m.dataset_name, m.dataset_digest, m.run_id) for m in found.metrics}
    assert measured == {
        ("accuracy", step, value, "digits", data.digest, run.info.run_id) for step, value in enumerate([0.5, 0.75])
    }
    assert fluent.get_run(run.info.run_id).data.metrics == {"accuracy": 0.75}
    assert fluent.last_logged_model().model_id == model.model_id


def test_external_models_and_their_search(fluent, experiment_id):
    models = {}
    with fluent.start_run():
        for index, kind in enumerate(["agent", "agent", "tool"]):
            model = fluent.create_external_model(f"external-{index}", params={"index": str(index)}, model_type=kind)
            fluent.log_metric("score", index / 4, model_id=model.model_id)
            models[model.model_id] = index
    (only,) = fluent.search_logged_models([experiment_id], "model_type = 'tool'", output_format="list")
    assert models[only.model_id] == 2 and only.tags["mlflow.model.isExternal"] == "true"
    frame = fluent.search_logged_models(
        [experiment_id],
        "metrics.score >= 0.25 AND params.index != '9'",
        order_by=[{"field_name": "metrics.score", "ascending": False}],
    )
    assert [models[model_id] for model_id in frame["model_id"]] == [2, 1]
    assert list(frame["model_type"]) == ["tool", "agent"]
    for model_id in models:
        fluent.MlflowClient().delete_logged_model(model_id)
    assert fluent.search_logged_models([experiment_id]).empty


def test_evaluation_of_a_classifier(fluent, flowers, classifier, experiment_id):
    x, y = flowers
    data = x.assign(target=y)
    with fluent.start_run() as run:
        info = fluent.sklearn.log_model(classifier, name="flowers", input_example=x.head(1), pip_requirements=[])
        result = fluent.models.evaluate(
            info.model_uri,
            data,
            targets="target",
            model_type="classifier",
            evaluators="default",
            evaluator_config={"log_model_explainability": False},
        )
    found = fluent.get_run(run.info.run_id)
    predicted = classifier.predict(x)
    assert found.data.metrics["accuracy_score"] == accuracy_score(y, predicted)
    assert found.data.metrics["f1_score"] == pytest.approx(f1_score(y, predicted, average="weighted"), rel=1e-12)
    assert {key: found.data.metrics[key] for key in result.metrics} == result.metrics
    files = {file.path for file in fluent.artifacts.list_artifacts(run_id=run.info.run_id)}
    assert {"confusion_matrix.png", "per_class_metrics.csv"} <= files and len(files) >= len(result.artifacts)
    (entry,) = [
        e for e in found.inputs.dataset_inputs if any(tag.value == "eval" for tag in e.tags)
    ] or found.inputs.dataset_inputs
    assert entry.dataset.digest
    linked = {metric.key: metric.value for metric in fluent.get_logged_model(info.model_id).metrics}
    assert linked["accuracy_score"] == result.metrics["accuracy_score"]


def test_evaluation_of_predictions(fluent):
    x, y = make_regression(60, 3, noise=5, random_state=1)
    predicted = LinearRegression().fit(x, y).predict(x)
    frame = pd.DataFrame(x, columns=list("abc")).assign(truth=y, guess=predicted)
    data = fluent.data.from_pandas(frame, targets="truth", predictions="guess", name="guesses")
    worst = fluent.models.make_metric(
        eval_fn=lambda predictions, targets, metrics: float((predictions - targets).abs().max()),
        greater_is_better=False,
        name="worst",
    )
    with fluent.start_run() as run:
        result = fluent.models.evaluate(data=data, model_type="regressor", extra_metrics=[worst])
    found = fluent.get_run(run.info.run_id)
    assert found.data.metrics == result.metrics
    assert result.metrics["mean_absolute_error"] == pytest.approx(mean_absolute_error(y, predicted))
    assert result.metrics["r2_score"] == pytest.approx(r2_score(y, predicted))
    assert result.metrics["worst"] == pytest.approx(np.abs(y - predicted).max())
    assert [entry.dataset.name for entry in found.inputs.dataset_inputs] == ["guesses"]
