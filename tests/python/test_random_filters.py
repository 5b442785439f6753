"""Random searches find on Trackside what they find on MLflow; see `random_filters.py`.

TRACKSIDE_SEARCHES says how many are made (default: 2000, 50 s on two idle cores), TRACKSIDE_SEED which ones.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from random_filters import KINDS, SEED, compare, judge

SEARCHES = int(os.environ.get("TRACKSIDE_SEARCHES", "2000"))
REFUSED = [400, "INVALID_PARAMETER_VALUE"]


def test_random_searches_find_the_same(tmp_path: Path) -> None:
    seed = int(os.environ.get("TRACKSIDE_SEED", SEED))
    print(f"seed {seed}")
    outcome = compare(None, tmp_path, seed, range(SEARCHES))
    differing = "\n".join(json.dumps(difference, ensure_ascii=False) for difference in outcome.differences[:20])
    assert not outcome.differences, f"seed {seed}, {len(outcome.differences)} of {SEARCHES} differ:\n{differing}"
    assert sum(outcome.found.values()) == SEARCHES
    # The corpus and the grammar fit each other: the searches show something.
    assert set(outcome.kinds) == set(KINDS)
    assert outcome.found["found the same"] > SEARCHES / 3
    assert outcome.found["refused alike"] > SEARCHES / 50


def test_differences_are_noticed() -> None:
    page = [[["a", "b"], False]]
    assert judge(page, page) == "found the same"
    assert judge([[[], False]], [[[], False]]) == "found nothing"
    assert judge(REFUSED, REFUSED) == "refused alike"
    assert judge([500, None], REFUSED) == "refused, where MLflow fails"
    for theirs, ours in [
        (page, [[["b", "a"], False]]),
        (page, [[["a", "b"], True]]),
        (page, [[["a"], False]]),
        (page, REFUSED),
        (REFUSED, page),
        (REFUSED, [404, "RESOURCE_DOES_NOT_EXIST"]),
        ([500, None], [500, None]),
        ([500, None], page),
    ]:
        assert judge(theirs, ours) is None
