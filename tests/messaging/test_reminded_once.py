"""One reminder a person, day and step: whatever the number of debts, and whatever is corrected meanwhile."""

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.schedule import Rhythm
from cases.db import Database
from cases.debts.due import Due
from cases.history import Actor
from messaging import reminders
from tests.factories import a_creditor, a_due, a_person, an_account
from tests.messaging.plans import STAFF, TUESDAY, _account, a_plan, live, morning
from tests.messaging.rounds import rounds, states
from tests.messaging.texts import NUMBER, a_message


def test_planning_again_plans_nothing_and_so_do_two_planners_at_once(db: Database, at: datetime) -> None:
    a_plan(db, at, first_on=date(2026, 12, 8))
    with db.acting() as session:
        assert reminders.write_due(session, at=morning(date(2026, 12, 5))) == 1
    with db.acting() as one, db.acting() as other:
        assert reminders.write_due(one, at=morning(date(2026, 12, 8))) == 1
        one.commit()
        assert reminders.write_due(other, at=morning(date(2026, 12, 8))) == 0
    with db.acting() as session:
        assert session.execute(text("select count(*) from message")).scalar() == 2


def test_one_text_a_person_and_day_whatever_the_number_of_debts(
    db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        one, other = a_creditor(session, reminds_contractual=True), a_creditor(session, reminds_contractual=True)
        person = a_person(session, one, mobile=NUMBER)
        for creditor in (one, one, other):
            a_due(session, an_account(session, creditor, person), date(2026, 12, 8), 8000)
    with rounds(db, at) as (worker, tray):
        assert live(worker, TUESDAY, date(2026, 12, 9)) == [(date(2026, 12, 5), 1), (date(2026, 12, 8), 1)]
    rows = superuser.execute(text("select creditor_id, (select count(*) from reason r where r.message_id = m.id)"
                                  " from message m order by id")).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [(None, 3), (None, 3)], "debts of several creditors have none"


def test_a_debt_that_comes_later_the_same_morning_is_taken_in(db: Database, at: datetime) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        person = a_person(session, creditor, mobile=NUMBER)
        a_due(session, an_account(session, creditor, person), date(2026, 12, 8), 8000)
        early = morning(date(2026, 12, 8), time(7))
        assert reminders.write_due(session, at=early) == 1
        a_due(session, an_account(session, creditor, person), date(2026, 12, 8), 9000)
        assert reminders.write_due(session, at=early) == 0
        assert session.execute(text("select count(*), count(distinct message_id) from reason")).one() == (2, 1)


@pytest.mark.parametrize("together", [True, False])
def test_a_debt_whose_reminder_lasts_longer_is_not_lost_with_one_that_is_over(
    together: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    day = date(2026, 12, 8)
    with db.acting() as session:
        one, other = a_creditor(session, reminds_contractual=True), a_creditor(session, reminds_contractual=True)
        person = a_person(session, one, mobile=NUMBER)
        for creditor, due_on in ((one, day), (other, day + timedelta(days=3))):
            a_due(session, an_account(session, creditor, person), due_on, 8000)
            if not together:
                reminders.write_due(session, at=morning(day, time(7)))
        person_id = person.id
    a_message(db, morning(day), person_id, template="plan_started")
    with rounds(db, morning(day)) as (worker, tray):
        # Another message of that day takes its place: both wait for the next, and one is over by then.
        worker.deliver()
        assert len(tray.taken) == 1
        assert live(worker, day, day + timedelta(days=2)) == [(day + timedelta(days=1), 1)]
    rows = superuser.execute(text("select not_after from message where template = 'reminder'")).all()
    assert [tuple(row) for row in rows] == [(morning(day + timedelta(days=3), time(0)),)]
    assert superuser.execute(text("select count(*) from reason where step <> 'test'")).scalar() == 2


NOON = morning(date(2026, 12, 5), time(12))


def test_a_due_that_is_corrected_after_its_reminder_went_is_not_reminded_of_again(
    db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        account = an_account(session, creditor, a_person(session, creditor, mobile=NUMBER)).id
        old = a_due(session, _account(session, account), date(2026, 12, 8), 8000)
        facts = {"creditor_id": creditor.id, "account_id": account, "component": "principal", "recorded_at": NOON}
        replaced = old.id
    with rounds(db, at) as (worker, _):
        assert live(worker, date(2026, 12, 5), date(2026, 12, 5)) == [(date(2026, 12, 5), 1)]
        with db.acting() as session:
            session.add(Due(due_on=date(2026, 12, 8), amount=8100, replaces=replaced, **facts))
        assert live(worker, date(2026, 12, 5), date(2026, 12, 7), time(12, 30)) == []
        # What falls due on another day has its own reminder.
        with db.acting() as session:
            session.add(Due(due_on=date(2026, 12, 10), amount=500, **facts))
        assert live(worker, date(2026, 12, 7), date(2026, 12, 8), time(12, 30)) == [
            (date(2026, 12, 7), 1), (date(2026, 12, 8), 1)
        ]  # fmt: skip
    assert states(superuser) == [("sent", None)] * 3


def test_a_due_that_is_corrected_before_its_reminder_went_is_reminded_of_once(
    db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        account = an_account(session, creditor, a_person(session, creditor, mobile=NUMBER))
        old = a_due(session, account, date(2026, 12, 8), 8000)
        early = morning(date(2026, 12, 5), time(7))
        assert reminders.write_due(session, at=early) == 1
        session.add(Due(creditor_id=creditor.id, account_id=account.id, due_on=date(2026, 12, 8), amount=8100,
                        component="principal", recorded_at=early, replaces=old.id))  # fmt: skip
    with rounds(db, at) as (worker, _):
        assert live(worker, date(2026, 12, 5), date(2026, 12, 6)) == [(date(2026, 12, 5), 1)]


def test_a_plan_that_is_replaced_after_its_reminder_went_is_not_reminded_of_again_for_the_same_day(
    db: Database, at: datetime
) -> None:
    person, account, _ = a_plan(db, at, first_on=date(2026, 12, 8))
    with rounds(db, at) as (worker, _):
        assert live(worker, date(2026, 12, 5), date(2026, 12, 5)) == [(date(2026, 12, 5), 1)]
        with db.acting() as session:
            asked = proposal.propose(
                session, person=person, accounts=[account], key="k2", by=Actor("debtor", person), at=NOON,
                terms=Terms(amount=4000, first_on=date(2026, 12, 8), rhythm=Rhythm.MONTHLY, month_day=8),
            )  # fmt: skip
            proposal.approve(session, asked.id, by=STAFF, at=NOON)
        assert live(worker, date(2026, 12, 5), date(2026, 12, 8), time(12, 30)) == [(date(2026, 12, 8), 1)]


def test_people_who_are_joined_after_the_reminder_went_are_not_reminded_again(db: Database, at: datetime) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        elder, younger = a_person(session, creditor), a_person(session, creditor, mobile=NUMBER)
        a_due(session, an_account(session, creditor, younger), date(2026, 12, 8), 8000)
        ids = {"e": elder.id, "y": younger.id, "d": NOON.date(), "at": NOON}
    with rounds(db, at) as (worker, _):
        assert live(worker, date(2026, 12, 5), date(2026, 12, 5)) == [(date(2026, 12, 5), 1)]
        with db.acting() as session:
            session.execute(text("insert into joined (person_id, into_id, since, recorded_at) values (:y, :e, :d, :at)"),
                            ids)  # fmt: skip
        assert live(worker, date(2026, 12, 5), date(2026, 12, 7), time(12, 30)) == []
