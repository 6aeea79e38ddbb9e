"""Small books for the tests: files in Evenly's layout, and loading them as a door does."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cases.db import Database
from cases.history import Actor
from cases.intake.layout import files_of
from cases.intake.load import NewCreditor, NothingKept, load
from cases.intake.result import REFUSED, WARNED, LoadResult

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BY = Actor("test")
TIDEWELL = NewCreditor("Tidewell Housing", "GB", "GBP")

Row = Mapping[str, object]


def an_account_row(ref: str, person: str = "", **given: object) -> dict[str, object]:
    """A row of accounts.csv."""
    row: dict[str, object] = {
        "account_ref": ref, "person_ref": person or f"P-{ref}", "name": "Marta Lindqvist", "date_of_birth": "1984-05-17",
        "postcode": "AB1 2CD", "country": "GB", "phone": "+447700900100", "email": "marta@example.org", "debt_type": "rent",
        "currency": "GBP", "opened_on": "2025-01-01",
    }  # fmt: skip
    return row | given


def an_entry_row(account: str, ref: str, on: str, kind: str, amount: str, **given: object) -> dict[str, object]:
    """A row of entries.csv."""
    row = {"account_ref": account, "entry_ref": ref, "value_date": on, "kind": kind, "amount": amount}
    return row | {"due_on": "", "reverses": ""} | given


def write_book(folder: Path, **files: Sequence[Row]) -> Path:
    """Writes rows as `<kind>.csv` files, all columns that any row names."""
    folder.mkdir(exist_ok=True)
    for kind, rows in files.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{kind}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def load_book(db: Database, path: Path, *, creditor: str = "tidewell", system: str = "homes", new: bool | NewCreditor = True,
              at: datetime = AT, **given: object) -> LoadResult:  # fmt: skip
    """Loads as the command does: one transaction, rolled back when nothing is to be kept."""
    taken_on = TIDEWELL if new is True else new or None
    try:
        with db.acting() as session:
            return load(
                session, files_of(path), creditor=creditor, system=system, by=BY, at=at, new_creditor=taken_on, **given
            )  # type: ignore[arg-type]
    except NothingKept as nothing:
        return nothing.result


def found(result: LoadResult) -> list[tuple[str, int | None, str | None, str]]:
    """What a result found, as file, row, field and code; each with the facts that its code promises."""
    for finding in result.findings:
        promised = (REFUSED if finding.refused else WARNED)[finding.code]
        assert set(finding.facts) == set(promised.split()), finding.code
    return [(f.file, f.row, f.field, f.code) for f in result.findings]
