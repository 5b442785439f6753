"""What the real W&B client does in test_sink_wandb.py, and the training that it shares with the MLflow client there.

    python wandb_client.py log <run id>       logs the training
    python wandb_client.py resume <run id>    resumes that run and logs no more
    python wandb_client.py read <run path>    prints the run as JSON

The environment says where the server is. Importing this module needs no W&B.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = "shapes"
NAME = "first try"
NOTES = "what the run is about"
PARAMS = {"lr": 0.001, "epochs": 20, "warm": True, "optimizer": "adam", "tiny": 1e-05, "none": None}
N_STEPS = 20
FILE = ("model/weights.txt", "w" * 1000)


def metrics(step: int) -> dict[str, float]:
    """What is measured at a step; also numbers that JSON lacks."""
    special = {3: float("nan"), 4: float("inf"), 5: float("-inf")}
    return {"train/loss": 1 / (step + 1), "acc": step / 7, "odd": special.get(step, float(step))}


def init(run_id: str, **more):
    import wandb

    settings = wandb.Settings(x_disable_stats=True, console="off", silent=True, disable_git=True)
    return wandb.init(project=PROJECT, id=run_id, settings=settings, **more)


def log(run_id: str) -> None:
    run = init(run_id, name=NAME, notes=NOTES, config=PARAMS)
    for step in range(N_STEPS):
        run.log(metrics(step), step=step)
    with TemporaryDirectory() as folder:
        file = Path(folder) / FILE[0]
        file.parent.mkdir()
        file.write_text(FILE[1])
        run.save(str(file), base_path=folder, policy="now")
        run.finish()


def resume(run_id: str) -> None:
    init(run_id, resume="must").finish()


def read(path: str) -> None:
    import wandb

    run = wandb.Api().run(path)
    with TemporaryDirectory() as folder:
        files = {file.name: Path(file.download(folder).name).read_text() for file in run.files()}
    report = {
        "name": run.name,
        "state": run.state,
        "notes": run.notes,
        "config": run.config,
        "summary": dict(run.summary),
        "history": list(run.scan_history()),
        "files": files,
    }
    print(json.dumps(report, default=dict))


if __name__ == "__main__":
    {"log": log, "resume": resume, "read": read}[sys.argv[1]](sys.argv[2])
