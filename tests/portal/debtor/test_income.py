"""Income and spending in the portal: page by page, as typed, on any device, in versions, for the person alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from cases.arrangements import statement_of_affairs as affairs
from cases.arrangements.standard_statement import CHOICES, SECTIONS, SIDE_OF, lines_of
from cases.db import Database
from cases.history import Actor
from messaging.advice import ADVISERS
from portal import affairs_words
from portal.app import Evenly
from tests.cases.arrangements.households import MONTH, finished, told
from tests.factories import AT, a_person, an_account
from tests.portal.debtor.conftest import reckonings, words
from tests.portal.debtor.households import Marta
from tests.portal.doors import SetClock, post, sign_in


@pytest.fixture
def browser(app: Evenly, db: Database, home_of_marta: Marta) -> FlaskClient:
    return sign_in(app, db, home_of_marta.person)


def begun(browser: FlaskClient) -> None:
    assert post(browser, "/income", on="/income", currency="GBP").headers["Location"] == "/income/household"


def page(browser: FlaskClient, section: str, **typed: str) -> object:
    return post(browser, f"/income/{section}", **{name.replace("_", "-"): value for name, value in typed.items()})


def whole(browser: FlaskClient, month: dict[str, int] | None = None) -> None:
    """Every page, one after the other, as a browser is led."""
    typed = {line: f"{minor / 100:.2f}" for line, minor in (month or MONTH).items()}
    begun(browser)
    for section in SECTIONS:
        answer = post(browser, f"/income/{section}", **{line: typed[line] for line in lines_of(section) if line in typed})
        assert answer.status_code == 303, section
    assert answer.headers["Location"] == "/income/check"


def test_every_line_and_every_choice_has_words() -> None:
    assert set(affairs_words.SECTIONS) == set(SECTIONS)
    assert set(affairs_words.LINES) == {line for section in SECTIONS for line in lines_of(section)}
    assert {code for codes in CHOICES.values() for code in codes} <= set(affairs_words.CHOICES)


def test_home_and_a_plan_lead_there_and_nothing_is_kept_before_somebody_begins(browser: FlaskClient) -> None:
    assert 'href="/income"' in browser.get("/").text and 'href="/income"' in browser.get("/plan").text
    first = browser.get("/income")
    assert "You and our staff see it, nobody else." in words(first.text)
    assert browser.get("/income/food").headers["Location"] == "/income"
    assert browser.get("/income/nothing").status_code == 404


def test_a_household_is_led_through_all_pages_to_its_result_in_plain_words(browser: FlaskClient) -> None:
    whole(browser)
    check = browser.get("/income/check").text
    assert "Rent £520.00 every month" in words(check) and 'href="/income/home"' in check
    answer = post(browser, "/income/check", on="/income/check")
    assert answer.status_code == 303 and re.fullmatch(r"/income/version/\d+", answer.headers["Location"])
    told_back = browser.get(answer.headers["Location"]).text
    assert reckonings(told_back)[0] == [
        ("Comes in", 1807_90), ("Goes out", -1532_94), ("Put aside, for what comes up", -20_00),
        ("Paid now to debts that come first", -65_00), ("Left each month", 189_96)]  # fmt: skip
    assert "For all other debts, up to £189.96 a month is there." in words(told_back)
    assert "Nobody may press you to pay more than that." in words(told_back)


@pytest.mark.parametrize(
    ("rhythm", "month"), [("weekly", "£271.27"), ("two_weekly", "£135.63"), ("four_weekly", "£67.82"), ("monthly", "£62.60"),
                          ("quarterly", "£20.87"), ("yearly", "£5.22")]  # fmt: skip
)
def test_any_rhythm_is_turned_into_a_month(browser: FlaskClient, rhythm: str, month: str) -> None:
    begun(browser)
    page(browser, "food", groceries="62.60", groceries_often=rhythm)
    assert f"Food and housekeeping −{month}" in words(browser.get("/income/personal").text)


def test_what_cannot_be_read_stays_as_it_was_typed_also_on_another_device(
    app: Evenly, db: Database, browser: FlaskClient, home_of_marta: Marta
) -> None:
    begun(browser)
    answer = page(browser, "food", groceries="about 60", groceries_often="weekly", alcohol="5", alcohol_often="not_sure",
                  gifts="1", laundry_dry_cleaning="2,50")  # fmt: skip
    assert answer.status_code == 422 and "<title>Error:" in answer.text
    for remedy in ("Groceries: write a number, like 62 or 62.50", "Alcohol: choose how often, or take the amount out"):
        assert answer.text.count(remedy) == 2, "beside the field, and in the summary"
    elsewhere = sign_in(app, db, home_of_marta.person)
    assert "To put right" in words(elsewhere.get("/income").text)
    resumed = elsewhere.get("/income/food").text
    assert 'value="about 60"' in resumed and 'value="2,50"' in resumed
    assert "Groceries: write a number, like 62 or 62.50" in resumed
    chosen = resumed[resumed.index('name="groceries-often"') :]
    assert chosen[: chosen.index("selected")].endswith('value="weekly" ')
    assert page(elsewhere, "food", groceries="60", groceries_often="weekly").headers["Location"] == "/income/personal"
    assert "To put right" not in words(browser.get("/income").text)


def test_stopping_keeps_what_was_typed_and_going_back_changes_nothing(browser: FlaskClient) -> None:
    begun(browser)
    answer = page(browser, "home", rent="lots", do="stop")
    assert answer.status_code == 303 and answer.headers["Location"] == "/income"
    assert "What you typed is saved" in words(browser.get("/income").text)
    assert 'value="lots"' in browser.get("/income/home").text
    page(browser, "home", rent="520")
    for _ in range(2):
        assert page(browser, "home", rent="520").status_code == 303
    assert 'value="520"' in browser.get("/income/home").text
    assert "Home and household Not done yet" in words(browser.get("/income").text)


def test_not_sure_and_rather_not_say_are_answers(browser: FlaskClient, db: Database, home_of_marta: Marta) -> None:
    whole(browser)
    page(browser, "food", groceries_often="not_sure", alcohol_often="rather_not")
    check = words(browser.get("/income/check").text)
    assert "Groceries not sure" in check and "Alcohol not said" in check
    where = post(browser, "/income/check", on="/income/check").headers["Location"]
    assert "2 lines are open, so the true figure may differ." in words(browser.get(where).text)
    with db.acting() as session:
        made = affairs.newest(session, [home_of_marta.person.id])
        assert made is not None
        assert affairs.totals(affairs.answers_of(session, made.id)).gaps == ("groceries", "alcohol")


def test_a_free_line_has_a_name_and_an_amount(browser: FlaskClient) -> None:
    begun(browser)
    lone = page(browser, "insurance", other_essential_1="12")
    assert lone.status_code == 422 and "Write what this cost is for" in lone.text
    named = page(browser, "insurance", other_essential_1_named="Guide dog")
    assert named.status_code == 422 and "Write how much it is, or leave both empty" in named.text
    assert page(browser, "insurance", other_essential_1_named="Guide dog", other_essential_1="12").status_code == 303
    assert "Guide dog £12.00 every month" in words(browser.get("/income/check").text)


def test_an_unfinished_form_is_not_finished_and_says_where_it_is_open(browser: FlaskClient) -> None:
    begun(browser)
    page(browser, "household", vehicles="many")
    assert "This is right, finish" not in browser.get("/income/check").text
    answer = post(browser, "/income/check", on="/income/household")
    assert answer.headers["Location"] == "/income/earnings"
    assert "This is not finished yet" in words(browser.get("/income/earnings").text)


def test_a_double_click_finishes_once_and_a_new_version_begins_from_the_old(
    browser: FlaskClient, db: Database, home_of_marta: Marta
) -> None:
    whole(browser)
    on = browser.get("/income/check").text
    first = post(browser, "/income/check", on="/income/check").headers["Location"]
    assert post(browser, "/income/check", on="/income").headers["Location"] == first
    assert "This is right, finish" in on
    with db.acting() as session:
        assert [row.version for row in affairs.versions_of(session, [home_of_marta.person.id])] == [1]
    assert post(browser, "/income", on="/income").headers["Location"] == "/income/check"
    assert 'value="520.00"' in browser.get("/income/home").text
    page(browser, "home", rent="530")
    post(browser, "/income/check", on="/income/check")
    shown = words(browser.get("/income").text)
    assert "Version 2, finished on" in shown and "Version 1, finished on" in shown
    assert "Rent £520.00 every month" in words(browser.get(first).text), "a version stays as it was"


def test_where_nothing_is_left_the_page_points_to_free_advice(browser: FlaskClient) -> None:
    whole(browser, {"client-salary-or-wages": 900_00, "rent": 950_00})
    where = post(browser, "/income/check", on="/income/check").headers["Location"]
    shown = browser.get(where).text
    assert "Nothing is left for debts now. You need not promise what you cannot pay." in words(shown)
    assert all(each.name in shown for each in ADVISERS["GB"]) and ADVISERS["SE"][0].name not in shown
    assert 'href="/plan' not in shown


def test_whoever_owes_with_her_never_sees_it(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    of = home_of_marta
    with db.acting() as session:
        ben = a_person(session, of.creditors["housing"], name="Ben Lindqvist", mobile="+447700900399")
        an_account(session, of.creditors["housing"], ben, of.person)
        made = finished(session, of.person.id, told(), by=Actor("debtor", of.person.id), at=AT)
    theirs = sign_in(app, db, ben)
    assert theirs.get(f"/income/version/{made.id}").status_code == 404
    assert "What you told us before" not in theirs.get("/income").text


def test_a_draft_left_alone_is_forgotten_and_can_be_begun_anew(
    app: Evenly, db: Database, browser: FlaskClient, clock: SetClock, home_of_marta: Marta
) -> None:
    begun(browser)
    page(browser, "home", rent="520")
    with db.acting() as session:
        assert affairs.forget(session, AT + timedelta(days=91), 9) == 1
    assert browser.get("/income/home").headers["Location"] == "/income"
    begun(browser)
    assert 'value="520"' not in browser.get("/income/home").text


def test_no_amount_of_money_is_asked_twice() -> None:
    labels = [str(affairs_words.LINES[line]) for line in SIDE_OF]
    assert sorted({each for each in labels if labels.count(each) > 1}) == []
