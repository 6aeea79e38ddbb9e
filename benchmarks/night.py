"""`night`: closing a day of a book of 100,000 accounts of which 3 % change, against the same rows written raw.

The book is made here, straight in the tables: each account has twelve monthly dues, a charge and some
payments; on the day that is closed a due of three accounts in a hundred falls, of which some were paid in
advance and some were behind already. Ours is the whole run of `portal/day.py`: the day's row, batches of 1,000
with their locks and cursors, the lines of those who fell into arrears, the line of the day. The limit is one
`update … from` of the same positions with the same figures, and one `insert` of the same history lines, in one
transaction. Both run on one embedded PostgreSQL that syncs to disk, in turn and each after a checkpoint, from
the same rows; the best time of each counts, for whatever else the machine does only ever adds to one.

EVENLY_BENCH_ACCOUNTS and EVENLY_BENCH_ROUNDS name other numbers than 100,000 and 3.
"""

import os
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from benchmarks.load import _checkpoint, _in, _server
from cases.arrears import position
from cases.db import Database
from cases.history import Actor
from portal import cluster
from portal import day as day_end

ACCOUNTS = int(os.environ.get("EVENLY_BENCH_ACCOUNTS", "100000"))
ROUNDS = int(os.environ.get("EVENLY_BENCH_ROUNDS", "3"))
DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 0, 30, tzinfo=UTC)
WRITTEN = ("position", "history", "day_run")

# Dues are 33 days apart and begin on 33 days, so that those of 3 accounts in a hundred fall on the day that is closed.
_BOOK = f"""
insert into creditor (ref, name, country, currency, zone, recorded_at) values ('tidewell', 'Tidewell', 'GB', 'GBP', 'Europe/London', '{AT}');
insert into account (creditor_id, system, ref, ref_norm, currency, recorded_at)
  select c.id, 'homes', 'A' || n, 'A' || n, 'GBP', '{AT}' from creditor c, generate_series(0, %d) n;
insert into due (creditor_id, account_id, due_on, amount, component, recorded_at)
  select creditor_id, id, date '{DAY}' + (id %% 33)::int - 33 * m.n, 10000, 'principal', '{AT}' from account, generate_series(-5, 6) m(n);
insert into entry (creditor_id, account_id, currency, kind, component, book, amount, value_date, recorded_at, tx, key)
  select creditor_id, id, 'GBP', 'charge', 'principal', 'charged', 120000, date '{DAY}' - 200, '{AT}', 1, 'c' || id from account;
insert into entry (creditor_id, account_id, currency, kind, component, book, amount, value_date, recorded_at, tx, key)
  select creditor_id, id, 'GBP', 'payment', 'principal', 'paid_in', -10000, date '{DAY}' - 1 - 30 * m.n, '{AT}', 1, 'p' || id || '.' || m.n
  from account, generate_series(0, 6) m(n) where m.n < 5 + id / 33 %% 3;
"""


def measure() -> dict[str, Any]:
    """Makes the book, closes the day and writes the same rows raw in turn, and says how the best times compare."""
    ours, raw = [], []
    with _server() as superuser:
        app, owner = cluster.prepare(superuser, database="night", password="for this run alone")
        cluster.upgrade(owner)
        url = _in(superuser, "night")
        _say("making the book")
        _make(url, app)
        for _ in range(ROUNDS):
            _back(url)
            _checkpoint(superuser)
            database = Database(app)
            day_end.run(database, AT)  # a worker has its connection, and has read its statements
            began = time.perf_counter()
            result = day_end.run(database, NIGHT)
            ours.append(time.perf_counter() - began)
            database.close()
            [done] = result.creditors.values()
            written = _written(url)
            _back(url)
            _checkpoint(superuser)
            raw.append(_raw(url))
            _say(f"ours {ours[-1]:.3f} s, raw {raw[-1]:.3f} s: {done.moved}, rows {written}")
    return {
        "ours": round(min(ours), 3),
        "limit": round(min(raw), 3),
        "ratio": round(min(ours) / min(raw), 2),
        "accounts": ACCOUNTS,
        "changed": done.moved.looked,
        "lines": done.moved.entered,
    }


def _make(url: str, app: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("set session_replication_role = replica")
        for statement in (_BOOK % (ACCOUNTS - 1)).split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        accounts = [row[0] for row in connection.execute("select id from account order by id")]
    database = Database(app)
    for start in range(0, len(accounts), 5_000):
        with database.acting() as session:
            position.refresh(session, accounts[start : start + 5_000], by=Actor("bench"), at=AT, fresh=False)
    database.close()
    with psycopg.connect(url, autocommit=True) as connection:
        for table in WRITTEN:
            connection.execute(f"create table before_{table} as table {table}".encode())
        connection.execute("vacuum analyze")


def _back(url: str) -> None:
    """The rows as before the day; what they are after it is kept the first time."""
    with psycopg.connect(url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("create table if not exists after_position as select p.* from position p"
                           " join before_position b using (account_id) where p.as_of <> b.as_of")  # fmt: skip
        connection.execute("create table if not exists after_history as select * from history where actor = 'day'")
        if not connection.execute("select count(*) from after_position").fetchone()[0]:  # type: ignore[index]
            connection.execute("drop table after_position, after_history")
        for table in WRITTEN:
            connection.execute(f"truncate {table}".encode())
            connection.execute(f"insert into {table} overriding system value table before_{table}".encode())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze position")


def _raw(url: str) -> float:
    with psycopg.connect(url) as connection:
        began = time.perf_counter()
        connection.execute(
            "update position p set as_of = a.as_of, fallen = a.fallen, overdue = a.overdue, since = a.since, rest = a.rest,"
            " next_due = a.next_due, next_change = a.next_change from after_position a where a.account_id = p.account_id"
        )
        connection.execute(
            "insert into history (at, kind, actor, creditor_id, account_id, facts)"
            " select at, kind, actor, creditor_id, account_id, facts from after_history order by id"
        )
        connection.commit()
        return time.perf_counter() - began


def _written(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {table: connection.execute(f"select count(*) from {table}".encode()).fetchone()[0]  # type: ignore[index]
                for table in WRITTEN}  # fmt: skip


def _say(words: str) -> None:
    sys.stderr.write(f"  {words} ({timedelta(seconds=round(time.perf_counter()))})\n")


MEASURES = {"night": measure}
