"""W&B's client beside our own commands: `trackside import wandb` and `trackside run`."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import wandb
from wandb_session import columns


def trackside(*words, cwd=None):
    done = subprocess.run(
        [os.environ["TRACKSIDE_BIN"], *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def test_offline_runs_are_imported(project, url, api, other, tmp_path):
    (tmp_path / "notes.txt").write_text("offline")
    config = {"lr": 0.1, "nested": {"layers": [1, 2]}, "none": None}
    with wandb.init(
        project=project, id="r1", mode="offline", name="away", tags=["a"], group="g", notes="n", config=config
    ) as run:
        run.define_metric("loss", summary="min")
        for step in range(300):
            run.log({"loss": 1 / (step + 1), "nan": math.nan, "below": {"x": step}})
        run.summary["best"] = 0.5
        run.save(str(tmp_path / "notes.txt"), base_path=str(tmp_path))
    directory = Path(run.settings.sync_dir)
    # Once more changes nothing.
    for _ in range(2):
        [answer] = json.loads(trackside("import", "wandb", directory, "--url", url, "--json").stdout)
        assert (answer["run"], answer["rows"], answer["exit_code"], answer["missing_files"]) == ("r1", 300, 0, [])
    read = api.run(f"local/{project}/r1")
    assert (read.name, read.tags, read.group, read.notes, read.state) == ("away", ["a"], "g", "n", "finished")
    assert read.config == config
    rows = list(read.scan_history())
    assert [(row["_step"], row["below"]["x"]) for row in rows] == [(step, step) for step in range(300)]
    assert all(math.isnan(row["nan"]) for row in rows)
    assert read.summary["best"] == 0.5 and read.summary["loss"]["min"] == 1 / 300
    seen = other.run(project, "r1")
    assert other.points(seen, "loss") == [(step, 1 / (step + 1)) for step in range(300)]
    assert seen.data.params["nested.layers"] == "[1, 2]" or seen.data.params["nested.layers"] == "[1,2]"
    assert other.bytes(seen, "notes.txt", tmp_path / "down") == b"offline"


def test_a_run_that_has_not_ended_is_imported_as_far_as_it_goes(project, url, api, tmp_path):
    with wandb.init(project=project, id="r1", mode="offline") as run:
        for step in range(2000):
            run.log({"x": step})
    [file] = Path(run.settings.sync_dir).glob("*.wandb")
    whole = file.read_bytes()
    torn = tmp_path / "run-r1.wandb"
    torn.write_bytes(whole[: len(whole) // 2])
    [answer] = json.loads(trackside("import", "wandb", torn, "--url", url, "--json").stdout)
    assert 100 < answer["rows"] < 2000 and answer["exit_code"] is None
    assert api.run(f"local/{project}/r1").state == "running"
    torn.write_bytes(whole)
    trackside("import", "wandb", torn, "--url", url)
    read = wandb.Api().run(f"local/{project}/r1")
    assert read.state == "finished"
    assert columns(read.scan_history(), "_step", "x") == [(step, step) for step in range(2000)]


def test_what_is_no_run_is_named(url, tmp_path):
    (tmp_path / "broken.wandb").write_bytes(b"something else")
    done = subprocess.run(
        [os.environ["TRACKSIDE_BIN"], "import", "wandb", str(tmp_path), "--url", url], capture_output=True, text=True
    )
    assert done.returncode == 1 and "broken.wandb" in done.stderr and "does not begin as" in done.stderr


def test_a_recorded_command_logs_here_by_itself(project, url, other, tmp_path):
    (tmp_path / "train.py").write_text(
        "import wandb\n"
        f"with wandb.init(project={project!r}, id='r1', config={{'seed': 3}}) as run:\n"
        "    run.log({'x': 1})\n"
    )
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "c"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    trackside("run", "--url", url, "--no-data", "--", sys.executable, "train.py", cwd=tmp_path)
    seen = other.run(project, "r1")
    assert seen.info.status == "FINISHED" and seen.data.metrics["x"] == 1
    assert seen.data.tags["trackside.exit_code"] == "0"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True).stdout.strip()
    assert seen.data.tags["trackside.git.commit"] == head
