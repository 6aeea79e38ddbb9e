"""STOP and START: whose they are, and what goes in spite of them."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people import permission
from cases.people.contact import add_contact
from tests.factories import BY
from tests.messaging.rounds import rounds, states
from tests.messaging.texts import NUMBER, PROACTIVE, a_message, someone


@pytest.mark.parametrize("template", ["reminder", PROACTIVE, "answer_waits", "message_waits"])
def test_after_stop_nothing_of_ours_goes_until_start(
    template: str, db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
    a_message(db, at, person, template=template)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
        assert (tray.taken, states(superuser)) == ([], [("withheld", "stopped")])
        with db.acting() as session:
            permission.give(session, "sms", NUMBER, because="word", by=BY, at=at)
        a_message(db, at, person, template="answer_waits")
        worker.deliver()
        assert len(tray.taken) == 1


def test_a_stop_ends_texts_to_everyone_with_that_number(db: Database, at: datetime, superuser: Connection) -> None:
    one, other = someone(db), someone(db)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
    for person in (one, other):
        a_message(db, at, person)
    with rounds(db, at) as (worker, tray):
        worker.deliver()
    assert (tray.taken, states(superuser)) == ([], [("withheld", "stopped")] * 2)


def another_number(db: Database, person: int, at: datetime, *, replaces: bool) -> str:
    """A number that a creditor gives later: beside the first, or in its place."""
    with db.acting() as session:
        old, creditor = session.execute(
            text("select id, creditor_id from contact where person_id = :p"), {"p": person}
        ).one()  # fmt: skip
        add_contact(session, person=person, kind="mobile", value="+447700900146", value_norm="+447700900146",
                    source="creditor", as_of=at.date() + timedelta(days=1), creditor=creditor, by=BY, at=at,
                    replaces=old if replaces else None)  # fmt: skip
    return "+447700900146"


@pytest.mark.parametrize("replaces", [True, False])
def test_a_stop_is_the_persons_and_a_number_that_comes_later_does_not_open_texts_again(
    replaces: bool, db: Database, at: datetime, superuser: Connection
) -> None:
    person = someone(db)
    later = at + timedelta(hours=1)
    with db.acting() as session:
        permission.withdraw(session, "sms", NUMBER, because="word", by=BY, at=at)
    number = another_number(db, person, later, replaces=replaces)
    a_message(db, later, person)
    with rounds(db, later) as (worker, tray):
        worker.deliver()
        assert (tray.taken, states(superuser)) == ([], [("withheld", "stopped")])
        # START from the new number is the person's word as well.
        with db.acting() as session:
            assert permission.give(session, "sms", number, because="word", by=BY, at=later)
            assert not permission.give(session, "sms", number, because="word", by=BY, at=later)
        a_message(db, later, person)
        worker.deliver()
        assert [message.to for _, message in tray.taken] == [number]
        with db.acting() as session:
            assert permission.withdraw(session, "sms", number, because="word", by=BY, at=later)
        a_message(db, later, person)
        worker.deliver()
    assert [state for state, _ in states(superuser)] == ["withheld", "sent", "withheld"]


@pytest.mark.parametrize("because", ["word", "carrier"])
def test_what_somebody_else_said_at_an_old_number_and_what_a_carrier_refuses_is_not_the_persons_word(
    because: str, db: Database, at: datetime
) -> None:
    person = someone(db)
    if because == "carrier":
        with db.acting() as session:
            permission.withdraw(session, "sms", NUMBER, because=because, by=BY, at=at)
    later = at + timedelta(hours=1)
    number = another_number(db, person, later, replaces=True)
    if because == "word":
        # Whoever has the old number by then.
        with db.acting() as session:
            permission.withdraw(session, "sms", NUMBER, because=because, by=BY, at=later + timedelta(minutes=1))
    a_message(db, later, person)
    with rounds(db, later + timedelta(hours=1)) as (worker, tray):
        worker.deliver()
    assert [message.to for _, message in tray.taken] == [number]
