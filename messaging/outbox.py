"""The outbox: what we mean to say, why, to whom, and what became of it.

A *reason* (cause, subject, step, person, channel) says why a message exists; it
is unique, so planning again plans nothing new. One message may have many
reasons; a carrier sees each reason at most once. Planning asks only whether the
reason exists; whether the message may go is decided once, when it is claimed
(`permit.py`).

States: planned → sending → sent → delivered | failed; sending → uncertain (no
clear answer: looked up at the carrier, never sent again blindly); planned →
withheld (with why).
"""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, Date, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment, refers


class Message(Base):
    """One message to one person over one channel. `body` is erasable; a code's words are never kept."""

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
