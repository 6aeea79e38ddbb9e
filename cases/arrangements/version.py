"""A version of a proposal: its rows, and the schedule that was shown with it.

A proposal is a chain of versions (`root_id`). A version keeps the few figures from which `schedule.py` makes
every instalment, so what was shown is what will be saved.

States: submitted (waits for an answer), countered, agreed, declined, withdrawn, expired, superseded. Side: whose
offer a version is; the other side answers it.
"""

import uuid
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, Index, Integer, Numeric, Text, UniqueConstraint, Uuid, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements.offer import Terms, schedule_of
from cases.arrangements.schedule import Debt, Rhythm, Schedule
from cases.db import Base, Currency, Id, Minor, Moment, refers


class Proposal(Base):
    """One version. `side`: whose offer it is. Amounts in minor units.

    `note`: free words of whoever made it; `reason` and `answer`: why it was declined, as a code and
    in words. Words are erasable, the history keeps their proof. `bears_from`: since when debts bear interest.
    """

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
    bears_from: Mapped[date | None] = mapped_column(Date)
    expires_on: Mapped[date] = mapped_column(Date)
    key: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Moment]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[Moment | None]
    note: Mapped[str | None] = mapped_column(Text)
    note_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    reason: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    answer_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)

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
        CheckConstraint("reason in ('too_little','too_long','too_late','other_way','other')", "reason"),
        CheckConstraint("(reason is null and answer is null) or state = 'declined'", "declined"),
        UniqueConstraint("person_id", "key"),
        Index("proposal_open", "person_id", postgresql_where=text("state = 'submitted'")),
        Index("proposal_root", "root_id", "version"),
    )


class ProposalAccount(Base):
    """An account of a proposal, in its order, and the sum covered; `base` of it bears `rate` per cent a year."""

    __tablename__ = "proposal_account"

    proposal_id: Mapped[int] = refers("proposal.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    nth: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Minor]
    rate: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    base: Mapped[Minor | None]

    __table_args__ = (
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("(rate is null) = (base is null) and rate > 0 and base > 0", "rate"),
        Index("proposal_account_account", "account_id"),
    )


def terms_of(proposal: Proposal) -> Terms:
    """The terms of a version, as they were wished."""
    return Terms(amount=proposal.amount, first_on=proposal.first_on, rhythm=Rhythm(proposal.rhythm),
                 month_day=proposal.month_day, upfront=proposal.upfront, upfront_on=proposal.upfront_on,
                 kind=proposal.kind, interest=proposal.bears_from is not None)  # fmt: skip


def schedule_shown(proposal: Proposal, covered: Sequence[ProposalAccount]) -> Schedule[int]:
    """The schedule of a version, exactly as it was shown and as it will be agreed; shares by account id."""
    return schedule_of(debts_shown(covered), terms_of(proposal), proposal.calendar, proposal.bears_from)


def debts_shown(covered: Sequence[ProposalAccount]) -> tuple[Debt[int], ...]:
    """What a version covers of each account, and what bears interest there, in the order of the plan."""
    return tuple(Debt(each.account_id, each.amount, rate=each.rate, base=each.base or 0) for each in covered)


def covered_by(session: Session, proposal: int) -> list[ProposalAccount]:
    """The accounts of a version in the order of the plan."""
    return list(
        session.scalars(
            select(ProposalAccount).where(ProposalAccount.proposal_id == proposal).order_by(ProposalAccount.nth)
        )
    )


def last_asked(session: Session, people: Sequence[int], currency: str) -> tuple[Proposal, list[int]] | None:
    """The last plan in this currency that these ids asked for, and its accounts; None where they never did."""
    last = (
        select(Proposal.id)
        .where(Proposal.person_id.in_(people), Proposal.side == "person", Proposal.kind == "plan",
               Proposal.currency == currency)
        .order_by(Proposal.id.desc())
        .limit(1)
    )  # fmt: skip
    rows = session.execute(
        select(Proposal, ProposalAccount.account_id)
        .join(ProposalAccount, ProposalAccount.proposal_id == Proposal.id)
        .where(Proposal.id == last.scalar_subquery())
    ).all()
    return (rows[0][0], [account for _version, account in rows]) if rows else None


def before(session: Session, versions: Sequence[Proposal]) -> dict[int, list[Proposal]]:
    """What each of these answers, by its id: the earlier versions of its chain, newest first. One statement."""
    roots = {each.root_id for each in versions if each.root_id is not None}
    if not roots:
        return {}
    chains = session.scalars(
        select(Proposal).where(or_(Proposal.id.in_(roots), Proposal.root_id.in_(roots))).order_by(Proposal.id.desc())
    ).all()
    return {
        each.id: [old for old in chains if (old.root_id or old.id) == each.root_id and old.version < each.version]
        for each in versions
        if each.root_id is not None
    }


def sent_with(session: Session, person: int, key: str) -> Proposal | None:
    """The version that this person's key made; None where it has made none."""
    return session.scalar(select(Proposal).where(Proposal.person_id == person, Proposal.key == key))


def proposals_of(session: Session, people: Sequence[int], *, waiting: bool = False) -> list[Proposal]:
    """The versions of these ids, newest first; `waiting`: only those that nobody has answered yet."""
    query = select(Proposal).where(Proposal.person_id.in_(people)).order_by(Proposal.id.desc())
    return list(session.scalars(query.where(Proposal.state == "submitted") if waiting else query))
