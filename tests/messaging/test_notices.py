"""Notices: what happened is answered once, also when it was committed late, and never about the past."""

import threading
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.schedule import Rhythm
from cases.db import Database
from cases.history import Actor, Kind, record
from cases.people import matching
from cases.people.contact import change_contact
from messaging import conversation, notices
from messaging.permit import PURPOSES
from tests.factories import a_charge, a_creditor, a_person, an_account
from tests.messaging.rounds import rounds, states, told
from tests.messaging.texts import NUMBER, someone

STAFF = Actor("collector", 1)
TERMS = Terms(amount=5000, first_on=date(2026, 12, 8), rhythm=Rhythm.MONTHLY, month_day=8)


def happened(db: Database, at: datetime, person: int, kind: Kind = Kind.PROPOSAL_DECLINED, by: Actor = STAFF) -> None:
    with db.acting() as session:
        record(session, kind, by=by, at=at, person=person, subject=f"person:{person}")


def reasons(superuser: Connection) -> list[tuple[str, str]]:
    rows = superuser.execute(
        text("select m.template, r.step from reason r join message m on m.id = r.message_id order by m.id, r.cause")
    ).all()
    superuser.rollback()
    return [(row.template, row.step) for row in rows]


def test_every_kind_is_answered_or_listed_as_silent_with_why() -> None:
    assert set(notices.ANSWERED) | set(notices.SILENT) == set(Kind)
    assert not set(notices.ANSWERED) & set(notices.SILENT)
    assert all(notices.SILENT.values())
    assert {notice.template for notice in notices.ANSWERED.values()} <= set(PURPOSES)


def test_the_past_is_never_written_about(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    happened(db, at, person)
    with rounds(db, at) as (worker, _):
        worker.begin()
        worker.answers()
        assert reasons(superuser) == []
        happened(db, at, person)
        assert worker.answers() == 1
        assert worker.answers() == 0


def test_each_answer_of_ours_is_told_and_what_a_person_does_is_not(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, _):
        worker.begin()
        for kind in (Kind.PAYMENT_RECEIVED, Kind.PROPOSAL_COUNTERED, Kind.PROPOSAL_DECLINED):
            happened(db, at, person, kind)
        happened(db, at, person, Kind.PROPOSAL_COUNTERED, Actor("debtor", person))
        for kind in notices.SILENT:
            happened(db, at, person, kind)
        worker.answers()
    assert sorted(step for _, step in reasons(superuser)) == [
        "payment.received", "proposal.countered", "proposal.declined"
    ]  # fmt: skip


def test_several_answers_that_wait_are_one_text(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        worker.begin()
        happened(db, at, person, Kind.PROPOSAL_COUNTERED)
        worker.answers()
        happened(db, at, person, Kind.PROPOSAL_DECLINED)
        worker.run_due()
    assert len(tray.taken) == 1
    assert len(reasons(superuser)) == 2


def test_a_line_that_commits_late_is_answered_and_each_exactly_once(
    db: Database, at: datetime, superuser: Connection
) -> None:
    early, late = someone(db), someone(db, mobile="+447700900146")
    with rounds(db, at) as (worker, _):
        worker.begin()
        with db.acting() as slow:
            record(slow, Kind.PROPOSAL_DECLINED, by=STAFF, at=at, person=late, subject=f"person:{late}")
            slow.flush()
            happened(db, at, early)  # a later number, committed before
            worker.answers()
            worker.answers()
        worker.answers()
        worker.answers()
    counts = superuser.execute(text("select person_id, count(*) from message group by 1")).all()
    assert sorted(tuple(row) for row in counts) == [(early, 1), (late, 1)]


@pytest.mark.parametrize("others", ["select pg_current_xact_id()", "select from notice_cursor for update"])
def test_what_others_are_at_for_a_moment_is_waited_for(
    others: str, db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, _):
        worker.begin()
        with db.acting() as slow:
            slow.execute(text(others))
            happened(db, at, person)
            ends = threading.Timer(0.2, slow.commit)
            ends.start()
            assert worker.answers() == 1
            ends.join()


def test_several_who_answer_at_once_answer_once(db: Database, at: datetime, superuser: Connection) -> None:
    people = [someone(db, mobile=f"+4477009001{n:02d}") for n in range(10)]
    with rounds(db, at) as (worker, _):
        worker.begin()
        for person in people:
            happened(db, at, person)
        many = [threading.Thread(target=worker.answers) for _ in range(4)]
        for each in many:
            each.start()
        for each in many:
            each.join()
        worker.answers()
    counts = superuser.execute(text("select person_id, count(*) from message group by 1")).all()
    assert sorted(tuple(row) for row in counts) == [(person, 1) for person in people]


def test_a_line_older_than_its_shelf_life_is_withheld(db: Database, at: datetime, superuser: Connection) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        worker.begin()
        happened(db, at - timedelta(days=8), person)
        worker.run_due()
    assert (tray.taken, states(superuser)) == ([], [("withheld", "too_old")])


def test_those_who_owe_with_the_one_who_agreed_are_told_of_the_plan(
    db: Database, at: datetime, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        people = [a_person(session, creditor, mobile=f"+44770090014{n}") for n in range(3)]
        account = an_account(session, creditor, *people[:2])
        an_account(session, creditor, people[2])
        a_charge(session, account, 20000, date(2026, 9, 1))
        ids, account_id = [person.id for person in people], account.id
    with rounds(db, at) as (worker, tray):
        worker.begin()
        with db.acting() as session:
            asked = proposal.propose(session, person=ids[0], accounts=[account_id], terms=TERMS, key="k",
                                     by=Actor("debtor", ids[0]), at=at)  # fmt: skip
            proposal.approve(session, asked.id, by=STAFF, at=at)
        worker.run_due()
    said = {message.to: message.body.split(".")[0] for _, message in tray.taken}
    assert said == {"+447700900141": "Evenly: there is news for you"}, "who agreed waits for the agreement"


def test_a_message_that_waits_is_told_of_once_and_not_when_it_was_read(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        worker.begin()

        def answer(n: int) -> None:
            worker.clock.stands = at + timedelta(minutes=n)  # type: ignore[attr-defined]
            with db.acting() as session:
                conversation.answer(session, person=person, words=f"Answer {n}", key=f"k{n}", by=STAFF,
                                    at=worker.clock.now())  # fmt: skip

        answer(0)
        worker.run_due()
        answer(1)
        worker.run_due()
        assert len(tray.taken) == 1, "it waits still, and the person knows"
        with db.acting() as session:
            assert conversation.mark_read(session, [person], side="staff", at=at + timedelta(minutes=2)) == 2
        answer(3)
        worker.run_due()
        assert len(tray.taken) == 2
        answer(4)
        with db.acting() as session:
            conversation.mark_read(session, [person], side="staff", at=at + timedelta(minutes=5))
        worker.run_due()
    assert len(tray.taken) == 2
    assert [facts["rule"] for _, facts in told(superuser, "message.withheld")] == ["told_already", "read"]
    assert NUMBER in {message.to for _, message in tray.taken}


def test_whoever_pays_is_thanked_once_though_the_news_come_one_after_another(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with rounds(db, at) as (worker, tray):
        worker.begin()
        for minutes, kind, texts in (
            (0, Kind.ARRANGEMENT_CURED, 1),  # the card page said so
            (1, Kind.PAYMENT_RECEIVED, 1),  # and now it is booked
            (20, Kind.PAYMENT_RECEIVED, 2),  # another one
        ):
            worker.clock.stands = at + timedelta(minutes=minutes)  # type: ignore[attr-defined]
            happened(db, worker.clock.now(), person, kind, Actor("processor"))
            worker.run_due()
            assert len(tray.taken) == texts, minutes
    assert [facts["rule"] for _, facts in told(superuser, "message.withheld")] == ["told_already"]


@pytest.mark.parametrize("of_the_younger", [False, True])
def test_a_second_number_that_one_of_us_entered_is_told_to_the_first(
    db: Database, at: datetime, superuser: Connection, of_the_younger: bool
) -> None:
    """Codes go to the new one after a day: who reads the old one hears of it, also where there is no mail."""
    with db.acting() as session:
        creditor = a_creditor(session)
        elder = a_person(session, creditor, mobile=None if of_the_younger else NUMBER).id
        younger = a_person(session, creditor, mobile=NUMBER if of_the_younger else None).id
        matching.join(session, younger, elder, since=at.date(), by=STAFF, at=at)
    with rounds(db, at) as (worker, _):
        worker.begin()
        with db.acting() as session:
            change_contact(session, people=[elder, younger], kind="mobile", value="07700 900999", country="GB",
                           on=at.date(), by=STAFF, at=at)  # fmt: skip
        worker.answers()
    told_to = superuser.execute(
        text("select m.template, c.value_norm from message m join contact c on c.id = m.contact_id")
    ).all()
    assert [tuple(row) for row in told_to] == [("contact_changed", NUMBER)]
