"""Staying signed in: the page warns in time, a button keeps the visit, and what was typed is never taken away."""

from datetime import timedelta

from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from cases.db import Database
from cases.history import Actor
from cases.people import support
from portal.access import IDLE, IDLE_LONGER, WARNING
from portal.app import Evenly
from tests.factories import AT
from tests.portal.debtor.households import Marta
from tests.portal.debtor.serving import served, window
from tests.portal.doors import SetClock, sign_in

JUST_BEFORE = int((IDLE - WARNING - timedelta(seconds=1)).total_seconds()) * 1000


def test_the_page_warns_two_minutes_before_and_the_button_keeps_the_visit(
    app: Evenly, db: Database, home_of_marta: Marta, browser: Browser, clock: SetClock
) -> None:
    with served(app) as at, window(browser, at, sign_in(app, db, home_of_marta.person)) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(at + "/messages")
        page.get_by_label("Your message").fill("Long words of mine")
        warning = page.get_by_text("You will be signed out in two minutes")
        page.clock.fast_forward(JUST_BEFORE)
        expect(warning).to_be_hidden()
        clock.true += IDLE - WARNING
        page.clock.fast_forward(2_000)
        expect(warning).to_be_visible()
        page.get_by_role("button", name="Stay signed in").click()
        expect(warning).to_be_hidden()
        clock.true += IDLE - WARNING
        page.clock.fast_forward(JUST_BEFORE + 2_000)
        expect(warning).to_be_visible()
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_role("heading", name="Your message is sent")).to_be_visible()


def test_who_comes_too_late_is_told_and_keeps_the_words(
    app: Evenly, db: Database, home_of_marta: Marta, browser: Browser, clock: SetClock
) -> None:
    with served(app) as at, window(browser, at, sign_in(app, db, home_of_marta.person)) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(at + "/messages")
        page.get_by_label("Your message").fill("Long words of mine")
        clock.true += IDLE + timedelta(minutes=1)
        page.clock.fast_forward(JUST_BEFORE + 2_000)
        page.get_by_role("button", name="Stay signed in").click()
        expect(page.get_by_text("You are signed out now")).to_be_visible()
        expect(page.get_by_label("Your message")).to_have_value("Long words of mine")


def test_staying_is_for_whoever_is_in(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    signed_in: FlaskClient = sign_in(app, db, home_of_marta.person)
    assert signed_in.get("/still-here").status_code == 204
    assert app.test_client().get("/still-here").status_code == 303


def test_whoever_needs_more_time_stays_in_for_longer_and_is_warned_later(
    app: Evenly, db: Database, home_of_marta: Marta, clock: SetClock
) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    assert f'data-after="{int((IDLE - WARNING).total_seconds())}"' in browser.get("/messages").text
    with db.acting() as session:
        support.tell(session, person=home_of_marta.person.id, needs=["extra_time"], at=AT,
                     by=Actor("debtor", home_of_marta.person.id))  # fmt: skip
    assert f'data-after="{int((IDLE_LONGER - WARNING).total_seconds())}"' in browser.get("/messages").text
    clock.true += IDLE_LONGER - timedelta(minutes=1)
    assert browser.get("/messages").status_code == 200
    clock.true += IDLE_LONGER + timedelta(minutes=1)
    assert browser.get("/messages").status_code == 303
