"""Consent: who agreed to which words, when, over which channel and from where.

Kept with a proposal as its person sends it, accepts ours, or says yes on the telephone. The words and the
network address may be erased; the words' SHA-256 stays here and in the sealed history.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, record


class Consent(Base):
    """One yes. `words`: the terms, a paragraph a line; `origin`: the network address of the browser."""

    __tablename__ = "consent"

    id: Mapped[Id]
    proposal_id: Mapped[int] = refers("proposal.id")
    person_id: Mapped[int] = refers("person.id")
    channel: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    words: Mapped[str | None] = mapped_column(Text)
    words_sha: Mapped[bytes] = mapped_column(LargeBinary)
    origin: Mapped[str | None] = mapped_column(Text)
    given_by: Mapped[str] = mapped_column(Text)
    given_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("channel in ('portal', 'telephone')", "channel"),
        CheckConstraint("length(words_sha) = 32", "words_sha"),
        Index("consent_proposal", "proposal_id", unique=True),
    )


def give(
    session: Session,
    *,
    proposal: int,
    person: int,
    words: Sequence[str],
    language: str,
    channel: str,
    origin: str | None,
    by: Actor,
    at: datetime,
) -> Consent:
    """Keeps a yes to these words. Said twice (a double click), the first stands."""
    was = session.scalar(select(Consent).where(Consent.proposal_id == proposal))
    if was is not None:
        return was
    text = "\n".join(words)
    made = Consent(
        proposal_id=proposal, person_id=person, channel=channel, language=language, words=text,
        words_sha=hashlib.sha256(text.encode()).digest(), origin=origin, given_by=str(by), given_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    record(session, Kind.CONSENT_GIVEN, by=by, at=at, person=person, subject=f"proposal:{proposal}",
           facts={"channel": channel, "sha256": made.words_sha.hex()})  # fmt: skip
    return made


def consent_to(session: Session, proposal: int) -> Consent | None:
    """The yes to a proposal; None where nobody's words were kept (a plan from before, or of the sample book)."""
    return session.scalar(select(Consent).where(Consent.proposal_id == proposal))
