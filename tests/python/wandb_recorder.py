"""Records what a line of W&B's client sends in its scenarios, as fixtures that are replayed without the client.

    python wandb_recorder.py --server http://127.0.0.1:5000 [requirements-wandb-0.28.2]

with a server that has no data yet, so that it asks for all contents, runs the scenarios marked `every_line` through a proxy (`recorder.py`), and writes tests/fixtures/wandb/<version>/. To
try a new version: change its number in `requirements-wandb.txt`, have `tests/run` make the environment, run this.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import REPOSITORY
from recorder import Recorder
from test_wandb_door import FILES, HERE, NEWEST, client
from wandb_recording import Session

FOLDER = REPOSITORY / "tests/fixtures/wandb"


def version(line: str) -> str:
    [found] = re.findall(r"^wandb==(\S+)$", (HERE / f"{line}.txt").read_text(), re.MULTILINE)
    return found


def save(recorder: Recorder, folder: Path) -> None:
    """A file for each scenario, and one for each query."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.jsonl"), *folder.glob("queries/*.graphql")]:
        old.unlink()
    queries: dict[str, str] = {}
    for suffix, exchanges in recorder.sessions.items():
        if any(one.path.endswith("/runs/create") for one in exchanges):
            # It is about what MLflow's client has made.
            continue
        steps = Session(suffix, recorder.url, queries).steps(exchanges)
        name = re.sub(r"\W", "_", recorder.names[suffix])
        lines = [json.dumps(step, ensure_ascii=False, sort_keys=True) for step in steps]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "queries").mkdir(exist_ok=True)
    for name, text in queries.items():
        (folder / "queries" / f"{name}.graphql").write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, metavar="URL")
    parser.add_argument("line", nargs="?", default=NEWEST)
    options = parser.parse_args()
    command = [client(options.line), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "wandb_session"]
    with Recorder(options.server) as recorder:
        environment = os.environ | {"TRACKSIDE_URL": recorder.url}
        code = subprocess.run([*command, "-m", "every_line", *map(str, FILES)], env=environment, cwd=HERE).returncode
    save(recorder, FOLDER / version(options.line))
    return code


if __name__ == "__main__":
    sys.exit(main())
