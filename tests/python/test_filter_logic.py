"""`OR`, `NOT` and parentheses, which MLflow does not have: a filter finds what the algebra of sets says.

Conditions are drawn as for `random_filters.py`, which compares each alone with MLflow. Here they are put together at
random, and what the whole finds is compared with what its parts find. TRACKSIDE_SEED says which ones.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from conftest import start_trackside
from filter_grammar import Grammar
from random_filters import IDS, SEED, Trackside, prepare

FILTERS = 200
DEPTH = 3
Ids = frozenset[str]
# How a kind of thing is searched for, with all of them in one page.
SEARCHES = {
    "runs": {"run_view_type": "ALL", "max_results": 1000},
    "experiments": {"view_type": "ALL", "max_results": 1000},
}


class Algebra:
    """Draws filters of one kind of thing, with what each has to find."""

    def __init__(self, rng: random.Random, condition: Callable[[], str], find: Callable[[str], Ids | None]) -> None:
        self.rng, self.condition, self.find = rng, condition, find
        everything = find("")
        assert everything
        self.everything = everything

    def leaf(self) -> tuple[str, Ids]:
        """A condition that is valid alone."""
        while True:
            text = self.condition()
            # A backslash before a quote escapes it when another quote follows: MLflow reads the same so.
            found = None if re.search(r"\\['\"]", text) else self.find(text)
            if found is not None:
                return text, found

    def tree(self, depth: int) -> tuple[str, Ids]:
        """A filter and what it has to find; it may stand in parentheses or alone."""
        kind = self.rng.choice(["leaf", "not", "and", "or", "or"]) if depth else "leaf"
        if kind == "leaf":
            return self.leaf()
        if kind == "not":
            text, found = self.part(depth)
            return f"{self.rng.choice(['NOT', 'not'])} {text}", self.everything - found
        parts = [self.part(depth) for _ in range(self.rng.randint(2, 3))]
        word = self.rng.choice([f" {kind.upper()} ", f" {kind} ", f"\n{kind.title()}  "])
        sets = [found for _, found in parts]
        whole = frozenset.union(*sets) if kind == "or" else frozenset.intersection(*sets)
        return word.join(text for text, _ in parts), whole

    def part(self, depth: int) -> tuple[str, Ids]:
        text, found = self.tree(depth - 1)
        return f"({text})" if self.rng.random() < 0.8 else f"( {text} )", found


def test_a_filter_finds_what_its_parts_find(tmp_path: Path) -> None:
    seed = os.environ.get("TRACKSIDE_SEED", SEED)
    print(f"seed {seed}")
    with start_trackside(tmp_path) as server, ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        corpus = pool.submit(prepare, server.url, str(tmp_path / "mlflow.db")).result()
        client = Trackside(server.url)
        for kind, request in SEARCHES.items():
            if kind == "runs":
                request = request | {"experiment_ids": corpus.experiments}

            def find(filter_string: str, kind: str = kind, request: dict[str, object] = request) -> Ids | None:
                status, body = client.ask("POST", f"{kind}/search", request | {"filter": filter_string})
                assert status in (200, 400), body
                return frozenset(IDS[kind](item) for item in body.get(kind, [])) if status == 200 else None

            rng = random.Random(f"{seed}/{kind}")
            grammar = Grammar(rng, corpus)
            draw = {"runs": grammar.run_condition, "experiments": grammar.experiment_condition}[kind]
            algebra = Algebra(rng, draw, find)
            partial = 0
            for _ in range(FILTERS):
                text, expected = algebra.tree(DEPTH)
                found = find(text)
                assert found == expected, f"seed {seed}: {kind} of {text!r}: {found} instead of {expected}"
                partial += 0 < len(expected) < len(algebra.everything)
            assert partial > FILTERS / 6, "the filters show something"


def test_not_binds_before_and_before_or(tmp_path: Path) -> None:
    with start_trackside(tmp_path) as server:
        client = Trackside(server.url)
        names = ["a", "b", "c"]
        for name in names:
            client.call("POST", "runs/create", {"experiment_id": "0", "run_name": name})

        def find(filter_string: str) -> set[str]:
            found = client.call("POST", "runs/search", {"experiment_ids": ["0"], "filter": filter_string})
            return {run["info"]["run_name"] for run in found.get("runs", [])}

        a, b, c = (f"run_name = '{name}'" for name in names)
        assert find(f"{a} OR {b} AND {c}") == {"a"}
        assert find(f"({a} OR {b}) AND {b}") == {"b"}
        assert find(f"NOT {a} AND {b}") == {"b"}
        assert find(f"NOT ({a} OR {b})") == {"c"}
        assert find(f"NOT NOT {a}") == {"a"}
