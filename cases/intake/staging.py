"""Staging: the raw bytes of a file become rows of text in a table of this transaction.

PostgreSQL reads the file itself (`COPY`), which is fast and knows encoding and
quotes. Where it stumbles, or counted another number of rows than the file has
lines, the file is read again with care, row by row: bad rows are named, good
ones staged. Nothing is judged here but whether a row can be read at all.

`n` of a staged row is its number in a spreadsheet: the header is row 1.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from cases.debts.creditor import Creditor
from cases.history import Actor
from cases.intake.layout import COLUMNS, CUT_LEAVES_A_VALUE, CUT_LEAVES_NOTHING, MOST_COLUMNS, REQUIRED, Header
from cases.intake.result import Finding

Progress = Callable[[str, int, int], None]
"""Told while a load works: the step's name, how much of it is done, out of how much."""

_CHUNK: Final = 1 << 20
_LONGEST_HEADER: Final = 1 << 16
_LONGEST_RECORD: Final = 100
"""Lines after which an open quotation mark is taken for a slip and not for a long field."""


@dataclass
class Arrival:
    """One load under way: whose files, when, and the cursor of its one transaction."""

    cursor: psycopg.Cursor[Any]
    creditor: Creditor
    system: str
    by: Actor
    at: datetime
    today: date
    progress: Progress
    currencies: frozenset[str]
    headers: dict[str, Header] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows each file has, read or not."""
    unread: dict[str, int] = field(default_factory=dict)
    """How many of them could not be read."""
    cut: set[str] = field(default_factory=set)
    """Files that end without a line break: whole rows may be missing behind it."""

    def run(self, statement: str, **facts: Any) -> int:
        """Runs one statement of ours; returns how many rows it touched."""
        self.cursor.execute(statement.encode(), self._facts(facts))
        return self.cursor.rowcount

    def ask(self, statement: str, **facts: Any) -> list[tuple[Any, ...]]:
        """The rows of one question."""
        self.cursor.execute(statement.encode(), self._facts(facts))
        return self.cursor.fetchall()

    def copy(self, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
        """Fills a table of this transaction."""
        with self.cursor.copy(f"copy {table} ({columns}) from stdin".encode()) as into:
            for row in rows:
                into.write_row(row)

    def find(self, findings: list[Finding]) -> None:
        """Notes what was found while reading."""
        self.cursor.executemany(
            b"insert into finding (file, n, field, code, facts, refused) values (%s, %s, %s, %s, %s, %s)",
            [(f.file, f.row, f.field, f.code, Jsonb(dict(f.facts)), f.refused) for f in findings],
        )

    def _facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {
            "creditor": self.creditor.id, "system": self.system, "at": self.at, "today": self.today,
            "by": str(self.by), **facts,
        }  # fmt: skip


def stage(arrival: Arrival, file: str, path: Path) -> None:
    """Reads one file into `staged_<file>`. A file that cannot be used whole is a finding, and stages nothing."""
    with path.open("rb") as source:
        header = _header(file, source)
        if isinstance(header, Finding):
            arrival.find([header])
            return
        begin = source.tell()
        _make_table(arrival, header)
        arrival.headers[file] = header
        if not _copied(arrival, header, source, path.stat().st_size):
            source.seek(begin)
            _read_with_care(arrival, header, source)
    arrival.run(f"analyze staged_{file}")


def _header(file: str, source: BinaryIO) -> Header | Finding:
    line = source.readline(_LONGEST_HEADER)
    if not line.strip():
        return Finding(file, None, None, "file.empty")
    if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line:
        return Finding(file, None, None, "file.encoding")
    try:
        written = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Finding(file, None, None, "file.encoding")
    if "\r" in written.rstrip("\r\n") or (len(line) == _LONGEST_HEADER and not line.endswith(b"\n")):
        return Finding(file, None, None, "file.header")
    try:
        names = next(csv.reader([written.rstrip("\r\n")], strict=True))
    except (csv.Error, StopIteration):
        return Finding(file, None, None, "file.header")
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        return Finding(file, None, None, "file.separator")
    if len(names) > MOST_COLUMNS:
        return Finding(file, None, None, "file.columns", {"most": MOST_COLUMNS})
    columns = []
    for number, name in enumerate(names, start=1):
        known = name.strip().lower()
        columns.append(known if known in COLUMNS[file] else name.strip() or f"column {number}")
    for column in REQUIRED[file]:
        if column not in columns:
            return Finding(file, None, column, "file.column_missing", {"column": column})
    for column in columns:
        if columns.count(column) > 1:
            return Finding(file, None, column, "file.column_twice", {"column": column})
    return Header(file, tuple(columns))


def _make_table(arrival: Arrival, header: Header) -> None:
    names = [*COLUMNS[header.file], *(c for c in header.staged if c not in COLUMNS[header.file])]
    arrival.cursor.execute(
        sql.SQL(
            "create temp table {} (n bigint generated by default as identity (start with 2), {}) on commit drop"
        ).format(
            sql.Identifier(f"staged_{header.file}"),
            sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names),
        )
    )


def _copied(arrival: Arrival, header: Header, source: BinaryIO, size: int) -> bool:
    """Whether PostgreSQL could read the file by itself, each line a row."""
    columns = sql.SQL(", ").join(map(sql.Identifier, header.staged))
    into = sql.Identifier(f"staged_{header.file}")
    lines, last = 0, b"\n"
    arrival.cursor.execute(b"savepoint reading")
    try:
        with arrival.cursor.copy(
            sql.SQL("copy {} ({}) from stdin (format csv, encoding 'UTF8')").format(into, columns)
        ) as copy:
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
                lines, last = lines + chunk.count(b"\n"), chunk[-1:]
                arrival.progress(f"read {header.file}", source.tell(), size)
    except psycopg.DataError:
        arrival.cursor.execute(b"rollback to savepoint reading")
        return False
    whole = last == b"\n"
    copied = arrival.cursor.rowcount
    if copied != lines + (not whole):
        arrival.cursor.execute(b"rollback to savepoint reading")
        return False
    arrival.cursor.execute(b"release savepoint reading")
    arrival.rows[header.file], arrival.unread[header.file] = copied, 0
    if not whole:
        _doubt_the_last(arrival, header)
    return True


def _doubt_the_last(arrival: Arrival, header: Header) -> None:
    """A file that ends without a line break may be cut short: is its last value still to be believed?"""
    table, column = f"staged_{header.file}", header.columns[-1]
    last, value = arrival.ask(f'select n, "{header.staged[-1]}" from {table} order by n desc limit 1')[0]
    arrival.cut.add(header.file)
    if column not in CUT_LEAVES_A_VALUE and (column not in CUT_LEAVES_NOTHING or (value or "").strip()):
        arrival.find([Finding(header.file, last, header.columns[-1], "row.no_line_break", refused=False)])
        return
    arrival.run(f"delete from {table} where n = %(last)s", last=last)
    arrival.unread[header.file] += 1
    arrival.find([Finding(header.file, last, header.columns[-1], "row.cut_short")])


def _read_with_care(arrival: Arrival, header: Header, source: BinaryIO) -> None:
    bad: list[Finding] = []
    number, ends = 1, True

    def good() -> Iterator[tuple[Any, ...]]:
        nonlocal number, ends
        for record, whole in _records(source):
            number, ends = number + 1, whole
            if not record.strip(b"\r\n \t"):
                continue
            read = _fields(header, record, number)
            if isinstance(read, Finding):
                bad.append(read)
            else:
                yield (number, *read)
            arrival.rows[header.file] += 1

    arrival.rows[header.file] = 0
    columns = ", ".join(f'"{name}"' for name in ("n", *header.staged))
    arrival.copy(f"staged_{header.file}", columns, good())
    arrival.unread[header.file] = len(bad)
    arrival.find(bad)
    if not ends and arrival.rows[header.file] and not (bad and bad[-1].row == number):
        _doubt_the_last(arrival, header)


def _records(source: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Each record with its line break off, and whether it had one. An open quotation mark joins lines."""
    waiting: list[bytes] = []
    lines = iter(source.readline, b"")
    while True:
        line = waiting.pop(0) if waiting else next(lines, b"")
        if not line:
            return
        record = [line]
        while sum(part.count(b'"') for part in record) % 2 and len(record) < _LONGEST_RECORD:
            more = waiting.pop(0) if waiting else next(lines, b"")
            if not more:
                break
            record.append(more)
        if sum(part.count(b'"') for part in record) % 2:  # a slip: this line alone is bad, and the rest is read anew
            waiting[:0] = record[1:]
            record = record[:1]
        whole = b"".join(record)
        yield whole.rstrip(b"\r\n"), whole.endswith(b"\n")


def _fields(header: Header, record: bytes, number: int) -> list[str | None] | Finding:
    written = record.decode("utf-8", "surrogateescape")
    try:
        rows = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    except csv.Error:
        return Finding(header.file, number, None, "row.quotes")
    if len(rows) != 1:  # a bare carriage return
        return Finding(header.file, number, None, "row.quotes")
    fields = rows[0]
    if len(fields) != len(header.columns):
        return Finding(header.file, number, None, "row.columns", {"has": len(fields), "wants": len(header.columns)})
    for column, value in zip(header.columns, fields, strict=True):
        if "\0" in value or any("\udc80" <= letter <= "\udcff" for letter in value):
            return Finding(header.file, number, column, "row.encoding")
    return [value or None for value in fields]
