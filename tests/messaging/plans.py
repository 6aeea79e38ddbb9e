"""Plans to be reminded of, and a worker that lives through days."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.schedule import Rhythm
from cases.clock import moment_of
from cases.db import Database
from cases.debts.account import Account
from cases.history import Actor
from portal.rounds import Rounds
from tests.factories import a_charge, a_creditor, a_payment, a_person, an_account
from tests.messaging.rounds import told
from tests.messaging.texts import NUMBER

TUESDAY = date(2026, 11, 24)
STAFF = Actor("collector", 1)


def morning(day: date, at: time = time(9, 30), zone: str = "Europe/London") -> datetime:
    return moment_of(day, at, zone)


def live(worker: Rounds, first: date, last: date, at: time = time(9, 30)) -> list[tuple[date, int]]:
    """Lives from morning to morning; how many texts went on each day that had any."""
    tray = worker.carriers["sms"]
    went = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        before = len(tray.taken)  # type: ignore[attr-defined]
        worker.clock.stands = morning(day, at)  # type: ignore[attr-defined]
        worker.reminders()
        worker.deliver()
        if len(tray.taken) > before:  # type: ignore[attr-defined]
            went.append((day, len(tray.taken) - before))  # type: ignore[attr-defined]
    return went


def a_plan(db: Database, at: datetime, *, first_on: date, amount: int = 5000, owed: int = 20000) -> tuple[int, int, int]:
    """A monthly plan over one rent account: person, account, arrangement."""
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile=NUMBER)
        account = an_account(session, creditor, person)
        a_charge(session, account, owed, date(2026, 9, 1))
        asked = proposal.propose(
            session, person=person.id, accounts=[account.id], key="k", by=Actor("debtor", person.id), at=at,
            terms=Terms(amount=amount, first_on=first_on, rhythm=Rhythm.MONTHLY, month_day=first_on.day),
        )  # fmt: skip
        return person.id, account.id, proposal.approve(session, asked.id, by=STAFF, at=at)


def pay(db: Database, account: int, amount: int, on: date) -> None:
    with db.acting() as session:
        a_payment(session, [(_account(session, account), amount)], on, at=morning(on, time(9)))


def _account(session: Session, account: int) -> Account:
    return session.get_one(Account, account)


def whys(superuser: Connection) -> list[str]:
    return [facts["rule"] for _, facts in told(superuser, "message.withheld")]
