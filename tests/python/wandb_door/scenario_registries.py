"""Registries: which there are, their collections and versions, found by filters."""

import pytest
import wandb


@pytest.fixture
def linked(project, tmp_path):
    """Logs artifacts and links them into collections of a registry of this test alone; what it is called."""
    registry = f"reg-{project}"

    def link(*collections, metadata=None, aliases=(), tags=()):
        for collection in collections:
            path = tmp_path / f"{collection}.pt"
            path.write_text(f"{collection} {metadata} {aliases}")
            with wandb.init(project=project) as run:
                artifact = wandb.Artifact(f"net-{collection}", type="model", metadata=metadata or {})
                artifact.add_file(str(path))
                logged = run.log_artifact(artifact, tags=list(tags)).wait()
                run.link_artifact(logged, f"wandb-registry-{registry}/{collection}-{project}", aliases=list(aliases))
        return registry

    return link


def test_registries_are_found(project, api, linked):
    registry = linked("a")
    names = [found.name for found in api.registries()]
    assert registry in names and "model" in names and names == sorted(names)
    [found] = api.registries(filter={"name": registry})
    assert (found.name, found.full_name) == (registry, f"wandb-registry-{registry}")
    assert [one.name for one in api.registries(filter={"name": {"$regex": f"reg-{project}"}})] == [registry]
    assert list(api.registries(filter={"name": "none-of-that-name"})) == []
    backwards = [one.name for one in api.registries(order="-name", per_page=1)]
    assert backwards == names[::-1]
    read = api.registry(registry)
    assert (read.name, read.organization, read.visibility, read.allow_all_artifact_types) == (
        registry,
        "organization",
        "organization",
        True,
    )
    with pytest.raises(ValueError, match="Failed to load"):
        api.registry("none-of-that-name")


def test_collections_of_a_registry(project, api, linked):
    registry = linked("a", "b")
    names = [f"a-{project}", f"b-{project}"]
    read = api.registry(registry)
    collections = read.collections()
    assert [found.name for found in collections] == names and len(collections) == 2
    assert {(found.type, found.project, found.entity) for found in collections} == {
        ("model", f"wandb-registry-{registry}", "organization")
    }
    assert [found.name for found in read.collections(per_page=1)] == names
    assert [found.name for found in read.collections(order="-name")] == names[::-1]
    assert [found.name for found in read.collections(filter={"name": names[1]})] == names[1:]
    of_all = api.registries(filter={"name": registry}).collections(filter={"name": {"$regex": "^a-"}})
    assert [found.name for found in of_all] == names[:1]


def test_tags_of_a_collection_are_found(project, api, linked, other):
    registry = linked("a", "b")
    [first, _] = api.registry(registry).collections()
    first.tags = ["checked", "eu"]
    first.description = "what it is"
    first.save()
    read = api.registry(registry)
    [found] = read.collections(filter={"tag": "checked"})
    assert (found.name, sorted(found.tags), found.description) == (f"a-{project}", ["checked", "eu"], "what it is")
    found.tags = ["eu"]
    found.save()
    assert list(read.collections(filter={"tag": "checked"})) == []
    assert other.client.get_registered_model(f"a-{project}").tags["wandb.tags"] == '["eu"]'


def test_versions_are_found(project, api, linked):
    linked("a", metadata={"acc": 0.5}, aliases=["old"])
    linked("a", metadata={"acc": 0.9}, aliases=["best"], tags=["prod"])
    registry = linked("b", metadata={"acc": 0.7})
    read = api.registry(registry)
    a, b = f"a-{project}", f"b-{project}"
    every = [f"{a}:v1", f"{a}:v0", f"{b}:v0"]
    assert [found.name for found in read.versions()] == every
    assert [found.name for found in read.versions(per_page=1)] == every

    def found(**filter):
        return [one.name for one in read.versions(filter=filter)]

    assert found(alias="best") == [f"{a}:v1"]
    assert found(tag="prod") == [f"{a}:v1"]
    assert found(version="v1") == [f"{a}:v1"]
    assert found(**{"metadata.acc": {"$gt": 0.6}}) == [f"{a}:v1", f"{b}:v0"]
    assert found(**{"$or": [{"alias": "old"}, {"metadata.acc": 0.7}]}) == [f"{a}:v0", f"{b}:v0"]
    assert found(created_at={"$gt": "2100-01-01"}) == []
    of_b = read.collections(filter={"name": b}).versions()
    assert [(one.name, one.source_name, one.metadata) for one in of_b] == [(f"{b}:v0", "net-b:v0", {"acc": 0.7})]


def test_what_mlflow_registered_is_in_the_registry_of_models(project, api, other):
    other.client.create_registered_model(project)
    registry = api.registry("model")
    assert [found.name for found in registry.collections(filter={"name": project})] == [project]
    other.client.delete_registered_model(project)


def test_why_no_registry_is_made(project, api):
    with pytest.raises(ValueError, match="Failed to create") as refused:
        api.create_registry(f"reg-{project}", visibility="organization")
    assert "by the first artifact that is linked into it" in str(refused.value.__cause__)
    assert api.registries(filter={"name": f"reg-{project}"}).length is None
    assert list(api.registries(filter={"name": f"reg-{project}"})) == []
