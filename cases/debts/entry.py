"""Entries and payments: the rows of the ledger, never edited.

One row (`entry`) is one transfer between a component of an account and a book of
the creditor, in signed minor units; plus raises what is owed. Money received is a
`payment`, and so is money that came back. How they are posted and taken back
stands in `ledger.py`.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    FetchedValue,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Currency, Id, Minor, Moment, refers

KINDS: Final = ("charge", "payment", "interest", "fee", "cost", "adjustment", "refund", "write_off")
COMPONENTS: Final = ("principal", "interest", "fee", "cost", "credit")
BOOKS: Final = {
    "charge": "charged",
    "interest": "interest",
    "fee": "fees",
    "cost": "costs",
    "payment": "paid_in",
    "adjustment": "adjusted",
    "write_off": "written_off",
    "refund": "refunded",
}
RAISES: Final = {"charge": "principal", "interest": "interest", "fee": "fee", "cost": "cost"}
"""Kinds that raise what is owed, and the component each of them raises."""


class Payment(Base):
    """Money received (plus) or returned (minus), in minor units."""

    __tablename__ = "payment"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    value_date: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[Moment]
    tx: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    key: Mapped[str] = mapped_column(Text)
    returns: Mapped[int | None] = refers("payment.id", nullable=True)

    __table_args__ = (
        CheckConstraint("amount <> 0", "amount"),
        CheckConstraint("tx > 0", "tx"),
        CheckConstraint("(returns is null) = (amount > 0)", "returns"),
        UniqueConstraint("creditor_id", "key"),
        UniqueConstraint("returns"),
        Index("payment_tx", "tx", "id"),
    )


class Named(Base):
    """The plan that a payment was named for: it meets that plan's instalments, whatever else is due."""

    __tablename__ = "payment_named"

    payment_id: Mapped[int] = refers("payment.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    arrangement_id: Mapped[int] = refers("arrangement.id")


class Entry(Base):
    """One transfer between a component of an account and a book."""

    __tablename__ = "entry"

    id: Mapped[Id]
    creditor_id: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    kind: Mapped[str] = mapped_column(Text)
    component: Mapped[str] = mapped_column(Text)
    book: Mapped[str] = mapped_column(Text)
    amount: Mapped[Minor]
    value_date: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[Moment]
    tx: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    key: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[int | None] = refers("payment.id", nullable=True)
    reverses: Mapped[int | None] = refers("entry.id", nullable=True)

    __table_args__ = (
        CheckConstraint("amount <> 0", "amount"),
        CheckConstraint("tx > 0", "tx"),
        CheckConstraint(f"kind in {KINDS}", "kind"),
        CheckConstraint(f"component in {COMPONENTS}", "component"),
        CheckConstraint(
            "book in ('lent','charged','interest','fees','costs','paid_in','written_off','refunded','adjusted')", "book"
        ),
        CheckConstraint(
            "reverses is not null or case when kind in ('charge','interest','fee','cost','refund') then amount > 0"
            " when kind in ('payment','write_off') then amount < 0 else true end",
            "direction",
        ),
        CheckConstraint("payment_id is null or kind = 'payment'", "payment"),
        CheckConstraint("due_on is null or kind = 'charge'", "due_on"),
        UniqueConstraint("creditor_id", "key"),
        ForeignKeyConstraint(
            ["account_id", "creditor_id", "currency"], ["account.id", "account.creditor_id", "account.currency"]
        ),
        Index("entry_reversed_once", "reverses", unique=True, postgresql_where=text("reverses is not null")),
        Index("entry_tx", "tx", "id"),
        Index("entry_account", "account_id", "value_date", "id", postgresql_include=["component", "amount"]),
        Index("entry_due", "account_id", "due_on", postgresql_where=text("due_on is not null")),
        Index("entry_payment", "payment_id", postgresql_where=text("payment_id is not null")),
    )


def balance(session: Session, accounts: Iterable[int], on: date | None = None) -> dict[int, dict[str, int]]:
    """What each component of each account owes in minor units, all entries or those valued by `on`."""
    query = select(Entry.account_id, Entry.component, func.sum(Entry.amount)).where(
        Entry.account_id.in_(list(accounts))
    )
    if on is not None:
        query = query.where(Entry.value_date <= on)
    found: dict[int, dict[str, int]] = {}
    for account, component, amount in session.execute(query.group_by(Entry.account_id, Entry.component)):
        found.setdefault(account, {})[component] = int(amount)
    return found
