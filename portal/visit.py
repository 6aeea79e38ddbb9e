"""Visits and one-time codes: the rows behind signing in.

A *visit* is one signed-in browser, ended on the server. Only hashes are kept of
its token and of codes: a stolen table opens nothing. A code request is written
for everyone who asks, also for a stranger (then without a person), so that
nothing tells them apart. Times here are real ones, whatever the demo's day.

Rows are kept for 13 months (our retention of codes and access); what must be known longer stands in the history.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, Text, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, Sha256, refers
from portal.keys import sha256


class Visit(Base):
    """A signed-in browser: a person's, or a user's. `token_sha` is the SHA-256 of its random token."""

    __tablename__ = "visit"

    id: Mapped[Id]
    token_sha: Mapped[Sha256] = mapped_column(unique=True)
    person_id: Mapped[int | None] = refers("person.id", nullable=True)
    staff_id: Mapped[int | None] = refers("staff.id", nullable=True)
    started_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("(person_id is null) <> (staff_id is null)", "who"),
        Index("visit_person", "person_id", postgresql_where=text("ended_at is null")),
        Index("visit_staff", "staff_id", postgresql_where=text("ended_at is null")),
    )


class CodeRequest(Base):
    """Someone asked for a code. The code itself is made when it is sent; here stands its salted hash.

    `new_kind`, `new_value`, `new_norm`: a number or address that a person says is theirs, which this code proves.
    """

    __tablename__ = "code_request"

    id: Mapped[Id]
    browser_sha: Mapped[Sha256]
    person_id: Mapped[int | None] = refers("person.id", nullable=True)
    channel: Mapped[str] = mapped_column(Text)
    contact_id: Mapped[int | None] = refers("contact.id", nullable=True)
    asked_at: Mapped[Moment]
    code: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[Moment | None]
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    used_at: Mapped[Moment | None]
    message_id: Mapped[int | None] = refers("message.id", nullable=True)
    new_kind: Mapped[str | None] = mapped_column(Text)
    new_value: Mapped[str | None] = mapped_column(Text)
    new_norm: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("channel in ('sms', 'email')", "channel"),
        CheckConstraint(
            "(new_kind is null) = (new_norm is null) and (new_kind is null) = (new_value is null)"
            " and (new_kind is null or contact_id is null)",
            "new",
        ),
        Index("code_request_browser", "browser_sha", "id"),
        Index("code_request_person", "person_id", "asked_at"),
        Index("code_request_unsent", "id", postgresql_where=text("message_id is null and made_at is null")),
    )


class Knock(Base):
    """One try at a door, for its limits (`knock.py`). `whom_sha`: a keyed hash of who or where."""

    __tablename__ = "knock"

    id: Mapped[Id]
    what: Mapped[str] = mapped_column(Text)
    whom_sha: Mapped[Sha256]
    at: Mapped[Moment]

    __table_args__ = (Index("knock_whom", "what", "whom_sha", "at"),)


def start(session: Session, *, token: str, now: datetime, person: int | None = None, staff: int | None = None) -> int:
    """Begins a visit with this new random token. `now` is real time. Returns the visit's id."""
    visit = Visit(token_sha=sha256(token), person_id=person, staff_id=staff, started_at=now, seen_at=now)
    session.add(visit)
    session.flush()
    return visit.id


def end(session: Session, visit: int, now: datetime) -> None:
    """Ends one visit."""
    session.execute(update(Visit).where(Visit.id == visit, Visit.ended_at.is_(None)).values(ended_at=now))


def end_everywhere(session: Session, now: datetime, *, people: Sequence[int] = (), staff: int | None = None) -> int:
    """Ends every visit of these people (all joined ids) or of this user. Returns how many there were."""
    whose = Visit.staff_id == staff if staff is not None else Visit.person_id.in_(people)
    ended = session.execute(update(Visit).where(whose, Visit.ended_at.is_(None)).values(ended_at=now))
    return int(ended.rowcount)  # type: ignore[attr-defined]


def forget(session: Session, now: datetime, most: int) -> int:
    """Takes away visits and code requests older than 13 months, at most so many of each. Returns how many."""
    gone = 0
    for table, began in (("code_request", "asked_at"), ("visit", "started_at")):
        old = f"select id from {table} where {began} < cast(:now as timestamptz) - interval '13 months' limit :most"
        taken = session.execute(text(f"delete from {table} where id in ({old})"), {"now": now, "most": most})
        gone += int(taken.rowcount)  # type: ignore[attr-defined]
    return gone
