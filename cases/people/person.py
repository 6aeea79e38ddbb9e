"""The person: who owes. May be an organisation.

Evenly knows a person by a case reference and by *records*: what a source system
of a creditor says about them. What one creditor supplied is never shown to
another; the row `person` itself keeps only what staff find a case by. A record
is a fact with two times: a changed row is a new record that replaces the old.

Two people found to be one: the younger is *joined to* the elder from a day on
(`joined`), its liabilities move, and questions over a person read all joined
ids. Parting is a new row.
"""

import re
import secrets
import unicodedata
from datetime import date
from typing import Any, Final

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, refers
from cases.refusal import refusal_code

CaseUnknown = refusal_code("case.unknown", "case")

LETTERS: Final = "23456789BCDFGHJKLMNPQRSTVWXYZ"
"""No vowels and no look-alikes: a reference never spells a word and is read out without doubt."""


class Person(Base):
    """Who owes; one case a person."""

    __tablename__ = "person"

    id: Mapped[Id]
    case_ref: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_norm: Mapped[str] = mapped_column(Text)
    organisation: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    language: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint(r"case_ref ~ '^EV[2-9BCDFGHJ-NP-TV-Z]{8}$'", "case_ref"),
        Index("person_name_norm", "name_norm", postgresql_ops={"name_norm": "text_pattern_ops"}),
    )


class Record(Base):
    """What one source system of one creditor says about a person. Erasable; never shown to another creditor."""

    __tablename__ = "record"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    system: Mapped[str] = mapped_column(Text)
    ref: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = refers("person.id")
    name: Mapped[str] = mapped_column(Text)
    name_norm: Mapped[str] = mapped_column(Text)
    born: Mapped[date | None] = mapped_column(Date)
    national_id: Mapped[str | None] = mapped_column(Text)
    national_id_norm: Mapped[str | None] = mapped_column(Text)
    line1: Mapped[str | None] = mapped_column(Text)
    line2: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    postcode: Mapped[str | None] = mapped_column(Text)
    postcode_norm: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    phone_norm: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    email_norm: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    extra: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("record.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("record_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("record_live", "creditor_id", "system", "ref", unique=True, postgresql_where=text("replaced_at is null")),
        Index("record_person", "person_id", postgresql_where=text("replaced_at is null")),
        Index("record_national_id", "national_id_norm", "born", postgresql_where=text("replaced_at is null")),
        Index("record_name", "name_norm", "born", "postcode_norm", postgresql_where=text("replaced_at is null")),
    )


class Joined(Base):
    """`person_id` (the younger) is the same person as `into_id`, from the day `since`."""

    __tablename__ = "joined"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    into_id: Mapped[int] = refers("person.id")
    since: Mapped[date] = mapped_column(Date)
    parted: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("joined.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("person_id > into_id", "younger"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("joined_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("joined_once", "person_id", unique=True, postgresql_where=text("replaced_at is null and not parted")),
        Index("joined_into", "into_id", postgresql_where=text("replaced_at is null and not parted")),
    )


def check_letter(letters: str) -> str:
    """The eighth letter of a case reference: a weighted sum over the first seven, modulo 29 (a prime)."""
    return LETTERS[sum((n + 1) * LETTERS.index(c) for n, c in enumerate(letters)) % 29]


def new_case_ref() -> str:
    """A random case reference: EV, seven letters and a check letter."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(7))
    return f"EV{letters}{check_letter(letters)}"


def is_case_ref(written: str) -> bool:
    """Whether this is a case reference without a slip of the finger."""
    body = written[2:]
    return (
        written.startswith("EV")
        and len(body) == 8
        and all(c in LETTERS for c in body)
        and check_letter(body[:7]) == body[7]
    )


def normal_name(written: str) -> str:
    """A name for comparing: no case, no accents, single spaces, letters and digits only.

    Ø, Ł, ß and their like fold too, since people type them both ways. SQL's `norm_name` does the same.
    """
    folded = unicodedata.normalize("NFKD", written.casefold().translate(_FOLDS))
    kept = "".join(c if c.isalnum() else " " for c in folded if not unicodedata.combining(c))
    return " ".join(kept.split())


def normal_postcode(written: str) -> str:
    """A postcode without spaces and hyphens, in capitals. SQL's `norm_postcode` does the same."""
    return re.sub(r"[^0-9A-Za-z]", "", unicodedata.normalize("NFKC", written)).upper()


def all_ids(session: Session, person: int) -> list[int]:
    """The ids that are this person: the elder first, then all joined to it."""
    elder = session.scalar(
        select(Joined.into_id).where(Joined.person_id == person, Joined.replaced_at.is_(None), ~Joined.parted)
    )
    head = elder or person
    younger = session.scalars(
        select(Joined.person_id)
        .where(Joined.into_id == head, Joined.replaced_at.is_(None), ~Joined.parted)
        .order_by(Joined.person_id)
    )
    return [head, *younger]


def case_called(session: Session, case_ref: str) -> Person:
    """The person with this case reference (the elder, when joined). Raises CaseUnknown."""
    found = session.scalar(select(Person).where(Person.case_ref == case_ref))
    if found is None:
        raise CaseUnknown(case=case_ref)
    head = all_ids(session, found.id)[0]
    return found if head == found.id else session.get_one(Person, head)


def first_name(name: str) -> str:
    """How a person is greeted: the first word of the name as the creditor wrote it."""
    return name.split()[0] if name.split() else name


_FOLDS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
