"""Evaluation datasets, scorers and assessments through the Python client, as its users call it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import mlflow
import pytest
from conftest import Server, start_trackside
from mlflow.entities import AssessmentSource, Feedback
from mlflow.exceptions import MlflowException
from mlflow.genai.datasets import (
    add_dataset_to_experiments,
    create_dataset,
    delete_dataset,
    delete_dataset_tag,
    get_dataset,
    remove_dataset_from_experiments,
    search_datasets,
    set_dataset_tags,
)
from mlflow.genai.judges import make_judge
from mlflow.genai.scorers import Guidelines, delete_scorer, get_scorer, list_scorers, scorer
from mlflow.genai.scorers.registry import list_scorer_versions
from mlflow.tracking import MlflowClient


@pytest.fixture
def experiment(trackside: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """An experiment of its own, which the fluent calls use."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(trackside.url)
    yield mlflow.set_experiment(f"genai-{request.node.name}").experiment_id
    mlflow.set_tracking_uri(before)


def test_records_of_a_dataset_are_merged_by_their_inputs(experiment: str) -> None:
    dataset = create_dataset("questions", tags={"team": "ml", "mlflow.user": "ada"})
    client = MlflowClient()
    assert (dataset.experiment_ids, dataset.created_by) == ([experiment], "ada")
    assert client.get_dataset(dataset.dataset_id).records == []
    first_digest = dataset.digest
    question = {"question": "What is it?", "context": {"depth": 2, "hints": ["a", None, 1.5]}}
    records = [
        {"inputs": question, "expectations": {"answer": "an äpfel", "score": 0.5}, "tags": {"level": "easy"}},
        {"inputs": {"question": "And that?"}, "outputs": {"answer": "that"}},
        {"inputs": {"question": "How much?"}, "outputs": math.inf},
    ]
    dataset.merge_records(records)
    dataset.merge_records([{"inputs": question, "expectations": {"score": 0.75}, "tags": {"level": "hard"}}])
    again = client.get_dataset(dataset.dataset_id)
    by_question = {record.inputs["question"]: record for record in again.records}
    assert len(again.records) == 3
    merged = by_question["What is it?"]
    assert (merged.inputs, merged.tags["level"]) == (question, "hard")
    assert merged.expectations == {"answer": "an äpfel", "score": 0.75}
    assert by_question["And that?"].outputs == {"answer": "that"}
    assert by_question["How much?"].outputs == math.inf
    assert json.loads(again.schema)["inputs"] == {"question": "string", "context": "object"}
    assert json.loads(again.profile) == {"num_records": 3}
    assert again.digest != first_digest
    assert sorted(again.to_df()["inputs"], key=str) == sorted((record["inputs"] for record in records), key=str)
    assert again.delete_records([merged.dataset_record_id]) == 1
    assert len(client.get_dataset(dataset.dataset_id).records) == 2


def test_many_records_come_in_pages(experiment: str) -> None:
    dataset = create_dataset("many")
    dataset.merge_records([{"inputs": {"n": n}} for n in range(2500)])
    again = MlflowClient().get_dataset(dataset.dataset_id)
    assert sorted(record.inputs["n"] for record in again.records) == list(range(2500))


def test_datasets_are_found_and_tagged(experiment: str) -> None:
    client = MlflowClient()
    other = client.create_experiment("genai-other")
    first = create_dataset("first", tags={"team": "ml"})
    second = client.create_dataset("second", experiment_id=[experiment, other], tags={"team": "data"})
    set_dataset_tags(first.dataset_id, {"team": "ops", "n": 5})
    delete_dataset_tag(second.dataset_id, "team")
    tags = get_dataset(dataset_id=first.dataset_id).tags
    assert (tags["team"], tags["n"]) == ("ops", "5")
    assert "team" not in client.get_dataset(second.dataset_id).tags

    def found(**arguments: object) -> list[str]:
        return [dataset.name for dataset in search_datasets(**arguments)]

    assert found(experiment_ids=[experiment], order_by=["name ASC"]) == ["first", "second"]
    assert found(experiment_ids=other) == ["second"]
    assert found(experiment_ids=[experiment], filter_string="tags.team = 'ops'") == ["first"]
    page = client.search_datasets(experiment_ids=[experiment], max_results=1, order_by=["name DESC"])
    assert [dataset.name for dataset in page] == ["second"]
    rest = client.search_datasets(
        experiment_ids=[experiment], max_results=1, order_by=["name DESC"], page_token=page.token
    )
    assert ([dataset.name for dataset in rest], bool(rest.token)) == (["first"], False)

    assert add_dataset_to_experiments(first.dataset_id, [other, experiment]).experiment_ids == [experiment, other]
    assert remove_dataset_from_experiments(first.dataset_id, [experiment]).experiment_ids == [other]
    for change in (add_dataset_to_experiments, remove_dataset_from_experiments):
        with pytest.raises(MlflowException, match="not found"):
            change("d-nobodys", [experiment])
    delete_dataset(dataset_id=first.dataset_id)
    with pytest.raises(MlflowException, match="not found"):
        get_dataset(dataset_id=first.dataset_id)


def test_scorers_have_versions(experiment: str) -> None:
    polite = Guidelines(name="polite", guidelines=["Be polite."], model="openai:/gpt-4o")
    polite.register()
    judge = make_judge("judge", instructions="Is {{ outputs }} right?", model="openai:/gpt-4o", feedback_value_type=bool)
    judge.register()
    Guidelines(name="polite", guidelines=["Be very polite."], model="openai:/gpt-4o").register()
    assert sorted(scorer.name for scorer in list_scorers()) == ["judge", "polite"]
    assert [version for _, version in list_scorer_versions(name="polite")] == [1, 2]
    assert get_scorer(name="polite").guidelines == ["Be very polite."]
    assert get_scorer(name="polite", version=1).guidelines == ["Be polite."]
    assert get_scorer(name="judge").instructions == "Is {{ outputs }} right?"
    delete_scorer(name="polite", version=1)
    with pytest.raises(MlflowException, match="version 1 not found"):
        get_scorer(name="polite", version=1)
    delete_scorer(name="polite", version="all")
    assert [scorer.name for scorer in list_scorers()] == ["judge"]
    with pytest.raises(MlflowException, match="does not use a gateway model"):
        MlflowClient()._tracking_client.store.upsert_online_scoring_config(experiment, "judge", 0.5)


def test_code_in_scorers_needs_a_flag(trackside: Server, tmp_path) -> None:
    @scorer
    def exact(outputs):
        return outputs == "x"

    definition = json.dumps(exact.model_dump(), default=str)
    assert "call_source" in definition
    with start_trackside(tmp_path, {"MLFLOW_SERVER_ENABLE_CUSTOM_SCORERS": "true"}) as permissive:
        store = MlflowClient(tracking_uri=permissive.url)._tracking_client.store
        assert store.register_scorer("0", "exact", definition).scorer_version == 1
    store = MlflowClient(tracking_uri=trackside.url)._tracking_client.store
    with pytest.raises(MlflowException, match="Custom scorer registration"):
        store.register_scorer("0", "exact", definition)


def test_assessments_of_a_trace(experiment: str) -> None:
    @mlflow.trace
    def answer(question: str) -> str:
        return question.upper()

    answer("why?")
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    judge = AssessmentSource(source_type="LLM_JUDGE", source_id="judge-1")
    first = mlflow.log_feedback(
        trace_id=trace_id, name="quality", value=0.5, source=judge, rationale="so so", metadata={"a": "1"}
    )
    mlflow.log_expectation(trace_id=trace_id, name="answer", value={"text": "WHY?", "n": [1, 2]})
    mlflow.log_feedback(trace_id=trace_id, name="broken", error=ValueError("no"))
    found = mlflow.get_assessment(trace_id, first.assessment_id)
    assert (found.value, found.rationale, found.metadata, found.valid) == (0.5, "so so", {"a": "1"}, True)
    better = mlflow.override_feedback(
        trace_id=trace_id, assessment_id=first.assessment_id, value=0.75, rationale="better", source=judge
    )
    assert mlflow.get_assessment(trace_id, first.assessment_id).valid is False
    changed = mlflow.update_assessment(
        trace_id, better.assessment_id, Feedback(name="quality", value=1.0, rationale="best", metadata={"b": "2"})
    )
    assert (changed.value, changed.rationale) == (1.0, "best")

    trace = mlflow.get_trace(trace_id)
    current = {found.name: found for found in trace.info.assessments if found.valid is not False}
    assert current["answer"].value == {"text": "WHY?", "n": [1, 2]}
    assert current["broken"].feedback.error.error_message == "no"
    assert current["quality"].overrides == first.assessment_id
    assert [found.assessment_id for found in trace.info.assessments if found.valid is False] == [first.assessment_id]

    def matching(text: str) -> list[str]:
        return [trace.info.trace_id for trace in mlflow.search_traces(filter_string=text, return_type="list")]

    assert matching("feedback.quality > 0.9") == [trace_id]
    assert matching("feedback.quality < 0.9") == []
    assert matching("expectation.answer IS NOT NULL AND feedback.broken IS NOT NULL") == [trace_id]
    mlflow.delete_assessment(trace_id, better.assessment_id)
    assert mlflow.get_assessment(trace_id, first.assessment_id).valid is True
    with pytest.raises(MlflowException, match="not found"):
        mlflow.get_assessment(trace_id, better.assessment_id)


def test_feedback_within_a_trace_arrives_with_it(experiment: str) -> None:
    @mlflow.trace
    def answer() -> str:
        mlflow.log_feedback(trace_id=mlflow.get_active_trace_id(), name="early", value=True)
        return "x"

    answer()
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
    assert [(found.name, found.value) for found in trace.info.assessments] == [("early", True)]
