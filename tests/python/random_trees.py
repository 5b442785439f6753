"""Random directories with all that is awkward to hash."""

import os
import random
from pathlib import Path

NAMES = [
    "a", "b", "ab", "a-b", "a.b", "a b", "A", "x.tmp", "keep.tmp", "data.csv", ".hidden", ".gitignore", "~", "-", "!bang", "#hash",
    "é", "e\u0301", "ß", "\U0001f600", "\U0001d518", "\uffff", "\ue000", "\u2028", "\ud7ff", "\x01", "\x1f", "\x7f", "\x80",
    "tab\t", "line\nfeed", "cr\r", "quote\"", "back\\slash", "bell\x07", "\b\f", " leading", "trailing ", "%41", "[ab]", "*",
]  # fmt: skip
RULES = [
    "*.tmp", "!keep.tmp", "/*/a", "b/", "**/ab", "*/**/a.b", "[ab]", "a?b", "# nothing", "", "  data.csv  ", "\\!bang", "\\#hash",
    "é", "/t1*", "x.*", "a/b", "!a/b", "a/", "a/*", "!/**/data.csv", "a/**",
]  # fmt: skip


def contents(rng: random.Random) -> bytes:
    """Often empty, often text with either kind of line ends, sometimes more than a chunk."""
    match rng.randrange(8):
        case 0 | 1:
            return b""
        case 2 | 3:
            return b"".join(rng.choice([b"x", b"\r\n", b"\n", b"\r", b"y"]) for _ in range(rng.randrange(200)))
        case 4:
            return b"line\r\n" * rng.randrange(1000)
        case 5 if rng.random() < 0.05:
            return (b"0123456789abcde\r\n" * 70_000)[rng.randrange(3) :]
        case _:
            return rng.randbytes(rng.randrange(2000))


def fill(directory: Path, rng: random.Random, depth: int, top: bool) -> None:
    """Makes files, directories and links below it."""
    for name in rng.sample(NAMES, rng.randrange(0, 9)):
        path = directory / name
        kind = rng.random()
        # DVC's rules are not followed below a line feed, and it takes names of repositories of its own for patterns.
        if kind < 0.55 or depth == 0 or "\n" in name:
            path.write_bytes(contents(rng))
        elif kind < 0.85:
            path.mkdir()
            fill(path, rng, depth - 1, False)
        elif kind < 0.93:
            others = [Path(at) / name for at, _, names in os.walk(directory) for name in names]
            path.symlink_to(rng.choice(others) if others else directory.parent)
        else:
            path.symlink_to(rng.choice([directory, directory.parent, Path("/usr/share")]))
    special = rng.random()
    if special < 0.05:
        (directory / rng.choice([".git", ".hg", "empty"])).mkdir()
        (directory / ".git").is_dir() and (directory / ".git" / "x").write_text("x")
    elif special < 0.08 and not top and not set("*[]\\") & set(str(directory)):
        # A repository of its own, which DVC leaves out.
        (directory / ".dvc").mkdir()
    elif special < 0.11:
        (directory / ".git").write_text("gitdir: elsewhere")


def grow(root: Path, number: int, seed: int) -> list[Path]:
    """So many trees, in groups that have a `.dvcignore` of their own."""
    rng = random.Random(seed)
    trees = []
    (root / ".dvcignore").write_text("never-there\n*.bak\n")
    for index in range(number):
        group = root / f"group {index // 10}"
        tree = group / f"t{index}"
        tree.mkdir(parents=True)
        if index % 10 == 0 and index % 30 != 0:
            group.joinpath(".dvcignore").write_text("\n".join(rng.choices(RULES, k=rng.randrange(1, 6))) + "\n")
        fill(tree, rng, 3, True)
        trees.append(tree)
    return trees
