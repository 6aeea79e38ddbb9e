"""Scale-out: texts a second of two worker processes together, against one, on the same stand-in.

As `deliver-0ms`: the stand-in answers at once. Each worker stands ready before the clock starts, and
it stops with the last one. Both share the database and its one rate; what one has claimed the other
passes by. Counted on the way: the stand-in saw each text once. `ratio` is rate over rate.
"""

import statistics
import subprocess
import sys
import time
from typing import IO, Any

from benchmarks import deliver
from portal.settings import sqlalchemy_url

TEXTS, ROUNDS = 3_000, 3


def _measured() -> dict[str, Any]:
    one: list[float] = []
    two: list[float] = []
    with deliver.database(TEXTS) as (app, superuser, prefix), deliver.stand_in(0) as url:
        for n in range(ROUNDS):
            for times, workers in ((one, 1), (two, 2)):
                deliver.plan(superuser, TEXTS, first=(2 * n + workers - 1) * TEXTS)
                times.append(TEXTS / _together(workers, url, sqlalchemy_url(app), prefix))
    rate, limit = statistics.median(two), statistics.median(one)
    return {
        "ours": round(rate, 1), "limit": round(limit, 1), "ratio": round(rate / limit, 3), "texts": TEXTS,
        "spread": [[round(each, 1) for each in sorted(found)] for found in (two, one)],
    }  # fmt: skip


def _together(workers: int, *told: str) -> float:
    """Seconds from the word *go* until the last of them has nothing left to send."""
    argv = [sys.executable, "-m", "benchmarks.scale_out", *told]
    started = [
        subprocess.Popen(argv, cwd=deliver.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(workers)
    ]
    try:
        for each in started:
            assert each.stdout and each.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for each in started:
            assert each.stdin
            each.stdin.write("go\n")
            each.stdin.flush()
        decided = [_decided(each.stdout) for each in started if each.stdout]
        took = time.perf_counter() - began
    finally:
        for each in started:
            each.communicate(timeout=60)
    if sum(decided) != TEXTS:
        raise RuntimeError(f"{workers} workers decided {decided} of {TEXTS} texts")
    return took


def _decided(said: IO[str]) -> int:
    """What a worker says at its end, past the lines of its log."""
    return int(next(line for line in said if line.startswith("decided ")).split()[1])


def _worker(url: str, database: str, prefix: str) -> None:
    rounds = deliver.worker(url, database, prefix)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(f"decided {rounds.deliver()}\n")
    sys.stdout.flush()


MEASURES = {"scale-out": _measured}

if __name__ == "__main__":
    _worker(*sys.argv[1:])
