"""`trackside audit` on runs of which it is known what it has to find; see `labelled_runs.py`."""

import json
import subprocess

import pytest
import requests
from conftest import start_trackside
from labelled_runs import IDENTICAL, LABELS, Label, binary, project

DIMENSIONS = ["code", "data", "environment", "parameters", "randomness", "execution", "artifacts"]
WORST = [IDENTICAL, "equivalent", "drifted", "missing"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_trackside(tmp_path_factory.mktemp("audit")) as server:
        yield server


def test_there_are_enough_labels():
    assert len(LABELS) >= 60
    assert len({label.name for label in LABELS}) == len(LABELS)


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_verdicts(label: Label, server, tmp_path):
    made = project(tmp_path, server)
    label.before(made)
    made.start()
    label.after(made)
    report = made.audit()
    verdicts = {finding["dimension"]: finding["verdict"] for finding in report["findings"]}
    told = json.dumps([f for f in report["findings"] if f["verdict"] != IDENTICAL or f["dimension"] in label.expected], indent=1)
    assert verdicts == dict.fromkeys(DIMENSIONS, IDENTICAL) | label.expected, told
    assert report["overall"]["verdict"] == max(verdicts.values(), key=WORST.index)
    for finding in report["findings"]:
        assert finding["reason"], finding
        if finding["verdict"] in ("drifted", "missing"):
            assert finding["evidence"] or finding["advice"], finding


def test_a_run_that_nobody_watched_is_missing(server):
    body = {"experiment_id": "0", "tags": [{"key": "mlflow.source.git.commit", "value": "c" * 40}]}
    run = requests.post(f"{server.url}/api/2.0/mlflow/runs/create", json=body, timeout=30).json()["run"]["info"]["run_id"]
    done = subprocess.run([binary(), "audit", run, "--url", server.url, "--require", "code"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "it was not started with `trackside run`" in done.stdout


def test_reports_and_exit_codes(server, tmp_path):
    made = project(tmp_path, server)
    made.words = ["lr=1"]
    made.start()
    page = tmp_path / "audit.html"
    done = made.call("audit", made.run, "--url", server.url, "--html", str(page), "--require", "code,data")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Run {made.run}: missing\n")
    assert f"<code>{made.run}</code>" in page.read_text()
    for required, code in [("randomness", 1), ("all", 1), ("code,environment", 0)]:
        assert made.call("audit", made.run, "--url", server.url, "--require", required).returncode == code, required
    wrong = made.call("audit", made.run, "--url", server.url, "--require", "luck")
    assert wrong.returncode == 2 and "expected all, or some of code, data" in wrong.stderr
    unknown = made.call("audit", "nothing/such", "--url", server.url)
    assert unknown.returncode == 1 and "no run, model version or experiment of that name" in unknown.stderr


def test_models_and_experiments_are_audited_by_their_runs(server, tmp_path):
    made = project(tmp_path, server)
    made.start()
    made.api("registered-models/create", name="churn")
    source = f"runs:/{made.run}/model.bin"
    made.api("model-versions/create", name="churn", source=source, run_id=made.run)
    made.api("registered-models/alias", name="churn", alias="champion", version="1")
    for subject in ["churn/1", "churn@champion"]:
        done = made.call("audit", subject, "--url", server.url, "--json")
        assert json.loads(done.stdout)["run_id"] == made.run, done.stderr
    done = made.call("audit", "Default", "--url", server.url)
    assert made.run in done.stdout and "can be repeated" in done.stdout
