"""How runs begin and end, and what is known of them."""

import os

import pytest
import wandb
from wandb_session import every_line


@every_line
def test_login_shows_who_one_is(api):
    assert wandb.login() is True
    assert (api.default_entity, api.viewer.entity) == ("local", "local")


@every_line
def test_every_field_of_init(project, api, other):
    fields = {"name": "first try", "notes": "what it is *about*", "tags": ["baseline", "größer"], "group": "night"}
    with wandb.init(project=project, id="r1", job_type="train", config={"lr": 0.1, "opt": {"name": "adam"}}, **fields) as run:
        assert (run.entity, run.project, run.id, run.name) == ("local", project, "r1", "first try")
        run.log({"loss": 1.5})
    read = api.run(f"local/{project}/r1")
    assert (read.id, read.name, read.notes, read.tags) == ("r1", "first try", fields["notes"], fields["tags"])
    assert (read.group, read.job_type, read.state, read.entity) == ("night", "train", "finished", "local")
    assert read.config == {"lr": 0.1, "opt": {"name": "adam"}}
    seen = other.run(project, "r1")
    assert (seen.info.run_name, seen.info.status) == ("first try", "FINISHED")
    assert seen.info.start_time <= seen.info.end_time
    assert seen.data.params == {"lr": "0.1", "opt.name": "adam"}
    assert seen.data.metrics["loss"] == 1.5
    assert seen.data.tags["mlflow.note.content"] == fields["notes"]
    assert (seen.data.tags["wandb.group"], seen.data.tags["wandb.job_type"]) == ("night", "train")


def test_a_server_gives_a_name(project, other):
    with wandb.init(project=project) as run:
        pass
    assert run.name
    assert other.run(project, run.id).info.run_name == run.name


def test_a_project_need_not_be_named(other):
    with wandb.init() as run:
        run.log({"x": 1})
    assert run.project == "uncategorized"
    assert other.run("uncategorized", run.id).data.metrics["x"] == 1


def test_teams_have_projects_of_their_own(project, api, other):
    for entity in (None, "team"):
        with wandb.init(entity=entity, project=project, id="same") as run:
            run.log({"who": 1 if entity else 0})
    assert api.run(f"team/{project}/same").summary["who"] == 1
    assert api.run(f"local/{project}/same").summary["who"] == 0
    assert other.run(f"team/{project}", "same").data.metrics["who"] == 1
    assert other.run(project, "same").data.metrics["who"] == 0


def test_two_projects_may_have_a_run_of_one_id(project, api):
    for number in range(2):
        with wandb.init(project=f"{project}-{number}", id="same", config={"n": number}):
            pass
    assert [api.run(f"local/{project}-{number}/same").config["n"] for number in range(2)] == [0, 1]


def test_names_and_notes_change_while_it_runs(project, api, other):
    with wandb.init(project=project, id="r1", name="before", tags=["a"]) as run:
        run.name = "after"
        run.notes = "later"
        run.tags += ("b",)
    read = api.run(f"local/{project}/r1")
    assert (read.name, read.notes, sorted(read.tags)) == ("after", "later", ["a", "b"])
    seen = other.run(project, "r1")
    assert (seen.info.run_name, seen.data.tags["mlflow.note.content"]) == ("after", "later")


@every_line
@pytest.mark.parametrize(("code", "state", "status"), [(0, "finished", "FINISHED"), (3, "failed", "FAILED")])
def test_the_exit_code_says_how_it_went(project, api, other, code, state, status):
    run = wandb.init(project=project, id="r1")
    run.finish(exit_code=code)
    assert api.run(run.path).state == state
    seen = other.run(project, "r1")
    assert seen.info.status == status and seen.info.end_time
    if code:
        assert seen.data.tags["wandb.exit_code"] == "3"


def test_a_script_that_raises_has_failed(project, api, script):
    text = f"import wandb\nrun = wandb.init(project='{project}', id='r1')\nrun.log({{'x': 1}})\nraise ValueError('no')\n"
    script(text, code=1)
    read = api.run(f"local/{project}/r1")
    assert (read.state, read.summary["x"]) == ("failed", 1)


def test_a_script_need_not_finish(project, api, other, script):
    script(f"import wandb\nrun = wandb.init(project='{project}', id='r1')\nwandb.log({{'x': 2}})\n")
    assert api.run(f"local/{project}/r1").state == "finished"
    assert other.run(project, "r1").data.metrics["x"] == 2


def test_a_script_that_is_killed_goes_on_running_for_a_while(project, api, other, script):
    text = f"""
import os, signal, time, wandb
run = wandb.init(project='{project}', id='r1')
for step in range(3):
    run.log({{'x': step}})
api = wandb.Api()
while api.run(run.path).summary.get('x') != 2:
    time.sleep(0.2)
    api.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    script(text, code=-9)
    read = api.run(f"local/{project}/r1")
    assert (read.state, [row["x"] for row in read.scan_history()]) == ("running", [0, 1, 2])
    assert other.run(project, "r1").info.status == "RUNNING"


def test_preemption_is_announced(project, api, other, wait):
    run = wandb.init(project=project, id="r1")
    run.log({"x": 1})
    run.mark_preempting()
    wait(lambda: wandb.Api().run(run.path).state == "preempting")
    assert other.run(project, "r1").info.status == "RUNNING"
    run.finish()
    assert wandb.Api().run(run.path).state == "finished"


def test_runs_beside_each_other_in_one_process(project, api, other):
    runs = [wandb.init(project=project, id=f"r{n}", reinit="create_new") for n in range(3)]
    for step in range(5):
        for number, run in enumerate(runs):
            run.log({"x": 10 * number + step})
    for run in runs:
        run.finish()
    for number in range(3):
        expected = [10 * number + step for step in range(5)]
        assert [row["x"] for row in api.run(f"local/{project}/r{number}").scan_history()] == expected
        assert [value for _, value in other.points(other.run(project, f"r{number}"), "x")] == expected


def test_the_same_id_again_appends(project, api, other):
    for number in range(2):
        with wandb.init(project=project, id="r1", config={f"n{number}": number}) as run:
            run.log({"x": number, f"only{number}": 1})
    rows = list(api.run(f"local/{project}/r1").scan_history())
    assert sorted(row["x"] for row in rows) == [0, 1]
    assert {value for _, value in other.points(other.run(project, "r1"), "x")} == {0, 1}


def test_an_alert_is_taken(project, api):
    with wandb.init(project=project, id="r1") as run:
        run.alert("low accuracy", "it is *low*", level=wandb.AlertLevel.WARN, wait_duration=0)
    assert api.run(run.path).state == "finished"


def test_one_who_asks_is_stopped(project, api, script):
    text = f"""
import time, wandb
run = wandb.init(project='{project}', id='r1')
run.log({{'x': 1}})
wandb.Api().run(run.path).stop()
try:
    for _ in range(600):
        time.sleep(0.1)
    print('was not stopped')
except KeyboardInterrupt:
    print('was stopped')
    run.finish(exit_code=255)
"""
    assert "was stopped" in script(text)
    assert api.run(f"local/{project}/r1").state in ("failed", "killed")


def test_where_it_ran_is_known(project, api, other, script):
    script(f"import wandb\nwandb.init(project='{project}', id='r1').log({{'x': 1}})\n")
    read = api.run(f"local/{project}/r1")
    assert read.metadata["program"].endswith("train.py")
    assert read.metadata["python"] and read.metadata["host"] == os.uname().nodename
    seen = other.run(project, "r1")
    assert seen.data.tags["wandb.host"] == os.uname().nodename
    assert seen.data.tags["mlflow.source.name"].endswith("train.py")
