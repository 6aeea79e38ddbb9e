"""Notes: what those who work a case write down for each other.

The words may be erased, by whoever wrote them or by a supervisor; the history keeps their proof. The person
reads them on a request for access, so they are written accordingly.
"""

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, Uuid, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, proof, record
from cases.refusal import refusal_code

EMPTY = refusal_code("note.empty")
TOO_LONG = refusal_code("note.too_long", "most")
NOT_THEIRS = refusal_code("note.not_theirs")

LONGEST: Final = 2000
"""Characters of a note."""
MAY_ERASE: Final = ("supervisor",)
"""Roles that may erase a colleague's words."""


class Note(Base):
    """One note. `words` and `salt` are gone once they were erased."""

    __tablename__ = "note"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    words: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("(words is null) = (salt is null)", "erased"),
        UniqueConstraint("person_id", "key"),
        Index("note_person", "person_id", "id"),
    )


def well_written(words: str) -> str:
    """The words without spaces at their ends. Refuses `note.empty`, `note.too_long`. Pure."""
    found = words.strip()
    if not found:
        raise EMPTY()
    if len(found) > LONGEST:
        raise TOO_LONG(most=LONGEST)
    return found


def write(session: Session, *, person: int, words: str, key: str, by: Actor, at: datetime) -> Note:
    """Writes a note on a person's case. The same key writes once. Refuses `note.empty`, `note.too_long`."""
    found = well_written(words)
    session.execute(text("select from person where id = :id for no key update"), {"id": person})
    was = session.scalar(select(Note).where(Note.person_id == person, Note.key == key))
    if was is not None:
        return was
    salt = uuid.uuid4()
    made = Note(person_id=person, words=found, salt=salt, key=key, made_by=str(by), made_at=at)
    session.add(made)
    session.flush()
    record(session, Kind.NOTE_WRITTEN, by=by, at=at, person=person, subject=f"note:{made.id}",
           facts={"words": proof(salt, found)})  # fmt: skip
    return made


def may_erase(note: Note, by: Actor) -> bool:
    """Whether a note has words that are theirs to erase. Pure."""
    return note.words is not None and are_theirs(note.made_by, by)


def are_theirs(made_by: str, by: Actor) -> bool:
    """Whether words on a case are theirs to erase: their own, or anybody's to a supervisor. Pure."""
    return made_by == str(by) or by.role in MAY_ERASE


def erase(session: Session, note: Note, *, by: Actor, at: datetime) -> None:
    """Erases the words of a note. Twice is once. Refuses `note.not_theirs`."""
    session.refresh(note, with_for_update={"key_share": True})
    if note.words is None:
        return
    if not may_erase(note, by):
        raise NOT_THEIRS()
    note.words, note.salt = None, None
    session.flush()
    record(session, Kind.NOTE_ERASED, by=by, at=at, person=note.person_id, subject=f"note:{note.id}")
