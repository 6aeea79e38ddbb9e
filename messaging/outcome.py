"""Outcome: what became of a message, told in the history, and what that says of the address.

Here an outcome is written that comes after the call: by a report, by the carrier's list, by a person.
What the call itself gave is written set-based (`delivery.settle`) by the same rules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.history import Actor, Kind, proof, record
from cases.people.permission import withdraw
from cases.work import queue
from messaging.carriers import Effect, Progress
from messaging.outbox import Message

BY: Final = Actor("delivery")


def advance(
    session: Session,
    message: Message,
    provider_id: str | None,
    progress: Progress,
    code: str | None,
    effect: Effect,
    group: str | None,
    *,
    at: datetime,
) -> None:
    """Raises a locked message to what its carrier says of it, and tells it in the history.

    The caller has checked that it is a rise (`carriers.applies`).
    """
    before = message.state
    message.state = {Progress.FAILED: "failed", Progress.DELIVERED: "delivered"}.get(progress, "sent")
    message.provider_id = provider_id or message.provider_id
    message.lease_until = message.why = message.why_facts = None
    message.settled_at = at
    if message.sent_at is None:
        message.sent_at = at
    if progress is Progress.FAILED:
        message.error_code = code
        message.why_facts = {"group": group, "effect": effect.value}
    elif progress is Progress.DELIVERED:
        message.error_code = None
    session.flush()
    if before in ("planned", "sending", "uncertain", "withheld"):
        _tell(session, message, Kind.MESSAGE_SENT, at)
        queue.done(session, subject=f"message:{message.id}", by=BY, at=at)
    if progress is Progress.DELIVERED:
        _tell(session, message, Kind.MESSAGE_DELIVERED, at)
    elif progress is Progress.FAILED:
        _tell(session, message, Kind.MESSAGE_FAILED, at, code=code, group=group)
        bear(session, message.id, effect, at=at)


def bear(session: Session, message: int, effect: Effect, *, at: datetime) -> None:
    """What a carrier's error means for the address: a withdrawal, or a number that a person must look at."""
    if effect in (Effect.NONE, Effect.STRIKE):
        return
    person, channel, contact, address = session.execute(
        text(
            "select m.person_id, m.channel, c.id, c.value_norm from message m join contact c on c.id = m.contact_id"
            " where m.id = :id"
        ),
        {"id": message},
    ).one()
    if effect is Effect.STOPPED:
        withdraw(session, channel, address, because="carrier", by=BY, at=at)
    else:
        queue.open_item(session, person=person, kind="undelivered", subject=f"contact:{contact}", urgency=2, at=at)


def end(
    session: Session, message: Message, state: str, code: str | None, at: datetime, *, by: Actor = BY
) -> None:
    """Ends an uncertain message without the carrier's word."""
    message.state, message.error_code, message.settled_at, message.lease_until = state, code, at, None
    session.flush()
    if state == "sent":
        _tell(session, message, Kind.MESSAGE_SENT, at, by=by)
    else:
        _tell(session, message, Kind.MESSAGE_FAILED, at, by=by, code=code, group=None)


def _tell(
    session: Session, message: Message, kind: Kind, at: datetime, *, by: Actor = BY, **facts: object
) -> None:
    if kind is Kind.MESSAGE_SENT and message.template == "code":
        kind = Kind.CODE_SENT
    told: dict[str, object] = {"template": message.template, "channel": message.channel, **facts}
    if kind is Kind.MESSAGE_SENT and message.body is not None and message.body_salt is not None:
        told["proof"] = proof(message.body_salt, message.body)
    record(session, kind, by=by, at=at, creditor=message.creditor_id, person=message.person_id,
           subject=f"message:{message.id}", facts=told)  # fmt: skip
