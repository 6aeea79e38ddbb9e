"""What is overdue and since when: the conventions of days in arrears, for scheduled and rolling accounts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from cases.arrears import explain, position
from cases.db import Database
from cases.debts import ledger
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.debts.due import Due
from cases.money import Money
from tests.cases.facts import facts
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, an_account


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def _minor(written: str) -> int:
    return Money.parse(written, "GBP").minor


def _position(session: Session, account: Account, on: date) -> position.Position:
    """Derived, and the same by hand."""
    found = position.derived(session, [account.id], on)[account.id]
    told = explain.explain(explain.gather(session, [account.id])[account.id], on)
    assert (found.fallen, found.overdue, found.since, found.days, found.next_due) == (
        told.fallen, told.overdue, told.since, told.days, told.next_due,
    )  # fmt: skip
    return found


def _arrears(session: Session, account: Account, on: date) -> tuple[int, int]:
    found = _position(session, account, on)
    return found.overdue, found.days


def _reverse(session: Session, creditor: Creditor, key: str, on: date) -> None:
    ledger.reverse(session, ledger.entry_called(session, creditor.id, key), on=on, key=f"back of {key}", by=BY, at=AT)


@pytest.mark.parametrize(("given_", "expected"), facts("days_in_arrears"))
def test_the_due_date_is_day_nought_and_the_oldest_due_counts(db: Database, given_: Any, expected: Any) -> None:
    days = given_["as_of"] if isinstance(given_["as_of"], list) else [given_["as_of"]]
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        for due in given_["instalments"]:
            a_due(session, account, date.fromisoformat(due["due"]), _minor(due["amount"]))
        for paid in given_["payments"]:
            a_payment(session, [(account, _minor(paid["amount"]))], date.fromisoformat(paid["on"]))
        found = [_position(session, account, date.fromisoformat(on)) for on in days]
        counted = [p.days for p in found]
    assert (counted if isinstance(given_["as_of"], list) else counted[0]) == expected["days_in_arrears"]
    if "overdue" in expected:
        assert found[0].overdue == _minor(expected["overdue"])


@pytest.mark.parametrize(("given_", "expected"), facts("allocation", lambda row: "fee_balance" in row["input"]))
def test_a_payment_that_meets_a_fee_leaves_the_instalment_unmet(db: Database, given_: Any, expected: Any) -> None:
    due = given_["instalment"]
    due_on = date.fromisoformat(due["due"])
    on = due_on + timedelta(days=30)
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, _minor(due["amount"]), due_on)
        a_due(session, account, due_on, _minor(due["amount"]))
        before = _position(session, account, on)
        a_charge(session, account, _minor(given_["fee_balance"]), due_on, kind="fee")
        a_payment(session, [(account, _minor(given_["payment"]))], due_on + timedelta(days=20))
        after = _position(session, account, on)
        assert ledger.balance(session, [account.id])[account.id]["fee"] == _minor(expected["fee_balance"])
    assert after.overdue == _minor(expected["instalment_unmet"])
    assert (before.days != after.days) is expected["days_in_arrears_change"]


@pytest.fixture
def worked(db: Database) -> Any:
    """60 due on 1 March, April and May; 60 paid on 1 March, 40 on 3 April (rules, days in arrears)."""

    def make(session: Session) -> tuple[Creditor, Account]:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 18000, day(2, 1))
        for month in (3, 4, 5):
            a_due(session, account, day(month, 1), 6000)
        a_payment(session, [(account, 6000)], day(3, 1))
        a_payment(session, [(account, 4000)], day(4, 3))
        return creditor, account

    return make


def test_the_worked_example_with_a_fee_and_without(db: Database, worked: Any) -> None:
    with db.acting() as session:
        _, account = worked(session)
        assert _arrears(session, account, day(4, 3)) == (2000, 2)
        a_charge(session, account, 2500, day(5, 5), kind="fee")
        a_payment(session, [(account, 5000)], day(5, 10))
        assert _arrears(session, account, day(5, 10)) == (5500, 9)
        _, other = worked(session)
        a_payment(session, [(other, 5000)], day(5, 10))
        assert _arrears(session, other, day(5, 10)) == (3000, 9)


def test_money_that_bounced_opens_its_instalment_again_and_the_count_jumps_back(db: Database, worked: Any) -> None:
    with db.acting() as session:
        _, account = worked(session)
        paid = a_payment(session, [(account, 2000)], day(4, 5))
        assert _arrears(session, account, day(5, 1)) == (0, 0)
        ledger.give_back(session, paid, on=day(5, 3), key="bounced", by=BY, at=AT)
        assert _arrears(session, account, day(5, 2)) == (6000, 1)
        assert _arrears(session, account, day(5, 3)) == (8000, 32)


def test_a_payment_that_arrives_late_counts_from_its_value_date(db: Database, worked: Any) -> None:
    with db.acting() as session:
        _, account = worked(session)
        assert _arrears(session, account, day(4, 20)) == (2000, 19)
        a_payment(session, [(account, 2000)], day(4, 10))
        assert _arrears(session, account, day(4, 20)) == (0, 0)
        assert _arrears(session, account, day(4, 9)) == (2000, 8)


def test_the_count_begins_the_day_after_the_due_date_and_a_part_payment_does_not_reset_it(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_due(session, account, day(3, 1), 6000)
        assert _arrears(session, account, day(3, 1)) == (0, 0)
        assert _position(session, account, day(3, 1)).next_due == day(3, 1)
        assert _arrears(session, account, day(3, 2)) == (6000, 1)
        a_payment(session, [(account, 5999)], day(3, 5))
        assert _arrears(session, account, day(3, 10)) == (1, 9)


def test_an_account_with_instalments_owes_by_its_schedule_alone(db: Database) -> None:
    """A charge there is due by itself only if it says so; an instalment counts whether or not it was charged."""
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_due(session, account, day(3, 1), 6000)
        a_charge(session, account, 50000, day(2, 1))
        assert _arrears(session, account, day(3, 10)) == (6000, 9)
        a_charge(session, account, 700, day(2, 1), due_on=day(2, 20))
        assert _arrears(session, account, day(3, 10)) == (6700, 18)


def test_without_a_schedule_a_charge_is_due_on_its_due_date_else_its_value_date(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 1000, day(3, 1))
        a_charge(session, account, 500, day(3, 1), due_on=day(3, 20))
        assert _arrears(session, account, day(3, 1)) == (0, 0)
        assert _arrears(session, account, day(3, 20)) == (1000, 19)
        assert _arrears(session, account, day(3, 21)) == (1500, 20)
        a_charge(session, account, 2500, day(3, 2), kind="fee")
        a_charge(session, account, 300, day(3, 2), kind="interest")
        assert _arrears(session, account, day(3, 21)) == (1500, 20)


def test_a_fee_alone_starts_no_arrears(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 2500, day(3, 1), kind="fee")
        a_charge(session, account, 2500, day(3, 1), kind="cost")
        assert _arrears(session, account, day(6, 1)) == (0, 0)


def test_a_reversed_charge_takes_back_its_own_due_not_the_oldest(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 1000, day(3, 1))
        later = a_charge(session, account, 1000, day(4, 1))
        _reverse(session, creditor, later, day(4, 10))
        assert _arrears(session, account, day(4, 9)) == (2000, 39)
        assert _arrears(session, account, day(4, 10)) == (1000, 40)


def test_a_reversed_charge_without_its_own_due_meets_the_oldest_first(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        for month in (3, 4):
            a_due(session, account, day(month, 1), 1000)
        charge = a_charge(session, account, 1500, day(2, 1))
        a_charge(session, account, 500, day(2, 1))
        _reverse(session, creditor, charge, day(4, 10))
        assert _arrears(session, account, day(4, 9)) == (2000, 39)
        assert _arrears(session, account, day(4, 10)) == (500, 9)


def test_a_reversed_charge_with_its_own_due_beside_a_schedule_takes_that_due_back(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_due(session, account, day(3, 1), 1000)
        charge = a_charge(session, account, 700, day(2, 1), due_on=day(2, 20))
        _reverse(session, creditor, charge, day(3, 5))
        assert _arrears(session, account, day(3, 10)) == (1000, 9)


def test_a_raising_adjustment_is_a_charge_on_its_value_date_and_a_lowering_one_meets_the_oldest(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_due(session, account, day(3, 1), 1000)
        a_charge(session, account, 1000, day(2, 1))
        up = a_charge(session, account, 400, day(3, 20), kind="adjustment")
        assert _arrears(session, account, day(3, 20)) == (1000, 19)
        assert _arrears(session, account, day(3, 21)) == (1400, 20)
        down = a_charge(session, account, -1100, day(4, 1), kind="adjustment")
        assert _arrears(session, account, day(4, 1)) == (300, 12)
        _reverse(session, creditor, up, day(4, 5))
        assert _arrears(session, account, day(4, 5)) == (0, 0)
        _reverse(session, creditor, down, day(4, 6))
        assert _arrears(session, account, day(4, 6)) == (1000, 36)


def test_credit_meets_the_next_instalments_in_order(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_payment(session, [(account, 2500)], day(2, 1))
        for month in (3, 4, 5):
            a_due(session, account, day(month, 1), 1000)
        assert _arrears(session, account, day(4, 20)) == (0, 0)
        assert _arrears(session, account, day(5, 2)) == (500, 1)


@pytest.mark.parametrize(("component", "overdue"), [("principal", 1000), ("interest", 700), ("", 700)])
def test_interest_paid_meets_a_schedule_that_includes_it(db: Database, component: str, overdue: int) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_due(session, account, day(3, 1), 1000, component)
        a_charge(session, account, 5000, day(1, 1))
        a_charge(session, account, 300, day(2, 1), kind="interest")
        a_payment(session, [(account, 300)], day(3, 1))
        assert _arrears(session, account, day(3, 5)) == (overdue, 4)


def test_interest_taken_back_never_leaves_more_overdue_than_is_owed(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_due(session, account, day(3, 1), 1100, "")
        a_charge(session, account, 1000, day(1, 1))
        interest = a_charge(session, account, 100, day(2, 1), kind="interest")
        a_payment(session, [(account, 1000)], day(3, 1))
        assert _arrears(session, account, day(3, 5)) == (100, 4)
        _reverse(session, creditor, interest, day(3, 6))
        assert sum(ledger.balance(session, [account.id])[account.id].values()) == 0
        assert _arrears(session, account, day(3, 6)) == (0, 0)


def test_a_withdrawn_instalment_counts_no_more(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        first = a_due(session, account, day(3, 1), 1000)
        a_due(session, account, day(4, 1), 1000)
        session.add(Due(creditor_id=account.creditor_id, account_id=account.id, due_on=first.due_on, amount=0,
                        component="principal", recorded_at=AT, replaces=first.id))  # fmt: skip
        session.flush()
        assert _arrears(session, account, day(4, 5)) == (1000, 4)


def test_two_obligations_of_one_day_and_one_number_both_count(db: Database, superuser: Connection) -> None:
    """Numbers of dues and of entries are counted apart and may be equal."""
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        key = a_charge(session, account, 700, day(2, 1), due_on=day(3, 1))
        a_payment(session, [(account, 700)], day(2, 2))
        number = ledger.entry_called(session, creditor.id, key).id
    superuser.execute(text("insert into due (id, creditor_id, account_id, due_on, amount, component, recorded_at) overriding system"
                           " value values (:id, :creditor, :account, '2026-03-01', 1000, 'principal', now())"),
                      {"id": number + 10**6, "creditor": creditor.id, "account": account.id})  # fmt: skip
    superuser.execute(text("insert into entry (id, creditor_id, account_id, currency, kind, component, book, amount, value_date, due_on,"
                           " recorded_at, key) overriding system value select id + 1000000, creditor_id, account_id, currency, kind,"
                           " component, book, amount, value_date, due_on, recorded_at, key || '2' from entry where kind = 'charge'"))  # fmt: skip
    superuser.commit()
    with db.acting() as session:
        found = _position(session, account, day(3, 5))
        assert (found.overdue, found.days, found.since) == (1700, 4, day(3, 1))


def test_what_lies_in_the_future_does_not_count_yet(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        charge = a_charge(session, account, 1000, day(3, 1))
        a_payment(session, [(account, 400)], day(3, 20))
        a_charge(session, account, 500, day(3, 25))
        _reverse(session, creditor, charge, day(3, 28))
        assert _arrears(session, account, day(3, 10)) == (1000, 9)
        assert _position(session, account, day(3, 10)).next_change == day(3, 20)
        assert _arrears(session, account, day(3, 20)) == (600, 19)
        assert _arrears(session, account, day(3, 26)) == (1100, 25)
        assert _arrears(session, account, day(3, 28)) == (100, 3)


def test_between_today_and_next_change_the_figures_stay_the_same(db: Database, worked: Any) -> None:
    with db.acting() as session:
        _, account = worked(session)
        found = _position(session, account, day(4, 3))
        assert found.next_change == day(5, 2)
        for ahead in range(1, (found.next_change - found.on).days):
            later = _position(session, account, found.on + timedelta(days=ahead))
            assert (later.overdue, later.since, later.met, later.fallen) == (
                found.overdue,
                found.since,
                found.met,
                found.fallen,
            )
        assert _position(session, account, found.next_change).overdue != found.overdue


def test_every_act_keeps_the_position_of_its_creditors_day(db: Database, worked: Any, superuser: Connection) -> None:
    kept = "select as_of, fallen, met, overdue, since, rest, next_due, next_change from position where account_id = :id"
    late = datetime(2027, 5, 10, 23, 30, tzinfo=UTC)  # in Britain it is the 11th already
    with db.acting() as session:
        creditor, account = worked(session)
        key = a_charge(session, account, 2500, day(5, 5), kind="fee", at=late)
        paid = a_payment(session, [(account, 5000)], day(5, 10), at=late)
        derived = position.derived(session, [account.id], date(2027, 5, 11))[account.id]
        found = session.execute(text(kept), {"id": account.id}).one()
        assert tuple(found) == (derived.on, derived.fallen, derived.met, derived.overdue, derived.since, derived.rest,
                                derived.next_due, derived.next_change)  # fmt: skip
        assert (found.overdue, found.since) == (5500, day(5, 1))
        ledger.reverse(session, ledger.entry_called(session, creditor.id, key), on=day(5, 11), key="r", by=BY, at=late)
        assert session.execute(text(kept), {"id": account.id}).one().overdue == 3000
        ledger.give_back(session, paid, on=day(5, 11), key="b", by=BY, at=late)
        assert session.execute(text(kept), {"id": account.id}).one().overdue == 8000


def test_all_accounts_of_a_creditor_at_once_and_no_other(db: Database, worked: Any) -> None:
    with db.acting() as session:
        creditor, account = worked(session)
        empty = an_account(session, creditor)
        worked(session)
        found = position.derived_for_creditor(session, creditor.id, day(4, 3))
        assert [(p.account, p.overdue, p.days) for p in found] == [(account.id, 2000, 2), (empty.id, 0, 0)]
        assert position.derived(session, [account.id, empty.id], day(4, 3)) == {p.account: p for p in found}
