"""Permission: whether we may begin a contact on an address, and what ended it.

STOP ends proactive texts to the number that sent it, at once, for everyone who
has that number, and to all other numbers of those people too: it is a person who
wants no more. START from any of a person's numbers gives the permission back.
Each change is a row of its own and nothing is edited: the newest row for a
channel and an address holds, and of a person the newest *word* at a number that
was theirs then. A carrier's refusal speaks for the one number.
STOP never ends a code that the person asks for. Which hours are open is pure
and stands in `window.py`; whether one message may go is decided in
`messaging/permit.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Index, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment
from cases.history import Actor, Kind, record
from cases.people.contact import Contact

CHANNELS = ("sms", "email")


@dataclass(frozen=True, slots=True)
class Word:
    """What was said last of a person's wish: the row's id, whether texts may come, and when it was said."""

    id: int
    allowed: bool
    at: datetime


class Permission(Base):
    """A change of permission for one address. `because`: word (STOP, START), carrier (it
    refused us), link (in a mail), staff, person."""

    __tablename__ = "permission"

    id: Mapped[Id]
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    allowed: Mapped[bool] = mapped_column(Boolean)
    because: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("channel in ('sms', 'email')", "channel"),
        CheckConstraint("because in ('word', 'carrier', 'staff', 'person', 'link')", "because"),
        Index("permission_address", "channel", "address", "id"),
    )


def withdraw(session: Session, channel: str, address: str, *, because: str, by: Actor, at: datetime) -> bool:
    """Ends proactive messages to an address, at once. Returns whether that changed anything."""
    return _set(session, channel, address, False, because, by, at)


def give(session: Session, channel: str, address: str, *, because: str, by: Actor, at: datetime) -> bool:
    """Gives permission back. Returns whether that changed anything."""
    return _set(session, channel, address, True, because, by, at)


def withdrawn(session: Session, channel: str, addresses: Sequence[str]) -> dict[str, datetime]:
    """Which of these addresses may not be written to on our own account, and since when."""
    newest = (
        select(func.max(Permission.id))
        .where(Permission.channel == channel, Permission.address.in_(addresses))
        .group_by(Permission.address)
    )
    found = session.scalars(select(Permission).where(Permission.id.in_(newest), ~Permission.allowed))
    return {p.address: p.recorded_at for p in found}


def last_words(session: Session, channel: str, people: Sequence[int]) -> dict[int, Word]:
    """The newest word of each of these ids, at any number that was theirs when it was said. One statement."""
    rows = session.execute(_LAST_WORDS, {"channel": channel, "people": list(people), "kinds": list(_kinds(channel))})
    return {row.person_id: Word(row.id, row.allowed, row.recorded_at) for row in rows}


def people_at(session: Session, channel: str, address: str) -> list[int]:
    """Whose address this is, by their live contacts."""
    return list(
        session.scalars(
            select(Contact.person_id)
            .where(
                Contact.value_norm == address,
                Contact.kind.in_(_kinds(channel)),
                Contact.replaced_at.is_(None),
                ~Contact.withdrawn,
            )
            .distinct()
            .order_by(Contact.person_id)
        )
    )


def _set(session: Session, channel: str, address: str, allowed: bool, because: str, by: Actor, at: datetime) -> bool:
    # two STOPs at once: the second waits and then finds the first, also where nobody's contact can be locked
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"permission {channel} {address}", 0))))
    people = people_at(session, channel, address)
    if (address not in withdrawn(session, channel, [address])) == allowed and (
        because == "carrier" or not _changes(last_words(session, channel, people), people, allowed)
    ):
        return False
    row = Permission(channel=channel, address=address, allowed=allowed, because=because, recorded_at=at)
    session.add(row)
    session.flush()
    kind = Kind.PERMISSION_GIVEN if allowed else Kind.PERMISSION_WITHDRAWN
    for person in people:
        record(session, kind, by=by, at=at, person=person, subject=f"permission:{row.id}",
               facts={"channel": channel, "because": because})  # fmt: skip
    return True


def _kinds(channel: str) -> tuple[str, ...]:
    return ("email",) if channel == "email" else ("mobile", "phone")


def _changes(words: Mapping[int, Word], people: Sequence[int], allowed: bool) -> bool:
    """Whether a word of these people says something else than their last one; without one texts may come."""
    return any((words[person].allowed if person in words else True) != allowed for person in people)


# A replaced contact is found by the one that replaced it: a person has few, and no index holds the old ones.
_LAST_WORDS = text("""
with recursive c as (
  select person_id, value_norm, recorded_at, replaced_at, replaces, withdrawn from contact
  where person_id = any(:people) and replaced_at is null and kind = any(:kinds)
  union all
  select o.person_id, o.value_norm, o.recorded_at, o.replaced_at, o.replaces, o.withdrawn
  from c join contact o on o.id = c.replaces)
select distinct on (c.person_id) c.person_id, p.id, p.allowed, p.recorded_at
from c join permission p on p.channel = :channel and p.address = c.value_norm and p.because <> 'carrier'
where not c.withdrawn and p.recorded_at >= c.recorded_at and (c.replaced_at is null or p.recorded_at < c.replaced_at)
order by c.person_id, p.id desc
""")
