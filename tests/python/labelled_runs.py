"""Runs of which it is known what an audit has to say: each is made, then something happens to what it came from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from conftest import REPOSITORY, Server

SCRIPT = Path(__file__).with_name("logging_script.py")
IDENTICAL, EQUIVALENT, DRIFTED, MISSING = "identical", "equivalent", "drifted", "missing"
ROWS = 20_000


def binary() -> str:
    return os.environ.get("TRACKSIDE_BIN") or str(REPOSITORY / "target/debug/trackside")


@dataclass
class Project:
    """A repository with a script and data, and the run that was made in it."""

    root: Path
    server: Server
    run: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    #: How `trackside run` and what follows are called.
    flags: list[str] = field(default_factory=lambda: ["--data", "data"])
    words: list[str] = field(default_factory=lambda: ["seed=7", "lr=0.10"])
    command: list[str] | None = None
    #: Where the audit is made.
    here: Path | None = None
    code: int = 0

    def git(self, *words: str, at: Path | None = None) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "protocol.file.allow=always"]
        done = subprocess.run(["git", *identity, *words], cwd=at or self.root, capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.strip()

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def call(self, *words: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        drop = ("PYTHONHASHSEED", "MLFLOW_TRACKING_URI", "TRACKSIDE_URL")
        inherited = {name: value for name, value in os.environ.items() if name not in drop}
        caches = {"XDG_CACHE_HOME": str(self.root.parent / "cache")}
        environment = inherited | caches | self.environment
        return subprocess.run(
            [binary(), *words], cwd=at or self.root, env=environment, capture_output=True, text=True, timeout=120
        )

    def start(self) -> None:
        """Makes the run, and finds out its id."""
        command = self.command or [sys.executable, "train.py", *self.words]
        done = self.call("run", "--url", self.server.url, *self.flags, "--", *command)
        assert done.returncode == self.code, (done.returncode, done.stdout, done.stderr)
        recorded = [line for line in done.stderr.splitlines() if "recorded run" in line]
        assert len(recorded) == 1, done.stderr
        self.run = recorded[0].split("recorded run ")[1].split(" ")[0]

    def audit(self) -> dict[str, Any]:
        where = self.here or self.root
        words = ["audit", self.run, "--url", self.server.url, "--json"]
        if self.here:
            words += ["--repository", str(self.here)]
        done = self.call(*words, at=where)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def api(self, path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.server.url}/api/2.0/mlflow/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def stored(self, path: str) -> Path:
        """Where the server keeps an artifact."""
        info = requests.get(f"{self.server.url}/api/2.0/mlflow/runs/get", params={"run_id": self.run}, timeout=30)
        place = info.json()["run"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/").strip("/")
        assert self.server.data_dir
        return self.server.data_dir / "artifacts" / place / path

    def sql(self, statement: str, *values: Any) -> None:
        """Behind the server's back."""
        assert self.server.data_dir
        with sqlite3.connect(self.server.data_dir / "trackside.db", timeout=30) as database:
            changed = database.execute(statement, values).rowcount
        database.close()
        assert changed == 1, statement

    def forget(self) -> None:
        """Lets git remove what nothing leads to."""
        self.git("reflog", "expire", "--expire=now", "--all")
        self.git("gc", "-q", "--prune=now")

    def drop_snapshot(self) -> None:
        self.git("update-ref", "-d", f"refs/trackside/runs/{self.run}")
        self.forget()


def project(folder: Path, server: Server) -> Project:
    """A clean repository."""
    root = folder / "project"
    made = Project(root, server)
    made.write("train.py", SCRIPT.read_text())
    made.write("data/train.csv", "".join(f"{row},{row % 7}\n" for row in range(ROWS)))
    made.write("data/raw/labels.txt", "cat\ndog\n")
    made.write(".gitignore", "data/\nmodel.out\n__pycache__/\n")
    made.git("init", "-q", "-b", "main")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "one")
    made.environment = {"DATA": "data/train.csv"}
    return made


Step = Callable[[Project], None]


@dataclass
class Label:
    """What happens before the run and after it, and what an audit has to find; what is not named is identical."""

    name: str
    before: Step
    after: Step
    expected: dict[str, str]


LABELS: list[Label] = []


def label(name: str, before: Step | None = None, after: Step | None = None, **expected: str) -> None:
    nothing: Step = lambda _: None  # noqa: E731
    LABELS.append(Label(name, before or nothing, after or nothing, expected))


def do(*steps: Step) -> Step:
    def all_of(made: Project) -> None:
        for step in steps:
            step(made)

    return all_of


def git(*words: str) -> Step:
    return lambda made: made.git(*words) and None


def write(path: str, text: str | bytes) -> Step:
    return lambda made: made.write(path, text) and None


def given(**values: Any) -> Step:
    def set_all(made: Project) -> None:
        for name, value in values.items():
            setattr(made, name, value)

    return set_all


def append(path: str, text: str) -> Step:
    return lambda made: made.write(path, (made.root / path).read_text() + text) and None


def remove(path: str) -> Step:
    def gone(made: Project) -> None:
        target = made.root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return gone


forget: Step = lambda made: made.forget()  # noqa: E731

# Code
label("clean")
edit = append("train.py", "# changed\n")
label("uncommitted change", edit)
label("uncommitted change, undone since", edit, git("checkout", "-q", "train.py"))
label("staged change", do(edit, git("add", "train.py")))
label("new file", write("model.py", "x = 1\n"))
label("new file, gone since", write("model.py", "x = 1\n"), remove("model.py"))
label("deleted file", do(write("old.py", ""), git("add", "-A"), git("commit", "-qm", "two"), remove("old.py")))
label("uncommitted change, collected", edit, do(git("checkout", "-q", "."), lambda made: made.drop_snapshot()), code=MISSING)
label("commit gone", None, do(edit, git("commit", "-qam", "two", "--amend"), forget), code=MISSING)
label("rebased, the same files", None, do(git("commit", "-q", "--amend", "-m", "other"), forget), code=EQUIVALENT)
label("rebased, not collected", None, git("commit", "-q", "--amend", "-m", "other"))
label("further commits", None, do(edit, git("commit", "-qam", "two")))
label("branch renamed", None, git("branch", "-m", "trunk"))
label("detached head", git("checkout", "-q", "--detach"))
label("tagged", git("tag", "v1"))
label("before the first commit", do(remove(".git"), git("init", "-q", "-b", "main")))
label("no repository", remove(".git"), code=MISSING)
label("repository gone", None, remove(".git"), code=MISSING)
label("large file left out", write("big.bin", b"\0" * (11 << 20)), code=MISSING)
label("large file not of the code", do(write("big.bin", b"\0" * (11 << 20)), write(".tracksideignore", "big.bin\n")))
label("large file ignored", do(write("big.bin", b"\0" * (11 << 20)), append(".gitignore", "*.bin\n")))


def clone(made: Project) -> None:
    made.here = made.root.parent / "clone"
    made.git("clone", "-q", "--no-local", str(made.root), str(made.here))
    shutil.copytree(made.root / "data", made.here / "data")
    shutil.rmtree(made.root)


label("in a clone", None, clone)
label("in a clone, without what was uncommitted", edit, clone, code=MISSING)


def fetched(made: Project) -> None:
    made.here = made.root.parent / "clone"
    made.git("clone", "-q", "--no-local", str(made.root), str(made.here))
    made.git("fetch", "-q", "origin", "refs/trackside/*:refs/trackside/*", at=made.here)
    shutil.copytree(made.root / "data", made.here / "data")
    shutil.rmtree(made.root)


label("in a clone that fetched it", edit, fetched)


def submodule(made: Project) -> None:
    other = made.root.parent / "library"
    other.mkdir()
    (other / "lib.py").write_text("y = 1\n")
    for words in [("init", "-q"), ("add", "-A"), ("commit", "-qm", "l")]:
        made.git(*words, at=other)
    made.git("submodule", "--quiet", "add", str(other), "library")
    made.git("commit", "-qm", "with a library")


label("submodule", submodule)
label("submodule with changes", do(submodule, write("library/lib.py", "y = 2\n")), code=MISSING)

# Data
label("one byte changed", None, write("data/raw/labels.txt", "cat\ndug\n"), data=DRIFTED)


def past_row_10_000(made: Project) -> None:
    rows = (made.root / "data/train.csv").read_text().splitlines(keepends=True)
    rows[15_000] = "15000,9\n"
    made.write("data/train.csv", "".join(rows))


label("changed past row 10,000", None, past_row_10_000, data=DRIFTED)
label("file added", None, write("data/more.csv", "1\n"), data=DRIFTED)
label("file removed", None, remove("data/raw"), data=DRIFTED)
label("file renamed", None, lambda made: (made.root / "data/train.csv").rename(made.root / "data/t.csv") and None, data=DRIFTED)
label("data gone", None, remove("data"), data=MISSING)
label("only touched", None, lambda made: os.utime(made.root / "data/train.csv", (1, 1)))
label("only permissions", None, lambda made: (made.root / "data/train.csv").chmod(0o600))
label("empty directory added", None, lambda made: (made.root / "data/empty").mkdir())
label("changed and changed back", None, do(write("data/raw/labels.txt", "x"), write("data/raw/labels.txt", "cat\ndog\n")))
label("no data named", given(flags=[]), data=MISSING)
label("no data read", given(flags=["--no-data"], environment={}))
label("one file named", given(flags=["--data", "data/train.csv"]), write("data/raw/labels.txt", "x"))
label("named, not there", given(flags=["--data", "data", "--data", "nowhere"]), data=MISSING)


def outside(made: Project) -> None:
    other = made.root.parent / "elsewhere.csv"
    other.write_text("1,2\n")
    made.flags = ["--data", str(other)]


label("outside of the project", outside)
label("outside of the project, changed", outside, lambda made: (made.root.parent / "elsewhere.csv").write_text("2") and None, data=DRIFTED)


def linked(made: Project) -> None:
    target = made.root.parent / "version1"
    target.write_text("1")
    (made.root / "data/current").symlink_to(target)


def relinked(made: Project) -> None:
    target = made.root.parent / "version2"
    target.write_text("2")
    (made.root / "data/current").unlink()
    (made.root / "data/current").symlink_to(target)


label("link leads elsewhere", linked, relinked, data=DRIFTED)


def kept_by_dvc(made: Project) -> None:
    """What `dvc add` and `dvc config` leave behind, as far as an audit looks at it."""
    content = (made.root / "data/raw/labels.txt").read_bytes()
    digest = hashlib.md5(content).hexdigest()
    made.write(f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}", content)
    made.write(".dvc/config", "")
    made.write(".dvc/.gitignore", "/cache\n")


kept = do(kept_by_dvc, git("add", "-A"), git("commit", "-qm", "dvc"), given(flags=["--data", "data/raw/labels.txt"]))
label("changed, in the cache of DVC", kept, write("data/raw/labels.txt", "x"), data=EQUIVALENT)
label("gone, in the cache of DVC", kept, remove("data/raw/labels.txt"), data=EQUIVALENT)


# Environment
def package(version: str | None, name: str = "lib") -> Step:
    """What is installed beside everything else."""

    def install(made: Project) -> None:
        site = made.root.parent / "site"
        for old in site.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        if version:
            metadata = site / f"{name}-{version}.dist-info"
            metadata.mkdir(parents=True)
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        made.environment["PYTHONPATH"] = str(site)

    return install


def variable(name: str, value: str | None) -> Step:
    def set_it(made: Project) -> None:
        made.environment.pop(name, None)
        if value is not None:
            made.environment[name] = value

    return set_it


label("package upgraded", package("1.0.0"), package("1.0.1"), environment=DRIFTED)
label("package removed", package("1.0.0"), package(None), environment=DRIFTED)
label("package added", package("1.0.0"), package("2.0", "other"), environment=EQUIVALENT)
label("package the same", package("1.0.0"), package("1.0.0"))
label("hash seed set since", None, variable("PYTHONHASHSEED", "1"), environment=DRIFTED)
label("hash seed no longer set", variable("PYTHONHASHSEED", "1"), variable("PYTHONHASHSEED", None), environment=DRIFTED)
label("variable that means nothing", None, variable("EDITOR", "vi"))
lock = do(write("requirements.txt", "lib==1.0\n"), git("add", "-A"), git("commit", "-qm", "lock"))
label("lock file changed since", lock, write("requirements.txt", "lib==2.0\n"), environment=EQUIVALENT)


# Params
def column(made: Project) -> str:
    return f"(SELECT pk FROM run WHERE id = '{made.run}')"


def edited(key: str, value: str) -> Step:
    return lambda made: made.sql(f"UPDATE run_param SET value = ? WHERE key = ? AND owner = {column(made)}", value, key)


def deleted(key: str) -> Step:
    return lambda made: made.sql(f"DELETE FROM run_param WHERE key = ? AND owner = {column(made)}", key)


def added(made: Project) -> None:
    made.api("runs/log-parameter", run_id=made.run, key="late", value="1")


label("param edited", None, edited("lr", "0.2"), parameters=DRIFTED)
label("param deleted", None, deleted("lr"), parameters=MISSING)
label("param added", None, added, parameters=DRIFTED)
label("param spelt otherwise", None, edited("lr", "0.1"), parameters=EQUIVALENT)
label("seed edited", None, edited("seed", "8"), parameters=DRIFTED)

# Chance
label("no seed", given(words=["lr=1"]), randomness=MISSING)
label("random state", given(words=["model.random_state=3"]))
label("seed on the command line", given(words=["lr=1", "--seed", "4"]))
label("seed of None", given(words=["random_state=None"]), randomness=MISSING)
label("no seed but something like it", given(words=["seedling=3"]), randomness=MISSING)

# Execution
label("failed", given(words=["seed=7", "end=failed"], code=3), execution=DRIFTED)
label("killed", given(words=["seed=7", "end=killed"], code=137), execution=DRIFTED)
label("said to be killed since", None, lambda made: made.api("runs/update", run_id=made.run, status="KILLED") and None, execution=DRIFTED)
label("secret on the command line", given(words=["seed=7", "--api-key", "s3cr3t-s3cr3t"]), execution=EQUIVALENT)
label("no client", given(words=["nolog=1", "--seed=1"]))
label("no Python", given(command=["sh", "-c", "exit 0"]), randomness=MISSING)


# Artifacts
def tampered(text: bytes) -> Step:
    return lambda made: made.stored("model.bin").write_bytes(text) and None


def stored(made: Project) -> None:
    made.stored("later.txt").write_text("x")


def forged(made: Project) -> None:
    path = made.stored("trackside/provenance.json")
    record = json.loads(path.read_text())
    record["code"]["repository"]["branch"] = "main"
    record["parameters"]["values"]["lr"] = "0.9"
    path.write_text(json.dumps(record))


label("artifact tampered with", None, tampered(b"weights of somebody else"), artifacts=DRIFTED)
label("artifact cut", None, tampered(b"weights"), artifacts=DRIFTED)
label("artifact gone", None, lambda made: made.stored("model.bin").unlink(), artifacts=MISSING)
label("artifact added", None, stored, artifacts=EQUIVALENT)
label("no artifacts", given(words=["seed=7", "bare=1"]))
label("record forged", None, forged, artifacts=DRIFTED, parameters=DRIFTED)
