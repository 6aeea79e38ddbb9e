"""Notices: messages that answer something that happened.

For each history Kind that is answered there is a cursor on the history's
transaction number, read up to the oldest running transaction: a line that
commits late is answered all the same, and exactly once. Answering starts when a
Kind is first answered; it never writes about the past. A line older than its
Kind's shelf life is withheld as too old.
"""

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Moment


class NoticeCursor(Base):
    """How far the lines of one Kind are answered: up to, but not including, transaction `tx`."""

    __tablename__ = "notice_cursor"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    tx: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[Moment]
