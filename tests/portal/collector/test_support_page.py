"""Needs at the desk: noted with consent, shown on the case, and why only to those who hold it."""

from __future__ import annotations

from cases.people import support
from cases.people.support import NEEDS
from portal.collector.hold_words import NEEDS as WORDS
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post


def note(desk: Desk, user: str = "priya", **typed: object) -> object:
    path = desk.case("idris", "/support")
    return post(desk.browser(user), path, on=path, **typed)


def needs(desk: Desk) -> list[str]:
    with desk.db.acting() as session:
        return [row.need for row in support.needs_of(session, [desk.ids["idris"]])]


def test_every_need_has_words() -> None:
    assert set(WORDS) == set(NEEDS)


def test_what_a_person_said_is_noted_with_their_consent_alone(desk: Desk) -> None:
    answer = note(desk, needs=["no_calls"], reason="He stammers.")
    assert answer.status_code == 422 and needs(desk) == []
    assert "Note this only if the person agrees, and tick that they do." in words_of(answer)
    assert "He stammers." in answer.get_data(as_text=True), "what was typed stays"
    assert note(desk, needs=["no_calls", "large_print"], consent="yes", reason="He stammers.").status_code == 303
    page = words_of(desk.browser("tom").get(desk.case("idris")))
    assert "Needs Large print No calls Look at it" in page and "stammers" not in page
    assert "What the person needs Priya Nand Large print, No calls." in page


def test_why_is_read_by_whoever_has_taken_the_case_and_each_look_is_told(desk: Desk) -> None:
    note(desk, needs=["no_calls"], consent="yes", reason="He stammers.")
    path = desk.case("idris", "/support")
    tom = desk.browser("tom")
    assert "Who has taken the case may read it" in words_of(tom.get(path))
    assert post(tom, f"{path}/reason", on=desk.case("idris")).status_code == 404
    post(tom, desk.case("idris", "/take"), on=desk.case("idris"))
    answer = post(tom, f"{path}/reason", on=path)
    assert answer.status_code == 200 and "He stammers." in words_of(answer)
    assert "Reason for support read Tom Ashby" in words_of(tom.get(desk.case("idris")))
    assert post(desk.browser("priya"), f"{path}/reason", on=path).status_code == 404


def test_why_is_kept_encrypted(desk: Desk) -> None:
    note(desk, needs=["no_calls"], consent="yes", reason="He stammers.")
    with desk.db.acting() as session:
        kept = support.look(session, desk.ids["idris"], by=support.Actor("test"), at=desk.clock.now())
    assert kept is not None and "stammers" not in kept and kept.count(":") == 1
