"""Permission: whether we may begin a contact on an address, and what ended it.

STOP ends proactive texts to the number that sent it, at once, for everyone who
has that number; START gives the permission back. Each change is a row of its
own and nothing is edited: the newest row for a channel and an address holds.
STOP never ends a code that the person asks for. Which hours are open is pure
and stands in `window.py`; whether one message may go is decided in
`messaging/permit.py`.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Index, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment
from cases.history import Actor, Kind, record
from cases.people.contact import Contact

CHANNELS = ("sms", "email")


class Permission(Base):
    """A change of permission for one address. `because`: word (STOP, START), carrier (it refused us), staff, person."""

    __tablename__ = "permission"

    id: Mapped[Id]
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    allowed: Mapped[bool] = mapped_column(Boolean)
    because: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("channel in ('sms', 'email')", "channel"),
        CheckConstraint("because in ('word', 'carrier', 'staff', 'person')", "because"),
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


def people_at(session: Session, channel: str, address: str) -> list[int]:
    """Whose address this is, by their live contacts."""
    kinds = ("email",) if channel == "email" else ("mobile", "phone")
    return list(
        session.scalars(
            select(Contact.person_id)
            .where(
                Contact.value_norm == address,
                Contact.kind.in_(kinds),
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
    if (address not in withdrawn(session, channel, [address])) == allowed:
        return False
    row = Permission(channel=channel, address=address, allowed=allowed, because=because, recorded_at=at)
    session.add(row)
    session.flush()
    kind = Kind.PERMISSION_GIVEN if allowed else Kind.PERMISSION_WITHDRAWN
    for person in people_at(session, channel, address):
        record(session, kind, by=by, at=at, person=person, subject=f"permission:{row.id}",
               facts={"channel": channel, "because": because})  # fmt: skip
    return True
