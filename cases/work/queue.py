"""The queue: what waits for a person to decide, and who has it.

A work item names a subject (`proposal:5`, `said:9`, `message:7`) about a person's
case. One subject is open at most once. A collector is served the next item,
takes it for a while, postpones it, passes it on, or it is done with the act that
answers it.
"""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment, refers


class WorkItem(Base):
    """One thing to do. `urgency`: 0 distress, 1 a person waits for an answer, 2 the rest."""

    __tablename__ = "work_item"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    urgency: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[Moment]
    answer_by: Mapped[date | None] = mapped_column(Date)
    not_before: Mapped[date | None] = mapped_column(Date)
    taken_by: Mapped[int | None] = mapped_column(BigInteger)
    taken_until: Mapped[Moment | None]
    given_to: Mapped[int | None] = mapped_column(BigInteger)
    done_at: Mapped[Moment | None]
    done_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("kind in ('proposal', 'message', 'uncertain', 'undelivered', 'stop')", "kind"),
        CheckConstraint("subject ~ '^[a-z_]+:[0-9]+$'", "subject"),
        CheckConstraint("urgency between 0 and 2", "urgency"),
        CheckConstraint("(done_at is null) = (done_by is null)", "done"),
        Index("work_item_subject", "subject", unique=True, postgresql_where=text("done_at is null")),
        Index("work_item_open", "urgency", "opened_at", "id", postgresql_where=text("done_at is null")),
        Index("work_item_person", "person_id", postgresql_where=text("done_at is null")),
    )
