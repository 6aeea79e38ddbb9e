"""Offers, agreements and changed contacts: each is told once, to whoever it concerns, and nothing twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.arrangements import proposal
from cases.db import Database
from cases.history import Actor, Kind, record
from cases.people import matching
from cases.people.contact import add_contact
from messaging import documents
from messaging.paper import Letterhead, Paper
from messaging.tongue import Tongue
from portal.press import Press
from portal.rounds import Rounds
from tests.factories import BY, a_charge, a_creditor, a_person, an_account
from tests.messaging.mails import ADDRESS, Trays, both, rows, wants, with_mailbox
from tests.messaging.rounds import set_to, states
from tests.messaging.test_notices import STAFF, TERMS, happened
from tests.messaging.texts import NUMBER

_CONTACTS = text("select id, kind from contact where person_id = :person and replaced_at is null order by id")
_CREDITOR = text("select id from creditor limit 1")
_FORGET = text("delete from notice_cursor where kind = 'contact.corrected'")

US = Letterhead("Evenly", "Evenly Example Ltd", "0808 157 0123", "my.example.org")


@contextmanager
def working(db: Database, at: datetime) -> Iterator[tuple[Rounds, Trays]]:
    """Rounds with trays and a press, that answer what happens from now on."""
    with both(db, at) as (worker, trays):
        worker._press = Press(db, worker.clock, US)
        worker.begin()
        yield worker, trays


def owing(db: Database) -> tuple[list[int], int]:
    """Two people with telephones who owe an account together, and its id."""
    with db.acting() as session:
        creditor = a_creditor(session)
        people = [a_person(session, creditor, mobile=f"+44770090014{n}") for n in range(2)]
        account = an_account(session, creditor, *people)
        a_charge(session, account, 20000, TERMS.first_on - timedelta(days=60))
        return [person.id for person in people], account.id


def offers(db: Database, at: datetime, person: int, account: int, key: str = "k") -> int:
    with db.acting() as session:
        return proposal.propose(session, person=person, accounts=[account], terms=TERMS, key=key,
                                by=Actor("debtor", person), at=at).id  # fmt: skip


def said(trays: Trays) -> list[tuple[str, str]]:
    """To whom, and the first words after our name."""
    return [(message.to, message.body.split(": ", 1)[1].split(".")[0]) for _, message in trays.texts.taken]


def test_an_offer_is_received_then_its_agreement_is_ready_and_the_others_hear_of_the_plan(
    db: Database, at: datetime, superuser: Connection
) -> None:
    (one, _), account = owing(db)
    with working(db, at) as (worker, trays):
        sent = offers(db, at, one, account)
        worker.run_due()
        assert said(trays) == [("+447700900140", "we have what you sent")]
        with db.acting() as session:
            proposal.approve(session, sent, by=STAFF, at=at + timedelta(hours=1))
        set_to(worker, at + timedelta(hours=1))
        worker.run_due()
        worker.run_due()
        assert sorted(said(trays)[1:]) == [
            ("+447700900140", "a paper is ready for you"), ("+447700900141", "there is news for you")
        ]  # fmt: skip
    assert rows(superuser, "select count(*) from document where kind = 'agreement' and state = 'issued'") == [(2,)]


def test_an_offer_that_is_agreed_at_once_is_one_message(db: Database, at: datetime, superuser: Connection) -> None:
    (one, _), account = owing(db)
    with working(db, at) as (worker, trays):
        with db.acting() as session:
            sent = proposal.propose(session, person=one, accounts=[account], terms=TERMS, key="k",
                                    by=Actor("debtor", one), at=at)  # fmt: skip
            proposal.approve(session, sent.id, by=Actor("rules"), at=at)
        worker.run_due()
        worker.run_due()
    assert [words for to, words in said(trays) if to == "+447700900140"] == ["a paper is ready for you"]
    assert ("withheld", "told_already") not in states(superuser)


def test_a_plan_that_staff_entered_is_told_when_its_agreement_is_ready(db: Database, at: datetime) -> None:
    (one, _), account = owing(db)
    with working(db, at) as (worker, trays):
        with db.acting() as session:
            proposal.enter(session, person=one, accounts=[account], terms=TERMS, key="k", by=STAFF, at=at)
        worker.run_due()
        worker.run_due()
    assert [words for to, words in said(trays) if to == "+447700900140"] == ["a paper is ready for you"]


def test_word_of_an_offer_that_is_answered_before_it_goes_does_not_go(
    db: Database, at: datetime, superuser: Connection
) -> None:
    (one, _), account = owing(db)
    with working(db, at) as (worker, trays):
        sent = offers(db, at, one, account)
        worker.answers()
        with db.acting() as session:
            proposal.decline(session, sent, reason="too_little", words="No, because.", by=STAFF, at=at)
        worker.run_due()
    assert said(trays) == [("+447700900140", "an answer is waiting for you")]
    assert ("withheld", "told_already") in states(superuser)


def test_an_agreement_that_could_not_be_set_is_announced_all_the_same_and_other_letters_are_not(
    db: Database, at: datetime
) -> None:
    (one, _), account = owing(db)
    paper = Paper(Tongue("en"), US, title="x", to=(), about=(), made_on=at.date()).json
    with both(db, at) as (worker, trays):
        worker.begin()
        with db.acting() as session:
            sent = proposal.propose(session, person=one, accounts=[account], terms=TERMS, key="k",
                                    by=Actor("debtor", one), at=at)  # fmt: skip
            plan = proposal.approve(session, sent.id, by=STAFF, at=at)
            for kind, subject in (("agreement", f"arrangement:{plan}"), ("receipt", "payment_attempt:1")):
                asked = documents.ask(session, person=one, kind=kind, subject=subject, language="en", paper=paper,
                                      by=BY, at=at)  # fmt: skip
                documents.fail(session, asked.id, "glyph", by=BY, at=at)
        worker.run_due()
    assert [words for to, words in said(trays) if to == "+447700900140"] == ["a paper is ready for you"]


def test_an_agreement_that_is_asked_for_again_in_large_print_is_not_announced_again(db: Database, at: datetime) -> None:
    (one, _), account = owing(db)
    with working(db, at) as (worker, trays):
        with db.acting() as session:
            plan = proposal.enter(session, person=one, accounts=[account], terms=TERMS, key="k", by=STAFF, at=at)
        worker.run_due()
        worker.run_due()
        told = len(trays.texts.taken)
        paper = Paper(Tongue("en"), US, title="x", to=(), about=(), made_on=at.date()).json
        with db.acting() as session:
            asked = documents.ask(session, person=one, kind="agreement", subject=f"arrangement:{plan}", language="en",
                                  paper=paper, large=True, by=BY, at=at)  # fmt: skip
            documents.issue(session, asked.id, b"%PDF-1.7", set_by="test", by=BY, at=at)
        set_to(worker, at + timedelta(days=1))
        worker.answers()
        worker.deliver()
    assert len(trays.texts.taken) == told


def changed(db: Database, at: datetime, person: int, kind: str, value: str, source: str, *, replaces: bool) -> None:
    with db.acting() as session:
        (old,) = [id for id, of in session.execute(_CONTACTS, {"person": person}) if of == kind] or [None]
        creditor = session.execute(_CREDITOR).scalar() if source == "creditor" else None
        add_contact(session, person=person, kind=kind, value=value, value_norm=value, source=source, as_of=at.date(),
                    creditor=creditor, by=Actor("debtor", person), at=at, replaces=old if replaces else None)  # fmt: skip


@pytest.mark.parametrize("source", ["person", "staff"])
def test_a_changed_number_is_told_to_the_old_one_and_leads_nowhere(
    source: str, db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db)
    with working(db, at) as (worker, trays):
        changed(db, at, person, "mobile", "+447700900777", source, replaces=True)
        worker.run_due()
    ((_, message),) = trays.texts.taken
    assert message.to == NUMBER and trays.mails.taken == []
    assert "your contact details have changed" in message.body and "http" not in message.body


def test_a_changed_address_is_told_to_the_old_one_by_mail(db: Database, at: datetime) -> None:
    person = with_mailbox(db)
    with working(db, at) as (worker, trays):
        changed(db, at, person, "email", "new@example.org", "person", replaces=True)
        worker.run_due()
    assert trays.taken() == [("email", ADDRESS)]


def test_a_number_where_there_was_none_is_told_to_the_mailbox(db: Database, at: datetime) -> None:
    person = with_mailbox(db, mobile=None)
    with working(db, at) as (worker, trays):
        changed(db, at, person, "mobile", NUMBER, "person", replaces=False)
        worker.run_due()
    assert trays.taken() == [("email", ADDRESS)]


def test_a_new_contact_of_somebody_with_several_ids_is_told_to_what_any_of_them_had(db: Database, at: datetime) -> None:
    elder, younger = with_mailbox(db, mobile=None, email=None), with_mailbox(db, email=None)
    with db.acting() as session:
        matching.join(session, younger, elder, since=at.date(), by=BY, at=at)
    with working(db, at) as (worker, trays):
        changed(db, at, elder, "email", "new@example.org", "person", replaces=False)
        worker.run_due()
    assert trays.taken() == [("sms", NUMBER)]


def test_two_changes_of_one_day_are_told_to_each_old_contact(db: Database, at: datetime) -> None:
    person = with_mailbox(db)
    with working(db, at) as (worker, trays):
        changed(db, at, person, "mobile", "+447700900777", "person", replaces=True)
        changed(db, at, person, "email", "new@example.org", "person", replaces=True)
        worker.run_due()
    assert trays.taken() == [("sms", NUMBER), ("email", ADDRESS)]


def test_no_wish_for_hours_keeps_word_of_a_change_back(db: Database, at: datetime) -> None:
    person = with_mailbox(db)
    wants(db, person, at, days_off=(1, 2, 3, 4, 5), channel="email")
    with working(db, at) as (worker, trays):
        changed(db, at, person, "mobile", "+447700900777", "person", replaces=True)
        worker.run_due()
    assert trays.taken() == [("sms", NUMBER)]


def test_what_a_creditor_changes_is_told_to_nobody(db: Database, at: datetime) -> None:
    person = with_mailbox(db)
    with working(db, at) as (worker, trays):
        changed(db, at, person, "mobile", "+447700900777", "creditor", replaces=True)
        worker.run_due()
    assert trays.taken() == []


def test_a_kind_that_is_answered_anew_writes_nothing_about_the_past(
    db: Database, at: datetime, superuser: Connection
) -> None:
    person = with_mailbox(db)
    with both(db, at) as (worker, trays):
        worker.begin()
        superuser.execute(_FORGET)
        superuser.commit()
        happened(db, at, person, Kind.PAYMENT_RECEIVED)
        changed(db, at, person, "mobile", "+447700900777", "person", replaces=True)
        worker.run_due()
        assert len(trays.taken()) == 1, "the payment; contact changes begin to be answered only now"
        with db.acting() as session:
            record(session, Kind.WORK_DONE, by=BY, at=at, person=person)
        changed(db, at, person, "email", "new@example.org", "person", replaces=True)
        worker.run_due()
    assert ("email", ADDRESS) in trays.taken()


def test_whoever_answers_our_offer_with_a_sum_of_their_own_hears_that_we_have_it(
    db: Database, at: datetime, superuser: Connection
) -> None:
    (one, _), account = owing(db)
    with working(db, at) as (worker, trays):
        sent = offers(db, at, one, account)
        worker.run_due()
        for n in range(1, 3):
            set_to(worker, at + timedelta(hours=n))
            with db.acting() as session:
                terms = replace(TERMS, amount=TERMS.amount + n * 100)
                proposal.counter(session, sent, terms=terms, key=f"o{n}", by=STAFF, at=at + timedelta(hours=n))
            worker.run_due()
            sent = offers(db, at + timedelta(hours=n, minutes=30), one, account, f"k{n}")
            set_to(worker, at + timedelta(hours=n, minutes=30))
            worker.run_due()
    assert [words for _, words in said(trays)] == ["we have what you sent"] + [
        "an answer is waiting for you", "we have what you sent"
    ] * 2
    assert rows(superuser, "select max(version), count(*) from proposal") == [(5, 5)]
