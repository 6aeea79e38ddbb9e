"""Outcome: what became of a message, told in the history, and what that says of the address.

Here an outcome is written that comes after the call: by a report, by the carrier's list, by a person.
What the call itself gave is written set-based (`delivery.settle`) by the same rules.

*Followed*: a text that has failed for good is followed by one mail for the same reasons.

*Put off*: the carrier took a message, and then says for certain that it gave up for a cause that
passes (its queue was full). It is planned again for later, twice at most, and permit is asked anew.
What still comes of the attempt that was put off changes nothing, unless it was delivered after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.history import Actor, Kind, proof, record
from cases.people.permission import withdraw
from cases.waits import WAITS
from cases.work import queue
from messaging.carriers import Effect, Group, Progress
from messaging.outbox import Message

BY: Final = Actor("delivery")

PUT_OFF_MOST: Final = 2


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
    stale = provider_id is not None and provider_id != message.provider_id and progress is not Progress.DELIVERED
    if stale and _was_put_off(session, message, provider_id):
        return
    before = message.state
    if progress is Progress.FAILED and group == Group.RETRY_LATER and _put_off(session, message, provider_id, at):
        if before in ("sending", "uncertain"):
            _tell(session, message, Kind.MESSAGE_SENT, at)
            queue.done(session, subject=f"message:{message.id}", by=BY, at=at)
        _tell(session, message, Kind.MESSAGE_FAILED, at, code=code, group=group)
        return
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
        follow(session, [message.id], at=at)


def bear(session: Session, message: int, effect: Effect, *, at: datetime) -> None:
    """What a carrier's error means for the address: a withdrawal, or a number that a person must look at."""
    if effect in (Effect.NONE, Effect.STRIKE):
        return
    found = session.execute(
        text(
            "select m.person_id, m.channel, c.id, c.value_norm from message m join contact c on c.id = m.contact_id"
            " where m.id = :id"
        ),
        {"id": message},
    ).one_or_none()
    if found is None:
        return  # a code to an address that is no contact yet: nothing is known of it
    person, channel, contact, address = found
    if effect is Effect.STOPPED:
        withdraw(session, channel, address, because="carrier", by=BY, at=at)
    else:
        queue.open_item(session, person=person, kind="undelivered", subject=f"contact:{contact}", urgency=2, at=at)


def follow(session: Session, messages: Sequence[int], *, at: datetime) -> int:
    """Plans a mail for each of these texts that has failed for good, for the same reasons. Returns how many.

    Not for whoever has no address, nor where the carrier refused because of a STOP, nor when its time is over. A
    reason that was a mail already is none again. Whether a mail may go is decided when it is claimed.
    """
    if not messages:
        return 0
    planned: int = session.execute(
        _FOLLOW, {"ids": list(messages), "alone": ["code", "stop_confirmed"], "at": at, "stopped": Effect.STOPPED}
    ).scalar_one()
    return planned


def came_back(session: Session, message: Message, code: str | None, effect: Effect, group: str | None) -> None:
    """Notes of a mail that was delivered that it came back after all. What was told of it stays told."""
    message.error_code, message.why_facts = code, {"group": group, "effect": effect.value}
    session.flush()


_FOLLOW: Final = text("""
with f as materialized (
  select m.id as text_id, nextval(pg_get_serial_sequence('message', 'id')) as id, m.creditor_id, m.person_id,
    m.template, m.day, m.not_after
  from message m left join joined j on j.person_id = m.person_id and j.replaced_at is null and not j.parted
  where m.id = any(:ids) and m.channel = 'sms' and m.state = 'failed' and m.template <> all(:alone)
    and coalesce(m.why_facts ->> 'effect', '') <> :stopped
    and (m.not_after is null or m.not_after > cast(:at as timestamptz))
    and exists (
      select from contact c where c.kind = 'email' and c.replaced_at is null and not c.withdrawn
        and c.person_id = any (array(
          select coalesce(j.into_id, m.person_id) union all
          select k.person_id from joined k
          where k.into_id = coalesce(j.into_id, m.person_id) and k.replaced_at is null and not k.parted)))),
r as (
  insert into reason (cause, subject, step, person_id, channel, message_id)
  select r.cause, r.subject, r.step, r.person_id, 'email', f.id from f
  join reason r on r.message_id = f.text_id and r.channel = 'sms' on conflict do nothing returning message_id),
m as (
  insert into message (id, creditor_id, person_id, channel, template, day, not_before, not_after, planned_at)
  overriding system value
  select id, creditor_id, person_id, 'email', template, day, :at, not_after, :at
  from f where id in (select message_id from r) returning 1)
select count(*) from m
""")


def _was_put_off(session: Session, message: Message, provider_id: str | None) -> bool:
    """Whether the carrier's id is that of an attempt of this message that was put off."""
    found: bool = session.execute(
        text("select exists (select from attempt"
             " where message_id = :id and provider_id = :sid and outcome = 'put_off')"),
        {"id": message.id, "sid": provider_id},
    ).scalar_one()  # fmt: skip
    return found


def _put_off(session: Session, message: Message, provider_id: str | None, at: datetime) -> bool:
    """Plans a message again that its carrier has given up for now. False when it has been often enough.

    A code is not: the person asks for another.
    """
    if message.state not in ("sending", "uncertain", "sent") or message.template in ("code", "stop_confirmed"):
        return False
    before: int = session.execute(
        text("select count(*) from attempt where message_id = :id and outcome = 'put_off'"), {"id": message.id}
    ).scalar_one()
    if before >= PUT_OFF_MOST:
        return False
    session.execute(
        text(
            "update attempt set outcome = 'put_off', provider_id = coalesce(provider_id, :sid),"
            " ended_at = coalesce(ended_at, started_at) where message_id = :id and attempt = :attempt"
        ),
        {"id": message.id, "attempt": message.attempt, "sid": provider_id or message.provider_id},
    )
    message.state, message.provider_id, message.lease_until, message.sent_at = "planned", None, None, None
    message.settled_at, message.not_before = None, at + WAITS.put_off * (before + 1)
    session.flush()
    return True


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
        follow(session, [message.id], at=at)


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
