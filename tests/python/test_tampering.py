"""What is changed in the database itself is found by `trackside models verify`.

`TRACKSIDE_MUTATIONS` says how many changes are tried; 10,000 take some minutes.
"""

import os
import random
import sqlite3
import subprocess

import pytest
import yaml
from conftest import start_trackside
from labelled_runs import binary
from test_promotion import POLICY, Governed, refused, version

pytestmark = pytest.mark.filterwarnings("ignore:.*stage.*:FutureWarning")

MUTATIONS = int(os.environ.get("TRACKSIDE_MUTATIONS", "150"))
# What of each table the ledger answers for; the rest are times, and where files lie.
AUDITED = {
    "ledger": ["seq", "digest", "line"],
    "registered_model": ["name", "description"],
    "registered_model_tag": ["key", "value"],
    "model_version": ["number", "stage", "source", "run", "description"],
    "model_version_tag": ["key", "value"],
    "model_alias": ["alias", "version"],
    "promotion": ["id", "target", "archive_others", "requested_by", "state"],
    "vote": ["by", "approves"],
}


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry with some of everything."""
    root = tmp_path_factory.mktemp("tampering")
    (root / "trackside.yaml").write_text(yaml.safe_dump({"version": 1, "registry": POLICY}))
    with start_trackside(root) as server:
        governed = Governed(server, {})
        alice = governed.client("alice")
        for name in ["churn-a", "churn-b"]:
            for n in range(1, 4):
                number = version(alice, name, 0.8 + n / 100)
                alice.transition_model_version_stage(name, number, "Staging")
                alice.set_model_version_tag(name, number, "validated", "true")
                alice.update_model_version(name, number, f"number {n}")
                refused(alice.set_registered_model_alias, name, "champion", number)
                alice.set_registered_model_alias(name, f"try-{n}", number)
            alice.update_registered_model(name, "text")
            alice.set_registered_model_tag(name, "team", "growth")
        for one in reversed(governed.told("promotions")):
            governed.models("approve", str(one["id"]), by="bob")
            governed.models("approve" if one["id"] % 2 else "reject", str(one["id"]), by="carol")
        yield governed
    os.environ.pop("MLFLOW_TRACKING_TOKEN", None)


def other(value, chance: random.Random):
    """The same with one byte, or one number, that is otherwise."""
    if isinstance(value, int):
        return 1 - value if value in (0, 1) else value + chance.choice([-1, 1, 1000])
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    at = chance.randrange(len(raw))
    raw[at] = chance.choice([byte for byte in b"abcXYZ019 " if byte != raw[at]])
    return bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")


def verify(governed: Governed) -> int:
    command = [binary(), "models", "verify", "--url", governed.server.url]
    return subprocess.run(command, capture_output=True, timeout=60).returncode


def test_any_single_change_is_found(registry):
    assert verify(registry) == 0
    chance = random.Random(7)
    database = sqlite3.connect(registry.server.data_dir / "trackside.db", isolation_level=None)
    database.execute("PRAGMA foreign_keys = OFF")
    triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger'").fetchall()
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    tried = {table: 0 for table in AUDITED}
    for _ in range(MUTATIONS):
        table = chance.choice(list(AUDITED))
        column = chance.choice(AUDITED[table])
        names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        keys = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[5]] or names
        rows = database.execute(f"SELECT * FROM {table} WHERE {column} IS NOT NULL AND {column} <> ''").fetchall()
        row = dict(zip(names, chance.choice(rows), strict=True))
        changed = other(row[column], chance)
        where = " AND ".join(f"{key} IS ?" for key in keys)
        try:
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (changed, *[row[key] for key in keys]))
        except sqlite3.IntegrityError:
            continue  # The database itself does not take it.
        tried[table] += 1
        assert verify(registry) != 0, f"{table}.{column}: {row[column]!r} became {changed!r}"
        now = [changed if key == column else row[key] for key in keys]
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (row[column], *now))
    for _, sql in triggers:
        database.execute(sql)
    assert verify(registry) == 0
    assert min(tried.values()) > MUTATIONS // 40, tried
