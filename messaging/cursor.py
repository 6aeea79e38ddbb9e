"""Cursors on the history: how far what has happened was answered, by name.

Read up to, but not including, a transaction number, and up to the oldest running transaction: a line that commits
late is met all the same, and exactly once. A cursor begins where the history stands when it is first asked for, so
nothing is ever done about the past. Several may ask at once: each cursor is held by one of them.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Moment


class Cursor(Base):
    """How far one is: up to, but not including, transaction `tx`. `kind` is its name."""

    __tablename__ = "notice_cursor"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    tx: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[Moment]


def begin(session: Session, names: Collection[str], *, at: datetime) -> None:
    """Begins those of these that are not begun yet, from now on."""
    session.execute(_BEGIN, {"names": sorted(names), "at": at})


def held(session: Session, names: Collection[str]) -> list[tuple[str, int, int]]:
    """Those of these that nobody else holds and that are behind: name, from which transaction, and to which."""
    # The horizon is read with the cursor and before the lines: what is below it is committed.
    rows = session.execute(_HELD, {"names": sorted(names)})
    return [(name, low, high) for name, low, high in rows if low < high]


def move(session: Session, name: str, to: int) -> None:
    """Moves one on, once all below is done."""
    session.execute(_MOVE, {"name": name, "to": to})


_BEGIN: Final = text("""
insert into notice_cursor (kind, tx, began_at)
select name, history_horizon(), :at from unnest(cast(:names as text[])) n(name)
where not exists (select from notice_cursor c where c.kind = n.name) on conflict do nothing
""")
_HELD: Final = text(
    "select kind, tx, history_horizon() from notice_cursor where kind = any(:names) order by kind"
    " for update skip locked"
)
_MOVE: Final = text("update notice_cursor set tx = :to where kind = :name and tx < :to")
