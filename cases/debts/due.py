"""The due: a dated amount that falls due under the account's own contract.

An account with dues is *scheduled* and owes by its schedule; without any it is
*rolling*, and each charge falls due by itself. A due is a fact with two times:
a changed due is a new row that replaces the old one; amount 0 = withdrawn.
Agreed instalments of a plan are never dues.

`component` says what the instalment includes: principal, interest, or empty
for a whole instalment of both. How dues, and charges and raising adjustments
that fall due by themselves, make an account's position stands in
`arrears/position.py`.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Minor, Moment, refers


class Due(Base):
    """One contractual instalment, in minor units of its account's currency."""

    __tablename__ = "due"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    account_id: Mapped[int] = refers("account.id")
    due_on: Mapped[date] = mapped_column(Date)
    amount: Mapped[Minor]
    component: Mapped[str] = mapped_column(Text, server_default=text("'principal'"))
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("due.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("amount >= 0", "amount"),
        CheckConstraint("component in ('principal', 'interest', '')", "component"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("due_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index(
            "due_account",
            "account_id",
            "due_on",
            "id",
            postgresql_include=["amount"],
            postgresql_where=text("replaced_at is null"),
        ),
        Index("due_believed", "account_id", "recorded_at"),
        Index("due_day", "due_on", postgresql_where=text("replaced_at is null")),
    )


def dues_of(session: Session, account: int, believed: datetime | None = None) -> list[Due]:
    """The live schedule of an account, oldest first; or the one believed before a moment."""
    query = select(Due).where(Due.account_id == account)
    if believed is None:
        query = query.where(Due.replaced_at.is_(None))
    else:
        query = query.where(Due.recorded_at < believed, (Due.replaced_at.is_(None)) | (Due.replaced_at >= believed))
    return list(session.scalars(query.where(Due.amount > 0).order_by(Due.due_on, Due.id)))
