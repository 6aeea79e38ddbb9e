"""Who is one person: the rule over creditors, and nothing weaker."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cases.db import Database
from cases.history import timeline
from cases.intake.load import NewCreditor
from cases.people import matching
from cases.people.joint import accounts_of
from cases.people.person import Joined, Person, all_ids
from tests.cases.intake.books import AT, BY, an_account_row, load_book, write_book
from tests.factories import a_creditor, a_person, an_account

SWEDISH = {"country": "SE", "phone": "+46701740605", "date_of_birth": "1989-01-02", "national_id": "19890102-3286"}
HERE = {"name": "Marta Lindqvist", "date_of_birth": "1984-05-17", "postcode": "AB1 2CD", "phone": "+447700900100",
        "email": "marta@example.org"}  # fmt: skip


def _load(db: Database, folder: Path, creditor: str, *rows: dict[str, object], new: bool = True, system: str = "s"):
    taken_on = NewCreditor(creditor, "GB", "GBP") if new else False
    return load_book(db, write_book(folder, accounts=rows), creditor=creditor, new=taken_on, system=system)


def _people(session: Session) -> int:
    return session.connection().exec_driver_sql("select count(*) from person").scalar_one()


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        (SWEDISH, SWEDISH | {"name": "Another Name", "national_id": "890102-3286", "phone": "", "email": ""}, True),
        (SWEDISH, SWEDISH | {"date_of_birth": "1989-01-03"}, False),
        (SWEDISH, SWEDISH | {"date_of_birth": ""}, False),
        (SWEDISH, SWEDISH | {"name": "Another Name", "national_id": "19890102-3287", "email": "x@example.org"}, False),
        (HERE, HERE | {"name": "MARTA  Líndqvist", "postcode": "ab12cd", "phone": "07700 900100", "email": ""}, True),
        (HERE, HERE | {"phone": "+447700900999"}, True),
        (HERE, HERE | {"phone": "+447700900999", "email": "other@example.org"}, False),
        (HERE, HERE | {"phone": "", "email": ""}, False),
        (HERE, HERE | {"postcode": "AB1 2CE"}, False),
        (HERE, HERE | {"postcode": ""}, False),
        (HERE, HERE | {"date_of_birth": "1984-05-18"}, False),
        (HERE, HERE | {"name": "Marta Lindquist"}, False),
        (HERE | {"phone": "+442079460100", "email": ""}, HERE | {"phone": "+442079460100", "email": ""}, False),
        (HERE | SWEDISH, HERE | SWEDISH | {"national_id": "19890102-3294", "date_of_birth": "1989-01-02"}, False),
    ],
)
def test_two_creditors_records_are_one_person_only_by_the_rule(
    db: Database, tmp_path: Path, first: dict[str, object], second: dict[str, object], one: bool
) -> None:
    _load(db, tmp_path / "b", "north", an_account_row("A1", "P1") | first)
    result = _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | second)
    assert result.people_added == (0 if one else 1)
    with db.acting() as session:
        assert _people(session) == (1 if one else 2)
        assert session.connection().exec_driver_sql("select count(distinct person_id) from liability").scalar_one() == (
            1 if one else 2
        )


POLISH = HERE | {"name": "Jan Nowak", "date_of_birth": "1980-07-29", "postcode": "00-001", "country": "PL"}
TWO_IDS = ("80072909146", "80072900017")


@pytest.mark.parametrize("order", ["1-2", "-12", "12-"])
def test_two_valid_national_ids_are_never_one_person_in_whatever_order_they_come(
    db: Database, tmp_path: Path, order: str
) -> None:
    ids = {"1": TWO_IDS[0], "2": TWO_IDS[1], "-": ""}
    for n, which in enumerate(order):
        _load(db, tmp_path / "b", f"c{n}", an_account_row(f"A{n}", f"P{n}") | POLISH | {"national_id": ids[which]})
    with db.acting() as session:
        run = session.connection().exec_driver_sql
        assert run("select count(distinct national_id_norm) from record").scalar_one() == 2
        assert run("select max(ids) from (select count(distinct r.national_id_norm) as ids from record r left join joined j"
                   " on j.person_id = r.person_id and not j.parted group by coalesce(j.into_id, r.person_id)) p").scalar_one() == 1  # fmt: skip


def test_a_corrected_record_joins_no_person_who_has_another_national_id(db: Database, tmp_path: Path) -> None:
    # c0 and c1 are one; c2 has another id, and learns the name that c1's record has
    for n, given in enumerate((
        {"national_id": TWO_IDS[0]}, {"national_id": ""}, {"national_id": TWO_IDS[1], "name": "Somebody Else"},
    )):  # fmt: skip
        _load(db, tmp_path / "b", f"c{n}", an_account_row(f"A{n}", f"P{n}") | POLISH | given)
    corrected = an_account_row("A2", "P2") | POLISH | {"national_id": TWO_IDS[1]}
    result = _load(db, tmp_path / "b", "c2", corrected, new=False)
    assert len(result.corrections) == 1 and result.joined == 0
    with db.acting() as session:
        assert _people(session) == 2


def test_within_a_creditor_and_system_a_person_is_their_reference(db: Database, tmp_path: Path) -> None:
    rows = [an_account_row("A1", "P1") | HERE, an_account_row("A2", "P2") | HERE]
    result = _load(db, tmp_path / "b", "north", *rows)
    assert result.people_added == 2
    (pair,) = result.likely
    assert set(pair.because) == {"born", "phone", "email"}


def test_two_records_of_one_system_never_join_one_person_of_another(db: Database, tmp_path: Path) -> None:
    _load(db, tmp_path / "b", "north", an_account_row("A1", "P1") | HERE)
    twins = [an_account_row("B1", "Q1") | HERE, an_account_row("B2", "Q2") | HERE]
    result = _load(db, tmp_path / "b", "south", *twins)
    assert result.people_added == 2 and len(result.likely) == 3
    _load(db, tmp_path / "b", "east", an_account_row("C1", "R1") | HERE)
    with db.acting() as session:
        assert _people(session) == 4


def test_who_has_a_record_in_a_system_is_not_taken_for_a_second_one(db: Database, tmp_path: Path) -> None:
    _load(db, tmp_path / "b", "north", an_account_row("A1", "P1") | HERE)
    _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | HERE)
    result = _load(db, tmp_path / "b", "south", an_account_row("B2", "Q2") | HERE, new=False)
    assert result.people_added == 1 and len(result.likely) == 1


def test_what_is_weaker_than_the_rule_is_listed_by_case_reference_and_not_joined(db: Database, tmp_path: Path) -> None:
    _load(db, tmp_path / "b", "north", an_account_row("A1", "P1") | HERE)
    result = _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | HERE | {"postcode": "ZZ9 9ZZ"})
    (pair,) = result.likely
    assert pair.because == ("born", "email", "phone") and pair.case_ref.startswith("EV") and pair.case_ref != pair.other


def test_a_corrected_record_that_makes_two_people_one_joins_the_younger_to_the_elder(
    db: Database, tmp_path: Path
) -> None:
    _load(db, tmp_path / "b", "north", an_account_row("A1", "P1") | HERE)
    _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | HERE | {"postcode": "AB9 9AB"})
    result = _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | HERE, new=False)
    assert (result.joined, result.people_added, result.likely) == (1, 0, ())
    with db.acting() as session:
        elder, younger = session.connection().exec_driver_sql("select id from person order by id").scalars()
        assert all_ids(session, younger) == [elder, younger]
        assert len(accounts_of(session, [elder])) == 2 and accounts_of(session, [younger]) == []
        assert "person.joined" in [line.kind for line in timeline(session, [younger])]
    again = _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | HERE, new=False)
    assert again.files["accounts"].unchanged == 1 and again.joined == 0
    more = _load(db, tmp_path / "b", "south", an_account_row("B2", "Q1") | HERE, new=False)
    assert more.files["accounts"].added == 1
    with db.acting() as session:
        assert len(accounts_of(session, [elder])) == 3


def test_joining_moves_liabilities_once_and_takes_followers_along(db: Database) -> None:
    since = date(2026, 11, 24)
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two, three = (a_person(session, creditor).id for _ in range(3))
        shared = an_account(session, creditor, session.get_one(Person, one), session.get_one(Person, three))
        own = an_account(session, creditor, session.get_one(Person, three))
        matching.join(session, three, two, since=since, by=BY, at=AT)
        assert accounts_of(session, [two]) == [shared.id, own.id]
        matching.join(session, two, one, since=since, by=BY, at=AT + timedelta(days=1))
        assert all_ids(session, three) == [one, two, three]
        assert accounts_of(session, [one]) == [shared.id, own.id] and accounts_of(session, [two, three]) == []
        with pytest.raises(ValueError):
            matching.join(session, one, two, since=since, by=BY, at=AT)


def test_people_parted_by_hand_are_not_joined_again_by_rule(db: Database, tmp_path: Path) -> None:
    _load(db, tmp_path / "b", "north", an_account_row("A1", "P1") | HERE)
    _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | HERE | {"postcode": "AB9 9AB"})
    with db.acting() as session:
        elder, younger = session.connection().exec_driver_sql("select id from person order by id").scalars()
        session.add(Joined(person_id=younger, into_id=elder, since=AT.date(), parted=True, recorded_at=AT))
    result = _load(db, tmp_path / "b", "south", an_account_row("B1", "Q1") | HERE, new=False)
    assert result.joined == 0 and len(result.likely) == 1
