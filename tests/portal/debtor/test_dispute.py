"""Saying that a debt is wrong, and what a debt on hold says of itself."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from cases.db import Database
from cases.debts import dispute, hold
from cases.debts.held import held
from cases.history import Actor
from cases.people.joint import Liability
from cases.refusal import Refusal
from cases.work import queue
from messaging.conversation import thread
from portal.app import Evenly
from tests.factories import AT, a_person
from tests.portal.debtor.conftest import words
from tests.portal.debtor.households import Marta, a_plan
from tests.portal.doors import post, sign_in

SAM = Actor("collector", 1)


def says(app: Evenly, db: Database, of: Marta, account: int, **typed: object) -> object:
    browser = sign_in(app, db, of.person)
    path = f"/debt/{account}/dispute"
    key = re.search(r'name="key" value="([^"]+)"', browser.get(path).text)[1]  # type: ignore[index]
    return browser, post(browser, path, on=path, **({"key": key} | typed))


@pytest.mark.parametrize("ground", dispute.GROUNDS)
def test_a_debt_said_to_be_wrong_is_stopped_and_its_page_says_what_that_means(
    app: Evenly, db: Database, home_of_marta: Marta, ground: str
) -> None:
    of = home_of_marta
    browser, answer = says(app, db, of, of.waste.id, ground=ground, note="I paid at the counter.")
    assert answer.status_code == 303 and answer.location == f"/debt/{of.waste.id}"
    page = words(browser.get(answer.location).text)
    assert "This debt is on hold You need do nothing now." in page
    assert "You told us on Tuesday 24 November that something is wrong here. We are looking into it." in page
    assert "We look at it again on Tuesday 8 December at the latest. We do not ask you for money here." in page
    assert "We add no interest here. No new plan can be made over it. You may still pay if you want to." in page
    assert "Tell us what is wrong with this debt" not in page
    with db.acting() as session:
        assert len(held(session, [of.waste.id], AT)) == 1


def test_nothing_chosen_keeps_what_was_typed_and_holds_nothing(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    _browser, answer = says(app, db, of, of.waste.id, note="I paid at the counter.")
    assert answer.status_code == 422 and "Choose what is wrong" in words(answer.text) and "at the counter" in answer.text
    with db.acting() as session:
        assert held(session, [of.waste.id], AT) == []


def test_said_again_elsewhere_it_is_told_that_one_is_open(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    says(app, db, of, of.waste.id, ground="paid")
    browser, answer = says(app, db, of, of.waste.id, ground="not_mine")
    assert "This debt was disputed on" in words(browser.get(answer.location).text)


def answered(db: Database, of: Marta, answer: str, ground: str = "paid") -> None:
    with db.acting() as session:
        made = dispute.begin(session, person=of.person.id, account=of.waste.id, ground=ground, note=None, key=answer,
                             by=Actor("debtor", of.person.id), at=AT)  # fmt: skip
        dispute.answer(session, made.id, answer=answer, words="We asked the council.", by=SAM, at=AT)


@pytest.mark.parametrize("answer", ["stands", "corrected"])
def test_what_was_answered_is_said_again_in_a_message_with_what_is_new_and_holds_nothing(
    app: Evenly, db: Database, home_of_marta: Marta, answer: str
) -> None:
    of = home_of_marta
    answered(db, of, answer)
    browser = sign_in(app, db, of.person)
    page = words(browser.get(f"/debt/{of.waste.id}/dispute").text)
    assert "We have answered this before I have paid it: answered on Tuesday 24 November." in page
    assert "Send and put it on hold" not in page
    _browser, refused = says(app, db, of, of.waste.id, ground="paid")
    assert refused.status_code == 422 and "Write what is new since our answer" in words(refused.text)
    browser, told = says(app, db, of, of.waste.id, ground="paid", note="Here is the receipt, 4471.")
    assert told.location == "/messages" and "Your message is sent" in words(browser.get("/messages").text)
    assert "I have paid it. Here is the receipt, 4471." in words(browser.get("/messages").text)
    with db.acting() as session:
        assert held(session, [of.waste.id], AT) == []
        assert [each.kind for each in queue.open_items(session, [of.person.id])] == ["message"]
        [said] = thread(session, [of.person.id])
        assert said.words.endswith(f", {of.waste.ref}. I have paid it.\nHere is the receipt, 4471.")


def test_another_ground_one_taken_back_and_one_that_we_agreed_to_hold_the_debt_again(
    app: Evenly, db: Database, home_of_marta: Marta
) -> None:
    of = home_of_marta
    answered(db, of, "stands")
    browser, told = says(app, db, of, of.waste.id, ground="not_mine")
    assert "This debt is on hold" in words(browser.get(told.location).text)
    where = re.search(r'action="([^"]+/take-back)"', browser.get(told.location).text)[1]  # type: ignore[index]
    post(browser, where, on=told.location)
    browser, told = says(app, db, of, of.waste.id, ground="not_mine")
    assert "This debt is on hold" in words(browser.get(told.location).text)


def test_a_collector_holds_what_is_said_again_and_the_person_cannot_by_another_way(db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    answered(db, of, "stands")
    given = {"person": of.person.id, "account": of.waste.id, "ground": "paid", "note": "A receipt.", "at": AT}
    with db.acting() as session, pytest.raises(Refusal) as refused:
        dispute.begin(session, key="again", by=Actor("debtor", of.person.id), **given)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.facts) == ("dispute.answered_before", {"at": AT})
    with db.acting() as session:
        dispute.begin(session, key="again", by=SAM, **given)  # type: ignore[arg-type]
        assert len(held(session, [of.waste.id], AT)) == 1


def test_it_is_taken_back_with_one_button(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    browser, answer = says(app, db, of, of.waste.id, ground="paid")
    where = re.search(r'action="([^"]+/take-back)"', browser.get(answer.location).text)[1]  # type: ignore[index]
    assert post(browser, where, on=answer.location).status_code == 303
    page = words(browser.get(answer.location).text)
    assert "You took it back" in page and "On hold" not in page


@pytest.mark.parametrize(("answer", "said"), [
    ("stands", "We looked into it. We think that this debt is right. We asked the council. "),
    ("corrected", "We looked into it. The sum is put right. We asked the council. "),
    ("agreed", "You are right. We ask you for nothing here. The creditor takes the debt back. We asked the council. "),
])  # fmt: skip
def test_the_answer_stands_on_the_debts_page(app: Evenly, db: Database, home_of_marta: Marta, answer: str, said: str) -> None:
    of = home_of_marta
    with db.acting() as session:
        made = dispute.begin(session, person=of.person.id, account=of.waste.id, ground="paid", note=None, key="k",
                             by=Actor("debtor", of.person.id), at=AT)  # fmt: skip
        dispute.answer(session, made.id, answer=answer, words="We asked the council.", by=SAM, at=AT)
    page = words(sign_in(app, db, of.person).get(f"/debt/{of.waste.id}").text)
    assert said in page
    assert ("On hold" in page) == (answer == "agreed")
    for asking in ("has been overdue since", "Tell us what is wrong with this debt."):
        assert (asking in page) == (answer != "agreed")


@pytest.mark.parametrize(("stops", "said"), [
    (["reminders"], "You may still pay if you want to. Your plan goes on meanwhile."),
    (["reminders", "judging"], "You may still pay if you want to. Nothing happens if you do not."),
])  # fmt: skip
def test_nobody_reads_that_nothing_happens_where_a_missed_payment_breaks_their_plan(
    app: Evenly, db: Database, home_of_marta: Marta, stops: list[str], said: str
) -> None:
    of = home_of_marta
    with db.acting() as session:
        a_plan(session, of.person, of.rent)
        hold.place(session, person=of.person.id, basis="vulnerability", accounts=[of.rent.id], stops=stops,
                   starts_on=AT.date(), last_on=date(2027, 1, 19), review_on=None, key="k", by=SAM, at=AT)  # fmt: skip
    assert said in words(sign_in(app, db, of.person).get(f"/debt/{of.rent.id}").text)


def test_an_answer_that_the_person_is_right_promises_nothing_once_its_hold_is_over(
    app: Evenly, db: Database, home_of_marta: Marta
) -> None:
    of = home_of_marta
    with db.acting() as session:
        made = dispute.begin(session, person=of.person.id, account=of.waste.id, ground="paid", note=None, key="k",
                             by=Actor("debtor", of.person.id), at=AT)  # fmt: skip
        dispute.answer(session, made.id, answer="agreed", words=None, by=SAM, at=AT)
        hold.end(session, made.hold_id, why="reason_gone", by=SAM, at=AT)
    page = words(sign_in(app, db, of.person).get(f"/debt/{of.waste.id}").text)
    assert "You are right." in page and "We ask you for nothing here" not in page


def test_home_asks_for_nothing_that_is_on_hold_and_says_so(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    with db.acting() as session:
        for account in (of.rent, of.waste, of.power):
            hold.place(session, person=of.person.id, basis="vulnerability", accounts=[account.id], stops=["reminders"],
                       starts_on=AT.date(), last_on=date(2027, 1, 19), review_on=None, key=f"k{account.id}", by=SAM, at=AT)  # fmt: skip
    page = words(sign_in(app, db, of.person).get("/").text)
    assert "You need do nothing now Your debts are on hold. We do not ask you for money while they are." in page
    assert page.count("On hold until 19 January") == 3 and "Find a plan" not in page


def test_a_plan_asks_only_for_the_part_that_is_not_on_hold(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    with db.acting() as session:
        a_plan(session, of.person, of.rent, of.waste)
        dispute.begin(session, person=of.person.id, account=of.waste.id, ground="paid", note=None, key="k",
                      by=Actor("debtor", of.person.id), at=AT)  # fmt: skip
    browser = sign_in(app, db, of.person)
    home, plan = words(browser.get("/").text), words(browser.get("/my-plan").text)
    # £80.00 a month over both; the rent's share is what is asked.
    asked = re.search(r"Your next payment £([0-9.]+)", home)
    assert asked and 0 < float(asked[1]) < 80
    assert "Debts in this plan are on hold. We do not ask for their part while they are." in plan
    assert f"The next one is £{asked[1]} on Tuesday 1 December." in plan


def test_whoever_owes_it_too_reads_that_it_is_held_and_not_why(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    with db.acting() as session:
        lena = a_person(session, of.creditors["housing"], name="Lena Farrow", mobile="+447700900147")
        session.add(Liability(creditor_id=of.rent.creditor_id, account_id=of.rent.id, person_id=lena.id, role="joint",
                              recorded_at=AT))  # fmt: skip
        dispute.begin(session, person=of.person.id, account=of.rent.id, ground="not_mine", note="It is Lena's.", key="k",
                      by=Actor("debtor", of.person.id), at=AT)  # fmt: skip
    page = words(sign_in(app, db, lena).get(f"/debt/{of.rent.id}").text)
    assert "On hold We look at it again on Tuesday 8 December" in page
    assert "You told us" not in page and "Lena's" not in page and "Take it back" not in page


def test_a_statement_says_what_is_on_hold_at_its_end(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    with db.acting() as session:
        hold.place(session, person=of.person.id, basis="vulnerability", accounts=[of.waste.id], stops=["reminders"],
                   starts_on=AT.date() - timedelta(days=3), last_on=date(2027, 1, 19), review_on=None, key="k", by=SAM, at=AT)  # fmt: skip
        a_plan(session, of.person, of.rent)
    browser = sign_in(app, db, of.person)
    page = words(browser.get("/statement").text)
    assert "On hold Ashmere Council, Council tax, AC-889: on hold from 21 November 2026 to 19 January 2027." in page
    assert "Your plan £80.00 a month to Tidewell Housing" in page
    earlier = words(browser.get("/statement?first=2026-11-01&last=2026-11-20").text)
    assert "On hold" not in earlier and "Your plan" not in earlier
