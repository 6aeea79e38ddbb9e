"""Loading a book: what becomes of its rows, what a second load does, what is kept and when not."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

from cases.arrears import position
from cases.db import Database
from cases.intake.load import NewCreditor
from tests.cases.intake.books import load_book

CZECH = NewCreditor("Banka", "CZ", "CZK")


def test_a_real_loan_book_gives_its_expected_arrears(db: Database, test_data: Path) -> None:
    folder = test_data / "data" / "berka"
    result = load_book(db, folder, creditor="banka", new=CZECH)
    assert result.refused == 0 and result.files["accounts"].added == 41 and result.files["entries"].added == 204
    with (folder / "expected.csv").open(newline="") as source:
        expected = {row["account_ref"]: row for row in csv.DictReader(source)}
    with db.acting() as session:
        on = date(1994, 4, 20)
        accounts = dict(session.connection().exec_driver_sql("select ref, id from account").all())
        derived = position.derived(session, list(accounts.values()), on)
    assert len(expected) == 41
    for ref, row in expected.items():
        found = derived[accounts[ref]]
        assert found.overdue == int(Decimal(row["amount_overdue"]) * 100), ref
        assert found.days == int(row["days_in_arrears"]), ref
        assert (found.since.isoformat() if found.since else "") == row["oldest_unmet_due"], ref
