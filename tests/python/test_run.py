"""`trackside run`: the command, its exit code and signals, and what is recorded of the runs it makes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from conftest import start_trackside
from labelled_runs import binary, project
from mlflow.tracking import MlflowClient

PATIENCE_SECS = 60

FLUENT = """
import mlflow
mlflow.set_experiment("fluent")
with mlflow.start_run(run_name="outer"):
    mlflow.log_param("seed", 3)
    mlflow.log_text("hello", "notes.txt")
    with mlflow.start_run(run_name="inner", nested=True):
        mlflow.log_metric("loss", 0.5)
mlflow.MlflowClient().create_run("0")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_trackside(tmp_path_factory.mktemp("run")) as server:
        yield server


@pytest.fixture
def made(tmp_path, server):
    return project(tmp_path, server)


@pytest.fixture
def client(server):
    return MlflowClient(server.url, server.url)


def record(client, run, tmp_path):
    return json.loads(Path(client.download_artifacts(run, "trackside/provenance.json", str(tmp_path))).read_text())


def test_a_run_is_told_of_everything(made, client, tmp_path):
    made.write("train.py", made.root.joinpath("train.py").read_text() + "# changed\n")
    made.flags += ["--output", "model.out"]
    made.words += ["output=model.out"]
    made.start()
    run = client.get_run(made.run)
    tags = run.data.tags
    head = made.git("rev-parse", "HEAD")
    assert tags["trackside.git.commit"] == head and tags["trackside.git.dirty"] == "true"
    assert tags["trackside.exit_code"] == "0"
    assert len(tags["trackside.key.provenance"]) == 64
    inputs = {item.dataset.name: item.dataset.digest for item in run.inputs.dataset_inputs}
    assert inputs.keys() == {"data"} and inputs["data"].endswith(".dir")

    told = record(client, made.run, tmp_path)
    repository = told["code"]["repository"]
    assert [changed["path"] for changed in repository["changed"]] == ["train.py"]
    assert told["execution"]["command"][1:] == ["train.py", *made.words]
    assert told["execution"]["exit_code"] == 0 and told["execution"]["resources"]["peak_memory"] > 1 << 20
    assert told["parameters"]["seeds"] == ["seed"]
    assert [file["path"] for file in told["artifacts"]] == ["model.bin"]
    assert [(data["path"], data["kind"]) for data in told["outputs"]] == [("model.out", "file")]
    assert told["environment"]["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    files = {file.path for file in client.list_artifacts(made.run, "trackside")}
    assert files >= {f"trackside/{name}" for name in ["provenance.json", "stdout.log", "stderr.log", "data"]}
    text = Path(client.download_artifacts(made.run, "trackside/stdout.log", str(tmp_path))).read_text()
    assert text == f"read {(made.root / 'data/train.csv').stat().st_size} bytes\n"

    # The exact code can be had from its reference, and nothing else was touched.
    kept = made.git("rev-parse", f"refs/trackside/runs/{made.run}")
    assert kept == tags["trackside.git.snapshot"]
    assert made.git("show", f"{kept}:train.py").endswith("# changed")
    assert made.git("rev-parse", f"{kept}^") == head == made.git("rev-parse", "HEAD")
    assert made.git("status", "--porcelain") == "M train.py"
    made.git("fsck", "--strict")


def test_every_run_of_any_client_is_found(made, client, server):
    made.write("train.py", FLUENT)
    made.code = 0
    done = made.call("run", "--url", server.url, "--no-data", "--", sys.executable, "train.py")
    assert done.returncode == 0, done.stderr
    recorded = {line.split("recorded run ")[1].split(" ")[0] for line in done.stderr.splitlines() if "recorded" in line}
    assert len(recorded) == 3
    names = {client.get_run(run).info.run_name for run in recorded}
    assert {"outer", "inner"} <= names
    for run in recorded:
        found = client.get_run(run)
        assert found.data.tags["trackside.exit_code"] == "0"
        # One was made and never ended by its client.
        assert found.info.status == "FINISHED" and found.info.end_time


def test_the_names_given_are_those_of_the_clients_runs(made, client, server):
    made.write("train.py", "import mlflow\nwith mlflow.start_run():\n    pass\n")
    words = ["--no-data", "--name", "called so", "--experiment", "given", "--", sys.executable, "train.py"]
    done = made.call("run", "--url", server.url, *words)
    assert done.returncode == 0, done.stderr
    experiment = client.get_experiment_by_name("given")
    assert [run.info.run_name for run in client.search_runs([experiment.experiment_id])] == ["called so"]


def test_a_command_without_a_client_gets_a_run(made, client, server):
    words = ["--no-data", "--name", "shell", "--experiment", "bare", "--", "sh", "-c", "echo out; echo err >&2; exit 5"]
    done = made.call("run", "--url", server.url, *words)
    assert done.returncode == 5
    assert done.stdout == "out\n" and "err\n" in done.stderr
    experiment = client.get_experiment_by_name("bare")
    [run] = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("shell", "FAILED")


def test_the_server_of_its_own_leaves_everything_behind(made, tmp_path):
    del made.environment["DATA"]
    command = [sys.executable, "train.py", "seed=1"]
    own = tmp_path / "own"
    # Whatever else runs on this machine where servers usually do is not ours to write to.
    busy = requests.get("http://127.0.0.1:5000/health", timeout=2).ok if port_is_open(5000) else False
    assert not busy, "something answers on port 5000, which this test takes for free"
    for _ in range(2):
        done = made.call("run", "--no-data", "--data-dir", str(own / "data"), "--", *command)
        assert done.returncode == 0, done.stderr
    with start_trackside(own) as server:
        runs = MlflowClient(server.url, server.url).search_runs(["0"])
    assert len(runs) == 2 and all(run.data.tags["trackside.exit_code"] == "0" for run in runs)


def port_is_open(port):
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_signals_reach_the_command_once(made, server):
    made.write(
        "train.py",
        "import signal, sys, time\n"
        "count = 0\n"
        "def hear(number, frame):\n"
        "    global count\n"
        "    count += 1\n"
        "    print('heard', number, count, flush=True)\n"
        "    if number == signal.SIGTERM: sys.exit(9)\n"
        "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1): signal.signal(number, hear)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
        "time.sleep(60)\n",
    )
    command = [binary(), "run", "--url", server.url, "--no-data", "--", sys.executable, "train.py"]
    process = subprocess.Popen(command, cwd=made.root, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    for number, count in [(signal.SIGUSR1, 1), (signal.SIGINT, 2), (signal.SIGTERM, 3)]:
        process.send_signal(number)
        assert process.stdout.readline() == f"heard {int(number)} {count}\n"
    assert process.wait(PATIENCE_SECS) == 9


def test_a_command_that_dies_of_a_signal_is_told_so(made, client, server):
    made.words = ["seed=1", "end=killed"]
    made.code = 128 + signal.SIGKILL
    made.start()
    run = client.get_run(made.run)
    assert run.info.status == "KILLED" and run.data.tags["trackside.exit_code"] == "137"


def test_what_is_known_is_recorded_before_the_end(made, client, server):
    made.write("train.py", made.root.joinpath("train.py").read_text() + "\ntime.sleep(600)\n")
    command = [binary(), "run", "--url", server.url, "--data", "data", "--", sys.executable, "train.py", "mark=early"]
    process = subprocess.Popen(
        command, cwd=made.root, env=os.environ | made.environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECS
        found = []
        while not found and time.monotonic() < deadline:
            runs = client.search_runs(["0"], "params.mark = 'early'")
            found = [run for run in runs if run.inputs.dataset_inputs]
            time.sleep(0.2)
        [run] = found
        assert "trackside.git.commit" in run.data.tags
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_what_a_dead_server_cannot_record_is_sent_later(made, tmp_path):
    made.environment |= {"XDG_STATE_HOME": str(tmp_path / "state")}
    made.write("slow.py", "import os, time\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')\n")
    own = tmp_path / "own"
    own.mkdir()
    with start_trackside(own) as first:
        command = [binary(), "run", "--url", first.url, "--data", "data", "--output", "slow.py", "--name", "late"]
        process = subprocess.Popen(
            [*command, "--", sys.executable, "slow.py"],
            cwd=made.root,
            env=os.environ | made.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(1)
    made.write("go", "")
    out, err = process.communicate(timeout=PATIENCE_SECS)
    assert (process.returncode, out) == (0, "done\n"), err
    assert "`trackside send` records it later" in err
    told = made.call("send", "--dry-run", "--json")
    [kept] = json.loads(told.stdout)
    assert kept["url"] == first.url and kept["command"].endswith("slow.py") and not kept["sent"]
    # It is still gone.
    assert made.call("send").returncode == 1
    with start_trackside(own) as second:
        sent = made.call("send", "--url", second.url, "--json")
        assert sent.returncode == 0, sent.stderr
        [answer] = json.loads(sent.stdout)
        client = MlflowClient(second.url, second.url)
        [run] = client.search_runs(["0"])
        assert answer["sent"] and answer["runs"] == [run.info.run_id]
        assert (run.info.run_name, run.info.status, run.data.tags["trackside.exit_code"]) == ("late", "FINISHED", "0")
        assert len(run.data.tags["trackside.key.provenance"]) == 64
        told = record(client, run.info.run_id, tmp_path)
        assert [data["path"] for data in told["outputs"]] == ["slow.py"]
        text = Path(client.download_artifacts(run.info.run_id, "trackside/stdout.log", str(tmp_path))).read_text()
        assert text == "done\n"
        assert json.loads(made.call("send", "--json").stdout) == []


MODEL = """
import mlflow, mlflow.pyfunc
class Model(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return model_input
with mlflow.start_run():
    mlflow.log_param("seed", 1)
    mlflow.log_text("x", "notes.txt")
    mlflow.pyfunc.log_model(name="echo", python_model=Model())
"""


def test_the_files_of_logged_models_are_recorded_and_audited(made, client, server, tmp_path):
    made.write("train.py", MODEL)
    made.words = []
    made.start()
    paths = {file["path"] for file in record(client, made.run, tmp_path)["artifacts"]}
    assert {"notes.txt", "echo/MLmodel", "echo/python_model.pkl"} <= paths
    artifacts = next(item for item in made.audit()["findings"] if item["dimension"] == "artifacts")
    assert artifacts["verdict"] == "identical", artifacts
    [stored] = server.data_dir.joinpath("artifacts").rglob("python_model.pkl")
    stored.write_bytes(b"somebody else's")
    artifacts = next(item for item in made.audit()["findings"] if item["dimension"] == "artifacts")
    assert artifacts["verdict"] == "drifted" and "echo/python_model.pkl" in artifacts["reason"]


def test_beside_another_server_runs_are_found_by_a_tag(made, mlflow_server, tmp_path):
    made.write("train.py", FLUENT.rpartition("mlflow.MlflowClient")[0])
    done = made.call("run", "--url", mlflow_server.url, "--data", "data", "--", sys.executable, "train.py")
    assert done.returncode == 0, done.stderr
    client = MlflowClient(mlflow_server.url, mlflow_server.url)
    runs = client.search_runs([client.get_experiment_by_name("fluent").experiment_id])
    assert {run.info.run_name for run in runs} == {"outer", "inner"}
    for run in runs:
        assert run.data.tags["trackside.exit_code"] == "0"
        assert len(run.data.tags["trackside.key.provenance"]) == 64
        assert record(client, run.info.run_id, tmp_path)["run_id"] == run.info.run_id


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["nosuchprogram"], "nosuchprogram: no such program"),
        (["./data/train.csv"], "cannot be executed"),
    ],
)
def test_a_command_that_cannot_be_started_is_named(made, server, command, message):
    done = made.call("run", "--url", server.url, "--no-data", "--", *command)
    assert done.returncode == 1 and message in done.stderr


def test_without_the_server_that_is_named_nothing_is_run(made):
    done = made.call("run", "--url", "http://127.0.0.1:9", "--", "touch", "ran")
    assert done.returncode == 1 and "no tracking server answers at http://127.0.0.1:9" in done.stderr
    assert not (made.root / "ran").exists()


def test_secrets_are_nowhere_in_what_is_recorded(made, server):
    made.git("remote", "add", "origin", "https://user:s3cr3t-remote@host.invalid/repo.git")
    made.environment |= {"WANDB_API_KEY": "s3cr3t-environment"}
    made.words += ["--api-key", "s3cr3t-command", "--token=s3cr3t-token"]
    made.start()
    for path in made.stored("trackside").rglob("*"):
        if path.is_file():
            assert b"s3cr3t" not in path.read_bytes(), path
    run = requests.get(f"{server.url}/api/2.0/mlflow/runs/get", params={"run_id": made.run}, timeout=30)
    assert "s3cr3t" not in run.text


def test_equal_inputs_have_equal_keys(made, client, tmp_path):
    keys = []
    for change in [None, None, lambda: made.write("data/raw/labels.txt", "x"), lambda: made.words.append("x=1")]:
        if change:
            change()
        made.start()
        keys.append(client.get_run(made.run).data.tags["trackside.key.inputs"])
    assert keys[0] == keys[1] and len(set(keys)) == 3
    # Also of a copy elsewhere, under another branch.
    elsewhere = tmp_path / "other"
    shutil.copytree(made.root, elsewhere, symlinks=True)
    made.root = elsewhere
    made.git("checkout", "-q", "-b", "work")
    made.start()
    assert client.get_run(made.run).data.tags["trackside.key.inputs"] == keys[3]


def test_what_has_succeeded_is_not_run_again(made, server):
    made.flags += ["--reuse", "--explain", "--output", "model.out", "--output", "many"]
    made.write(".gitignore", "data/\nmodel.out\nmany/\n")
    script = made.root / "train.py"
    text = script.read_text() + "\nos.makedirs('many/deep', exist_ok=True)\nopen('many/deep/a', 'w').write('a')\n"
    made.write("train.py", text)
    made.git("commit", "-qam", "many")
    made.words += ["output=model.out"]

    def again():
        words = ["run", "--url", server.url, *made.flags, "--", sys.executable, "train.py", *made.words]
        done = made.call(*words)
        assert done.returncode == 0, done.stderr
        return done.stderr

    first = again()
    assert "not reused: no run with the inputs" in first and "recorded run" in first
    made.run = first.split("recorded run ")[1].split(" ")[0]
    model = (made.root / "model.out").read_bytes()
    (made.root / "model.out").unlink()
    shutil.rmtree(made.root / "many")
    assert f"reused run {made.run}" in again()
    assert (made.root / "model.out").read_bytes() == model
    assert (made.root / "many/deep/a").read_text() == "a"
    # What was stored is not what was recorded: it is made anew.
    stored = made.stored("trackside/outputs/model.out")
    stored.write_bytes(b"somebody else's")
    assert "its outputs are not to be had: model.out: what is stored has another digest" in again()
    made.write("data/raw/labels.txt", "changed")
    assert "not reused: no run with the inputs" in again()
    made.flags[made.flags.index("many")] = "further"
    assert "further is not among its outputs" in again()


def test_the_address_of_an_invocation_leads_to_the_page(server):
    answer = requests.get(f"{server.url}/trackside/invocations/{'a' * 32}/", allow_redirects=False, timeout=10)
    assert answer.is_redirect
    assert requests.get(f"{server.url}/trackside/invocations/{'a' * 32}/", timeout=10).url == f"{server.url}/"
    version = requests.get(f"{server.url}/trackside/invocations/{'a' * 32}/version", timeout=10)
    assert version.text == requests.get(f"{server.url}/version", timeout=10).text
