"""`trackside models sign`: OpenSSF's own package verifies what is signed, and nothing else."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from conftest import Server, start_trackside
from labelled_runs import binary
from mlflow.artifacts import download_artifacts
from mlflow.tracking import MlflowClient


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_trackside(tmp_path_factory.mktemp("signature")) as server:
        yield server


@pytest.fixture(scope="module")
def model(server, tmp_path_factory) -> Path:
    """A version with files in directories, one of them empty, as its users have it."""
    files = tmp_path_factory.mktemp("model")
    (files / "data").mkdir()
    (files / "MLmodel").write_text("flavors: {}\n")
    (files / "data/model.bin").write_bytes(bytes(range(256)) * 5000)
    (files / "data/Z größe.txt").write_text("")
    client = MlflowClient(server.url, server.url)
    run = client.create_run("0")
    client.log_artifacts(run.info.run_id, str(files), "model")
    client.create_registered_model("churn")
    client.create_model_version("churn", f"{run.info.artifact_uri}/model", run.info.run_id)
    os.environ["MLFLOW_TRACKING_URI"] = server.url
    downloaded = download_artifacts(artifact_uri="models:/churn/1", dst_path=str(tmp_path_factory.mktemp("downloaded")))
    del os.environ["MLFLOW_TRACKING_URI"]
    return Path(downloaded)


def keys(directory: Path, curve: str, form: str) -> tuple[Path, Path]:
    """A private key as OpenSSL writes it, and its public half."""
    private, public = directory / "ec.pem", directory / "ec.pub"
    make = ["genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}"]
    if form == "sec1":
        make = ["ecparam", "-name", curve, "-genkey", "-noout"]
    subprocess.run(["openssl", *make, "-out", private], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def run(server: Server, *words: str | Path, code: int = 0) -> dict:
    command = [binary(), "models", "--json", *map(str, words)]
    done = subprocess.run(command, env=os.environ | {"TRACKSIDE_URL": server.url}, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def package(files: Path, signature: Path, public: Path) -> tuple[int, str]:
    """What OpenSSF's package says."""
    python = os.environ.get("TRACKSIDE_PYTHON_ATTEST")
    if not python:
        pytest.fail("TRACKSIDE_PYTHON_ATTEST is not set: name a Python with requirements-attest.txt")
    command = [python, "-m", "model_signing", "verify", "key", str(files), "--signature", str(signature)]
    done = subprocess.run([*command, "--public_key", str(public)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("curve", "form"), [("prime256v1", "sec1"), ("prime256v1", "pkcs8"), ("secp384r1", "pkcs8")])
def test_the_package_verifies_what_is_signed(server, model, tmp_path, curve, form):
    private, public = keys(tmp_path, curve, form)
    signature = tmp_path / "model.sig"
    signed = run(server, "sign", "churn/1", "--key", private, "-o", signature)
    assert set(signed["files"]) == {"MLmodel", "data/model.bin", "data/Z größe.txt"}
    code, text = package(model, signature, public)
    assert code == 0, text
    for subject in (["churn/1"], ["--files", model]):
        assert run(server, "check-signature", signature, *subject, "--key", public)["verified"]


def test_one_changed_byte_is_refused_by_both(server, model, tmp_path):
    private, public = keys(tmp_path, "prime256v1", "sec1")
    signature = tmp_path / "model.sig"
    run(server, "sign", "churn/1", "--key", private, "-o", signature)
    check = ["check-signature", signature, "--files", model, "--key", public]
    for name, change, fault in [
        ("data/model.bin", lambda data: data[:-1] + b"\x00", "data/model.bin was changed since it was signed"),
        ("data/extra", lambda _: b"", "data/extra was not signed"),
        ("MLmodel", lambda _: None, "MLmodel is missing"),
    ]:
        file = model / name
        before = file.read_bytes() if file.exists() else None
        after = change(before)
        file.unlink() if after is None else file.write_bytes(after)
        assert package(model, signature, public)[0] != 0
        assert run(server, *check, code=1) == {"verified": False, "faults": [fault]}
        file.unlink() if before is None else file.write_bytes(before)
    assert package(model, signature, public)[0] == 0
    # A signature that was tampered with, and one of another key.
    (tmp_path / "other").mkdir()
    other = keys(tmp_path / "other", "prime256v1", "sec1")[1]
    assert package(model, signature, other)[0] != 0
    assert "another key" in run(server, *check[:-1], other, code=1)["faults"][0]


def test_what_the_package_signs_is_checked(server, model, tmp_path):
    private, public = keys(tmp_path, "prime256v1", "pkcs8")
    signature = tmp_path / "model.sig"
    python = os.environ["TRACKSIDE_PYTHON_ATTEST"]
    command = [python, "-m", "model_signing", "sign", "key", str(model), "--private_key", str(private)]
    subprocess.run([*command, "--signature", str(signature)], check=True, capture_output=True)
    assert run(server, "check-signature", signature, "--files", model, "--key", public)["verified"]
    # It has signed what MLflow's client wrote beside the files, and the server does not have.
    refused = run(server, "check-signature", signature, "churn/1", "--key", public, code=1)
    assert refused["faults"] == ["registered_model_meta is missing"]


def test_a_key_of_another_kind_is_refused(server, tmp_path):
    subprocess.run([binary(), "attest", "keygen", "--output", str(tmp_path / "ed")], check=True, capture_output=True)
    refused = run(server, "sign", "churn/1", "--key", tmp_path / "ed", "-o", tmp_path / "s", code=1)
    assert "P-256" in refused["error"] and not (tmp_path / "s").exists()
