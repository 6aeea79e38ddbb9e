"""`orders`: the news of a payment and of the text about it, in ten thousand orders, each with repeats: one end.

Hypothesis chooses the orders; each is played on a real database and taken back. The story is that of the tests.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from cases.db import Database
from portal import cluster
from portal.embedded import FOR_TESTS, Place, Postgres
from tests.payments.stories import PIECES, begin, orders, play

ORDERS = int(os.environ.get("EVENLY_BENCH_ORDERS", 10_000))


def run() -> Iterator[Mapping[str, Any]]:
    """Plays them all, and counts those that end otherwise than the plain one."""
    var = Path(tempfile.mkdtemp(prefix="evenly-chaos-"))
    place = Place(var)
    postgres = Postgres(place, **FOR_TESTS)
    tried = wrong = 0
    try:
        app, owner = cluster.prepare(postgres.url, password="for this run alone")
        cluster.upgrade(owner)
        db = Database(app)
        with db.acting() as session:
            story = begin(session)
            plain = play(session, story, range(PIECES))

            @settings(max_examples=ORDERS, deadline=None, database=None, phases=[Phase.generate],
                      suppress_health_check=list(HealthCheck))  # fmt: skip
            @given(order=orders)
            def one(order: list[int]) -> None:
                nonlocal tried, wrong
                tried += 1
                if (left := play(session, story, order)) != plain:
                    wrong += 1
                    sys.stderr.write(f"  {order}: { {name: left[name] for name in left if left[name] != plain[name]} }\n")
                if tried % 1000 == 0:
                    sys.stderr.write(f"  {tried} orders\n")

            one()
        db.close()
    finally:
        postgres.stop()
        place.close()
        shutil.rmtree(var, ignore_errors=True)
    yield {"check": "orders", "tried": tried, "wrong": wrong}


CHECKS = {"orders": run}
