"""The scenarios of the W&B door (`wandb_door/`): real W&B clients, each line of them in a Python of its own.

`requirements-wandb.txt` is of the newest client, which runs all; `requirements-wandb-*.txt` are of older lines, which run
what is marked `every_line`. For each file `tests/run` makes an environment and sets TRACKSIDE_PYTHON_WANDB..., so a new
line is a new file. The scenarios of a line run in two processes; each is a test here.
"""

import ast
import os
import subprocess
import warnings
import xml.etree.ElementTree
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FILES = sorted((HERE / "wandb_door").glob("scenario_*.py"))
NEWEST = "requirements-wandb"
LINES = sorted(path.stem for path in HERE.glob(f"{NEWEST}*.txt"))
TIMEOUT_SECS = 600
# More failures than these are no accident.
FEW = 3


def scenarios(path, line):
    """Names of a file's functions that a line runs."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = {mark.id for mark in node.decorator_list if isinstance(mark, ast.Name)}
            if line == NEWEST or "every_line" in marks:
                yield node.name


CASES = [(line, path.stem, name) for line in LINES for path in FILES for name in scenarios(path, line)]


def client(line):
    """The Python that has the client of a line."""
    name = "TRACKSIDE_PYTHON_" + line.removeprefix("requirements-").upper().replace("-", "_").replace(".", "_")
    python = os.environ.get(name)
    assert python, f"{name} is not set; tests/run sets it to the Python of the environment made from {line}.txt"
    return python


@pytest.fixture(scope="module")
def outcomes(trackside, tmp_path_factory):
    """What became of the scenarios of a line: (file, function) to the texts of its failures."""
    lines = {}

    def of(line):
        if line in lines:
            return lines[line]
        folder = tmp_path_factory.mktemp("wandb")
        # Much of the time is spent waiting.
        reports = [folder / f"{n}.xml" for n in range(2)]
        halves = [start(line, trackside.url, FILES[n::2], report) for n, report in enumerate(reports)]
        found = {}
        for half, report in zip(halves, reports):
            found |= read(half, report)
        # Clients wait for seconds only, and a machine that does other work may take longer. What failed is tried once more,
        # alone, and what passes then is told.
        again = [HERE / "wandb_door" / f"{file}.py::{name}" for (file, name), failures in found.items() if failures]
        if 0 < len(again) <= FEW:
            first = dict(found)
            found |= read(start(line, trackside.url, again, folder / "again.xml"), folder / "again.xml")
            for key in [key for key, failures in first.items() if failures and not found[key]]:
                warnings.warn(f"{line}: {key} passed at the second try; at first: {first[key][0][-2000:]}", stacklevel=2)
        return lines.setdefault(line, found)

    return of


def read(process, report):
    """What became of the scenarios that a process runs: (file, function) to the texts of its failures."""
    said, _ = process.communicate(timeout=TIMEOUT_SECS)
    # 0: all passed, 1: some failed, which is for the tests below to say, 5: none in these files.
    assert process.returncode in (0, 1, 5), said
    found = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        parts = [part for part in case if part.tag in ("failure", "error", "skipped")]
        key = (case.get("classname").split(".")[-1], case.get("name").split("[")[0])
        found.setdefault(key, []).extend(part.text or part.get("message") for part in parts)
    return found


def start(line, url, files, report):
    """Begins to run the scenarios of these files."""
    command = [client(line), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "wandb_session"]
    command += [f"--junitxml={report}", *([] if line == NEWEST else ["-m", "every_line"]), *map(str, files)]
    environment = os.environ | {"TRACKSIDE_URL": url}
    return subprocess.Popen(
        command, env=environment, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize(
    ("line", "file", "name"),
    CASES,
    ids=lambda part: part.removeprefix("requirements-").removeprefix("scenario_").removeprefix("test_"),
)
def test_scenario(outcomes, line, file, name):
    found = outcomes(line)
    assert (file, name) in found, "the scenario did not run"
    assert not found[file, name], "\n".join(found[file, name])
