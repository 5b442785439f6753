"""What is told of a model version to people and to inventories: its card, and its bill of materials."""

import hashlib
import json

pytest_plugins = "recorded_project"


def test_a_bill_of_materials_is_one_to_others(project, oracle, tmp_path):
    written = tmp_path / "bom.json"
    project.trackside("models", "bom", "churn@best", "--output", written)
    read = oracle("cyclonedx", written)
    assert (read["name"], read["kind"]) == ("churn", "machine-learning-model")
    kinds = {kind for kind, _, _ in read["components"]}
    assert kinds == {"data", "library"}
    assert [name for kind, name, _ in read["components"] if kind == "data"] == ["data"]
    assert "mlflow" in {name for kind, name, _ in read["components"] if kind == "library"}
    assert read["files"] == ["model/weights.txt", "notes.txt"]

    document = json.loads(written.read_text())
    model = document["metadata"]["component"]
    assert model["version"] == "1" and model["purl"].startswith("pkg:mlflow/churn@1?repository_url=http%3A%2F%2F127")
    weights = next(part for part in model["components"] if part["name"] == "model/weights.txt")
    assert weights["hashes"][0]["content"] == hashlib.sha256(b"weights").hexdigest()
    metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics == [{"type": "loss", "value": "0.5"}]
    assert {"name": "mlflow:run_id", "value": project.fitted} in model["properties"]
    assert model["externalReferences"][0]["url"] == "forge.example:team/churn.git"
    data = next(part for part in document["components"] if part["type"] == "data")
    assert data["version"].endswith(".dir") and document["dependencies"][0]["dependsOn"][0] == data["bom-ref"]


def test_a_card_says_what_is_known(project):
    card, _ = project.trackside("models", "card", "churn/1")
    assert card.startswith("# churn, version 1\n")
    for line in ["- Aliases: best", "- Stage: None", f"- Run: {project.fitted}", "| loss | 0.5 |", "| rate | 0.1 |"]:
        assert line in card.splitlines(), line
    for title in ["Metrics", "Params", "Data", "Code", "Environment"]:
        assert f"## {title}" in card.splitlines()
    assert "| uncommitted | yes |" in card


def test_a_recorded_version_is_compared_by_all_of_it(project):
    said, _ = project.trackside("models", "compare", "--json", "churn/1", project.prepared)
    found = json.loads(said)
    assert found["unrecorded"] == []
    parts = {(one["part"], one["name"]) for one in found["differences"]}
    assert {("metrics", "loss"), ("params", "seed"), ("data", "data"), ("data", "raw.csv"), ("code", "uncommitted")} <= parts
    assert found["same"] > 5, "packages"


def test_a_recorded_version_has_evidence_for_a_policy(project):
    def rules(target: str, code: int) -> dict[str, tuple[str, str]]:
        said, _ = project.trackside("models", "check", "churn/1", "--to", target, "--json", code=code)
        [judged] = json.loads(said)["targets"]
        return {rule["rule"]: (rule["state"], rule["found"]) for rule in judged["rules"]}

    met = rules("Production", 0)
    assert {state for state, _ in met.values()} == {"met"}, met
    assert met["code on record"][1].startswith("snapshot ") and "packages" in met["environment on record"][1]
    assert met["files as the run stored them"][1] == "1 files, SHA-256 equal"
    assert rules("Staging", 1)["code committed"][0] == "unmet"

    [weights] = project.server.data_dir.glob("**/model/weights.txt")
    before = weights.read_bytes()
    weights.write_bytes(b"other!!")
    assert rules("Production", 1)["files as the run stored them"] == ("unmet", "changed or gone: weights.txt")
    (weights.parent / "more.txt").write_text("new")
    assert "more.txt" in rules("Production", 1)["files as the run stored them"][1]
    (weights.parent / "more.txt").unlink()
    weights.write_bytes(before)
    assert rules("Production", 0) == met
