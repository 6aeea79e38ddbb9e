"""Joint liability: who owes an account.

Each liable person sees the joint account, its ledger and its plan, never the
other's debts, contacts, messages or income and expenditure. A liability is a
fact with two times; when people are joined, theirs are replaced by the elder's.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, refers


class Liability(Base):
    """`person_id` owes `account_id`, as holder, joint or guarantor, from the day `since` (or from the start)."""

    __tablename__ = "liability"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    account_id: Mapped[int] = refers("account.id")
    person_id: Mapped[int] = refers("person.id")
    role: Mapped[str] = mapped_column(Text)
    since: Mapped[date | None] = mapped_column(Date)
    withdrawn: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("liability.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("role in ('holder', 'joint', 'guarantor')", "role"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("liability_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index(
            "liability_live",
            "account_id",
            "person_id",
            unique=True,
            postgresql_where=text("replaced_at is null and not withdrawn"),
        ),
        Index("liability_person", "person_id", postgresql_where=text("replaced_at is null and not withdrawn")),
    )


def accounts_of(session: Session, people: Sequence[int]) -> list[int]:
    """The accounts that these ids (one person's, all joined) owe, in order of id."""
    return list(
        session.scalars(
            select(Liability.account_id)
            .where(Liability.person_id.in_(people), Liability.replaced_at.is_(None), ~Liability.withdrawn)
            .distinct()
            .order_by(Liability.account_id)
        )
    )


def liable_for(session: Session, accounts: Sequence[int]) -> dict[int, list[int]]:
    """Who owes each of these accounts: the holder first, then the others."""
    found: dict[int, list[int]] = {}
    rows = session.execute(
        select(Liability.account_id, Liability.person_id)
        .where(Liability.account_id.in_(accounts), Liability.replaced_at.is_(None), ~Liability.withdrawn)
        .order_by(Liability.account_id, Liability.role != "holder", Liability.id)
    )
    for account, person in rows:
        found.setdefault(account, []).append(person)
    return found
