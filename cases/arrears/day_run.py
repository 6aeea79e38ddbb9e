"""The day runs: which days of which creditor are closed, and what could not be done.

A row of `day_run` is one day of one creditor. It is written, in a transaction of its own, once that
day is over where the creditor is; its lock is the claim for a batch, and the cursor `after` stays in
it, so a run that dies leaves nothing half-done and no lease behind. `stuck` holds the accounts and
plans that broke the run: each stands alone, with its error, until a later run can do it.
"""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Date, FetchedValue, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Id, Moment, refers


class DayRun(Base):
    """One day of one creditor. `tx`: the run begins once every older transaction has ended."""

    __tablename__ = "day_run"

    creditor_id: Mapped[int] = refers("creditor.id", primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    tx: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    after: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    looked: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    changed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    begun_at: Mapped[Moment]
    heartbeat_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]

    __table_args__ = (Index("day_run_open", "day", "creditor_id", postgresql_where=text("finished_at is null")),)


class Stuck(Base):
    """An account or a plan that the run could not do on a day. `error`: the kind of the error, never its words."""

    __tablename__ = "stuck"

    id: Mapped[Id]
    creditor_id: Mapped[int | None] = refers("creditor.id", nullable=True)
    account_id: Mapped[int | None] = refers("account.id", nullable=True)
    arrangement_id: Mapped[int | None] = refers("arrangement.id", nullable=True)
    day: Mapped[date] = mapped_column(Date)
    error: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    cleared_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("num_nonnulls(account_id, arrangement_id) = 1", "one"),
        Index("stuck_account", "account_id", unique=True, postgresql_where=text("cleared_at is null")),
        Index("stuck_plan", "arrangement_id", unique=True, postgresql_where=text("cleared_at is null")),
    )
