"""Datasets as inputs of runs."""

import json

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import LoggedModelInput

pytest_plugins = "mlflow_session"


@pytest.fixture
def frame():
    return pd.DataFrame({"x": [1.0, 2.0, 3.0], "kind": ["a", "b", "ä"], "y": [0, 1, 0]})


def inputs(fluent, run):
    found = fluent.get_run(run.info.run_id).inputs.dataset_inputs
    return {entry.dataset.name: (entry.dataset, {tag.key: tag.value for tag in entry.tags}) for entry in found}


def test_data_frames_and_arrays(fluent, frame):
    table = fluent.data.from_pandas(frame, source="s3://bucket/table.csv", name="table", targets="y")
    array = fluent.data.from_numpy(np.arange(6).reshape(3, 2), targets=np.array([0, 1, 0]), name="array")
    with fluent.start_run() as run:
        fluent.log_input(table, context="training", tags={"fold": "1"})
        fluent.log_input(array, context="eval")
    found = inputs(fluent, run)
    dataset, tags = found["table"]
    assert (dataset.digest, dataset.source_type) == (table.digest, "s3")
    assert json.loads(dataset.source) == {"uri": "s3://bucket/table.csv"}
    assert json.loads(dataset.profile) == {"num_rows": 3, "num_elements": 9}
    columns = json.loads(dataset.schema)["mlflow_colspec"]
    assert [column["name"] for column in columns] == ["x", "kind", "y"]
    assert tags == {"fold": "1", "mlflow.data.context": "training"}
    dataset, tags = found["array"]
    assert (dataset.digest, tags) == (array.digest, {"mlflow.data.context": "eval"})
    assert json.loads(dataset.profile)["features_shape"] == [3, 2]


def test_a_source_can_be_read_again(fluent, frame, tmp_path):
    frame.to_csv(tmp_path / "table.csv", index=False)
    with fluent.start_run() as run:
        data = fluent.data.from_pandas(frame, source=str(tmp_path / "table.csv"), name="table")
        fluent.log_input(data, context="training")
    dataset, _ = inputs(fluent, run)["table"]
    assert pd.read_csv(fluent.data.get_source(dataset).load()).equals(frame)


def test_runs_are_found_by_their_data(fluent, frame, experiment_id):
    runs = {}
    for name, context in [("one", "train"), ("two", "train"), ("two", "eval")]:
        with fluent.start_run(run_name=f"{name}-{context}"):
            data = fluent.data.from_pandas(frame if name == "one" else frame.head(2), name=name)
            fluent.log_input(data, context=context)
            runs[f"{name}-{context}"] = data.digest

    def found(query):
        return sorted(fluent.search_runs([experiment_id], query).get("tags.mlflow.runName", []))

    assert found("dataset.name = 'two'") == ["two-eval", "two-train"]
    assert found("datasets.context LIKE 'tr%'") == ["one-train", "two-train"]
    assert found(f"dataset.digest = '{runs['one-train']}' AND dataset.context = 'train'") == ["one-train"]
    assert found("dataset.name IN ('two', 'three') AND dataset.context = 'eval'") == ["two-eval"]
    assert found("dataset.name = 'three'") == []


def test_several_inputs_at_once(fluent, frame):
    model = fluent.create_external_model("reader")
    parts = [fluent.data.from_pandas(frame.head(rows), name=f"part-{rows}") for rows in (1, 2)]
    with fluent.start_run() as run:
        fluent.log_inputs(
            datasets=parts,
            contexts=["train", None],
            tags_list=[{"a": "1"}, None],
        )
        fluent.log_input(model=LoggedModelInput(model.model_id))
        # Logged again: still one input.
        fluent.log_input(parts[0], context="train")
    found = inputs(fluent, run)
    assert {name: tags for name, (_, tags) in found.items()} == {
        "part-1": {"a": "1", "mlflow.data.context": "train"},
        "part-2": {},
    }
    (entry,) = fluent.get_run(run.info.run_id).inputs.model_inputs
    assert entry.model_id == model.model_id
