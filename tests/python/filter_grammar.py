"""Random filters, orders and page sizes, drawn from MLflow's search grammar.

Most are valid. About one condition in ten has a fault of a kind that MLflow refuses: an unknown entity or attribute, a
comparator or a literal of the wrong kind, half a condition. What Trackside understands beyond MLflow's grammar (`OR`,
`NOT`, parentheses and the like) never occurs: there MLflow says nothing about what is right.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import filter_corpus as values
from filter_corpus import PROMPT, Corpus, often_first

COMPARE = ["=", "!=", "<", "<=", ">", ">="]
LITERALS = "0 0.5 1 1.0 -3.5 -1 1e-300 5e-1 .3 1e308 2 10 1E3 0.1 -0 1234567".split()
# A key like these is one word for every reader of SQL; all others are quoted.
PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
# Words of SQL stand for themselves only within quotes.
RESERVED = {"order", "type", "key"}


class Grammar:
    """Draws requests from one generator of random numbers, so that a seed names them all."""

    def __init__(self, rng: random.Random, corpus: Corpus) -> None:
        self.rng, self.corpus = rng, corpus

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, *options: Any) -> Any:
        return self.rng.choice(options)

    def word(self, text: str) -> str:
        """A keyword, usually as documented."""
        return text if self.chance(0.8) else self.pick(text.lower(), text.title())

    def quoted(self, text: str) -> str:
        """There is no way to write a text with both kinds of quotes, or with an escape."""
        fitting = [quote for quote in "'\"" if quote not in text] or ["'"]
        quote = self.rng.choice(fitting)
        return quote + text.replace(quote, "") + quote

    def key(self, name: str) -> str:
        if PLAIN_KEY.fullmatch(name) and name not in RESERVED and self.chance(0.7):
            return name
        return f"`{name}`" if self.chance(0.7) else f'"{name}"'

    def text(self, pool: list[str]) -> str:
        return self.quoted(often_first(self.rng, pool, 6))

    def pattern(self, pool: list[str]) -> str:
        """A LIKE pattern that has a chance to match something of the pool."""
        text = often_first(self.rng, pool, 6)
        if text and self.chance(0.5):
            at = self.rng.randrange(len(text))
            text = text[:at] + self.pick("_", "%", "") + text[at + 1 :]
        return self.quoted(self.pick("", "%") + (text.upper() if self.chance(0.2) else text) + self.pick("", "%"))

    def list_of(self, pool: list[str]) -> str:
        # Python reads the list, so a lone element, a backslash or a quote has a meaning of its own there.
        pool = [text for text in pool if not re.search(r"[\\'\"]", text)]
        chosen = [f"'{self.rng.choice(pool)}'" for _ in range(self.rng.randint(1, 4))]
        return f"({', '.join(chosen)})"

    def compared_text(self, name: str, pool: list[str], *, lists: bool = False, null: bool = False) -> str:
        """A condition on something that is a text."""
        kinds = ["equal", "equal", "like", *(["list"] if lists else []), *(["null"] if null else [])]
        kind = self.rng.choice(kinds)
        if kind == "equal":
            return f"{name} {self.pick('=', '!=')} {self.text(pool)}"
        if kind == "like":
            return f"{name} {self.word(self.pick('LIKE', 'ILIKE'))} {self.pattern(pool)}"
        if kind == "list":
            return f"{name} {self.word(self.pick('IN', 'NOT IN'))} {self.list_of(pool)}"
        return f"{name} {self.word(self.pick('IS NULL', 'IS NOT NULL'))}"

    def compared_number(self, name: str, literals: list[str]) -> str:
        space = self.pick(" ", " ", "", "  ")
        return f"{name}{space}{self.rng.choice(COMPARE)}{space}{self.rng.choice(literals)}"

    def joined(self, condition: Callable[[], str]) -> str:
        """No condition (rarely), or a few."""
        if self.chance(0.05):
            return ""
        conditions = [condition() for _ in range(self.pick(1, 1, 1, 1, 2, 2, 3))]
        return self.pick(" AND ", " AND ", " and ", "  AND\n").join(conditions)

    def ordered(self, keys: list[str], most: int = 2) -> list[str]:
        """Without a key twice: that is an error of MLflow's own, which the scenarios have."""
        chosen = self.rng.sample(keys, min(len(keys), self.pick(0, 1, 1, most)))
        return [key + self.pick("", " ASC", " DESC", " asc", " desc") for key in chosen]

    def page(self, request: dict[str, Any], most: int) -> dict[str, Any]:
        return request | {"max_results": self.pick(1, 3, 7) if self.chance(0.15) else most}

    # Runs

    def run_attribute(self) -> str:
        prefix = self.pick("", "attributes.", "attribute.", "attr.", "run.")
        kind = self.rng.randrange(8)
        ids = self.corpus.runs
        if kind == 0:
            return self.compared_text(f"{prefix}run_id", ids, lists=True)
        if kind == 1:
            name = self.pick("run_name", "run_name", "`run name`", "`Run name`")
            return self.compared_text(prefix + name, values.NAMES)
        if kind == 2:
            return self.compared_text(f"{prefix}user_id", values.USERS)
        if kind == 3:
            return self.compared_text(f"{prefix}status", [*values.STATUSES, "finished", "BOGUS"])
        if kind == 4:
            uris = [f"mlflow-artifacts:/{self.pick(*self.corpus.experiments)}/{run}/artifacts" for run in ids[:9]]
            return self.compared_text(f"{prefix}artifact_uri", uris)
        times = [
            str(self.rng.choice(self.corpus.times) + self.pick(0, 0, 1)),
            str(values.T0 + 10),
            "0",
            "1.7e12",
            "1.5",
        ]
        return self.compared_number(prefix + self.pick("start_time", "created", "Created", "end_time"), times)

    def run_condition(self) -> str:
        if self.chance(0.05):
            return self.run_fault()
        kind = self.rng.randrange(10)
        if kind < 3:
            name = f"{self.pick('metrics', 'metric')}.{self.key(self.rng.choice([*values.METRICS, 'absent']))}"
            return self.compared_number(name, LITERALS)
        if kind < 5:
            prefix = self.pick("params", "param", "parameter", "parameters")
            return self.compared_text(
                f"{prefix}.{self.key(self.rng.choice([*values.PARAMS, 'absent']))}", values.TEXTS, null=True
            )
        if kind < 7:
            keys = [*values.TAGS, "mlflow.parentRunId", "mlflow.runName", "absent"]
            pool = [*values.TEXTS, *values.NAMES, self.rng.choice(self.corpus.runs)]
            return self.compared_text(f"{self.pick('tags', 'tag')}.{self.key(self.rng.choice(keys))}", pool, null=True)
        if kind < 9:
            return self.run_attribute()
        field = self.pick("name", "digest", "context")
        pool = {"name": ["iris", "Iris", "wine"], "digest": ["d1", "d2", "d3", "d4"], "context": ["train", "eval"]}
        return self.compared_text(f"{self.pick('dataset', 'datasets')}.{field}", pool[field], lists=True)

    def run_fault(self) -> str:
        return self.pick(
            "bogus.key = 'x'",
            "Metrics.loss > 1",
            "attributes.bogus = 'x'",
            "lifecycle_stage = 'active'",
            "dataset.schema = 'x'",
            "metrics.loss > 'x'",
            "metrics.loss LIKE '1'",
            "metrics.loss IN (1, 2)",
            "params.opt == 'adam'",
            "params.opt <> 'adam'",
            "tags.team = red",
            "status = 1",
            "start_time > 'now'",
            "start_time LIKE '1'",
            "run_name IN ('alpha')",
            "run_id IN ()",
            "run_id IN (1)",
            "metrics.loss",
            "metrics.loss >",
            "> 1",
            "'x' = params.opt",
            "params.opt = 'unfinished",
            "metrics.loss > 1; metrics.acc > 1",
        )

    def runs(self) -> tuple[str, str, dict[str, Any]]:
        attributes = ["run_id", "run_name", "user_id", "status", "artifact_uri", "start_time", "end_time"]
        keys = [self.pick("", "attributes.", "attribute.") + key for key in attributes]
        keys += [f"{self.pick('metrics', 'metric')}.{self.key(key)}" for key in values.METRICS]
        keys += [f"{self.pick('params', 'param')}.{self.key(key)}" for key in values.PARAMS]
        keys += [f"tags.{self.key(key)}" for key in [*values.TAGS, "absent"]]
        if self.chance(0.03):
            keys = ["bogus.x", "attributes.bogus", "metrics.loss UP", "dataset.name", "", "start_time ASC x"]
        request = {
            "experiment_ids": self.rng.sample(self.corpus.experiments, self.pick(1, 2, 3, 3, 3)),
            "filter": self.joined(self.run_condition),
            "run_view_type": self.pick("ACTIVE_ONLY", "ALL", "ALL", "DELETED_ONLY"),
            "order_by": self.ordered(keys, 3),
        }
        return "POST", "runs/search", self.page(request, 1000)

    # Experiments, models, versions

    def tag(self, keys: list[str], *, null: bool) -> str:
        name = f"{self.pick('tags', 'tag')}.{self.key(self.rng.choice([*keys, 'absent']))}"
        return self.compared_text(name, values.TEXTS, null=null)

    def experiment_condition(self) -> str:
        if self.chance(0.05):
            return self.pick(
                "bogus = 'x'", "attributes.name = 'x'", "name > 'a'", "experiment_id > '1'", "tags.a > 'x'"
            )
        kind = self.rng.randrange(6)
        prefix = self.pick("", "attribute.")
        if kind < 2:
            return self.compared_text(
                prefix + "name", [f"{name}{i}" for i, name in enumerate(values.NAMES)] + ["Default"]
            )
        if kind == 2:
            ids = [*self.corpus.experiment_ids, "0", "999999"]
            if self.chance(0.5):
                return f"{prefix}experiment_id {self.pick('=', '!=')} {self.text(ids)}"
            return f"{prefix}experiment_id {self.word(self.pick('IN', 'NOT IN'))} {self.list_of(ids)}"
        if kind == 3:
            times = [str(self.rng.choice(self.corpus.created) + self.pick(-1, 0, 0, 1)), "0"]
            return self.compared_number(prefix + self.pick("creation_time", "last_update_time"), times)
        return self.tag(values.TAGS, null=True)

    def experiments(self) -> tuple[str, str, dict[str, Any]]:
        keys = [
            self.pick("", "attribute.") + key for key in ("name", "experiment_id", "creation_time", "last_update_time")
        ]
        if self.chance(0.03):
            keys = ["tags.team", "bogus", "name UP"]
        request = {
            "filter": self.joined(self.experiment_condition),
            "view_type": self.pick("ACTIVE_ONLY", "ALL", "DELETED_ONLY"),
            "order_by": self.ordered(keys),
        }
        return "POST", "experiments/search", self.page(request, 1000)

    def model_condition(self) -> str:
        if self.chance(0.05):
            return self.pick("bogus = 'x'", "name > 'a'", "tags.team > 'x'", "metrics.loss > 1", "name = 5")
        if self.chance(0.1):
            return f"tags.`{PROMPT}` {self.pick('=', '!=')} {self.pick(repr('true'), repr('false'))}"
        if self.chance(0.5):
            names = [self.rng.choice(self.corpus.models) for _ in range(5)] + values.NAMES
            return self.compared_text("name", names, lists=True)
        return self.tag(values.TAGS, null=False)

    def registered_models(self) -> tuple[str, str, dict[str, Any]]:
        keys = ["name", self.pick("timestamp", "last_updated_timestamp")]
        if self.chance(0.03):
            keys = ["creation_timestamp", "bogus", "tags.team"]
        request = {"filter": self.joined(self.model_condition), "order_by": self.ordered(keys)}
        return "GET", "registered-models/search", self.page(request, 1000)

    def version_condition(self) -> str:
        if self.chance(0.05):
            return self.pick("version = 3", "name > 'a'", "version_number = 'x'", "source_path IN ('a')", "bogus = 'x'")
        kind = self.rng.randrange(7)
        if kind == 0:
            return f"tags.`{PROMPT}` {self.pick('=', '!=')} {self.pick(repr('true'), repr('false'))}"
        if kind == 1:
            return self.compared_text("run_id", [*self.corpus.runs, ""], lists=True)
        if kind == 2:
            return self.compared_text("source_path", self.corpus.sources)
        if kind == 3:
            return self.compared_number("version_number", ["1", "2", "3", "0", "'2'", "-1"])
        if kind < 5:
            return self.compared_text("name", self.corpus.models, lists=True)
        return self.tag(values.TAGS, null=False)

    def model_versions(self) -> tuple[str, str, dict[str, Any]]:
        keys = ["name", "version_number", "creation_timestamp", "last_updated_timestamp"]
        if self.chance(0.03):
            keys = ["bogus", "version", "tags.team"]
        request = {"filter": self.joined(self.version_condition), "order_by": self.ordered(keys)}
        return "GET", "model-versions/search", self.page(request, 10_000)
