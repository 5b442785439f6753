"""Versioned artifacts: logged, deduplicated, named, used, downloaded, changed, linked into registries."""

import shutil
from pathlib import Path

import pytest
import wandb
from wandb_session import every_line


@pytest.fixture
def forget(user):
    """Empties the cache of the client, so that what is downloaded comes from the server."""

    def clear():
        for contents in Path(user, "wandb_cache_dir").rglob("obj"):
            shutil.rmtree(contents)
            contents.mkdir()

    return clear


@pytest.fixture
def files(tmp_path):
    """Writes a folder of files."""

    def write(name="data", **contents):
        folder = tmp_path / name
        for path, content in contents.items():
            file = folder / path.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return str(folder)

    return write


def log(project, folder, name="data", run_id=None, kind="dataset", aliases=None, **more):
    """Logs a folder as an artifact, from a run of its own."""
    with wandb.init(project=project, id=run_id) as run:
        artifact = wandb.Artifact(name, type=kind, **more)
        artifact.add_dir(folder)
        run.log_artifact(artifact, aliases=aliases).wait()
    return artifact


@every_line
def test_a_folder_is_logged_and_downloaded(project, api, other, files, forget, tmp_path):
    folder = files(a="first", deep__b="second größer")
    logged = log(project, folder, run_id="r1", description="what it is", metadata={"rows": 2, "nested": {"x": [1]}})
    assert (logged.version, logged.state) == ("v0", "COMMITTED")
    read = api.artifact(f"local/{project}/data:latest")
    assert (read.version, read.type, read.size, read.digest) == ("v0", "dataset", 20, logged.digest)
    assert (read.description, read.metadata) == ("what it is", {"rows": 2, "nested": {"x": [1]}})
    assert sorted(read.manifest.entries) == ["a", "deep/b"]
    assert sorted(file.name for file in read.files()) == ["a", "deep/b"]
    forget()
    down = Path(read.download(root=str(tmp_path / "down")))
    assert ((down / "a").read_text(), (down / "deep" / "b").read_text()) == ("first", "second größer")
    read.verify(root=str(down))
    assert read.logged_by().id == "r1"
    seen = other.run(project, "r1")
    assert other.bytes(seen, "artifacts/data/v0/deep/b", tmp_path / "mlflow").decode() == "second größer"
    assert other.bytes(seen, "artifacts/data/v0/a", tmp_path / "mlflow") == b"first"


@every_line
def test_versions_have_names(project, api, files):
    for number in range(3):
        log(project, files(f"d{number}", a=f"content {number}"), aliases=["latest", f"n{number}", "best"])
    names = ("v0", "v1", "v2", "latest", "n1", "best")
    read = {name: api.artifact(f"local/{project}/data:{name}") for name in names}
    assert {name: artifact.version for name, artifact in read.items()} == {
        "v0": "v0",
        "v1": "v1",
        "v2": "v2",
        "latest": "v2",
        "n1": "v1",
        "best": "v2",
    }
    assert sorted(read["v2"].aliases) == ["best", "latest", "n2"]
    assert read["v0"].aliases == ["n0"]


def test_what_is_not_there_is_said(project, api, files):
    log(project, files(a="x"))
    for name in ("data:nothing", "data:v7", "nobody:latest"):
        with pytest.raises(wandb.errors.CommError):
            api.artifact(f"local/{project}/{name}")
    assert api.artifact_exists(f"local/{project}/data:v0")
    assert not api.artifact_exists(f"local/{project}/data:v1")


def test_equal_content_is_one_version(project, api, files, other):
    first = log(project, files(a="same"), run_id="r1")
    second = log(project, files("again", a="same"), run_id="r2", aliases=["other"])
    assert (second.version, second.digest, second.id) == ("v0", first.digest, first.id)
    assert sorted(api.artifact(f"local/{project}/data:v0").aliases) == ["latest", "other"]
    assert log(project, files("third", a="same", b="more")).version == "v1"


def test_a_version_that_adds_to_another(project, api, files, forget, tmp_path):
    log(project, files(a="one", b="two"))
    with wandb.init(project=project) as run:
        draft = run.use_artifact("data:latest").new_draft()
        draft.remove("b")
        draft.add_file(str(Path(files("more", c="three")) / "c"))
        run.log_artifact(draft).wait()
    forget()
    read = api.artifact(f"local/{project}/data:v1")
    down = Path(read.download(root=str(tmp_path / "down")))
    assert {path.name: path.read_text() for path in down.iterdir()} == {"a": "one", "c": "three"}


def test_references_are_kept_as_they_are(project, api, files):
    folder = files(a="here")
    with wandb.init(project=project) as run:
        artifact = wandb.Artifact("refs", type="dataset")
        artifact.add_reference(f"file://{folder}/a", name="local.txt")
        artifact.add_reference("https://example.invalid/x.bin", name="far.bin", checksum=False)
        run.log_artifact(artifact).wait()
    read = api.artifact(f"local/{project}/refs:latest")
    entries = read.manifest.entries
    assert entries["far.bin"].ref == "https://example.invalid/x.bin"
    assert entries["local.txt"].ref_target() == f"file://{folder}/a"


def test_lineage(project, api, other, files):
    log(project, files(a="x"), run_id="maker")
    with wandb.init(project=project, id="user") as run:
        used = run.use_artifact("data:latest")
        assert Path(used.download(), "a").read_text() == "x"
    read = api.artifact(f"local/{project}/data:v0")
    assert read.logged_by().id == "maker"
    assert [run.id for run in read.used_by()] == ["user"]
    assert [artifact.name for artifact in api.run(f"local/{project}/user").used_artifacts()] == ["data:v0"]
    assert [artifact.name for artifact in api.run(f"local/{project}/maker").logged_artifacts()] == ["data:v0"]
    [read_by_mlflow] = other.run(project, "user").inputs.dataset_inputs
    assert (read_by_mlflow.dataset.name, read_by_mlflow.dataset.digest) == ("data:v0", read.digest)


def test_an_artifact_is_edited(project, api, files):
    log(project, files(a="x"))
    read = api.artifact(f"local/{project}/data:v0")
    read.description = "new"
    read.metadata["rows"] = 7
    read.aliases += ["best"]
    read.tags = ["checked"]
    read.save()
    read = wandb.Api().artifact(f"local/{project}/data:best")
    assert (read.description, read.metadata, read.tags) == ("new", {"rows": 7}, ["checked"])
    read.aliases.remove("best")
    read.save()
    assert wandb.Api().artifact(f"local/{project}/data:v0").aliases == ["latest"]


def test_a_version_is_deleted(project, api, files, other):
    log(project, files(a="x"), run_id="r1")
    log(project, files("b", a="y"), run_id="r2")
    api.artifact(f"local/{project}/data:v0").delete()
    with pytest.raises(wandb.errors.CommError):
        wandb.Api().artifact(f"local/{project}/data:v0")
    with pytest.raises(wandb.errors.CommError):
        api.artifact(f"local/{project}/data:v1").delete()
    api.artifact(f"local/{project}/data:v1").delete(delete_aliases=True)
    assert log(project, files("c", a="z")).version == "v2"
    assert "artifacts/data/v0/a" not in other.files(other.run(project, "r1"))


def test_types_and_collections_are_listed(project, api, files):
    log(project, files(a="x"))
    log(project, files("b", a="y"))
    log(project, files(a="x"), name="net", kind="model")
    assert sorted(kind.name for kind in api.artifact_types(f"local/{project}") if not kind.name.startswith("wandb")) == [
        "dataset",
        "model",
    ]
    assert [found.name for found in api.artifact_collections(f"local/{project}", "dataset")] == ["data"]
    assert [found.name for found in api.artifacts("dataset", f"local/{project}/data")] == ["data:v1", "data:v0"]
    assert api.artifact_collection("model", f"local/{project}/net").name == "net"


def test_a_table_within_an_artifact(project, api, forget):
    table = wandb.Table(columns=["x", "y"], data=[[1, "a"], [2, "b"]])
    with wandb.init(project=project) as run:
        artifact = wandb.Artifact("tables", type="dataset")
        artifact.add(table, "numbers")
        run.log_artifact(artifact).wait()
    forget()
    assert api.artifact(f"local/{project}/tables:latest").get("numbers").data == table.data


def test_a_single_file_of_some_size(project, api, other, forget, tmp_path):
    (tmp_path / "weights.bin").write_bytes(content := bytes(range(256)) * 100_000)
    with wandb.init(project=project, id="r1") as run:
        run.log_artifact(str(tmp_path / "weights.bin"), name="net", type="model").wait()
    forget()
    entry = api.artifact(f"local/{project}/net:latest").get_entry("weights.bin")
    assert Path(entry.download(root=str(tmp_path / "down"))).read_bytes() == content
    assert other.bytes(other.run(project, "r1"), "artifacts/net/v0/weights.bin", tmp_path / "mlflow") == content


def test_many_files(project, api, files, forget, tmp_path):
    names = {f"f{n:03}": f"content {n}" for n in range(300)}
    log(project, files(**names))
    forget()
    down = Path(api.artifact(f"local/{project}/data:v0").download(root=str(tmp_path / "down")))
    assert {path.name: path.read_text() for path in down.iterdir()} == names


def test_a_model_is_logged_and_used(project, api, other, tmp_path):
    (tmp_path / "net.pt").write_bytes(b"weights")
    with wandb.init(project=project, id="r1") as run:
        run.log_model(str(tmp_path / "net.pt"), name="net", aliases=["candidate"])
    with wandb.init(project=project, id="r2") as run:
        assert Path(run.use_model("net:candidate")).read_bytes() == b"weights"
    assert api.artifact(f"local/{project}/net:latest").type == "model"


def test_a_model_is_linked_to_the_registry(project, api, other, tmp_path):
    name = f"best-{project}"
    for number in range(2):
        (tmp_path / "net.pt").write_text(f"weights {number}")
        with wandb.init(project=project, id=f"r{number}") as run:
            run.link_model(str(tmp_path / "net.pt"), registered_model_name=name, aliases=[f"n{number}", "champion"])
    read = api.artifact(f"local/model-registry/{name}:champion")
    assert (read.version, read.type) == ("v1", "model")
    assert api.artifact(f"local/model-registry/{name}:v0").digest != read.digest
    version = other.client.get_model_version_by_alias(name, "champion")
    assert (version.version, version.run_id) == ("2", other.run(project, "r1").info.run_id)
    assert sorted(found.version for found in other.client.search_model_versions(f"name = '{name}'")) == ["1", "2"]
    assert other.client.get_model_version_by_alias(name, "n0").version == "1"


def test_an_artifact_is_linked_to_a_registry_of_the_organisation(project, api, other, files):
    with wandb.init(project=project, id="r1") as run:
        artifact = wandb.Artifact("net", type="model")
        artifact.add_dir(files(a="weights"))
        run.log_artifact(artifact).wait()
        linked = run.link_artifact(artifact, f"wandb-registry-model/{project}", aliases=["prod"])
        assert linked is None or linked.version == "v0"
    read = api.artifact(f"wandb-registry-model/{project}:prod")
    assert (read.source_name, read.source_project) == ("net:v0", project)
    assert other.client.get_model_version_by_alias(project, "prod").version == "1"


def test_mlflow_lists_what_is_linked_with_its_files(project, other, files, tmp_path):
    with wandb.init(project=project, id="r1") as run:
        artifact = run.log_artifact(files(a="weights"), name="net", type="model").wait()
        run.link_artifact(artifact, f"model-registry/{project}")
    version = other.client.get_model_version(project, "1")
    uri = other.client.get_model_version_download_uri(project, "1")
    assert version.run_id == other.run(project, "r1").info.run_id and uri
    import mlflow

    down = Path(mlflow.artifacts.download_artifacts(f"models:/{project}/1", dst_path=str(tmp_path / "down")))
    assert (down / "a").read_text() == "weights"
