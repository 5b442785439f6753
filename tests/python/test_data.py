"""`trackside data`: digests equal to those of DVC 3.67.1, and what differs told by name."""

import hashlib
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from conftest import REPOSITORY
from random_trees import grow

SEED = 20250102


def dvc_python():
    python = os.environ.get("TRACKSIDE_PYTHON_DVC")
    if not python:
        pytest.fail("TRACKSIDE_PYTHON_DVC is not set: name a Python with requirements-dvc.txt")
    return python


def oracle(root, paths, algorithm="md5"):
    command = [dvc_python(), str(REPOSITORY / "tests/python/dvc_oracle.py"), str(root), algorithm]
    done = subprocess.run(command, input=json.dumps([str(path) for path in paths]), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # DVC may have said before that it was set up.
    return json.loads(done.stdout.splitlines()[-1])


def dvc(root, *words):
    done = subprocess.run([dvc_python(), "-m", "dvc", *words], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def data(tmp_path_factory):
    """Runs `trackside data` with a cache of hashes of its own; the answer is the JSON."""
    cache = tmp_path_factory.mktemp("cache")

    def run(root, *words, code=0):
        binary = os.environ.get("TRACKSIDE_BIN") or REPOSITORY / "target/debug/trackside"
        command = [str(binary), "data", "--json", *map(str, words)]
        environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def project(tmp_path):
    """A repository of DVC."""
    dvc(tmp_path, "init", "--no-scm", "-q")
    return tmp_path


def test_a_thousand_random_trees_have_the_digests_of_dvc(data, tmp_path):
    trees = grow(tmp_path, 1000, SEED)
    expected = oracle(tmp_path, trees)
    legacy = oracle(tmp_path, trees[:300], "md5-dos2unix")
    found = data(tmp_path, "hash", "--legacy", *trees)
    ours = [{key: answer[key] for key in ("md5", "size", "files")} for answer in found]
    different = [(str(tree), a, b) for tree, a, b in zip(trees, ours, expected, strict=True) if a != b]
    assert different == []
    assert [answer["legacy"] for answer in found[:300]] == [answer["md5"] for answer in legacy]
    # The trees are what they should be: most have files, some have none, and rules take files away.
    assert sum(answer["files"] > 3 for answer in found) > 500
    assert any(answer["files"] == 0 for answer in found)
    ignored = sum(answer["files"] < sum(len(names) for _, _, names in os.walk(tree)) for answer, tree in zip(found, trees))
    assert ignored > 100


def test_dvc_add_records_what_we_say(data, project):
    trees = grow(project, 3, SEED + 1)
    (project / "big.csv").write_bytes(random.Random(SEED).randbytes(3 << 20) + b"\r\n")
    named = [trees[1], project / "big.csv"]
    found = data(project, "hash", *named)
    for path, answer in zip(named, found, strict=True):
        dvc(project, "add", "-q", str(path))
        record = Path(f"{path}.dvc").read_text()
        assert f"md5: {answer['md5']}\n" in record
        assert f"size: {answer['size']}\n" in record
    status = data(project, "status", "--exit-code")
    assert [item["data"]["workspace"] for item in status["data"]] == ["match", "match"]


def test_a_sparse_file_of_two_gigabytes(data, tmp_path):
    path = tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.truncate((2 << 30) + 1)
        file.seek(1 << 30)
        file.write(b"in the middle")
    [found] = data(tmp_path, "hash", path)
    with path.open("rb") as file:
        assert found["md5"] == hashlib.file_digest(file, "md5").hexdigest()
    assert (found["size"], found["files"]) == ((2 << 30) + 1, 1)


def test_one_byte_anywhere_is_found(data, project):
    tree = project / "data"
    tree.mkdir()
    rng = random.Random(SEED)
    rows = b"".join(b"%d,%f\n" % (row, rng.random()) for row in range(80_000))
    (tree / "rows.csv").write_bytes(rows)
    (tree / "other.bin").write_bytes(rng.randbytes(5000))
    dvc(project, "add", "-q", "data")
    before = data(project, "hash", "data")[0]
    for at in [0, len(rows) // 2, len(rows) - 1, 1 << 20, *(rng.randrange(len(rows)) for _ in range(5))]:
        changed = bytearray(rows)
        changed[at] ^= 1
        (tree / "rows.csv").write_bytes(changed)
        after = data(project, "hash", "data")[0]
        assert before["md5"] != after["md5"] and before["sha256"] != after["sha256"], at
        [item] = data(project, "status")["data"]
        assert item["difference"]["changed"] == ["rows.csv"]
    (tree / "rows.csv").write_bytes(rows)
    assert data(project, "hash", "data")[0] == before
    assert data(project, "status", "--exit-code")["differing"] == 0


def test_status_names_files_and_stages(data, project):
    tree = project / "data"
    (tree / "sub").mkdir(parents=True)
    for name in ["same", "changed", "removed", "sub/moved"]:
        (tree / name).write_text(name)
    (project / "model.bin").write_text("model")
    dvc(project, "add", "-q", "data", "model.bin")
    (project / "work").mkdir()
    stage = "stages:\n  train:\n    wdir: work\n    cmd: cp ../model.bin out\n    deps: [../model.bin]\n    outs: [out]\n"
    (project / "dvc.yaml").write_text(stage)
    dvc(project, "repro", "-q")
    status = data(project, "status", "--exit-code")
    assert {item["data"]["path"]: item["data"]["workspace"] for item in status["data"]} == {
        "data": "match", "model.bin": "match", "work/out": "match",
    }  # fmt: skip
    (tree / "changed").write_text("otherwise")
    (tree / "removed").unlink()
    (tree / "sub/moved").rename(tree / "moved")
    (tree / "added").write_text("added")
    (project / "model.bin").unlink()
    (project / "work/out").chmod(0o644)
    (project / "work/out").write_text("tampered")
    status = data(project, "status", "--exit-code", code=1)
    standing = {item["data"]["path"]: item for item in status["data"]}
    assert standing["data"]["difference"] == {
        "added": ["added"], "removed": ["removed"], "changed": ["changed"],
        "moved": [{"from": "sub/moved", "to": "moved"}],
    }  # fmt: skip
    assert standing["model.bin"]["data"]["workspace"] == "missing"
    assert standing["work/out"]["data"]["workspace"] == "modified"
    assert standing["work/out"]["data"]["source"] == {"by": "dvc", "file": "dvc.lock", "stage": "train", "output": True}
    # A part of what is on record.
    [part] = data(project, "status", "data/changed")["data"]
    assert (part["data"]["workspace"], part["data"]["source"]["file"]) == ("modified", "data.dvc")
    [part] = data(project, "status", "data/same")["data"]
    assert part["data"]["workspace"] == "match"


def test_what_dvc_2_recorded_is_compared_in_its_own_way(data, project):
    tree = project / "old"
    tree.mkdir()
    (tree / "text").write_bytes(b"a\r\nb\r\n")
    (tree / "bytes").write_bytes(b"\0\r\n")
    [expected] = oracle(project, [tree], "md5-dos2unix")
    assert expected != oracle(project, [tree])[0]
    (project / "old.dvc").write_text(f"outs:\n- md5: {expected['md5']}\n  size: 9\n  nfiles: 2\n  path: old\n")
    [item] = data(project, "status", "--exit-code")["data"]
    assert (item["data"]["workspace"], item["data"]["recorded"]["algorithm"]) == ("match", "md5-dos2unix")
    (tree / "bytes").write_bytes(b"\0\n")
    [item] = data(project, "status")["data"]
    assert item["data"]["workspace"] == "modified"


def test_bad_files_are_gaps_and_the_rest_is_looked_at(data, project):
    (project / "bad.dvc").write_text("outs:\n- path: x\n  md5: nonsense\n")
    (project / "dvc.lock").write_text("schema: '2.0'\nstages: [\n")
    (project / "good.csv").write_text("1,2\n")
    dvc_lock = project / "dvc.lock"
    text = dvc_lock.read_text()
    dvc_lock.unlink()
    (project / "bad.dvc").rename(project / "aside")
    dvc(project, "add", "-q", "good.csv")
    (project / "aside").rename(project / "bad.dvc")
    dvc_lock.write_text(text)
    status = data(project, "status")
    assert [item["data"]["path"] for item in status["data"]] == ["good.csv"]
    told = {gap["what"].split(":")[0]: gap for gap in status["gaps"]}
    assert told["bad.dvc"]["what"] == "bad.dvc:3"
    assert set(told) == {"bad.dvc", "dvc.lock"}
    data(project, "status", "--exit-code", code=1)


def test_what_cannot_be_hashed_is_named(data, tmp_path):
    tree = tmp_path / "tree"
    (tree / "linked").mkdir(parents=True)
    (tree / "fine").write_text("fine")
    (tree / "broken").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    found = data(tmp_path, "hash", "tree", "absent", code=1)
    assert [answer["md5"] for answer in found] == [None, None]
    assert {gap["what"].rsplit("/")[-1] for gap in found[0]["gaps"]} == {"broken", "pipe"}
    assert found[1]["gaps"][0]["why"] == "there is nothing at this path"
    (tree / "broken").unlink()
    (tree / "pipe").unlink()
    (tree / os.fsdecode(b"odd\xff")).write_text("odd")
    (tree / "outside").symlink_to("/usr/share")
    found = data(tmp_path, "hash", "tree")
    assert found[0]["files"] == 2
    assert ["not representable in DVC" in gap["why"] or "link to a directory" in gap["why"] for gap in found[0]["gaps"]] == [
        True, True,
    ]  # fmt: skip


def test_diff_names_what_differs(data, tmp_path):
    for side, files in [("a", {"same": "1", "gone": "2", "x/moved": "3", "changed": "4"}),
                        ("b", {"same": "1", "new": "5", "y/moved": "3", "changed": "6"})]:  # fmt: skip
        for name, text in files.items():
            (tmp_path / side / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / side / name).write_text(text)
    expected = {
        "added": ["new"], "removed": ["gone"], "changed": ["changed"], "moved": [{"from": "x/moved", "to": "y/moved"}],
    }  # fmt: skip
    assert data(tmp_path, "diff", "a", "b")["difference"] == expected
    assert data(tmp_path, "diff", "a", "b", "--exit-code", code=1)["difference"] == expected
    data(tmp_path, "diff", "a", "a", "--exit-code")
    files = [
        {"path": str(path.relative_to(tmp_path / "a")), "md5": "", "size": 1,
         "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in sorted((tmp_path / "a").rglob("*")) if path.is_file()
    ]  # fmt: skip
    (tmp_path / "list.json").write_text(json.dumps({"version": 1, "files": files}))
    assert data(tmp_path, "diff", "list.json", "b")["difference"] == expected
    data(tmp_path, "diff", "list.json", "a", "--exit-code")
    assert data(tmp_path, "diff", "a/changed", "b/changed")["difference"]["changed"] == ["b/changed"]


def test_hashes_are_remembered_until_a_file_changes(data, tmp_path):
    path = tmp_path / "x"
    path.write_text("first")
    # As if it had been written long ago; the time of its last change of any kind cannot be set, so this one is racy.
    os.utime(path, (1, 1))
    first = data(tmp_path, "hash", "x")
    path.write_text("other")
    os.utime(path, (1, 1))
    second = data(tmp_path, "hash", "x")
    assert first[0]["md5"] != second[0]["md5"] == hashlib.md5(b"other").hexdigest()
    assert data(tmp_path, "hash", "x", "--no-cache") == second
