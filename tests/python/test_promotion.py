"""Policies over stages and aliases: what a stock MLflow client meets, and what those who approve do."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml
from conftest import Server, start_trackside
from labelled_runs import binary
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.utils.models import get_model_name_and_version
from mlflow.tracking import MlflowClient

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*stage.*:FutureWarning", "ignore:.*get_latest_versions.*:FutureWarning"
)

POLICY = {
    "stages": ["Canary"],
    "groups": {"reviewers": ["bob", "carol", "dave"]},
    "policies": [
        {
            "models": "churn*",
            "to": ["Production", "@champion"],
            "rollback": "free",
            "require": {
                "from": ["Staging", "Production", "Archived"],
                "tags": {"validated": "true"},
                "metrics": [{"metric": "auc", "at_least": 0.8}, {"metric": "auc", "above_holder_by": 0}],
                "approvals": {"count": 2, "of": "reviewers"},
            },
        },
        {"models": "signed", "to": "*", "require": {"tags": {"checked": {"value": "yes", "by": "reviewers"}}}},
        {"models": "repeated", "to": "Production", "require": {
            "metrics": [{"metric": "auc", "above_holder_by": 0, "confidence": 0.95, "min_runs": 3}]}},
        {"models": "slow", "to": "Production", "require": {"cool_down": "30d", "freeze": [
            {"from": "2020-01-01", "until": "2020-02-01"}]}},
        {"models": "frozen", "to": "Production", "require": {"freeze": [
            {"from": "2020-01-01", "until": "2120-01-01", "why": "holidays"}]}},
        {"models": "audited", "to": "Production", "require": {"audit": {"at_least": "equivalent", "by": "reviewers"},
            "environment": True, "code": "committed", "data": True, "signature": True, "artifacts": True}},
    ],
}  # fmt: skip


@dataclass
class Governed:
    """A server with the policy, and clients that have keys."""

    server: Server
    keys: dict[str, str]

    def key(self, holder: str) -> str:
        if holder not in self.keys:
            command = [binary(), "keys", "--json", "--data-dir", str(self.server.data_dir), "--create", holder]
            made = subprocess.run(command, capture_output=True, text=True, check=True)
            self.keys[holder] = json.loads(made.stdout)["key"]
        return self.keys[holder]

    def client(self, holder: str) -> MlflowClient:
        """A stock client; whoever was asked for last is who all clients are."""
        os.environ["MLFLOW_TRACKING_TOKEN"] = self.key(holder)
        return MlflowClient(self.server.url, self.server.url)

    def models(self, *words: str, by: str | None = None, code: int = 0) -> str:
        environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_TOKEN"}
        environment["TRACKSIDE_URL"] = self.server.url
        if by:
            environment["MLFLOW_TRACKING_TOKEN"] = self.key(by)
        command = [binary(), "models", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def told(self, *words: str, **more) -> dict | list:
        return json.loads(self.models("--json", *words, **more))


@pytest.fixture(scope="module")
def governed(tmp_path_factory):
    root = tmp_path_factory.mktemp("promotion")
    (root / "trackside.yaml").write_text(yaml.safe_dump({"version": 1, "registry": POLICY}))
    with start_trackside(root) as server:
        yield Governed(server, {})
    os.environ.pop("MLFLOW_TRACKING_TOKEN", None)


def version(client: MlflowClient, name: str, auc: float, repeats: list[float] = []) -> str:
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    run = client.create_run("0").info
    client.log_metric(run.run_id, "auc", auc)
    for value in repeats:
        child = client.create_run("0", tags={"mlflow.parentRunId": run.run_id}).info.run_id
        client.log_metric(child, "auc", value)
    return client.create_model_version(name, f"{run.artifact_uri}/model", run.run_id).version


def refused(change: Callable, *words, **more) -> str:
    with pytest.raises(MlflowException) as raised:
        change(*words, **more)
    assert raised.value.error_code == "PERMISSION_DENIED"
    return str(raised.value)


def holders(client: MlflowClient, name: str) -> tuple:
    """Who has the stage and the alias, by each way that a client has; all have to agree."""
    found = []
    latest = client.get_latest_versions(name, ["Production"])
    found.append(latest[0].version if latest else None)
    try:
        assert get_model_name_and_version(client, f"models:/{name}/Production") == (name, found[0])
    except MlflowException:
        assert found[0] is None
    try:
        found.append(client.get_model_version_by_alias(name, "champion").version)
        assert get_model_name_and_version(client, f"models:/{name}@champion") == (name, found[1])
    except MlflowException:
        found.append(None)
    model = client.get_registered_model(name)
    assert model.aliases.get("champion") == (found[1] and str(found[1]))
    staged = [one.version for one in client.search_model_versions(f"name = '{name}'") if one.current_stage == "Production"]
    assert [found[0]] == (staged or [None])
    return tuple(found)


def test_a_stock_client_goes_from_registering_to_rollback(governed):
    name = "churn"
    alice = governed.client("alice")
    first = version(alice, name, 0.85)

    text = refused(alice.transition_model_version_stage, name, first, "Production")
    assert "The policy does not let version 1 of 'churn' have Production." in text
    for line in [
        "- comes from stage Staging or Production or Archived: it is in None",
        "- tag validated is true: the version has no such tag",
        "- 2 approvals by others of bob, carol, dave: nobody yet",
    ]:
        assert line in text.splitlines(), text
    assert "auc" not in text, "what is met is not listed"
    assert holders(alice, name) == (None, None)
    assert governed.told("promotions") == [], "it lacks more than approvals"

    checked = governed.models("check", "churn/1", "--to", "Production", "--to", "@champion", by="alice", code=1)
    assert "met    metric auc at least 0.8: 0.85" in checked and "UNMET  tag validated" in checked

    alice.transition_model_version_stage(name, first, "Staging")
    alice.set_model_version_tag(name, first, "validated", "true")
    text = refused(alice.transition_model_version_stage, name, first, "Production", archive_existing_versions=True)
    assert "Promotion 1 waits for approval: version 1 of 'churn' to Production." in text
    assert "trackside models approve 1" in text
    assert "Promotion 1 waits" in refused(alice.transition_model_version_stage, name, first, "Production")
    assert holders(alice, name) == (None, None)

    assert "has asked for promotion 1, so others have to decide" in governed.models("approve", "1", by="alice", code=1)
    assert "asks mallory" in governed.models("approve", "1", by="mallory", code=1)
    assert "it is not known who asks" in governed.models("approve", "1", code=1)
    assert "has 1 approval and waits" in governed.models("approve", "1", "-m", "looks good", by="bob")
    assert "has 1 approval and waits" in governed.models("approve", "1", by="bob"), "nobody has two votes"
    assert holders(alice, name) == (None, None)
    assert "promotion 1 of version 1 of 'churn' to Production is done" in governed.models("approve", "1", by="carol")
    assert holders(alice, name) == ("1", None)
    assert "it has it already" in governed.models("check", "churn/1", "--to", "Production")
    assert "is done and can no longer be decided" in governed.models("approve", "1", by="dave", code=1)

    assert "Promotion 2 waits" in refused(alice.set_registered_model_alias, name, "champion", first)
    for who in ["bob", "dave"]:
        governed.models("approve", "2", by=who)
    assert holders(alice, name) == ("1", "1")

    worse = version(alice, name, 0.84)
    alice.set_model_version_tag(name, worse, "validated", "true")
    alice.transition_model_version_stage(name, worse, "Staging")
    text = refused(alice.transition_model_version_stage, name, worse, "Production")
    assert "- metric auc above the holder's by at least 0: 0.84, version 1 has 0.85" in text

    better = version(alice, name, 0.9)
    alice.set_model_version_tag(name, better, "validated", "true")
    alice.transition_model_version_stage(name, better, "Staging")
    said = governed.models("promote", "churn/3", "--to", "Production", "-m", "5 points", by="alice", code=1)
    assert "Promotion 3 waits" in said
    waiting = governed.told("promotions", name)
    assert [(one["id"], one["to"], one["requested_by"], one["reason"]) for one in waiting] == [
        (3, "Production", "alice", "5 points")
    ]
    governed.models("reject", "3", "-m", "not on a Friday", by="bob")
    assert governed.told("promotions") == []
    refused(alice.transition_model_version_stage, name, better, "Production", archive_existing_versions=True)
    for who in ["bob", "carol"]:
        governed.models("approve", "4", by=who)
    assert holders(alice, name) == ("3", "1")

    governed.models("rollback", name, "--to", "Production", "-m", "it drifts", by="alice")
    assert holders(alice, name) == ("1", "1")

    history = governed.models("history", name)
    assert "vote on promotion 1/bob: - -> approve" in history
    assert "promotion 1: pending Production, asked by alice, archiving others -> done Production, asked by alice" in history
    assert "approved by bob, carol" in history and "not on a Friday" in history
    states = [(one["id"], one["state"]) for one in governed.told("promotions", name, "--all")]
    assert states[-4:] == [(4, "done"), (3, "rejected"), (2, "done"), (1, "done")]
    assert "whole" in governed.models("verify")


def test_a_stage_of_the_team(governed):
    alice = governed.client("alice")
    number = version(alice, "staged", 0.5)
    moved = alice.transition_model_version_stage("staged", number, "canary")
    assert moved.current_stage == "Canary"
    assert [one.version for one in alice.get_latest_versions("staged", ["CANARY"])] == [number]
    assert get_model_name_and_version(alice, "models:/staged/canary") == ("staged", number)
    other = version(alice, "staged", 0.6)
    alice.transition_model_version_stage("staged", other, "Canary", archive_existing_versions=True)
    assert alice.get_model_version("staged", number).current_stage == "Archived"
    with pytest.raises(MlflowException, match=r"Value must be one of None, Staging, Production, Archived, Canary\."):
        alice.transition_model_version_stage("staged", number, "shadow")
    assert governed.told("versions", "staged")[1]["stage"] == "Canary"


def test_semantic_versions_name_versions(governed):
    alice = governed.client("alice")
    first, second = version(alice, "labelled", 0.5), version(alice, "labelled", 0.6)
    alice.set_model_version_tag("labelled", first, "trackside.semver", "1.2.0")
    with pytest.raises(MlflowException, match="version 1 of 'labelled' is 1.2.0 already"):
        alice.set_model_version_tag("labelled", second, "trackside.semver", "1.2.0")
    with pytest.raises(MlflowException, match="'1.3' is no semantic version such as 1.2.0"):
        alice.set_model_version_tag("labelled", second, "trackside.semver", "1.3")
    alice.set_model_version_tag("labelled", second, "trackside.semver", "1.3.0-rc.1")
    assert [one["semver"] for one in governed.told("versions", "labelled")] == ["1.2.0", "1.3.0-rc.1"]
    governed.models("promote", "labelled/1.3.0-rc.1", "--to", "@next", by="alice")
    assert alice.get_model_version_by_alias("labelled", "next").version == second
    assert governed.told("check", "labelled/1.2.0", "--to", "Production")["version"] == first
    assert "no version of 'labelled' is 2.0.0" in governed.models("promote", "labelled/2.0.0", "--to", "@x", code=1)
    assert "metrics" in governed.models("compare", "labelled/1.2.0", "labelled/1.3.0-rc.1")


def test_there_is_no_way_around(governed):
    alice = governed.client("alice")
    number = version(alice, "harmless", 0.1)
    alice.transition_model_version_stage("harmless", number, "Production")
    alice.set_registered_model_alias("harmless", "champion", number)
    text = refused(alice.rename_registered_model, "harmless", "churn-2")
    assert "does not let 'harmless' be renamed to 'churn-2'" in text and "version 1 holds @champion" in text
    assert alice.get_registered_model("harmless").aliases == {"champion": "1"}
    alice.delete_registered_model_alias("harmless", "champion")
    alice.transition_model_version_stage("harmless", number, "None")
    alice.rename_registered_model("harmless", "churn-2")
    assert "tag validated" in refused(alice.set_registered_model_alias, "churn-2", "champion", number)
    # The name of a policy can be left, and then it no longer holds.
    alice.rename_registered_model("churn-2", "harmless-2")
    alice.set_registered_model_alias("harmless-2", "champion", number)


def test_a_tag_is_worth_what_its_author_is(governed):
    alice = governed.client("alice")
    number = version(alice, "signed", 0.1)
    alice.set_model_version_tag("signed", number, "checked", "yes")
    text = refused(alice.transition_model_version_stage, "signed", number, "Archived")
    assert "tag checked is yes, set by bob, carol, dave: it is 'yes', set by alice" in text
    governed.client("bob").set_model_version_tag("signed", number, "checked", "no")
    bob = governed.client("bob")
    bob.set_model_version_tag("signed", number, "checked", "yes")
    governed.client("alice").transition_model_version_stage("signed", number, "Archived")


def test_repeated_runs_are_compared_by_their_spread(governed):
    alice = governed.client("alice")
    one = version(alice, "repeated", 0.9, [0.89, 0.90, 0.91])
    alice.transition_model_version_stage("repeated", one, "Production")
    few = version(alice, "repeated", 0.99)
    assert "0.99, and 3 runs of it are wanted" in refused(
        alice.transition_model_version_stage, "repeated", few, "Production"
    )
    noisy = version(alice, "repeated", 0.95, [0.80, 0.95, 1.0])
    text = refused(alice.transition_model_version_stage, "repeated", noisy, "Production")
    assert "0.916667 (mean of 3 runs), version 1 has 0.9 (mean of 3 runs); the difference may be as small as -0.2" in text
    clear = version(alice, "repeated", 0.95, [0.949, 0.95, 0.951])
    alice.transition_model_version_stage("repeated", clear, "Production")


def test_time_has_a_say(governed):
    alice = governed.client("alice")
    first, second = version(alice, "slow", 0.1), version(alice, "slow", 0.2)
    alice.transition_model_version_stage("slow", first, "Production")
    text = refused(alice.transition_model_version_stage, "slow", second, "Production")
    assert "Production has not changed hands for 30d: it last did 20" in text
    number = version(alice, "frozen", 0.1)
    text = refused(alice.transition_model_version_stage, "frozen", number, "Production")
    assert "no freeze: there is one from 2020-01-01T00:00:00Z until 2120-01-01T00:00:00Z, holidays" in text


def test_nothing_on_record_is_no_evidence(governed):
    alice = governed.client("alice")
    number = version(alice, "audited", 0.1)
    text = refused(alice.transition_model_version_stage, "audited", number, "Production")
    for rule in ["code committed", "data on record", "environment on record", "files as the run stored them"]:
        assert f"- {rule}: nothing is on record of its run; `trackside run` records it" in text.splitlines(), text
    assert "- model signature: it has no MLmodel file" in text
    assert "no audit is on record; `trackside audit --record` makes one" in text
    alice.set_model_version_tag("audited", number, "trackside.audit", "identical")
    text = refused(alice.transition_model_version_stage, "audited", number, "Production")
    assert "audited as equivalent or better by bob, carol, dave: identical, by alice" in text


def test_over_http(governed):
    address = f"{governed.server.url}/api/trackside/v1/registry"
    alice = governed.client("alice")
    number = version(alice, "churn-http", 0.9)
    alice.transition_model_version_stage("churn-http", number, "Staging")
    alice.set_model_version_tag("churn-http", number, "validated", "true")
    asked = {"model": "churn-http", "version": number, "to": "@champion"}
    verdict = requests.get(f"{address}/check", params=asked, headers=bearer(governed, "alice"), timeout=30).json()
    assert (verdict["allowed"], verdict["waits"]) == (False, True)
    refused(alice.set_registered_model_alias, "churn-http", "champion", number)
    [waiting] = requests.get(f"{address}/promotions", params={"model": "churn-http", "state": "pending"}, timeout=30).json()[
        "promotions"
    ]
    one = f"{address}/promotions/{waiting['id']}"
    withdrawn = requests.post(f"{one}/withdraw", headers=bearer(governed, "bob"), timeout=30)
    assert (withdrawn.status_code, withdrawn.json()["error"]["kind"]) == (403, "denied")
    assert requests.post(f"{one}/approve", timeout=30).status_code == 401
    withdrawn = requests.post(f"{one}/withdraw", headers=bearer(governed, "alice"), timeout=30).json()
    assert withdrawn["promotion"]["state"] == "withdrawn"
    assert requests.post(f"{one}/approve", headers=bearer(governed, "bob"), timeout=30).status_code == 409
    for bad, status in [("state=x", 400), ("version=x", 400), ("more=1", 400)]:
        assert requests.get(f"{address}/promotions?{bad}", timeout=30).status_code == status, bad
    assert requests.get(f"{address}/promotions/999999", timeout=30).status_code == 404


def bearer(governed: Governed, holder: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {governed.key(holder)}"}


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"to": "Productoin", "require": {}}, "`Productoin`, which is no stage"),
        ({"to": "Production"}, "policies[0].require"),
        ({"to": "Production", "require": {"approvals": {"count": 3, "of": ["a", "b"]}}}, "3 of 2 people"),
        ({"to": "Production", "require": {"metric": []}}, "did you mean `metrics`?"),
        ({"to": "Production", "require": {"metrics": [{"metric": "a"}]}}, "exactly one of at_least"),
        ({"to": "Production", "require": {"freeze": [{"from": "Fri 16:00", "until": "2026-01-01"}]}}, "no end of"),
        ({"to": "Production", "models": "[", "require": {}}, "found    `[`"),
    ],
)
def test_a_policy_that_is_wrong_is_explained(tmp_path: Path, policy: dict, said: str):
    config = tmp_path / "trackside.yaml"
    config.write_text(yaml.safe_dump({"version": 1, "registry": {"policies": [policy]}}))
    command = [binary(), "config", "check", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and said in done.stdout + done.stderr, done.stdout + done.stderr
