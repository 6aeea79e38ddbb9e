"""Who it is: case references, names and postcodes for comparing, people found to be one."""

from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from cases.db import Database
from cases.debts.account import normal_reference
from cases.people import matching
from cases.people.joint import accounts_of
from cases.people.person import (
    LETTERS,
    Joined,
    all_ids,
    case_called,
    check_letter,
    first_name,
    is_case_ref,
    new_case_ref,
    normal_name,
    normal_postcode,
)
from cases.refusal import Refusal
from tests.factories import AT, BY, a_creditor, a_person, an_account

DAY = date(2026, 5, 1)
WRITTEN = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f", exclude_categories=["Cc", "Cf"]),
    max_size=40,
)
"""Latin letters with all their marks, digits and signs."""


# ---------------------------------------------------------------- case references


@given(st.text(LETTERS, min_size=7, max_size=7), st.data())
def test_one_wrong_letter_is_noticed(letters: str, data: st.DataObject) -> None:
    whole = letters + check_letter(letters)
    assert is_case_ref(f"EV{whole}")
    place = data.draw(st.integers(0, 7))
    other = data.draw(st.sampled_from([c for c in LETTERS if c != whole[place]]))
    assert not is_case_ref(f"EV{whole[:place]}{other}{whole[place + 1 :]}")


@given(st.text(LETTERS, min_size=7, max_size=7), st.integers(0, 6))
def test_two_neighbours_swapped_are_noticed(letters: str, place: int) -> None:
    whole = letters + check_letter(letters)
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    assert is_case_ref(f"EV{swapped}") == (swapped == whole)


def test_new_references_are_well_formed_and_not_alike() -> None:
    made = {new_case_ref() for _ in range(200)}
    assert len(made) == 200
    assert all(is_case_ref(ref) for ref in made)


@pytest.mark.parametrize("written", ["", "EV", "EV2345678", "XX23456789", "EV234567890", "ev23456789", "EV2345678A"])
def test_what_is_no_reference_is_told(written: str) -> None:
    assert not is_case_ref(written)


# ---------------------------------------------------------------- comparing


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Søren  Kierkegård", "soren kierkegard"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Strauß-Groß", "strauss gross"),
        ("O’Brien, Máire", "o brien maire"),
        ("Ægir Þór", "aegir thor"),
        ("  ", ""),
        ("Ann-Marie", "ann marie"),
        ("ŒUVRE", "oeuvre"),
    ],
)
def test_a_name_is_compared_without_case_accents_and_signs(written: str, normal: str) -> None:
    assert normal_name(written) == normal


def test_the_same_rules_stand_in_sql(db: Database, superuser: Connection) -> None:
    """A name folded in a file's load and one typed at the desk must meet."""
    asked = text("select norm_name(:written), norm_postcode(:written), norm_ref(:written)")

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(WRITTEN)
    @example("Łukasz Żółć-Groß ÐÞıİ")
    @example("ﬁ ½ ² ª º µ ſ ŉ")
    @example("ab 1-2cd")
    def check(written: str) -> None:
        in_sql = tuple(superuser.execute(asked, {"written": written}).one())
        assert in_sql == (normal_name(written), normal_postcode(written), normal_reference(written))

    check()


@given(WRITTEN)
def test_a_name_made_normal_is_normal(written: str) -> None:
    assert normal_name(normal_name(written)) == normal_name(written)


def test_a_person_is_greeted_by_the_first_word() -> None:
    assert [first_name(n) for n in ("Marta Lindqvist", " Marta", "Marta", "")] == ["Marta", "Marta", "Marta", ""]


# ---------------------------------------------------------------- people found to be one


def test_the_elder_stands_for_all_who_were_joined_to_it(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two, three, other = (a_person(session, creditor) for _ in range(4))
        debts = {p.id: an_account(session, creditor, p).id for p in (one, two, three)}
        matching.join(session, three.id, two.id, since=DAY, by=BY, at=AT)
        matching.join(session, two.id, one.id, since=DAY, by=BY, at=AT)
        for person in (one, two, three):
            assert all_ids(session, person.id) == [one.id, two.id, three.id]
            assert case_called(session, person.case_ref).id == one.id
        assert all_ids(session, other.id) == [other.id]
        assert accounts_of(session, [one.id]) == sorted(debts.values())


def test_joined_twice_is_refused_and_parted_is_a_new_row(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = a_person(session, creditor), a_person(session, creditor)
        matching.join(session, two.id, one.id, since=DAY, by=BY, at=AT)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(Joined(person_id=two.id, into_id=one.id, since=DAY, recorded_at=AT))
            session.flush()
        was = session.query(Joined).one()
        session.add(Joined(person_id=two.id, into_id=one.id, since=DAY, parted=True, recorded_at=AT, replaces=was.id))
        session.flush()
        assert all_ids(session, two.id) == [two.id]
        assert all_ids(session, one.id) == [one.id]
        assert case_called(session, two.case_ref).id == two.id


def test_only_the_younger_is_joined_to_the_elder(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = a_person(session, creditor), a_person(session, creditor)
        for younger, elder in ((one.id, two.id), (one.id, one.id)):
            with pytest.raises(IntegrityError), session.begin_nested():
                session.add(Joined(person_id=younger, into_id=elder, since=DAY, recorded_at=AT))
                session.flush()


def test_an_unknown_case_is_refused(db: Database) -> None:
    with db.acting() as session, pytest.raises(Refusal, match=r"^case.unknown$"):
        case_called(session, new_case_ref())
