"""Receipts: what a carrier reports later, kept once as it came and then applied.

A hook verifies the signature, keeps the raw event under a key of its own and
answers; the worker applies it. Reports may come late, twice and out of order: a
report only raises the state of a message, and a late contradiction is kept as a
fact (the event itself) while the state stays.
"""

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment


class CarrierEvent(Base):
    """One raw event. `key` makes a repeat harmless; `result` says what applying it did. `raw` is erasable."""

    __tablename__ = "carrier_event"

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text, server_default=text("''"))
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_type: Mapped[str] = mapped_column(Text)
    received_at: Mapped[Moment]
    applied_at: Mapped[Moment | None]
    result: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("kind in ('status', 'inbound')", "kind"),
        UniqueConstraint("provider", "key"),
        Index("carrier_event_waiting", "id", postgresql_where=text("applied_at is null")),
    )
