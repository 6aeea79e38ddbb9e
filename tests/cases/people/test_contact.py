"""Contacts: read, compared, chosen and masked; a changed number waits a day for codes."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.people.contact import (
    Contact,
    add_contact,
    best,
    change_contact,
    end_contact,
    live_contacts,
    masked,
    normal_mail,
    normal_phone,
    receives_codes,
)
from cases.refusal import Refusal
from tests.factories import AT, BY, a_creditor, a_person


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("07700 900145", "GB", ("+447700900145", True)),
        ("+44 (0)7700 900145", None, ("+447700900145", True)),
        ("020 7946 0018", "GB", ("+442079460018", False)),
        ("070-174 06 05", "SE", ("+46701740605", True)),
        ("+48 512 345 678", "SE", ("+48512345678", True)),
    ],
)
def test_a_number_is_kept_as_e164_with_whether_a_text_reaches_it(
    written: str, country: str | None, expected: tuple[str, bool]
) -> None:
    assert normal_phone(written, country) == expected


@pytest.mark.parametrize(
    ("written", "country"),
    [("", "GB"), ("12", "GB"), ("07700 900145", None), ("call me", "GB"), ("+999123456789", None)],
)
def test_what_is_no_number_is_refused(written: str, country: str | None) -> None:
    with pytest.raises(Refusal, match=r"^contact.phone$"):
        normal_phone(written, country)


def test_a_mail_address_is_kept_in_lower_case() -> None:
    assert normal_mail(" Marta@Example.ORG ") == "marta@example.org"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "marta",
        "@example.org",
        "marta@",
        "marta@host",
        "mar ta@example.org",
        "marta@example.org,eve@example.net",
        "marta@example.org;eve@example.net",
        "marta@eve@example.org",
        "<marta@example.org>",
        "mailto:marta@example.org",
        "mar\0ta@example.org",
        "marta@example.org\u202e",
        "a@b c.org",
        "a@.",
        f"{'a' * 250}@b.org",
    ],
)
def test_what_is_no_mail_address_is_refused(written: str) -> None:
    with pytest.raises(Refusal, match=r"^contact.mail$"):
        normal_mail(written)


def test_a_stranger_sees_two_digits_or_one_letter() -> None:
    assert masked("mobile", "+447700900145") == "••••• •••45"
    assert masked("phone", "+4681234567") == "••••• •••67"
    assert masked("email", "marta.lindqvist@mail.example.org") == "m•••@•••.org"


def test_masks_do_not_tell_how_long_the_address_is() -> None:
    assert len({len(masked("mobile", n)) for n in ("+4681234", "+447700900145")}) == 1
    assert len({len(masked("email", m)) for m in ("a@b.org", "marta.lindqvist@mail.example.org")}) == 1


def test_the_newest_counts_and_of_one_day_the_persons_own(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor)

        def add(value: str, as_of: date, source: str, kind: str = "mobile") -> Contact:
            return add_contact(session, person=person.id, kind=kind, value=value, value_norm=value, source=source, as_of=as_of,
                               creditor=creditor.id if source == "creditor" else None, by=BY, at=AT)  # fmt: skip

        old = add("+447700900101", date(2026, 1, 1), "person")
        add("+447700900102", date(2026, 5, 1), "creditor")
        own = add("+447700900103", date(2026, 5, 1), "person")
        add("a@example.org", date(2026, 5, 1), "staff", kind="email")
        found = live_contacts(session, [person.id])
        assert best(found, "mobile") == own
        assert best(found, "email").value == "a@example.org"  # type: ignore[union-attr]
        assert best(found, "phone") is None
        assert [c.id for c in found if c.kind == "mobile"][-1] == old.id


def _number(session: object, person: int, value: str, **given: object) -> Contact:
    return add_contact(session, person=person, kind="mobile", value=value, value_norm=value, source="person",  # type: ignore[arg-type]
                       as_of=AT.date(), by=BY, at=AT, **given)  # type: ignore[arg-type]  # fmt: skip


def test_a_corrected_contact_is_gone_and_stays_on_file(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
        old = _number(session, person, "+447700900101")
        new = _number(session, person, "+447700900102", replaces=old.id)
        assert [c.id for c in live_contacts(session, [person])] == [new.id]
    assert superuser.scalar(text("select count(*) from contact")) == 2


def test_a_withdrawn_contact_is_not_used(db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
        old = _number(session, person, "+447700900101")
        gone = _number(session, person, "+447700900101", replaces=old.id)
        session.flush()
        session.add(Contact(person_id=person, source="person", kind="mobile", value=gone.value, value_norm=gone.value_norm,
                            as_of=AT.date(), withdrawn=True, recorded_at=AT, replaces=gone.id))  # fmt: skip
        session.flush()
        assert live_contacts(session, [person]) == []


def test_a_number_that_replaced_another_receives_no_code_for_a_day(db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
        old = _number(session, person, "+447700900101")
        new = _number(session, person, "+447700900102", replaces=old.id)
        assert receives_codes(old, AT)
        assert not receives_codes(new, AT)
        assert not receives_codes(new, AT + timedelta(hours=24) - timedelta(seconds=1))
        assert receives_codes(new, AT + timedelta(hours=24))


def test_what_is_replaced_or_ended_at_the_desk_is_used_no_more_whoever_gave_it_too(db: Database) -> None:
    with db.acting() as session:
        creditors = [a_creditor(session) for _ in range(2)]
        person = a_person(session, creditors[0], mobile="+447700900101", email="m@example.org").id
        for kind, value in (("mobile", "+447700900101"), ("email", "m@example.org")):
            add_contact(session, person=person, kind=kind, value=value, value_norm=value, source="creditor",
                        as_of=AT.date(), creditor=creditors[1].id, by=BY, at=AT)  # fmt: skip
        mail, _, mobile, _ = live_contacts(session, [person])
        end_contact(session, mail, by=BY, at=AT)
        assert {each.kind for each in live_contacts(session, [person])} == {"mobile"}
        change_contact(session, people=[person], kind="mobile", value="07700 900102", country="GB", on=AT.date(),
                       by=BY, at=AT, instead=mobile)  # fmt: skip
        assert [each.value_norm for each in live_contacts(session, [person])] == ["+447700900102"]


def test_the_history_tells_that_a_contact_came_and_never_which(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
        old = _number(session, person, "+447700900101")
        _number(session, person, "+447700900102", replaces=old.id)
    lines = superuser.execute(
        text("select kind, subject, facts::text from history where person_id = :p order by id"), {"p": person}
    ).all()
    assert [line.kind for line in lines] == ["contact.added", "contact.corrected"]
    assert not any("7700" in f"{line.subject} {line.facts}" for line in lines)
