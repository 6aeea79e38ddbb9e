"""The arrangement (plan): an agreed way to pay over one or several accounts.

One currency, one live plan an account; a new one supersedes on approval. The
sums live in the shares alone, one for each instalment and account: a joint
tenant sees the shares of the joint account and their sum, and never learns
what else is in the other's plan.

States: live, broken, completed, superseded, cancelled.
"""

from datetime import date

from sqlalchemy import CheckConstraint, Date, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.db import Base, Currency, Id, Minor, Moment, refers


class Arrangement(Base):
    """What was agreed, with whom, when. A promise to pay is one with a single instalment."""

    __tablename__ = "arrangement"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    proposal_id: Mapped[int] = refers("proposal.id")
    kind: Mapped[str] = mapped_column(Text)
    currency: Mapped[Currency]
    rhythm: Mapped[str] = mapped_column(Text)
    calendar: Mapped[str | None] = mapped_column(Text)
    tolerance_days: Mapped[int] = mapped_column(Integer, server_default=text("5"))
    agreed_at: Mapped[Moment]
    agreed_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default=text("'live'"))
    ended_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("kind in ('plan', 'promise')", "kind"),
        CheckConstraint("state in ('live','broken','completed','superseded','cancelled')", "state"),
        CheckConstraint("(state in ('live', 'broken')) = (ended_at is null)", "ended"),
        UniqueConstraint("proposal_id"),
        Index("arrangement_person", "person_id"),
    )


class ArrangementAccount(Base):
    """An account that a plan covers, with the sum covered in minor units."""

    __tablename__ = "arrangement_account"

    arrangement_id: Mapped[int] = refers("arrangement.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    nth: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Minor]
    ended_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("amount > 0", "amount"),
        Index("arrangement_account_live", "account_id", unique=True, postgresql_where=text("ended_at is null")),
    )


class Instalment(Base):
    """One agreed day to pay. `nominal_on` keeps the rhythm, `due_on` is the working day it moved to."""

    __tablename__ = "instalment"

    id: Mapped[Id]
    arrangement_id: Mapped[int] = refers("arrangement.id")
    n: Mapped[int] = mapped_column(Integer)
    part: Mapped[str] = mapped_column(Text)
    nominal_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)

    __table_args__ = (
        CheckConstraint("part in ('upfront', 'regular')", "part"),
        CheckConstraint("due_on >= nominal_on", "never_earlier"),
        UniqueConstraint("arrangement_id", "n"),
        Index("instalment_day", "due_on"),
    )


class InstalmentShare(Base):
    """What one account gets of one instalment, in minor units."""

    __tablename__ = "instalment_share"

    instalment_id: Mapped[int] = refers("instalment.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    amount: Mapped[Minor]

    __table_args__ = (CheckConstraint("amount > 0", "amount"), Index("instalment_share_account", "account_id"))
