"""Events of the processor: kept once, read as Stripe writes them, applied in any order to the same end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from sqlalchemy import text

from cases.db import Database
from payments.attempt import PaymentAttempt
from tests.payments.paying import (
    REAL,
    STRIPE,
    a_payer,
    apply_all,
    begun,
    dispute_thing,
    event,
    keep,
    later,
    owed,
    refund_thing,
    session_thing,
    told,
)
from tests.payments.stories import PIECES, begin, orders, play


def test_an_event_is_kept_once_and_applied_once(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        raw = event("checkout.session.completed", session_thing(row))
        assert [keep(session, raw), keep(session, raw)] == [True, False]
    assert apply_all(db) == ["booked"]
    assert apply_all(db) == []
    with db.acting() as session:
        assert owed(session, payer) == [0, 10_00, 45_00]


def test_what_means_nothing_to_us_is_kept_and_left(db: Database) -> None:
    with db.acting() as session:
        keep(session, event("charge.succeeded", {"id": "ch_1"}))
    assert apply_all(db) == ["nothing_to_us"]


@pytest.mark.parametrize(
    "raw",
    [
        event("checkout.session.completed", {"id": "cs_1"}, id="a"),
        event("refund.created", {"id": "re_1", "amount": "x"}, id="b"),
        json.dumps({"id": "c", "type": "checkout.session.completed"}).encode(),
        json.dumps({"id": "d", "type": "refund.created", "created": 10**30, "data": {"object": {}}}).encode(),
        json.dumps({"id": "e", "type": "charge.dispute.created", "created": 1, "data": {"object": []}}).encode(),
    ],
)
def test_what_cannot_be_read_is_parked_and_holds_up_nothing(db: Database, raw: bytes) -> None:
    with db.acting() as session:
        row = begun(session, a_payer(session), 45_00)
        keep(session, raw)
        keep(session, event("checkout.session.completed", session_thing(row)))
    assert sorted(apply_all(db)) == ["booked", "unreadable"]


@pytest.mark.parametrize(
    ("kind", "thing"),
    [
        ("refund.created", {"id": "re_1", "payment_intent": "pi_\0", "amount": 1, "currency": "gbp", "status": "x"}),
        ("checkout.session.completed", {"payment_intent": "pi_\0"}),
        ("checkout.session.completed", {"amount_total": 10**30}),
    ],
)
def test_what_the_database_cannot_hold_is_parked_after_an_hour_and_holds_up_nothing(
    db: Database, kind: str, thing: dict[str, object]
) -> None:
    with db.acting() as session:
        row, other = begun(session, a_payer(session), 45_00), begun(session, a_payer(session), 45_00)
        keep(session, event(kind, thing if kind == "refund.created" else session_thing(row, **thing)))
        keep(session, event("checkout.session.completed", session_thing(other)))
    results = apply_all(db)
    assert len(results) == 2 and results[1] == "booked" and results[0] in ("waits", "differs")
    if results[0] == "waits":
        assert apply_all(db, real=later(minutes=50)) == ["waits"]
        assert apply_all(db, real=later(hours=3)) == ["broken"]


def test_a_refund_whose_payment_is_not_known_yet_waits_for_it(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        keep(session, event("refund.created", refund_thing(row)))
    assert apply_all(db) == ["waits"]
    with db.acting() as session:
        keep(session, event("checkout.session.completed", session_thing(row)))
    assert apply_all(db) == ["booked"]
    assert apply_all(db, real=later(minutes=1)) == ["refund"]


def test_a_refund_of_nothing_we_know_is_parked_after_three_days(db: Database) -> None:
    with db.acting() as session:
        row = begun(session, a_payer(session), 45_00)
        keep(session, event("refund.created", refund_thing(row)))
    results, real = [], REAL
    while not results or results[-1] == "waits":
        results += apply_all(db, real=real)
        real += timedelta(hours=1)
    assert results[-1] == "no_such_payment"
    assert timedelta(days=3) < real - REAL < timedelta(days=3, hours=3)


def test_a_refund_and_a_dispute_change_no_money_and_ask_a_person(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        told(session, row)
        for raw in (event("refund.created", refund_thing(row)), event("charge.dispute.created", dispute_thing(row))):
            keep(session, raw)
    assert sorted(apply_all(db)) == ["dispute", "refund"]
    with db.acting() as session:
        assert owed(session, payer) == [0, 10_00, 45_00]
        assert sorted(session.scalars(text("select kind || ' ' || subject from work_item where done_at is null"))) == [
            f"dispute dispute:{row.id}", f"refund refund:{row.id}",
        ]  # fmt: skip


@pytest.mark.parametrize(("thing", "kind"), [(refund_thing, "refund.failed"), (dispute_thing, "charge.dispute.closed")])
def test_what_ended_in_our_favour_is_told_and_asks_nobody(db: Database, thing, kind: str) -> None:
    with db.acting() as session:
        row = begun(session, a_payer(session), 45_00)
        told(session, row)
        keep(session, event(kind, thing(row, status="failed" if thing is refund_thing else "won")))
    apply_all(db)
    with db.acting() as session:
        assert session.scalar(text("select count(*) from work_item")) == 0
        assert session.scalar(text("select count(*) from history where kind = 'payment.reported'")) == 1


def test_a_session_of_stripe_is_read_as_it_stands() -> None:
    def standing(kind: str, **changed: object) -> str:
        row = PaymentAttempt(id=7, amount=45_00, currency="GBP")
        return STRIPE.read(event(kind, session_thing(row, **changed))).standing.value  # type: ignore[union-attr]

    assert standing("checkout.session.completed") == "paid"
    assert standing("checkout.session.completed", payment_status="unpaid") == "pending"
    assert standing("checkout.session.async_payment_succeeded") == "paid"
    assert standing("checkout.session.async_payment_failed", payment_status="unpaid") == "failed"
    assert standing("checkout.session.expired", status="expired", payment_status="unpaid") == "over"


# ---------------------------------------------------------------------------- in any order
@pytest.mark.slow
def test_in_whatever_order_and_however_often_the_news_comes_the_end_is_the_same(db: Database) -> None:
    """`make chaos` tries ten thousand."""
    with db.acting() as session:
        story = begin(session)
        plain = play(session, story, range(PIECES))

        @settings(max_examples=60, deadline=None)
        @given(order=orders)
        def holds(order: list[int]) -> None:
            assert play(session, story, order) == plain

        holds()
    assert (plain["state"], plain["owed"], plain["text"]) == ("paid", [0, 10_00, 45_00], "delivered")
    assert plain["work"] == ["dispute", "refund"]
