"""What W&B's clients have sent once (`wandb_recorder.py`), sent again without them: all is answered as it was then."""

import base64
import json
import re
import uuid
from pathlib import Path

import pytest
import requests
from conftest import REPOSITORY
from wandb_recording import at

FOLDER = REPOSITORY / "tests/fixtures/wandb"
VARIABLE = re.compile(r"\$\{(\w+)\}")
RECORDINGS = sorted(FOLDER.glob("*/*.jsonl"))


def filled(value, variables):
    if isinstance(value, dict):
        return {filled(key, variables): filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, variables) for item in value]
    return VARIABLE.sub(lambda found: variables[found[1]], value) if isinstance(value, str) else value


def send(url, step, folder, variables):
    path = filled(step["path"], variables)
    address = path if path.startswith("http") else url + path
    # What only W&B's clients ask is told apart by this from what MLflow's pages ask.
    headers = {"Content-Type": "application/json", "User-Agent": "wandb-core"}
    if "query" in step:
        body = {"query": Path(folder, "queries", step["query"] + ".graphql").read_text(), "operationName": ""}
        body |= filled({name: step[name] for name in ("variables", "operationName") if name in step}, variables)
        data = json.dumps(body)
    elif "json" in step:
        data = json.dumps(filled(step["json"], variables))
    elif "base64" in step:
        headers, data = {}, base64.b64decode(step["base64"])
    else:
        headers, data = {}, (filled(step.get("text", ""), variables) * step.get("times", 1)).encode()
    return requests.request(step["method"], address, data=data, headers=headers, timeout=60)


def test_there_are_recordings():
    assert len({path.parent for path in RECORDINGS}) >= 5


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recording(trackside, recording):
    variables = {"suffix": uuid.uuid4().hex[:12]}
    for line in recording.read_text().splitlines():
        step = json.loads(line)
        # The server has this content from another recording, and does not say where to put it.
        if any(variables.get(name, "") is None for name in VARIABLE.findall(step["path"])):
            continue
        answer = send(trackside.url, step, recording.parent, variables)
        told = f"{line[:400]}\n{answer.status_code} {answer.text[:1000]}"
        assert answer.status_code == step.get("status", 200), told
        if "query" in step:
            assert bool(answer.json().get("errors")) == step.get("refused", False), told
        for name, path in step.get("capture", {}).items():
            variables[name] = at(answer.json(), path)
