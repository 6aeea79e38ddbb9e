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

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, Date, Index, Integer, Text, UniqueConstraint, Uuid, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Currency, Id, Minor, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.person import Person
from cases.refusal import refusal_code
from cases.waits import WAITS
from payments.payable import NOTHING_CHOSEN, TOO_LITTLE, TOO_MUCH, Choice, Payable, free, payables
from payments.processor import Begun, Order

ANOTHER_OPEN = refusal_code("payment.another_open", "attempt")
UNKNOWN = refusal_code("payment.unknown")

STATES: Final = ("started", "open", "coming", "paid", "cancelled", "expired", "failed", "taken_back")
UNFINISHED: Final = ("started", "open")
BY_HAND: Final = ("cash", "cheque", "transfer")
LASTS: Final = timedelta(minutes=60)
"""How long a processor's page stands; half an hour is the least that Stripe takes."""


class PaymentAttempt(Base):
    """One attempt. `session_id`, `url`: the processor's page; `intent`: its payment; `declined`: its last no.

    `look_real`: when the processor is asked next, by itself; `reference`: what a collector wrote of money
    that came by hand; `reason`, `words`: why it was taken back. Words and reference are erasable.
    """

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
    declined_real: Mapped[Moment | None]
    paid_at: Mapped[Moment | None]
    booked_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    value_date: Mapped[date | None] = mapped_column(Date)
    reference: Mapped[str | None] = mapped_column(Text)
    taken_back_at: Mapped[Moment | None]
    reason: Mapped[str | None] = mapped_column(Text)
    words: Mapped[str | None] = mapped_column(Text)
    words_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)

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


@dataclass(frozen=True, slots=True)
class Whole:
    """An attempt with its shares, in the payer's order."""

    attempt: PaymentAttempt
    shares: tuple[PaymentShare, ...]


def start(
    session: Session,
    *,
    person: int,
    people: Sequence[int],
    choice: Choice,
    key: str,
    least: int,
    provider: str,
    by: Actor,
    at: datetime,
    real: datetime,
    lasts: timedelta = LASTS,
) -> PaymentAttempt:
    """Begins to pay: the row, its shares, a history line. The same key gives the first one back.

    `people` are the person's ids, all joined ones; `least` the processor's least sum. What is chosen must
    still be owed and not on its way. Refuses `payment.another_open` (close that one first),
    `payment.nothing_chosen`, `payment.too_much`, `payment.too_little`.
    """
    session.execute(select(Person.id).where(Person.id == person).with_for_update(key_share=True))
    was = session.scalar(select(PaymentAttempt).where(PaymentAttempt.person_id == person, PaymentAttempt.key == key))
    if was is not None:
        return was
    another = session.scalar(
        select(PaymentAttempt.id).where(
            PaymentAttempt.person_id == person, PaymentAttempt.currency == choice.currency,
            PaymentAttempt.state.in_(UNFINISHED),
        )
    )  # fmt: skip
    if another is not None:
        raise ANOTHER_OPEN(attempt=another)
    _still_owed(payables(session, people, at), choice, least)
    return save(
        session,
        PaymentAttempt(
            person_id=person, key=key, method="card", purpose=choice.purpose, arrangement_id=choice.plan,
            currency=choice.currency, amount=choice.amount, state="started", made_by=str(by), started_at=at,
            started_real=real, expires_real=real + lasts, look_real=real + WAITS.payment_look, provider=provider,
        ),
        choice, Kind.PAYMENT_BEGUN, by=by, at=at,
    )  # fmt: skip


def save(
    session: Session, attempt: PaymentAttempt, choice: Choice, kind: Kind, *, by: Actor, at: datetime
) -> PaymentAttempt:
    """Writes an attempt with its shares, and one line about it."""
    session.add(attempt)
    session.flush()
    session.add_all(
        PaymentShare(
            attempt_id=attempt.id, account_id=share.account, creditor_id=share.creditor, nth=n, amount=share.amount
        )
        for n, share in enumerate(choice.shares, 1)
    )
    session.flush()
    tell(session, attempt, kind, by=by, at=at, creditors=len({share.creditor for share in choice.shares}))
    return attempt


def tell(session: Session, attempt: PaymentAttempt, kind: Kind, *, by: Actor, at: datetime, **more: object) -> None:
    """Writes a history line about an attempt, for its person."""
    facts = {"amount": attempt.amount, "currency": attempt.currency, "method": attempt.method, **more}
    subject = f"payment_attempt:{attempt.id}"
    record(session, kind, by=by, at=at, person=attempt.person_id, subject=subject, facts=facts)


def order_of(session: Session, attempt: int, *, back: str, words: str, language: str) -> Order | None:
    """What to ask the processor for; None when the attempt has gone on meanwhile.

    `back`: where the person returns; `words`: the neutral line of the page. Raises `payment.unknown`.
    """
    found = session.execute(
        select(PaymentAttempt, Person.case_ref)
        .join(Person, Person.id == PaymentAttempt.person_id)
        .where(PaymentAttempt.id == attempt)
    ).one_or_none()
    if found is None:
        raise UNKNOWN()
    row, case_ref = found
    if row.state != "started" or row.expires_real is None:
        return None
    return Order(
        attempt=row.id, key=f"attempt-{row.id}-{row.key}", case_ref=case_ref, amount=row.amount,
        currency=row.currency, words=words, language=language, back=back, expires=row.expires_real,
    )  # fmt: skip


def opened(session: Session, attempt: int, begun: Begun) -> PaymentAttempt:
    """The processor's page stands. An attempt that is further already only learns its address."""
    row = locked(session, attempt)
    row.session_id = row.session_id or begun.session
    if row.state == "started":
        row.state, row.url = "open", begun.url
    session.flush()
    return row


def not_opened(session: Session, attempt: int, code: str, *, by: Actor, at: datetime) -> None:
    """The processor clearly refused to begin: nothing can be paid here. Told once."""
    row = locked(session, attempt)
    if row.state != "started":
        return
    row.state, row.declined, row.ended_at, row.look_real = "failed", code, at, None
    tell(session, row, Kind.PAYMENT_ABANDONED, by=by, at=at, why="not_begun")


def locked(session: Session, attempt: int) -> PaymentAttempt:
    """The attempt, held until the transaction ends. Raises `payment.unknown`."""
    row = session.scalar(
        select(PaymentAttempt)
        .where(PaymentAttempt.id == attempt)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UNKNOWN()
    return row


def shares_of(session: Session, attempt: int) -> list[PaymentShare]:
    """The shares of an attempt, in the payer's order."""
    return list(
        session.scalars(select(PaymentShare).where(PaymentShare.attempt_id == attempt).order_by(PaymentShare.nth))
    )


def attempts_of(session: Session, people: Sequence[int], limit: int = 50) -> list[PaymentAttempt]:
    """The attempts of these ids, the newest first."""
    return list(
        session.scalars(
            select(PaymentAttempt)
            .where(PaymentAttempt.person_id.in_(people))
            .order_by(PaymentAttempt.id.desc())
            .limit(limit)
        )
    )


def to_look_at(session: Session, *, real: datetime, limit: int = 50) -> list[int]:
    """The attempts that the processor is to be asked about now, the longest waiting first."""
    return list(
        session.scalars(
            select(PaymentAttempt.id)
            .where(PaymentAttempt.look_real <= real)
            .order_by(PaymentAttempt.look_real, PaymentAttempt.id)
            .limit(limit)
        )
    )


def look_again(attempt: PaymentAttempt, real: datetime) -> None:
    """Sets the next look: each wait is twice the one before, an hour at most."""
    attempt.looks += 1
    attempt.look_real = real + min(WAITS.payment_look * 2 ** min(attempt.looks, 10), WAITS.payment_look_longest)


def _still_owed(found: Sequence[Payable], choice: Choice, least: int) -> None:
    """Refuses a choice that is more than what is owed and not on its way, share by share."""
    if not choice.shares:
        raise NOTHING_CHOSEN()
    payable = next((each for each in found if each.currency == choice.currency), None)
    owing = {debt.account: free(debt) for debt in payable.debts} if payable else {}
    if any(share.amount > owing.get(share.account, 0) for share in choice.shares):
        most = sum(owing.get(share.account, 0) for share in choice.shares)
        raise TOO_MUCH(amount=choice.amount, most_amount=most, currency=choice.currency)
    if choice.amount < least:
        raise TOO_LITTLE(amount=choice.amount, least=least, currency=choice.currency)


@dataclass(frozen=True, slots=True)
class Part:
    """What one debt gets of an attempt, with its names; minor units."""

    creditor: str
    kind: str
    ref: str
    amount: int


def parts_of(session: Session, attempt: int) -> list[Part]:
    """What each debt gets of an attempt, by creditor. One statement."""
    return [Part(*row) for row in session.execute(_PARTS, {"attempt": attempt})]


_PARTS: Final = text("""
select c.name as creditor, coalesce(t.debt_type, '') as kind, a.ref, s.amount
from payment_share s join account a on a.id = s.account_id join creditor c on c.id = s.creditor_id
left join account_terms t on t.account_id = a.id and t.replaced_at is null
where s.attempt_id = :attempt order by c.name, s.nth
""")
