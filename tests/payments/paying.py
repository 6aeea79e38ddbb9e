"""People with debts who pay, and what a processor says of it: for the tests of this floor."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.db import Database
from cases.debts.account import Account
from cases.history import Actor
from cases.people.person import Person
from payments import attempt as attempts
from payments import callback, outcome
from payments.attempt import PaymentAttempt
from payments.payable import Choice, Payable, other, payables
from payments.processor import Begun, Seen, Standing
from payments.providers.stripe import Stripe
from tests.factories import AT, a_charge, a_creditor, a_person, an_account

REAL = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
STRIPE = Stripe("sk_test_reads_events_alone", base_url="http://127.0.0.1:9")
"""Reads events; it is never asked anything here."""
_numbers = count(1)


@dataclass
class Payer:
    """A person with two rent accounts of one creditor and a card debt of another, in pounds."""

    person: Person
    rent: Account
    garage: Account
    card: Account
    keys: Any = field(default_factory=lambda: count(1))

    @property
    def by(self) -> Actor:
        """The person, acting."""
        return Actor("debtor", self.person.id)


def a_payer(session: Session, *, rent: int = 30_00, garage: int = 10_00, card: int = 60_00) -> Payer:
    """Owes these sums, the rent longest."""
    housing, bank = a_creditor(session), a_creditor(session, name="Ashmere Cards")
    person = a_person(session, housing, mobile="+447700900146")
    made = [
        an_account(session, housing, person, debt_type="rent"),
        an_account(session, housing, person, debt_type="garage"),
        an_account(session, bank, person, debt_type="credit_card"),
    ]
    for account, amount, day in zip(made, (rent, garage, card), (3, 4, 2), strict=True):
        if amount:
            a_charge(session, account, amount, date(2026, 9, day))
    return Payer(person, *made)


def may_pay(session: Session, payer: Payer, currency: str = "GBP", at: datetime = AT) -> Payable:
    """What the person may pay in a currency."""
    return next(each for each in payables(session, [payer.person.id], at) if each.currency == currency)


def begun(
    session: Session, payer: Payer, choice: Choice | int, *, key: str | None = None, at: datetime = AT, real: datetime = REAL
) -> PaymentAttempt:
    """An attempt whose page at the processor stands: of a choice, or of a sum over all debts."""
    if isinstance(choice, int):
        choice = other(may_pay(session, payer, at=at), [payer.rent.id, payer.garage.id, payer.card.id], choice)
    row = attempts.start(session, person=payer.person.id, people=[payer.person.id], choice=choice,
                         key=key or f"key {next(payer.keys)}", least=30, provider="stripe", by=payer.by, at=at, real=real)  # fmt: skip
    return attempts.opened(session, row.id, Begun(f"cs_test_{row.id}", "http://127.0.0.1/card"))


def seen(row: PaymentAttempt, standing: Standing = Standing.PAID, *, at: datetime = REAL, **other: Any) -> Seen:
    """What the processor says of an attempt's page."""
    given = {"intent": f"pi_{row.id}", "amount": row.amount, "currency": row.currency} | other
    return Seen(f"cs_test_{row.id}", row.id, standing, at=at, **given)


def told(session: Session, row: PaymentAttempt, standing: Standing = Standing.PAID, *, confirmed: bool = True,
         taken: datetime = REAL, at: datetime = AT, real: datetime = REAL, **given: Any) -> str:  # fmt: skip
    """Applies what the processor says of an attempt's page; `taken`: when the bank took the money."""
    return outcome.take(session, "stripe", seen(row, standing, at=taken, **given), confirmed=confirmed, at=at, real=real)


def owed(session: Session, payer: Payer) -> list[int]:
    """What is owed on the three accounts, whatever the day."""
    return [
        session.scalar(text("select coalesce(sum(amount), 0)::bigint from entry where account_id = :a"), {"a": each.id})
        for each in (payer.rent, payer.garage, payer.card)
    ]


def lines(session: Session, payer: Payer) -> list[str]:
    """The kinds of the lines about the person, in order."""
    return list(session.scalars(text("select kind from history where person_id = :p and kind like 'payment.%' order by id"),
                                {"p": payer.person.id}))  # fmt: skip


def state_of(session: Session, row: int) -> str:
    """The state of an attempt."""
    return session.scalars(select(PaymentAttempt.state).where(PaymentAttempt.id == row)).one()


# ---------------------------------------------------------------------------- Stripe's events


def event(kind: str, thing: dict[str, Any], *, at: datetime = REAL, id: str | None = None) -> bytes:
    """An event as Stripe writes it."""
    return json.dumps(
        {"id": id or f"evt_{next(_numbers)}", "object": "event", "type": kind, "created": int(at.timestamp()),
         "data": {"object": thing}}
    ).encode()  # fmt: skip


def session_thing(row: PaymentAttempt, **changed: Any) -> dict[str, Any]:
    """A Checkout session that is paid."""
    return {
        "id": f"cs_test_{row.id}", "object": "checkout.session", "status": "complete", "payment_status": "paid",
        "payment_intent": f"pi_{row.id}", "amount_total": row.amount, "currency": row.currency.lower(),
        "metadata": {"attempt": str(row.id)}, "client_reference_id": str(row.id), "created": int(REAL.timestamp()),
    } | changed  # fmt: skip


def refund_thing(row: PaymentAttempt, **changed: Any) -> dict[str, Any]:
    """A refund of the whole."""
    return {"id": f"re_{row.id}", "object": "refund", "payment_intent": f"pi_{row.id}", "amount": row.amount,
            "currency": row.currency.lower(), "status": "succeeded", "reason": "requested_by_customer"} | changed  # fmt: skip


def dispute_thing(row: PaymentAttempt, **changed: Any) -> dict[str, Any]:
    """A dispute of the whole."""
    return {"id": f"dp_{row.id}", "object": "dispute", "payment_intent": f"pi_{row.id}", "amount": row.amount,
            "currency": row.currency.lower(), "status": "needs_response", "reason": "fraudulent"} | changed  # fmt: skip


def intent_thing(row: PaymentAttempt, code: str = "insufficient_funds") -> dict[str, Any]:
    """A payment intent whose last try the bank declined."""
    return {"id": f"pi_{row.id}", "object": "payment_intent", "metadata": {"attempt": str(row.id)},
            "last_payment_error": {"code": "card_declined", "decline_code": code}}  # fmt: skip


def keep(session: Session, raw: bytes, *, at: datetime = AT, real: datetime = REAL) -> bool:
    """The hook's part: keeps an event whose signature was right."""
    whole = json.loads(raw)
    return callback.keep(session, provider="stripe", key=whole["id"], kind=whole["type"], raw=raw, at=at, real=real)


def apply_all(db: Database, *, at: datetime = AT, real: datetime = REAL) -> list[str]:
    """The worker's part: applies what waits, each in a transaction of its own."""
    results = []
    while True:
        with db.acting() as session:
            did = callback.apply_one(session, {"stripe": STRIPE}, at=at, real=real)
        if did is None:
            return results
        results.append(did)


def later(**time: float) -> datetime:
    """A real moment so much after the start."""
    return REAL + timedelta(**time)


