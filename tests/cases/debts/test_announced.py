"""Money announced: never part of the balance, answered for any day, ended once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cases.arrears import position
from cases.db import Database
from cases.debts import ledger
from cases.debts.account import Account
from cases.debts.announced import announce, end, on_its_way
from cases.refusal import Refusal
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, an_account


def _announce(session: Session, account: Account, amount: int = 2000, **given: Any) -> int:
    values = {"on": date(2026, 5, 1), "expected_on": date(2026, 5, 4), "key": "card", "channel": "card"} | given
    return announce(session, creditor=account.creditor_id, account=account.id, currency=account.currency, amount=amount,
                    by=BY, at=AT, **values)  # fmt: skip


def _on_its_way(session: Session, account: Account, day: int) -> list[int]:
    return [a.amount for a in on_its_way(session, {account.id: date(2026, 5, day)})]


def test_it_is_on_its_way_from_the_day_announced_until_the_day_it_ended(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        told = _announce(session, account)
        assert [_on_its_way(session, account, day) for day in (1, 30)] == [[2000], [2000]]
        paid = a_payment(session, [(account, 2000)], date(2026, 5, 4))
        end(session, told, ending="booked", by=BY, at=AT, payment=paid.id)
        assert [_on_its_way(session, account, day) for day in (1, 3, 4, 30)] == [[2000], [2000], [], []]
        assert on_its_way(session, {account.id: date(2026, 4, 30)}) == []


def test_on_each_day_booked_money_counts_once_whenever_it_is_told(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 5000, date(2026, 4, 1))
        told = _announce(session, account)
        paid = a_payment(session, [(account, 2000)], date(2026, 5, 3))
        end(session, told, ending="booked", by=BY, at=AT, payment=paid.id)
        for day in (1, 2, 3, 4, 30):
            owed = sum(ledger.balance(session, [account.id], date(2026, 5, day))[account.id].values())
            assert owed - sum(_on_its_way(session, account, day)) == 3000
        for ending, on in (("booked", date(2026, 5, 5)), ("failed", None)):
            with pytest.raises(ValueError, match="day"):
                end(session, _announce(session, account, key=ending), ending=ending, on=on, by=BY, at=AT, payment=paid.id)


def test_each_account_is_asked_for_its_own_day(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        early, late = an_account(session, creditor), an_account(session, creditor)
        for account in (early, late):
            _announce(session, account, key=account.ref, on=date(2026, 5, 2))
        asked = {early.id: date(2026, 5, 1), late.id: date(2026, 5, 2)}
        assert [each.account_id for each in on_its_way(session, asked)] == [late.id]


def test_it_is_no_part_of_balance_or_arrears(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 5000, date(2026, 4, 1))
        _announce(session, account)
        assert ledger.balance(session, [account.id]) == {account.id: {"principal": 5000}}
        assert position.derived(session, [account.id], date(2026, 5, 2))[account.id].overdue == 5000


def test_the_same_key_announces_once_also_after_its_end(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        told = _announce(session, account)
        assert _announce(session, account) == told
        ended = end(session, told, ending="failed", on=date(2026, 5, 2), by=BY, at=AT)
        assert _announce(session, account) == ended
        other = an_account(session, a_creditor(session))
        assert _announce(session, other) not in (told, ended)  # another creditor's keys are its own
    kinds = superuser.scalars(text("select kind from history where kind like 'money.%' order by id")).all()
    assert kinds == ["money.announced", "money.failed", "money.announced"]


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_not_above_nought_is_refused(db: Database, amount: int) -> None:
    with db.acting() as session, pytest.raises(Refusal, match="announced.amount"):
        _announce(session, an_account(session, a_creditor(session)), amount)


def test_of_eight_who_end_it_at_once_one_does(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        told = _announce(session, an_account(session, a_creditor(session)))

    def finish(_: int) -> str:
        try:
            with db.acting() as session:
                end(session, told, ending="cancelled", on=date(2026, 5, 2), by=BY, at=AT)
            return "done"
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(finish, range(8))) == ["announced.ended"] * 7 + ["done"]
    assert superuser.scalar(text("select count(*) from announced")) == 2


def test_an_ending_has_no_second_ending(db: Database) -> None:
    with db.acting() as session:
        told = _announce(session, an_account(session, a_creditor(session)))
        ended = end(session, told, ending="failed", on=date(2026, 5, 2), by=BY, at=AT)
        for row in (told, ended):
            with pytest.raises(Refusal, match="announced.ended"):
                end(session, row, ending="failed", on=date(2026, 5, 2), by=BY, at=AT)


@pytest.mark.parametrize(("ending", "paid", "on"), [("booked", False, None), ("failed", True, date(2026, 5, 4))])
def test_booked_means_a_payment_stands_for_it(db: Database, ending: str, paid: bool, on: date | None) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        told = _announce(session, account)
        payment = a_payment(session, [(account, 2000)], date(2026, 5, 4)).id if paid else None
        with pytest.raises(ValueError, match="day"):
            end(session, told, ending=ending, on=on, by=BY, at=AT, payment=payment)


def test_an_ending_of_another_name_is_refused(db: Database) -> None:
    with db.acting() as session:
        told = _announce(session, an_account(session, a_creditor(session)))
        with pytest.raises(IntegrityError), session.begin_nested():
            end(session, told, ending="lost", on=date(2026, 5, 4), by=BY, at=AT)


def test_what_was_announced_first_comes_first(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        _announce(session, account, 100, key="a")
        _announce(session, account, 50, key="b", channel="bank")
        assert _on_its_way(session, account, 2) == [100, 50]
        assert on_its_way(session, {}) == []
