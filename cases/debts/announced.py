"""Money announced: said to be coming and not yet booked.

A card payment in flight, a transfer that the bank has seen: it is never part of
the balance, mutes reminders, and is shown as being checked. It ends on a day:
the value date of the payment that stands for it in the ledger, or the day it
failed or was called off. So the same row answers for any day asked, and on each
day the money counts once: as announced, or as paid. Both acts judge the plan
of the account.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, Date, Index, Text, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements import monitoring
from cases.db import Base, Currency, Id, Minor, Moment, refers
from cases.debts.entry import Payment
from cases.history import Actor, Kind, record
from cases.refusal import refusal_code

AnnouncedEnded = refusal_code("announced.ended", "announced")
AnnouncedAmount = refusal_code("announced.amount", "amount")

ENDINGS = ("booked", "failed", "cancelled")


class Announced(Base):
    """One sum on its way to one account, minor units. A settled one is replaced by its ending."""

    __tablename__ = "announced"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    account_id: Mapped[int] = refers("account.id")
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    channel: Mapped[str] = mapped_column(Text)
    announced_at: Mapped[Moment]
    announced_on: Mapped[date] = mapped_column(Date)
    expected_on: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    ending: Mapped[str | None] = mapped_column(Text)
    payment_id: Mapped[int | None] = refers("payment.id", nullable=True)
    key: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("announced.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("channel in ('card', 'bank')", "channel"),
        CheckConstraint("ending in ('booked', 'failed', 'cancelled')", "ending"),
        CheckConstraint("(ending is null) = (ended_on is null)", "ended"),
        CheckConstraint("(ending = 'booked') = (payment_id is not null)", "booked"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("announced_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("announced_account", "account_id", postgresql_where=text("replaced_at is null")),
        Index("announced_key", "creditor_id", "key", unique=True, postgresql_where=text("replaced_at is null")),
    )


def announce(
    session: Session,
    *,
    creditor: int,
    account: int,
    currency: str,
    amount: int,
    channel: str,
    on: date,
    expected_on: date,
    key: str,
    by: Actor,
    at: datetime,
) -> int:
    """Notes that `amount` minor units are on their way; the same key notes it once. Returns its id.

    Raises AnnouncedAmount when the amount is not above nought.
    """
    if amount <= 0:
        raise AnnouncedAmount(amount=amount)
    monitoring.hold(session, [account])
    made: int | None = session.scalar(
        insert(Announced)
        .values(
            creditor_id=creditor,
            account_id=account,
            currency=currency,
            amount=amount,
            channel=channel,
            announced_at=at,
            announced_on=on,
            expected_on=expected_on,
            key=key,
            recorded_at=at,
        )
        .on_conflict_do_nothing()
        .returning(Announced.id)
    )
    if made is None:
        return session.scalars(
            select(Announced.id).where(
                Announced.creditor_id == creditor, Announced.key == key, Announced.replaced_at.is_(None)
            )
        ).one()
    record(
        session,
        Kind.MONEY_ANNOUNCED,
        by=by,
        at=at,
        creditor=creditor,
        account=account,
        subject=f"announced:{made}",
        facts={"amount": amount, "currency": currency, "channel": channel, "expected_on": expected_on.isoformat()},
    )
    monitoring.judge(session, [account], by=by, at=at)
    return made


def end(
    session: Session,
    announced: int,
    *,
    ending: str,
    by: Actor,
    at: datetime,
    on: date | None = None,
    payment: int | None = None,
) -> int:
    """Says what came of announced money: booked as `payment`, on its value date; failed or cancelled, on the day `on`.

    Raises AnnouncedEnded when it has ended already.
    """
    if (on is None) != (ending == "booked") or (payment is None) == (ending == "booked"):
        raise ValueError("what was booked ended on its payment's day, anything else on a day that is given")
    monitoring.hold(session, session.scalars(select(Announced.account_id).where(Announced.id == announced)))
    asked = select(Announced).where(Announced.id == announced).with_for_update(key_share=True)
    was = session.scalars(asked.execution_options(populate_existing=True)).one()
    if was.replaced_at is not None or was.ending is not None:
        raise AnnouncedEnded(announced=announced)
    ended_on = on or session.scalars(select(Payment.value_date).where(Payment.id == payment)).one()
    row = Announced(
        creditor_id=was.creditor_id,
        account_id=was.account_id,
        currency=was.currency,
        amount=was.amount,
        channel=was.channel,
        announced_at=was.announced_at,
        announced_on=was.announced_on,
        expected_on=was.expected_on,
        ended_on=ended_on,
        ending=ending,
        payment_id=payment,
        key=was.key,
        recorded_at=at,
        replaces=was.id,
    )
    session.add(row)
    session.flush()
    record(
        session,
        Kind.MONEY_ARRIVED if ending == "booked" else Kind.MONEY_FAILED,
        by=by,
        at=at,
        creditor=was.creditor_id,
        account=was.account_id,
        subject=f"announced:{row.id}",
        facts={"amount": was.amount, "currency": was.currency, "ending": ending, "on": ended_on.isoformat()},
    )
    monitoring.judge(session, [was.account_id], by=by, at=at)
    return row.id


def on_its_way(session: Session, days: Mapping[int, date]) -> list[Announced]:
    """What is on its way to these accounts, each on the day given for it (its creditor's), oldest first."""
    # Plain text: building the statement anew for each page costs more than asking it (measured).
    return list(session.scalars(_ON_ITS_WAY, {"accounts": list(days), "days": list(days.values())}))


_ON_ITS_WAY: Final = select(Announced).from_statement(
    text("""
select n.* from announced n
join unnest(cast(:accounts as bigint[]), cast(:days as date[])) asked(account, day) on asked.account = n.account_id
where n.replaced_at is null and n.announced_on <= asked.day and (n.ended_on is null or n.ended_on > asked.day)
order by n.announced_at, n.id
""")
)
