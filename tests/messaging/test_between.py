"""What happens between planning and claim stops the message by itself; and clocks that jump send nothing twice."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.clock import local
from cases.db import Database
from cases.debts import dispute, hold
from cases.debts.account import Account
from cases.debts.announced import announce
from cases.debts.creditor import Creditor
from cases.history import Actor
from cases.people import permission
from cases.people.person import Person
from tests.factories import BY, a_payment, an_account
from tests.messaging.plans import STAFF, a_plan, morning
from tests.messaging.rounds import rounds, set_to, states
from tests.messaging.texts import NUMBER, a_message, someone

DUE = date(2026, 12, 8)
PLANNED = morning(date(2026, 12, 5), time(8, 30))
"""A Saturday, three days before, when the window has not opened yet."""
LATER = morning(date(2026, 12, 5), time(11))


def _says_stop(session: Session, person: int, account: int) -> None:
    permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=PLANNED)


def _pays(session: Session, person: int, account: int) -> None:
    a_payment(session, [(session.get_one(Account, account), 5000)], date(2026, 12, 5), at=PLANNED)


def _announces(session: Session, person: int, account: int) -> None:
    found = session.get_one(Account, account)
    announce(session, creditor=found.creditor_id, account=account, currency=found.currency, amount=5000, channel="card",
             on=PLANNED.date(), expected_on=date(2026, 12, 7), key="on its way", by=BY, at=PLANNED)  # fmt: skip


def _agrees_anew(session: Session, person: int, account: int) -> None:
    proposal.enter(session, person=person, accounts=[account], terms=Terms(2500, date(2026, 12, 20)), key="anew", by=STAFF,
                   at=PLANNED)  # fmt: skip


def _is_held(session: Session, person: int, account: int) -> None:
    hold.place(session, person=person, basis="vulnerability", accounts=[account], stops=["reminders"],
               starts_on=PLANNED.date(), last_on=None, review_on=date(2026, 12, 20), key="k", by=STAFF, at=PLANNED)  # fmt: skip


def _is_disputed(session: Session, person: int, account: int) -> None:
    dispute.begin(session, person=person, account=account, ground="paid", note=None, key="k", by=Actor("debtor", person),
                  at=PLANNED)  # fmt: skip


def _has_died(session: Session, person: int, account: int) -> None:
    """A hold over another debt that stops every message to this person."""
    creditor = session.get_one(Creditor, session.get_one(Account, account).creditor_id)
    other = an_account(session, creditor, session.get_one(Person, person))
    hold.place(session, person=person, basis="deceased", accounts=[other.id], stops=[], starts_on=PLANNED.date(),
               last_on=None, review_on=date(2026, 12, 20), key="k", by=STAFF, at=PLANNED)  # fmt: skip


@pytest.mark.parametrize(
    ("happens", "why"),
    [(_says_stop, "stopped"), (_pays, "money_there"), (_announces, "money_announced"), (_agrees_anew, "plan_ended"),
     (_is_held, "on_hold"), (_is_disputed, "on_hold"), (_has_died, "on_hold")],
)
def test_what_happens_between_planning_and_claim_stops_the_reminder(
    happens: Callable[[Session, int, int], None], why: str, db: Database, at: datetime, superuser: Connection
) -> None:
    person, account, _ = a_plan(db, at, first_on=DUE)
    with rounds(db, PLANNED) as (worker, tray):
        assert worker.reminders() == 1
        worker.deliver()
        assert states(superuser)[0][0] == "planned", "its window has not opened"
        with db.acting() as session:
            happens(session, person, account)
        set_to(worker, LATER)
        worker.deliver()
        assert (tray.taken, states(superuser)[0]) == ([], ("withheld", why))


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Stockholm", "Europe/Warsaw"])
@pytest.mark.parametrize("night", [date(2026, 3, 28), date(2026, 10, 24)])
def test_through_both_nights_of_the_clock_change_each_goes_once_and_inside_its_window(
    night: date, zone: str, db: Database, superuser: Connection
) -> None:
    begins = datetime(night.year, night.month, night.day, 17, tzinfo=UTC)
    country = {"Europe/London": "GB", "Europe/Stockholm": "SE", "Europe/Warsaw": "PL"}[zone]
    people = [someone(db, mobile=f"+4477009001{n:02d}", country=country) for n in range(8)]
    with rounds(db, begins) as (worker, tray):
        sent: list[datetime] = []
        for half in range(2 * 48):
            moment = begins + half * timedelta(minutes=30)
            if half % 12 == 0 and people:
                a_message(db, moment, people.pop(), not_after=moment + timedelta(days=4))
            set_to(worker, moment)
            before = len(tray.taken)
            worker.sweep()
            worker.deliver()
            sent += [moment] * (len(tray.taken) - before)
    assert len(sent) == 8 - len(people) == len({message.to for _, message in tray.taken})
    hours = {local(moment, zone).time() for moment in sent}
    assert min(hours) >= time(8) and max(hours) < time(21), hours
    assert {state for state, _ in states(superuser)} == {"sent"}


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=-1), timedelta(minutes=-5)])
def test_a_clock_that_jumps_plans_and_sends_nothing_again(
    step: timedelta, db: Database, at: datetime, superuser: Connection
) -> None:
    a_plan(db, at, first_on=DUE)
    with rounds(db, LATER, real=LATER) as (worker, tray):
        for moment in (LATER, LATER + step, LATER + timedelta(minutes=1), LATER + timedelta(minutes=2)):
            set_to(worker, moment)
            worker.clock.truly = moment  # type: ignore[attr-defined]
            for each in (worker.reminders, worker.answers, worker.deliver, worker.sweep, worker.inquire, worker.day):
                each()
        assert len(tray.taken) == 1
    assert states(superuser)[0] == ("sent", None)
