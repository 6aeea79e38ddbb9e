"""The contact diary and notes at the desk: may one call, what came of it, where that leads, and who reads it later."""

from datetime import time, timedelta

import pytest
from sqlalchemy import select, text

from cases.debts import dispute
from cases.people import support
from cases.people.contact import live_contacts
from cases.people.preference import Wish, prefer
from cases.work import queue
from cases.work.diary import AGAINST, OUTCOMES, DiaryEntry
from portal.collector import diary_words
from portal.collector.diary_words import WAYS
from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post


def met(desk: Desk, who: str = "idris", user: str = "priya", **typed: object) -> object:
    """Enters a contact as the form sends it, with the number that stands there first."""
    path = desk.case(who, "/contact")
    sent = {"how": "call_out", "key": str(sorted(typed.items())), "number": number(desk, who)} | typed
    return post(desk.browser(user), path, on=path, **sent)


def number(desk: Desk, who: str = "idris") -> str:
    with desk.db.acting() as session:
        return next((str(each.id) for each in live_contacts(session, [desk.ids[who]]) if each.kind == "mobile"), "")


def entries(desk: Desk) -> list[DiaryEntry]:
    with desk.db.acting() as session:
        return list(session.scalars(select(DiaryEntry).order_by(DiaryEntry.id)))


def test_every_way_outcome_and_rule_has_words() -> None:
    assert {tuple(code.split("_")) for code, _words in WAYS} == {way for way, found in OUTCOMES.items() if found}
    assert set(diary_words.OUTCOMES) == {each for found in OUTCOMES.values() for each in found}
    assert set(diary_words.AGAINST) == set(AGAINST)


def test_a_call_is_noted_and_stands_in_the_history_with_its_words(desk: Desk) -> None:
    page = words_of(desk.browser("priya").get(desk.case("idris", "/contact")))
    assert "You may call Idris now 0 calls count in seven days, of at most 7." in page
    answer = met(desk, outcome="spoke", note="He gets paid on the 3rd.")
    assert answer.status_code == 303 and answer.location.endswith(desk.case("idris"))
    told = words_of(desk.browser("tom").get(desk.case("idris", "?only=contacts")))
    assert "We called: We spoke, nothing was agreed Priya Nand “He gets paid on the 3rd.”" in told
    assert "Allowed now 1 call in seven days" in words_of(desk.browser("tom").get(desk.case("idris")))


@pytest.mark.parametrize(("outcome", "leads"), [
    ("promised", "/plan?kind=promise"), ("disputed", "/dispute"), ("call_back", "/postpone?reason=call_back"),
    ("wrong_number", "/ways"), ("no_answer", ""),
])  # fmt: skip
def test_an_outcome_leads_on(desk: Desk, outcome: str, leads: str) -> None:
    answer = met(desk, outcome=outcome)
    assert answer.location == desk.case("idris", leads)
    assert desk.browser("priya").get(answer.location).status_code == 200


def test_a_promise_on_the_telephone_is_chosen_already_and_so_is_why_one_calls_back(desk: Desk) -> None:
    priya = desk.browser("priya")
    plan = priya.get(desk.case("idris", "/plan?kind=promise")).get_data(as_text=True)
    assert 'value="promise" checked' in plan
    postpone = priya.get(desk.case("idris", "/postpone?reason=call_back")).get_data(as_text=True)
    assert 'value="call_back" checked' in postpone


def test_whoever_wants_no_calls_is_called_for_a_reason_alone_and_that_is_told(desk: Desk) -> None:
    with desk.db.acting() as session:
        support.tell(session, person=desk.ids["idris"], needs=["no_calls"], by=support.Actor("debtor", 1), at=desk.clock.now())
    case = words_of(desk.browser("priya").get(desk.case("idris")))
    assert "Call No This person wants no calls. Write instead." in case
    page = words_of(desk.browser("priya").get(desk.case("idris", "/contact")))
    assert "Do not call Idris now This person wants no calls. Write instead." in page
    answer = met(desk, outcome="spoke", note="Short.")
    assert answer.status_code == 422 and entries(desk) == []
    assert "This person wants no calls. Write instead. Write why it was made." in words_of(answer)
    assert "Short." in answer.get_data(as_text=True), "what was typed stays"
    assert met(desk, outcome="spoke", reason="He asked by text to be rung.").status_code == 303
    told = words_of(desk.browser("tom").get(desk.case("idris", "?only=contacts")))
    assert "This person wants no calls. Write instead. Made all the same: “He asked by text to be rung.”" in told


def test_outside_the_hours_the_page_says_from_when_and_an_earlier_call_can_be_entered(desk: Desk) -> None:
    desk.clock.pass_by(hours=11)
    page = words_of(desk.browser("priya").get(desk.case("idris", "/contact")))
    assert "It is outside the hours that are allowed. Allowed from Wednesday 25 November, 08:00." in page
    assert met(desk, outcome="no_answer").status_code == 422
    assert met(desk, outcome="no_answer", clock="14:30").status_code == 303
    [row] = entries(desk)
    assert row.against == [] and f"{row.happened_at:%H:%M}" == "14:30"
    assert "On Tuesday 24 November, 14:30." in words_of(desk.browser("tom").get(desk.case("idris")))


def test_the_hours_that_a_person_asked_for_are_said_before_the_call(desk: Desk) -> None:
    with desk.db.acting() as session:
        wish = Wish(days_off=(5,), earliest=time(10))
        prefer(session, person=desk.ids["idris"], wish=wish, source="person", by=support.Actor("debtor", 1), at=desk.clock.now())
    page = words_of(desk.browser("priya").get(desk.case("idris", "/contact")))
    assert "Do not call Idris now They asked for no contact at this hour. Allowed from Tuesday 24 November, 10:00." in page
    assert "They asked for no contact at this hour." in words_of(desk.browser("priya").get(desk.case("idris")))
    assert met(desk, outcome="spoke").status_code == 422
    assert met(desk, outcome="spoke", asked_for="y").status_code == 303
    assert entries(desk)[0].against == []


def test_what_is_on_hold_is_named_before_the_call(desk: Desk) -> None:
    said = "Ask for no money for what is on hold"
    assert said not in words_of(desk.browser("priya").get(desk.case("idris", "/contact")))
    with desk.db.acting() as session:
        dispute.begin(session, person=desk.ids["idris"], account=desk.ids["rent"], ground="paid", note=None, key="d",
                      by=support.Actor("debtor", 1), at=desk.clock.now())  # fmt: skip
    assert f"{said} T4481" in words_of(desk.browser("priya").get(desk.case("idris", "/contact")))


@pytest.mark.parametrize(("typed", "remedy"), [
    ({}, "Choose what came of it"), ({"outcome": "sent"}, "Choose what came of it from the list."),
    ({"outcome": "spoke", "number": ""}, "Choose one of the numbers of this person."),
    ({"outcome": "spoke", "clock": "2 pm"}, "Write the time, like 14:30"),
    ({"outcome": "spoke", "clock": "23:59"}, "Choose a moment from"),
])  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_entered(desk: Desk, typed: dict[str, str], remedy: str) -> None:
    answer = met(desk, **typed)
    assert answer.status_code == 422 and remedy in words_of(answer) and entries(desk) == []


def test_somebody_elses_number_cannot_be_chosen(desk: Desk) -> None:
    assert met(desk, outcome="spoke", number=number(desk, "bertram")).status_code == 422
    assert entries(desk) == []


def test_not_them_ends_the_number_and_waits_for_somebody_who_deals_with_it(desk: Desk) -> None:
    met(desk, outcome="not_them")
    tom = desk.browser("tom")
    page = words_of(tom.get(desk.case("idris")))
    assert "Perhaps not them Somebody says that they are not this person." in page
    assert "No mobile number." in page and "Contact ended Priya Nand Mobile number, from the creditor." in page
    assert "Perhaps not them" in words_of(tom.get(AT_DESK + "/?kind=identity"))
    with desk.db.acting() as session:
        item = next(each.id for each in queue.open_items(session, [desk.ids["idris"]]) if each.kind == "identity")
    post(tom, desk.case("idris", f"/done/{item}"), on=desk.case("idris"))
    assert "Dealt with Tom Ashby Who the person is." in words_of(tom.get(desk.case("idris")))


def test_a_note_is_read_by_colleagues_and_its_words_are_erased_by_who_wrote_them(desk: Desk) -> None:
    path = desk.case("idris", "/note")
    priya, tom = desk.browser("priya"), desk.browser("tom")
    assert post(priya, path, on=path, words=" ", key="k").status_code == 422
    assert post(priya, path, on=path, words="Rings on Fridays.", key="k").status_code == 303
    page = tom.get(desk.case("idris"))
    assert "Note Priya Nand Rings on Fridays." in words_of(page) and "Erase these words" not in words_of(page)
    assert "Erase these words" in words_of(priya.get(desk.case("idris")))
    with desk.db.acting() as session:
        note = session.scalar(text("select max(id) from note"))
    erase = desk.case("idris", f"/note/{note}/erase")
    answer = post(tom, erase, on=desk.case("idris"))
    assert "A colleague wrote this note. A supervisor can erase it." in words_of(tom.get(answer.location.partition("#")[0]))
    post(priya, erase, on=desk.case("idris"))
    page = words_of(tom.get(desk.case("idris")))
    assert "Rings on Fridays." not in page and "Note Priya Nand These words were erased." in page
    assert "Note erased Priya Nand" in page


def test_the_words_of_a_contact_are_erased_by_who_entered_it_and_the_history_says_who_without_them(desk: Desk) -> None:
    desk.clock.pass_by(hours=11)
    met(desk, outcome="spoke", note="Ill since May.", reason="He asked by text.")
    met(desk, who="bertram", outcome="no_answer", reason="By mistake.")
    priya, tom = desk.browser("priya"), desk.browser("tom")
    [row, other] = entries(desk)
    erase = desk.case("idris", f"/contact/{row.id}/erase")
    assert "Erase these words" not in words_of(tom.get(desk.case("idris")))
    assert "Erase these words" in words_of(priya.get(desk.case("idris")))
    answer = post(tom, erase, on=desk.case("idris"))
    assert "A colleague wrote these words. A supervisor can erase them." in words_of(tom.get(answer.location.partition("#")[0]))
    assert post(priya, desk.case("idris", f"/contact/{other.id}/erase"), on=desk.case("idris")).status_code == 404
    post(priya, erase, on=desk.case("idris"))
    page = words_of(tom.get(desk.case("idris", "?only=contacts")))
    assert "Ill since May." not in page and "He asked by text." not in page
    assert "Its note was erased." in page and "The reason why it was made was erased." in page
    assert "Words of a contact erased Priya Nand" in page
    assert entries(desk)[1].reason == "By mistake."


def test_whoever_worked_a_case_today_is_named_to_the_others_and_not_to_themselves(desk: Desk) -> None:
    said = "Tom Ashby worked on it today, last at"
    met(desk, user="tom", outcome="no_answer")
    assert f"{said} 09:30." in words_of(desk.browser("priya").get(desk.case("idris"))), "on the reader's clock"
    assert said not in words_of(desk.browser("tom").get(desk.case("idris")))
    assert said not in words_of(desk.browser("priya").get(desk.case("bertram")))
    desk.clock.at += timedelta(days=1)
    desk.clock.true = desk.clock.at
    assert said not in words_of(desk.browser("priya").get(desk.case("idris")))
