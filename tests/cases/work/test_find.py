"""Finding a case: by name, by any reference, by telephone number; each person once."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy.orm import Session

from cases.db import Database
from cases.people.person import Joined
from cases.work.find import find
from tests.factories import a_creditor, a_person, an_account


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.asking("act") as open_session:
        yield open_session


def names(session: Session, typed: str) -> list[str]:
    return [found.name for found in find(session, typed)]


@pytest.fixture
def book(session: Session, at) -> dict[str, object]:
    housing = a_creditor(session)
    energy = a_creditor(session, name="Lyngvik Energi", country="SE", currency="SEK")
    idris = a_person(session, housing, name="Idris Farrow", mobile="+447700900318")
    marek = a_person(session, housing, name="Marek Olszański-Brzęczyszczykiewicz")
    delphine = a_person(session, energy, name="Delphine Aske", mobile="+46701740601", country="SE")
    again = a_person(session, energy, name="Idris P. Farrow")
    session.add(Joined(person_id=again.id, into_id=idris.id, since=date(2026, 11, 1), recorded_at=at))
    an_account(session, housing, idris, ref="TW-4471/9")
    an_account(session, energy, idris, ref="LE 77")
    an_account(session, energy, delphine, ref="LE 78")
    session.flush()
    return {"idris": idris, "marek": marek, "delphine": delphine, "again": again}


@pytest.mark.parametrize("typed", ["idris farrow", "Farrow", "far", "FARROW  idris", "idris p", "tw4471 9", "07700 900318",
                                   "+44 7700 900318", "LE77"])
def test_a_person_is_found_by_what_staff_type(session, book, typed) -> None:
    assert names(session, typed) == ["Idris Farrow"]


@pytest.mark.parametrize("typed", ["olszanski", "Brzeczyszczykiewicz", "marek olsz"])
def test_accents_need_not_be_typed(session, book, typed) -> None:
    assert names(session, typed) == ["Marek Olszański-Brzęczyszczykiewicz"]


@pytest.mark.parametrize("typed", ["", "  ", "%", "rrow", "TW-4471", "900318", "LE", "idris aske", "EV22222222"])
def test_a_part_of_a_reference_or_number_finds_nobody(session, book, typed) -> None:
    assert names(session, typed) == []


def test_a_number_is_read_as_each_creditors_country_writes_it(session, book) -> None:
    assert names(session, "070-174 06 01") == ["Delphine Aske"]


def test_a_case_reference_finds_its_case_and_a_joined_one_the_elder(session, book) -> None:
    for person in (book["idris"], book["again"]):
        assert names(session, f" {person.case_ref[:2]} {person.case_ref[2:6]} {person.case_ref[6:].lower()}") == [
            "Idris Farrow"]
    assert find(session, book["idris"].case_ref)[0].creditors == ("Lyngvik Energi", "Tidewell Housing")


def test_no_more_than_asked_for(session, book) -> None:
    creditor = a_creditor(session)
    for _ in range(5):
        a_person(session, creditor, name="Anna Berg")
    session.flush()
    assert len(find(session, "berg", limit=3)) == 3
