"""What the random searches search: runs, experiments, registered models and versions, equal on two servers.

Everything that a search can trip over is there: NaN, infinities, missing and empty values, ties in every column,
unicode, quotes and wildcards inside values, keys that need quotes, deleted things, prompts among models.

`fill` sends the same requests to Trackside and to the oracle, which takes over the ids that Trackside has drawn and the
times of Trackside's clock (`Oracle`), because both are part of orders: afterwards whole answers can be compared.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Protocol

T0 = 1_700_000_000_000
METRICS = ["loss", "acc", "val/loss", "a b", "m.x", "é", "val-loss", "flat", "order"]
NUMBERS = [0, 0.5, 0.5, 1, 1, 2, 10, -3.5, 0.1, 1e-300, 1e308, -0.0, "NaN", "NaN", "Infinity", "-Infinity", 1234567]
PARAMS = ["lr", "opt", "note", "a b", "a/b", "x.y.z", "é", "type", "0"]
TAGS = ["team", "Env", "quote", "tag key", "empty", "mlflow.note.content", "ß", "key"]
TEXTS = ["", "adam", "Adam", "ADAM", "sgd", "SGD", "0.1", "0.01", "10", "9", "1e-3", "50% off_x", "50 percent", "100%"]
TEXTS += ["a_b", "axb", "ÉCOLE", "école", "it's", 'say "hi"', " padded ", "😀", "\\", "a\\%b", "null", "NaN", "日本"]
TEXTS += ["x" * 300]
NAMES = ["alpha", "beta", "Beta", "gamma", "Éclair", "éclair", "it's", "50%_", "a b", "日本"]
USERS = ["", "alice", "Alice", "bob", "müller"]
DATASETS = [("iris", "d1"), ("Iris", "d2"), ("wine", "d3"), ("iris", "d4")]
CONTEXTS = ["train", "Train", "eval", None]
STATUSES = ["FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED"]
STAGES = ["None", "Staging", "Production", "Archived"]
RUNS, EXPERIMENTS, MODELS = 60, 40, 40
PROMPT = "mlflow.prompt.is_prompt"


class Target(Protocol):
    """Either server: sends a request below /api/2.0/mlflow, asserts that it is taken, returns the answer."""

    def call(self, method: str, path: str, payload: dict[str, Any]) -> dict[str, Any]: ...


@dataclass
class Corpus:
    """What is there to be named in a filter."""

    experiments: list[str]
    runs: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    experiment_ids: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    created: list[int] = field(default_factory=list)


def often_first(rng: random.Random, pool: list[str], first: int) -> str:
    """One of the first few more often than one of the rest, so that many things are alike and searches find some."""
    return rng.choice(pool[:first] if rng.random() < 0.6 else pool)


def pairs(rng: random.Random, keys: list[str], most: int) -> list[dict[str, str]]:
    return [{"key": key, "value": often_first(rng, TEXTS, 6)} for key in rng.sample(keys, rng.randint(1, most))]


class Both:
    """Sends each request to both servers; the answer is Trackside's, whose ids the oracle takes over."""

    def __init__(self, ours: Target, oracle: Target) -> None:
        self.ours, self.oracle = ours, oracle

    def post(self, path: str, drawn: str | None = None, **payload: Any) -> dict[str, Any]:
        answer = self.ours.call("POST", path, payload)
        if drawn:
            self.oracle.call_with_id(answer["run"]["info"][drawn], "POST", path, payload)
        else:
            self.oracle.call("POST", path, payload)
        return answer

    def delete(self, path: str, **payload: Any) -> None:
        for target in (self.ours, self.oracle):
            target.call("DELETE", path, payload)


def fill(ours: Target, oracle: Target, seed: int = 1) -> Corpus:
    """Fills two empty servers. `oracle` has `call_with_id` and `align` besides."""
    rng, both = random.Random(seed), Both(ours, oracle)
    corpus = Corpus([both.post("experiments/create", name=f"searched {name}")["experiment_id"] for name in "abc"])
    for index in range(RUNS):
        add_run(rng, both, corpus, index)
    for run_id in rng.sample(corpus.runs, RUNS // 6):
        both.post("runs/delete", run_id=run_id)
    for index in range(EXPERIMENTS):
        add_experiment(rng, both, corpus, index)
    for index in range(MODELS):
        add_model(rng, both, corpus, index)
    corpus.created = oracle.align(ours)
    return corpus


def add_run(rng: random.Random, both: Both, corpus: Corpus, index: int) -> None:
    start = T0 + rng.choice([0, 1, 1, 2, 3, 5, 1000, -T0])
    create = {"experiment_id": rng.choice(corpus.experiments), "start_time": start, "user_id": rng.choice(USERS)}
    # Empty and equal names and tags that are not validated are possible at the creation alone.
    tags = pairs(rng, TAGS, 8)
    if corpus.runs and rng.random() < 0.3:
        tags.append({"key": "mlflow.parentRunId", "value": rng.choice(corpus.runs)})
    name = rng.choice(NAMES)
    answer = both.post("runs/create", drawn="run_id", **create, run_name=name, tags=tags)
    run_id = answer["run"]["info"]["run_id"]
    corpus.runs.append(run_id)
    corpus.times.append(start)
    corpus.names.append(name)
    metrics = []
    for key in rng.sample(METRICS, rng.choice([0, 3, 6, 9])):
        for step in range(rng.choice([1, 1, 3])):
            metrics.append({"key": key, "value": rng.choice(NUMBERS), "timestamp": T0 + step, "step": step})
    both.post("runs/log-batch", run_id=run_id, metrics=metrics, params=pairs(rng, PARAMS, 9), tags=[])
    if rng.random() < 0.6:
        end = {} if rng.random() < 0.2 else {"end_time": T0 + rng.choice([10, 10, 20, 3000])}
        both.post("runs/update", run_id=run_id, status=rng.choice(STATUSES), **end)
    inputs = []
    for dataset, digest in rng.sample(DATASETS, rng.choice([0, 1, 2, 3])):
        context = rng.choice(CONTEXTS)
        inputs.append(
            {
                "dataset": {"name": dataset, "digest": digest, "source_type": "local", "source": "{}"},
                "tags": [{"key": "mlflow.data.context", "value": context}] if context else [],
            }
        )
    if inputs:
        both.post("runs/log-inputs", run_id=run_id, datasets=inputs)


def add_experiment(rng: random.Random, both: Both, corpus: Corpus, index: int) -> None:
    name = f"{rng.choice(NAMES)}{rng.choice(['', ' ', '-', '_', '%'])}{index}"
    answer = both.post("experiments/create", name=name, tags=pairs(rng, TAGS, 8))
    corpus.experiment_ids.append(answer["experiment_id"])
    if index % 5 == 0:
        both.post("experiments/delete", experiment_id=answer["experiment_id"])
        if index % 10 == 0:
            both.post("experiments/restore", experiment_id=answer["experiment_id"])


def add_model(rng: random.Random, both: Both, corpus: Corpus, index: int) -> None:
    name = f"{rng.choice(NAMES)}{rng.choice(['', ' ', '-', '_', '%'])}{index}"
    prompt = index % 10 == 9
    marks = [{"key": PROMPT, "value": "true"}] if prompt else []
    both.post("registered-models/create", name=name, tags=[*pairs(rng, TAGS, 8), *marks])
    corpus.models.append(name)
    versions = rng.choice([0, 1, 2, 4])
    for version in range(1, versions + 1):
        folder = rng.choice(["one", "One", "two_", "two%"])
        source = "dummy-source" if prompt else f"s3://bucket/{folder}/{rng.randint(1, 9)}"
        run = {"run_id": rng.choice(corpus.runs)} if rng.random() < 0.5 else {}
        tags = [*pairs(rng, TAGS, 8), *marks]
        both.post("model-versions/create", name=name, source=source, tags=tags, **run)
        corpus.sources.append(source)
        if not prompt and rng.random() < 0.3:
            both.post("model-versions/transition-stage", name=name, version=str(version), stage=rng.choice(STAGES))
    if versions > 1 and rng.random() < 0.4:
        both.delete("model-versions/delete", name=name, version=str(rng.randint(1, versions)))
