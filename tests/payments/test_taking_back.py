"""Money by hand, and taking back: booked once, taken back whole by its mirror, with a reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrears.position import derived
from cases.db import Database
from cases.history import Actor
from cases.refusal import Refusal
from cases.verify import verify
from payments import by_hand, reversal
from payments.attempt import PaymentAttempt
from payments.payable import other
from tests.factories import AT
from tests.payments.paying import (
    REAL,
    Payer,
    a_payer,
    apply_all,
    begun,
    event,
    keep,
    lines,
    may_pay,
    owed,
    refund_thing,
    told,
)

PRIYA = Actor("collector", 7)
TODAY = AT.date()


def entered(
    session: Session, payer: Payer, amount: int = 45_00, *, day: date = TODAY, key: str = "k", method: str = "cash"
) -> PaymentAttempt:
    choice = other(may_pay(session, payer), [payer.rent.id, payer.garage.id, payer.card.id], amount)
    return by_hand.enter(session, person=payer.person.id, choice=choice, method=method, value_date=day, reference=" 0042 ",
                         key=key, on=TODAY, by=PRIYA, at=AT, real=REAL)  # fmt: skip


def test_money_by_hand_is_booked_at_once_with_its_own_day(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = entered(session, payer, day=TODAY - timedelta(days=3), method="transfer")
        assert (row.state, row.method, row.reference) == ("paid", "transfer", "0042")
        assert owed(session, payer) == [0, 10_00, 45_00]
        assert set(session.scalars(text("select value_date from payment"))) == {TODAY - timedelta(days=3)}
        assert lines(session, payer) == ["payment.received"]
        assert verify(session).findings == []


def test_a_double_click_books_once(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        first = entered(session, payer, 20_00)
        assert entered(session, payer, 20_00).id == first.id
        assert owed(session, payer) == [10_00, 10_00, 60_00]


@pytest.mark.parametrize("day", [TODAY + timedelta(days=1), TODAY - timedelta(days=366)])
def test_a_day_to_come_or_long_ago_is_refused(day: date, db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        with pytest.raises(Refusal) as refused:
            entered(session, payer, day=day)
        assert refused.value.code == "payment.day_wrong"
        assert owed(session, payer) == [30_00, 10_00, 60_00]


def test_a_card_is_nothing_that_comes_by_hand(db: Database) -> None:
    with db.acting() as session, pytest.raises(Refusal, match="method_unknown"):
        entered(session, a_payer(session), method="card")


def test_taken_back_its_dues_open_again_from_that_day_on(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        accounts = [payer.rent.id, payer.card.id]
        before = {a: (p.overdue, p.since) for a, p in derived(session, accounts, TODAY).items()}
        row = entered(session, payer, day=TODAY - timedelta(days=5))
        assert derived(session, accounts, TODAY)[payer.rent.id].overdue == 0
        reversal.take_back(session, row.id, reason="bounced", on=TODAY, by=PRIYA, at=AT, words="returned unpaid")
        assert {a: (p.overdue, p.since) for a, p in derived(session, accounts, TODAY).items()} == before
        yesterday = derived(session, accounts, TODAY - timedelta(days=1))
        assert yesterday[payer.rent.id].overdue == 0
        assert owed(session, payer) == [30_00, 10_00, 60_00]
        assert (row.state, row.reason) == ("taken_back", "bounced")
        assert lines(session, payer) == ["payment.received", "payment.taken_back"]
        assert verify(session).findings == []


def test_taking_back_twice_takes_back_once(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = entered(session, payer)
        for _ in range(2):
            reversal.take_back(session, row.id, reason="mistake", on=TODAY, by=PRIYA, at=AT)
        assert owed(session, payer) == [30_00, 10_00, 60_00]
        assert lines(session, payer) == ["payment.received", "payment.taken_back"]


def test_words_of_a_reason_stay_out_of_the_history(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        reversal.take_back(session, entered(session, payer).id, reason="other", on=TODAY, by=PRIYA, at=AT, words="Anna rang")
        assert "Anna" not in session.scalars(text("select facts::text from history where kind = 'payment.taken_back'")).one()


@pytest.mark.parametrize(
    ("reason", "day", "code"),
    [("because", TODAY, "payment.reason_unknown"), ("mistake", TODAY - timedelta(days=1), "ledger.reversed_too_early")],
)
def test_it_needs_a_reason_and_a_day_not_before_its_own(reason: str, day: date, code: str, db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = entered(session, payer)
        with pytest.raises(Refusal) as refused:
            reversal.take_back(session, row.id, reason=reason, on=day, by=PRIYA, at=AT)
        assert refused.value.code == code


def test_what_is_not_booked_cannot_be_taken_back(db: Database) -> None:
    with db.acting() as session:
        row = begun(session, a_payer(session), 45_00)
        with pytest.raises(Refusal, match="not_booked"):
            reversal.take_back(session, row.id, reason="mistake", on=TODAY, by=PRIYA, at=AT)


def test_a_refunded_card_payment_is_taken_back_and_its_work_is_done(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        told(session, row)
        keep(session, event("refund.created", refund_thing(row)))
    apply_all(db)
    with db.acting() as session:
        assert session.scalar(text("select count(*) from work_item where done_at is null")) == 1
        reversal.take_back(session, row.id, reason="refunded", on=TODAY, by=PRIYA, at=AT)
        assert session.scalar(text("select count(*) from work_item where done_at is null")) == 0
        assert owed(session, payer) == [30_00, 10_00, 60_00]
        assert session.scalar(text("select count(*) from payment_named")) == 0


def test_a_refund_told_after_the_payment_was_taken_back_asks_nobody(db: Database) -> None:
    with db.acting() as session:
        row = begun(session, a_payer(session), 45_00)
        told(session, row)
        reversal.take_back(session, row.id, reason="refunded", on=TODAY, by=PRIYA, at=AT)
        keep(session, event("refund.created", refund_thing(row)))
    assert apply_all(db) == ["refund"]
    with db.acting() as session:
        assert session.scalar(text("select count(*) from work_item")) == 0
