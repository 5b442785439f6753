"""Random searches: Trackside finds the same, in the same order, as MLflow 3.17.2, or refuses with the same code.

    python random_filters.py --searches 20000 [--seed 7] [--trackside URL]

by a Python that has mlflow. `filter_corpus.py` fills an empty Trackside and an oracle alike, `filter_grammar.py` draws
filters, orders and pages for runs (seven in ten), experiments, registered models and model versions, `filter_oracle.py`
is MLflow. The seed is printed; with it the same searches are made again (`--only N` for one of them).

Two answers agree when their statuses, error codes and ids, in order and page by page, are equal. Where MLflow answers
5xx (its parser or database stumbles) Trackside has to refuse with 400, for clients repeat the request for minutes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests
from conftest import start_trackside
from filter_corpus import Corpus, fill
from filter_grammar import Grammar
from filter_oracle import API, Oracle

SEED = 20_261_122
PAGES = 4
PROCESSES = 2
# How many of ten searches are for what.
KINDS = ["runs"] * 7 + ["experiments", "registered_models", "model_versions"]
IDS = {
    "runs": lambda run: run["info"]["run_id"],
    "experiments": lambda experiment: experiment["experiment_id"],
    "registered_models": lambda model: model["name"],
    "model_versions": lambda version: [version["name"], version["version"]],
}


class Trackside:
    """The server under test, with the methods of `Oracle`."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()

    def ask(self, method: str, path: str, payload: dict[str, Any]) -> tuple[int, Any]:
        sent = {"params": payload} if method == "GET" else {"json": payload}
        answer = self.session.request(method, self.url + API + path, timeout=60, **sent)
        return answer.status_code, answer.json() if "json" in answer.headers.get("Content-Type", "") else None

    def call(self, method: str, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        status, body = self.ask(method, path, payload)
        assert status == 200, f"Trackside answered {status} to {path} {payload}: {body}"
        return body


@dataclass
class Outcome:
    """What a number of searches came to."""

    kinds: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    differences: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.kinds += other.kinds
        self.found += other.found
        self.differences += other.differences


def pages(server: Any, kind: str, request: tuple[str, str, dict[str, Any]]) -> list[Any]:
    """The first pages as lists of ids and whether there are more, or status and code of the refusal."""
    method, path, payload = request
    answers: list[Any] = []
    for _ in range(PAGES):
        status, body = server.ask(method, path, payload)
        if status != 200:
            return [status, (body or {}).get("error_code")]
        token = body.get("next_page_token")
        answers.append([[IDS[kind](item) for item in body.get(kind, [])], bool(token)])
        if not token:
            break
        payload = {**payload, "page_token": token}
    return answers


def judge(theirs: list[Any], ours: list[Any]) -> str | None:
    """What the search came to, or None if the answers differ."""
    refused = isinstance(theirs[0], int)
    if refused and theirs[0] >= 500:
        return "refused, where MLflow fails" if ours == [400, "INVALID_PARAMETER_VALUE"] else None
    if theirs != ours:
        return None
    return "refused alike" if refused else ("found nothing" if theirs == [[[], False]] else "found the same")


def draw(seed: int, number: int, corpus: Corpus) -> tuple[str, tuple[str, str, dict[str, Any]]]:
    """The search with this number; each has a generator of its own, so that one can be repeated alone."""
    rng = random.Random(f"{seed}/{number}")
    kind = rng.choice(KINDS)
    return kind, getattr(Grammar(rng, corpus), kind)()


def prepare(url: str, database: str) -> Corpus:
    return fill(Trackside(url), Oracle(Path(database)))


def search(url: str, database: str, corpus: Corpus, seed: int, numbers: range) -> Outcome:
    """Makes some of the searches; runs in a process of its own."""
    ours, oracle, outcome = Trackside(url), Oracle(Path(database)), Outcome()
    for number in numbers:
        kind, request = draw(seed, number, corpus)
        theirs, answer = pages(oracle, kind, request), pages(ours, kind, request)
        verdict = judge(theirs, answer)
        outcome.kinds[kind] += 1
        outcome.found[verdict or "differ"] += 1
        if not verdict:
            difference = {"number": number, "kind": kind, "request": request[2], "mlflow": theirs, "trackside": answer}
            outcome.differences.append(difference)
    return outcome


def compare(url: str | None, folder: Path, seed: int, numbers: range) -> Outcome:
    """Fills both servers and makes the searches, by several processes. Without `url` a Trackside is started."""
    if url is None:
        with start_trackside(folder) as server:
            return compare(server.url, folder, seed, numbers)
    database = folder / "mlflow.db"
    outcome = Outcome()
    # Never in this process, which may start servers that would inherit what an oracle puts into the environment.
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        corpus = pool.submit(prepare, url, str(database)).result()
        shares = [numbers[start::PROCESSES] for start in range(PROCESSES)]
        for part in [pool.submit(search, url, str(database), corpus, seed, share) for share in shares]:
            outcome.add(part.result())
    outcome.differences.sort(key=lambda difference: difference["number"])
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=2000, help="how many (default: 2000)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", type=int, metavar="N", help="the Nth search alone")
    parser.add_argument("--trackside", metavar="URL", help="a running, empty Trackside (default: one is started)")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    options = parser.parse_args()
    numbers = range(options.searches) if options.only is None else range(options.only, options.only + 1)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcome = compare(options.trackside, Path(folder), options.seed, numbers)
    if options.json:
        print(json.dumps({"seed": options.seed, **asdict(outcome)}, ensure_ascii=False))
    else:
        print(*[json.dumps(difference, ensure_ascii=False) for difference in outcome.differences], sep="\n")
        print(f"seed {options.seed}: {sum(outcome.kinds.values())} searches in {time.monotonic() - started:.0f} s")
        print(*[f"  {count} {what}" for what, count in (outcome.kinds + outcome.found).items()], sep="\n")
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    sys.exit(main())
