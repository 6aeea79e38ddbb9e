"""The attempt: one person paying one sum, from the button to the ledger.

The row is written before the processor is asked, and its key is the processor's idempotency key, so a
double click, the back button and an answer that never came all mean the same attempt. A person has at
most one that is not over in each currency: beginning another one ends the first at the processor, and
where that one is paid already, nothing begins.

States: `started` (the processor is being asked), `open` (its page stands), `coming` (the person paid;
announced, not yet confirmed), `paid` (booked); `cancelled`, `expired`, `failed` (nothing was taken);
`taken_back` (booked, and taken back). Money that a collector saw come in by another way is an attempt
that is paid at once (`by_hand.py`).

Shares: how much is meant for which account, in order; that is the payer's instruction. Sums are minor
units. `started_at` is the door's moment, `started_real` the true one: the processor's moments are
true ones, and are told as the door's by the same distance (they differ in the demo alone).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, Date, Index, Integer, Text, UniqueConstraint, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Currency, Id, Minor, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.person import Person, all_ids
from cases.refusal import refusal_code

STATES: Final = ("started", "open", "coming", "paid", "cancelled", "expired", "failed", "taken_back")
UNFINISHED: Final = ("started", "open")
BY_HAND: Final = ("cash", "cheque", "transfer")


class PaymentAttempt(Base):
    """One attempt. `session_id`, `url`: the processor's page; `intent`: its payment; `declined`: its last no."""

    __tablename__ = "payment_attempt"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    key: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    arrangement_id: Mapped[int | None] = refers("arrangement.id", nullable=True)
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    state: Mapped[str] = mapped_column(Text, server_default=text("'started'"))
    made_by: Mapped[str] = mapped_column(Text)
    started_at: Mapped[Moment]
    started_real: Mapped[Moment]
    expires_real: Mapped[Moment | None]
    look_real: Mapped[Moment | None]
    looks: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    provider: Mapped[str | None] = mapped_column(Text)
    session_id: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    intent: Mapped[str | None] = mapped_column(Text)
    declined: Mapped[str | None] = mapped_column(Text)
    paid_at: Mapped[Moment | None]
    booked_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    value_date: Mapped[date | None] = mapped_column(Date)
    reference: Mapped[str | None] = mapped_column(Text)
    taken_back_at: Mapped[Moment | None]
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("method in ('card', 'cash', 'cheque', 'transfer')", "method"),
        CheckConstraint("purpose in ('plan', 'overdue', 'all', 'other')", "purpose"),
        CheckConstraint(f"state in {STATES}", "state"),
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("(state in ('paid', 'taken_back')) = (booked_at is not null)", "booked"),
        CheckConstraint("state not in ('coming', 'paid', 'taken_back') or paid_at is not null", "paid"),
        CheckConstraint("(state = 'taken_back') = (taken_back_at is not null)", "taken_back"),
        UniqueConstraint("person_id", "key"),
        UniqueConstraint("provider", "session_id"),
        Index("payment_attempt_one", "person_id", "currency", unique=True,
              postgresql_where=text("state in ('started', 'open')")),
        Index("payment_attempt_look", "look_real", postgresql_where=text("look_real is not null")),
        Index("payment_attempt_intent", "provider", "intent"),
    )  # fmt: skip


class PaymentShare(Base):
    """What one account gets of an attempt, in minor units; `nth` is the payer's order."""

    __tablename__ = "payment_share"

    attempt_id: Mapped[int] = refers("payment_attempt.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    nth: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Minor]

    __table_args__ = (CheckConstraint("amount > 0", "amount"), Index("payment_share_account", "account_id"))
