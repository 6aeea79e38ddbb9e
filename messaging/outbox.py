"""The outbox: what we mean to say, why, to whom, and what became of it.

A *reason* (cause, subject, step, person, channel) says why a message exists; it
is unique, so planning again plans nothing new. One message may have many
reasons; a carrier sees each reason at most once. Planning asks only whether the
reason exists; whether the message may go is decided once, when it is claimed
(`permit.py`). So is its channel: a text is planned, and where it goes as a mail
instead (`reach.py`), its reasons stand on both channels.

States: planned → sending → sent → delivered | failed; sending → uncertain (no
clear answer: looked up at the carrier, never sent again blindly); planned →
withheld (with why). What is refused for now goes back to planned, with a later
not_before. Moments are the door's (moved in the demo); leases and attempts keep
real time, as carriers do.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, Date, Index, Integer, Text, Uuid, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, refers


class Message(Base):
    """One message to one person over one channel. `body` is erasable; a code's words are never kept.

    `address`: where it goes when that is no contact yet: a code that proves a new one.
    """

    __tablename__ = "message"

    id: Mapped[Id]
    creditor_id: Mapped[int | None] = refers("creditor.id", nullable=True)
    person_id: Mapped[int] = refers("person.id")
    channel: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(Text)
    day: Mapped[date | None] = mapped_column(Date)
    not_before: Mapped[Moment]
    not_after: Mapped[Moment | None]
    state: Mapped[str] = mapped_column(Text, server_default=text("'planned'"))
    attempt: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    lease_until: Mapped[Moment | None]
    provider: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(Text)
    contact_id: Mapped[int | None] = refers("contact.id", nullable=True)
    address: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    body_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    why: Mapped[str | None] = mapped_column(Text)
    why_facts: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    error_code: Mapped[str | None] = mapped_column(Text)
    planned_at: Mapped[Moment]
    sent_at: Mapped[Moment | None]
    settled_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("channel in ('sms', 'email')", "channel"),
        CheckConstraint("state in ('planned','sending','sent','delivered','failed','uncertain','withheld')", "state"),
        CheckConstraint("(state = 'withheld') = (why is not null)", "why"),
        Index("message_planned", "not_before", "id", postgresql_where=text("state = 'planned'")),
        Index("message_sending", "lease_until", postgresql_where=text("state = 'sending'")),
        Index("message_uncertain", "id", postgresql_where=text("state = 'uncertain'")),
        Index("message_person", "person_id", "id"),
        Index("message_provider_id", "provider", "provider_id", unique=True),
    )


class Reason(Base):
    """Why a message exists. `cause` is `history:17`, `due:55`, `instalment:9`, `sign_in:3`, `campaign:3`."""

    __tablename__ = "reason"

    cause: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[int] = refers("person.id", primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    message_id: Mapped[int] = refers("message.id")

    __table_args__ = (Index("reason_message", "message_id"),)


class Attempt(Base):
    """One call to a carrier, written before it is made; the answer is a second fact."""

    __tablename__ = "attempt"

    message_id: Mapped[int] = refers("message.id", primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True)
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)


GONE: Final = ("sending", "uncertain", "sent", "delivered")
"""States in which a carrier has, or may have, the message."""


def write(
    session: Session,
    *,
    person: int,
    channel: str,
    template: str,
    cause: str,
    subject: str,
    step: str,
    at: datetime,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    creditor: int | None = None,
    contact: int | None = None,
    address: str | None = None,
    day: date | None = None,
) -> int | None:
    """Plans one message for one reason. Returns its id, or None when the reason stands already.

    `contact`: the one it must go to, or an `address` that is none yet; without either the person's best is taken
    when it goes.
    """
    made: int | None = session.execute(
        _WRITE,
        {
            "cause": cause, "subject": subject, "step": step, "person": person, "channel": channel,
            "template": template, "creditor": creditor, "contact": contact, "address": address, "day": day, "at": at,
            "not_before": not_before or at, "not_after": not_after,
        },
    ).scalar()  # fmt: skip
    return made


def plan(session: Session, candidates: str, facts: Mapping[str, object], *, template: str, at: datetime) -> int:
    """Plans messages for many reasons at once: one a person, channel and day. Returns how many were planned.

    `candidates` is a query of ours that gives cause, subject, step, person_id, channel, creditor_id, day,
    contact_id (the one it must go to, if any), not_before and not_after; `facts` fills its parameters.
    A reason that stands already plans nothing. What is planned and not yet claimed for the same person,
    channel and day takes a new reason in: one message, whatever the number of debts. It lasts as long as
    the reason that lasts longest; which of them still stand is asked when it goes. A message whose reasons
    come from several creditors has none.
    """
    values = {**facts, "template": template, "at": at}
    fresh = _FRESH.format(candidates=candidates)
    # A message under a claimer's lock is left alone: its reasons are being judged. What was waiting
    # stays locked to the end, so that nobody judges it before the new reason stands.
    session.execute(text(f"with {fresh}, {_TAKE_IN}"), values)
    planned: int = session.execute(text(f"with {fresh}, {_PLAN}"), values).scalar_one()
    return planned


_WRITE: Final = text("""
with grp as materialized (select nextval(pg_get_serial_sequence('message', 'id')) as id),
r as (insert into reason (cause, subject, step, person_id, channel, message_id)
      select :cause, :subject, :step, :person, :channel, id from grp on conflict do nothing returning message_id)
insert into message
  (id, creditor_id, person_id, channel, template, day, not_before, not_after, contact_id, address, planned_at)
overriding system value
select id, cast(:creditor as bigint), :person, :channel, :template, cast(:day as date), :not_before,
  cast(:not_after as timestamptz), cast(:contact as bigint), cast(:address as text), :at
from grp where id in (select message_id from r) returning id
""")

_FRESH: Final = """cand as ({candidates}),
fresh as (select distinct on (c.cause, c.subject, c.step, c.person_id, c.channel) c.* from cand c
          where not exists (select from reason r where (r.cause, r.subject, r.step, r.person_id, r.channel)
                            = (c.cause, c.subject, c.step, c.person_id, c.channel)))"""

_TAKE_IN: Final = """
open as materialized (
  select m.id, m.person_id, m.channel, m.day, m.not_after from message m
  where m.state = 'planned' and m.template = :template
    and (m.person_id, m.channel, m.day) in (select person_id, channel, day from fresh where contact_id is null)
  order by m.id for no key update skip locked),
one as (select distinct on (person_id, channel, day) * from open order by person_id, channel, day, id),
more as (
  select o.id, bool_and(f.not_after is not null) and o.not_after is not null as limited,
    greatest(o.not_after, max(f.not_after)) as not_after
  from one o join fresh f on (o.person_id, o.channel, o.day) = (f.person_id, f.channel, f.day) and f.contact_id is null
  group by o.id, o.not_after),
longer as (
  update message m set not_after = case when more.limited then more.not_after end from more where m.id = more.id)
insert into reason (cause, subject, step, person_id, channel, message_id)
select f.cause, f.subject, f.step, f.person_id, f.channel, o.id from fresh f
join one o on (o.person_id, o.channel, o.day) = (f.person_id, f.channel, f.day) and f.contact_id is null
on conflict do nothing"""

_PLAN: Final = """
grp as materialized (
  select nextval(pg_get_serial_sequence('message', 'id')) as id, g.* from
    (select person_id, channel, day, contact_id,
       case when count(distinct creditor_id) = 1 then min(creditor_id) end as creditor_id,
       max(not_before) as not_before, case when bool_and(not_after is not null) then max(not_after) end as not_after
     from fresh group by 1, 2, 3, 4) g),
r as (
  insert into reason (cause, subject, step, person_id, channel, message_id)
  select f.cause, f.subject, f.step, f.person_id, f.channel, g.id from fresh f
  join grp g on (g.person_id, g.channel, g.day) = (f.person_id, f.channel, f.day)
    and g.contact_id is not distinct from f.contact_id
  on conflict do nothing returning message_id),
m as (
  insert into message
    (id, creditor_id, person_id, channel, template, day, not_before, not_after, contact_id, planned_at)
  overriding system value
  select id, creditor_id, person_id, channel, :template, day, not_before, not_after, contact_id, :at
  from grp where id in (select message_id from r) returning 1)
select count(*) from m"""


def reasons_of(session: Session, messages: Sequence[int]) -> dict[int, list[Reason]]:
    """Why each of these messages exists, in the order of cause."""
    found: dict[int, list[Reason]] = {}
    for reason in session.scalars(
        select(Reason).where(Reason.message_id.in_(messages)).order_by(Reason.message_id, Reason.cause, Reason.step)
    ):
        found.setdefault(reason.message_id, []).append(reason)
    return found


def messages_of(session: Session, people: Sequence[int], *, limit: int = 50) -> list[Message]:
    """What was meant for a person (all joined ids), newest first, whatever became of it."""
    return list(
        session.scalars(select(Message).where(Message.person_id.in_(people)).order_by(Message.id.desc()).limit(limit))
    )
