"""A plan judged in the portal: agreed at once, another sum offered, or free advice; a person can always be asked."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cases.arrangements import limits
from cases.arrangements.assessment import Assessment
from cases.arrangements.consent import Consent
from cases.arrangements.version import Proposal
from cases.db import Database
from cases.history import Actor
from messaging.advice import ADVISERS
from portal.app import Evenly
from tests.cases.arrangements.households import finished, told
from tests.factories import AT
from tests.portal.debtor.conftest import words
from tests.portal.debtor.households import Marta
from tests.portal.doors import post, sign_in, token_of


@pytest.fixture
def browser(app: Evenly, db: Database, home_of_marta: Marta) -> FlaskClient:
    return sign_in(app, db, home_of_marta.person)


def lives(db: Database, of: Marta, left: int, *, with_limits: bool = True) -> None:
    """So much is left each month; her landlord accepts what fits."""
    month = {"client-salary-or-wages": 1020_00 + max(left, 180_00), "rent": 1000_00}
    month["debt-admin-fee"] = max(left, 180_00) - left
    with db.acting() as session:
        finished(session, of.person.id, told(month), by=Actor("debtor", of.person.id), at=AT)
        if with_limits:
            limits.set_limits(session, creditor=of.rent.creditor_id, debt_type=None, values={}, by=Actor("admin", 1), at=AT)


def typed(of: Marta, amount: str = "80") -> dict[str, object]:
    return {"currency": "GBP", "debts": [of.rent.id], "amount": amount, "rhythm": "monthly", "first-day": "1",
            "first-month": "12", "first-year": "2026"}  # fmt: skip


def tried(browser: FlaskClient, of: Marta, amount: str = "80") -> str:
    return post(browser, "/plan", on="/plan", **typed(of, amount)).text


def sent(browser: FlaskClient, of: Marta, page: str, amount: str = "80", **more: str) -> None:
    hidden = dict(re.findall(r'name="(key|mark)" value="([^"]+)"', page)) | {"csrf_token": token_of(page)}
    assert browser.post("/plan/send", data=typed(of, amount) | hidden | more).status_code == 303


def kept(db: Database, of: Marta) -> tuple[str, list[str], int]:
    with db.acting() as session:
        row = session.scalars(select(Proposal).where(Proposal.person_id == of.person.id)).one()
        return row.state, session.get_one(Assessment, row.id).reasons, len(session.scalars(select(Consent)).all())


def test_what_fits_is_agreed_at_once_with_the_consent(browser: FlaskClient, db: Database, home_of_marta: Marta) -> None:
    lives(db, home_of_marta, 200_00)
    page = tried(browser, home_of_marta)
    assert "By what you told us, you can pay this. Up to £200.00 a month is there for it." in words(page)
    for _ in range(2):  # a double click
        sent(browser, home_of_marta, page)
    assert kept(db, home_of_marta) == ("agreed", [], 1)
    assert "Your plan is agreed" in words(browser.get("/my-plan").text)


def test_a_person_can_be_asked_to_look_first(browser: FlaskClient, db: Database, home_of_marta: Marta) -> None:
    lives(db, home_of_marta, 200_00)
    page = tried(browser, home_of_marta)
    assert "Ask a person to look" in words(page)
    sent(browser, home_of_marta, page, ask="yes")
    assert kept(db, home_of_marta) == ("submitted", ["asked"], 1)


def test_above_what_is_left_another_sum_is_offered_and_its_button_leads_to_a_plan_that_fits(
    browser: FlaskClient, db: Database, home_of_marta: Marta
) -> None:
    lives(db, home_of_marta, 74_30)
    page = tried(browser, home_of_marta)
    assert "This plan costs more than is left each month." in words(page)
    assert "We can offer £74.30 a month." in words(page) and "Send this plan" not in words(page)
    form = page[page.index('action="/plan#result"', page.index("costs more")) :]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")])
    fitting = browser.post("/plan", data=dict(fields)).text
    assert "By what you told us, you can pay this." in words(fitting) and "£74.30" in words(fitting)
    sent(browser, home_of_marta, page, ask="yes")
    assert kept(db, home_of_marta)[:2] == ("submitted", ["asked", "counter_offer"])


def test_a_sum_of_which_no_plan_can_be_made_is_not_offered(browser: FlaskClient, db: Database, home_of_marta: Marta) -> None:
    for left in (5_00, 50):
        lives(db, home_of_marta, left)
        page = tried(browser, home_of_marta)
        assert "This plan costs more than is left each month." in words(page) and "We can offer" not in words(page)
        assert "Ask a person to look" in words(page) and ADVISERS["GB"][0].name in page


def test_where_nothing_is_left_it_points_to_advice_and_a_person_still_looks(
    browser: FlaskClient, db: Database, home_of_marta: Marta
) -> None:
    lives(db, home_of_marta, -10_00)
    page = tried(browser, home_of_marta)
    assert "By what you told us, nothing is left each month for this." in words(page)
    assert ADVISERS["GB"][0].name in page and "Ask a person to look" in words(page)
    sent(browser, home_of_marta, page, ask="yes")
    assert kept(db, home_of_marta)[:2] == ("submitted", ["asked", "token_or_hold"])


def test_without_limits_or_without_a_statement_a_person_looks(
    browser: FlaskClient, db: Database, home_of_marta: Marta
) -> None:
    page = tried(browser, home_of_marta)
    assert "Tell us what comes in and goes out, and we say at once what fits." in words(page)
    lives(db, home_of_marta, 200_00, with_limits=False)
    page = tried(browser, home_of_marta)
    assert "A person looks at it before it is agreed." in words(page)
    sent(browser, home_of_marta, page)
    assert kept(db, home_of_marta)[:2] == ("submitted", ["no_limits"])


def test_what_fits_is_said_before_a_plan_is_sent_at_the_rhythm_that_is_chosen(
    browser: FlaskClient, db: Database, home_of_marta: Marta
) -> None:
    assert "fits what you told us" not in words(browser.get("/plan").text), "nothing is told"
    lives(db, home_of_marta, 197_40)
    values = {"least_instalment": 20_00, "most_months": 24, "round_to": 10_00}
    with db.acting() as session:
        limits.set_limits(session, creditor=home_of_marta.rent.creditor_id, debt_type=None, values=values,
                          by=Actor("admin", 1), at=AT)  # fmt: skip
    # all debts together owe £1,736.60: over 24 months at least £72.36
    first = words(browser.get("/plan").text)
    assert "About £80.00 to £190.00 a month fits what you told us. You choose. It need not be the most." in first
    weekly = typed(home_of_marta) | {"rhythm": "weekly"}
    assert "About £20.00 to £40.00 a week fits what you told us." in words(post(browser, "/plan", on="/plan", **weekly).text)
    wrong = post(browser, "/plan", on="/plan", **weekly | {"amount": "much"})
    assert wrong.status_code == 422 and "About £20.00 to £40.00 a week fits" in words(wrong.text)


@pytest.mark.parametrize("left", [0, -10_00, 12_00])
def test_where_nothing_can_fit_no_range_is_said(left: int, browser: FlaskClient, db: Database, home_of_marta: Marta) -> None:
    lives(db, home_of_marta, left)
    assert "fits what you told us" not in words(browser.get("/plan").text)
