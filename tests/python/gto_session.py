"""GTO itself, many commands in one process: `gto` takes most of a second to start.

    gto_session.py < commands

Each line of standard input is `["register", REPOSITORY, ARGUMENTS...]` or the like in JSON, each line of standard output what came
of it: `{"done": ...}` or `{"refused": message}`.
"""

import json
import sys

from gto import api
from gto.exceptions import GTOException


def register(repository: str, name: str, ref: str, version: str | None) -> str:
    return api.register(repository, name, ref, version=version).version


def assign(repository: str, name: str, stage: str, version: str) -> None:
    api.assign(repository, name, stage, version=version)


def unassign(repository: str, name: str, stage: str, version: str) -> None:
    api.unassign(repository, name, stage=stage, version=version)


def deregister(repository: str, name: str, version: str) -> None:
    api.deregister(repository, name, version=version)


def show(repository: str, name: str) -> dict[str, list[str]]:
    """Versions that are registered, and the stages of each."""
    versions = api.show(repository, name, versions_per_stage=-1)
    return {one["version"]: sorted(stage["stage"] for stage in one["stages"]) for one in versions}


COMMANDS = {command.__name__: command for command in (register, assign, unassign, deregister, show)}


def main() -> None:
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            answer = {"done": COMMANDS[command](*arguments)}
        except GTOException as error:
            answer = {"refused": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
