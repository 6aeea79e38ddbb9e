"""Which component each payment of a load meets: the sums of a million rows do what the ledger does one by one."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrears import position
from cases.db import Database
from cases.debts import ledger
from cases.debts.account import account_called
from cases.debts.creditor import Creditor, creditor_called
from tests import factories
from tests.cases.intake.books import AT, BY, an_account_row, an_entry_row, found, load_book, write_book
from tests.factories import a_creditor

pytestmark = pytest.mark.slow

START = date(2026, 1, 1)
_numbers = itertools.count(1)

Line = tuple[int, str, int, int]
"""A day, a kind, an amount in minor units (negative: a lowering adjustment), and which earlier line a reversal takes back."""


@st.composite
def an_account(draw: st.DrawFn, reversals: bool) -> list[Line]:
    """The lines of one account."""
    kinds = ["charge", "payment", "payment", "interest", "fee", "cost", "raise", "lower"]
    kinds += ["reversal"] * 3 * reversals
    lines: list[Line] = []
    for _ in range(draw(st.integers(1, 8))):
        kind, day = draw(st.sampled_from(kinds)), draw(st.integers(0, 12))
        taken = {line[3] for line in lines if line[1] == "reversal"}
        free = [n for n, line in enumerate(lines) if line[1] != "reversal" and n not in taken]
        if kind == "reversal":
            if free:
                of = draw(st.sampled_from(free))
                lines.append((lines[of][0] + draw(st.integers(0, 6)), kind, abs(lines[of][2]), of))
            continue
        if kind not in ("payment", "lower") and draw(st.booleans()):
            day += 8  # charged ahead: known before the money of earlier days comes
        amount = draw(st.integers(1, 60))
        lines.append(
            (day, "adjustment" if kind in ("raise", "lower") else kind, -amount if kind == "lower" else amount, -1)
        )
    return lines


@pytest.mark.parametrize("fees", ["first", "last", "apart"])
@pytest.mark.parametrize("reversals", [False, True])
def test_a_load_posts_what_the_ledger_posts_row_by_row(
    db: Database, tmp_path_factory: pytest.TempPathFactory, reversals: bool, fees: str
) -> None:
    @settings(
        max_examples=4,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(an_account(reversals), min_size=7, max_size=7), st.integers(1, 6))
    def holds(accounts: list[list[Line]], cut: int) -> None:
        loaded = f"loaded{next(_numbers)}"
        folder = tmp_path_factory.mktemp("book")
        rows = [an_account_row(f"A{n}") for n in range(len(accounts))]
        with db.acting() as session:
            creditor = a_creditor(session, fees=fees)
            posted = creditor.ref
            for n in range(len(accounts)):
                factories.an_account(session, creditor, ref=f"A{n}")
            a_creditor(session, loaded, fees=fees)
        for part in (slice(0, cut), slice(cut, None)):
            entries = [_row(n, k, line) for n, lines in enumerate(accounts) for k, line in list(enumerate(lines))[part]]
            if entries:  # the first load brings the accounts with it
                result = load_book(db, write_book(folder, entries=entries, accounts=rows), creditor=loaded, new=False)
                assert result.refused == 0, result.findings
            with db.acting() as session:
                creditor = creditor_called(session, posted)
                for n, lines in enumerate(accounts):
                    _post(session, creditor, f"A{n}", list(enumerate(lines))[part])
        with db.acting() as session:
            assert _entries(session, loaded) == _entries(session, posted)
            assert not _broken(session)

    holds()


@pytest.mark.parametrize("fees", ["first", "last", "apart"])
def test_what_is_charged_ahead_in_an_earlier_load_changes_nothing(
    db: Database, tmp_path_factory: pytest.TempPathFactory, fees: str
) -> None:
    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(an_account(True), min_size=7, max_size=7))
    def holds(accounts: list[list[Line]]) -> None:
        at_once, in_two = (f"loaded{next(_numbers)}" for _ in range(2))
        with db.acting() as session:
            for ref in (at_once, in_two):
                a_creditor(session, ref, fees=fees)
        charged, rest = [], []
        for n, lines in enumerate(accounts):
            for k, line in enumerate(lines):
                ahead = line[1] not in ("payment", "reversal") and line[2] > 0
                (charged if ahead else rest).append(_row(n, k, line))
        rows = [an_account_row(f"A{n}") for n in range(len(accounts))]
        for ref, parts in ((at_once, [charged + rest]), (in_two, [charged, charged + rest])):
            for entries in parts:
                files = {"accounts": rows} | ({"entries": entries} if entries else {})
                result = load_book(db, write_book(tmp_path_factory.mktemp("book"), **files), creditor=ref, new=False)
                assert result.refused == 0, result.findings
        with db.acting() as session:
            assert _entries(session, at_once) == _entries(session, in_two)
            assert not _below(session, at_once)

    holds()


def test_money_of_today_meets_no_fee_of_a_later_day(db: Database, tmp_path: Path) -> None:
    charged = [an_entry_row("A1", "C1", "2026-10-01", "charge", "100.00"), an_entry_row("A1", "F1", "2026-12-15", "fee", "25.00")]
    paid = [an_entry_row("A1", "P1", "2026-11-20", "payment", "100.00")]
    for ref, loads in (("one", [charged + paid]), ("two", [charged, charged + paid])):
        for n, entries in enumerate(loads):
            folder = write_book(tmp_path / "b", accounts=[an_account_row("A1")], entries=entries)
            load_book(db, folder, creditor=ref, new=n == 0)
    with db.acting() as session:
        accounts = list(session.scalars(text("select id from account order by id")))
        for account in accounts:
            stands = position.derived(session, [account], date(2026, 11, 24))[account]
            assert (stands.overdue, stands.days) == (0, 0)
        assert _entries(session, "one") == _entries(session, "two")


def test_a_charge_taken_back_after_it_was_lowered_leaves_nothing_below_nought(db: Database, tmp_path: Path) -> None:
    entries = [
        an_entry_row("A1", "E1", "2026-01-01", "charge", "100.00"),
        an_entry_row("A1", "E2", "2026-01-02", "adjustment", "-30.00"),
        an_entry_row("A1", "E3", "2026-01-03", "payment", "50.00"),
        an_entry_row("A1", "E4", "2026-01-04", "reversal", "100.00", reverses="E1"),
    ]
    result = load_book(db, write_book(tmp_path / "b", accounts=[an_account_row("A1")], entries=entries))
    assert result.refused == 0
    with db.acting() as session:
        assert not _broken(session)
        owed = dict(
            session.connection().exec_driver_sql("select component, sum(amount)::bigint from entry group by 1").all()
        )
    assert {c: a for c, a in owed.items() if a} == {"credit": -8000}


def test_an_adjustment_that_had_to_move_is_taken_back_where_it_stands(db: Database, tmp_path: Path) -> None:
    account = [an_account_row("A1")]
    loads = [
        [an_entry_row("A1", "E1", "2026-01-01", "charge", "100.00"), an_entry_row("A1", "E2", "2026-01-02", "adjustment", "-30.00")],
        [an_entry_row("A1", "E3", "2026-01-03", "reversal", "100.00", reverses="E1")],
        [an_entry_row("A1", "E4", "2026-01-04", "reversal", "30.00", reverses="E2")],
        [an_entry_row("A1", "E5", "2026-01-05", "reversal", "30.00", reverses="E2")],
    ]  # fmt: skip
    results = [
        load_book(db, write_book(tmp_path / "b", accounts=account, entries=rows), new=n == 0)
        for n, rows in enumerate(loads)
    ]
    assert [found(result) for result in results] == [[], [], [], [("entries", 2, "reverses", "reversal.again")]]
    with db.acting() as session:
        assert session.connection().exec_driver_sql("select count(*), sum(amount)::bigint from entry").one() == (6, 0)
        assert not _broken(session)


@pytest.mark.parametrize("more", ["", "30.00"])  # it moves whole, or in part
@pytest.mark.parametrize("lowered", ["60.00", "150.00"])  # it lowers principal alone, or is credit in part at once
@pytest.mark.parametrize("back_on", ["2026-01-04", "2026-01-02"])  # after what it lowered is taken back, or said of a day before
@pytest.mark.parametrize("loads", [1, 2])
def test_a_reversal_of_an_adjustment_that_moved_changes_nothing_when_it_comes_again(
    db: Database, tmp_path: Path, more: str, lowered: str, back_on: str, loads: int
) -> None:
    entries = [an_entry_row("A1", "C2", "2026-01-01", "charge", more)] if more else []
    entries += [
        an_entry_row("A1", "C1", "2026-01-01", "charge", "100.00"),
        an_entry_row("A1", "D1", "2026-01-02", "adjustment", f"-{lowered}"),
        an_entry_row("A1", "R1", "2026-01-03", "reversal", "100.00", reverses="C1"),
    ]
    rows = [*entries, an_entry_row("A1", "R2", back_on, "reversal", lowered, reverses="D1")]
    for n, some in enumerate([rows] if loads == 1 else [entries, rows]):
        folder = write_book(tmp_path / "b", accounts=[an_account_row("A1")], entries=some)
        assert found(load_book(db, folder, new=n == 0)) == []
    again = load_book(db, folder, new=False)
    assert found(again) == [] and again.files["entries"].unchanged == len(rows)
    for changed in ({"amount": "59.00"}, {"reverses": "C1"}, {"value_date": "2026-01-05"}):
        write_book(folder, entries=[*entries, rows[-1] | changed])
        assert found(load_book(db, folder, new=False)) == [("entries", len(rows) + 1, "entry_ref", "entry.changed")]
    with db.acting() as session:
        assert not _broken(session)


def test_money_meets_costs_then_fees_then_interest_then_principal_then_is_credit(db: Database, tmp_path: Path) -> None:
    entries = [
        an_entry_row("A1", "E1", "2026-01-01", "charge", "10.00"),
        an_entry_row("A1", "E2", "2026-01-01", "interest", "4.00"),
        an_entry_row("A1", "E3", "2026-01-01", "fee", "3.00"),
        an_entry_row("A1", "E4", "2026-01-01", "cost", "2.00"),
        an_entry_row("A1", "E5", "2026-01-02", "payment", "25.00"),
    ]
    load_book(db, write_book(tmp_path / "b", accounts=[an_account_row("A1")], entries=entries))
    with db.acting() as session:
        parts = session.connection().exec_driver_sql(
            "select component, amount from entry where kind = 'payment' order by id"
        )
        assert parts.all() == [
            ("cost", -200),
            ("fee", -300),
            ("interest", -400),
            ("principal", -1000),
            ("credit", -600),
        ]


def test_within_a_load_the_value_date_decides_and_then_the_row(db: Database, tmp_path: Path) -> None:
    entries = [
        an_entry_row("A1", "E1", "2026-01-05", "payment", "10.00"),
        an_entry_row("A1", "E2", "2026-01-04", "charge", "10.00"),
        an_entry_row("A1", "E3", "2026-01-06", "fee", "10.00"),
    ]
    load_book(db, write_book(tmp_path / "b", accounts=[an_account_row("A1")], entries=entries))
    with db.acting() as session:
        parts = session.connection().exec_driver_sql("select component, amount from entry where kind = 'payment'")
        assert parts.all() == [("principal", -1000)]


def _row(account: int, number: int, line: Line) -> dict[str, object]:
    day, kind, amount, of = line
    on = (START + timedelta(days=day)).isoformat()
    written = f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"
    return an_entry_row(f"A{account}", f"A{account}/{number}", on, kind, written,
                        reverses=f"A{account}/{of}" if of >= 0 else "")  # fmt: skip


def _post(session: Session, creditor: Creditor, ref: str, lines: Iterable[tuple[int, Line]]) -> None:
    account = account_called(session, creditor.id, ref)
    known = list(lines)
    by_number = dict(known)

    def order(item: tuple[int, Line]) -> tuple[int, int, int]:
        number, (day, kind, _, of) = item
        # a reversal comes after its entry where both stand in this load on one day
        place = max(number, of) if kind == "reversal" and of in by_number and by_number[of][0] == day else number
        return day, place, int(kind == "reversal")

    for number, (day, kind, amount, of) in sorted(known, key=order):
        on, key = START + timedelta(days=day), f"{ref}:{number}"
        if kind == "payment":
            ledger.pay(session, creditor, [(account, amount)], value_date=on, key=key, by=BY, at=AT)
        elif kind == "reversal":
            paid = session.scalar(
                text("select id from payment where creditor_id = :c and key = :k"),
                {"c": creditor.id, "k": f"{ref}:{of}"},
            )
            if paid:
                ledger.give_back(session, session.get_one(ledger.Payment, paid), on=on, key=key, by=BY, at=AT)
            else:
                entry = ledger.entry_called(session, creditor.id, f"{ref}:{of}")
                ledger.reverse(session, entry, on=on, key=key, by=BY, at=AT)
        else:
            ledger.post(session, account, kind, amount, value_date=on, key=key, by=BY, at=AT)


def _entries(session: Session, creditor: str) -> Counter[Any]:
    rows = session.connection().exec_driver_sql(
        "select a.ref, e.kind, e.component, e.amount, e.value_date, e.reverses is not null, p.amount, p.value_date,"
        " r.amount from entry e join account a on a.id = e.account_id join creditor c on c.id = e.creditor_id"
        " left join payment p on p.id = e.payment_id left join payment r on r.id = p.returns where c.ref = %(ref)s",
        {"ref": creditor},
    )
    return Counter(tuple(row) for row in rows)


def _below(session: Session, creditor: str) -> list[Any]:
    """Days on which a component of an account without reversals is below nought."""
    return list(
        session.connection().exec_driver_sql(
            "select * from (select e.account_id, component, value_date, sum(sum(amount)) over (partition by e.account_id, component"
            " order by value_date) as owed from entry e join account a on a.id = e.account_id join creditor c on c.id = a.creditor_id"
            " where c.ref = %(ref)s and component <> 'credit' and not exists (select from entry r where r.account_id = e.account_id"
            " and r.reverses is not null) group by 1, 2, 3) d where owed < 0",
            {"ref": creditor},
        )
    )


def _broken(session: Session) -> list[Any]:
    """Payments whose parts do not sum to minus their amount, components below nought, mirrors that differ."""
    return list(
        session.connection().exec_driver_sql(
            "select 'payment', p.id from payment p left join entry e on e.payment_id = p.id group by p.id having p.amount <>"
            " -coalesce(sum(e.amount), 0) union all select component, account_id from entry group by 1, 2"
            " having case when component = 'credit' then sum(amount) > 0 else sum(amount) < 0 end"
        )
    )
