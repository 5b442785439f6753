"""What `wandb.Api` finds and changes."""

import wandb
from wandb_session import columns, every_line


def three(project):
    """Runs that differ in all that is looked for."""
    for number in range(3):
        config = {"lr": 10**-number, "net": {"depth": number}, "name": f"n{number}"}
        fields = {"name": f"run {number}", "tags": ["all", f"t{number}"], "group": "even" if number % 2 == 0 else "odd"}
        with wandb.init(project=project, id=f"r{number}", config=config, job_type=f"j{number}", **fields) as run:
            run.log({"loss": number / 2, "eval": {"acc": 1 - number / 10}})
            if number == 2:
                run.finish(exit_code=1)
    return f"local/{project}"


@every_line
def test_runs_are_found(project, api):
    path = three(project)

    def found(filters=None, **more):
        return sorted(run.id for run in wandb.Api().runs(path, filters, **more))

    assert found() == ["r0", "r1", "r2"]
    assert found({"state": "finished"}) == ["r0", "r1"]
    assert found({"config.lr": 1}) == ["r0"]
    assert found({"config.net.depth": {"$gte": 1}}) == ["r1", "r2"]
    assert found({"config.name": {"$in": ["n0", "n2"]}}) == ["r0", "r2"]
    assert found({"summary_metrics.loss": {"$lt": 0.75}}) == ["r0", "r1"]
    assert found({"summary_metrics.eval.acc": {"$gt": 0.95}}) == ["r0"]
    assert found({"tags": "t1"}) == ["r1"]
    assert found({"tags": {"$in": ["t0", "t1"]}}) == ["r0", "r1"]
    assert found({"group": "even"}) == ["r0", "r2"]
    assert found({"jobType": "j1"}) == ["r1"]
    assert found({"display_name": {"$regex": "run [01]"}}) == ["r0", "r1"]
    assert found({"$or": [{"display_name": "run 0"}, {"name": "r2"}]}) == ["r0", "r2"]
    assert found({"$and": [{"group": "even"}, {"$not": {"state": "failed"}}]}) == ["r0"]
    assert found({"config.nothing": {"$exists": True}}) == []
    assert found({"createdAt": {"$gt": "2020-01-01T00:00:00Z"}, "display_name": {"$ne": "run 1"}}) == ["r0", "r2"]
    assert found({"createdAt": {"$lt": "2020-01-01"}}) == []


def test_runs_come_in_order_and_page_by_page(project):
    path = three(project)

    def found(order, **more):
        return [run.id for run in wandb.Api().runs(path, order=order, **more)]

    assert found("+created_at") == ["r0", "r1", "r2"]
    assert found("-created_at", per_page=1) == ["r2", "r1", "r0"]
    assert found("+summary_metrics.eval.acc", per_page=2) == ["r2", "r1", "r0"]
    assert found("-config.net.depth.value") == ["r2", "r1", "r0"]
    assert found("+config.lr.value") == ["r2", "r1", "r0"]
    runs = wandb.Api().runs(path, {"group": "even"}, per_page=1)
    assert len(runs) == 2 and len(list(runs)) == 2


def test_runs_of_a_project_that_is_not_there(project, api):
    try:
        assert list(api.runs(f"local/{project}")) == []
    except (ValueError, wandb.errors.CommError) as error:
        assert project in str(error)


@every_line
def test_a_run_is_changed(project, api, other):
    with wandb.init(project=project, id="r1", config={"lr": 0.1}) as run:
        run.log({"loss": 1})
    read = api.run(run.path)
    read.config["lr"] = 0.5
    read.config["added"] = [1, 2]
    read.tags.append("good")
    read.notes = "read again"
    read.name = "renamed"
    read.update()
    read.summary["best"] = 0.25
    read.summary.update()
    read = wandb.Api().run(run.path)
    assert (read.config, read.tags, read.notes, read.name) == (
        {"lr": 0.5, "added": [1, 2]},
        ["good"],
        "read again",
        "renamed",
    )
    assert (read.summary["best"], read.summary["loss"], read.state) == (0.25, 1, "finished")
    seen = other.run(project, "r1")
    assert (seen.info.run_name, seen.data.params["lr"], seen.data.metrics["best"]) == ("renamed", "0.5", 0.25)
    assert (seen.data.tags["mlflow.note.content"], seen.info.status) == ("read again", "FINISHED")


def test_a_run_is_deleted(project, api, other):
    three(project)
    api.run(f"local/{project}/r1").delete()
    assert sorted(run.id for run in wandb.Api().runs(f"local/{project}")) == ["r0", "r2"]
    assert len(other.runs(project)) == 2


def test_a_run_is_made_without_logging(project, api, other):
    assert api.create_run(project=project, run_id="r1").id == "r1"
    read = wandb.Api().run(f"local/{project}/r1")
    assert (read.id, list(read.scan_history())) == ("r1", [])
    assert other.run(project, "r1").info.run_name == read.name


def test_projects_are_listed(project, api):
    api.create_project(project, "local")
    with wandb.init(entity="team", project=project):
        pass
    assert project in [found.name for found in api.projects("local")]
    assert project in [found.name for found in api.projects("team")]
    assert api.project(project, entity="local").name == project


def test_columns_of_a_history(project, api):
    with wandb.init(project=project, id="r1") as run:
        for step in range(10):
            run.log({"loss": step} | ({"val": -step} if step % 3 == 0 else {}))
    read = api.run(run.path)
    assert columns(read.scan_history(keys=["loss", "val"]), "loss", "val") == [(n, -n) for n in range(0, 10, 3)]
    assert columns(read.history(keys=["val"], pandas=False), "_step", "val") == [(n, -n) for n in range(0, 10, 3)]
    keys = read.history_keys
    assert (keys["lastStep"], keys["keys"]["val"]["previousValue"]) == (9, -9)
    assert {"loss", "val"} <= keys["keys"].keys()


def test_what_a_script_adds_is_seen_by_a_reader(project, api):
    with wandb.init(project=project, id="r1") as run:
        run.log({"loss": 1})
    read = api.run(run.path)
    with wandb.init(project=project, id="r1", resume="must") as run:
        run.log({"loss": 0.5})
    read.load(force=True)
    assert [row["loss"] for row in read.scan_history()] == [1, 0.5]
