"""Sweeps whose parameters the server chooses."""

import pytest
import wandb
from wandb_session import every_line


def sweep(project, method, parameters, count=None, **more):
    """Runs a sweep to its end; its id. The agent ends the client's service, and with it each `Api` of before."""
    config = {"method": method, "metric": {"name": "score", "goal": "minimize"}, "parameters": parameters} | more
    sweep_id = wandb.sweep(config, project=project)

    def train():
        with wandb.init() as run:
            run.log({"score": run.config["x"] ** 2})

    wandb.agent(sweep_id, function=train, project=project, count=count)
    return sweep_id


@every_line
def test_an_agent_runs_a_trial(project, other):
    sweep_id = sweep(project, "grid", {"x": {"values": [3, 4]}, "net": {"parameters": {"depth": {"value": 2}}}}, count=1)
    [run] = wandb.Api().sweep(f"local/{project}/{sweep_id}").runs
    assert wandb.Api().run(f"local/{project}/{run.id}").config == {"x": 3, "net": {"depth": 2}}
    [seen] = other.runs(project, f"tags.`wandb.sweep` = '{sweep_id}'")
    assert seen.data.metrics["score"] == 9 and seen.data.params == {"x": "3", "net.depth": "2"}


def test_a_grid_is_walked(project, other):
    sweep_id = sweep(project, "grid", {"x": {"values": [1, 2, 3]}, "y": {"value": 7}}, name="the grid")
    read = wandb.Api().sweep(f"local/{project}/{sweep_id}")
    assert sorted(run.config["x"] for run in read.runs) == [1, 2, 3]
    assert all(run.config["y"] == 7 and run.state == "finished" for run in read.runs)
    assert read.best_run().config["x"] == 1
    assert read.state.upper() == "FINISHED"
    seen = other.runs(project, f"tags.`wandb.sweep` = '{sweep_id}'")
    assert sorted(run.data.metrics["score"] for run in seen) == [1, 4, 9]


def test_random_values_are_within_their_distributions(project):
    parameters = {
        "x": {"distribution": "uniform", "min": -1.0, "max": 1.0},
        "n": {"distribution": "int_uniform", "min": 1, "max": 3},
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
        "c": {"values": ["a", "b"]},
        "net": {"parameters": {"depth": {"values": [1, 2]}}},
    }
    sweep_id = sweep(project, "random", parameters, count=4)
    configs = [run.config for run in wandb.Api().sweep(f"local/{project}/{sweep_id}").runs]
    assert len(configs) == 4 and len({config["x"] for config in configs}) > 1
    for config in configs:
        assert -1 <= config["x"] <= 1 and config["n"] in (1, 2, 3) and 1e-5 <= config["lr"] <= 1e-1
        assert config["c"] in ("a", "b") and config["net"]["depth"] in (1, 2)


def test_what_cannot_be_searched_is_refused(project):
    with pytest.raises(wandb.errors.CommError, match="bayes needs a metric"):
        wandb.sweep({"method": "bayes", "parameters": {"x": {"min": 0.0, "max": 1.0}}}, project=project)
    with pytest.raises(wandb.errors.CommError, match="grid, random and bayes, not custom"):
        wandb.sweep({"method": "custom", "parameters": {"x": {"min": 0.0, "max": 1.0}}}, project=project)


def test_sweeps_of_a_project_are_listed(project, api):
    ids = [wandb.sweep({"method": "grid", "parameters": {"x": {"values": [n]}}}, project=project) for n in range(2)]
    assert sorted(found.id for found in api.project(project, entity="local").sweeps()) == sorted(ids)
