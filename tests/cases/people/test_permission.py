"""Permission: STOP ends proactive messages to a number for all who have it; the newest word holds."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people.permission import give, people_at, withdraw, withdrawn
from tests.factories import AT, BY, a_creditor, a_person

NUMBER = "+447700900145"


def test_the_newest_word_holds(db: Database) -> None:
    with db.acting() as session:
        assert withdrawn(session, "sms", [NUMBER]) == {}
        assert withdraw(session, "sms", NUMBER, because="word", by=BY, at=AT)
        assert withdrawn(session, "sms", [NUMBER, "+447700900146"]) == {NUMBER: AT}
        assert give(session, "sms", NUMBER, because="word", by=BY, at=AT)
        assert withdrawn(session, "sms", [NUMBER]) == {}
        assert withdraw(session, "sms", NUMBER, because="carrier", by=BY, at=AT)
        assert withdrawn(session, "sms", [NUMBER]) == {NUMBER: AT}
        assert withdrawn(session, "sms", []) == {}


def test_the_same_word_again_changes_nothing(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        assert not give(session, "sms", NUMBER, because="word", by=BY, at=AT)
        assert withdraw(session, "sms", NUMBER, because="word", by=BY, at=AT)
        assert not withdraw(session, "sms", NUMBER, because="word", by=BY, at=AT)
    assert superuser.scalar(text("select count(*) from permission")) == 1


def test_texts_and_mail_are_stopped_apart(db: Database) -> None:
    with db.acting() as session:
        withdraw(session, "sms", NUMBER, because="word", by=BY, at=AT)
        assert withdrawn(session, "email", [NUMBER]) == {}


@pytest.mark.parametrize("known", [True, False], ids=["a number on file", "a number nobody has"])
def test_of_eight_stops_at_once_one_counts(db: Database, superuser: Connection, known: bool) -> None:
    """So that it is confirmed once."""
    with db.acting() as session:
        a_person(session, a_creditor(session), mobile=NUMBER if known else None)

    def stop(_: int) -> bool:
        with db.acting() as session:
            return withdraw(session, "sms", NUMBER, because="word", by=BY, at=AT)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(stop, range(8))) == [False] * 7 + [True]
    assert superuser.scalar(text("select count(*) from permission")) == 1


def test_everyone_with_the_number_is_told_in_their_history_without_the_number(
    db: Database, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        two = [a_person(session, creditor, mobile=NUMBER).id for _ in range(2)]
        a_person(session, creditor, mobile="+447700900146")
        assert people_at(session, "sms", NUMBER) == two
        withdraw(session, "sms", NUMBER, because="word", by=BY, at=AT)
    lines = superuser.execute(
        text("select person_id, facts::text from history where kind = 'permission.withdrawn' order by id")
    ).all()
    assert [line.person_id for line in lines] == two
    assert not any("7700" in line.facts for line in lines)


def test_whose_a_mail_address_is_and_whose_a_number(db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session), mobile=NUMBER, email="m@example.org").id
        assert people_at(session, "email", "m@example.org") == [person]
        assert people_at(session, "sms", "m@example.org") == []
        assert people_at(session, "email", NUMBER) == []
