"""The conversation: what a person and we said to each other, over all channels.

One row (`said`) is one thing said. A text that came in is unique on the
carrier's id. What staff answer is read in the portal after sign-in; a neutral
text says that an answer waits. Words are erasable; the history line keeps their
proof.
"""

import uuid

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment, refers


class Said(Base):
    """One thing said. `side`: person or staff. `sender`: the actor, as in the history."""

    __tablename__ = "said"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    side: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)
    words: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    reading: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Moment]
    read_at: Mapped[Moment | None]
    provider_id: Mapped[str | None] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("side in ('person', 'staff')", "side"),
        CheckConstraint("channel in ('sms', 'portal')", "channel"),
        CheckConstraint("reading in ('revoke', 'review', 'start', 'help', 'none')", "reading"),
        UniqueConstraint("provider_id", "person_id"),
        UniqueConstraint("person_id", "key"),
        Index("said_person", "person_id", "id"),
    )
