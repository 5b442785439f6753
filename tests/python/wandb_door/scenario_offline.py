"""Runs that are written offline and sent by `wandb sync`."""

from pathlib import Path

import wandb
from wandb_session import columns, every_line


def directory(run):
    return Path(run.settings.sync_dir)


@every_line
def test_a_run_is_synced(project, api, other, command, tmp_path):
    (tmp_path / "notes.txt").write_text("offline")
    with wandb.init(project=project, id="r1", mode="offline", name="away", tags=["a"], config={"lr": 0.1}) as run:
        for step in range(10):
            run.log({"x": step})
        run.summary["best"] = 0.5
        run.save(str(tmp_path / "notes.txt"), base_path=str(tmp_path))
    command("sync", directory(run))
    read = api.run(f"local/{project}/r1")
    assert (read.name, read.tags, read.config, read.state) == ("away", ["a"], {"lr": 0.1}, "finished")
    assert columns(read.scan_history(), "_step", "x") == [(step, step) for step in range(10)]
    assert read.summary["best"] == 0.5
    seen = other.run(project, "r1")
    assert other.points(seen, "x") == [(step, step) for step in range(10)]
    assert other.bytes(seen, "notes.txt", tmp_path / "down") == b"offline"


def test_a_run_is_synced_again(project, api, other, command):
    with wandb.init(project=project, id="r1", mode="offline") as run:
        for step in range(5):
            run.log({"x": step})
    for _ in range(2):
        command("sync", "--include-synced", directory(run))
    assert len(other.runs(project)) == 1
    rows = columns(api.run(f"local/{project}/r1").scan_history(), "_step", "x")
    assert sorted(set(rows)) == [(step, step) for step in range(5)]
    assert other.points(other.run(project, "r1"), "x") == [(step, step) for step in range(5)]


def test_it_is_synced_elsewhere(project, api, command):
    with wandb.init(project="somewhere", id="r1", mode="offline") as run:
        run.log({"x": 1})
    command("sync", "--project", project, "--entity", "team", "--id", "other", directory(run))
    assert api.run(f"team/{project}/other").summary["x"] == 1


def test_an_artifact_is_synced(project, api, command, tmp_path):
    (tmp_path / "data.txt").write_text("offline")
    with wandb.init(project=project, id="r1", mode="offline") as run:
        artifact = wandb.Artifact("data", type="dataset")
        artifact.add_file(str(tmp_path / "data.txt"))
        run.log_artifact(artifact)
    command("sync", directory(run))
    read = api.artifact(f"local/{project}/data:latest")
    assert Path(read.download(root=str(tmp_path / "down")), "data.txt").read_text() == "offline"
