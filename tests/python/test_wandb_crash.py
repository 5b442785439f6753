"""The server is killed while W&B's client logs, and comes back: every step is there, once."""

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from conftest import REPOSITORY, TRACKSIDE_START_SECS, free_port, wait_until_healthy
from mlflow import MlflowClient
from test_wandb_door import NEWEST, client
from wandb_session import variables

STEPS = 3000
TRAIN = f"""
import time, wandb
with wandb.init(project="crash", id="r1", config={{"lr": 0.1}}) as run:
    for step in range({STEPS}):
        run.log({{"x": step, "y": step / 7}})
        time.sleep(0.003)
    open("notes.txt", "w").write("kept")
    run.save("notes.txt")
"""
READ = """
import json, wandb
run = wandb.Api().run("local/crash/r1")
rows = [[row["_step"], row["x"]] for row in run.scan_history()]
print(json.dumps({"rows": rows, "state": run.state, "summary": run.summary["x"], "config": run.config}))
"""


class Mortal:
    """A server that is killed and started again at one port."""

    def __init__(self, root):
        self.root, self.port, self.process = root, free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        binary = Path(os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside")
        command = [str(binary), "serve", "--port", str(self.port), "--data-dir", str(self.root / "data")]
        log = self.root / "server.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        wait_until_healthy(self.process, self.url, log, TRACKSIDE_START_SECS)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def n_points(self):
        """How many points have arrived, or 0 while there is no run."""
        client = MlflowClient(self.url, self.url)
        experiment = client.get_experiment_by_name("crash")
        runs = client.search_runs([experiment.experiment_id]) if experiment else []
        return len(client.get_metric_history(runs[0].info.run_id, "x")) if runs else 0


@contextmanager
def mortal(root):
    server = Mortal(root)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def test_every_step_is_there_after_two_kills(tmp_path):
    (home := tmp_path / "home").mkdir()
    with mortal(tmp_path) as server:
        environment = os.environ | variables(server.url, home)
        script = home / "train.py"
        script.write_text(TRAIN)
        with subprocess.Popen([client(NEWEST), str(script)], env=environment, cwd=home) as training:
            seen = 0
            for _ in range(2):
                deadline = time.monotonic() + 60
                while (now := server.n_points()) <= seen:
                    assert time.monotonic() < deadline and training.poll() is None, "nothing arrives"
                    time.sleep(0.1)
                seen = now
                server.kill()
                server.start()
            assert training.wait(120) == 0
        assert seen < STEPS, "it was over before the server was killed"
        found = subprocess.run([client(NEWEST), "-c", READ], env=environment, cwd=home, capture_output=True, text=True)
        assert found.returncode == 0, found.stdout + found.stderr
        read = json.loads(found.stdout)
        assert read["rows"] == [[step, step] for step in range(STEPS)]
        assert (read["state"], read["summary"], read["config"]) == ("finished", STEPS - 1, {"lr": 0.1})
        mlflow = MlflowClient(server.url, server.url)
        [run] = mlflow.search_runs([mlflow.get_experiment_by_name("crash").experiment_id])
        points = mlflow.get_metric_history(run.info.run_id, "y")
        assert [(point.step, point.value) for point in points] == [(step, step / 7) for step in range(STEPS)]
        assert "notes.txt" in [file.path for file in mlflow.list_artifacts(run.info.run_id)]
