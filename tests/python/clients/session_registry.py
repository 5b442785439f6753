"""The registry as a team uses it: versions from runs, aliases, stages, tags, copies, search."""

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LinearRegression

pytest_plugins = "mlflow_session"

pytestmark = pytest.mark.filterwarnings("ignore:.*stage.*:FutureWarning", "ignore:.*get_latest.*:FutureWarning")


@pytest.fixture
def lines(fluent, unique):
    """A registered model with three versions, whose predictions for 1 are 1, 2 and 3."""
    name = unique("lines")
    for slope in (1, 2, 3):
        with fluent.start_run(run_name=f"slope-{slope}"):
            model = LinearRegression().fit([[0], [1], [2]], [0, slope, 2 * slope])
            fluent.sklearn.log_model(model, name="line", registered_model_name=name, pip_requirements=[])
    return name


def slope(uri):
    return round(float(mlflow.sklearn.load_model(uri).predict([[1]])[0]))


def versions(client, name):
    return sorted(int(version.version) for version in client.search_model_versions(f"name = '{name}'"))


def test_an_alias_moves(client, lines):
    client.set_registered_model_alias(lines, "champion", "1")
    client.set_registered_model_alias(lines, "challenger", "2")
    assert slope(f"models:/{lines}@champion") == 1
    client.set_registered_model_alias(lines, "champion", "2")
    assert slope(f"models:/{lines}@champion") == slope(f"models:/{lines}@challenger") == 2
    assert sorted(client.get_model_version(lines, "2").aliases) == ["challenger", "champion"]
    client.delete_registered_model_alias(lines, "challenger")
    assert client.get_registered_model(lines).aliases == {"champion": "2"}
    with pytest.raises(MlflowException, match="alias challenger not found"):
        client.get_model_version_by_alias(lines, "challenger")


def test_stages(client, lines):
    client.transition_model_version_stage(lines, "1", "Production")
    client.transition_model_version_stage(lines, "2", "Staging")
    assert (slope(f"models:/{lines}/Production"), slope(f"models:/{lines}/Staging")) == (1, 2)
    client.transition_model_version_stage(lines, "3", "Production", archive_existing_versions=True)
    stages = {version.version: version.current_stage for version in client.search_model_versions(f"name = '{lines}'")}
    assert stages == {"1": "Archived", "2": "Staging", "3": "Production"}
    latest = {version.current_stage: version.version for version in client.get_latest_versions(lines)}
    assert latest == {"Archived": "1", "Staging": "2", "Production": "3"}
    assert [version.version for version in client.get_latest_versions(lines, ["Staging"])] == ["2"]


def test_descriptions_and_tags(client, lines, unique):
    client.update_registered_model(lines, "Geraden")
    client.set_registered_model_tag(lines, "task", "regression")
    client.update_model_version(lines, "2", "die *zweite*")
    client.set_model_version_tag(lines, "2", "validated", "yes")
    client.set_model_version_tag(lines, "2", "gone", "x")
    client.delete_model_version_tag(lines, "2", "gone")
    model, version = client.get_registered_model(lines), client.get_model_version(lines, "2")
    assert (model.description, model.tags) == ("Geraden", {"task": "regression"})
    assert (version.description, version.tags) == ("die *zweite*", {"validated": "yes"})
    renamed = unique("renamed")
    client.rename_registered_model(lines, renamed)
    assert versions(client, renamed) == [1, 2, 3]
    assert slope(f"models:/{renamed}/2") == 2
    client.delete_registered_model_tag(renamed, "task")
    assert client.get_registered_model(renamed).tags == {}


def test_a_copied_version(client, lines, unique):
    target = unique("production")
    copy = client.copy_model_version(f"models:/{lines}/2", target)
    original = client.get_model_version(lines, "2")
    assert (copy.name, copy.version, copy.source) == (target, "1", f"models:/{lines}/2")
    assert copy.run_id == original.run_id
    assert slope(f"models:/{target}/1") == 2
    assert client.copy_model_version(f"models:/{lines}/3", target).version == "2"
    assert slope(f"models:/{target}/latest") == 3


def test_deleted_versions(client, lines):
    client.set_registered_model_alias(lines, "champion", "3")
    client.delete_model_version(lines, "3")
    assert versions(client, lines) == [1, 2]
    assert client.get_registered_model(lines).aliases == {}
    with pytest.raises(MlflowException, match="not found"):
        client.get_model_version(lines, "3")
    client.delete_registered_model(lines)
    assert client.search_registered_models(f"name = '{lines}'") == []


def test_registering_a_model_of_a_run(fluent, client, unique):
    name = unique("registered")
    with fluent.start_run() as run:
        info = fluent.sklearn.log_model(LinearRegression().fit([[0], [1]], [0, 4]), name="line", pip_requirements=[])
    by_run = fluent.register_model(f"runs:/{run.info.run_id}/line", name, tags={"from": "run"})
    by_model = fluent.register_model(info.model_uri, name)
    assert (by_run.version, by_model.version) == ("1", "2")
    assert client.get_model_version(name, "1").tags == {"from": "run"}
    assert {slope(f"models:/{name}/{version}") for version in (1, 2)} == {4}
    found = client.search_model_versions(f"run_id = '{run.info.run_id}'", order_by=["version_number ASC"])
    assert [(version.name, version.version) for version in found] == [(name, "1"), (name, "2")]


def test_search_of_models(client, experiment_id, unique):
    suffix = unique("")
    names = [f"{name}{suffix}" for name in ("b", "a", "C")]
    for index, name in enumerate(names):
        client.create_registered_model(name, tags={"rank": str(index), "session": suffix})
    hits = client.search_registered_models(f"tags.session = '{suffix}'", order_by=["name DESC"])
    assert [model.name for model in hits] == [names[0], names[1], names[2]]
    hits = client.search_registered_models(f"name ILIKE 'c{suffix}'")
    assert [model.name for model in hits] == [names[2]]
    pages, token = [], None
    while True:
        page = client.search_registered_models(f"name LIKE '%{suffix}'", max_results=2, page_token=token)
        pages.append([model.name for model in page])
        token = page.token
        if not token:
            break
    assert pages == [[names[2], names[1]], [names[0]]]
