"""A plan is tried out and sent: what was shown is what is saved, once; what cannot be is refused beside its field."""

import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from cases.arrangements.proposal import approve
from cases.arrangements.version import covered_by, proposals_of, schedule_shown
from cases.db import Database
from portal.app import Evenly
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, a_person, an_account
from tests.portal.debtor.conftest import minor, words
from tests.portal.debtor.households import Marta, a_plan
from tests.portal.doors import post, sign_in, token_of


@pytest.fixture
def marta(app: Evenly, db: Database, home_of_marta: Marta) -> tuple[FlaskClient, Marta]:
    return sign_in(app, db, home_of_marta.person), home_of_marta


def typed(of: Marta, **changed: object) -> dict[str, object]:
    """What Marta types: £80.00 a month over her debts in pounds, from 1 December."""
    given: dict[str, object] = {
        "currency": "GBP", "debts": [of.rent.id, of.waste.id], "amount": "80", "rhythm": "monthly", "first-day": "1",
        "first-month": "12", "first-year": "2026", "month_day": "", "upfront": "", "upfront_on-day": "",
        "upfront_on-month": "", "upfront_on-year": "",
    }  # fmt: skip
    return given | changed


def fields_to_send(page: str) -> dict[str, list[str]]:
    """The fields of the button that sends a plan."""
    form = page.split('action="/plan/send"', 1)[1].split("</form>", 1)[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    return found


def days_and_sums(page: str) -> list[tuple[str, int]]:
    """Every line of the schedule that a page shows."""
    rows = re.findall(r'<span class="nowrap">([^<]+)</span>.*?main-num" role="cell"[^>]*>(.*?)</td>', page, re.S)
    return [(day.replace("\N{NO-BREAK SPACE}", " "), minor(words(figure))) for day, figure in rows]


def problems(page: str) -> list[tuple[str, str]]:
    """The summary of what is to be put right: where it leads, and the remedy."""
    summary = page.split('id="problems"', 1)[1].split("</div>\n</div>", 1)[0]
    return re.findall(r'<a href="#([^"]+)">([^<]+)</a>', summary)


def test_the_form_begins_with_all_debts_monthly_from_the_first(marta: tuple[FlaskClient, Marta]) -> None:
    browser, of = marta
    page = browser.get("/plan").text
    assert page.count('name="debts"') == page.count("checked") - 1 == 2
    assert 'value="monthly" checked' in page
    assert 'id="first-day" name="first-day" inputmode="numeric" value="1"' in page
    assert 'value="12"' in page
    assert "In Swedish kronor" in page


def test_the_whole_schedule_is_shown_with_its_shares(marta: tuple[FlaskClient, Marta]) -> None:
    browser, of = marta
    answer = post(browser, "/plan", **typed(of))
    read = words(answer.text)
    assert answer.status_code == 200
    assert "22 payments, the first on Tuesday 1 December." in read
    assert "The last one is £56.60, on Friday 1 September 2028." in read
    assert "Tidewell Housing £1,524.60 £70.23 of each £80.00" in read
    assert "Ashmere Council £212.00 £9.77 of each £80.00" in read
    shown = days_and_sums(answer.text)
    assert len(shown) == 22
    assert sum(sum_ for _, sum_ in shown) == 173660
    assert ("Fri 1 Jan 2027", 8000) not in shown and ("Mon 4 Jan 2027", 8000) in shown
    assert "moved from 1 January, bank holiday" in read


def test_trying_keeps_nothing(marta: tuple[FlaskClient, Marta], superuser: Connection) -> None:
    browser, of = marta
    post(browser, "/plan", **typed(of))
    assert superuser.scalar(text("select count(*) from proposal")) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"amount": "£33.33", "rhythm": "weekly"},
        {"rhythm": "four_weekly", "first-day": "8"},
        {"month_day": "31", "first-day": "30", "first-month": "11"},
        {"upfront": "200", "upfront_on-day": "27", "upfront_on-month": "11", "upfront_on-year": "2026"},
    ],
    ids=["monthly", "weekly", "four-weekly", "on the last day", "a sum first"],
)
def test_what_was_shown_is_what_is_saved(
    marta: tuple[FlaskClient, Marta], db: Database, changed: dict[str, str]
) -> None:
    browser, of = marta
    page = post(browser, "/plan", **typed(of, **changed)).text
    shown = days_and_sums(page)
    answer = browser.post("/plan/send", data=fields_to_send(page))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my-plan")
    with db.acting() as session:
        (sent,) = proposals_of(session, [of.person.id])
        saved = schedule_shown(sent, covered_by(session, sent.id))
        assert [each.minor for each in saved.instalments] == [sum_ for _, sum_ in shown]
        assert days_and_sums(browser.get("/my-plan").text) == shown
        approve(session, sent.id, by=BY, at=AT)
    assert days_and_sums(browser.get("/my-plan").text) == shown, "and what is agreed"


def test_a_double_click_sends_once(marta: tuple[FlaskClient, Marta], superuser: Connection) -> None:
    browser, of = marta
    fields = fields_to_send(post(browser, "/plan", **typed(of)).text)
    assert [browser.post("/plan/send", data=fields).status_code for _ in range(2)] == [303, 303]
    assert superuser.scalar(text("select count(*) from proposal")) == 1
    assert superuser.scalar(text("select count(*) from work_item")) == 1


def test_what_changed_since_it_was_shown_is_not_sent_but_shown_again(
    marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection
) -> None:
    browser, of = marta
    fields = fields_to_send(post(browser, "/plan", **typed(of)).text)
    with db.acting() as session:
        a_payment(session, [(of.waste, 1200)], date(2026, 11, 24))
    answer = browser.post("/plan/send", data=fields)
    assert answer.status_code == 422
    assert "What you owe has changed meanwhile." in answer.text
    assert superuser.scalar(text("select count(*) from proposal")) == 0
    assert sum(sum_ for _, sum_ in days_and_sums(answer.text)) == 172460
    assert browser.post("/plan/send", data=fields_to_send(answer.text)).status_code == 303


@pytest.mark.parametrize(
    ("changed", "where", "remedy"),
    [
        ({"amount": ""}, "amount", "Write what you can pay each time, like 62 or 62.50"),
        ({"amount": "eighty"}, "amount", "Write the amount as a number, like 62 or 62.50"),
        ({"amount": "0.50"}, "amount", "£0.50 each time is too little. Choose £1.00 or more."),
        ({"amount": "2"}, "amount", "That would be 869 payments. A plan has at most 60. Choose a larger amount."),
        ({"rhythm": "daily"}, "rhythm-0", "Choose how often"),
        ({"debts": []}, "debts-0", "Choose at least one debt"),
        ({"first-day": "20", "first-month": "11"}, "first-day", "Choose a day from 24 November to 25 December 2026"),
        ({"first-day": "31", "first-month": "11"}, "first-day", "There is no 31 November in 2026"),
        ({"upfront": "5000", "upfront_on-day": "27", "upfront_on-month": "11", "upfront_on-year": "2026"}, "upfront",
         "£5,000.00 now is more than the £1,736.60 in this plan. Choose less."),
        ({"upfront": "50"}, "upfront_on-day", "Write the day on which you pay the first sum"),
        ({"upfront_on-day": "27", "upfront_on-month": "11", "upfront_on-year": "2026"}, "upfront",
         "Write how much you pay first, or leave its day empty"),
        ({"upfront": "50", "upfront_on-day": "9", "upfront_on-month": "12", "upfront_on-year": "2026"},
         "upfront_on-day", "Pay the sum now on or before the first payment, Tuesday 1 December."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field_and_what_was_typed_stays(
    marta: tuple[FlaskClient, Marta], changed: dict[str, object], where: str, remedy: str
) -> None:
    browser, of = marta
    answer = post(browser, "/plan", **typed(of, **changed))
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert problems(answer.text) == [(where, remedy)]
    assert f'id="{where}"' in answer.text
    assert answer.text.count(remedy) == 2, "in the summary, and beside the field"
    for value in (v for v in changed.values() if isinstance(v, str) and v and v != "daily"):
        assert f'value="{value}"' in answer.text
    assert 'action="/plan/send"' not in answer.text


def test_a_debt_of_someone_else_cannot_be_planned(
    marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection
) -> None:
    browser, of = marta
    with db.acting() as session:
        creditor = a_creditor(session)
        theirs = an_account(session, creditor, a_person(session, creditor, name="Owen Pritchard"))
        a_charge(session, theirs, 5000, date(2026, 9, 1))
    page = browser.get("/plan").text
    data = typed(of, debts=[theirs.id]) | {"csrf_token": token_of(page), "key": "k", "mark": "x"}
    assert browser.post("/plan", data=data).status_code == 422
    assert browser.post("/plan/send", data=data).status_code == 422
    assert superuser.scalar(text("select count(*) from proposal")) == 0


def test_the_other_currency_has_a_plan_of_its_own(marta: tuple[FlaskClient, Marta]) -> None:
    browser, of = marta
    page = browser.get("/plan?currency=SEK").text
    assert "Lyngvik Energi" in page and "Tidewell" not in words(page)
    answer = post(browser, "/plan", **typed(of, currency="SEK", debts=[of.power.id], amount="500,00"))
    assert "500.00 kr" in words(answer.text)
    mixed = post(browser, "/plan", **typed(of, currency="SEK", debts=[of.power.id, of.rent.id]))
    assert "Tidewell" not in words(mixed.text), "a debt in another currency is left out, and the page shows it"


def test_a_debt_that_is_in_a_plan_says_so_and_a_new_plan_takes_its_place(
    marta: tuple[FlaskClient, Marta], db: Database
) -> None:
    browser, of = marta
    with db.acting() as session:
        a_plan(session, of.person, of.rent, of.waste)
    assert "£1,524.60, in your plan now" in words(browser.get("/plan").text)
    assert "It takes the place of the plan that you have now." in post(browser, "/plan", **typed(of)).text


def test_a_five_year_plan_by_the_week_can_be_sent_over_a_slow_line(marta: tuple[FlaskClient, Marta]) -> None:
    browser, of = marta
    answer = browser.post(
        "/plan",
        data=typed(of, amount="6.70", rhythm="weekly") | {"csrf_token": token_of(browser.get("/plan").text)},
        headers={"Accept-Encoding": "gzip"},
    )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < 20_000


def test_who_owes_nothing_has_nothing_to_plan(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session), mobile="+447700900146")
    assert "There is nothing to plan now" in sign_in(app, db, person).get("/plan").text
