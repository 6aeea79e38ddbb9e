"""Holds at the desk: placed with a reason that fits, kept on, ended; disputes entered and answered."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from cases.debts import hold_watch
from cases.debts.held import held
from cases.debts.hold import RULES, STOPS, holds_of
from cases.people.person import Person
from cases.work import queue
from portal.collector import hold_words
from tests.factories import BY, a_charge, a_creditor, an_account
from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.collector.holding import a_dispute, a_hold
from tests.portal.doors import post


def day_typed(name: str, day: date) -> dict[str, object]:
    return {f"{name}-day": day.day, f"{name}-month": day.month, f"{name}-year": day.year}


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def fill_in(desk: Desk, where: str, **typed: object) -> object:
    """Opens a form and sends it with what is typed."""
    priya, path = desk.browser("priya"), desk.case("idris", where)
    page = priya.get(path).get_data(as_text=True)
    key = {"key": key_of(page)} if 'name="key"' in page else {}
    return post(priya, path, on=path, **(key | typed))


def standing(desk: Desk) -> list[tuple[str, date, date | None, date | None, set[str]]]:
    with desk.db.acting() as session:
        return [(each.hold.basis, each.hold.starts_on, each.term.last_on, each.term.review_on, set(each.hold.stops))
                for each in holds_of(session, [desk.ids["idris"]])]  # fmt: skip


def test_every_basis_stop_ground_and_answer_has_words() -> None:
    assert set(hold_words.BASES) == set(RULES) and set(hold_words.STOPS) == set(STOPS)


def test_a_breathing_space_reckons_its_days_from_the_registers_entry(desk: Desk) -> None:
    answer = fill_in(desk, "/hold/breathing_space", debts=[desk.ids["rent"], desk.ids["alarm"]], reason="Letter of the adviser",
                     stops=["judging"], **day_typed("entered", date(2026, 11, 20)))  # fmt: skip
    assert answer.status_code == 303
    # SI 2020/1311: day 1 is the day after the entry, day 60 the last; the adviser reviews from day 25 on.
    assert standing(desk) == [("breathing_space", date(2026, 11, 21), date(2027, 1, 19), date(2026, 12, 15),
                               {"reminders", "interest", "judging"})]  # fmt: skip
    page = words_of(desk.browser("priya").get(desk.case("idris")))
    assert "On hold until 19 January 2027" in page
    assert "Put on hold Priya Nand Breathing space. 2 debts, until Tuesday 19 January 2027." in page


def test_a_polish_loan_is_not_offered_for_a_breathing_space(desk: Desk) -> None:
    page = desk.browser("priya").get(desk.case("idris", "/hold/breathing_space")).get_data(as_text=True)
    assert f'value="{desk.ids["loan"]}"' not in page and f'value="{desk.ids["rent"]}"' in page


@pytest.mark.parametrize(("typed", "remedy"), [
    ({"debts": [], **day_typed("starts", date(2026, 11, 24)), **day_typed("review", date(2026, 12, 24)), "reason": "x"},
     "Choose at least one debt"),
    ({**day_typed("starts", date(2026, 11, 24)), "reason": "x"}, "Choose the last day, or the day on which you look at it again"),
    ({**day_typed("starts", date(2026, 11, 24)), **day_typed("last", date(2026, 11, 23)), "reason": "x"},
     "or a later day"),
    ({**day_typed("starts", date(2026, 11, 24)), **day_typed("review", date(2026, 12, 24))},
     "Write why the debts are put on hold"),
    ({**day_typed("starts", date(2026, 11, 24)), **day_typed("review", date(2026, 12, 24)), "reason": "x", "stops": []},
     "Choose at least one thing that the hold stops"),
])  # fmt: skip
def test_what_is_missing_is_said_and_what_was_typed_stays(desk: Desk, typed: dict[str, object], remedy: str) -> None:
    given = {"debts": [desk.ids["rent"]], "stops": ["reminders"], "evidence": "A call of his sister"} | typed
    answer = fill_in(desk, "/hold/vulnerability", **given)
    assert answer.status_code == 422 and remedy in words_of(answer)
    assert "A call of his sister" in answer.get_data(as_text=True)
    assert standing(desk) == []


def test_pressed_twice_it_places_one_hold(desk: Desk) -> None:
    priya, path = desk.browser("priya"), desk.case("idris", "/hold/vulnerability")
    key = key_of(priya.get(path).get_data(as_text=True))
    for _ in range(2):
        post(priya, path, on=path, key=key, debts=[desk.ids["rent"]], stops=["reminders"], reason="x",
             **day_typed("starts", date(2026, 11, 24)), **day_typed("review", date(2026, 12, 24)))  # fmt: skip
    assert len(standing(desk)) == 1


@pytest.mark.parametrize(("basis", "said"), [
    ("insolvency", "The debts are on hold Idris is told that there is news."),
    ("deceased", "The debts are on hold We begin no message to this person while they are."),
])  # fmt: skip
def test_the_desk_reads_whether_the_person_is_told(desk: Desk, basis: str, said: str) -> None:
    priya, path = desk.browser("priya"), desk.case("idris", f"/hold/{basis}")
    post(priya, path, on=path, key="k", debts=[desk.ids["rent"]], reason="x", **day_typed("starts", date(2026, 11, 24)),
         **day_typed("review", date(2026, 12, 24)))  # fmt: skip
    assert said in words_of(priya.get(desk.case("idris")))


def test_a_hold_is_kept_on_or_ended_and_both_stand_in_the_history(desk: Desk) -> None:
    with desk.db.acting() as session:
        number = a_hold(session, desk)
    assert fill_in(desk, f"/holds/{number}", **day_typed("review", date(2027, 2, 1))).status_code == 303
    assert standing(desk)[0][2:4] == (None, date(2027, 2, 1))
    answer = fill_in(desk, f"/holds/{number}", **day_typed("last", date(2026, 11, 1)))
    assert answer.status_code == 422 and 'href="#last-day"' in answer.text and 'value="11"' in answer.text
    priya, path = desk.browser("priya"), desk.case("idris", f"/holds/{number}")
    answer = post(priya, f"{path}/end", on=path)
    assert answer.status_code == 422 and "One thing to put right Choose why it ends" in words_of(answer)
    post(priya, desk.case("idris", f"/holds/{number}/end"), on=path, why="reason_gone")
    assert standing(desk) == []
    page = words_of(priya.get(desk.case("idris")))
    assert "Hold changed Priya Nand To be looked at on Monday 1 February 2027." in page
    assert "Hold ended Priya Nand Its reason is gone." in page


def test_a_dispute_of_the_portal_waits_in_the_queue_and_is_answered_on_its_page(desk: Desk) -> None:
    with desk.db.acting() as session:
        number = a_dispute(session, desk)
    rows = words_of(desk.browser("priya").get(AT_DESK + "/?kind=disputed"))
    assert "Disputes 1" in rows and "It is paid already. “I paid it at the post office in May.”" in rows
    where = f"/dispute/{number}"
    assert "Write what you looked at and found" in words_of(fill_in(desk, where, answer="stands"))
    assert fill_in(desk, where, answer="stands", words="The post office has no such payment.").status_code == 303
    with desk.db.acting() as session:
        assert held(session, [desk.ids["alarm"]], desk.clock.now()) == []
        assert "disputed" not in {item.kind for item in queue.open_items(session, [desk.ids["idris"]])}
    page = words_of(desk.browser("priya").get(desk.case("idris")))
    assert "Dispute answered Priya Nand Ashmere Council, care alarm. The debt stands. The hold has ended." in page
    assert fill_in_late(desk, where).status_code == 303


def test_no_last_day_is_asked_for_while_a_dispute_waits(desk: Desk) -> None:
    with desk.db.acting() as session:
        a_dispute(session, desk)
        [one] = holds_of(session, [desk.ids["idris"]])
    where = f"/holds/{one.hold.id}"
    page = desk.browser("priya").get(desk.case("idris", where)).get_data(as_text=True)
    assert 'name="review-day"' in page and 'name="last-day"' not in page
    typed = fill_in(desk, where, **day_typed("last", date(2026, 12, 1)))
    assert typed.status_code == 422 and "Write the day on which you look at it again" in words_of(typed)
    assert fill_in(desk, where, **day_typed("review", date(2026, 12, 20))).status_code == 303
    assert standing(desk)[0][2:4] == (None, date(2026, 12, 20))


def fill_in_late(desk: Desk, where: str) -> object:
    """A colleague answers what is answered."""
    return post(desk.browser("tom"), desk.case("idris", where), on=desk.case("idris"), answer="agreed", words="x")


def test_what_a_person_says_on_the_telephone_is_entered_as_a_dispute(desk: Desk) -> None:
    answer = fill_in(desk, "/dispute", debt=desk.ids["alarm"], ground="not_mine", note="Her brother's.")
    assert answer.status_code == 303 and standing(desk)[0][0] == "dispute"


def test_a_review_comes_back_and_is_answered_by_other_days_not_by_a_click(desk: Desk) -> None:
    with desk.db.acting() as session:
        number = a_hold(session, desk, last_on=None, review_on=date(2026, 12, 1))
    desk.clock.at += timedelta(days=8)
    with desk.db.acting() as session:
        assert hold_watch.pass_time(session, by=BY, at=desk.clock.now(), most=9) == 1
        item = next(each.id for each in queue.open_items(session, [desk.ids["idris"]]) if each.kind == "hold")
    priya = desk.browser("priya")
    assert "Vulnerability: its review has come. Keep it on, or end it." in words_of(priya.get(AT_DESK + "/?kind=hold"))
    assert post(priya, desk.case("idris", f"/done/{item}"), on=desk.case("idris")).status_code == 404
    fill_in(desk, f"/holds/{number}", **day_typed("last", date(2026, 12, 5)))
    desk.clock.at += timedelta(days=4)
    with desk.db.acting() as session:
        assert hold_watch.pass_time(session, by=BY, at=desk.clock.now(), most=9) == 1
        item = next(each.id for each in queue.open_items(session, [desk.ids["idris"]]) if each.kind == "hold")
    assert "Vulnerability: the hold ended on Saturday 5 December." in words_of(priya.get(desk.case("idris")))
    assert post(priya, desk.case("idris", f"/done/{item}"), on=desk.case("idris")).status_code == 303


def test_a_debt_that_came_while_a_hold_stands_is_kept_on_as_it_is_or_ended(desk: Desk) -> None:
    with desk.db.acting() as session:
        a_hold(session, desk)
        idris = session.get_one(Person, desk.ids["idris"])
        for ref in ("N1", "N2"):
            new = an_account(session, a_creditor(session, name=ref), idris, ref=ref, at=desk.clock.now() + timedelta(hours=1))
            a_charge(session, new, 5_000, date(2026, 11, 1))
        desk.clock.pass_by(days=1)
        assert hold_watch.hold_new_debts(session, by=BY, at=desk.clock.now()) == 2
        first, second = sorted(each.hold.id for each in holds_of(session, [idris.id]))[1:]
    priya = desk.browser("priya")
    said = "Vulnerability: a new debt came and is on hold too. Keep it on, or end it."
    page = words_of(priya.get(desk.case("idris")))
    assert page.count(said) == 2 and "New debt put on hold by rule Vulnerability. 1 debt, until Thursday 31 December." in page
    keep = desk.case("idris", f"/holds/{first}")
    assert fill_in(desk, f"/holds/{first}", **day_typed("last", date(2026, 12, 31))).status_code == 303
    assert words_of(priya.get(desk.case("idris"))).count(said) == 1
    assert post(priya, desk.case("idris", f"/holds/{second}/end"), on=keep, why="mistake").status_code == 303
    assert said not in words_of(priya.get(desk.case("idris")))
    assert len(standing(desk)) == 2


def test_a_proposal_over_a_debt_on_hold_says_so_and_cannot_be_approved(desk: Desk) -> None:
    with desk.db.acting() as session:
        a_dispute(session, desk)
    priya = desk.browser("priya")
    page = words_of(priya.get(desk.case("idris")))
    assert "On hold: Ashmere Council, care alarm. Offer a plan without it, or decline." in page
    assert "Approve and tell" not in page
    post(priya, desk.case("idris", f"/approve/{desk.ids['proposal']}"), on=desk.case("idris"))
    assert "S4482 is on hold, so no plan can be made over it. Leave it out." in words_of(priya.get(desk.case("idris")))
