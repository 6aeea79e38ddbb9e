"""Callbacks: what a processor reports, kept once as it came and then applied."""

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment, refers


class PaymentEvent(Base):
    """One raw event. `key`, the processor's id of it, makes a repeat harmless; `result` says what applying it did."""

    __tablename__ = "payment_event"

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempt_id: Mapped[int | None] = refers("payment_attempt.id", nullable=True)
    received_at: Mapped[Moment]
    received_real: Mapped[Moment]
    look_real: Mapped[Moment | None]
    applied_at: Mapped[Moment | None]
    result: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("provider", "key"),
        Index("payment_event_waiting", "look_real", "id", postgresql_where=text("applied_at is null")),
    )
