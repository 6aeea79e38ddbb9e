"""Messages about debts on hold: nobody is asked for money there, other debts are; and holds are told in neutral words."""

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Connection, select

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.debts import dispute, hold
from cases.history import Actor
from cases.people.joint import Liability
from tests.factories import a_charge, a_creditor, a_due, a_person, an_account
from tests.messaging.plans import STAFF, a_plan, live, morning, pay, whys
from tests.messaging.rounds import rounds, set_to, told
from tests.messaging.texts import NUMBER

DUE = date(2026, 12, 8)


def held(db: Database, person: int, accounts: list[int], at: datetime, **given: object) -> int:
    values: dict[str, object] = {"basis": "vulnerability", "stops": ["reminders"], "starts_on": at.date(), "last_on": None,
                                 "review_on": date(2027, 3, 1), "key": str(at)}  # fmt: skip
    with db.acting() as session:
        return hold.place(session, person=person, accounts=accounts, by=STAFF, at=at, **(values | given)).id  # type: ignore[arg-type]


def test_a_plan_over_two_debts_is_reminded_of_while_one_of_them_is_not_held(
    db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile=NUMBER)
        accounts = [an_account(session, creditor, person, debt_type=kind) for kind in ("rent", "care")]
        for account in accounts:
            a_charge(session, account, 10000, date(2026, 9, 1))
        proposal.enter(session, person=person.id, accounts=[each.id for each in accounts], terms=Terms(5000, DUE), key="k",
                       by=STAFF, at=at)  # fmt: skip
        who, one, two = person.id, accounts[0].id, accounts[1].id
    held(db, who, [one], at)
    with rounds(db, at) as (worker, _tray):
        assert [day for day, _ in live(worker, date(2026, 12, 4), DUE)] == [date(2026, 12, 5), DUE]
        held(db, who, [two], at, key="both")
        assert live(worker, date(2027, 1, 4), date(2027, 1, 8)) == []
    assert whys(superuser) == ["on_hold", "on_hold"]


def test_a_due_of_a_debt_on_hold_is_not_reminded_of_until_the_hold_is_over(
    db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, reminds_contractual=True)
        person = a_person(session, creditor, mobile=NUMBER)
        account = an_account(session, creditor, person)
        for day in (date(2026, 12, 8), date(2027, 1, 8)):
            a_due(session, account, day, 5000)
        who, account_id = person.id, account.id
    held(db, who, [account_id], at, last_on=date(2027, 1, 5), review_on=None)
    with rounds(db, at) as (worker, _tray):
        went = live(worker, date(2026, 12, 4), date(2027, 1, 8))
    assert [day for day, _ in went] == [date(2027, 1, 8)]
    assert whys(superuser) == ["on_hold"] * 3


def test_no_note_of_a_missed_payment_goes_about_debts_on_hold(db: Database, at: datetime, superuser: Connection) -> None:
    person, account, _ = a_plan(db, at, first_on=date(2026, 12, 1))
    with rounds(db, at) as (worker, tray):
        worker.begin()
        set_to(worker, morning(date(2026, 12, 7), time(0, 10)))
        worker.day()
        worker.answers()
        held(db, person, [account], morning(date(2026, 12, 7), time(7)))
        set_to(worker, morning(date(2026, 12, 7), time(10)))
        worker.deliver()
        assert tray.taken == []
    assert whys(superuser) == ["on_hold"]


def a_shared_plan(db: Database, at: datetime, first_on: date) -> tuple[int, int, int]:
    """A plan over a loan of Idris alone and a rent that Lena owes too: Idris, the loan, the rent."""
    with db.acting() as session:
        creditor = a_creditor(session)
        lena = a_person(session, creditor, name="Lena Farrow", mobile="+447700900147")
        person = a_person(session, creditor, mobile=NUMBER)
        loan = an_account(session, creditor, person, debt_type="loan")
        rent = an_account(session, creditor, person, lena, debt_type="rent")
        for account in (loan, rent):
            a_charge(session, account, 10000, date(2026, 9, 1))
        proposal.enter(session, person=person.id, accounts=[loan.id, rent.id], terms=Terms(5000, first_on), key="k", by=STAFF,
                       at=at)  # fmt: skip
        return person.id, loan.id, rent.id


def test_whoever_owes_only_what_is_on_hold_is_reminded_of_nothing(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person, loan, rent = a_shared_plan(db, at, DUE)
    held(db, person, [rent], at)
    with db.acting() as session:
        was = session.scalars(select(Liability).where(Liability.account_id == loan)).one()
        session.add(Liability(creditor_id=was.creditor_id, account_id=loan, person_id=person, role=was.role, withdrawn=True,
                              recorded_at=at, replaces=was.id))  # fmt: skip
    with rounds(db, at) as (worker, _tray):
        assert live(worker, date(2026, 12, 4), DUE) == []
    assert whys(superuser) == ["on_hold", "on_hold"]


@pytest.mark.parametrize(("paid", "goes"), [("rent", True), ("loan", False)])
def test_a_note_of_a_missed_payment_goes_where_something_is_missing_on_a_debt_that_is_not_on_hold(
    db: Database, at: datetime, superuser: Connection, paid: str, goes: bool
) -> None:
    person, loan, rent = a_shared_plan(db, at, date(2026, 12, 1))
    pay(db, rent if paid == "rent" else loan, 2500, date(2026, 12, 2))
    with rounds(db, at) as (worker, tray):
        worker.begin()
        held(db, person, [rent], at)
        worker.answers()
        worker.deliver()
        news = len(tray.taken)
        set_to(worker, morning(date(2026, 12, 7), time(0, 10)))
        worker.day()
        worker.answers()
        set_to(worker, morning(date(2026, 12, 7), time(10)))
        worker.deliver()
        assert news == 2 and [message.to for _, message in tray.taken[news:]] == ([NUMBER] if goes else [])
    assert whys(superuser) == ([] if goes else ["on_hold", "on_hold"])


def test_a_hold_is_told_when_it_begins_changes_and_ends_and_the_words_name_no_debt(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person, account, _ = a_plan(db, at, first_on=DUE)
    with rounds(db, at) as (worker, tray):
        worker.begin()
        made = held(db, person, [account], at)
        worker.answers()
        worker.deliver()
        later = at + timedelta(days=1)
        set_to(worker, later)
        with db.acting() as session:
            hold.prolong(session, made, last_on=later.date(), review_on=None, by=STAFF, at=later)
        worker.answers()
        worker.deliver()
        set_to(worker, later + timedelta(days=1))
        assert worker.holds() == 1
        worker.answers()
        worker.deliver()
        words = {message.body for _, message in tray.taken}
        assert len(tray.taken) == 3 and len(words) == 1
        assert "there is news for you" in words.pop()
    assert [facts["template"] for _, facts in told(superuser, "message.sent")] == ["hold_news"] * 3


def test_whoever_disputes_is_not_told_of_it_and_is_told_that_an_answer_waits(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person, account, _ = a_plan(db, at, first_on=DUE)
    with rounds(db, at) as (worker, tray):
        worker.begin()
        with db.acting() as session:
            made = dispute.begin(session, person=person, account=account, ground="paid", note=None, key="k",
                                 by=Actor("debtor", person), at=at).id  # fmt: skip
        worker.answers()
        worker.deliver()
        assert tray.taken == []
        with db.acting() as session:
            dispute.answer(session, made, answer="stands", words="We looked.", by=STAFF, at=at)
        worker.answers()
        worker.deliver()
        assert len(tray.taken) == 1
    assert [facts["template"] for _, facts in told(superuser, "message.sent")] == ["answer_waits"]
