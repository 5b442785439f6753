"""`trackside attest`: what it signs is read by in-toto's own library and verified by securesystemslib, and the reverse."""

import base64
import json
import os
import random
import shutil
import stat
import subprocess

import pytest
import requests
from mlflow import MlflowClient

pytest_plugins = "recorded_project"

SEED = 20250102


@pytest.fixture(scope="module")
def keys(project, tmp_path_factory):
    """A private key of ours; the public one is beside it."""
    key = tmp_path_factory.mktemp("keys") / "signer.pem"
    project.trackside("attest", "keygen", "--output", key)
    return key


@pytest.fixture(scope="module")
def envelope(project, keys, tmp_path_factory):
    """The model, attested and stored at its run."""
    path = tmp_path_factory.mktemp("attested") / "churn.json"
    project.trackside("attest", "churn@best", "--key", keys, "--output", path, "--upload")
    return path


@pytest.fixture
def artifacts(project, tmp_path):
    """The artifacts of the run as somebody has downloaded them."""
    client = MlflowClient(tracking_uri=project.server.url)
    client.download_artifacts(project.fitted, "", str(tmp_path))
    return tmp_path


def public(key):
    return f"{key}.pub"


def verified(project, envelope, key, *more, code=0):
    answer, _ = project.trackside("attest", "verify", envelope, "--key", public(key), "--json", *more, code=code)
    return json.loads(answer)


def test_a_statement_is_read_by_in_toto(project, oracle, tmp_path):
    path = tmp_path / "statement.json"
    project.trackside("attest", project.fitted, "--unsigned", "--output", path)
    found = oracle("statement", path)
    assert found["predicate"] == "https://slsa.dev/provenance/v1"
    assert list(found["subjects"]) == ["model/weights.txt", "notes.txt", "trackside/provenance.json", "model.bin"]
    assert found["subjects"]["model.bin"].keys() == {"md5", "sha256"}
    snapshot = project.git("rev-parse", f"refs/trackside/runs/{project.fitted}")
    assert found["dependencies"]["code"] == {"gitCommit": snapshot}
    assert len(found["dependencies"]["data"]["md5"]) == 32
    assert found["finished"].endswith("Z")
    # What is not known is said.
    predicate = json.loads(path.read_text())["predicate"]
    record = requests.get(f"{project.server.url}/get-artifact", {"path": "trackside/provenance.json", "run_uuid": project.fitted})
    gaps = [gap["what"] for gap in record.json().get("gaps", [])]
    assert [gap["what"] for gap in predicate["buildDefinition"]["internalParameters"]["unknown"]] == gaps
    audit = predicate["runDetails"]["byproducts"][0]["annotations"]
    assert audit["dimensions"]["artifacts"]["verdict"] == "identical"


def test_securesystemslib_takes_our_signature(project, oracle, keys, envelope):
    found = oracle("verify", envelope, public(keys))
    assert (found["verified"], found["type"]) == (True, "application/vnd.in-toto+json")
    uris = [one.get("uri") for one in json.loads(found["payload"])["predicate"]["runDetails"]["byproducts"]]
    assert "models:/churn/1" in uris
    stored = MlflowClient(tracking_uri=project.server.url).download_artifacts(project.fitted, "trackside/attestation.json")
    assert open(stored).read() == envelope.read_text()


def test_we_take_the_signature_of_securesystemslib(project, oracle, keys, tmp_path):
    statement, foreign = tmp_path / "statement.json", tmp_path / "foreign.pem"
    project.trackside("attest", project.fitted, "--unsigned", "--output", statement)
    signed = tmp_path / "signed.json"
    signed.write_text(json.dumps(oracle("sign", statement, public(foreign))))
    answer = verified(project, signed, foreign)
    assert answer["verified"] and answer["statement"] == json.loads(statement.read_text())
    answer = verified(project, signed, keys, code=1)
    assert not answer["verified"] and "this key has not signed it" in answer["fault"]


def test_openssl_and_we_read_each_others_keys(project, keys, envelope, tmp_path):
    def openssl(*words):
        return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True).stdout

    assert openssl("pkey", "-in", keys, "-pubout") == open(public(keys)).read()
    own = tmp_path / "own.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", own)
    openssl("pkey", "-in", own, "-pubout", "-out", public(own))
    signed = tmp_path / "signed.json"
    project.trackside("attest", "churn/1", "--key", own, "--output", signed)
    assert verified(project, signed, own)["verified"]
    # Keys that cannot be used say what is wrong with them.
    closed, rsa = tmp_path / "closed.pem", tmp_path / "rsa.pem"
    openssl("pkey", "-in", own, "-aes256", "-passout", "pass:secret", "-out", closed)
    openssl("genpkey", "-algorithm", "rsa", "-out", rsa)
    for key, word in [(closed, "it is encrypted"), (rsa, "not an Ed25519 key"), (public(own), "it is a public key")]:
        _, said = project.trackside("attest", "churn/1", "--key", key, code=1)
        assert str(key) in said and word in said, said
    for key, word in [(own, "it is a private key"), (rsa, "it is a private key"), (envelope, "no public key")]:
        _, said = project.trackside("attest", "verify", envelope, "--key", key, code=1)
        assert word in said, said


def test_a_key_is_private_and_never_overwritten(project, keys, tmp_path):
    assert stat.S_IMODE(os.stat(keys).st_mode) == 0o600
    before = keys.read_text(), open(public(keys)).read()
    _, said = project.trackside("attest", "keygen", "--output", keys, code=1)
    assert "is not overwritten" in said
    half = tmp_path / "half.pem"
    open(public(half), "w").close()
    project.trackside("attest", "keygen", "--output", half, code=1)
    assert not half.exists() and before == (keys.read_text(), open(public(keys)).read())
    answer, _ = project.trackside("attest", "keygen", "--output", tmp_path / "new.pem", "--json")
    assert len(json.loads(answer)["id"]) == 64


def test_any_changed_byte_fails_for_both(project, oracle, keys, envelope, tmp_path):
    good = json.loads(envelope.read_text())
    payload, signature = (base64.b64decode(text) for text in (good["payload"], good["signatures"][0]["sig"]))
    chance = random.Random(SEED)
    changed = tmp_path / "changed.json"

    def flipped(data, at):
        return base64.b64encode(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]).decode()

    def refused(document):
        changed.write_text(json.dumps(document))
        answer = verified(project, changed, keys, code=1)
        assert answer["verified"] is False
        return answer["fault"]

    for at in [0, len(payload) - 1, *chance.sample(range(len(payload)), 30)]:
        assert "it was changed since it was signed" in refused(good | {"payload": flipped(payload, at)})
    for at in range(64):
        forged = good["signatures"][0] | {"sig": flipped(signature, at)}
        assert "it was changed since it was signed" in refused(good | {"signatures": [forged]})
    # Theirs says the same of a few of them.
    for document in (good | {"payload": flipped(payload, 7)}, good | {"signatures": [forged]}):
        changed.write_text(json.dumps(document))
        assert oracle("verify", changed, public(keys))["verified"] is False
    for document, word in [
        (good | {"payloadType": "text/plain"}, "no statement of in-toto"),
        (good | {"payload": "?"}, "not base64"),
        (good | {"signatures": []}, "nobody has signed it"),
        ({"payload": good["payload"]}, "not a DSSE envelope"),
        (json.loads(payload), "a bare statement"),
    ]:
        assert word in refused(document)
    changed.write_text(envelope.read_text()[:-40])
    assert "not JSON" in verified(project, changed, keys, code=1)["fault"]


def test_files_are_as_attested_or_named(project, keys, envelope, artifacts):
    answer = verified(project, envelope, keys, "--artifacts", artifacts, "--outputs", project.root)
    assert {one["standing"] for one in answer["checked"]["artifacts"]} == {"same"}
    assert answer["checked"]["outputs"] == [{"name": "model.bin", "standing": "same"}]
    assert answer["not_attested"] == []
    (artifacts / "model/weights.txt").write_text("Weights")
    (artifacts / "notes.txt").unlink()
    (artifacts / "model/added.py").write_text("import os")
    answer = verified(project, envelope, keys, "--artifacts", artifacts, code=1)
    standing = {one["name"]: one["standing"] for one in answer["checked"]["artifacts"]}
    expected = {"model/weights.txt": "differs", "notes.txt": "missing", "trackside/provenance.json": "same"}
    assert standing == expected
    assert answer["not_attested"] == ["model/added.py"]
    said, _ = project.trackside("attest", "verify", envelope, "--key", public(keys), "--artifacts", artifacts, code=1)
    for line in ("3 artifacts", "differs    model/weights.txt", "missing    notes.txt", "further    model/added.py"):
        assert line in said


def test_directories_are_attested_as_a_whole(project, keys, tmp_path):
    signed, copy = tmp_path / "prepared.json", tmp_path / "project"
    project.trackside("attest", project.prepared, "--key", keys, "--output", signed)
    shutil.copytree(project.root, copy)
    assert verified(project, signed, keys, "--outputs", copy)["verified"]
    (copy / "data/1.csv").write_text("3,5")
    answer = verified(project, signed, keys, "--outputs", copy, code=1)
    assert answer["checked"]["outputs"] == [{"name": "data", "standing": "differs"}]


def test_a_hostile_statement_looks_nowhere_else(project, oracle, tmp_path):
    statement = tmp_path / "statement.json"
    project.trackside("attest", project.fitted, "--unsigned", "--output", statement)
    document = json.loads(statement.read_text())
    document["subject"] = [{"name": name, "digest": {"sha256": "0" * 64}} for name in ("../x", "/etc/passwd", "")]
    statement.write_text(json.dumps(document))
    signed, foreign = tmp_path / "signed.json", tmp_path / "foreign.pem"
    signed.write_text(json.dumps(oracle("sign", statement, public(foreign))))
    answer = verified(project, signed, foreign, "--artifacts", project.root, code=1)
    assert [one["standing"] for one in answer["checked"]["artifacts"]] == ["unknown"] * 3


def test_what_cannot_be_attested_says_why(project, keys):
    client = MlflowClient(tracking_uri=project.server.url)
    plain = client.create_run("0").info.run_id
    for subject, word in [
        (plain, "was not started with `trackside run`"),
        ("churn", "is an experiment of 2 runs"),
        ("churn/9", "no run, model version or experiment"),
        ("churn@none", "alias none not found"),
        ("0" * 32, "not found"),
    ]:
        answer, said = project.trackside("attest", subject, "--key", keys, code=1)
        assert answer == "" and subject in said and word in said, said
    _, said = project.trackside("attest", "churn/1", "--key", keys, "--url", "http://127.0.0.1:9", code=1)
    assert "no tracking server answers at http://127.0.0.1:9" in said


def test_files_of_a_model_that_lie_elsewhere_are_said_to_be_unknown(project, keys, oracle, tmp_path):
    client = MlflowClient(tracking_uri=project.server.url)
    client.create_registered_model("logged")
    experiment = client.get_run(project.fitted).info.experiment_id
    model = client.create_logged_model(experiment, source_run_id=project.fitted).model_id
    client.create_model_version("logged", f"models:/{model}", project.fitted, model_id=model)
    path = tmp_path / "statement.json"
    try:
        _, said = project.trackside("attest", "logged/1", "--unsigned", "--output", path)
    finally:
        client.delete_registered_model("logged")
    assert "warning: files of models:/logged/1 are no subjects" in said
    oracle("statement", path)
    unknown = json.loads(path.read_text())["predicate"]["buildDefinition"]["internalParameters"]["unknown"]
    assert unknown[-1]["what"] == "files of models:/logged/1"
    _, said = project.trackside("attest", "churn/1", "--unsigned", "--output", path)
    assert "no subjects" not in said


def test_a_record_that_was_changed_is_not_attested(project, keys):
    client = MlflowClient(tracking_uri=project.server.url)
    key = client.get_run(project.prepared).data.tags["trackside.key.provenance"]
    client.set_tag(project.prepared, "trackside.key.provenance", "0" * 64)
    try:
        _, said = project.trackside("attest", project.prepared, "--key", keys, code=1)
    finally:
        client.set_tag(project.prepared, "trackside.key.provenance", key)
    assert "does not fit its key" in said
