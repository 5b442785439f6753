"""`trackside lineage`: what came from what, in every form, read by the libraries of PROV and OpenLineage."""

import json
import re
import uuid

import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag

pytest_plugins = "recorded_project"


@pytest.fixture
def lineage(project):
    """The graph of a subject: its subjects, kinds by node, and edges between what nodes are called."""

    def ask(*words):
        return json.loads(project.trackside("lineage", "--json", *words)[0])

    return ask


def nodes(graph):
    return sorted(graph["nodes"])


def tree(project, *words):
    """The tree without ids and digests."""
    text, _ = project.trackside("lineage", *words)
    text = text.replace(project.git("rev-parse", "HEAD")[:12], "HEAD")
    return re.sub(r" \([0-9a-f]{8}\)| \([0-9a-f]{32}\)", "", text).splitlines()


CAME_FROM = """\
  came from
    ├─ executed commit HEAD (main, with uncommitted changes)
    └─ read data data/
       └─ written by run prepare
          ├─ executed commit HEAD (main)
          └─ read data raw.csv
""".splitlines()


def test_a_run_has_both_ways(project):
    expected = ["run fit", *CAME_FROM, "  came of it"]
    expected += ["    ├─ wrote data model.bin", "    └─ registered as model version churn version 1"]
    expected += ["       └─ promoted to alias best of churn"]
    assert tree(project, project.fitted) == expected


def test_a_model_came_from_its_run(project):
    expected = ["model version churn version 1", "  came from", "    └─ registered from run fit"]
    expected += [f"   {line}" for line in CAME_FROM[1:]]
    for name in ("churn/1", "churn@best"):
        assert tree(project, name, "--upstream") == expected
    assert tree(project, "churn/1", "--downstream")[1:] == ["  came of it", "    └─ promoted to alias best of churn"]


def test_a_file_is_found_in_the_directory_that_was_read(project, lineage, tmp_path):
    expected = """\
data data/1.csv
  came from
    └─ written by run prepare
       ├─ executed commit HEAD (main)
       └─ read data raw.csv
  came of it
    └─ part of data data/
       └─ read by run fit
          ├─ wrote data model.bin
          └─ registered as model version churn version 1
             └─ promoted to alias best of churn
""".splitlines()
    assert tree(project, "data/1.csv") == expected
    # Its content counts, not where it is.
    moved = tmp_path / "moved.csv"
    moved.write_text("3,4")
    assert "model:churn/1" in nodes(lineage(moved, "--downstream"))
    moved.write_text("3,5")
    text, _ = project.trackside("lineage", moved)
    assert "nothing is known of where it came from" in text


def test_a_directory_and_a_source_are_found(project, lineage):
    down = lineage("raw.csv", "--downstream")
    assert [node.split(":")[0] for node in nodes(down)] == ["alias", "data", "data", "data", "model", "run", "run"]
    up = lineage("data", "--upstream")
    assert f"run:{project.prepared}" in up["nodes"] and f"run:{project.fitted}" not in up["nodes"]


def test_depth_counts_runs(project, lineage):
    shallow = lineage(project.fitted, "--upstream", "--depth", "0")
    assert f"run:{project.prepared}" in shallow["nodes"]
    assert lineage("raw.csv", "--downstream", "--depth", "0")["nodes"].keys() & {f"run:{project.fitted}"}
    assert "model:churn/1" not in lineage("raw.csv", "--downstream", "--depth", "0")["nodes"]


def test_a_repeated_run_and_a_clients_dataset_are_told(project, lineage):
    client = MlflowClient(tracking_uri=project.server.url)
    again = client.create_run("0", tags={"trackside.reproduces": project.fitted}, run_name="again").info.run_id
    dataset = Dataset("table", "0a1b2c3d", "local", "{}")
    client.log_inputs(again, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    try:
        graph = lineage(again, "--upstream")
        relations = {(edge["from"], edge["relation"]) for edge in graph["edges"] if edge["to"] == f"run:{again}"}
        assert relations == {(f"run:{project.fitted}", "repeated"), ("dataset:table/0a1b2c3d", "read")}
        assert f"run:{project.prepared}" in graph["nodes"]
        assert f"run:{again}" in lineage(project.fitted, "--downstream")["nodes"]
        text, _ = project.trackside("lineage", again)
        assert f"run again ({again}), running\n" in text and "└─ repeats run fit" in text
    finally:
        client.delete_run(again)


def test_prov_is_read_by_its_library(project, oracle, tmp_path):
    path = tmp_path / "lineage.prov.json"
    project.trackside("lineage", project.fitted, "--format", "prov", "--output", path)
    found = oracle("prov", path)
    counts = {kind: len(records) for kind, records in found.items()}
    assert counts == {"Activity": 2, "Entity": 7, "Usage": 4, "Generation": 3, "Derivation": 1}
    project.trackside("lineage", "data/1.csv", "--format", "prov", "--output", path)
    assert len(oracle("prov", path)["Membership"]) == 1


def test_openlineage_is_read_by_its_classes(project, oracle, tmp_path):
    path = tmp_path / "events.jsonl"
    project.trackside("lineage", project.fitted, "--format", "openlineage", "--namespace", "prod", "--output", path)
    events = oracle("openlineage", path)
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"] * 2
    runs = [str(uuid.UUID(run)) for run in (project.prepared, project.fitted)]
    assert [event["run"]["runId"] for event in events] == [runs[0], runs[0], runs[1], runs[1]]
    assert {event["job"]["namespace"] for event in events} == {"prod"}
    assert {event["job"]["name"] for event in events} == {"churn"}
    last = events[-1]
    assert [dataset["name"] for dataset in last["inputs"]] == ["data"]
    assert sorted(dataset["name"] for dataset in last["outputs"]) == ["model.bin", "models/churn/1"]
    code = last["job"]["facets"]["sourceCodeLocation"]
    assert code["version"] == project.git("rev-parse", f"refs/trackside/runs/{project.fitted}")
    assert code["url"].startswith("ssh://") and code["url"].endswith("forge.example/team/churn.git")
    # The output of one is the input of the other, which is how catalogues join them.
    assert events[1]["outputs"] == last["inputs"]
    text, _ = project.trackside("lineage", project.prepared, "--format", "openlineage", "--upstream")
    host = project.server.url.split("://")[1]
    assert json.loads(text.splitlines()[0])["job"]["namespace"] == f"mlflow://{host}"


def test_graphviz_has_each_node_and_edge(project, lineage):
    graph = lineage(project.fitted)
    text, _ = project.trackside("lineage", project.fitted, "--format", "dot")
    lines = text.splitlines()
    assert lines[0] == "digraph lineage {" and lines[-1] == "}"
    assert sum("shape=" in line for line in lines) == len(graph["nodes"])
    assert sum(" -> " in line for line in lines) == len(graph["edges"])


def test_a_file_that_many_have_read_takes_few_requests(project, lineage):
    many = 300
    client = MlflowClient(tracking_uri=project.server.url)
    experiment = client.create_experiment("many")
    (project.root / "many.csv").write_text("many")
    digest = json.loads(project.trackside("data", "--json", "hash", "many.csv")[0])[0]["md5"]
    for n in range(many):
        run = client.create_run(experiment, tags={"trackside.gaps": "0", f"trackside.output.{n:032x}": f"{n}.bin"})
        dataset = Dataset("many.csv", digest, "local", "{}")
        client.log_inputs(run.info.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "trackside")])])
    log = project.server.data_dir.parent / "server.log"
    before = log.read_text().count("/api/2.0/")
    assert before > 2 * many
    graph = lineage("many.csv")
    requests = log.read_text().count("/api/2.0/") - before
    assert len(graph["nodes"]) == 1 + 2 * many
    assert 0 < requests < 20
    client.delete_experiment(experiment)


def test_what_is_not_there_is_said(project):
    for subject, word in [
        ("nothing", "no run, model version or experiment of that name"),
        ("churn/9", "and no such file here"),
        ("no/such.csv", "and no such file here"),
        ("churn@none", "alias none not found"),
        ("0" * 32, "not found"),
    ]:
        answer, said = project.trackside("lineage", subject, code=1)
        assert answer == "" and subject in said and word in said, said
    _, said = project.trackside("lineage", "churn/1", "--url", "http://127.0.0.1:9", code=1)
    assert "no tracking server answers at http://127.0.0.1:9; start one" in said
    _, said = project.trackside("lineage", "churn/1", "--output", "no/such/file", code=1)
    assert "cannot write no/such/file" in said
    project.trackside("lineage", "churn/1", "--depth", "100000", code=2)
    project.trackside("lineage", "churn/1", "--upstream", "--downstream", code=2)
