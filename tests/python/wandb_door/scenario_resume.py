"""Runs that go on where they were left: resumed, forked, wound back."""

import pytest
import wandb
from wandb_session import columns, every_line


def begin(project, steps=3, run_id="r1", **more):
    with wandb.init(project=project, id=run_id, **more) as run:
        for step in range(steps):
            run.log({"x": step})
    return run.path


@every_line
def test_a_run_is_resumed(project, api, other):
    begin(project, config={"lr": 0.1}, tags=["a"], notes="kept")
    with wandb.init(project=project, id="r1", resume="must", config={"more": 1}) as run:
        assert run.resumed and run.starting_step == 3
        assert (run.config["lr"], run.tags) == (0.1, ("a",))
        assert other.run(project, "r1").info.status == "RUNNING"
        assert other.run(project, "r1").info.end_time is None
        run.log({"x": 3})
    read = api.run(run.path)
    assert columns(read.scan_history(), "_step", "x") == [(step, step) for step in range(4)]
    assert (read.config, read.notes, read.tags) == ({"lr": 0.1, "more": 1}, "kept", ["a"])
    seen = other.run(project, "r1")
    assert other.points(seen, "x") == [(step, step) for step in range(4)]
    assert (seen.info.status, seen.data.params) == ("FINISHED", {"lr": "0.1", "more": "1"})
    assert seen.info.end_time


def test_resume_allow_makes_what_is_not_there(project, api):
    with wandb.init(project=project, id="r1", resume="allow") as run:
        assert not run.resumed
        run.log({"x": 0})
    with wandb.init(project=project, id="r1", resume="allow") as run:
        assert run.resumed
        run.log({"x": 1})
    assert columns(api.run(run.path).scan_history(), "_step", "x") == [(0, 0), (1, 1)]


def test_what_must_be_there_and_is_not_is_refused(project):
    with pytest.raises(wandb.errors.UsageError, match="resume"):
        wandb.init(project=project, id="nobody", resume="must")


def test_what_must_not_be_there_and_is_is_refused(project):
    # The client does not let go of the id of a run that it could not begin.
    begin(project, run_id="never")
    with pytest.raises(wandb.errors.UsageError, match="resume"):
        wandb.init(project=project, id="never", resume="never")


def test_resume_auto_goes_on_after_a_crash(project, api, script):
    text = """
import os, sys, time, wandb
run = wandb.init(project=sys.argv[1], resume="auto")
if sys.argv[2] == "crash":
    # A row is sent when the next one begins.
    for step in range(3):
        run.log({"x": step})
    while len(list(wandb.Api().run(run.path).scan_history())) < 2:
        time.sleep(0.2)
    os._exit(7)
run.log({"x": "resumed"})
print(run.id, run.resumed)
"""
    script(text, project, "crash", code=7)
    name, resumed = script(text, project, "end").split()
    assert resumed == "True"
    rows = columns(api.run(f"local/{project}/{name}").scan_history(), "_step", "x")
    # The third row of the first process may have been sent as well.
    assert rows[:2] == [(0, 0), (1, 1)] and rows[-1][0] >= 2 and rows[-1][1] == "resumed"


def test_the_summary_survives_a_resume(project, api, other):
    with wandb.init(project=project, id="r1") as run:
        run.log({"loss": 0.5})
        run.summary["best"] = 0.25
    with wandb.init(project=project, id="r1", resume="must") as run:
        assert run.summary["best"] == 0.25
        run.log({"loss": 0.75})
    summary = api.run(run.path).summary
    assert (summary["best"], summary["loss"]) == (0.25, 0.75)
    assert other.run(project, "r1").data.metrics["best"] == 0.25


def test_a_fork_goes_on_behind_its_parent(project, api, other):
    begin(project, 6)
    with wandb.init(project=project, id="r2", fork_from="r1?_step=2") as run:
        for step in range(3, 6):
            run.log({"x": 10 * step})
    read = api.run(run.path)
    whole = [(0, 0), (1, 1), (2, 2), (3, 30), (4, 40), (5, 50)]
    assert columns(read.scan_history(), "_step", "x") == whole
    assert columns(read.history(pandas=False), "_step", "x") == whole
    assert columns(api.run(f"local/{project}/r1").scan_history(), "_step", "x") == [(step, step) for step in range(6)]
    seen = other.run(project, "r2")
    assert other.points(seen, "x") == whole
    assert seen.data.tags["wandb.forked_from"] == "r1?_step=2"
    with wandb.init(project=project, id="r2", resume="must") as run:
        assert run.starting_step == 6
        run.log({"x": 60})
    assert columns(api.run(run.path).scan_history(), "_step", "x") == [*whole, (6, 60)]


def test_a_fork_of_a_fork_and_of_what_is_not_there(project, api):
    begin(project, 4)
    for parent, child in [("r1", "r2"), ("r2", "r3")]:
        with wandb.init(project=project, id=child, fork_from=f"{parent}?_step=2") as run:
            run.log({"x": 10})
    assert columns(api.run(run.path).scan_history(), "_step", "x") == [(0, 0), (1, 1), (2, 2), (3, 10)]
    with pytest.raises(wandb.Error, match="none does not exist"):
        wandb.init(project=project, id="r4", fork_from="none?_step=2")


def test_a_run_is_not_wound_back(project, api):
    """What was logged stays, as MLflow's clients rely on; the client says why."""
    path = begin(project, 6, "wound")
    with pytest.raises(wandb.errors.CommError, match="cannot be rewound"):
        wandb.init(project=project, id="wound", resume_from="wound?_step=2")
    assert len(list(api.run(path).scan_history())) == 6
