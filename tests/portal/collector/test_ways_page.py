"""Numbers and addresses at the desk: entered, corrected, ended; the old ones stay with their source and date."""

import pytest
from sqlalchemy import select

from cases.history import Kind, Line
from cases.people.contact import Contact, live_contacts, receives_codes
from cases.work import queue
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post

NEW = "+447700900999"


def ways(desk: Desk, more: str = "", who: str = "idris", **typed: object) -> object:
    page = desk.case(who, "/ways")
    return post(desk.browser("priya"), page + more, on=page, **typed)


def live(desk: Desk, who: str = "idris") -> list[Contact]:
    with desk.db.acting() as session:
        return live_contacts(session, [desk.ids[who]])


def mobile(desk: Desk, who: str = "idris") -> int:
    return next(each.id for each in live(desk, who) if each.kind == "mobile")


@pytest.mark.parametrize(("kind", "value", "norm"), [
    ("mobile", "07700 900999", NEW), ("phone", "020 7946 0999", "+442079460999"), ("email", "Idris@New.Example", "idris@new.example"),
    ("address", "4 Quay Lane, Saltmere SM1 4AB", "4 quay lane saltmere sm1 4ab"),
])  # fmt: skip
def test_what_a_person_told_us_is_noted_as_theirs_with_source_and_date(desk: Desk, kind: str, value: str, norm: str) -> None:
    assert ways(desk, kind=kind, value=value).status_code == 303
    found = next(each for each in live(desk) if each.value_norm == norm)
    assert (found.kind, found.source, found.creditor_id, found.as_of) == (kind, "staff", None, desk.clock.now().date())
    page = words_of(desk.browser("tom").get(desk.case("idris", "/ways")))
    assert "From what they told us, as of Tuesday 24 November 2026." in page
    assert "Contact noted Priya Nand" in words_of(desk.browser("tom").get(desk.case("idris")))


def test_a_number_that_was_corrected_stays_below_with_its_source_and_receives_nothing(desk: Desk) -> None:
    old = mobile(desk)
    assert ways(desk, f"/{old}", value="07700 900999").status_code == 303
    assert [each.value_norm for each in live(desk) if each.kind == "mobile"] == [NEW]
    page = words_of(desk.browser("tom").get(desk.case("idris", "/ways")))
    assert page.index("07700 900999") < page.index("As it was") < page.index("07700 900318")
    assert "Tidewell Housing" in page[page.index("As it was"):] and "Until Tuesday 24 November 2026." in page
    case = words_of(desk.browser("tom").get(desk.case("idris")))
    assert "07700 900999" in case and "Contact corrected Priya Nand Mobile number, from us." in case


def test_a_number_that_one_of_us_entered_waits_a_day_for_codes(desk: Desk) -> None:
    ways(desk, kind="mobile", value="07700 900999")
    made = next(each for each in live(desk) if each.value_norm == NEW)
    assert made.replaces is None and not receives_codes(made, desk.clock.now())
    desk.clock.pass_by(hours=24)
    assert receives_codes(made, desk.clock.now())


def test_what_was_ended_is_used_no_more_and_ended_once(desk: Desk) -> None:
    old = mobile(desk)
    assert ways(desk, f"/{old}/end").status_code == 303
    assert [each.kind for each in live(desk)] == ["email"]
    assert "No mobile number." in words_of(desk.browser("tom").get(desk.case("idris")))
    priya, page = desk.browser("priya"), desk.case("idris", "/ways")
    post(priya, f"{page}/{old}/end", on=page)
    assert "This was changed or ended already." in words_of(priya.get(page))
    with desk.db.acting() as session:
        assert len(session.scalars(select(Line).where(Line.kind == str(Kind.CONTACT_ENDED))).all()) == 1


@pytest.mark.parametrize(("typed", "remedy"), [
    ({"kind": "mobile", "value": "12"}, "That is not a phone number."),
    ({"kind": "mobile", "value": "020 7946 0999"}, "No text can reach this number."),
    ({"kind": "email", "value": "nowhere"}, "That is not an email address."),
    ({"kind": "address", "value": "12"}, "That is not a postal address."),
    ({"kind": "email", "value": "IDRIS@example.org"}, "We know this one already."),
    ({"kind": "", "value": ""}, "Choose what it is"),
])  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field_and_changes_nothing(desk: Desk, typed: dict[str, str], remedy: str) -> None:
    before = [each.id for each in live(desk)]
    answer = ways(desk, **typed)
    assert answer.status_code == 422 and remedy in words_of(answer)
    assert [each.id for each in live(desk)] == before


def test_anothers_number_is_not_found(desk: Desk) -> None:
    theirs = mobile(desk, "bertram")
    assert desk.browser("priya").get(desk.case("idris", f"/ways/{theirs}")).status_code == 404
    assert ways(desk, f"/{theirs}", value="07700 900999").status_code == 404
    assert ways(desk, f"/{theirs}/end").status_code == 404
    assert mobile(desk, "bertram") == theirs


def asked(desk: Desk, kind: str, subject: str) -> None:
    """Asks for another way to reach Idris."""
    with desk.db.acting() as session:
        queue.open_item(session, person=desk.ids["idris"], kind=kind, subject=subject, urgency=2, at=desk.clock.now())


def waits(desk: Desk) -> set[str]:
    with desk.db.acting() as session:
        return {each.kind for each in queue.open_items(session, [desk.ids["idris"]])}


@pytest.mark.parametrize(("kind", "value", "still"), [
    ("phone", "020 7946 0999", False), ("email", "new@example.org", False), ("address", "4 Quay Lane, Saltmere", True),
])  # fmt: skip
def test_another_number_or_mailbox_answers_what_asked_for_one_and_a_postal_address_does_not(
    desk: Desk, kind: str, value: str, still: bool
) -> None:
    asked(desk, "unreachable", "diary_entry:1")
    assert ways(desk, kind=kind, value=value).status_code == 303
    assert ("unreachable" in waits(desk)) is still


@pytest.mark.parametrize("more", ["", "/end"])
def test_a_number_where_nothing_arrives_is_put_right_at_its_page_and_waits_no_more(desk: Desk, more: str) -> None:
    old = mobile(desk)
    asked(desk, "undelivered", f"contact:{old}")
    case = desk.browser("tom").get(desk.case("idris")).get_data(as_text=True)
    assert f'<a class="btn" href="{desk.case("idris", "/ways")}">' in case
    assert ways(desk, f"/{old}{more}", value="07700 900999").status_code == 303
    assert "undelivered" not in waits(desk) and "message" in waits(desk)
