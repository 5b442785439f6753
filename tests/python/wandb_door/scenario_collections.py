"""Collections of artifacts change: names, types, tags; artifacts live for a time; contents are removed from the disk."""

import os
import socket
import subprocess
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
import wandb


@pytest.fixture
def log(project, tmp_path):
    """Logs an artifact of one file from a run of its own."""

    def log(content="x", name="data", kind="dataset", run_id=None, ttl=None, aliases=None):
        (tmp_path / "a").write_text(content)
        with wandb.init(project=project, id=run_id) as run:
            artifact = wandb.Artifact(name, type=kind)
            artifact.add_file(str(tmp_path / "a"))
            if ttl:
                artifact.ttl = ttl
            return run.log_artifact(artifact, aliases=aliases).wait()

    return log


def test_a_collection_gets_another_name(project, api, other, log):
    log("first", run_id="r1")
    collection = api.artifact_collection("dataset", f"local/{project}/data")
    collection.name = "renamed"
    collection.description = "what it is"
    collection.save()
    read = wandb.Api()
    assert [found.name for found in read.artifact_collections(f"local/{project}", "dataset")] == ["renamed"]
    assert read.artifact_collection("dataset", f"local/{project}/renamed").description == "what it is"
    assert read.artifact(f"local/{project}/renamed:v0").digest
    # The former name is free, and what it gets lies elsewhere in the run.
    assert log("again", run_id="r1").version == "v0"
    assert log("second", name="renamed", run_id="r2").version == "v1"
    files = other.files(other.run(project, "r1"), "artifacts")
    assert "artifacts/data/v0/a" in files and len(files) == 2
    assert other.files(other.run(project, "r2"), "artifacts") == ["artifacts/data/v1/a"]
    taken = read.artifact_collection("dataset", f"local/{project}/data")
    taken.name = "renamed"
    taken.description = "not kept"
    with pytest.raises(Exception, match="renamed"):
        taken.save()
    assert wandb.Api().artifact_collection("dataset", f"local/{project}/data").description != "not kept"


def test_a_collection_gets_another_type(project, api, log):
    log()
    collection = api.artifact_collection("dataset", f"local/{project}/data")
    collection.change_type("model")
    assert api.artifact_collection("model", f"local/{project}/data").type == "model"
    assert wandb.Api().artifact(f"local/{project}/data:v0").type == "model"
    collection = api.artifact_collection("model", f"local/{project}/data")
    collection.type = "weights"
    collection.save()
    assert wandb.Api().artifact(f"local/{project}/data:v0").type == "weights"
    assert log("more", kind="weights").version == "v1"


def test_a_collection_has_tags(project, api, log):
    log()
    collection = api.artifact_collection("dataset", f"local/{project}/data")
    collection.tags = ["b", "a"]
    collection.save()
    read = wandb.Api().artifact_collection("dataset", f"local/{project}/data")
    assert sorted(read.tags) == ["a", "b"]
    read.tags = ["c", "b"]
    read.save()
    assert sorted(wandb.Api().artifact_collection("dataset", f"local/{project}/data").tags) == ["b", "c"]


def test_a_collection_is_deleted_with_its_links(project, api, other, log):
    artifact = log(name="net", kind="model", run_id="r1")
    with wandb.init(project=project) as run:
        run.link_artifact(artifact, f"model-registry/{project}")
    api.artifact_collection("model", f"local/{project}/net").delete()
    with pytest.raises(wandb.errors.CommError):
        wandb.Api().artifact(f"local/{project}/net:v0")
    assert other.client.search_model_versions(f"name = '{project}'") == []
    assert other.files(other.run(project, "r1"), "artifacts") == []
    api.artifact_collection("model", f"local/model-registry/{project}").delete()
    assert other.client.search_registered_models(f"name = '{project}'") == []


def test_an_artifact_lives_for_a_time(project, api, log):
    log("short", ttl=timedelta(days=30))
    read = api.artifact(f"local/{project}/data:v0")
    assert read.ttl == timedelta(days=30)
    read.ttl = timedelta(hours=1)
    read.save()
    assert wandb.Api().artifact(f"local/{project}/data:v0").ttl == timedelta(hours=1)
    read.ttl = None
    read.save()
    assert wandb.Api().artifact(f"local/{project}/data:v0").ttl is None
    log("long")
    read = api.artifact(f"local/{project}/data:v1")
    assert read.ttl is None
    read.ttl = timedelta(days=2)
    read.save()
    read.ttl = wandb.ArtifactTTL.INHERIT
    read.save()
    assert wandb.Api().artifact(f"local/{project}/data:v1").ttl is None


class Server:
    """One of this test alone, whose disk can be looked at."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url, self.data = f"http://127.0.0.1:{port}", folder / "data"
        command = [os.environ["TRACKSIDE_BIN"], "serve", "--port", str(port), "--data-dir", str(self.data)]
        self.log = open(folder / "server.log", "w")
        self.process = subprocess.Popen([*command, "--capture", "none"], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            try:
                return urllib.request.urlopen(f"{self.url}/health", timeout=5).close()
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, (folder / "server.log").read_text()
                time.sleep(0.1)

    def gc(self, *words):
        command = [os.environ["TRACKSIDE_BIN"], "gc", "--data-dir", str(self.data), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def contents(self):
        found = Path(self.data, "artifacts", ".blobs").rglob("*")
        return {path.read_text() for path in found if path.is_file()}

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path)
    yield server
    server.end()


LOG = """
import sys, wandb
from datetime import timedelta
for content, secs in [("kept", None), ("gone", None), ("short", 1), ("named", 1), ("newest", None)]:
    with wandb.init(project="p", id="r-" + content) as run:
        artifact = wandb.Artifact("data", type="dataset")
        with artifact.new_file("a") as file:
            file.write(content)
        if secs:
            artifact.ttl = timedelta(seconds=secs)
        run.log_artifact(artifact, aliases=["best"] if content == "named" else None).wait()
wandb.Api().artifact("local/p/data:v1").delete(delete_aliases=True)
"""
READ = """
import wandb
for version in wandb.Api().artifacts("dataset", "local/p/data"):
    path = version.get_entry("a").download(root="down-" + version.version, skip_cache=True)
    print(version.name, open(path).read())
"""


def test_contents_that_nobody_needs_leave_the_disk(own, script, wait):
    script(LOG, WANDB_BASE_URL=own.url)
    all_of_them = {"kept", "gone", "short", "named", "newest"}
    assert own.contents() >= all_of_them
    wait(lambda: "Artifact data:v2, whose time to live is over, would be" in own.gc("--dry-run"))
    planned = own.gc("--dry-run")
    assert planned.count("would be permanently deleted") == len(planned.splitlines())
    assert "data:v3" not in planned
    assert own.contents() >= all_of_them
    done = own.gc()
    assert "Artifact data:v2" in done and "Content with MD5" in done
    assert own.contents() == {"kept", "named", "newest"}
    assert own.gc() == "nothing to remove\n"
    assert script(READ, WANDB_BASE_URL=own.url).split("\n")[:3] == ["data:v4 newest", "data:v3 named", "data:v0 kept"]
    # What was removed comes again with whoever logs it.
    again = "\n".join(line for line in LOG.splitlines() if "delete" not in line)
    script(again.replace('"p"', '"again"'), WANDB_BASE_URL=own.url)
    assert own.contents() >= all_of_them
