"""The model registry through the Python client: models, versions, stages, aliases, tags, search."""

import time

import pytest
from mlflow.exceptions import MlflowException, RestException

pytest_plugins = "mlflow_session"

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*stage.*:FutureWarning", "ignore:.*get_latest_versions.*:FutureWarning"
)


@pytest.fixture
def model(client, unique):
    """The name of a registered model without versions."""
    return client.create_registered_model(unique("model")).name


@pytest.fixture
def add_version(client, model, run_id):
    """Register one more version of `model`, made from an artifact of `run_id`; returns its number."""

    def add(**options):
        return client.create_model_version(
            model, f"runs:/{run_id}/model", run_id, await_creation_for=10, **options
        ).version

    return add


def stages(client, model):
    return {version.version: version.current_stage for version in client.search_model_versions(f"name = '{model}'")}


def assert_error(call, code, message):
    with pytest.raises(MlflowException) as error:
        call()
    assert error.value.error_code == code
    assert message in error.value.message


def test_a_new_model_reads_back_whole(client, unique):
    name = unique("Modell größer & 100% +")
    before = int(time.time() * 1000)
    created = client.create_registered_model(name, tags={"task": "digits", "ß": "😀"}, description="Eine\nBeschreibung")
    after = int(time.time() * 1000)
    found = client.get_registered_model(name)
    assert before <= found.creation_timestamp <= after
    assert found.last_updated_timestamp == found.creation_timestamp
    for model in (created, found):
        assert (model.name, model.description) == (name, "Eine\nBeschreibung")
        assert (model.tags, model.aliases, model.latest_versions) == ({"task": "digits", "ß": "😀"}, {}, [])


def test_a_name_is_taken_once(client, model):
    assert_error(lambda: client.create_registered_model(model), "RESOURCE_ALREADY_EXISTS", "already exists")


@pytest.mark.parametrize("name", ["a/b", "a:b", "", " "])
def test_a_bad_name_is_refused(client, name):
    with pytest.raises(MlflowException) as error:
        client.create_registered_model(name)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_unknown_models_and_versions(client, model, unique):
    missing = unique("missing")
    for call in (
        lambda: client.get_registered_model(missing),
        lambda: client.update_registered_model(missing, "d"),
        lambda: client.rename_registered_model(missing, unique("new")),
        lambda: client.delete_registered_model(missing),
        lambda: client.set_registered_model_tag(missing, "k", "v"),
        lambda: client.get_latest_versions(missing),
        lambda: client.set_registered_model_alias(missing, "champion", "1"),
    ):
        assert_error(call, "RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={missing} not found")
    for call in (
        lambda: client.get_model_version(model, "7"),
        lambda: client.update_model_version(model, "7", "d"),
        lambda: client.delete_model_version(model, "7"),
        lambda: client.transition_model_version_stage(model, "7", "Staging"),
        lambda: client.set_model_version_tag(model, "7", "k", "v"),
        lambda: client.get_model_version_download_uri(model, "7"),
        lambda: client.set_registered_model_alias(model, "champion", "7"),
    ):
        assert_error(call, "RESOURCE_DOES_NOT_EXIST", f"Model Version (name={model}, version=7) not found")
    assert_error(
        lambda: client.get_model_version_by_alias(model, "nobody"),
        "INVALID_PARAMETER_VALUE",
        "Registered model alias nobody not found.",
    )


def test_update_and_rename_keep_what_belongs_to_the_model(client, model, add_version, unique):
    client.set_registered_model_tag(model, "k", "v")
    version = add_version(tags={"t": "1"})
    client.set_registered_model_alias(model, "champion", version)
    before = client.update_registered_model(model, "new text")
    assert before.description == "new text"

    new = unique("renamed")
    client.rename_registered_model(model, new)
    found = client.get_registered_model(new)
    assert (found.description, found.tags, found.aliases) == ("new text", {"k": "v"}, {"champion": version})
    assert [(entry.name, entry.version) for entry in found.latest_versions] == [(new, version)]
    assert found.creation_timestamp == before.creation_timestamp
    assert found.last_updated_timestamp >= before.last_updated_timestamp
    assert client.get_model_version(new, version).tags == {"t": "1"}
    assert client.get_model_version_by_alias(new, "champion").version == version
    assert_error(lambda: client.get_registered_model(model), "RESOURCE_DOES_NOT_EXIST", model)
    client.create_registered_model(model)
    assert_error(lambda: client.rename_registered_model(model, new), "RESOURCE_ALREADY_EXISTS", "already exists")


def test_deleting_a_model_deletes_its_versions(client, model, add_version):
    add_version()
    client.set_registered_model_alias(model, "champion", "1")
    client.delete_registered_model(model)
    assert_error(lambda: client.get_registered_model(model), "RESOURCE_DOES_NOT_EXIST", model)
    assert client.search_model_versions(f"name = '{model}'") == []
    client.create_registered_model(model)
    assert client.get_registered_model(model).aliases == {}
    assert add_version() == "1"


def test_a_new_version_reads_back_whole(client, model, run_id):
    source = f"runs:/{run_id}/größe/model 1"
    created = client.create_model_version(
        model,
        source,
        run_id,
        tags={"a": "1", "ß": ""},
        run_link="https://example.org/run",
        description="d\nß",
        await_creation_for=10,
    )
    found = client.get_model_version(model, "1")
    for version in (created, found):
        expected = {
            "name": model,
            "version": "1",
            "current_stage": "None",
            "description": "d\nß",
            "run_id": run_id,
            "run_link": "https://example.org/run",
            "source": source,
            "status": "READY",
            "tags": {"a": "1", "ß": ""},
            "aliases": [],
            "creation_timestamp": created.creation_timestamp,
            "last_updated_timestamp": created.creation_timestamp,
        }
        assert {key: dict(version)[key] for key in expected} == expected
    assert abs(time.time() * 1000 - created.creation_timestamp) < 60_000
    assert client.get_model_version_download_uri(model, "1") == source
    assert client.get_registered_model(model).last_updated_timestamp >= created.creation_timestamp


def test_numbers_of_deleted_versions_are_not_used_again(client, model, add_version):
    assert [add_version() for _ in range(3)] == ["1", "2", "3"]
    client.set_registered_model_alias(model, "champion", "3")
    client.delete_model_version(model, "3")
    client.delete_model_version(model, "1")
    assert_error(lambda: client.get_model_version(model, "3"), "RESOURCE_DOES_NOT_EXIST", "version=3")
    assert client.get_registered_model(model).aliases == {}
    assert add_version() == "4"
    assert stages(client, model) == {"2": "None", "4": "None"}


def test_versions_are_described_and_tagged(client, model, add_version):
    version = add_version()
    assert client.update_model_version(model, version, "text").description == "text"
    client.set_model_version_tag(model, version, "a", "1")
    client.set_model_version_tag(model, version, "a", "2")
    client.set_model_version_tag(model, version, "b", "ß" * 5000)
    assert client.get_model_version(model, version).tags == {"a": "2", "b": "ß" * 5000}
    client.delete_model_version_tag(model, version, "b")
    client.delete_model_version_tag(model, version, "b")
    found = client.get_model_version(model, version)
    assert (found.description, found.tags) == ("text", {"a": "2"})


def test_models_are_tagged(client, model):
    client.set_registered_model_tag(model, "a", "1")
    client.set_registered_model_tag(model, "a", "2")
    client.set_registered_model_tag(model, "b", "")
    assert client.get_registered_model(model).tags == {"a": "2", "b": ""}
    client.delete_registered_model_tag(model, "b")
    client.delete_registered_model_tag(model, "b")
    assert client.get_registered_model(model).tags == {"a": "2"}


def test_stages(client, model, add_version):
    for _ in range(4):
        add_version()
    assert client.transition_model_version_stage(model, "1", "staging").current_stage == "Staging"
    client.transition_model_version_stage(model, "2", "Production")
    client.transition_model_version_stage(model, "3", "Staging")
    assert stages(client, model) == {"1": "Staging", "2": "Production", "3": "Staging", "4": "None"}
    assert {entry.version: entry.current_stage for entry in client.get_latest_versions(model)} == {
        "2": "Production",
        "3": "Staging",
        "4": "None",
    }
    assert [entry.version for entry in client.get_latest_versions(model, ["Staging"])] == ["3"]
    assert {entry.version for entry in client.get_latest_versions(model, ["Production", "None"])} == {"2", "4"}
    assert client.get_latest_versions(model, ["Archived"]) == []
    assert {entry.version for entry in client.get_registered_model(model).latest_versions} == {"2", "3", "4"}

    client.transition_model_version_stage(model, "4", "Staging", archive_existing_versions=True)
    assert stages(client, model) == {"1": "Archived", "2": "Production", "3": "Archived", "4": "Staging"}
    client.transition_model_version_stage(model, "4", "None")
    assert stages(client, model)["4"] == "None"
    assert_error(
        lambda: client.transition_model_version_stage(model, "4", "bogus"),
        "INVALID_PARAMETER_VALUE",
        "Invalid Model Version stage: bogus. Value must be one of None, Staging, Production, Archived.",
    )
    assert client.get_model_version_stages(model, "4") == ["None", "Staging", "Production", "Archived"]


def test_aliases(client, model, add_version):
    for _ in range(2):
        add_version()
    client.set_registered_model_alias(model, "champion", "1")
    client.set_registered_model_alias(model, "Challenger_2-x", "1")
    assert client.get_registered_model(model).aliases == {"champion": "1", "Challenger_2-x": "1"}
    assert sorted(client.get_model_version(model, "1").aliases) == ["Challenger_2-x", "champion"]
    client.set_registered_model_alias(model, "champion", "2")
    assert client.get_registered_model(model).aliases == {"champion": "2", "Challenger_2-x": "1"}
    found = client.get_model_version_by_alias(model, "champion")
    assert (found.version, found.aliases) == ("2", ["champion"])
    client.delete_registered_model_alias(model, "champion")
    client.delete_registered_model_alias(model, "champion")
    assert client.get_registered_model(model).aliases == {"Challenger_2-x": "1"}
    assert client.get_model_version(model, "2").aliases == []
    assert client.get_model_version_by_alias(model, "latest").version == "2"
    for alias in ("latest", "v1", "a b", ""):
        with pytest.raises(MlflowException) as error:
            client.set_registered_model_alias(model, alias, "1")
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.fixture
def family(client, unique, run_id):
    """Models `a` to `e` of one prefix; model number i has i versions."""
    prefix = unique("Family")
    for index, letter in enumerate("bacde"):
        name = f"{prefix}-{letter}"
        client.create_registered_model(name, tags={"parity": "even" if index % 2 == 0 else "odd"})
        for number in range(index):
            client.create_model_version(
                name, f"runs:/{run_id}/model-{number}", run_id, tags={"number": str(number)}, await_creation_for=10
            )
    return prefix


def test_search_of_models(client, family):
    def search(condition="", **options):
        query = f"name LIKE '{family}%'" + (f" AND {condition}" if condition else "")
        return [model.name.removeprefix(family + "-") for model in client.search_registered_models(query, **options)]

    assert search() == list("abcde")
    assert search(order_by=["name DESC"]) == list("edcba")
    assert search("tags.parity = 'odd'") == list("ad")
    assert search("tags.parity != 'odd'") == list("bce")
    assert search("tags.parity ILIKE 'EV%'") == list("bce")
    assert search(f"name ILIKE '{family.upper()}-A'") == ["a"]
    assert [model.name for model in client.search_registered_models(f"name = '{family}-c'")] == [f"{family}-c"]
    assert [len(model.latest_versions) for model in client.search_registered_models(f"name LIKE '{family}%'")] == [
        1,
        0,
        1,
        1,
        1,
    ]

    pages, token = [], None
    while True:
        page = client.search_registered_models(f"name LIKE '{family}%'", max_results=2, page_token=token)
        pages.append([model.name.removeprefix(family + "-") for model in page])
        token = page.token
        if not token:
            break
    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_search_of_versions(client, family, run_id):
    def search(query, **options):
        found = client.search_model_versions(query, **options)
        return [version.name.removeprefix(family + "-") + version.version for version in found]

    everything = ["a1", "c2", "c1", "d3", "d2", "d1", "e4", "e3", "e2", "e1"]
    by_name = {"order_by": ["name ASC", "version_number DESC"]}
    assert search(f"run_id = '{run_id}'", **by_name) == everything
    assert search(f"name = '{family}-d'") == ["d3", "d2", "d1"]
    assert search(f"name LIKE '{family}%' AND version_number > 2", **by_name) == ["d3", "e4", "e3"]
    assert search(f"name = '{family}-e'", order_by=["version_number ASC"]) == ["e1", "e2", "e3", "e4"]
    assert search(f"run_id = '{run_id}' AND tags.number = '1'", **by_name) == ["c2", "d2", "e2"]
    assert search(f"source_path = 'runs:/{run_id}/model-3'") == ["e4"]
    assert search(f"run_id IN ('{run_id}', '{'0' * 32}') AND name = '{family}-a'") == ["a1"]
    assert search(f"name = '{family}-b'") == []

    pages, token = [], None
    while True:
        page = client.search_model_versions(f"run_id = '{run_id}'", max_results=4, page_token=token, **by_name)
        pages.append([version.name.removeprefix(family + "-") + version.version for version in page])
        token = page.token
        if not token:
            break
    assert pages == [everything[:4], everything[4:8], everything[8:]]


@pytest.mark.parametrize("query", ["name = 'a' OR", "bogus = 'a'", "name > 'a'", "name = a"])
def test_a_bad_filter_is_refused(client, query):
    for search in (client.search_registered_models, client.search_model_versions):
        with pytest.raises(RestException) as error:
            search(query)
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_foreign_source_needs_its_run(client, model):
    for source in ("/etc/passwd", "file:///etc", f"runs:/{'0' * 32}/model", "mlflow-artifacts:/9/x/artifacts/model"):
        assert_error(
            lambda source=source: client.create_model_version(model, source, await_creation_for=10),
            "INVALID_PARAMETER_VALUE",
            "Invalid model version source",
        )
    assert client.search_model_versions(f"name = '{model}'") == []


def test_a_version_is_copied_with_its_lineage(client, model, add_version, run_id, unique):
    add_version()
    copy = client.copy_model_version(f"models:/{model}/1", unique("copy"))
    assert (copy.version, copy.run_id, copy.source) == ("1", run_id, f"models:/{model}/1")
    assert client.get_model_version_download_uri(copy.name, "1") == client.get_model_version_download_uri(model, "1")
