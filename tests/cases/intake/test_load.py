"""Loading a book: what becomes of its rows, what a second load does, what is kept and when not."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cases.arrears import position
from cases.db import Database
from cases.debts.creditor import CreditorUnknown
from cases.intake.load import NewCreditor
from cases.refusal import Refusal
from tests.cases.intake.books import AT, an_account_row, an_entry_row, found, load_book, write_book

BOOK = Path(__file__).resolve().parents[2] / "data" / "book"
CZECH = NewCreditor("Banka", "CZ", "CZK")
WRITTEN = ("person", "record", "contact", "account", "account_terms", "liability", "due", "payment", "entry", "extra_fact",
           "joined")  # fmt: skip


def _expected(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "expected.csv").open(newline="") as source:
        return {row["account_ref"]: row for row in csv.DictReader(source)}


def _check_positions(session: Session, expected: Mapping[str, Mapping[str, str]], on: date) -> None:
    accounts = dict(session.connection().exec_driver_sql("select ref, id from account").all())
    derived = position.derived(session, list(accounts.values()), on)
    for ref, row in expected.items():
        is_now = derived[accounts[ref]]
        assert is_now.overdue == int(Decimal(row["amount_overdue"]) * 100), ref
        assert is_now.days == int(row["days_in_arrears"]), ref
        assert (is_now.since.isoformat() if is_now.since else "") == row["oldest_unmet_due"], ref


def _rows(session: Session) -> dict[str, int]:
    return {t: session.connection().exec_driver_sql(f"select count(*) from {t}").scalar_one() for t in WRITTEN}


def _lines(session: Session) -> list[str]:
    return list(session.connection().exec_driver_sql("select kind from history order by id").scalars())


def _copy_of_book(folder: Path, **changes: tuple[int, Mapping[str, object]]) -> Path:
    """The made book with one row of each named file changed (its number in a spreadsheet, and the new fields)."""
    files: dict[str, list[dict[str, Any]]] = {}
    for kind in ("accounts", "liable", "instalments", "entries"):
        with (BOOK / f"{kind}.csv").open(newline="") as source:
            files[kind] = list(csv.DictReader(source))
        if kind in changes:
            number, fields = changes[kind]
            files[kind][number - 2] |= fields
    return write_book(folder, **files)


def test_a_real_loan_book_gives_its_expected_arrears(db: Database, test_data: Path) -> None:
    folder = test_data / "data" / "berka"
    result = load_book(db, folder, creditor="banka", new=CZECH)
    assert result.refused == 0 and result.files["accounts"].added == 41 and result.files["entries"].added == 204
    expected = _expected(folder)
    assert len(expected) == 41 and expected["L5314"]["days_in_arrears"] == "220"
    with db.acting() as session:
        _check_positions(session, expected, date(1994, 4, 20))
        before = _rows(session)
    again = load_book(db, folder, creditor="banka", new=False)
    assert [c.unchanged for c in again.files.values()] == [41, 1308, 204]
    with db.acting() as session:
        assert _rows(session) == before


def test_the_made_book_gives_its_expected_arrears(db: Database) -> None:
    result = load_book(db, BOOK)
    assert result.refused == 0 and result.findings == () and result.people_added == 11
    assert [(c.rows, c.added) for c in result.files.values()] == [(10, 10), (2, 2), (120, 120), (123, 123)]
    with db.acting() as session:
        _check_positions(session, _expected(BOOK), date(2026, 6, 20))
        kept = session.connection().exec_driver_sql("select count(*) from position where overdue > 0").scalar_one()
        assert kept == 3
        assert _lines(session) == ["creditor.added", "load.done"]


def test_loaded_twice_a_book_changes_nothing(db: Database) -> None:
    load_book(db, BOOK)
    with db.acting() as session:
        before = _rows(session)
    again = load_book(db, BOOK, new=False, at=AT + timedelta(days=1))
    assert all(c.rows == c.unchanged for c in again.files.values())
    assert (again.corrections, again.findings, again.people_added) == ((), (), 0)
    with db.acting() as session:
        assert _rows(session) == before
        assert _lines(session) == ["creditor.added", "load.done", "load.done"]


@pytest.mark.parametrize(
    ("kind", "number", "fields", "correction", "tables", "line"),
    [
        ("accounts", 4, {"branch": "Quay"}, ("L003", ("branch",)), {"account_terms": 1}, "account.corrected"),
        ("accounts", 4, {"original_amount": ""}, ("L003", ("original_amount",)), {"account_terms": 1}, "account.corrected"),
        ("accounts", 4, {"city": "Oldport"}, ("P003", ("city",)), {"record": 1}, "person.corrected"),
        ("accounts", 4, {"phone": "+447700900199"}, ("P003", ("phone",)), {"record": 1, "contact": 1}, "person.corrected"),
        ("accounts", 4, {"email": ""}, ("P003", ("email",)), {"record": 1, "contact": 1}, "person.corrected"),
        ("accounts", 4, {"name": "Ilsa Thornbury"}, ("P003", ("name",)), {"record": 1}, "person.corrected"),
        ("liable", 3, {"role": "joint"}, ("L003", ("role",)), {"liability": 1}, "account.corrected"),
        ("instalments", 6, {"amount": "111.00"}, ("L001", ("amount",)), {"due": 1}, "schedule.corrected"),
        ("instalments", 6, {"due_on": "2025-11-13"}, ("L001", ("withdrawn",)), {"due": 2}, "schedule.corrected"),
    ],
)  # fmt: skip
def test_one_changed_row_changes_that_row_only_and_says_so(
    db: Database, tmp_path: Path, kind: str, number: int, fields: dict[str, object], correction: tuple[str, tuple[str, ...]],
    tables: dict[str, int], line: str,
) -> None:  # fmt: skip
    load_book(db, BOOK)
    with db.acting() as session:
        before, lines = _rows(session), len(_lines(session))
    result = load_book(
        db, _copy_of_book(tmp_path / "b", **{kind: (number, fields)}), new=False, at=AT + timedelta(days=1)
    )
    assert [(c.ref, c.fields) for c in result.corrections] == [correction]
    moved = 0 if fields.get("due_on") else 1
    assert {k: (c.changed, c.withdrawn) for k, c in result.files.items()} == {
        k: ((moved, 1 - moved) if k == kind else (0, 0)) for k in result.files
    }
    with db.acting() as session:
        after = _rows(session)
        assert {t: after[t] - before[t] for t in WRITTEN if after[t] != before[t]} == tables
        assert set(_lines(session)[lines:]) <= {
            "load.done",
            line,
            "contact.corrected",
            "arrears.entered",
        } and line in _lines(session)
    assert all(
        c.rows == c.unchanged
        for c in load_book(db, tmp_path / "b", new=False, at=AT + timedelta(days=2)).files.values()
    )


def test_a_new_holder_replaces_the_old_one(db: Database, tmp_path: Path) -> None:
    load_book(db, BOOK)
    changed = _copy_of_book(tmp_path / "b", accounts=(2, {"person_ref": "P099", "name": "Nils Ember"}))
    result = load_book(db, changed, new=False)
    assert [(c.ref, c.fields) for c in result.corrections] == [("L001", ("person_ref",))]
    with db.acting() as session:
        holders = session.connection().exec_driver_sql(
            "select p.name, l.role from liability l join person p on p.id = l.person_id join account a on a.id = l.account_id"
            " where a.ref = 'L001' and l.replaced_at is null and not l.withdrawn order by l.role"
        )
        assert holders.all() == [("Nils Ember", "holder"), ("Conrad Vey", "joint")]


def test_a_joint_person_who_becomes_the_holder_is_liable_once(db: Database, tmp_path: Path) -> None:
    accounts = [an_account_row("A1", "P1"), an_account_row("A2", "P2", name="Owen Hale")]
    joint = [{"account_ref": "A1", "person_ref": "P2", "name": ""}]
    load_book(db, write_book(tmp_path / "b", accounts=accounts, liable=joint))
    swapped = [accounts[1] | {"account_ref": "A1"}, accounts[1], an_account_row("A3", "P1")]
    (tmp_path / "b" / "liable.csv").unlink()
    assert load_book(db, write_book(tmp_path / "b", accounts=swapped), new=False).refused == 0
    with db.acting() as session:
        live = session.connection().exec_driver_sql(
            "select a.ref, p.name, l.role from liability l join person p on p.id = l.person_id join account a on"
            " a.id = l.account_id where l.replaced_at is null and not l.withdrawn order by 1, 2"
        )
        assert live.all() == [
            ("A1", "Owen Hale", "holder"),
            ("A2", "Owen Hale", "holder"),
            ("A3", "Marta Lindqvist", "holder"),
        ]


def test_a_column_that_a_later_file_does_not_have_changes_nothing(db: Database, tmp_path: Path) -> None:
    load_book(db, write_book(tmp_path / "b", accounts=[an_account_row("A1", "P1", branch="North", product="gold")]))
    slim = {k: v for k, v in an_account_row("A1", "P1").items() if k not in ("phone", "postcode", "country")}
    result = load_book(db, write_book(tmp_path / "b", accounts=[slim]), new=False)
    assert result.files["accounts"].unchanged == 1 and result.corrections == ()


def test_a_missing_instalment_is_withdrawn_unless_a_row_was_refused(db: Database, tmp_path: Path) -> None:
    dues = [{"account_ref": "A1", "due_on": f"2026-0{m}-01", "amount": "10.00"} for m in (1, 2, 3)]
    accounts = [an_account_row("A1", "P1")]
    load_book(db, write_book(tmp_path / "b", accounts=accounts, instalments=dues))
    torn = [dues[0], dues[1] | {"amount": "ten"}]
    result = load_book(db, write_book(tmp_path / "b", accounts=accounts, instalments=torn), new=False)
    assert found(result) == [("instalments", None, None, "schedule.kept"), ("instalments", 3, "amount", "amount")]
    assert result.files["instalments"].withdrawn == 0
    result = load_book(db, write_book(tmp_path / "b", accounts=accounts, instalments=dues[:2]), new=False)
    assert (result.files["instalments"].withdrawn, result.files["instalments"].unchanged) == (1, 2)
    back = load_book(db, write_book(tmp_path / "b", accounts=accounts, instalments=dues), new=False)
    assert (back.files["instalments"].added, back.files["instalments"].unchanged) == (1, 2)


def test_two_dues_of_one_day_are_matched_once_each(db: Database, tmp_path: Path) -> None:
    accounts, day = [an_account_row("A1", "P1")], {"account_ref": "A1", "due_on": "2026-01-01"}
    dues = [day | {"amount": "10.00"}, day | {"amount": "20.00"}, day | {"amount": "20.00"}]
    load_book(db, write_book(tmp_path / "b", accounts=accounts, instalments=dues))
    changed = [day | {"amount": "15.00"}, *dues[1:]]
    for expected in ((1, 2), (0, 3)):
        result = load_book(db, write_book(tmp_path / "b", accounts=accounts, instalments=changed), new=False)
        assert (result.files["instalments"].changed, result.files["instalments"].unchanged) == expected


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(db: Database) -> None:
    result = load_book(db, BOOK, dry_run=True)
    assert (result.kept, result.batch, result.files["entries"].added) == (False, None, 123)
    with db.acting() as session:
        assert not any(_rows(session).values()) and _lines(session) == []


def test_an_atomic_load_keeps_every_row_or_none(db: Database, tmp_path: Path) -> None:
    torn = _copy_of_book(tmp_path / "b", entries=(5, {"amount": "x"}))
    result = load_book(db, torn, atomic=True)
    assert (result.kept, result.refused) == (False, 1)
    with db.acting() as session:
        assert not any(_rows(session).values())
    assert load_book(db, BOOK, atomic=True).kept


_KILLED = """
import sys, time
from pathlib import Path
from cases.db import Database
from cases.history import Actor
from cases.intake.layout import files_of
from cases.intake.load import NewCreditor, load
from tests.cases.intake.books import AT
def progress(step, done, total):
    if step == sys.argv[4]:
        print("there", flush=True)
        time.sleep(60)
with Database(sys.argv[1], prefix=sys.argv[2]).acting() as session:
    load(session, files_of(Path(sys.argv[3])), creditor="t", system="s", by=Actor("test"), at=AT,
         new_creditor=NewCreditor("T", "GB", "GBP"), progress=progress)
"""


@pytest.mark.parametrize("step", ["entries", "done"])
def test_a_killed_load_leaves_nothing_half_written(db: Database, addresses: Any, step: str) -> None:
    arguments = [sys.executable, "-c", _KILLED, addresses.app, addresses.prefix, str(BOOK), step]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"there\n"
        process.send_signal(signal.SIGKILL)
    with db.acting() as session:
        assert not any(_rows(session).values()) and _lines(session) == []
    assert load_book(db, BOOK).refused == 0


def test_a_load_needs_a_known_creditor_and_a_name_for_its_system(db: Database) -> None:
    with pytest.raises(Refusal) as refused:
        load_book(db, BOOK, new=False)
    assert refused.value == CreditorUnknown(creditor="tidewell")
    with pytest.raises(Refusal, match="intake.system"):
        load_book(db, BOOK, system="a:b")


def test_progress_tells_each_step(db: Database) -> None:
    steps: list[str] = []
    load_book(db, BOOK, progress=lambda step, done, total: steps.append(step))
    assert list(dict.fromkeys(steps)) == [
        "read accounts", "read liable", "read instalments", "read entries", "accounts", "instalments", "entries", "replay",
        "people", "positions", "done",
    ]  # fmt: skip


def test_positions_of_the_accounts_touched_are_derived_anew(db: Database, tmp_path: Path) -> None:
    accounts = [an_account_row("A1", "P1"), an_account_row("A2", "P1")]
    entries = [an_entry_row("A1", "E1", "2026-01-01", "charge", "100.00")]
    load_book(db, write_book(tmp_path / "b", accounts=accounts, entries=entries))
    entries.append(an_entry_row("A1", "E2", "2026-01-02", "payment", "40.00"))
    load_book(db, write_book(tmp_path / "b", accounts=accounts, entries=entries), new=False, at=AT + timedelta(days=1))
    with db.acting() as session:
        kept = session.connection().exec_driver_sql("select a.ref, p.overdue, p.as_of from position p join account a on"
                                                    " a.id = p.account_id order by 1").all()  # fmt: skip
    assert kept == [("A1", 6000, date(2026, 11, 25)), ("A2", 0, date(2026, 11, 24))]


def test_a_clock_set_back_since_the_last_load_stops_no_correction(db: Database, tmp_path: Path) -> None:
    book = {
        "accounts": [an_account_row("A1")],
        "instalments": [{"account_ref": "A1", "due_on": "2026-02-01", "amount": "60.00"}],
    }
    load_book(db, write_book(tmp_path / "b", **book))
    book = {"accounts": [an_account_row("A1", product="flat", name="Marta Lund", phone="+447700900199")],
            "instalments": [{"account_ref": "A1", "due_on": "2026-02-01", "amount": "61.00"}]}  # fmt: skip
    result = load_book(db, write_book(tmp_path / "b", **book), new=False, at=AT - timedelta(days=2))
    assert result.refused == 0 and len(result.corrections) == 3
    with db.acting() as session:
        assert session.connection().exec_driver_sql("select min(recorded_at) = max(recorded_at) from due").scalar_one()
