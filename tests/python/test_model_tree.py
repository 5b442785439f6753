"""`trackside models tree`: where a version comes from."""

import json
import os
import subprocess

import pytest
from conftest import Server, start_trackside
from labelled_runs import binary
from mlflow.entities import Dataset, DatasetInput
from mlflow.tracking import MlflowClient

COMMIT = "c0ffee" * 6 + "c0ff"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_trackside(tmp_path_factory.mktemp("tree")) as server:
        client = MlflowClient(server.url, server.url)
        run = client.create_run("0", tags={"mlflow.source.git.commit": COMMIT}).info
        client.log_inputs(run.run_id, [DatasetInput(Dataset("train", "9d80", "local", "{}"))])
        for model, parents in [
            ("base", None),
            ("my teacher", "base/1"),
            ("churn", "base/1, my teacher/1 , gone/7"),
            ("churn", "churn/1 base/1"),
            ("loop", "loop/2"),
            ("loop", "loop/1"),
        ]:
            if not client.search_registered_models(f"name = '{model}'"):
                client.create_registered_model(model)
            tags = {"trackside.parent_versions": parents} if parents else {}
            own = run.run_id if model == "base" else None
            client.create_model_version(model, "s3://models/m", own, tags=tags)
        client.set_registered_model_alias("churn", "champion", "2")
        yield server


def run(server: Server, *words: str, code: int = 0) -> str:
    command = [binary(), "models", "tree", *words]
    done = subprocess.run(command, env=os.environ | {"TRACKSIDE_URL": server.url}, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_parents_are_told_with_what_is_known_of_them(server):
    tree = json.loads(run(server, "churn@champion", "--json"))
    assert [parent["version"] for parent in tree["parents"]] == ["churn/1", "base/1"]
    base, teacher, gone = tree["parents"][0]["parents"]
    assert (base["version"], base["commit"], base["data"]) == ("base/1", COMMIT, {"train": "9d80"})
    assert (teacher["version"], teacher["parents"]) == ("my teacher/1", [{"version": "base/1", "remark": "told above"}])
    assert gone == {"version": "gone/7", "remark": "missing"}
    text = run(server, "churn/2")
    assert text.splitlines()[:2] == ["churn/2", "├─ churn/1"] and f"commit {COMMIT}" in text
    assert "gone/7 (missing)" in text and "data train 9d80" in text


def test_children_and_circles_end(server):
    tree = json.loads(run(server, "base/1", "--down", "--json"))
    assert {child["version"] for child in tree["children"]} == {"my teacher/1", "churn/1", "churn/2"}
    circle = json.loads(run(server, "loop/1", "--json"))
    assert circle["parents"][0]["parents"] == [{"version": "loop/1", "remark": "cycle"}]
    assert "there is no version 'none/1'" in run(server, "none/1", code=1)
