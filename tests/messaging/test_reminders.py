"""Reminders: three days before and on the morning, one a person and day, never when the money is there."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.schedule import Rhythm
from cases.db import Database
from cases.debts import announced
from cases.debts.creditor import Creditor, switch_contractual_reminders
from cases.history import Actor
from cases.people.joint import Liability
from cases.people.person import Record
from messaging import reminders
from tests.factories import BY, a_charge, a_creditor, a_due, a_person, an_account
from tests.messaging.plans import STAFF, TUESDAY, _account, a_plan, live, morning, pay, whys
from tests.messaging.rounds import rounds, states, told
from tests.messaging.texts import NUMBER


def test_an_agreed_instalment_is_reminded_of_three_days_before_and_on_its_morning(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_plan(db, at, first_on=date(2026, 12, 8))
    with rounds(db, at) as (worker, tray):
        assert live(worker, TUESDAY, date(2026, 12, 14)) == [(date(2026, 12, 5), 1), (date(2026, 12, 8), 1)]
    assert {message.to for _, message in tray.taken} == {NUMBER}
    assert states(superuser) == [("sent", None)] * 2


@pytest.mark.parametrize(
    ("due_on", "before", "morning_of"),
    [
        # Sunday has no window in Great Britain: the Saturday before it.
        (date(2026, 12, 2), date(2026, 11, 28), date(2026, 12, 2)),
        (date(2026, 12, 6), date(2026, 12, 3), date(2026, 12, 5)),
        # Christmas 2026: 25, 26 (Saturday), 27 (Sunday) and 28 (substitute) are closed.
        (date(2026, 12, 28), date(2026, 12, 24), date(2026, 12, 24)),
        (date(2026, 12, 25), date(2026, 12, 22), date(2026, 12, 24)),
    ],
)
def test_a_day_without_window_is_reminded_of_in_the_last_window_before_and_never_after(
    due_on: date, before: date, morning_of: date, db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        account = an_account(session, creditor, a_person(session, creditor, mobile=NUMBER))
        a_due(session, account, due_on, 8000)
    with rounds(db, at) as (worker, _):
        went = live(worker, TUESDAY, due_on + timedelta(days=5))
    assert [day for day, _ in went] == sorted({before, morning_of})
    assert all(count == 1 for _, count in went), "one a day, whatever falls together"


def test_contractual_instalments_are_reminded_of_only_where_the_creditor_wants_it(
    db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        a_due(session, an_account(session, creditor, a_person(session, creditor, mobile=NUMBER)), date(2026, 12, 8), 8000)
        creditor_id = creditor.id
    with rounds(db, at) as (worker, tray):
        assert live(worker, TUESDAY, date(2026, 12, 5)) == []
        with db.acting() as session:
            switch_contractual_reminders(session, session.get_one(Creditor, creditor_id), True, by=STAFF, at=at)
        assert live(worker, date(2026, 12, 8), date(2026, 12, 8)) == [(date(2026, 12, 8), 1)]
    with db.acting() as session:
        # Planned in the night, switched off before it went.
        a_due(session, _account(session, session.execute(text("select id from account")).scalar_one()),
              date(2026, 12, 18), 8000)  # fmt: skip
        assert reminders.write_due(session, at=morning(date(2026, 12, 18), time(6))) == 1
        switch_contractual_reminders(session, session.get_one(Creditor, creditor_id), False, by=STAFF, at=at)
    with rounds(db, morning(date(2026, 12, 18))) as (worker, tray):
        worker.run_due()
        assert tray.taken == []
    assert whys(superuser) == ["reminders_off"]


@pytest.mark.parametrize(("paid", "goes"), [(0, True), (4999, True), (5000, False)])
def test_no_reminder_when_the_money_of_a_plan_is_there(
    paid: int, goes: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    _, account, _ = a_plan(db, at, first_on=date(2026, 12, 8))
    if paid:
        pay(db, account, paid, date(2026, 12, 4))
    with rounds(db, at) as (worker, tray):
        live(worker, date(2026, 12, 5), date(2026, 12, 8))
    assert bool(tray.taken) is goes
    assert whys(superuser) == ([] if goes else ["money_there"] * 2)


def test_a_plan_that_is_paid_in_full_reminds_of_nothing(db: Database, at: datetime, superuser: Connection) -> None:
    _, account, _ = a_plan(db, at, first_on=date(2026, 12, 8))
    pay(db, account, 20000, date(2026, 12, 4))
    with rounds(db, at) as (worker, _):
        assert live(worker, date(2026, 12, 5), date(2027, 1, 9)) == []
    assert whys(superuser) == []


def test_a_plan_that_missed_a_payment_is_reminded_of_its_later_ones(db: Database, at: datetime) -> None:
    _, _, plan = a_plan(db, at, first_on=date(2026, 12, 8))
    with rounds(db, at) as (worker, _):
        worker.clock.stands = morning(date(2026, 12, 20))  # type: ignore[attr-defined]
        worker.day()
        with db.acting() as session:
            assert session.execute(text("select state from arrangement where id = :n"), {"n": plan}).scalar() == "broken"
        assert live(worker, date(2027, 1, 4), date(2027, 1, 9)) == [(date(2027, 1, 5), 1), (date(2027, 1, 8), 1)]


@pytest.mark.parametrize(("paid", "goes"), [(0, True), (7999, True), (8000, False)])
def test_no_reminder_when_the_money_of_a_contract_is_there(
    paid: int, goes: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        account = an_account(session, creditor, a_person(session, creditor, mobile=NUMBER)).id
        a_due(session, _account(session, account), date(2026, 12, 8), 8000)
        a_due(session, _account(session, account), date(2027, 1, 8), 8000)
    if paid:
        pay(db, account, paid, date(2026, 12, 4))
    with rounds(db, at) as (worker, tray):
        live(worker, date(2026, 12, 5), date(2026, 12, 8))
    assert bool(tray.taken) is goes
    assert whys(superuser) == ([] if goes else ["money_there"] * 2)


@pytest.mark.parametrize("agreed", [True, False])
def test_no_reminder_when_the_money_is_announced_but_again_when_it_failed(
    agreed: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    if agreed:
        _, account, _ = a_plan(db, at, first_on=date(2026, 12, 8))
    else:
        with db.acting() as session:
            creditor = a_creditor(session, reminds_contractual=True)
            row = an_account(session, creditor, a_person(session, creditor, mobile=NUMBER))
            a_due(session, row, date(2026, 12, 8), 5000)
            account = row.id
    with db.acting() as session:
        creditor_id = session.execute(text("select creditor_id from account")).scalar_one()
        said = announced.announce(session, creditor=creditor_id, account=account, currency="GBP", amount=5000,
                                  channel="card", on=date(2026, 12, 4), expected_on=date(2026, 12, 9), key="a", by=BY,
                                  at=morning(date(2026, 12, 4)))  # fmt: skip
    with rounds(db, at) as (worker, tray):
        assert live(worker, date(2026, 12, 5), date(2026, 12, 5)) == []
        assert whys(superuser) == ["money_announced"]
        with db.acting() as session:
            announced.end(session, said, ending="failed", on=date(2026, 12, 7), by=BY, at=morning(date(2026, 12, 7)))
        assert live(worker, date(2026, 12, 8), date(2026, 12, 8)) == [(date(2026, 12, 8), 1)]


def test_a_plan_that_was_replaced_reminds_of_nothing_and_the_new_one_does(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person, account, _ = a_plan(db, at, first_on=date(2026, 12, 8))
    with db.acting() as session:
        assert reminders.write_due(session, at=morning(date(2026, 12, 8), time(6))) == 1
        asked = proposal.propose(
            session, person=person, accounts=[account], key="k2", by=Actor("debtor", person), at=at,
            terms=Terms(amount=6000, first_on=date(2026, 12, 15), rhythm=Rhythm.MONTHLY, month_day=15),
        )  # fmt: skip
        proposal.approve(session, asked.id, by=STAFF, at=at)
    with rounds(db, at) as (worker, _):
        went = live(worker, date(2026, 12, 8), date(2026, 12, 15))
    assert went == [(date(2026, 12, 12), 1), (date(2026, 12, 15), 1)]
    assert whys(superuser) == ["plan_ended"]


def test_what_was_agreed_after_the_day_of_its_reminder_has_none(db: Database, at: datetime) -> None:
    a_plan(db, at, first_on=date(2026, 11, 26))
    with rounds(db, at) as (worker, _):
        assert live(worker, TUESDAY, date(2026, 11, 27)) == [(date(2026, 11, 26), 1)]


def test_a_reminder_that_nobody_sent_in_time_is_late_but_never_after_the_due_date(
    db: Database, at: datetime, superuser: Connection
) -> None:
    a_plan(db, at, first_on=date(2026, 12, 8))
    with rounds(db, at) as (worker, _):
        # Nobody worked on Saturday and Sunday.
        assert live(worker, date(2026, 12, 7), date(2026, 12, 7)) == [(date(2026, 12, 7), 1)]
        assert live(worker, date(2026, 12, 8), date(2026, 12, 8), time(21)) == []
        assert live(worker, date(2026, 12, 9), date(2026, 12, 10)) == []
    assert whys(superuser) == ["outside_window"]
    (line,) = [facts for _, facts in told(superuser, "message.withheld")]
    assert line["may"].startswith("2026-12-09T08:00"), "it says when it might have gone"


def test_joint_holders_of_a_contract_are_each_reminded_and_a_guarantor_is_not(db: Database, at: datetime) -> None:
    numbers = [f"+44770090014{n}" for n in range(3)]
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        people = [a_person(session, creditor, mobile=number) for number in numbers]
        account = an_account(session, creditor, *people[:2])
        session.execute(
            text("insert into liability (creditor_id, account_id, person_id, role, recorded_at)"
                 " values (:c, :a, :p, 'guarantor', :at)"),
            {"c": creditor.id, "a": account.id, "p": people[2].id, "at": at},
        )  # fmt: skip
        a_due(session, account, date(2026, 12, 8), 8000)
    with rounds(db, at) as (worker, tray):
        live(worker, date(2026, 12, 8), date(2026, 12, 8))
    assert sorted(message.to for _, message in tray.taken) == numbers[:2]


@pytest.mark.parametrize("agreed", [True, False])
def test_whoever_owes_it_no_longer_when_it_would_go_is_not_reminded(
    agreed: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    early = morning(date(2026, 12, 8), time(7))
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=not agreed)
        first, leaving, elder = (a_person(session, creditor, mobile=f"+44770090014{n}") for n in range(3))
        account = an_account(session, creditor, first, leaving)
        if agreed:
            a_charge(session, account, 20000, date(2026, 9, 1))
            asked = proposal.propose(
                session, person=leaving.id, accounts=[account.id], key="k", by=Actor("debtor", leaving.id), at=at,
                terms=Terms(amount=5000, first_on=date(2026, 12, 8), rhythm=Rhythm.MONTHLY, month_day=8),
            )  # fmt: skip
            proposal.approve(session, asked.id, by=STAFF, at=at)
        else:
            a_due(session, account, date(2026, 12, 8), 8000)
        assert reminders.write_due(session, at=early) == (1 if agreed else 2)
        old = session.query(Liability).filter_by(account_id=account.id, person_id=leaving.id).one()
        session.add(Liability(creditor_id=creditor.id, account_id=account.id, person_id=leaving.id, role=old.role,
                              recorded_at=early, replaces=old.id, withdrawn=True))  # fmt: skip
    with rounds(db, morning(date(2026, 12, 8))) as (worker, tray):
        worker.deliver()
    assert [message.to for _, message in tray.taken] == ([] if agreed else ["+447700900140"])
    assert whys(superuser) == ["not_liable"]


def test_a_liability_that_moved_to_the_person_one_was_joined_to_is_ones_own(db: Database, at: datetime) -> None:
    early = morning(date(2026, 12, 8), time(7))
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        elder, younger = a_person(session, creditor), a_person(session, creditor, mobile=NUMBER)
        account = an_account(session, creditor, younger)
        a_due(session, account, date(2026, 12, 8), 8000)
        assert reminders.write_due(session, at=early) == 1
        old = session.query(Liability).filter_by(account_id=account.id).one()
        session.execute(text("insert into joined (person_id, into_id, since, recorded_at) values (:y, :e, :d, :at)"),
                        {"y": younger.id, "e": elder.id, "d": early.date(), "at": early})  # fmt: skip
        session.add(Liability(creditor_id=creditor.id, account_id=account.id, person_id=elder.id, role="holder",
                              recorded_at=early, replaces=old.id))  # fmt: skip
    with rounds(db, morning(date(2026, 12, 8))) as (worker, tray):
        worker.deliver()
    assert len(tray.taken) == 1


def test_the_day_is_the_creditors_and_the_hour_the_persons(db: Database, at: datetime) -> None:
    """A Swedish creditor's debtor in New York: not before eight there."""
    with db.acting() as session:
        creditor = a_creditor(session, country="SE", currency="SEK", reminds_contractual=True)
        person = a_person(session, creditor, mobile="+12125550123", country="US", postcode="10001")
        a_due(session, an_account(session, creditor, person), date(2026, 12, 8), 8000)
    with rounds(db, at) as (worker, tray):
        worker.clock.stands = morning(date(2026, 12, 8), time(7, 59), "America/New_York")  # type: ignore[attr-defined]
        worker.run_due()
        assert tray.taken == []
        worker.clock.stands = morning(date(2026, 12, 8), time(8, 0), "America/New_York")  # type: ignore[attr-defined]
        worker.run_due()
        assert len(tray.taken) == 1


def _days(targets: Sequence[reminders.Target]) -> dict[date, date]:
    return {each.day: each.sending for each in targets}


def test_a_country_without_a_pack_is_reminded_in_the_strictest_window() -> None:
    found = _days(list(reminders.targets_of("", "Europe/London", morning(date(2026, 12, 24)))))
    assert found[date(2026, 12, 24)] == date(2026, 12, 24)


@pytest.mark.parametrize("joined", [True, False])
def test_whoever_lives_in_two_countries_is_reminded_on_the_last_day_that_both_have(
    joined: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    saturday = date(2026, 12, 5)  # open in Great Britain, closed in Sweden
    with db.acting() as session:
        british = a_creditor(session, reminds_contractual=True)
        swedish = a_creditor(session, country="SE", currency="SEK")
        person = a_person(session, british, mobile=NUMBER)
        other = a_person(session, swedish, country="SE") if joined else None
        if other is None:
            session.add(Record(creditor_id=swedish.id, system="test", ref="S1", person_id=person.id, name="M",
                               name_norm="m", country="SE", recorded_at=at))  # fmt: skip
        else:
            session.execute(
                text("insert into joined (person_id, into_id, since, recorded_at) values (:y, :e, :d, :at)"),
                {"y": other.id, "e": person.id, "d": at.date(), "at": at},
            )
        a_due(session, an_account(session, british, person), saturday, 8000)
    with rounds(db, at) as (worker, _):
        assert live(worker, TUESDAY, date(2026, 12, 8)) == [(date(2026, 12, 2), 1), (date(2026, 12, 4), 1)]
    assert states(superuser) == [("sent", None)] * 2


def test_the_day_goes_back_until_every_country_has_it() -> None:
    # Monday 31 August 2026: closed in England, as Sunday; Saturday is closed in Sweden.
    found = _days(list(reminders.targets_of("GB,SE", "Europe/London", morning(date(2026, 8, 28)))))
    assert found[date(2026, 8, 31)] == date(2026, 8, 28)
    found = _days(list(reminders.targets_of("GB", "Europe/London", morning(date(2026, 8, 29)))))
    assert found[date(2026, 8, 31)] == date(2026, 8, 29)
