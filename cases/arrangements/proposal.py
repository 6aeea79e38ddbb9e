"""The proposal: an arrangement asked for and not yet decided.

A proposal is a chain of versions (`root_id`): what the person asked for, then
what the other side counters, until one is agreed, declined, withdrawn, expired
or superseded. A version keeps the few figures from which `schedule.py` makes
every instalment, so what was shown is what will be saved.

States: submitted (waits for an answer), countered, agreed, declined, withdrawn,
expired, superseded.
"""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, Date, Index, Integer, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Currency, Id, Minor, Moment, refers


class Proposal(Base):
    """One version. `side`: whose offer it is. Amounts in minor units. `note`: free words, erasable."""

    __tablename__ = "proposal"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    root_id: Mapped[int | None] = refers("proposal.id", nullable=True)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    side: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default=text("'submitted'"))
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    upfront: Mapped[Minor]
    upfront_on: Mapped[date | None] = mapped_column(Date)
    rhythm: Mapped[str] = mapped_column(Text)
    first_on: Mapped[date] = mapped_column(Date)
    month_day: Mapped[int | None] = mapped_column(Integer)
    calendar: Mapped[str | None] = mapped_column(Text)
    expires_on: Mapped[date] = mapped_column(Date)
    key: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Moment]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[Moment | None]
    note: Mapped[str | None] = mapped_column(Text)
    note_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)

    __table_args__ = (
        CheckConstraint("side in ('person', 'staff')", "side"),
        CheckConstraint("kind in ('plan', 'promise')", "kind"),
        CheckConstraint(
            "state in ('submitted','countered','agreed','declined','withdrawn','expired','superseded')", "state"
        ),
        CheckConstraint("rhythm in ('weekly','two_weekly','four_weekly','monthly')", "rhythm"),
        CheckConstraint("amount > 0 and upfront >= 0 and (upfront > 0) = (upfront_on is not null)", "amount"),
        CheckConstraint("month_day between 1 and 31", "month_day"),
        CheckConstraint("(state = 'submitted') = (decided_at is null)", "decided"),
        UniqueConstraint("person_id", "key"),
        Index("proposal_open", "person_id", postgresql_where=text("state = 'submitted'")),
        Index("proposal_root", "root_id", "version"),
    )


class ProposalAccount(Base):
    """An account that a proposal covers, in the order of the offer, with the sum covered in minor units."""

    __tablename__ = "proposal_account"

    proposal_id: Mapped[int] = refers("proposal.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    nth: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Minor]

    __table_args__ = (CheckConstraint("amount > 0", "amount"), Index("proposal_account_account", "account_id"))
