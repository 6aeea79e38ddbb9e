"""`load`: a book of 100,000 accounts against COPY of the same rows straight into the same tables.

The book is made here: 100,000 accounts of as many people, 1,000,000 instalments
and 1,000,000 entries of all kinds, reversals among them. Ours is `load` from the
files to the commit, without the positions, which are reported apart. The limit
is what COPY needs for the rows that came of it, in the order of their keys, into
an empty database of the same migration: with every key, trigger and index. Both
run on one embedded PostgreSQL that syncs to disk, in turn and each after a
checkpoint; the best time of each counts, for whatever else the machine does only
ever adds to one.

EVENLY_BENCH_ACCOUNTS and EVENLY_BENCH_ROUNDS name other numbers than 100,000 and 2.
"""

import csv
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from cases.db import Database
from cases.history import Actor
from cases.intake.layout import files_of
from cases.intake.load import NewCreditor, load
from portal import cluster
from portal.embedded import Place, Postgres
from portal.settings import libpq_url

ACCOUNTS = int(os.environ.get("EVENLY_BENCH_ACCOUNTS", "100000"))
ROUNDS = int(os.environ.get("EVENLY_BENCH_ROUNDS", "2"))
EACH = 10
"""Instalments, and entries, of one account."""

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TABLES = ("creditor", "person", "record", "contact", "account", "account_terms", "liability", "due", "payment", "entry",
          "batch", "history")  # fmt: skip
NAMES = (
    "Marta Lindqvist",
    "Owen Pritchard",
    "Åsa Bergström",
    "Joanna Wilk",
    "Idris Okafor",
    "Łucja Zając",
    "Tomas Hale",
)
KINDS = ("payment",) * 12 + ("charge",) * 4 + ("interest",) * 2 + ("fee", "cost", "adjustment")


def measure() -> dict[str, Any]:
    """Makes the book, loads it and copies it in turn, and says how the best times of both compare."""
    folder = Path(tempfile.mkdtemp(prefix="evenly-bench-"))
    loads, copies = [], []
    try:
        _say("making the book")
        rows = make_book(folder, ACCOUNTS)
        with _server() as superuser:
            for turn in range(ROUNDS):
                app, bare = _databases(superuser, turn)
                _checkpoint(superuser)
                loads.append(_load(app, folder))
                _say(f"ours {loads[-1][0]:.1f} s, positions {loads[-1][1]:.1f} s: {loads[-1][2]}")
                written = _copy_out(superuser, f"loaded_{turn}", folder)
                _checkpoint(superuser)
                copies.append(_copy_in(superuser, bare, written))
                _say(f"copy {copies[-1]:.1f} s")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ours, positions, _ = min(loads)
    return {
        "ours": round(ours, 2),
        "limit": round(min(copies), 2),
        "ratio": round(ours / min(copies), 2),
        "rows": rows,
        "rows_a_second": round(rows / ours),
        "positions_seconds": round(positions, 2),
    }


def make_book(folder: Path, accounts: int) -> int:
    """Writes the four files, always the same for a number of accounts; returns how many rows they have."""
    chance = random.Random(4711)
    start = date(2024, 1, 1)
    rows = 0
    with _writer(folder / "accounts.csv") as put:
        put("account_ref person_ref name date_of_birth national_id address_line1 city postcode country phone email language"
            " debt_type product currency opened_on original_amount branch".split())  # fmt: skip
        for n in range(accounts):
            born = date(1950, 1, 1) + timedelta(days=chance.randrange(18_000))
            put([f"A{n:07d}", f"P{n:07d}", f"{NAMES[n % 7]} {n}", born, "", f"{n % 90} Quay Road", "Tidewell", f"TW{n % 90} 1AB",
                 "GB", f"+44770090{n % 10_000:04d}", f"p{n}@example.org", "en", "rent", "general", "GBP", start, "1200.00", "North"])  # fmt: skip
            rows += 1
    with _writer(folder / "instalments.csv") as put:
        put(["account_ref", "due_on", "amount", "component"])
        for n in range(accounts):
            for month in range(EACH):
                put(
                    [
                        f"A{n:07d}",
                        start + timedelta(days=30 * month + n % 28),
                        f"{60 + n % 90}.{n % 100:02d}",
                        "principal",
                    ]
                )
                rows += 1
    with _writer(folder / "entries.csv") as put:
        put(["account_ref", "entry_ref", "value_date", "kind", "amount", "reverses"])
        for n in range(accounts):
            put([f"A{n:07d}", f"E{n:07d}-0", start, "charge", "1200.00", ""])
            paid = ""
            for number in range(1, EACH):
                ref, on = f"E{n:07d}-{number}", start + timedelta(days=25 * number + chance.randrange(20))
                kind = "payment" if number < 3 else chance.choice(KINDS)
                amount = f"{chance.randrange(10, 90)}.{chance.randrange(100):02d}"
                if kind == "adjustment" and chance.random() < 0.5:
                    amount = f"-{amount}"
                if number == EACH - 1 and n % 100 == 0 and paid:  # one account in a hundred has a payment come back
                    put([f"A{n:07d}", ref, start + timedelta(days=400), "reversal", paid, f"E{n:07d}-1"])
                else:
                    put([f"A{n:07d}", ref, on, kind, amount, ""])
                    paid = paid or amount
                rows += 1
            rows += 1
    return rows


@contextmanager
def _writer(path: Path) -> Iterator[Any]:
    with path.open("w", newline="", encoding="utf-8") as out:
        yield csv.writer(out, lineterminator="\n").writerow


@contextmanager
def _server() -> Iterator[str]:
    """The superuser's URL of a PostgreSQL of this run alone."""
    var = Path(tempfile.mkdtemp(prefix="evenly-bench-"))
    place = Place(var)
    postgres = Postgres(place)
    try:
        yield postgres.url
    finally:
        postgres.stop()
        place.close()
        shutil.rmtree(var, ignore_errors=True)


def _databases(superuser: str, turn: int) -> tuple[str, str]:
    """Two empty databases of the newest migration: the app's URL of one, and the name of the other."""
    urls = {}
    for name in (f"loaded_{turn}", f"bare_{turn}"):
        urls[name], owner = cluster.prepare(superuser, database=name, password="for this run alone")
        cluster.upgrade(owner)
    return urls[f"loaded_{turn}"], f"bare_{turn}"


def _load(app_url: str, folder: Path) -> tuple[float, float, dict[str, float]]:
    """Seconds of the load without positions, seconds of the positions, and when each step began."""
    database = Database(app_url)
    begun: dict[str, float] = {}
    start = time.perf_counter()

    def progress(step: str, done: int, total: int) -> None:
        begun.setdefault(step, time.perf_counter() - start)

    with database.acting() as session:
        result = load(session, files_of(folder), creditor="tidewell", system="homes", by=Actor("bench"), at=AT,
                      new_creditor=NewCreditor("Tidewell", "GB", "GBP"), progress=progress)  # fmt: skip
    whole = time.perf_counter() - start
    database.close()
    if result.refused:
        raise RuntimeError(f"{result.refused} rows were refused, the first: {result.findings[0]}")
    positions = begun["done"] - begun["positions"]
    return whole - positions, positions, {step: round(at, 1) for step, at in begun.items()}


def _copy_out(superuser: str, loaded: str, folder: Path) -> dict[str, Path]:
    copies = {}
    with psycopg.connect(_in(superuser, loaded)) as connection:
        for table in TABLES:
            columns = _columns(connection, table)
            path = copies[table] = folder / f"{table}.copy"
            with (
                path.open("wb") as out,
                connection.cursor().copy(
                    f"copy (select {columns} from {table} order by id) to stdout".encode()
                ) as copy,
            ):
                for chunk in copy:
                    out.write(chunk)
    return copies


def _copy_in(superuser: str, bare: str, written: dict[str, Path]) -> float:
    start = time.perf_counter()
    with psycopg.connect(_in(superuser, bare)) as connection:
        for table, path in written.items():
            columns = _columns(connection, table)
            with (
                path.open("rb") as source,
                connection.cursor().copy(f"copy {table} ({columns}) from stdin".encode()) as copy,
            ):
                while chunk := source.read(1 << 20):
                    copy.write(chunk)
    return time.perf_counter() - start


def _columns(connection: psycopg.Connection[Any], table: str) -> str:
    found = connection.execute(
        "select column_name from information_schema.columns where table_name = %s and table_schema = 'public'"
        " order by ordinal_position",
        [table],
    )
    return ", ".join(f'"{row[0]}"' for row in found)


def _checkpoint(superuser: str) -> None:
    with psycopg.connect(libpq_url(superuser), autocommit=True) as connection:
        connection.execute("checkpoint")


def _in(superuser: str, database: str) -> str:
    return libpq_url(superuser).replace("/postgres?", f"/{database}?")


def _say(words: str) -> None:
    sys.stderr.write(f"  {words}\n")


MEASURES = {"load": measure}
