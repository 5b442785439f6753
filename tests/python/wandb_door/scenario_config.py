"""Settings of a run: nested, changed, of every type; params for MLflow."""

import argparse
import json

import wandb
from wandb_session import every_line


@every_line
def test_a_config_changes_while_it_runs(project, api, other):
    with wandb.init(project=project, id="r1", config={"lr": 0.1, "net": {"depth": 3, "width": 64}}) as run:
        run.config.update({"lr": 0.2}, allow_val_change=True)
        run.config["added"] = "later"
        run.config.update({"net": {"depth": 5, "width": 64}}, allow_val_change=True)
    expected = {"lr": 0.2, "net": {"depth": 5, "width": 64}, "added": "later"}
    assert api.run(run.path).config == expected
    params = other.run(project, "r1").data.params
    assert params == {"lr": "0.2", "net.depth": "5", "net.width": "64", "added": "later"}


def test_values_of_every_type(project, api, other):
    config = {"int": 3, "float": 1e-05, "text": "größer", "none": None, "true": True, "list": [1, "a", None], "big": 2**60}
    with wandb.init(project=project, id="r1", config=config) as run:
        pass
    assert api.run(run.path).config == config
    params = other.run(project, "r1").data.params
    assert {key: params[key] for key in ("int", "text", "none", "big")} == {
        "int": "3",
        "text": "größer",
        "none": "None",
        "big": str(2**60),
    }
    assert (float(params["float"]), params["true"].lower()) == (1e-05, "true")
    assert json.loads(params["list"]) == [1, "a", None]
    assert not any(key.startswith("_wandb") for key in params)


def test_arguments_of_a_command_line(project, api, other):
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    with wandb.init(project=project, id="r1", config=parser.parse_args(["--epochs", "7"])) as run:
        pass
    assert api.run(run.path).config == {"epochs": 7}
    assert other.run(project, "r1").data.params == {"epochs": "7"}


def test_what_is_too_long_for_mlflow_is_whole_for_wandb(project, api, other):
    config = {"text": "y" * 20_000, "k" * 300: 1, "short": 2}
    with wandb.init(project=project, id="r1", config=config) as run:
        pass
    assert api.run(run.path).config == config
    params = other.run(project, "r1").data.params
    assert params["short"] == "2" and params["text"].startswith("yyyy")


def test_keys_of_any_letters(project, api, other):
    config = {"a b": 1, "größe": 2, "x.y": 3, "p%": 4, "q?": 5}
    with wandb.init(project=project, id="r1", config=config) as run:
        pass
    assert api.run(run.path).config == config
    assert sorted(other.run(project, "r1").data.params.values()) == ["1", "2", "3", "4", "5"]


def test_many_settings(project, api, other):
    config = {f"p{n}": n for n in range(1000)}
    with wandb.init(project=project, id="r1", config=config) as run:
        pass
    assert api.run(run.path).config == config
    assert other.run(project, "r1").data.params == {key: str(value) for key, value in config.items()}
