"""A statement adds up: what was owed, what came and went, what is owed; to the penny, for any two days."""

from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cases.db import Database
from cases.debts import ledger
from cases.debts.account import Account
from cases.debts.statement import HEADINGS, Statement, first_year, statement_of
from tests.cases.debts.ledgers import refused, reverse
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, a_person, an_account

YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def day(month: int, number: int, year: int = 2025) -> date:
    return date(year, month, number)


def a_statement(session: Session, person: int, first: date = YEAR[0], last: date = YEAR[1]) -> Statement:
    return statement_of(session, [person], first, last, at=AT)


def test_a_year_of_rent_line_by_line(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        rent = an_account(session, creditor, marta, ref="T4471")
        a_charge(session, rent, 52000, day(12, 1, 2024))
        a_payment(session, [(rent, 50000)], day(12, 5, 2024))
        a_charge(session, rent, 52000, day(1, 1))
        a_charge(session, rent, 2500, day(1, 3), kind="fee")
        a_charge(session, rent, 310, day(1, 3), kind="interest")
        a_payment(session, [(rent, 53000)], day(1, 20))
        ledger.post(session, rent, "adjustment", -1000, value_date=day(2, 1), key="put-right", by=BY, at=AT)
        a_charge(session, rent, 52000, day(1, 1, 2026))
        ((purse,), ()) = (a := a_statement(session, marta.id)).purses, a.plans
        (debt,) = purse.debts
        assert (debt.ref, debt.creditor, debt.kind, debt.joint) == ("T4471", "Tidewell Housing", "rent", False)
        assert [(line.on, line.kind, line.amount, line.after) for line in debt.lines] == [
            (day(1, 1), "charge", 52000, 54000),
            (day(1, 3), "fee", 2500, 56500),
            (day(1, 3), "interest", 310, 56810),
            (day(1, 20), "payment", -53000, 3810),
            (day(2, 1), "adjustment", -1000, 2810),
        ]
        assert debt.sums == dict(zip(HEADINGS, (52000, 310, 2500, -53000, -1000, 0), strict=True))
        assert (purse.opening, purse.closing, purse.payments) == (2000, 2810, 1)
        assert first_year(session, [marta.id]) == 2024


def test_a_payment_is_one_line_whatever_it_met_and_what_moves_inside_a_debt_is_none(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        account = an_account(session, creditor, marta)
        a_charge(session, account, 3000, day(5, 10))
        fee = a_charge(session, account, 2500, day(5, 10), kind="fee")
        back = a_payment(session, [(account, 4000)], day(5, 10))
        ledger.post(session, account, "adjustment", -2000, value_date=day(5, 11), key="put-right", by=BY, at=AT)
        reverse(session, creditor, fee, day(6, 1))  # the money that had met it meets the debt itself
        ledger.give_back(session, back, on=day(6, 2), key="bounced", by=BY, at=AT)
        ((purse,),) = (a_statement(session, marta.id).purses,)
        told = [(line.on, line.kind, line.taken_back, line.amount) for line in purse.debts[0].lines]
        assert told == [
            (day(5, 10), "charge", False, 3000),
            (day(5, 10), "fee", False, 2500),
            (day(5, 10), "payment", False, -4000),
            (day(5, 11), "adjustment", False, -2000),
            (day(6, 1), "fee", True, -2500),
            (day(6, 2), "payment", True, 4000),
        ]
        assert (purse.payments, purse.closing) == (0, 1000)


def test_debts_stand_by_currency_and_those_that_were_nought_all_the_time_are_left_out(db: Database) -> None:
    with db.acting() as session:
        british, swedish = a_creditor(session), a_creditor(session, name="Lyngvik Energi", country="SE", currency="SEK")
        marta = a_person(session, british)
        rent, tax, power = (
            an_account(session, british, marta), an_account(session, british, marta), an_account(session, swedish, marta)
        )  # fmt: skip
        a_charge(session, rent, 100, day(3, 1, 2024))
        a_payment(session, [(rent, 100)], day(3, 2, 2024))  # paid before the year
        a_charge(session, tax, 700, day(3, 1, 2024))  # owed all the year
        a_charge(session, power, 900, day(3, 1))
        purses = a_statement(session, marta.id).purses
        assert [(p.currency, [d.account for d in p.debts], p.opening, p.closing) for p in purses] == [
            ("SEK", [power.id], 0, 900), ("GBP", [tax.id], 700, 700)
        ]  # fmt: skip


def test_a_joint_debt_is_told_to_each_and_nothing_else_of_the_other(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        idris, lena = a_person(session, creditor), a_person(session, creditor, name="Lena Farrow")
        rent, alarm = an_account(session, creditor, idris, lena), an_account(session, creditor, idris)
        a_charge(session, rent, 500, day(4, 1))
        a_charge(session, alarm, 300, day(4, 1))
        told = {p.id: [(d.account, d.joint) for d in a_statement(session, p.id).purses[0].debts] for p in (idris, lena)}
        assert told == {idris.id: [(rent.id, False), (alarm.id, False)], lena.id: [(rent.id, True)]}


def test_a_statement_ends_today_at_the_latest(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        an_account(session, creditor, marta)
        assert a_statement(session, marta.id, AT.date(), AT.date()).purses == ()
        for first, last in ((AT.date(), AT.date() + timedelta(days=1)), (day(2, 2), day(2, 1))):
            with refused("statement.period"):
                a_statement(session, marta.id, first, last)


Act = Callable[[Session, Account, int, date, str], object]


def _charge(session: Session, account: Account, amount: int, on: date, key: str) -> None:
    a_charge(session, account, amount, on, key=key)


def _fee(session: Session, account: Account, amount: int, on: date, key: str) -> None:
    a_charge(session, account, amount, on, kind="fee", key=key)


def _lowered(session: Session, account: Account, amount: int, on: date, key: str) -> None:
    ledger.post(session, account, "adjustment", -amount, value_date=on, key=key, by=BY, at=AT)


def _paid(session: Session, account: Account, amount: int, on: date, key: str) -> None:
    a_payment(session, [(account, amount)], on, key=key)


def _bounced(session: Session, account: Account, amount: int, on: date, key: str) -> None:
    back = a_payment(session, [(account, amount)], on, key=key)
    ledger.give_back(session, back, on=on + timedelta(days=amount % 40), key=f"{key}b", by=BY, at=AT)


def _taken_back(session: Session, account: Account, amount: int, on: date, key: str) -> None:
    a_charge(session, account, amount, on, key=key)
    entry = ledger.entry_called(session, account.creditor_id, key)
    ledger.reverse(session, entry, on=on + timedelta(days=amount % 40), key=f"{key}b", by=BY, at=AT)


days = st.integers(0, 700).map(lambda n: date(2024, 6, 1) + timedelta(days=n))
acts: st.SearchStrategy[Act] = st.sampled_from([_charge, _fee, _lowered, _paid, _bounced, _taken_back])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(acts, st.integers(1, 9000), days), min_size=1, max_size=10), st.lists(days, max_size=3))
def test_whatever_was_booked_each_stretch_of_days_adds_up_and_begins_where_the_last_one_ended(
    _database: Database, booked: list[tuple[Act, int, date]], cuts: list[date]
) -> None:
    with _database.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        account = an_account(session, creditor, marta)
        for n, (act, amount, on) in enumerate(booked):
            act(session, account, amount, on, f"h{n}")
        ends = [*sorted({*cuts}), AT.date()]
        first, owed, lines = date(2024, 1, 1), 0, 0
        for last in ends:
            for purse in a_statement(session, marta.id, first, last).purses:
                assert purse.opening == owed
                assert purse.opening + sum(purse.sums.values()) == purse.closing
                lines += len(purse.debts[0].lines)
                owed = purse.closing
            assert owed == sum(ledger.balance(session, [account.id], last).get(account.id, {}).values())
            first = last + timedelta(days=1)
        whole = a_statement(session, marta.id, date(2024, 1, 1), AT.date()).purses
        assert sum(len(purse.debts[0].lines) for purse in whole) == lines
        session.rollback()
