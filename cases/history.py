"""The case history: audit trail, timeline and trigger at once.

Every act that a person would tell writes one line here, in its own
transaction. A line holds ids, codes, amounts and dates. Free text and personal
data live in rows that may be erased; the line keeps a `proof` of such a text:
the SHA-256 of a random salt and the text, the salt going with the row.

Lines are append-only and sealed in blocks (`seal.py`). The one change allowed
is a line losing its facts (`redact`), which is itself told in a line.

Words: *line*, *Kind* (what happened), *Actor* (who did it), *subject* (what it
is about, `table:id`), *facts* (a flat JSON object), *timeline* (the lines about
a person, newest first).
"""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    FetchedValue,
    Index,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, Sha256


class Kind(StrEnum):
    """What happened. Written by hand at the act; answered by a notice or listed as silent."""

    HISTORY_REDACTED = "history.redacted"
    LOADED = "load.done"
    CREDITOR_ADDED = "creditor.added"
    CREDITOR_CHANGED = "creditor.changed"
    ACCOUNT_CORRECTED = "account.corrected"
    SCHEDULE_CORRECTED = "schedule.corrected"
    PERSON_CORRECTED = "person.corrected"
    PERSON_JOINED = "person.joined"
    PERSON_PARTED = "person.parted"
    CONTACT_ADDED = "contact.added"
    CONTACT_CORRECTED = "contact.corrected"
    CONTACT_ENDED = "contact.ended"
    CONTACT_MADE = "contact.made"
    DIARY_ERASED = "diary.erased"
    NOTE_WRITTEN = "note.written"
    NOTE_ERASED = "note.erased"
    PERMISSION_WITHDRAWN = "permission.withdrawn"
    PERMISSION_GIVEN = "permission.given"
    PREFERENCE_SET = "preference.set"
    ENTRY_POSTED = "entry.posted"
    PAYMENT_POSTED = "payment.posted"
    PAYMENT_RETURNED = "payment.returned"
    ENTRY_REVERSED = "entry.reversed"
    PAYMENT_BEGUN = "payment.begun"
    PAYMENT_DECLINED = "payment.declined"
    PAYMENT_ABANDONED = "payment.abandoned"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_RECEIVED = "payment.received"
    PAYMENT_REPORTED = "payment.reported"
    PAYMENT_TAKEN_BACK = "payment.taken_back"
    MONEY_ANNOUNCED = "money.announced"
    MONEY_ARRIVED = "money.arrived"
    MONEY_FAILED = "money.failed"
    PROPOSAL_SUBMITTED = "proposal.submitted"
    PROPOSAL_COUNTERED = "proposal.countered"
    PROPOSAL_JUDGED = "proposal.judged"
    PROPOSAL_DECLINED = "proposal.declined"
    PROPOSAL_WITHDRAWN = "proposal.withdrawn"
    PROPOSAL_AGREED = "proposal.agreed"
    PROPOSAL_EXPIRED = "proposal.expired"
    PROPOSAL_SUPERSEDED = "proposal.superseded"
    CONSENT_GIVEN = "consent.given"
    ARRANGEMENT_STARTED = "arrangement.started"
    ARRANGEMENT_SUPERSEDED = "arrangement.superseded"
    ARRANGEMENT_CANCELLED = "arrangement.cancelled"
    ARRANGEMENT_BROKEN = "arrangement.broken"
    ARRANGEMENT_CURED = "arrangement.cured"
    ARRANGEMENT_COMPLETED = "arrangement.completed"
    ARRANGEMENT_REOPENED = "arrangement.reopened"
    ARRANGEMENT_RELIEVED = "arrangement.relieved"
    INSTALMENT_MISSED = "instalment.missed"
    ACCOUNT_PAID_OFF = "account.paid_off"
    HOLD_PLACED = "hold.placed"
    HOLD_EXTENDED = "hold.extended"
    HOLD_CHANGED = "hold.changed"
    HOLD_ENDED = "hold.ended"
    DEBT_DISPUTED = "debt.disputed"
    DISPUTE_ANSWERED = "dispute.answered"
    DISPUTE_TAKEN_BACK = "dispute.taken_back"
    ARREARS_ENTERED = "arrears.entered"
    ARREARS_LEFT = "arrears.left"
    LIMITS_SET = "limits.set"
    DAY_CLOSED = "day.closed"
    DAY_STUCK = "day.stuck"
    DOCUMENT_ISSUED = "document.issued"
    DOCUMENT_FAILED = "document.failed"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_WITHHELD = "message.withheld"
    MESSAGE_UNCERTAIN = "message.uncertain"
    REPLY_RECEIVED = "reply.received"
    STAFF_WROTE = "conversation.answered"
    PERSON_WROTE = "conversation.written"
    WORK_TAKEN = "work.taken"
    WORK_PASSED = "work.passed"
    WORK_POSTPONED = "work.postponed"
    WORK_DONE = "work.done"
    AFFAIRS_BEGUN = "affairs.begun"
    AFFAIRS_FINISHED = "affairs.finished"
    SUPPORT_TOLD = "support.told"
    SUPPORT_READ = "support.read"
    CODE_SENT = "sign_in.code_sent"
    SIGNED_IN = "sign_in.done"
    SIGNED_OUT = "sign_in.ended"
    USER_CREATED = "user.created"
    SAMPLE_LOADED = "sample.loaded"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a role of the glossary with its id (person or user), or a named job."""

    role: str
    id: int | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z_]+", self.role):
            raise ValueError(f"not an actor: {self.role}")

    def __str__(self) -> str:
        return self.role if self.id is None else f"{self.role}:{self.id}"

    @classmethod
    def read(cls, written: str) -> "Actor":
        """The actor of a line, as written there."""
        role, _, number = written.partition(":")
        return cls(role, int(number) if number else None)


class Line(Base):
    """One line of the case history. Neither id nor tx is ever stated by the writer."""

    __tablename__ = "history"

    id: Mapped[Id]
    tx: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    at: Mapped[Moment]
    kind: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    creditor_id: Mapped[int | None] = mapped_column(BigInteger)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    subject: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON, server_default=FetchedValue())
    salt: Mapped[uuid.UUID | None] = mapped_column(Uuid, server_default=FetchedValue())
    facts_sha: Mapped[Sha256 | None]

    __table_args__ = (
        CheckConstraint(r"kind ~ '^[a-z_]+(\.[a-z_]+)*$'", "kind"),
        CheckConstraint("actor ~ '^[a-z_]+(:[0-9]+)?$'", "actor"),
        CheckConstraint("subject ~ '^[a-z_]+:[0-9]+$'", "subject"),
        CheckConstraint("tx > 0", "tx"),
        CheckConstraint("json_typeof(facts) = 'object'", "facts"),
        CheckConstraint("length(facts_sha) = 32", "facts_sha"),
        CheckConstraint("(facts is null) = (salt is null) and (facts is null) = (facts_sha is not null)", "redacted"),
        Index("history_tx", "tx", "id"),
        Index("history_person", "person_id", "id"),
        Index("history_account", "account_id", "id"),
    )


def proof(salt: uuid.UUID, words: str) -> str:
    """The SHA-256, in hex, of a salt and a text: what a line keeps of words that may be erased."""
    return hashlib.sha256(salt.bytes + words.encode()).hexdigest()


def record(
    session: Session,
    kind: Kind,
    *,
    by: Actor,
    at: datetime,
    creditor: int | None = None,
    person: int | None = None,
    account: int | None = None,
    subject: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Writes one line. `facts` hold ids, codes, minor units and ISO dates, never free text or names."""
    session.execute(
        text(
            "insert into history (at, kind, actor, creditor_id, person_id, account_id, subject, facts) values"
            " (:at, :kind, :actor, :creditor, :person, :account, :subject, cast(:facts as json))"
        ),
        {
            "at": at,
            "kind": str(kind),
            "actor": str(by),
            "creditor": creditor,
            "person": person,
            "account": account,
            "subject": subject,
            "facts": json.dumps(facts or {}, separators=(",", ":"), ensure_ascii=False),
        },
    )


def redact(session: Session, line: int, *, by: Actor, at: datetime) -> None:
    """Takes the facts out of one line; its hash stays, and a line says so.

    Raises the database's error when there is no such line with facts.
    """
    session.execute(text("select history_redact(:line, :by, :at)"), {"line": line, "by": str(by), "at": at})


def timeline(
    session: Session,
    people: Sequence[int],
    accounts: Sequence[int] = (),
    *,
    before: int | None = None,
    limit: int = 50,
    kinds: Sequence[Kind] = (),
) -> list[Line]:
    """The lines about these people (all joined ids) or accounts, newest first; of `kinds` alone, if any.

    `before` is the id of the last line of the page before.
    """
    query = session.query(Line).filter((Line.person_id.in_(people)) | (Line.account_id.in_(accounts)))
    if kinds:
        query = query.filter(Line.kind.in_([str(kind) for kind in kinds]))
    if before is not None:
        query = query.filter(Line.id < before)
    return query.order_by(Line.id.desc()).limit(limit).all()
