"""Notes: written once, their words erased by who wrote them or a supervisor, and their proof kept."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases.db import Database
from cases.history import Actor, Kind, proof
from cases.refusal import Refusal
from cases.work import note
from tests.cases.arrangements.books import lines
from tests.factories import AT, a_creditor, a_person

PRIYA, TOM, LEAD = Actor("collector", 1), Actor("collector", 2), Actor("supervisor", 3)


def a_note(session: Session, words: str = " She rings on Fridays. ", key: str = "k") -> note.Note:
    person = session.scalar(text("select min(id) from person")) or a_person(session, a_creditor(session)).id
    return note.write(session, person=person, words=words, key=key, by=PRIYA, at=AT)


def test_a_note_is_written_once_and_the_history_keeps_its_proof_alone(db: Database) -> None:
    with db.acting() as session:
        made = a_note(session)
        assert a_note(session, "Another.").id == made.id
        [line] = lines(session, Kind.NOTE_WRITTEN)
        assert made.words == "She rings on Fridays." and made.salt is not None
        assert line.facts == {"words": proof(made.salt, made.words)} and line.subject == f"note:{made.id}"


def test_a_double_click_at_the_same_moment_waits_and_writes_one_note(db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
    written: list[int] = []

    def second() -> None:
        with db.acting() as session:
            written.append(note.write(session, person=person, words="Rings.", key="k", by=PRIYA, at=AT).id)

    click = threading.Thread(target=second)
    with db.acting() as session:
        written.append(note.write(session, person=person, words="Rings.", key="k", by=PRIYA, at=AT).id)
        click.start()
        click.join(0.3)
    click.join(10)
    assert len(written) == 2 and len(set(written)) == 1


@pytest.mark.parametrize(("words", "code"), [("  ", "note.empty"), ("x" * 2001, "note.too_long")])
def test_a_note_without_words_or_with_too_many_is_refused(db: Database, words: str, code: str) -> None:
    with db.acting() as session, pytest.raises(Refusal) as refused:
        a_note(session, words)
    assert refused.value.code == code


@pytest.mark.parametrize(("by", "may"), [(PRIYA, True), (TOM, False), (LEAD, True)])
def test_who_wrote_it_or_a_supervisor_erases_it_once(db: Database, by: Actor, may: bool) -> None:
    with db.acting() as session:
        made = a_note(session)
        assert note.may_erase(made, by) is may
        if may:
            note.erase(session, made, by=by, at=AT)
            note.erase(session, made, by=by, at=AT)
            assert (made.words, made.salt) == (None, None) and len(lines(session, Kind.NOTE_ERASED)) == 1
        else:
            with pytest.raises(Refusal) as refused:
                note.erase(session, made, by=by, at=AT)
            assert refused.value.code == "note.not_theirs" and made.words is not None


@pytest.mark.parametrize("change", ["words = 'another'", "made_by = 'collector:2'", "salt = gen_random_uuid()"])
def test_nobody_rewrites_a_note(db: Database, change: str) -> None:
    with db.acting() as session:
        a_note(session)
    with pytest.raises(DBAPIError), db.acting() as session:
        session.execute(text(f"update note set {change}"))
