"""An ordinary training script: it knows MLflow and nothing else. `test_fanout.py` runs it against Trackside."""

import math
import sys

import mlflow


def main(folder):
    mlflow.set_experiment("everywhere")
    with mlflow.start_run(run_name="parent", tags={"team": "a/b"}, description="a *note*") as parent:
        mlflow.log_params({"lr": 0.1, "layers": [3, 4], "unicode": "größe 🦊"})
        for step in range(50):
            mlflow.log_metrics({"loss": 1 / (step + 1), "acc": step / 50}, step=step)
        mlflow.log_metric("odd/one", math.inf, step=1)
        mlflow.log_metric("odd/one", -math.inf, step=2)
        mlflow.log_metric("odd/one", math.nan, step=3)
        mlflow.log_text("hello", "notes/hello.txt")
        with open(f"{folder}/weights.bin", "wb") as file:
            file.write(bytes(range(256)) * 4_000)
        mlflow.log_artifact(f"{folder}/weights.bin", "model")
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("loss", 0.25, step=1)
            mlflow.set_tag("gone", "soon")
            mlflow.delete_tag("gone")
    print(parent.info.run_id, child.info.run_id)


if __name__ == "__main__":
    main(sys.argv[1])
