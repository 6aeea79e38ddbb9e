"""The arrangement (plan): an agreed way to pay over one or several accounts.

One currency, one live plan an account; a new one supersedes on approval. When
the one that ends covered other accounts too, those are released, and told so.
The sums live in the shares alone, one for each instalment and account: a joint
tenant sees the shares of the joint account and their sum, and never learns
what else is in the other's plan. What was paid to a plan stands in `paid.py`.

States: live, broken, completed, superseded, cancelled. Live plan: one that has
not ended, live or broken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    FetchedValue,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements.plan_interest import last_part_on, part_on
from cases.arrangements.schedule import Schedule
from cases.db import Base, Currency, Id, Minor, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.joint import accounts_of, liable_for
from cases.work import queue

TOLERANCE: Final = 5
"""Days after its due date from which an instalment is missed, unless set otherwise."""


class Arrangement(Base):
    """What was agreed, with whom, when. A promise to pay is one with a single instalment.

    `tx`: the number of its transaction; what was booked in an earlier one, its sums knew.
    `judged_on`, `counted_on`, `missed`, `next_change`: how it was last judged (`monitoring.py`): as of which
    day that has ended, with money up to which day, how many instalments were missed, and the first day whose
    close can change that by itself.
    """

    __tablename__ = "arrangement"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    proposal_id: Mapped[int] = refers("proposal.id")
    kind: Mapped[str] = mapped_column(Text)
    currency: Mapped[Currency]
    rhythm: Mapped[str] = mapped_column(Text)
    calendar: Mapped[str | None] = mapped_column(Text)
    tolerance_days: Mapped[int] = mapped_column(Integer, server_default=text(str(TOLERANCE)))
    agreed_at: Mapped[Moment]
    agreed_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default=text("'live'"))
    ended_at: Mapped[Moment | None]
    judged_on: Mapped[date | None] = mapped_column(Date)
    counted_on: Mapped[date | None] = mapped_column(Date)
    missed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_change: Mapped[date | None] = mapped_column(Date)
    tx: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())

    __table_args__ = (
        CheckConstraint("missed >= 0", "missed"),
        CheckConstraint("kind in ('plan', 'promise')", "kind"),
        CheckConstraint("state in ('live','broken','completed','superseded','cancelled')", "state"),
        CheckConstraint("(state in ('live', 'broken')) = (ended_at is null)", "ended"),
        UniqueConstraint("proposal_id"),
        Index("arrangement_person", "person_id"),
        Index("arrangement_next_change", "next_change"),
    )


class ArrangementAccount(Base):
    """An account that a plan covers, with the sum covered in minor units.

    `interest`: what it bears besides, by the plan's schedule, in minor units: `rate` per cent a year on the `base` of
    the sum, from the day `bears_from` on. `interest_next`: the day whose close posts its next part (`charging.py`).
    """

    __tablename__ = "arrangement_account"

    arrangement_id: Mapped[int] = refers("arrangement.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    nth: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Minor]
    ended_at: Mapped[Moment | None]
    rate: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    base: Mapped[Minor | None]
    bears_from: Mapped[date | None] = mapped_column(Date)
    interest: Mapped[Minor | None]
    interest_next: Mapped[date | None] = mapped_column(Date)

    __table_args__ = (
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("(rate is null) = (base is null) and rate > 0 and base > 0", "rate"),
        CheckConstraint(
            "(interest is null) = (rate is null) and (interest is null) = (bears_from is null)"
            " and (interest is not null or interest_next is null) and interest > 0",
            "interest",
        ),
        Index("arrangement_account_interest", "interest_next", postgresql_where=text("interest_next is not null")),
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


@dataclass(frozen=True, slots=True)
class LivePlan:
    """A plan that has not ended, and those of its accounts that were asked for, in their order."""

    arrangement: Arrangement
    accounts: tuple[ArrangementAccount, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """An instalment of a plan with its shares: minor units by account id, as far as the asker may see them."""

    instalment: Instalment
    shares: dict[int, int]

    @property
    def minor(self) -> int:
        """The sum of these shares."""
        return sum(self.shares.values())


def start(
    session: Session,
    *,
    person: int,
    proposal: int,
    kind: str,
    currency: str,
    rhythm: str,
    calendar: str | None,
    covered: Sequence[tuple[int, int, int]],
    schedule: Schedule[int],
    on: date,
    by: Actor,
    at: datetime,
    bases: Mapping[int, int] | None = None,
    bears_from: date | None = None,
) -> int:
    """Makes a plan of an agreed schedule, agreed on the creditors' day `on`. Returns its id.

    `covered`: account, creditor and minor units, in order. Live plans of these accounts are
    superseded. It is judged first by the close of the day `on`. The caller holds the accounts' rows
    locked. `bases`: by account, what bears interest from the day `bears_from` on. Each liable person is told, with
    the shares of the accounts that this person owes and no others.
    """
    plan = Arrangement(person_id=person, proposal_id=proposal, kind=kind, currency=currency, rhythm=rhythm,
                       calendar=calendar, agreed_at=at, agreed_on=on, next_change=on)  # fmt: skip
    session.add(plan)
    session.flush()
    accounts = [account for account, _, _ in covered]
    _supersede(session, accounts, plan.id, by=by, at=at)
    creditors = {account: creditor for account, creditor, _ in covered}
    first_part = part_on(on, last_part_on(on, schedule.ends_on))
    bearing = {
        each.key: {"rate": each.rate, "base": bases[each.key], "bears_from": bears_from, "interest": each.minor,
                   "interest_next": first_part}
        for each in schedule.interest if bases
    }  # fmt: skip
    bare = dict.fromkeys(("rate", "base", "bears_from", "interest", "interest_next"))
    session.execute(
        insert(ArrangementAccount),
        [
            {"arrangement_id": plan.id, "account_id": account, "creditor_id": creditor, "nth": n, "amount": minor,
             **bearing.get(account, bare)}
            for n, (account, creditor, minor) in enumerate(covered, 1)
        ],
    )  # fmt: skip
    made = session.execute(
        insert(Instalment).returning(Instalment.n, Instalment.id),
        [
            {"arrangement_id": plan.id, "n": each.number, "part": str(each.part), "nominal_on": each.nominal_on,
             "due_on": each.due_on}
            for each in schedule.instalments
        ],
    )  # fmt: skip
    numbers = {row.n: row.id for row in made}
    session.execute(
        insert(InstalmentShare),
        [
            {"instalment_id": numbers[each.number], "account_id": share.key, "creditor_id": creditors[share.key],
             "amount": share.minor}
            for each in schedule.instalments
            for share in each.shares
        ],
    )  # fmt: skip
    for liable, theirs in by_person(session, accounts).items():
        sums = [
            (each.due_on, sum(share.minor for share in each.shares if share.key in theirs))
            for each in schedule.instalments
        ]
        paying = [(day, minor) for day, minor in sums if minor]
        record(session, Kind.ARRANGEMENT_STARTED, by=by, at=at, person=liable, subject=f"arrangement:{plan.id}",
               facts={"kind": kind, "currency": currency, "rhythm": rhythm, "total": sum(m for _, m in paying),
                      "count": len(paying), "first": paying[0][1], "first_on": paying[0][0].isoformat(),
                      "last_on": paying[-1][0].isoformat()})  # fmt: skip
    return plan.id


def live_plans(
    session: Session, *, people: Sequence[int] | None = None, accounts: Sequence[int] | None = None
) -> list[LivePlan]:
    """The live plans over these accounts, or over the accounts that these ids owe; newest first.

    Only the asked accounts of a plan are given: the rest may be another person's.
    """
    asked = list(accounts) if accounts is not None else accounts_of(session, people or ())
    rows = session.execute(
        select(Arrangement, ArrangementAccount)
        .join(ArrangementAccount, ArrangementAccount.arrangement_id == Arrangement.id)
        .where(ArrangementAccount.account_id.in_(asked), ArrangementAccount.ended_at.is_(None))
        .order_by(Arrangement.id.desc(), ArrangementAccount.nth)
    )
    found: dict[int, tuple[Arrangement, list[ArrangementAccount]]] = {}
    for plan, account in rows:
        found.setdefault(plan.id, (plan, []))[1].append(account)
    return [LivePlan(plan, tuple(covered)) for plan, covered in found.values()]


def would_end(session: Session, accounts: Sequence[int]) -> tuple[list[int], list[int]]:
    """What approving a plan over these accounts would end: the live plans, and other accounts it would release."""
    ending = list(
        session.scalars(
            select(ArrangementAccount.arrangement_id)
            .where(ArrangementAccount.account_id.in_(accounts), ArrangementAccount.ended_at.is_(None))
            .distinct()
            .order_by(ArrangementAccount.arrangement_id)
        )
    )
    released = session.scalars(
        select(ArrangementAccount.account_id)
        .where(
            ArrangementAccount.arrangement_id.in_(ending),
            ArrangementAccount.ended_at.is_(None),
            ArrangementAccount.account_id.not_in(accounts),
        )
        .order_by(ArrangementAccount.account_id)
    )
    return ending, list(released)


def instalments_of(session: Session, arrangement: int) -> list[Planned]:
    """The instalments of a plan in order, with the shares that the asker may see."""
    rows = session.execute(
        select(Instalment, InstalmentShare.account_id, InstalmentShare.amount)
        .join(InstalmentShare, InstalmentShare.instalment_id == Instalment.id)
        .where(Instalment.arrangement_id == arrangement)
        .order_by(Instalment.n, InstalmentShare.account_id)
    )
    found: dict[int, Planned] = {}
    for instalment, account, minor in rows:
        found.setdefault(instalment.id, Planned(instalment, {})).shares[account] = minor
    return list(found.values())


def by_person(session: Session, accounts: Sequence[int]) -> dict[int, set[int]]:
    """Which of these accounts each liable person owes."""
    found: dict[int, set[int]] = {}
    for account, people in liable_for(session, accounts).items():
        for person in people:
            found.setdefault(person, set()).add(account)
    return dict(sorted(found.items()))


def _supersede(session: Session, accounts: Sequence[int], new: int, *, by: Actor, at: datetime) -> None:
    """Ends the live plans of these accounts in favour of the plan `new`; tells each person, and of each release."""
    ending, released = would_end(session, accounts)
    for old in ending:
        covered = session.execute(
            select(ArrangementAccount.account_id, ArrangementAccount.creditor_id).where(
                ArrangementAccount.arrangement_id == old, ArrangementAccount.ended_at.is_(None)
            )
        ).all()
        session.execute(update(Arrangement).where(Arrangement.id == old).values(state="superseded", ended_at=at))
        session.execute(
            update(ArrangementAccount)
            .where(ArrangementAccount.arrangement_id == old, ArrangementAccount.ended_at.is_(None))
            .values(ended_at=at)
        )
        queue.done(session, subject=f"arrangement:{old}", by=by, at=at)
        for liable, theirs in by_person(session, [account for account, _ in covered]).items():
            record(session, Kind.ARRANGEMENT_SUPERSEDED, by=by, at=at, person=liable, subject=f"arrangement:{old}",
                   facts={"new": new, "released": len(theirs & set(released))})  # fmt: skip
        for account, creditor in covered:
            if account in released:
                record(session, Kind.ARRANGEMENT_SUPERSEDED, by=by, at=at, creditor=creditor, account=account,
                       subject=f"arrangement:{old}", facts={"released": 1})  # fmt: skip
