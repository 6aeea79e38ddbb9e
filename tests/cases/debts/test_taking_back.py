"""Taking back: mirrors, what moves on because of them, and one winner of many."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from sqlalchemy import Connection, select, text

from cases.db import Database
from cases.debts import ledger
from cases.debts.ledger import Entry, Payment
from cases.refusal import Refusal
from tests.cases.debts.ledgers import DAY, LATER, clean, owed_of, refused, reverse
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, an_account


def test_money_that_met_a_fee_taken_back_moves_on_within_its_payment(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 3000, DAY)
        fee = a_charge(session, account, 2500, DAY, kind="fee")
        payment = a_payment(session, [(account, 4000)], DAY)
        assert owed_of(session, account) == {"principal": 1500}
        reverse(session, creditor, fee)
        assert owed_of(session, account) == {"credit": -1000}
        parts = session.scalar(text("select sum(amount) from entry where payment_id = :p"), {"p": payment.id})
        assert parts == -payment.amount
        assert clean(session)


def test_money_moves_on_by_the_creditors_order(db: Database) -> None:
    """With fees apart a fee is never met by money that did not name it, not even by money set free."""
    with db.acting() as session:
        creditor = a_creditor(session, fees="apart")
        account = an_account(session, creditor)
        charge = a_charge(session, account, 3000, DAY)
        a_charge(session, account, 2500, DAY, kind="fee")
        a_payment(session, [(account, 3000)], DAY)
        reverse(session, creditor, charge)
        assert owed_of(session, account) == {"fee": 2500, "credit": -3000}
        assert clean(session)


def test_the_newest_money_moves_first_and_only_as_much_as_is_over(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 3000, DAY)
        second = a_charge(session, account, 1000, DAY)
        a_payment(session, [(account, 2000)], DAY, key="old")
        a_payment(session, [(account, 1700)], DAY, key="new")
        reverse(session, creditor, second)
        assert owed_of(session, account) == {"credit": -700}
        moved = session.scalars(select(Entry).where(Entry.key.like("back/to/%"))).all()
        new = session.scalars(select(Payment).where(Payment.key == "new")).one()
        assert {e.payment_id for e in moved} == {new.id}
        assert sorted((e.component, e.amount) for e in moved) == [("credit", -700), ("principal", -1000)]
        assert clean(session)


def test_taking_back_a_charge_that_an_adjustment_had_met_leaves_credit(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        charge = a_charge(session, account, 5000, DAY)
        a_charge(session, account, -2000, DAY, kind="adjustment")
        a_payment(session, [(account, 1000)], DAY)
        reverse(session, creditor, charge)
        assert owed_of(session, account) == {"credit": -3000}
        assert clean(session)


def test_money_moved_is_dated_no_earlier_than_it_came(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        fee = a_charge(session, account, 2500, DAY, kind="fee")
        a_payment(session, [(account, 2500)], LATER)
        reverse(session, creditor, fee, on=DAY)
        moved = session.scalars(select(Entry).where(Entry.kind == "payment", Entry.component == "credit")).one()
        assert moved.value_date == LATER
        assert clean(session)


def test_returned_money_opens_what_it_had_met(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = an_account(session, creditor), an_account(session, creditor)
        for account in (one, two):
            a_charge(session, account, 3000, DAY)
        a_charge(session, one, 500, DAY, kind="cost")
        payment = a_payment(session, [(one, 4000), (two, 1000)], DAY)
        back = ledger.give_back(session, payment, on=LATER, key="dishonoured", by=BY, at=AT)
        assert (back.amount, back.returns) == (-5000, payment.id)
        assert ledger.give_back(session, payment, on=LATER, key="dishonoured", by=BY, at=AT).id == back.id
        assert owed_of(session, one) == {"principal": 3000, "cost": 500}
        assert owed_of(session, two) == {"principal": 3000}
        assert clean(session)


def test_returned_money_that_had_moved_is_returned_from_where_it_stands(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 3000, DAY)
        fee = a_charge(session, account, 2500, DAY, kind="fee")
        payment = a_payment(session, [(account, 4000)], DAY)
        reverse(session, creditor, fee)
        ledger.give_back(session, payment, on=LATER, key="dishonoured", by=BY, at=AT)
        assert owed_of(session, account) == {"principal": 3000}
        assert clean(session)


def test_what_cannot_be_taken_back_is_refused(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        charge = a_charge(session, account, 3000, DAY)
        other = a_charge(session, account, 100, DAY)
        payment = a_payment(session, [(account, 1000)], DAY)
        with refused("ledger.nothing_to_reverse"):
            reverse(session, creditor, "never posted")
        part = session.scalars(select(Entry).where(Entry.payment_id == payment.id)).one()
        with refused("ledger.nothing_to_reverse"):
            ledger.reverse(session, part, on=LATER, key="x", by=BY, at=AT)
        with refused("ledger.reversed_too_early"):
            reverse(session, creditor, charge, on=date(2026, 5, 9))
        with refused("ledger.reversed_too_early"):
            ledger.give_back(session, payment, on=date(2026, 5, 9), key="x", by=BY, at=AT)
        with refused("ledger.key_taken"):
            reverse(session, creditor, charge, back=other)
        reverse(session, creditor, charge)
        with refused("ledger.reversed_already"):
            reverse(session, creditor, charge, back="again")
        with refused("ledger.nothing_to_reverse"):
            reverse(session, creditor, "back", back="again")  # a mirror has no mirror
        second = a_payment(session, [(account, 10)], DAY, key="second")
        with refused("ledger.key_taken"):
            ledger.give_back(session, second, on=LATER, key=payment.key, by=BY, at=AT)
        back = ledger.give_back(session, payment, on=LATER, key="y", by=BY, at=AT)
        with refused("ledger.reversed_already"):
            ledger.give_back(session, payment, on=LATER, key="z", by=BY, at=AT)
        with refused("ledger.nothing_to_reverse"):
            ledger.give_back(session, back, on=LATER, key="z", by=BY, at=AT)


def test_of_eight_who_take_one_payment_back_at_once_one_does(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 3000, DAY)
        payment = a_payment(session, [(account, 1000)], DAY)

    def take(n: int) -> str:
        try:
            with db.acting() as session:
                ledger.give_back(session, session.get_one(Payment, payment.id), on=LATER, key=f"b{n}", by=BY, at=AT)
            return "done"
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(take, range(8))) == ["done"] + ["ledger.reversed_already"] * 7
    assert superuser.scalar(text("select count(*) from payment where returns is not null")) == 1
    with db.acting() as session:
        assert clean(session)


def test_an_adjustment_that_moved_is_taken_back_from_where_it_stands(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        first, second = (a_charge(session, account, 1000, DAY) for _ in range(2))
        down = a_charge(session, account, -1500, DAY, kind="adjustment")
        reverse(session, creditor, first, back="one")
        assert owed_of(session, account) == {"credit": -500}
        reverse(session, creditor, second, back="two")
        assert owed_of(session, account) == {"credit": -1500}
        for _ in range(2):
            reverse(session, creditor, down, back="down")
        assert owed_of(session, account) == {}
        with refused("ledger.reversed_already"):
            reverse(session, creditor, down, back="again")
        assert clean(session)
