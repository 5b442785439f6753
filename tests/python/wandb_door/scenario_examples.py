"""Scripts of the kind that public examples are, with small stand-ins for what they train."""

from pathlib import Path

import numpy as np
import wandb
from wandb_session import columns, every_line


@every_line
def test_a_training_loop(project, api, other, tmp_path):
    """Epochs and batches as with PyTorch; a checkpoint for each epoch, the best one is named."""
    random = np.random.default_rng(1)
    x = random.normal(size=(256, 3))
    y = x @ np.array([1.0, -2.0, 0.5])
    weights, best = np.zeros(3), np.inf
    with wandb.init(project=project, id="r1", config={"epochs": 3, "batch": 32, "lr": 0.1}) as run:
        run.define_metric("val/loss", summary="min")
        for epoch in range(run.config.epochs):
            for start in range(0, len(x), run.config["batch"]):
                part = slice(start, start + run.config["batch"])
                error = x[part] @ weights - y[part]
                weights -= run.config["lr"] * x[part].T @ error / len(error)
                run.log({"train/loss": float((error**2).mean()), "epoch": epoch})
            loss = float(((x @ weights - y) ** 2).mean())
            run.log({"val/loss": loss, "epoch": epoch})
            np.save(tmp_path / "net.npy", weights)
            artifact = wandb.Artifact("net", type="model", metadata={"val_loss": loss})
            artifact.add_file(str(tmp_path / "net.npy"))
            run.log_artifact(artifact, aliases=["latest", f"epoch-{epoch}"] + ["best"] * (loss < best))
            best = min(best, loss)
    read = api.run(run.path)
    assert len(list(read.scan_history(keys=["train/loss"]))) == 24
    assert read.summary["val/loss"]["min"] == best
    model = api.artifact(f"local/{project}/net:best")
    assert model.metadata["val_loss"] == best
    assert np.array_equal(np.load(Path(model.download(root=str(tmp_path / "down")), "net.npy")), weights)
    assert len(other.points(other.run(project, "r1"), "train/loss")) == 24


class Estimator:
    """Has parameters and scores, as scikit-learn's have."""

    def __init__(self, **parameters):
        self.parameters = parameters

    def get_params(self):
        return self.parameters

    def fit(self, x, y):
        self.mean = y.mean()
        return self

    def predict(self, x):
        return np.full(len(x), self.mean > 0.5).astype(int)


def test_an_estimator(project, api, other):
    """A search over parameters, a confusion matrix and a table of predictions, as with scikit-learn."""
    y = np.array([0, 1, 1, 1, 0, 1])
    x = np.arange(len(y))
    for depth in (1, 2):
        model = Estimator(max_depth=depth, criterion="gini", random_state=None).fit(x, y)
        with wandb.init(project=project, id=f"depth-{depth}", config=model.get_params(), group="search") as run:
            predicted = model.predict(x)
            run.summary["accuracy"] = float((predicted == y).mean())
            run.log({"predictions": wandb.Table(columns=["x", "y", "p"], data=[list(map(int, row)) for row in zip(x, y, predicted)])})
            run.log({"matrix": wandb.plot.confusion_matrix(y_true=list(map(int, y)), preds=list(map(int, predicted)), class_names=["a", "b"])})
    runs = api.runs(f"local/{project}", {"config.max_depth": 2})
    assert [(run.id, run.summary["accuracy"]) for run in runs] == [("depth-2", 4 / 6)]
    assert other.run(project, "depth-1").data.metrics["accuracy"] == 4 / 6


class Callback:
    """Reports to W&B what a trainer tells it, as the callback of Hugging Face's trainer does."""

    def __init__(self, **init):
        self.run = wandb.init(**init)
        self.run.define_metric("train/global_step")
        self.run.define_metric("*", step_metric="train/global_step", step_sync=True)

    def on_log(self, step, logs):
        prefixed = {("eval/" + key[5:] if key.startswith("eval_") else "train/" + key): value for key, value in logs.items()}
        self.run.log({**prefixed, "train/global_step": step})

    def on_train_end(self, folder):
        artifact = wandb.Artifact(f"model-{self.run.id}", type="model")
        artifact.add_dir(folder)
        self.run.log_artifact(artifact, aliases=["final_model"])
        self.run.finish()


def test_a_trainer_with_a_callback(project, api, other, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("{}")
    (tmp_path / "out" / "pytorch_model.bin").write_bytes(bytes(1000))
    callback = Callback(project=project, id="r1", name="fine-tuning", config={"learning_rate": 5e-05, "seed": 42})
    callback.run.config.update({"model/num_parameters": 1000}, allow_val_change=True)
    for step in range(10, 60, 10):
        callback.on_log(step, {"loss": 1 / step, "learning_rate": 5e-05 * (1 - step / 60), "epoch": step / 60})
        callback.on_log(step, {"eval_loss": 2 / step, "eval_accuracy": step / 60})
    callback.on_train_end(str(tmp_path / "out"))
    read = api.run(f"local/{project}/r1")
    pairs = columns(read.scan_history(keys=["train/global_step", "eval/loss"]), "train/global_step", "eval/loss")
    assert pairs == [(step, 2 / step) for step in range(10, 60, 10)]
    assert (read.config["learning_rate"], read.config["model/num_parameters"]) == (5e-05, 1000)
    assert sorted(api.artifact(f"local/{project}/model-r1:final_model").manifest.entries) == ["config.json", "pytorch_model.bin"]
    assert other.run(project, "r1").data.metrics["eval/accuracy"] == 50 / 60


class WandbLogger:
    """Half of what a Lightning logger is."""

    def __init__(self, project):
        self.run = wandb.init(project=project, id="r1")
        self.run.define_metric("trainer/global_step")
        self.run.define_metric("*", step_metric="trainer/global_step", step_sync=True)

    def log_hyperparams(self, params):
        self.run.config.update(params, allow_val_change=True)

    def log_metrics(self, metrics, step):
        self.run.log({**metrics, "trainer/global_step": step})

    def finalize(self):
        self.run.finish()


class MlflowLogger:
    """The other."""

    def __init__(self, project, client):
        self.client = client
        experiment = client.get_experiment_by_name(project)
        self.run_id = client.create_run(experiment.experiment_id).info.run_id

    def log_hyperparams(self, params):
        for key, value in params.items():
            self.client.log_param(self.run_id, key, value)

    def log_metrics(self, metrics, step):
        for key, value in metrics.items():
            self.client.log_metric(self.run_id, key, value, step=step)

    def finalize(self):
        self.client.set_terminated(self.run_id)


def test_two_loggers_side_by_side(project, api, other):
    """As with Lightning: a trainer with a logger for each service. Both see both runs."""
    ours = WandbLogger(project)
    theirs = MlflowLogger(project, other.client)
    for logger in (ours, theirs):
        logger.log_hyperparams({"lr": 0.1, "layers": 3})
        for step in range(0, 50, 10):
            logger.log_metrics({"loss": 1 / (step + 1)}, step)
        logger.finalize()
    runs = [api.run(f"local/{project}/{name}") for name in ("r1", theirs.run_id)]
    assert [run.summary["loss"] for run in runs] == [1 / 41, 1 / 41]
    assert [float(run.config["lr"]) for run in runs] == [0.1, 0.1]
    seen = [other.run(project, "r1"), other.client.get_run(theirs.run_id)]
    assert [run.data.params for run in seen] == [{"lr": "0.1", "layers": "3"}] * 2
    assert [run.data.metrics["loss"] for run in seen] == [1 / 41, 1 / 41]
