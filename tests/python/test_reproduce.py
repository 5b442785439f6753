"""`trackside reproduce`: runs of real training scripts, repeated from what was recorded of them."""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import REPOSITORY
from mlflow.tracking import MlflowClient

pytest_plugins = "mlflow_session"

# Deterministic, but for the times it logs.
SEEDED = """
import random, sys, time
import mlflow

begin = time.perf_counter()
rng = random.Random(7)
rows = [float(line) for line in open("data/train.csv")]
with mlflow.start_run():
    mlflow.log_params({"seed": 7, "rows": len(rows)})
    weight = 0.0
    for step in range(30):
        weight += 0.1 * (sum(rows) / len(rows) - weight) + rng.gauss(0, 0.01)
        mlflow.log_metric("weight", weight, step=step)
        mlflow.log_metric("repeated", weight * weight)
    mlflow.log_metric("nothing", float("nan"))
    mlflow.log_metric("train_seconds", time.perf_counter() - begin)
    mlflow.log_text(f"{weight!r}\\n", "weight.txt")
open("weight.txt", "w").write(repr(weight))
"""

# The noise is far larger than what is usually tolerated, and bounded.
UNSEEDED = """
import random
import mlflow

with mlflow.start_run():
    for step in range(60):
        mlflow.log_metric("loss", 1 / (step + 1) + random.choice([0.0, 0.05]), step=step)
"""

ROWS = "1.5\n2.5\n4.0\n"


def binary():
    return str(os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside")


@dataclass
class Project:
    """A repository of git with a training script."""

    root: Path
    url: str
    environment: dict
    experiment: str

    def git(self, *words):
        done = subprocess.run(["git", *words], cwd=self.root, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, **files):
        for name, text in files.items():
            path = self.root / {"train": "train.py", "data": "data/train.csv", "ignore": ".gitignore"}[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "c")
        return self.git("rev-parse", "HEAD")

    def call(self, *words, cwd=None, variables=None):
        environment = self.environment | (variables or {})
        done = subprocess.run(
            [binary(), *words], cwd=cwd or self.root, env=environment, capture_output=True, text=True, timeout=400
        )
        return done

    def run(self, *flags, command=None, cwd=None, variables=None):
        """The id of the run that `trackside run` records."""
        words = ["run", "--url", self.url, "--experiment", self.experiment, *flags, "--"]
        done = self.call(*words, *(command or [sys.executable, "train.py"]), cwd=cwd, variables=variables)
        assert done.returncode == 0, done.stderr
        recorded = re.findall(r"recorded run (\w+) at", done.stderr)
        assert recorded, done.stderr
        return recorded[0]

    def reproduce(self, *words, code=0, cwd=None, variables=None):
        """The answer, as JSON."""
        done = self.call("reproduce", "--url", self.url, "--json", *words, cwd=cwd, variables=variables)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def refused(self, *words, **options):
        answer = self.reproduce(*words, code=1, **options)
        assert (answer["verdict"], answer["reproductions"]) == (None, [])
        return " | ".join(answer["plan"]["refused"])


@pytest.fixture
def project(trackside, tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    author = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "TRACKSIDE_"))}
    environment |= author | own | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    made = Project(root, trackside.url, environment, f"reproduce-{uuid.uuid4().hex[:12]}")
    made.git("init", "-q", "-b", "main")
    made.write(train=SEEDED, data=ROWS, ignore="data/\nweight.txt\n__pycache__/\n")
    made.commit()
    return made


def metrics(answer, index=0):
    return {metric["name"]: metric for metric in answer["reproductions"][index]["metrics"]}


def tags(client, run):
    return client.get_run(run).data.tags


def is_clean(project):
    """Nothing is left of a checkout, and the working tree is as it was."""
    assert len(project.git("worktree", "list").splitlines()) == 1
    assert not list((project.root.parent / "tmp").glob("trackside-reproduce-*"))


def test_a_dry_run_tells_the_plan_and_runs_nothing(project, client):
    run = project.run("--data", "data/train.csv", "--output", "weight.txt")
    before = project.git("status", "--porcelain", "--ignored")
    plan = project.reproduce(run)["plan"]
    assert plan["refused"] == []
    assert plan["code"]["commit"] == project.git("rev-parse", "HEAD")
    assert plan["data"] == [
        {"path": "data/train.csv", "from": "copied from where it stands, as it was", "fits": True}
    ]
    assert plan["environment"]["action"] == "the one that is here, which is the recorded one"
    assert plan["command"] == [sys.executable, "train.py"]
    assert plan["compared"]["metrics"] == 4
    text = project.call("reproduce", "--url", project.url, run)
    assert text.returncode == 0 and "Nothing was run; --run does it." in text.stdout, text.stderr
    experiment = client.get_experiment_by_name(project.experiment).experiment_id
    assert [found.info.run_id for found in client.search_runs([experiment])] == [run]
    assert project.git("status", "--porcelain", "--ignored") == before
    is_clean(project)


def test_a_deterministic_run_is_repeated_to_the_bit(project, client):
    commit = project.git("rev-parse", "HEAD")
    run = project.run("--data", "data/train.csv", "--output", "weight.txt")
    # The working tree has moved on.
    project.write(train="raise SystemExit('the wrong code')\n")
    project.commit()
    answer = project.reproduce(run, "--run")
    assert answer["verdict"] == "identical", answer
    (report,) = answer["reproductions"]
    found = metrics(answer)
    assert {name: metric["likeness"] for name, metric in found.items() if metric["judged"]} == dict.fromkeys(
        ("weight", "repeated", "nothing"), "identical"
    )
    assert not found["train_seconds"]["judged"]
    assert (found["weight"]["recorded_points"], found["repeated"]["recorded_points"]) == (30, 30)
    assert [(file["role"], file["path"], file["likeness"]) for file in report["files"]] == [
        ("output", "weight.txt", "identical"),
        ("artifact", "weight.txt", "identical"),
    ]
    # The new run is linked to the old one, in the same experiment, with the same inputs.
    new = report["repeat"]
    assert report["original"] == run and new != run
    old_tags, new_tags = tags(client, run), tags(client, new)
    assert new_tags["trackside.reproduces"] == run
    assert new_tags["trackside.reproduction"] == "identical"
    assert client.get_run(new).info.experiment_id == client.get_run(run).info.experiment_id
    assert new_tags["trackside.git.commit"] == commit
    assert new_tags["trackside.key.provenance"] == old_tags["trackside.key.provenance"]
    path = client.download_artifacts(new, "trackside/reproduction.json", str(project.root.parent))
    assert json.loads(Path(path).read_text()) == report
    assert (project.root / "train.py").read_text().startswith("raise")
    is_clean(project)


def test_uncommitted_code_is_repeated_too(project, client):
    project.write(train=SEEDED.replace("0.1 *", "0.3 *"))
    (project.root / "fresh.py").write_text("HERE = True\n")
    run = project.run("--data", "data/train.csv", command=[sys.executable, str(project.root / "train.py")])
    project.git("checkout", "-q", "train.py")
    (project.root / "fresh.py").unlink()
    answer = project.reproduce(run, "--run", "--keep")
    assert (answer["verdict"], answer["plan"]["code"]["uncommitted"]) == ("identical", True)
    # The recorded command names the old working tree; it is the code of the checkout that runs.
    (kept,) = (project.root.parent / "tmp").glob("trackside-reproduce-*")
    assert answer["plan"]["command"][1] == str(kept / "code" / "train.py")
    assert (kept / "code" / "fresh.py").is_file() and not (project.root / "fresh.py").exists()


def test_a_run_that_differs_is_different_until_its_spread_is_known(project):
    # Runs with the same inputs are known, whoever made them: these are of this test alone.
    project.write(train=f"{UNSEEDED}# {project.experiment}\n")
    project.commit()
    run = project.run("--no-data")
    first = project.reproduce(run, "--run", code=1)
    loss = metrics(first)["loss"]
    assert (first["verdict"], loss["likeness"], loss["basis"]["by"]) == ("different", "different", "usual")
    assert loss["breaks"]["step"] == loss["parts"]["step"] < 60
    assert "from step" in first["reproductions"][0]["reason"]
    given = project.reproduce(run, "--run", "--metric", "loss=100")
    assert (given["verdict"], metrics(given)["loss"]["basis"]) == ("equivalent", {"by": "given", "relative": 100.0})
    third = project.reproduce(run, "--run")
    loss = metrics(third)["loss"]
    assert (third["verdict"], loss["basis"]["by"], loss["basis"]["runs"]) == ("equivalent", "spread", 3)
    low, high = loss["basis"]["last"]
    assert 1 / 60 <= low <= high <= 1 / 60 + 0.0500001
    exact = project.reproduce(run, "--run", "--tolerance", "0", code=1)
    assert exact["verdict"] == "different"


def test_a_result_of_other_code_is_outside_of_the_spread(project):
    # Runs with the same inputs are known, whoever made them: these are of this test alone.
    project.write(train=f"{UNSEEDED}# {project.experiment}\n")
    project.commit()
    run = project.run("--no-data")
    for _ in range(2):
        project.run("--no-data")
    assert project.reproduce(run, "--run")["reproductions"][0]["metrics"][0]["basis"]["runs"] == 3
    worse = [sys.executable, "-c", UNSEEDED.replace("1 / (step + 1)", "0.5 + 1 / (step + 1)")]
    answer = project.reproduce(run, "--run", "--", *worse, code=1)
    assert answer["verdict"] == "different"
    assert "the command that is given is not the recorded one" in answer["plan"]["warnings"]


def test_changed_data_is_refused_by_name(project):
    (project.root / "data/sub").mkdir(parents=True)
    (project.root / "data/sub/extra.csv").write_text("1\n")
    run = project.run("--data", "data")
    (project.root / "data/sub/extra.csv").write_text("2\n")
    (project.root / "data/new.csv").write_text("2\n")
    why = project.refused(run, "--run")
    assert why.startswith("data: ") and "was changed since (changed: sub/extra.csv, added: new.csv)" in why
    shutil.rmtree(project.root / "data")
    assert "data: there is nothing at" in project.refused(run)
    text = project.call("reproduce", "--url", project.url, run)
    assert text.returncode == 1 and "refused: data: there is nothing at" in text.stdout
    is_clean(project)


def test_data_comes_from_the_cache_or_a_remote_of_dvc(project):
    md5 = json.loads(project.call("data", "--json", "hash", "data/train.csv").stdout)[0]["md5"]
    run = project.run("--data", "data/train.csv")
    project.write(data="9\n")
    (project.root / ".dvc").mkdir()
    remote = project.root.parent / "remote"
    (project.root / ".dvc/config").write_text(f"['remote \"store\"']\n    url = {remote}\n")
    [held, cached] = [place / "files/md5" / md5[:2] / md5[2:] for place in (remote, project.root / ".dvc/cache")]
    for place in (held, cached):
        place.parent.mkdir(parents=True)
        place.write_text("damaged")
    assert "data/train.csv: " in project.refused(run) and "was changed since" in project.refused(run)
    for place, told in ((held, "the remote store of DVC"), (cached, "the cache of DVC")):
        place.write_text(ROWS)
        place.chmod(0o444)
        answer = project.reproduce(run, "--run")
        assert answer["verdict"] == "identical"
        assert answer["plan"]["data"][0]["from"] == f"copied from {told}"
    assert (project.root / "data/train.csv").read_text() == "9\n"


def test_data_that_git_has_comes_with_the_code(project):
    project.write(ignore="weight.txt\n")
    project.commit()
    run = project.run("--data", "data")
    project.write(data="9\n")
    answer = project.reproduce(run, "--run")
    assert (answer["verdict"], answer["plan"]["data"][0]["from"]) == ("identical", "comes with the code")


def test_linked_data_is_not_copied(project):
    run = project.run("--data", "data/train.csv")
    work = project.root.parent / "work"
    answer = project.reproduce(run, "--run", "--link", "--directory", str(work))
    assert answer["verdict"] == "identical"
    assert (work / "code/data/train.csv").is_symlink()
    assert "is not empty" in project.call("reproduce", "--url", project.url, run, "--run", "--directory", str(work)).stderr


def test_a_commit_that_is_gone_is_refused(project):
    project.write(train=SEEDED + "\n# never again\n")
    gone = project.commit()
    run = project.run("--data", "data/train.csv")
    project.git("reset", "-q", "--hard", "HEAD~1")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")
    why = project.refused(run, "--run")
    assert f"commit {gone[:12]} is not in {project.root}" in why and "look for it in other clones" in why


def test_a_rebased_commit_with_the_same_files_will_do(project):
    run = project.run("--data", "data/train.csv")
    project.git("commit", "-q", "--amend", "-m", "another message")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")
    answer = project.reproduce(run, "--run")
    assert answer["verdict"] == "identical"
    assert "the recorded commit is gone; another one with the same files is used" in answer["plan"]["warnings"]


def test_the_repository_may_be_a_clone(project):
    run = project.run("--data", "data/train.csv")
    clone = project.root.parent / "clone"
    project.git("clone", "-q", str(project.root), str(clone))
    shutil.move(project.root, project.root.parent / "away")
    shutil.copytree(project.root.parent / "away/data", clone / "data")
    elsewhere = project.root.parent
    assert "is gone; name a clone" in project.refused(run, cwd=elsewhere)
    answer = project.reproduce(run, "--run", "--repository", str(clone), cwd=elsewhere)
    assert answer["verdict"] == "identical"
    assert project.reproduce(run, cwd=clone / "data")["plan"]["code"]["repository"] == str(clone)


def test_a_record_that_was_changed_is_refused(project, client):
    run = project.run("--data", "data/train.csv")
    path = client.download_artifacts(run, "trackside/provenance.json", str(project.root.parent))
    record = json.loads(Path(path).read_text())
    record["execution"]["command"] = ["rm", "-rf", "/"]
    forged = project.root.parent / "provenance.json"
    forged.write_text(json.dumps(record))
    client.log_artifact(run, str(forged), "trackside")
    assert "its record was changed since" in project.refused(run, "--run")


def test_a_hidden_secret_must_be_given_again(project):
    command = [sys.executable, "train.py", "--password", "correct-horse"]
    run = project.run("--data", "data/train.csv", command=command)
    assert "what looks like a secret" in project.refused(run, "--run")
    answer = project.reproduce(run, "--run", "--", *command)
    assert (answer["verdict"], answer["plan"]["warnings"]) == ("identical", [])


def test_a_run_that_nobody_watched_is_refused(project, client, experiment_id):
    run = client.create_run(experiment_id).info.run_id
    assert "it was not started with `trackside run`" in project.refused(run)


def test_variables_are_as_they_were_and_others_are_told(project):
    run = project.run("--data", "data/train.csv", variables={"PYTHONHASHSEED": "5"})
    answer = project.reproduce(run)
    assert answer["plan"]["environment"]["differences"] == []
    other = project.reproduce(run, variables={"OMP_NUM_THREADS": "3"})
    assert other["plan"]["environment"]["differences"] == ["OMP_NUM_THREADS: recorded nothing, here 3"]
    assert "results may differ, because the environment does" in other["plan"]["warnings"]
    assert "--strict-environment" in project.refused(
        run, "--strict-environment", variables={"OMP_NUM_THREADS": "3"}
    )


def test_code_in_a_submodule_is_what_it_was(project, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    part = Project(library, project.url, project.environment, project.experiment)
    part.git("init", "-q", "-b", "main")
    (library / "rate.py").write_text("RATE = 0.1\n")
    part.commit()
    project.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "part")
    script = "import sys\nsys.path.insert(0, 'part')\nfrom rate import RATE\n"
    project.write(train=script + SEEDED.replace("0.1 *", "RATE *"))
    project.commit()
    run = project.run("--data", "data/train.csv")
    # It moves on, and the project with it.
    part_here = Project(project.root / "part", project.url, project.environment, project.experiment)
    (project.root / "part/rate.py").write_text("RATE = 0.9\n")
    part_here.commit()
    project.commit()
    answer = project.reproduce(run, "--run")
    assert answer["verdict"] == "identical", answer


def test_beside_another_server_of_mlflows_protocol(project, mlflow_server):
    project.url = mlflow_server.url
    run = project.run("--data", "data/train.csv", "--output", "weight.txt")
    answer = project.reproduce(run, "--run")
    assert answer["verdict"] == "identical", answer
    (report,) = answer["reproductions"]
    assert report["original"] == run
    assert tags(MlflowClient(mlflow_server.url, mlflow_server.url), report["repeat"])["trackside.reproduces"] == run


def test_a_command_in_a_subdirectory_that_fails_now_is_different(project):
    below = project.root / "below"
    below.mkdir()
    (below / "train.py").write_text("import os\nraise SystemExit(3 if 'TO_FAIL' in os.environ else 0)\n")
    project.commit()
    run = project.run("--no-data", cwd=below)
    assert project.reproduce(run, "--run")["verdict"] == "equivalent", "it leaves nothing to compare"
    answer = project.reproduce(run, "--run", code=1, variables={"TO_FAIL": "1"})
    assert answer["plan"]["code"]["subdirectory"] == "below"
    assert answer["reproductions"][0]["reason"] == "the command ended with exit code 3, the original with 0"


def test_the_recorded_environment_is_made(project):
    venv = project.root.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    python = venv / "bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "six==1.16.0"], check=True)
    project.write(train="import six, sys\nopen('weight.txt', 'w').write(f'{six.__version__} {sys.version_info[:2]}')\n")
    project.commit()
    run = project.run("--no-data", "--output", "weight.txt", command=[str(python), "train.py"])
    subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "six"], check=True)
    assert "six: recorded 1.16.0, here nothing" in project.reproduce(run)["plan"]["environment"]["differences"]
    plan = project.reproduce(run, "--environment", "make")["plan"]
    assert plan["environment"]["action"].startswith("a virtual environment is made with Python")
    work = project.root.parent / "work"
    answer = project.reproduce(
        run, "--run", "--environment", "make", "--strict-environment", "--directory", str(work)
    )
    assert (answer["verdict"], answer["plan"]["environment"]["differences"]) == ("identical", [])
    assert answer["plan"]["command"] == [str(work / "venv/bin/python"), "train.py"]


def test_the_digits_example_is_repeated_to_the_bit(project, client):
    shutil.copy(REPOSITORY / "examples/python/train_digits.py", project.root)
    project.commit()
    name = project.experiment
    command = [sys.executable, "train_digits.py", "--experiment", name, "--model-name", name, "--epochs", "4"]
    project.run("--no-data", command=command, variables={"OMP_NUM_THREADS": "1"})
    # By the name of the model.
    answer = project.reproduce(f"{name}@champion", "--run")
    assert answer["verdict"] == "identical", answer
    parent, *below = answer["reproductions"]
    assert len(below) == 5
    names = {client.get_run(report["original"]).info.run_name for report in below}
    assert names == {"baseline"} | {f"mlp-{units}-{rate}" for units in (16, 64) for rate in (0.001, 0.01)}
    for report in below:
        assert client.get_run(report["original"]).info.run_name == client.get_run(report["repeat"]).info.run_name
        assert tags(client, report["repeat"])["trackside.reproduces"] == report["original"]
    curves = [metric for report in below for metric in report["metrics"] if metric["recorded_points"] == 4]
    assert len(curves) == 16
    files = {file["path"]: file["likeness"] for file in parent["files"]}
    assert files["evaluation/predictions.csv"] == files["plots/confusion_matrix.png"] == "identical"
