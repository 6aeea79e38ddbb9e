"""Delivery: one worker process of ours against the bare official client, on the same stand-in.

Both send the same number of texts by the official client with 16 threads to a stand-in that answers
in 100 ms, or at once. The bare client does nothing else; ours claims, asks permission, renders, keeps
the words, settles and writes the history. `ours` and `limit` are texts a second, `ratio` is rate over
rate. Each runs in a process of its own, in turn, several times; the middle one of each counts.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from cases.clock import Clock
from cases.db import Database
from messaging.providers.twilio import Twilio
from messaging.wording import Voice
from portal import cluster
from portal.embedded import Place, Postgres
from portal.rounds import THREADS, Rounds
from portal.settings import sqlalchemy_url

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT, TOKEN, FROM = "AC" + "0" * 32, "benchmark", "+447700900999"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""A Tuesday, inside every window."""
ROUNDS = 3

# People with a number and one waiting answer each; the superuser writes them, straight.
_FILL = """
insert into creditor (id, ref, name, country, currency, zone, recorded_at) overriding system value
  values (1, 'bench', 'Bench', 'GB', 'GBP', 'Europe/London', '2026-11-24');
insert into person (id, case_ref, name, name_norm, country, recorded_at) overriding system value
  select n, 'EV' || translate(lpad(n::text, 8, '0'), '01', 'GH'), 'Ada Bench', 'ada bench', 'GB', '2026-11-24'
  from generate_series(1, {people}) n;
insert into record (creditor_id, system, ref, person_id, name, name_norm, postcode, postcode_norm, country, recorded_at)
  select 1, 'bench', n, n, 'Ada Bench', 'ada bench', 'AB1 2CD', 'AB12CD', 'GB', '2026-11-24' from generate_series(1, {people}) n;
insert into contact (person_id, creditor_id, source, kind, value, value_norm, as_of, recorded_at)
  select n, 1, 'creditor', 'mobile', m, m, '2026-11-24', '2026-11-24'
  from generate_series(1, {people}) n cross join lateral (select '+4477' || lpad(n::text, 8, '0') as m) x;
"""
_PLAN = """
insert into message (id, person_id, channel, template, not_before, planned_at) overriding system value
  select {first} + n, n, 'sms', 'answer_waits', '2026-11-24 09:00+00', '2026-11-24 09:00+00' from generate_series(1, {people}) n;
insert into reason (cause, subject, step, person_id, channel, message_id)
  select 'history:' || {first} + n, 'person:' || n, 'bench', n, 'sms', {first} + n from generate_series(1, {people}) n;
"""


class _Noon(Clock):
    def now(self) -> datetime:
        return NOON


def worker(url: str, database: str, prefix: str) -> Rounds:
    """A worker's own rounds over this database, begun as a worker begins."""
    carrier = Twilio(ACCOUNT, TOKEN, FROM, callback=f"{url}/hooks/twilio/status", base_url=url)
    voice = Voice("Evenly", "0808 157 0123", lambda person, real: f"https://my.example.org/l/{person:034d}")

    def none(session: Session, messages: Sequence[int], real: datetime) -> dict[int, str]:
        return {}

    rounds = Rounds(Database(database, prefix=prefix, size=2), _Noon(), carriers={"sms": carrier}, voice=voice, prepare=none)
    rounds.begin()
    return rounds


def _ours(url: str, database: str, prefix: str) -> float:
    """Delivers what is planned; texts a second."""
    rounds = worker(url, database, prefix)
    began = time.perf_counter()
    decided = rounds.deliver()
    return decided / (time.perf_counter() - began)


def _bare(url: str, count: int) -> float:
    """Sends as many texts with the official client in a pool of threads, and nothing else."""
    client = Client(ACCOUNT, TOKEN, http_client=TwilioHttpClient(timeout=10))
    client.api.base_url = url
    body = f"Evenly: an answer is waiting for you. Sign in at https://my.example.org/l/{0:034d} or ring 0808 157 0123."

    def one(n: int) -> None:
        client.messages.create(to=f"+4477{n:08d}", from_=FROM, body=body, validity_period=28800,
                               status_callback=f"{url}/hooks/twilio/status?m={n}&a=1#rc=5&rp=all")  # fmt: skip

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(one, range(1, count + 1)):
            pass
    return count / (time.perf_counter() - began)


@contextmanager
def stand_in(delay_ms: int) -> Iterator[str]:
    """A stand-in of the same speed for both: it reads a request, waits, and answers as Twilio does."""
    command = [sys.executable, "-m", "benchmarks._carrier", str(delay_ms)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def database(people: int) -> Iterator[tuple[str, str, str]]:
    """A database with people: the app's address, the superuser's, the prefix of roles."""
    var, given = Path(tempfile.mkdtemp(prefix="evenly-bench-")), os.environ.get("EVENLY_TEST_SUPERUSER_URL")
    name, prefix = f"evenly_bench_{os.getpid()}", "evenly_bench"
    postgres, at = None, None
    try:
        if not given:
            at = Place(var)
            postgres = Postgres(at)
            given = postgres.url
        app, owner = cluster.prepare(given, database=name, prefix=prefix, password="for benchmarks alone")
        cluster.upgrade(owner, prefix=prefix)
        _as_superuser(owner, _FILL.format(people=people))
        yield app, owner, prefix
        if postgres is None:
            _as_superuser(given, f'drop database "{name}" with (force)')
    finally:
        if postgres is not None:
            postgres.stop()
        if at is not None:
            at.close()
        shutil.rmtree(var, ignore_errors=True)


def plan(superuser: str, people: int, *, first: int) -> None:
    """A text for each of them, numbered from `first`."""
    _as_superuser(superuser, _PLAN.format(people=people, first=first))


def _as_superuser(url: str, sql: str) -> None:
    engine = create_engine(sqlalchemy_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sql))
    engine.dispose()


def _in_a_process(*arguments: str) -> float:
    done = subprocess.run([sys.executable, "-m", "benchmarks.deliver", *arguments], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    return float(json.loads(done.stdout.splitlines()[-1]))


def _measured(delay_ms: int, people: int) -> dict[str, Any]:
    ours, bare = [], []
    with database(people) as (app, superuser, prefix), stand_in(delay_ms) as url:
        for n in range(ROUNDS):
            plan(superuser, people, first=n * people)
            bare.append(_in_a_process("bare", url, str(people)))
            ours.append(_in_a_process("ours", url, sqlalchemy_url(app), prefix))
    rate, limit = statistics.median(ours), statistics.median(bare)
    return {
        "ours": round(rate, 1), "limit": round(limit, 1), "ratio": round(rate / limit, 3), "texts": people,
        "spread": [[round(each, 1) for each in sorted(found)] for found in (ours, bare)],
    }  # fmt: skip


MEASURES = {
    "deliver-100ms": lambda: _measured(100, 1500),
    "deliver-0ms": lambda: _measured(0, 3000),
}

if __name__ == "__main__":
    what, *told = sys.argv[1:]
    sys.stdout.write(json.dumps(_ours(*told) if what == "ours" else _bare(told[0], int(told[1]))) + "\n")
