"""Train a digit classifier with scikit-learn and track everything with MLflow.

The data set (1,797 images of 8x8 pixels) comes with scikit-learn; nothing is downloaded.

    pip install mlflow scikit-learn matplotlib
    export MLFLOW_TRACKING_URI=http://127.0.0.1:5000
    python train_digits.py

The script searches a few hyper-parameters, one nested run each, keeps the best model, registers it and
then starts itself again with --load: a fresh process fetches the model from the registry and must
repeat the predictions that were stored with it.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, classification_report, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

SEED = 7
BATCH_SIZE = 64
HIDDEN_UNITS = (16, 64)
LEARNING_RATES = (0.001, 0.01)


def load_data():
    """Return the images as a frame of pixels in 0..1, split into training and test sets."""
    digits = load_digits(as_frame=True)
    return train_test_split(
        digits.data / 16.0, digits.target, test_size=0.25, stratify=digits.target, random_state=SEED
    )


def log_data(x_train, x_test, y_train, y_test):
    for x, y, context in ((x_train, y_train, "training"), (x_test, y_test, "testing")):
        frame = pd.concat([x, y], axis=1)
        dataset = mlflow.data.from_pandas(frame, targets="target", name=f"digits-{context}")
        mlflow.log_input(dataset, context=context)


def train_baseline(x_train, x_test, y_train, y_test):
    """Fit a linear model and let autologging record it."""
    mlflow.sklearn.autolog(log_models=False, silent=True)
    with mlflow.start_run(run_name="baseline", nested=True):
        model = LogisticRegression(C=0.5, max_iter=500, random_state=SEED).fit(x_train, y_train)
        accuracy = accuracy_score(y_test, model.predict(x_test))
        mlflow.log_metric("test_accuracy", accuracy)
    mlflow.sklearn.autolog(disable=True)
    return accuracy


def train_network(hidden_units, learning_rate, epochs, x_train, x_test, y_train, y_test):
    """Train a small network, logging loss and accuracy after each epoch."""
    with mlflow.start_run(run_name=f"mlp-{hidden_units}-{learning_rate}", nested=True) as run:
        mlflow.log_params(
            {
                "hidden_units": hidden_units,
                "learning_rate": learning_rate,
                "batch_size": BATCH_SIZE,
                "epochs": epochs,
                "seed": SEED,
            }
        )
        mlflow.set_tag("model_family", "mlp")
        model = MLPClassifier(
            hidden_layer_sizes=(hidden_units,),
            learning_rate_init=learning_rate,
            batch_size=BATCH_SIZE,
            random_state=SEED,
        )
        classes = np.unique(y_train)
        for epoch in range(epochs):
            model.partial_fit(x_train, y_train, classes=classes)
            mlflow.log_metrics(
                {
                    "train_loss": model.loss_,
                    "train_accuracy": model.score(x_train, y_train),
                    "test_loss": log_loss(y_test, model.predict_proba(x_test)),
                    "test_accuracy": model.score(x_test, y_test),
                },
                step=epoch,
            )
        return run.info.run_id, model, model.score(x_test, y_test)


def log_evaluation(model, x_test, y_test):
    """Log a confusion matrix, a report by class, and the predictions on the test set."""
    predicted = model.predict(x_test)
    figure, axes = plt.subplots(figsize=(6, 6))
    ConfusionMatrixDisplay.from_predictions(y_test, predicted, ax=axes, colorbar=False)
    mlflow.log_figure(figure, "plots/confusion_matrix.png")
    plt.close(figure)

    report = classification_report(y_test, predicted, output_dict=True, zero_division=0)
    mlflow.log_dict(report, "report.json")
    mlflow.log_text(classification_report(y_test, predicted, zero_division=0), "report.txt")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "predictions.csv")
        pd.DataFrame({"target": y_test, "predicted": predicted}).to_csv(path, index_label="image")
        mlflow.log_artifact(path, artifact_path="evaluation")


def train(args):
    data = load_data()
    x_train, x_test, _, y_test = data
    mlflow.set_experiment(args.experiment)
    with mlflow.start_run(run_name="digits-search", description="Search for the best digit classifier") as parent:
        mlflow.set_tags({"dataset": "digits", "purpose": "example"})
        mlflow.log_params({"epochs": args.epochs, "n_train": len(x_train), "n_test": len(x_test), "seed": SEED})
        log_data(*data)

        baseline = train_baseline(*data)
        print(f"baseline: test accuracy {baseline:.4f}")
        results = []
        for hidden_units, learning_rate in itertools.product(HIDDEN_UNITS, LEARNING_RATES):
            results.append(train_network(hidden_units, learning_rate, args.epochs, *data))
            print(f"{hidden_units} hidden units, learning rate {learning_rate}: test accuracy {results[-1][2]:.4f}")

        best_run_id, model, accuracy = max(results, key=lambda result: result[2])
        mlflow.log_metrics({"best_test_accuracy": accuracy, "baseline_test_accuracy": baseline})
        mlflow.set_tag("best_run_id", best_run_id)
        log_evaluation(model, x_test, y_test)
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(x_test, model.predict(x_test)),
            input_example=x_test.head(3),
            serialization_format="cloudpickle",
            pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
        )

    version = mlflow.register_model(logged.model_uri, args.model_name).version
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(args.model_name, "champion", version)
    client.transition_model_version_stage(args.model_name, version, stage="Staging", archive_existing_versions=True)
    client.set_model_version_tag(args.model_name, version, "test_accuracy", f"{accuracy:.4f}")

    print(f"best: run {best_run_id} with test accuracy {accuracy:.4f}")
    print(f"run:   {parent.info.run_id} in experiment '{args.experiment}'")
    print(f"model: models:/{args.model_name}@champion is version {version}, in stage Staging")
    print(f"look:  {mlflow.get_tracking_uri()}")


def check(args):
    """Load the champion and compare its predictions with those stored by the run that trained it."""
    model = mlflow.sklearn.load_model(f"models:/{args.model_name}@champion")
    version = mlflow.MlflowClient().get_model_version_by_alias(args.model_name, "champion")
    path = mlflow.artifacts.download_artifacts(run_id=version.run_id, artifact_path="evaluation/predictions.csv")
    stored = pd.read_csv(path, index_col="image")
    _, x_test, _, y_test = load_data()
    same = np.array_equal(stored["target"], y_test) and np.array_equal(stored["predicted"], model.predict(x_test))
    print(f"check: version {version.version}, {len(stored)} predictions are {'identical' if same else 'DIFFERENT'}")
    return 0 if same else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiment", default="digits")
    parser.add_argument("--model-name", default="digits")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--load", action="store_true", help="only load the registered model and check it")
    args = parser.parse_args()
    if args.load:
        return check(args)
    train(args)
    return subprocess.call([sys.executable, __file__, "--load", "--model-name", args.model_name])


if __name__ == "__main__":
    sys.exit(main())
