"""To which address letters go: the newest that stands, whoever gave it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from cases.db import Database
from cases.debts.creditor import Creditor
from cases.people import matching
from cases.people.contact import add_contact, change_contact, end_contact, live_contacts
from cases.people.person import Person, Record
from messaging.papers.recipient import recipient_of
from tests.factories import AT, BY, a_creditor, a_person

MOVED = ("Marta Lindqvist", "4 Quay Lane", "Ashmere", "SM1 4AB")


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.acting() as open_session:
        yield open_session


@pytest.fixture
def creditor(session: Session) -> Creditor:
    return a_creditor(session)


@pytest.fixture
def marta(session: Session, creditor: Creditor) -> Person:
    return a_person(session, creditor, ref="M", line1="1 Old Road", city="Saltmere", at=AT - timedelta(days=30))


def moves(session: Session, person: int, on: date = AT.date(), value: str = "4 Quay Lane, Ashmere, SM1 4AB") -> None:
    change_contact(session, people=[person], kind="address", value=value, country="GB", on=on, by=BY, at=AT)


def written_anew(session: Session, **changed: object) -> None:
    """The creditor's system sends the person again, with another value in a column or two."""
    old = session.query(Record).filter(Record.replaced_at.is_(None)).one()
    columns = [each.name for each in Record.__table__.columns if each.name not in ("id", "replaced_at")]
    values = {name: getattr(old, name) for name in columns}
    session.add(Record(**(values | {"recorded_at": AT + timedelta(days=9), "replaces": old.id} | changed)))
    session.flush()


def test_a_letter_goes_where_the_creditor_says_until_the_person_says_another(session: Session, marta: Person) -> None:
    before = recipient_of(session, marta.id)
    assert before.lines == ("Marta Lindqvist", "1 Old Road", "Saltmere AB1 2CD")
    moves(session, marta.id)
    after = recipient_of(session, marta.id)
    assert after.lines == MOVED and (after.country, after.zone) == (before.country, before.zone)
    end_contact(session, live_contacts(session, [marta.id])[0], by=BY, at=AT)
    assert recipient_of(session, marta.id) == before


def test_what_the_creditor_sends_later_counts_where_the_address_is_another(session: Session, marta: Person) -> None:
    moves(session, marta.id)
    written_anew(session, phone="020 7946 0999")
    assert recipient_of(session, marta.id).lines == MOVED, "its address is the old one still"
    written_anew(session, line1="9 New Street")
    assert recipient_of(session, marta.id).lines == ("Marta Lindqvist", "9 New Street", "Saltmere AB1 2CD")


def test_an_address_that_is_older_than_the_creditors_is_not_used(session: Session, marta: Person) -> None:
    moves(session, marta.id, on=AT.date() - timedelta(days=31))
    assert recipient_of(session, marta.id).lines[1] == "1 Old Road"


def test_the_newest_of_all_joined_ids_counts(session: Session, creditor: Creditor, marta: Person) -> None:
    younger = a_person(session, creditor)
    matching.join(session, younger.id, marta.id, since=AT.date(), by=BY, at=AT)
    for person, street, day in ((marta, "2 First Street", 1), (younger, "3 Second Street", 2)):
        add_contact(session, person=person.id, kind="address", value=street, value_norm=street.lower(), as_of=date(2026, 11, day),
                    source="creditor", creditor=creditor.id, by=BY, at=AT)  # fmt: skip
    assert recipient_of(session, marta.id).lines == ("Marta Lindqvist", "3 Second Street")


def test_whoever_has_no_address_of_a_creditor_gets_it_at_the_one_we_know(session: Session, creditor: Creditor) -> None:
    nomad = a_person(session, creditor, postcode=None)
    assert recipient_of(session, nomad.id).lines == ("Marta Lindqvist",)
    moves(session, nomad.id, on=date(2020, 1, 1), value="4 Quay Lane Ashmere")
    assert recipient_of(session, nomad.id).lines == ("Marta Lindqvist", "4 Quay Lane Ashmere")
