"""Experiments through the Python client: life cycle, tags, search."""

import time

import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException

pytest_plugins = "mlflow_session"


def now_ms():
    return int(time.time() * 1000)


def test_a_new_experiment_reads_back_whole(client, unique):
    name = unique("Größe 実験")
    before = now_ms()
    experiment_id = client.create_experiment(name, tags={"team": "vision", "leer": "", "über": "ß😀\n"})
    after = now_ms()

    found = client.get_experiment(experiment_id)
    assert before <= found.creation_time <= after
    assert found.last_update_time == found.creation_time
    assert {
        "experiment_id": found.experiment_id,
        "name": found.name,
        "artifact_location": found.artifact_location,
        "lifecycle_stage": found.lifecycle_stage,
        "tags": found.tags,
    } == {
        "experiment_id": experiment_id,
        "name": name,
        "artifact_location": f"mlflow-artifacts:/{experiment_id}",
        "lifecycle_stage": "active",
        "tags": {"team": "vision", "leer": "", "über": "ß😀\n"},
    }
    assert dict(client.get_experiment_by_name(name)) == dict(found)


def test_an_artifact_location_is_kept(client, unique):
    location = f"mlflow-artifacts:/{unique('shelf')}"
    experiment_id = client.create_experiment(unique("placed"), artifact_location=location)
    assert client.get_experiment(experiment_id).artifact_location == location
    run = client.create_run(experiment_id)
    assert run.info.artifact_uri == f"{location}/{run.info.run_id}/artifacts"


def test_the_default_experiment_has_id_0(client):
    found = client.get_experiment("0")
    assert (found.experiment_id, found.name) == ("0", "Default")


def test_unknown_experiments(client, unique):
    with pytest.raises(RestException, match="No Experiment with id=987654321 exists") as error:
        client.get_experiment("987654321")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert client.get_experiment_by_name(unique("nobody")) is None
    for call in (
        lambda: client.delete_experiment("987654321"),
        lambda: client.restore_experiment("987654321"),
        lambda: client.rename_experiment("987654321", unique("new")),
        lambda: client.set_experiment_tag("987654321", "k", "v"),
        lambda: client.create_run("987654321"),
    ):
        with pytest.raises(RestException) as error:
            call()
        assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_name_is_taken_even_by_a_deleted_experiment(client, unique):
    name = unique("taken")
    experiment_id = client.create_experiment(name)

    def assert_taken():
        with pytest.raises(RestException, match="already exists") as error:
            client.create_experiment(name)
        assert error.value.error_code == "RESOURCE_ALREADY_EXISTS"

    assert_taken()
    client.delete_experiment(experiment_id)
    assert_taken()


def test_rename(client, unique):
    old, new, other = unique("old"), unique("new"), unique("other")
    experiment_id = client.create_experiment(old)
    client.create_experiment(other)
    client.rename_experiment(experiment_id, new)
    assert client.get_experiment(experiment_id).name == new
    assert client.get_experiment_by_name(old) is None
    assert client.get_experiment_by_name(new).experiment_id == experiment_id
    with pytest.raises(MlflowException):
        client.rename_experiment(experiment_id, other)
    assert client.get_experiment(experiment_id).name == new


def test_delete_and_restore_take_the_runs_along(client, unique):
    name = unique("cycle")
    experiment_id = client.create_experiment(name)
    run_ids = {client.create_run(experiment_id).info.run_id for _ in range(3)}

    def found(view):
        return {run.info.run_id for run in client.search_runs([experiment_id], run_view_type=view)}

    client.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert client.get_experiment_by_name(name).lifecycle_stage == "deleted"
    assert found(ViewType.ACTIVE_ONLY) == set()
    assert found(ViewType.DELETED_ONLY) == run_ids
    assert {client.get_run(run_id).info.lifecycle_stage for run_id in run_ids} == {"deleted"}
    with pytest.raises(RestException, match="must be in the 'active' state") as error:
        client.create_run(experiment_id)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(RestException):
        client.delete_experiment(experiment_id)

    client.restore_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "active"
    assert found(ViewType.ACTIVE_ONLY) == run_ids
    assert found(ViewType.DELETED_ONLY) == set()
    with pytest.raises(RestException):
        client.restore_experiment(experiment_id)


def test_tags_are_set_replaced_and_deleted(client, experiment_id):
    client.set_experiment_tag(experiment_id, "stage", "draft")
    client.set_experiment_tag(experiment_id, "note", "n" * 20_000)
    client.set_experiment_tag(experiment_id, "stage", "final")
    assert client.get_experiment(experiment_id).tags == {"stage": "final", "note": "n" * 20_000}
    client.delete_experiment_tag(experiment_id, "note")
    assert client.get_experiment(experiment_id).tags == {"stage": "final"}
    with pytest.raises(RestException, match="No tag with name: note") as error:
        client.delete_experiment_tag(experiment_id, "note")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_set_experiment_creates_once_and_refuses_a_deleted_one(fluent, client, unique):
    name = unique("fluent")
    created = fluent.set_experiment(name)
    assert fluent.set_experiment(name).experiment_id == created.experiment_id
    fluent.set_experiment_tags({"a": "1", "b": "2"})
    assert client.get_experiment(created.experiment_id).tags == {"a": "1", "b": "2"}
    client.delete_experiment(created.experiment_id)
    with pytest.raises(MlflowException, match="deleted"):
        fluent.set_experiment(name)


@pytest.fixture
def family(client, unique):
    """Seven experiments of one prefix, the last one deleted; the prefix, and their names in order of creation."""
    prefix = unique("Family")
    names = [f"{prefix}-{letter}" for letter in "cabgfed"]
    for index, name in enumerate(names):
        tags = {"index": str(index), "parity": "even" if index % 2 == 0 else "odd"}
        if index == 3:
            tags["extra"] = "x"
        experiment_id = client.create_experiment(name, tags=tags)
    client.delete_experiment(experiment_id)
    return prefix, names


def test_search_filters_and_orders(client, family):
    prefix, names = family

    def search(condition, order_by=("name ASC",), view=ViewType.ACTIVE_ONLY):
        query = f"name LIKE '{prefix}%'" + (f" AND {condition}" if condition else "")
        found = client.search_experiments(view, filter_string=query, order_by=list(order_by))
        return [experiment.name.removeprefix(prefix + "-") for experiment in found]

    assert search("") == list("abcefg")
    assert search("", view=ViewType.ALL) == list("abcdefg")
    assert search("", view=ViewType.DELETED_ONLY) == ["d"]
    assert search("", order_by=["name DESC"]) == list("gfecba")
    assert search("tags.parity = 'even'") == list("bcf")
    assert search("tags.parity != 'even'") == list("aeg")
    assert search("tags.`index` = '4'") == ["f"]
    assert search("tags.extra LIKE 'x%' AND tags.parity = 'odd'") == ["g"]
    assert search("tags.extra = 'y'") == []
    assert search(f"name = '{names[0]}'") == ["c"]
    assert search(f"attribute.name != '{names[0]}'") == list("abefg")
    assert search(f"name ILIKE '{prefix.upper()}-A'") == ["a"]
    assert search("creation_time > 0") == list("abcefg")
    assert search("creation_time > 99999999999999") == []


def test_search_pages_without_gaps(client, family):
    prefix, _ = family
    pages, token = [], None
    while True:
        page = client.search_experiments(
            ViewType.ALL, max_results=3, filter_string=f"name LIKE '{prefix}%'", order_by=["name ASC"], page_token=token
        )
        pages.append([experiment.name.removeprefix(prefix + "-") for experiment in page])
        token = page.token
        if not token:
            break
    assert pages == [list("abc"), list("def"), ["g"]]


@pytest.mark.parametrize("query", ["name = 'a' OR", "bogus = 'a'", "name > 'a'", "tags.x = 1", "name = a"])
def test_a_bad_filter_is_refused(client, query):
    with pytest.raises(RestException) as error:
        client.search_experiments(filter_string=query)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_search_through_the_fluent_interface(fluent, family):
    prefix, names = family
    found = fluent.search_experiments(filter_string=f"name LIKE '{prefix}%'")
    assert sorted(experiment.name for experiment in found) == sorted(names[:6])
    # The latest first; experiments of the same millisecond by id.
    ages = [(-experiment.creation_time, int(experiment.experiment_id)) for experiment in found]
    assert ages == sorted(ages)
