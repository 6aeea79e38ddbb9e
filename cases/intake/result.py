"""What came of a load: the batch and its counts.

A refused row is reported with file, row, field and remedy (`load.py` writes the
report file); the batch keeps how many rows each file had, and how many were
added, changed, unchanged or refused.
"""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment, refers


class Batch(Base):
    """One load of files of one creditor and source system."""

    __tablename__ = "batch"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    system: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
