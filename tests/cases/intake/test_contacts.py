"""Contacts of a file: whose they are, what they add, what they leave alone, and what is refused with its remedy."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.db import Database
from cases.debts.creditor import Creditor
from cases.history import Actor, Kind, Line
from cases.intake import contacts
from cases.intake.load import NothingKept
from cases.intake.result import LoadResult
from cases.people import matching
from cases.people.contact import Contact, change_contact, end_contact, live_contacts, receiving
from cases.people.identifier import normalise_national_id
from cases.people.person import Person
from cases.work import queue
from tests.factories import AT, BY, a_creditor, a_person

HEADER = "person_ref,national_id,kind,value,source,as_of\n"
LATER = AT + timedelta(days=40)


@pytest.fixture
def creditor(session: Session) -> Creditor:
    return a_creditor(session)


@pytest.fixture
def anna(session: Session, creditor: Creditor) -> Person:
    return a_person(session, creditor, name="Anna")


def ref_of(session: Session, person: Person) -> str:
    return str(session.scalar(text("select ref from record where person_id = :p"), {"p": person.id}))


def loaded(session: Session, creditor: Creditor, tmp_path: Path, *rows: str, end: str = "\n", **given: object) -> LoadResult:
    path = tmp_path / "contacts.csv"
    path.write_text(HEADER + "\n".join(rows) + end, "utf-8")
    system = str(session.scalar(text("select min(system) from record where creditor_id = :c"), {"c": creditor.id}))
    values = {"creditor": creditor.ref, "system": system, "by": BY, "at": AT} | given
    made = contacts.load_contacts(session, path, **values)  # type: ignore[arg-type]
    # Else two loads of one transaction would meet each other's tables.
    session.execute(text("drop table finding, correction, touched, way_in, staged_contacts"))
    return made


def live(session: Session, person: Person) -> list[tuple[str, str, str | None, date]]:
    return [(each.kind, each.value_norm, each.origin, each.as_of) for each in live_contacts(session, [person.id])]


def test_each_kind_is_kept_with_its_source_and_date_and_a_line_that_holds_no_value(
    session: Session, creditor: Creditor, anna: Person, tmp_path: Path
) -> None:
    ref, day = ref_of(session, anna), date(2026, 11, 2)
    made = loaded(
        session, creditor, tmp_path, f"{ref},,mobile,07700 900318,tracing agent,2026-11-02",
        f"{ref},,phone,020 7946 0999,letter,2026-11-02", f"{ref},,email,Anna@Example.org,letter,2026-11-02",
        f'{ref},,address,"4 Quay Lane, Saltmere",letter,2026-11-02',
    )  # fmt: skip
    assert (made.files["contacts"].added, made.refused, made.kept) == (4, 0, True)
    assert set(live(session, anna)) == {
        ("mobile", "+447700900318", "tracing agent", day), ("phone", "+442079460999", "letter", day),
        ("email", "anna@example.org", "letter", day), ("address", "4 quay lane saltmere", "letter", day),
    }  # fmt: skip
    lines = session.scalars(select(Line).where(Line.kind == str(Kind.CONTACT_ADDED))).all()
    assert {line.facts["kind"] for line in lines} == {"mobile", "phone", "email", "address"}
    assert all(set(line.facts) == {"kind", "source"} and line.creditor_id == creditor.id for line in lines)


def test_loaded_twice_is_loaded_once_and_a_later_day_is_one_correction(
    session: Session, creditor: Creditor, anna: Person, tmp_path: Path
) -> None:
    ref = ref_of(session, anna)
    loaded(session, creditor, tmp_path, f"{ref},,mobile,07700 900318,agent,2026-11-02")
    again = loaded(session, creditor, tmp_path, f"{ref},,mobile,+44 7700 900318,agent,2026-11-02")
    assert (again.files["contacts"].unchanged, again.files["contacts"].added) == (1, 0)
    older = loaded(session, creditor, tmp_path, f"{ref},,mobile,07700 900318,agent,2026-10-02")
    assert older.files["contacts"].unchanged == 1
    later = loaded(session, creditor, tmp_path, f"{ref},,mobile,07700 900318,letter,2026-11-20")
    assert later.files["contacts"].changed == 1 and [each.ref for each in later.corrections] == [ref]
    assert live(session, anna) == [("mobile", "+447700900318", "letter", date(2026, 11, 20))]
    assert session.query(Contact).count() == 2, "the old one stays"


def test_a_number_that_is_dated_anew_receives_codes_as_before(
    session: Session, creditor: Creditor, tmp_path: Path
) -> None:
    anna = a_person(session, creditor, mobile="+447700900318", at=AT - timedelta(days=90))
    ref, now = ref_of(session, anna), AT + timedelta(hours=1)
    for ago in (2, 1, 0):
        at = AT - timedelta(days=ago)
        loaded(session, creditor, tmp_path, f"{ref},,mobile,07700 900318,letter,{at.date()}", at=at)
        assert [each.as_of for each in receiving(session, live_contacts(session, [anna.id]), at)] == [at.date()]
    [number] = live_contacts(session, [anna.id])
    change_contact(session, people=[anna.id], kind="mobile", value="07700 900319", country="GB", on=AT.date(), by=BY,
                   at=now, instead=number)  # fmt: skip
    assert receiving(session, live_contacts(session, [anna.id]), now) == [], "this one did replace another"


def test_what_the_desk_ended_or_replaced_since_does_not_come_back(
    session: Session, creditor: Creditor, anna: Person, tmp_path: Path
) -> None:
    ref = ref_of(session, anna)
    rows = [f"{ref},,mobile,07700 900318,agent,2026-11-02", f"{ref},,email,anna@example.org,agent,2026-11-02"]
    loaded(session, creditor, tmp_path, *rows)
    mail, mobile = live_contacts(session, [anna.id])
    end_contact(session, mobile, by=Actor("collector", 1), at=AT)
    change_contact(session, people=[anna.id], kind="email", value="new@example.org", country="GB", on=AT.date(),
                   by=Actor("collector", 1), at=AT, instead=mail)  # fmt: skip
    assert loaded(session, creditor, tmp_path, *rows).files["contacts"].unchanged == 2
    assert [each[1] for each in live(session, anna)] == ["new@example.org"]
    fresh = loaded(session, creditor, tmp_path, f"{ref},,mobile,07700 900318,letter,2026-12-20", at=LATER)
    assert fresh.files["contacts"].added == 1 and len(live(session, anna)) == 2


def test_a_national_id_names_the_one_person_who_has_it(session: Session, tmp_path: Path) -> None:
    creditor, other = (a_creditor(session, country="SE", currency="SEK") for _ in range(2))
    number = {"national_id": "198112189876",
              "national_id_norm": normalise_national_id("198112189876", "SE", AT.date())}  # fmt: skip
    anna = a_person(session, creditor, country="SE", **number)
    row = ",19811218-9876,mobile,070-174 06 05,letter,2026-11-02"
    assert loaded(session, creditor, tmp_path, row).files["contacts"].added == 1
    assert [each[1] for each in live(session, anna)] == ["+46701740605"]
    a_person(session, other, country="SE")
    foreign = loaded(session, other, tmp_path, row)
    assert [(each.field, each.code) for each in foreign.findings] == [("national_id", "way.unknown")]
    a_person(session, creditor, name="Ben", country="SE", **number)
    both = loaded(session, creditor, tmp_path, row)
    assert [(each.field, each.code) for each in both.findings] == [("national_id", "way.several")]


def test_two_references_of_one_person_each_keep_their_own(
    session: Session, creditor: Creditor, anna: Person, tmp_path: Path
) -> None:
    twin = a_person(session, creditor, name="Anna")
    matching.join(session, twin.id, anna.id, since=AT.date(), by=BY, at=AT)
    refs = [ref_of(session, each) for each in (anna, twin)]
    for day, count in (("2026-11-02", "added"), ("2026-11-20", "changed"), ("2026-11-20", "unchanged")):
        made = loaded(session, creditor, tmp_path, *(f"{ref},,email,a@example.org,letter,{day}" for ref in refs))
        assert (getattr(made.files["contacts"], count), made.refused) == (2, 0), count
    found = live_contacts(session, [anna.id, twin.id])
    assert sorted(each.person_id for each in found) == sorted([anna.id, twin.id])
    end_contact(session, found[0], by=Actor("collector", 1), at=AT)
    made = loaded(session, creditor, tmp_path, *(f"{ref},,email,a@example.org,letter,2026-11-20" for ref in refs))
    assert made.files["contacts"].unchanged == 2 and live_contacts(session, [anna.id, twin.id]) == []


def test_a_reference_of_spaces_is_none(session: Session, tmp_path: Path) -> None:
    creditor = a_creditor(session, country="SE", currency="SEK")
    anna = a_person(session, creditor, country="SE", national_id="198112189876",
                    national_id_norm=normalise_national_id("198112189876", "SE", AT.date()))  # fmt: skip
    made = loaded(session, creditor, tmp_path, "  ,19811218-9876,mobile,070-174 06 05,letter,2026-11-02")
    assert made.findings == () and [each[1] for each in live(session, anna)] == ["+46701740605"]


@pytest.mark.parametrize(("row", "field", "code"), [
    (",,mobile,07700 900318,a,2026-11-02", "person_ref", "way.who"),
    ("nobody,,mobile,07700 900318,a,2026-11-02", "person_ref", "way.unknown"),
    ("{ref},,fax,07700 900318,a,2026-11-02", "kind", "way.kind"),
    ("{ref},,mobile,12,a,2026-11-02", "value", "way.phone"),
    ("{ref},,mobile,020 7946 0999,a,2026-11-02", "kind", "way.textable"),
    ("{ref},,email,nowhere,a,2026-11-02", "value", "way.mail"),
    ("{ref},,address,12,a,2026-11-02", "value", "way.address"),
    ("{ref},,email,,a,2026-11-02", "value", "required"),
    ("{ref},,email,a@example.org,,2026-11-02", "source", "required"),
    ("{ref},,email,a@example.org,a,2026-02-30", "as_of", "date"),
    ("{ref},,email,a@example.org,a,2026-12-24", "as_of", "way.future"),
    ("{ref},,email,a@example.org," + "a" * 201 + ",2026-11-02", "source", "long"),
    ("{ref},,email,a@example.org,a", None, "row.columns"),
])  # fmt: skip
def test_a_bad_row_is_named_with_its_field_and_the_good_one_is_loaded(
    session: Session, creditor: Creditor, anna: Person, tmp_path: Path, row: str, field: str | None, code: str
) -> None:
    ref = ref_of(session, anna)
    made = loaded(session, creditor, tmp_path, row.format(ref=ref), f"{ref},,email,good@example.org,letter,2026-11-02")
    assert [(each.row, each.field, each.code) for each in made.findings] == [(2, field, code)]
    assert made.files["contacts"].rows == 2 and made.refused == 1
    assert [each[1] for each in live(session, anna)] == ["good@example.org"]


def test_the_same_way_twice_in_a_file_counts_once(session: Session, creditor: Creditor, anna: Person, tmp_path: Path) -> None:
    ref = ref_of(session, anna)
    made = loaded(session, creditor, tmp_path, f"{ref},,email,a@example.org,a,2026-11-02", f"{ref},,email,A@example.org,a,2026-11-03")
    assert [(each.row, each.code, each.facts["first"]) for each in made.findings] == [(3, "duplicate", 2)]


def test_a_file_cut_short_is_not_believed_to_its_end(session: Session, creditor: Creditor, anna: Person, tmp_path: Path) -> None:
    ref = ref_of(session, anna)
    made = loaded(session, creditor, tmp_path, f"{ref},,email,a@example.org,a,2026-11", end="")
    assert made.refused == 1 and live(session, anna) == []


def test_another_creditors_people_are_nobody_here(session: Session, creditor: Creditor, anna: Person, tmp_path: Path) -> None:
    other = a_creditor(session)
    a_person(session, other)
    made = loaded(session, other, tmp_path, f"{ref_of(session, anna)}x,,email,a@example.org,a,2026-11-02")
    assert [each.code for each in made.findings] == ["way.unknown"] and live(session, anna) == []


@pytest.mark.parametrize("given", [{"dry_run": True}, {"atomic": True}])
def test_a_rehearsal_and_a_refused_whole_keep_nothing(db: Database, tmp_path: Path, given: dict[str, bool]) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        ref = ref_of(session, a_person(session, creditor))
    with pytest.raises(NothingKept) as nothing, db.acting() as session:
        loaded(session, creditor, tmp_path, f"{ref},,email,a@example.org,a,2026-11-02", "nobody,,email,b@example.org,a,2026-11-02",
               **given)  # fmt: skip
    assert not nothing.value.result.kept and nothing.value.result.files["contacts"].added == 1
    with db.acting() as session:
        assert session.scalar(text("select count(*) from contact where origin is not null")) == 0
        assert session.scalar(text("select count(*) from batch")) == 0


def test_a_file_answers_what_asked_for_another_way_to_reach_them(
    session: Session, creditor: Creditor, anna: Person, tmp_path: Path
) -> None:
    ref = ref_of(session, anna)
    loaded(session, creditor, tmp_path, f"{ref},,mobile,07700 900318,tracing agent,2026-11-02")
    [old] = live_contacts(session, [anna.id])
    for kind, subject in (("unreachable", "diary_entry:1"), ("undelivered", f"contact:{old.id}"), ("stop", "said:1")):
        queue.open_item(session, person=anna.id, kind=kind, subject=subject, urgency=2, at=AT)
    loaded(session, creditor, tmp_path, f"{ref},,address,4 Quay Lane,letter,2026-11-03")
    assert {each.kind for each in queue.open_items(session, [anna.id])} == {"unreachable", "undelivered", "stop"}
    loaded(session, creditor, tmp_path, f"{ref},,mobile,07700 900318,letter,2026-11-04")
    assert {each.kind for each in queue.open_items(session, [anna.id])} == {"stop"}
