"""`trackside models`: the history of the registry, of what a stock MLflow client does to it."""

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Server, start_trackside
from labelled_runs import binary
from mlflow.tracking import MlflowClient

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*stage.*:FutureWarning", "ignore:.*get_latest_versions.*:FutureWarning"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_trackside(tmp_path_factory.mktemp("models")) as server:
        yield server


@pytest.fixture
def name(request):
    return request.node.name


def run(server: Server, *words: str, code: int = 0) -> str:
    command = [binary(), "models", *words]
    environment = os.environ | {"TRACKSIDE_URL": server.url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def asked(server: Server, *words: str, code: int = 0) -> dict | list:
    return json.loads(run(server, "--json", *words, code=code))


def key(server: Server, holder: str) -> str:
    command = [binary(), "keys", "--json", "--data-dir", str(server.data_dir), "--create", holder]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["key"]


@pytest.fixture(scope="module")
def client_of(server) -> Callable[[str], MlflowClient]:
    """A stock client that has the key of somebody."""
    keys: dict[str, str] = {}

    def client(holder: str) -> MlflowClient:
        if holder not in keys:
            keys[holder] = key(server, holder)
        os.environ["MLFLOW_TRACKING_TOKEN"] = keys[holder]
        return MlflowClient(server.url, server.url)

    yield client
    os.environ.pop("MLFLOW_TRACKING_TOKEN", None)


def register(client: MlflowClient, name: str, versions: int) -> None:
    client.create_registered_model(name)
    run = client.create_run("0")
    for _ in range(versions):
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)


def now() -> str:
    time.sleep(0.01)
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    time.sleep(0.01)
    return stamp


def test_who_put_what_into_production(server, client_of, name):
    register(client_of("alice"), name, 2)
    client_of("alice").transition_model_version_stage(name, "1", "Production")
    in_march = now()
    client_of("bob").transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    client_of("bob").set_registered_model_alias(name, "champion", "2")
    history = asked(server, "history", name)
    assert [(entry["action"], entry["by"]["name"]) for entry in history] == [
        ("create-model", "alice"),
        ("create-version", "alice"),
        ("create-version", "alice"),
        ("move-version", "alice"),
        ("move-version", "bob"),
        ("set-alias", "bob"),
    ]
    assert history[4]["by"]["address"] == "127.0.0.1"
    assert history[4]["by"]["client"].startswith("mlflow-python-client/")
    assert history[4]["effects"] == [
        {"version": 1, "what": "stage", "before": "Production", "after": "Archived"},
        {"version": 2, "what": "stage", "before": "None", "after": "Production"},
    ]
    assert [entry["seq"] for entry in asked(server, "history", name, "--version", "1")] == [
        history[at]["seq"] for at in (1, 3, 4)
    ]

    def in_production(*words: str) -> list[str]:
        versions = asked(server, "show", name, *words)["model"]["versions"]
        return [number for number, version in versions.items() if version["stage"] == "Production"]

    assert in_production() == ["2"]
    assert in_production("--as-of", in_march) == ["1"]
    assert "there was no registered model" in run(server, "show", name, "--as-of", "2020-01-01", code=1)
    text = run(server, "history", name)
    assert "by bob at 127.0.0.1" in text and "version 2 stage: None -> Production" in text
    assert "Archived" in run(server, "show", name)


def test_a_deleted_model_and_a_renamed_one_keep_their_history(server, client_of, name):
    client = client_of("alice")
    register(client, f"{name}-a", 1)
    client.set_registered_model_alias(f"{name}-a", "live", "1")
    client.rename_registered_model(f"{name}-a", f"{name}-b")
    alive = now()
    client.delete_registered_model(f"{name}-b")
    assert "there is no registered model" in run(server, "show", f"{name}-b", code=1)
    shown = asked(server, "show", f"{name}-b", "--as-of", alive)
    assert shown["model"]["aliases"] == {"live": 1}
    actions = [entry["action"] for entry in asked(server, "history", f"{name}-b")]
    assert actions == ["create-model", "create-version", "set-alias", "rename-model", "delete-model"]


def test_all_models_are_listed_as_they_were(server, client_of, name):
    before = now()
    client = client_of("alice")
    register(client, name, 2)
    client.transition_model_version_stage(name, "1", "Staging")
    client.set_registered_model_alias(name, "live", "2")
    [found] = [one for one in asked(server, "list") if one["name"] == name]
    assert (found["stages"], found["aliases"]) == ({"Staging": [1]}, {"live": 2})
    assert (found["versions"], found["highest"]) == (2, 2)
    assert [one for one in asked(server, "list", "--as-of", now()) if one["name"] == name] == [found]
    assert name not in [one["name"] for one in asked(server, "list", "--as-of", before)]
    assert "Staging 1" in run(server, "list")


def test_clients_without_a_key_are_somebody(server, name):
    os.environ.pop("MLFLOW_TRACKING_TOKEN", None)
    MlflowClient(server.url, server.url).create_registered_model(name)
    [entry] = asked(server, "history", name)
    assert "name" not in entry["by"] and entry["by"]["address"] == "127.0.0.1"
    assert "by somebody at 127.0.0.1" in run(server, "history", name)


@pytest.fixture
def forged(tmp_path):
    """A server, and a way into its database behind its back."""

    def change(database: Path, *statements: str) -> None:
        with sqlite3.connect(database) as connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'ledger' AND type = 'trigger'")
            for (trigger,) in triggers.fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                assert connection.execute(statement).rowcount > 0, statement
        connection.close()

    with start_trackside(tmp_path) as server:
        client = MlflowClient(server.url, server.url)
        register(client, "m", 3)
        client.set_registered_model_alias("m", "champion", "1")
        client.transition_model_version_stage("m", "2", "Staging")
        yield server, lambda *statements: change(next(Path(server.data_dir).glob("*.db")), *statements)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE ledger SET line = replace(line, 'Staging', 'Stagin9') WHERE line LIKE '%Staging%'", "its text"),
        ("DELETE FROM ledger WHERE seq = 3", "entry 3 is missing"),
        ("DELETE FROM ledger WHERE seq = 6", "version 2 is in stage Staging, not None"),
        ("UPDATE model_version SET stage = 'Production' WHERE number = 3", "version 3 is in stage Production"),
        ("DELETE FROM model_alias", "alias 'champion'"),
        ("UPDATE model_version SET source = 'elsewhere' WHERE number = 1", "version 1 is otherwise"),
        ("INSERT INTO registered_model_tag SELECT pk, 'a', 'b' FROM registered_model", "tags"),
        ("DELETE FROM model_version WHERE number = 2", "version 2 is missing"),
        ("UPDATE registered_model SET name = 'n'", "model 'm' is missing"),
    ],
)
def test_what_is_changed_behind_the_registry_is_found(forged, statement, said):
    server, change = forged
    whole = asked(server, "verify")
    assert (whole["ok"], whole["entries"], whole["faults"]) == (True, 6, [])
    assert run(server, "verify", "--known", whole["end"]).startswith("6 entries, whole")
    change(statement)
    found = asked(server, "verify", code=1)
    assert not found["ok"] and any(said in fault for fault in found["faults"]), found


def test_a_history_that_is_written_anew_is_found_by_who_knows_an_entry(forged):
    server, change = forged
    end = asked(server, "verify")["end"]
    change("DELETE FROM ledger WHERE seq = 6", "UPDATE model_version SET stage = 'None' WHERE number = 2")
    assert asked(server, "verify")["ok"]
    assert "which was known, is missing" in run(server, "verify", "--known", end, code=1)
    MlflowClient(server.url, server.url).transition_model_version_stage("m", "3", "Staging")
    assert "is not the one that was known" in run(server, "verify", "--known", end, code=1)
    assert "expected the number and the digest" in run(server, "verify", "--known", "6", code=2)


def test_a_proof_says_who_held_what_when_and_no_more(server, client_of, name, tmp_path):
    client = client_of("alice")
    register(client, name, 2)
    client.transition_model_version_stage(name, "1", "Production")
    client.set_registered_model_alias(name, "champion", "1")
    begin = now()
    middle = now()
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    later = now()
    signer, proof = tmp_path / "signer.pem", tmp_path / "proof.json"
    subprocess.run([binary(), "attest", "keygen", "--output", signer], check=True, capture_output=True)
    said = run(server, "prove", f"{name}/1", "--stage", "Production", "--from", begin, "--until", middle, "--key", str(signer), "-o", str(proof))
    assert f"version 1 of '{name}' held stage Production from" in said and "by alice" in said
    assert proof.stat().st_size < 2048

    def check(*words: str, key: str = "signer.pem.pub", code: int = 0) -> str:
        command = [binary(), "models", "check-proof", str(proof), "--key", str(tmp_path / key), *words]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "by alice" in check("--from", begin, "--until", middle)
    assert "it proves less than that" in check("--from", begin, "--until", later, code=1)
    other = tmp_path / "other.pem"
    subprocess.run([binary(), "attest", "keygen", "--output", other], check=True, capture_output=True)
    assert "another key" in check(key="other.pem.pub", code=1)
    proof.write_text(proof.read_text().replace('"version":1', '"version":2'))
    assert "not among what was signed" in check(code=1)
    # It lasts, as far as the signer saw.
    run(server, "prove", f"{name}/1", "--alias", "champion", "--key", str(signer), "-o", str(proof))
    assert "held alias champion since" in check("--until", later)
    refused = run(server, "prove", f"{name}/1", "--stage", "Production", "--until", later, "--key", str(signer), code=1)
    assert "did not hold stage Production all that time; it did: from" in refused


def test_a_signed_checkpoint_finds_a_history_that_was_cut(tmp_path):
    signer, kept = tmp_path / "signer.pem", tmp_path / "checkpoint.json"
    subprocess.run([binary(), "attest", "keygen", "--output", signer], check=True, capture_output=True)
    for name in ["one", "other"]:
        (tmp_path / name).mkdir()
    with start_trackside(tmp_path / "one") as server:
        client = MlflowClient(server.url, server.url)
        register(client, "m", 2)
        run(server, "checkpoint", "--key", str(signer), "-o", str(kept))
        client.set_registered_model_alias("m", "a", "1")
        known = ["--checkpoint", str(kept), "--key", f"{signer}.pub"]
        assert "4 entries, whole" in run(server, "verify", *known)
        text = kept.read_text()
        kept.write_text(text.replace(text[40:60], text[41:60] + "A"))
        assert "is not to be believed" in run(server, "verify", *known, code=1)
        kept.write_text(text)
    with start_trackside(tmp_path / "other") as server:
        client = MlflowClient(server.url, server.url)
        register(client, "m", 1)
        assert "entry 3, which was known, is missing" in run(server, "verify", *known, code=1)
        register(client, "n", 1)
        assert "entry 3 is not the one that was known" in run(server, "verify", *known, code=1)


def test_versions_are_promoted_and_rolled_back(server, client_of, name):
    client = client_of("carol")
    register(client, name, 3)
    assert "holds stage Production and alias champion" in run(
        server, "promote", f"{name}/1", "--to", "Production", "--to", "@champion"
    )
    done = asked(server, "promote", f"{name}/3", "--to", "Production", "--to", "@champion", "-m", "50 % better, ä")
    assert done == {"model": name, "version": "3", "to": ["stage Production", "alias champion"]}

    def holds() -> tuple[list[str], str]:
        versions = client.get_latest_versions(name, ["Production"])
        return [one.version for one in versions], client.get_model_version_by_alias(name, "champion").version

    assert holds() == (["3"], "3")
    assert client.get_model_version(name, "1").current_stage == "Archived"
    last = asked(server, "history", name)[-2]
    assert (last["by"]["name"], last["reason"]) == ("carol", "50 % better, ä")
    assert "version 1" in run(server, "rollback", name, "--to", "Production")
    assert holds() == (["1"], "3")
    assert asked(server, "history", name)[-1]["reason"] == "rollback from version 3"
    assert asked(server, "rollback", name, "--to", "@champion")["version"] == "1"
    assert holds() == (["1"], "1")
    # Back and forth.
    assert asked(server, "rollback", name, "--to", "@champion")["version"] == "3"
    assert "no other version" in run(server, "rollback", name, "--to", "Staging", code=1)
    assert "Invalid Model Version stage" in run(server, "promote", f"{name}/2", "--to", "Canary", code=1)
    assert asked(server, "verify")["ok"]


def test_versions_are_compared_by_what_is_known_of_their_runs(server, client_of, name):
    client = client_of("alice")
    client.create_registered_model(name)
    for loss, depth in [(0.5, "2"), (0.25, "3")]:
        run_id = client.create_run("0").info.run_id
        client.log_metric(run_id, "loss", loss)
        client.log_param(run_id, "depth", depth)
        client.log_param(run_id, "seed", "7")
        client.set_tag(run_id, "mlflow.source.git.commit", depth * 40)
        client.create_model_version(name, f"runs:/{run_id}/model", run_id)
    client.set_registered_model_alias(name, "champion", "2")
    found = asked(server, "compare", f"{name}/1", f"{name}@champion")
    assert found["same"] == 1
    assert [(one["part"], one["name"], one["left"], one["right"]) for one in found["differences"]] == [
        ("metrics", "loss", "0.5", "0.25"),
        ("params", "depth", "2", "3"),
        ("code", "commit", "2" * 40, "3" * 40),
    ]
    assert found["unrecorded"] == [f"{name}/1", f"{name}@champion"]
    text = run(server, "compare", f"{name}/1", f"{name}/2")
    assert "loss: 0.5 -> 0.25  (-0.25)" in text and "nothing was recorded of" in text
    assert "no run, model version" in run(server, "compare", f"{name}/1", f"{name}/7", code=1)
