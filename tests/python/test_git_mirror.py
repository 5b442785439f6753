"""`trackside models mirror`: GTO and MLflow's client see one registry."""

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import Server, start_trackside
from labelled_runs import binary
from mlflow.tracking import MlflowClient

pytestmark = pytest.mark.filterwarnings("ignore:.*stage.*:FutureWarning")

HISTORIES, ROUNDS, TOGETHER = 200, 3, 5
STAGES = {"Production": "production", "Staging": "staging", "Archived": "archived", "Canary": "stage/Canary"}
CONFIG = """
version: 1
registry:
  stages: [Canary]
  policies: [{models: guarded, to: Production, require: {tags: {validated: "true"}}}]
"""
ALIASES = ["champion", "challenger"]
SEED = 20261122


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    (root := tmp_path_factory.mktemp("mirror")).joinpath("trackside.yaml").write_text(CONFIG)
    with start_trackside(root) as server:
        yield server


@pytest.fixture(scope="module")
def client(server) -> MlflowClient:
    return MlflowClient(server.url, server.url)


@pytest.fixture
def name(request) -> str:
    return request.node.name


def gto_python() -> str:
    python = os.environ.get("TRACKSIDE_PYTHON_DVC")
    if not python:
        pytest.fail("TRACKSIDE_PYTHON_DVC is not set: name a Python with requirements-dvc.txt")
    return python


class Gto:
    """GTO in a process that lasts."""

    def __init__(self) -> None:
        command = [gto_python(), str(Path(__file__).with_name("gto_session.py"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words: str | None) -> dict:
        self.process.stdin.write(json.dumps([str(word) if isinstance(word, Path) else word for word in words]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def do(self, *words: str | None) -> str | dict | None:
        answer = self.ask(*words)
        assert "done" in answer, (words, answer)
        return answer["done"]


@pytest.fixture(scope="module")
def gto() -> Iterator[Gto]:
    session = Gto()
    yield session
    session.process.stdin.close()
    assert session.process.wait(30) == 0


def gto_itself(repository: Path, *words: str) -> dict | list:
    command = [str(Path(gto_python()).with_name("gto")), *words, "--repo", str(repository), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def git(repository: Path, *words: str) -> str:
    environment = os.environ | {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
    }
    command = ["git", "-C", str(repository), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def new_repository(path: Path, commits: int) -> list[str]:
    path.mkdir()
    git(path, "init", "-q")
    for number in range(commits):
        git(path, "commit", "-q", "--allow-empty", "-m", f"commit {number}")
    return git(path, "log", "--format=%H").split()


def mirror(server: Server, repository: Path, *words: str, code: int | None = 0) -> dict:
    """What it tells. Conflicts are exit code 1; `None` takes either."""
    command = [binary(), "models", "mirror", "--json", "--repository", str(repository), *words]
    done = subprocess.run(command, env=os.environ | {"TRACKSIDE_URL": server.url}, capture_output=True, text=True, timeout=60)
    assert done.stdout and done.returncode in ([0, 1] if code is None else [code]), done.stdout + done.stderr
    return json.loads(done.stdout)


def registered(client: MlflowClient, name: str) -> dict[str, tuple[str, list[str]]]:
    """Semantic versions with number and labels, as GTO calls them."""
    versions = client.search_model_versions(f"name = '{name}'")
    found = {}
    for version in versions:
        stage = STAGES.get(version.current_stage)
        semver = version.tags.get("trackside.semver", f"{version.version}.0.0")
        full = client.get_model_version(name, version.version)
        found[f"v{semver}"] = (version.version, sorted([*([stage] if stage else []), *full.aliases]))
    return found


@dataclass
class Model:
    """A model of which both sides do something."""

    name: str
    repository: Path
    commits: list[str]
    random: random.Random
    only_registry: bool
    done: Counter = field(default_factory=Counter)
    # Since the last look: a version that moves and is deleted before git hears of it is but deregistered.
    moved: bool = False

    def by_registry(self, client: MlflowClient, runs: list[str]) -> None:
        versions = registered(client, self.name)
        if not versions and not client.search_registered_models(f"name = '{self.name}'"):
            client.create_registered_model(self.name)
        deed = self.random.choice(["version", "stage", "stage", "alias", "alias", "unalias", "delete"])
        number, labels = self.random.choice(list(versions.values())) if versions else (None, [])
        if deed == "version" or number is None:
            tags = {"trackside.semver": self.fresh(versions)} if self.random.random() < 0.3 else {}
            run = self.random.choice([*runs, None])
            client.create_model_version(self.name, "s3://models/m", run, tags=tags, await_creation_for=0)
        elif deed == "stage":
            stage, archive = self.random.choice([*STAGES, "None"]), self.random.random() < 0.5
            archive = archive and stage in ("Production", "Staging")
            client.transition_model_version_stage(self.name, number, stage, archive)
        elif deed == "alias":
            client.set_registered_model_alias(self.name, self.random.choice(ALIASES), number)
        elif deed == "unalias":
            client.delete_registered_model_alias(self.name, self.random.choice(ALIASES))
        elif not labels and not self.moved:
            client.delete_model_version(self.name, number)
        self.moved = True
        self.done["registry"] += 1

    def fresh(self, versions: dict) -> str:
        while f"v{(version := f'0.{self.random.randrange(1, 500)}.{self.random.randrange(9)}')}" in versions:
            pass
        return version

    def by_git(self, gto: Gto, touched: set) -> None:
        answer = gto.ask("show", self.repository, self.name)
        versions = answer.get("done", {})
        deed = self.random.choice(["register", "assign", "assign", "assign", "unassign", "deregister"])
        version = self.random.choice(list(versions)) if versions else None
        if deed == "register" or version is None:
            wanted = None if versions and self.random.random() < 0.5 else f"v{self.fresh(versions)}"
            answer = gto.ask("register", self.repository, self.name, self.random.choice(self.commits), wanted)
        elif deed == "deregister":
            answer = gto.ask("deregister", self.repository, self.name, version)
        else:
            stage = self.random.choice([*STAGES.values(), *ALIASES])
            # GTO cannot tell what came first within a second.
            if (version, stage) in touched:
                return
            touched.add((version, stage))
            answer = gto.ask(deed, self.repository, self.name, stage, version)
        self.done["git" if "done" in answer else "refused"] += 1

    def settle(self, client: MlflowClient, gto: Gto) -> None:
        """People end a conflict: nothing holds anything, and what one side deleted is deleted."""
        in_git = gto.ask("show", self.repository, self.name).get("done", {})
        in_registry = registered(client, self.name)
        for version, stages in in_git.items():
            for stage in stages:
                gto.do("unassign", self.repository, self.name, stage, version)
            if version not in in_registry:
                gto.do("deregister", self.repository, self.name, version)
        for version, (number, _) in in_registry.items():
            if version not in in_git:
                client.delete_model_version(self.name, number)
            else:
                client.transition_model_version_stage(self.name, number, "None")
        for alias in ALIASES:
            client.delete_registered_model_alias(self.name, alias)


def of_ledger(server: Server, name: str) -> Counter:
    """What happened as GTO would tell it."""
    command = [binary(), "models", "history", name, "--json", "--url", server.url]
    entries = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    semver, events = {}, Counter()
    for entry in entries:
        for effect in entry["effects"]:
            if effect["what"] == "tag" and effect["key"] == "trackside.semver":
                semver[effect["version"]] = f"v{effect['after']}"
    for entry in entries:
        for effect in entry["effects"]:
            number, before, after = effect.get("version"), effect.get("before"), effect.get("after")
            version = semver.get(number, f"v{number}.0.0")
            if effect["what"] == "present" and number:
                events["registration" if after else "deregistration", version, None] += 1
            if effect["what"] == "stage":
                events.update(("unassignment", version, STAGES[one]) for one in [before] if one in STAGES)
                events.update(("assignment", version, STAGES[one]) for one in [after] if one in STAGES)
            if effect["what"] == "alias":
                of = {one: semver.get(int(one), f"v{one}.0.0") for one in (before, after) if one}
                events.update(("unassignment", of[one], effect["key"]) for one in [before] if one)
                events.update(("assignment", of[one], effect["key"]) for one in [after] if one)
    return events


def agree(
    server: Server, client: MlflowClient, gto: Gto, repository: Path, own: list[Model], moved: dict[str, str]
) -> int:
    """Mirrors; conflicts may only be where both sides moved, and are none any more once people have ended them."""
    only = ["--model", f"{repository.name}-*"]
    report = mirror(server, repository, *only, code=None)
    unsettled = {conflict["artifact"] for conflict in report["conflicts"]}
    assert all(moved[name] == "both" for name in unsettled), report["conflicts"]
    for model in own:
        model.moved = False
        if model.name in unsettled:
            model.settle(client, gto)
    if unsettled:
        mirror(server, repository, *only)
    return len(unsettled)


def test_200_histories_from_both_sides(server, client, gto, tmp_path):
    """Whatever both sides do, they say the same afterwards, or a conflict says why not."""
    told = Counter()
    models: dict[Path, list[Model]] = {}
    runs: dict[Path, list[str]] = {}
    for number in range(HISTORIES):
        repository = tmp_path / f"r{number // TOGETHER}"
        if repository not in models:
            commits = new_repository(repository, 8)
            models[repository] = []
            tagged = [client.create_run("0", tags={"mlflow.source.git.commit": commit}) for commit in commits[:3]]
            runs[repository] = [run.info.run_id for run in tagged]
        chance = random.Random(SEED + number)
        name = f"{repository.name}-{number}"
        models[repository].append(Model(name, repository, commits, chance, only_registry=chance.random() < 0.25))
    for _ in range(ROUNDS):
        for repository, own in models.items():
            moved = {}
            for model in own:
                moved[model.name] = side = "registry" if model.only_registry else model.random.choice(["git", "registry", "both"])
                touched = set()
                for _ in range(model.random.randrange(1, 4)):
                    if side != "git":
                        model.by_registry(client, runs[repository])
                    if side != "registry":
                        model.by_git(gto, touched)
            told["conflicts"] += agree(server, client, gto, repository, own, moved)
    for repository, own in models.items():
        only = ["--model", f"{repository.name}-*"]
        assert mirror(server, repository, *only) == {"git": [], "registry": [], "conflicts": []}
        shown = gto_itself(repository, "show", "--vs", "-1")
        history = gto_itself(repository, "history")
        for model in own:
            in_registry = {version: labels for version, (_, labels) in registered(client, model.name).items()}
            in_git = gto.ask("show", repository, model.name).get("done", {})
            assert in_git == in_registry, model.name
            labels = {label for labels in in_registry.values() for label in labels}
            of_gto = {stage: set(held.split(", ")) for stage, held in shown.get(model.name, {"stage": {}})["stage"].items() if held}
            assert of_gto == {
                label: {version for version, held in in_registry.items() if label in held} for label in labels
            }, model.name
            if model.only_registry:
                events = Counter(
                    (event["event"], event["version"], event["stage"]) for event in history if event["artifact"] == model.name
                )
                assert events == of_ledger(server, model.name), model.name
            told.update(model.done)
    # A test in which nothing happens proves nothing.
    assert told["registry"] > 400 and told["git"] > 300 and told["conflicts"] > 5, told


def version_in(client: MlflowClient, name: str, *stages: str, run: str | None = None) -> str:
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    number = client.create_model_version(name, "s3://models/m", run, await_creation_for=0).version
    for stage in stages:
        client.transition_model_version_stage(name, number, stage)
    return number


def says(report: dict) -> list[str]:
    return [conflict["kind"] for conflict in report["conflicts"]]


def test_each_side_sees_what_the_other_did_and_who(server, client, gto, name, tmp_path):
    commits = new_repository(repository := tmp_path / "r", 2)
    run = client.create_run("0", tags={"mlflow.source.git.commit": commits[1]}).info.run_id
    create = [binary(), "keys", "--json", "--data-dir", str(server.data_dir), "--create", "alice"]
    key = json.loads(subprocess.run(create, capture_output=True, text=True, check=True).stdout)["key"]
    os.environ["MLFLOW_TRACKING_TOKEN"] = key
    version_in(client, name, "Staging", "Production", run=run)
    version_in(client, name, run=run)
    client.set_registered_model_alias(name, "champion", "2")
    del os.environ["MLFLOW_TRACKING_TOKEN"]

    only = ["--model", name]
    would = mirror(server, repository, "--dry-run", *only)
    assert git(repository, "tag") == ""
    done = mirror(server, repository, *only)
    assert [one["tag"] for one in done["git"]] == [one["tag"] for one in would["git"]]
    # The second version of a commit is a child of it with the same files.
    first, second = (git(repository, "rev-parse", f"{name}@v{number}.0.0^{{commit}}") for number in (1, 2))
    assert first == commits[1]
    assert git(repository, "rev-parse", f"{second}^", f"{second}^{{tree}}").split() == [first, git(repository, "rev-parse", f"{first}^{{tree}}")]
    shown = gto_itself(repository, "show")[name]
    assert (shown["version"], shown["stage"]) == ("v2.0.0", {"champion": "v2.0.0", "production": "v1.0.0"})
    history = gto_itself(repository, "history")
    assert {event["author"] for event in history} == {"alice"}
    assert Counter((event["event"], event["version"], event["stage"]) for event in history) == of_ledger(server, name)
    assert mirror(server, repository, *only) == {"git": [], "registry": [], "conflicts": []}

    gto.do("assign", repository, name, "production", "v2.0.0")
    gto.do("register", repository, name, commits[0], "v2.1.0")
    gto.do("assign", repository, name, "champion", "v2.1.0")
    mirror(server, repository, *only)
    assert registered(client, name) == {
        "v1.0.0": ("1", ["production"]),
        "v2.0.0": ("2", ["production"]),
        "v2.1.0": ("3", ["champion"]),
    }
    third = client.get_model_version(name, "3")
    assert (third.source, third.tags["trackside.git.commit"]) == (f"git:/{commits[0]}", commits[0])
    command = [binary(), "models", "history", name, "--json", "--url", server.url]
    entries = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert any((entry["reason"] or "").startswith(f"git tag {name}@v2.1.0 by ") for entry in entries)


def test_what_both_sides_moved_is_left_to_people(server, client, gto, name, tmp_path):
    new_repository(repository := tmp_path / "r", 1)
    first, second, third = (version_in(client, name) for _ in range(3))
    client.transition_model_version_stage(name, first, "Production")
    client.set_registered_model_alias(name, "champion", first)
    only = ["--model", name]
    mirror(server, repository, *only)
    client.transition_model_version_stage(name, second, "Production", archive_existing_versions=True)
    gto.do("assign", repository, name, "production", "v3.0.0")
    client.set_registered_model_alias(name, "champion", second)
    gto.do("assign", repository, name, "champion", "v3.0.0")
    before = git(repository, "for-each-ref", "refs/tags"), registered(client, name)
    report = mirror(server, repository, *only, code=1)
    assert says(report) == ["both-moved", "both-moved"]
    assert "v2.0.0 in the registry" in report["conflicts"][1]["why"] and "champion" in report["conflicts"][1]["why"]
    assert before == (git(repository, "for-each-ref", "refs/tags"), registered(client, name))
    # Somebody says what holds, by either side's means.
    client.set_registered_model_alias(name, "champion", third)
    gto.do("unassign", repository, name, "production", "v3.0.0")
    mirror(server, repository, *only)
    assert gto.do("show", repository, name) == {
        "v3.0.0": ["champion"],
        "v2.0.0": ["production"],
        "v1.0.0": ["archived"],
    }


def test_a_deleted_tag_and_a_refusal_are_told(server, client, gto, name, tmp_path):
    commits = new_repository(repository := tmp_path / "r", 2)
    version_in(client, name, "Production")
    only = ["--model", name]
    mirror(server, repository, *only)
    git(repository, "tag", "-d", f"{name}#production#1")
    report = mirror(server, repository, *only, code=1)
    assert says(report) == ["tag-gone"] and "git update-ref" in report["conflicts"][0]["remedy"]
    assert registered(client, name) == {"v1.0.0": ("1", ["production"])}
    mirror(server, repository, "--accept-deleted", *only)
    assert registered(client, name) == {"v1.0.0": ("1", [])}

    # The server takes no files of its own machine as a model, wherever the wish comes from.
    git(repository, "tag", "-a", f"{name}@v3.0.0", "-m", "Bad\n\nsource: /etc", commits[0])
    git(repository, "tag", "-a", f"{name}@v3.0.1", "-m", "Good\n\nsource: s3://models/good", commits[1])
    gto.do("assign", repository, name, "staging", "v3.0.0")
    report = mirror(server, repository, *only, code=1)
    assert says(report) == ["refused"] and "/etc" in report["conflicts"][0]["why"]
    assert registered(client, name) == {"v1.0.0": ("1", []), "v3.0.1": ("2", [])}
    assert says(mirror(server, repository, *only, code=1)) == ["refused"]
    gto.do("deregister", repository, name, "v3.0.0")
    mirror(server, repository, *only)


def test_a_stage_of_the_team_and_a_policy_hold_for_git_as_well(server, client, gto, tmp_path):
    new_repository(repository := tmp_path / "r", 1)
    version_in(client, "guarded", "Canary")
    only = ["--model", "guarded"]
    mirror(server, repository, *only)
    assert git(repository, "tag").split() == ["guarded#stage/Canary#1", "guarded@v1.0.0"]
    assert gto_itself(repository, "show")["guarded"]["stage"] == {"stage/Canary": "v1.0.0"}

    gto.do("unassign", repository, "guarded", "stage/Canary", "v1.0.0")
    gto.do("assign", repository, "guarded", "production", "v1.0.0")
    report = mirror(server, repository, *only, code=1)
    assert says(report) == ["refused"] and "tag validated is true" in report["conflicts"][0]["why"]
    assert client.get_model_version("guarded", "1").current_stage != "Production"
    client.set_model_version_tag("guarded", "1", "validated", "true")
    mirror(server, repository, *only)
    assert registered(client, "guarded") == {"v1.0.0": ("1", ["production"])}


def test_names_that_git_does_not_take_come_back(server, client, gto, tmp_path):
    repository = tmp_path / "r.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    for name in ("fraud v1.5", "Größe"):
        version_in(client, name)
        client.set_registered_model_alias(name, "production", "1")
    only = ["--model", "fraud*", "--model", "Gr*", "--model", "models*"]
    mirror(server, repository, *only)
    tags = set(git(repository, "tag").split("\n"))
    assert {"fraud_x20v1_x2E5@v1.0.0", "Gr_xC3_xB6_xC3_x9Fe#alias/production#1"} <= tags
    # Without a commit of their own, versions are a chain of small ones.
    assert len(git(repository, "log", "--format=%H", "refs/trackside/registry").split()) == 2
    commit = git(repository, "rev-parse", "fraud_x20v1_x2E5@v1.0.0^{commit}")
    git(repository, "tag", "-a", "models/churn@v0.1.0", "-m", "by hand", commit)
    mirror(server, repository, *only)
    assert registered(client, "models%2Fchurn") == {"v0.1.0": ("1", [])}
    assert mirror(server, repository, *only) == {"git": [], "registry": [], "conflicts": []}


def test_a_mirror_that_is_killed_goes_on_where_it_was(server, client, gto, name, tmp_path):
    commits = new_repository(repository := tmp_path / "r", 8)
    chance = random.Random(SEED)
    only = ["--model", f"{name}-*"]
    command = [binary(), "models", "mirror", "--repository", str(repository), "--url", server.url, *only]
    n_killed = 0
    for turn in range(12):
        own = f"{name}-{turn}"
        for stages in (["Staging"], ["Staging", "Production"], []):
            version_in(client, own, *stages)
        client.set_registered_model_alias(own, "champion", chance.choice("123"))
        gto.do("register", repository, own, commits[turn % 8], "v0.1.0")
        gto.do("assign", repository, own, "challenger", "v0.1.0")
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            running.wait(chance.uniform(0.01, 0.12))
        except subprocess.TimeoutExpired:
            running.kill()
            n_killed += 1
        running.wait()
    mirror(server, repository, *only)
    assert mirror(server, repository, *only) == {"git": [], "registry": [], "conflicts": []}
    assert n_killed > 2
    for turn in range(12):
        own = f"{name}-{turn}"
        in_registry = {version: labels for version, (_, labels) in registered(client, own).items()}
        assert gto.do("show", repository, own) == in_registry and len(in_registry) == 4
        counts = Counter(entry for entry in git(repository, "tag", "-l", f"{own}[@#]*").split("\n"))
        # Nothing was written twice: four versions, three stages with one left, two aliases.
        assert len(counts) == 4 + 4 + 2, counts
