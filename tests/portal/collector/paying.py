"""Money in the desk's cases: a payment by hand or by card, what the card service tells later, days that end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.arrangements import monitoring
from cases.history import Actor
from payments import attempt as attempts
from payments import by_hand, outcome, reversal
from payments.attempt import PaymentAttempt
from payments.payable import other, payables
from payments.processor import Begun, Declined, Reported, Seen, Standing
from tests.factories import AT, BY
from tests.portal.collector.conftest import Desk


def by_cash(session: Session, desk: Desk, name: str, debts: list[str], amount: int, *, on: date = AT.date()) -> int:
    """A payment in cash of this person for these debts, entered by Priya; its id."""
    person = desk.ids[name]
    found = next(each for each in payables(session, [person], desk.clock.now()) if each.currency == "GBP")
    choice = other(found, [desk.ids[each] for each in debts], amount)
    return by_hand.enter(
        session, person=person, choice=choice, method="cash", value_date=on, reference="Receipt 7", key=f"by hand {amount}",
        on=desk.clock.now().date(), by=Actor("collector", desk.ids["priya"]), at=desk.clock.now(), real=desk.clock.real(),
    ).id  # fmt: skip


def by_card(session: Session, desk: Desk, name: str, debts: list[str], amount: int) -> PaymentAttempt:
    """A card payment whose page stands."""
    person = desk.ids[name]
    found = next(each for each in payables(session, [person], desk.clock.now()) if each.currency == "GBP")
    row = attempts.start(
        session, person=person, people=[person], choice=other(found, [desk.ids[each] for each in debts], amount),
        key=f"by card {amount}", least=30, provider="stripe", by=Actor("debtor", person), at=desk.clock.now(),
        real=desk.clock.real(),
    )  # fmt: skip
    return attempts.opened(session, row.id, Begun(f"cs_{row.id}", "http://127.0.0.1/card"))


def seen(session: Session, desk: Desk, row: PaymentAttempt, standing: Standing = Standing.PAID, *,
         amount: int | None = None, confirmed: bool = True) -> str:  # fmt: skip
    """What the card service says of its page."""
    told = Seen(f"cs_{row.id}", row.id, standing, f"pi_{row.id}", amount or row.amount, row.currency, desk.clock.real())
    return outcome.take(session, "stripe", told, confirmed=confirmed, at=desk.clock.now(), real=desk.clock.real())


def refused(session: Session, desk: Desk, row: PaymentAttempt, code: str) -> None:
    """The bank says no to a try."""
    outcome.declined(session, "stripe", Declined(row.id, f"pi_{row.id}", code, desk.clock.real()), at=desk.clock.now())


def reported(session: Session, desk: Desk, row: PaymentAttempt, what: str, status: str, reason: str,
             amount: int | None = None) -> None:  # fmt: skip
    """The card service tells of a refund or a dispute."""
    told = Reported(what, f"x_{row.id}", f"pi_{row.id}", amount or row.amount, row.currency, status, reason, desk.clock.real())
    assert reversal.reported(session, "stripe", told, at=desk.clock.now()) == what


def the_plan(session: Session) -> int:
    """The plan over the loan: 500.00 zł a month, two payments made, the next on 21 December."""
    return session.scalars(text("select id from arrangement where currency = 'PLN'")).one()


def days_end(desk: Desk, last: date) -> None:
    """The clock goes to the morning after `last`, and the plan over the loan is judged as of each day until then."""
    morning = datetime(last.year, last.month, last.day, 9, 0, tzinfo=AT.tzinfo) + timedelta(days=1)
    desk.clock.at = desk.clock.true = morning
    with desk.db.acting() as session:
        plan = the_plan(session)
        monitoring.close(session, {plan: last}, by=BY, at=morning)


def an_attempt(session: Session, number: int) -> PaymentAttempt:
    """An attempt, as it stands."""
    return session.scalars(select(PaymentAttempt).where(PaymentAttempt.id == number)).one()
