"""The case history: one line an act, appended for ever, in order, holding no words of anybody."""

import hashlib
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from cases.db import Database
from cases.history import Actor, Kind, Line, proof, record, timeline
from tests.factories import AT


def test_an_actor_is_a_role_with_its_number_or_a_named_job() -> None:
    assert str(Actor("collector", 7)) == "collector:7"
    assert str(Actor("load")) == "load"
    for actor in (Actor("collector", 7), Actor("day_end")):
        assert Actor.read(str(actor)) == actor


@pytest.mark.parametrize("role", ["", "Collector", "a b", "a|b", "a:b", "a\n"])
def test_an_actor_that_could_be_read_two_ways_is_a_mistake(role: str) -> None:
    with pytest.raises(ValueError):
        Actor(role)


def test_every_kind_fits_the_tables_own_rule(db: Database) -> None:
    with db.acting() as session:
        for kind in Kind:
            record(session, kind, by=Actor("test"), at=AT)
        assert session.scalar(text("select count(distinct kind) from history")) == len(Kind)


def test_a_proof_is_of_the_salt_and_the_words() -> None:
    salt = uuid.uuid4()
    assert proof(salt, "måste vänta") == hashlib.sha256(salt.bytes + "måste vänta".encode()).hexdigest()
    assert proof(uuid.uuid4(), "måste vänta") != proof(salt, "måste vänta")


def test_facts_are_kept_letter_by_letter(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        record(session, Kind.WORK_DONE, by=Actor("test"), at=AT, facts={"b": 1, "a": "ö", "amount": -5})
    assert superuser.scalar(text("select facts::text from history")) == '{"b":1,"a":"ö","amount":-5}'


def test_each_line_has_its_own_salt_and_the_number_of_its_transaction(db: Database, superuser: Connection) -> None:
    for _ in range(2):
        with db.acting() as session:
            record(session, Kind.WORK_DONE, by=Actor("test"), at=AT)
            record(session, Kind.WORK_DONE, by=Actor("test"), at=AT)
    rows = superuser.execute(text("select salt, tx from history order by id")).all()
    assert len({row.salt for row in rows}) == 4
    assert rows[0].tx == rows[1].tx < rows[2].tx == rows[3].tx


def test_what_is_rolled_back_was_never_told(db: Database, superuser: Connection) -> None:
    with pytest.raises(LookupError), db.acting() as session:
        record(session, Kind.WORK_DONE, by=Actor("test"), at=AT)
        raise LookupError
    assert superuser.scalar(text("select count(*) from history")) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "update history set actor = 'other'",
        "update history set at = now()",
        """update history set facts = '{"n": 2}'""",
        "update history set facts = null, salt = null, facts_sha = sha256('other')",
        "update history set facts = null, salt = null, facts_sha = history_facts_sha(salt, facts), actor = 'other'",
        "update history set tx = tx + 1",
        "delete from history",
        "truncate history",
        "update seal set sealed_at = now()",
        "delete from seal",
        "truncate seal",
    ],
)
def test_lines_and_seals_are_appended_alone(db: Database, superuser: Connection, statement: str) -> None:
    with db.acting() as session:
        record(session, Kind.WORK_DONE, by=Actor("test"), at=AT, facts={"n": 1})
    with pytest.raises(DBAPIError, match="append-only"):
        superuser.execute(text(statement))


@pytest.mark.parametrize("subject", ["proposal", "proposal:x", "Proposal:1", "a|b:1", "proposal:1|"])
def test_a_subject_is_a_table_and_a_number(db: Database, subject: str) -> None:
    with pytest.raises(DBAPIError), db.acting() as session:
        record(session, Kind.WORK_DONE, by=Actor("test"), at=AT, subject=subject)


def test_a_timeline_holds_the_lines_of_a_person_and_of_their_accounts_newest_first(db: Database) -> None:
    by = Actor("test")
    with db.acting() as session:
        for n in range(6):
            record(
                session, Kind.WORK_DONE, by=by, at=AT + timedelta(minutes=n), person=1 if n % 2 else 2, facts={"n": n}
            )
        record(session, Kind.ENTRY_POSTED, by=by, at=AT, account=9, facts={"n": 6})
        record(session, Kind.ENTRY_POSTED, by=by, at=AT, account=8, facts={"n": 7})

        def told(lines: list[Line]) -> list[int]:
            return [line.facts["n"] for line in lines if line.facts]

        assert told(timeline(session, [1], [9])) == [6, 5, 3, 1]
        assert told(timeline(session, [1, 2])) == [5, 4, 3, 2, 1, 0]
        page = timeline(session, [1], [9], limit=2)
        assert told(page) == [6, 5]
        assert told(timeline(session, [1], [9], before=page[-1].id, limit=2)) == [3, 1]
        assert timeline(session, [], []) == []
