"""Callbacks: what a processor reports, kept once as it came and then applied.

A hook verifies the signature, keeps the raw event under the processor's own id and answers; the worker
applies it. Events may come in any order, twice and late: each is applied to what stands, and the end is
the same. One that tells of money whose payment we do not know yet waits and is tried again; after
three days it is *parked*, as is one that still breaks after an hour, or that we cannot read: it is kept,
counted and logged.

What the database could not do just now is left as it was, and done again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, passing, refers
from cases.waits import WAITS
from payments import outcome, reversal
from payments.processor import Declined, Processor, Reported, Seen

log = structlog.get_logger()

PARKED: Final = ("unreadable", "broken", "no_such_attempt", "no_such_payment", "differs")
"""Results of events that somebody should look into."""
TRIED_FOR: Final = timedelta(days=3)
_PATIENCE: Final = {"no_such_attempt": TRIED_FOR, "no_such_payment": TRIED_FOR, "broken": timedelta(hours=1)}
"""How long an event is tried again: its payment may be told by one that comes later, what broke may be passing."""


class PaymentEvent(Base):
    """One raw event. `key`, the processor's id of it, makes a repeat harmless; `result` says what applying it did.

    `look_real`: when it is tried next; `raw` is erasable.
    """

    __tablename__ = "payment_event"

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempt_id: Mapped[int | None] = refers("payment_attempt.id", nullable=True)
    received_at: Mapped[Moment]
    received_real: Mapped[Moment]
    look_real: Mapped[Moment | None]
    applied_at: Mapped[Moment | None]
    result: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("provider", "key"),
        Index("payment_event_waiting", "look_real", "id", postgresql_where=text("applied_at is null")),
    )


def keep(session: Session, *, provider: str, key: str, kind: str, raw: bytes, at: datetime, real: datetime) -> bool:
    """Keeps a raw event whose signature was right, once. Returns False for a repeat."""
    kept = session.execute(
        insert(PaymentEvent)
        .values(provider=provider, key=key, kind=kind, raw=raw, received_at=at, received_real=real, look_real=real)
        .on_conflict_do_nothing(index_elements=["provider", "key"])
        .returning(PaymentEvent.id)
    ).scalar()
    return kept is not None


def apply_one(session: Session, processors: Mapping[str, Processor], *, at: datetime, real: datetime) -> str | None:
    """Applies the oldest event that waits, and returns what that did; None when none waits.

    `processors` by name. One that breaks waits, so that it holds up no other. Raises the database's
    error when that may pass: then nothing is applied, and the caller tries again.
    """
    event = session.scalars(
        select(PaymentEvent)
        .where(PaymentEvent.applied_at.is_(None), PaymentEvent.look_real <= real)
        .order_by(PaymentEvent.look_real, PaymentEvent.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    ).first()
    if event is None:
        return None
    try:
        with session.begin_nested():
            did = _apply(session, processors, event, at, real)
    except Exception as error:
        if passing(error):
            raise
        log.error("payment_event_broken", event_id=event.id, provider=event.provider, exc_info=error)
        did = "broken"
    waited = real - event.received_real
    if waited < _PATIENCE.get(did, timedelta(0)):
        event.look_real = real + min(max(waited, WAITS.payment_event), WAITS.payment_event_longest)
        session.flush()
        return "waits"
    event.applied_at, event.result, event.look_real = at, did, None
    session.flush()
    if did in PARKED:
        log.warning("payment_event_parked", event_id=event.id, provider=event.provider, reason=did)
    return did


def _apply(
    session: Session, processors: Mapping[str, Processor], event: PaymentEvent, at: datetime, real: datetime
) -> str:
    processor = processors.get(event.provider)
    if processor is None or event.raw is None:
        return "unreadable"
    try:
        told = processor.read(event.raw)
    except ValueError:
        return "unreadable"
    if told is None:
        return "nothing_to_us"
    if isinstance(told, Seen):
        return outcome.take(session, event.provider, told, confirmed=True, at=at, real=real)
    if isinstance(told, Declined):
        return outcome.declined(session, event.provider, told, at=at)
    assert isinstance(told, Reported)
    return reversal.reported(session, event.provider, told, at=at)
