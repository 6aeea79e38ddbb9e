"""Every debtor page, small and quick and for everyone: eight statements, 60 KB, axe, 320 px, keyboard, no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from cases.arrangements import proposal
from cases.arrangements import statement_of_affairs as affairs
from cases.arrangements.offer import Terms
from cases.arrangements.statement_of_affairs import Answer
from cases.db import Database
from cases.debts import dispute
from cases.history import Actor
from messaging import conversation
from payments import by_hand, payable
from portal.app import ROOT, Evenly
from tests.cases.arrangements.households import finished, known
from tests.cases.arrangements.households import told as household
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_person, a_user, an_account
from tests.journeys.axe import assert_no_sideways_scroll, assert_no_violations
from tests.portal.debtor.conftest import words
from tests.portal.debtor.households import Marta, a_plan, on_its_way
from tests.portal.debtor.serving import served, window
from tests.portal.doors import SetClock, a_staff_member, codes_sent, find, sign_in, staff_sign_in, statements, token_of
from tests.portal.papers import a_statement

STATES = ("overdue", "sent", "offered", "declined", "agreed", "late", "held")


@dataclass
class Told:
    """Marta in one of the states of her story, signed in."""

    browser: FlaskClient
    of: Marta
    paths: tuple[str, ...]


def tell(db: Database, app: Evenly, clock: SetClock, of: Marta, state: str) -> Told:
    """Takes her story so far."""
    with db.acting() as session:
        by, her = Actor("collector", a_user(session, name="Sam Okafor").id), of.person
        on_its_way(session, of.waste, 2000)
        conversation.write(session, person=her.id, words="My meter showed 7 106.", key="1",
                           by=Actor("debtor", her.id), at=AT - timedelta(days=1))  # fmt: skip
        conversation.answer(session, person=her.id, words="Thank you, Marta.", key="2", by=by, at=AT)
        if state in ("agreed", "late"):
            a_plan(session, her, of.rent, of.waste)
        if state in ("sent", "offered", "declined"):
            terms = Terms(amount=8000, first_on=date(2026, 12, 1), upfront=10000, upfront_on=date(2026, 11, 27))
            sent = proposal.propose(session, person=her.id, accounts=[of.rent.id, of.waste.id], terms=terms, key="s",
                                    by=Actor("debtor", her.id), at=AT)  # fmt: skip
            if state == "offered":
                proposal.counter(session, sent.id, terms=Terms(amount=10000, first_on=date(2026, 12, 1)), key="o",
                                 by=by, at=AT, note="It is done sooner.")  # fmt: skip
            if state == "declined":
                proposal.decline(session, sent.id, reason="too_long", words="Could you pay more?", by=by, at=AT)
        if state == "held":
            a_plan(session, her, of.rent, of.waste)
            for n, account in enumerate((of.rent, of.waste)):
                dispute.begin(session, person=her.id, account=account.id, ground="paid", note=None, key=f"d{n}",
                              by=Actor("debtor", her.id), at=AT)  # fmt: skip
    if state == "late":
        clock.at += timedelta(days=14)
    with db.acting() as session:
        paid = by_hand.enter(
            session, person=of.person.id, choice=payable.other(payable.payables(session, [of.person.id], AT)[0], [of.waste.id], 500),
            method="cash", value_date=AT.date(), reference="0042", key="paid", on=AT.date(), by=BY, at=AT, real=AT,
        ).id  # fmt: skip
        letter = a_statement(session, of.person.id)
        own = Actor("debtor", of.person.id)
        lived = finished(session, of.person.id, household(groceries=Answer("not_sure")), by=own, at=AT).id
        finished(session, of.person.id, household(groceries=known(392_17)), by=own, at=AT)
        draft = affairs.begin(session, person=of.person.id, currency="GBP", by=own, at=AT).id
        affairs.save(session, draft, "food", {"groceries": Answer("unread", "about 60")}, by=own, at=AT)
    paths = ("/", "/support", f"/debt/{of.rent.id}", f"/debt/{of.power.id}/dispute", "/messages", "/my-plan", "/plan", "/pay", "/payments", f"/payments/{paid}",
             "/letters", f"/letters/{letter}", "/statement", "/statement?year=2025", "/statement/dates",
             "/sign-out/everywhere", "/income", "/income/household", "/income/food", "/income/insurance", "/income/check",
             f"/income/version/{lived}")  # fmt: skip
    return Told(sign_in(app, db, of.person), of, paths)


@pytest.fixture(params=STATES)
def told(request: pytest.FixtureRequest, app: Evenly, db: Database, clock: SetClock, home_of_marta: Marta) -> Told:
    return tell(db, app, clock, home_of_marta, request.param)


def plan_typed(of: Marta, page: str, amount: str) -> dict[str, object]:
    return {"csrf_token": token_of(page), "currency": "GBP", "debts": [of.rent.id, of.waste.id], "amount": amount,
            "rhythm": "monthly", "first-day": "1", "first-month": "12", "first-year": "2026"}  # fmt: skip


# --------------------------------------------------------------------- statements and bytes


def test_a_page_runs_at_most_eight_statements(told: Told, db: Database) -> None:
    for path in told.paths:
        with statements(db) as ran:
            assert told.browser.get(path).status_code == 200
        assert len(ran) <= 8, (path, ran)


def test_trying_a_plan_runs_at_most_eight_statements(told: Told, db: Database) -> None:
    page = told.browser.get("/plan").text
    with statements(db) as ran:
        told.browser.post("/plan", data=plan_typed(told.of, page, "80"))
    assert len(ran) <= 8, ran


def test_pages_before_signing_in_run_at_most_eight_statements(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    browser = app.test_client()
    find(browser, home_of_marta.person.case_ref)
    for path in ("/sign-in", "/code", "/code/none", "/staff/sign-in"):
        with statements(db) as ran:
            browser.get(path)
        assert len(ran) <= 8


def many_debts(db: Database) -> object:
    """A person with twenty debts of two years each."""
    with db.acting() as session:
        creditors = [a_creditor(session, name=f"Wojewódzkie Przedsiębiorstwo {n}") for n in range(5)]
        person = a_person(session, creditors[0], mobile="+447700900146")
        for n in range(20):
            account = an_account(session, creditors[n % 5], person)
            for month in range(24):
                day = date(2024, 12, 1) + timedelta(days=30 * month)
                a_due(session, account, day, 5000 + n)
                if month < 8:
                    a_charge(session, account, 3 * (5000 + n), day)
    return person


def test_a_page_weighs_at_most_60_kb_whatever_the_case_holds(app: Evenly, db: Database) -> None:
    browser = sign_in(app, db, many_debts(db))
    squeezed = {"Accept-Encoding": "gzip"}
    fonts = sum((ROOT / "static/fonts" / name).stat().st_size for name in
                ("figtree-latin.woff2", "figtree-latin-ext.woff2"))  # fmt: skip
    for path in ("/", "/plan", "/my-plan", "/messages", "/statement", "/letters"):
        with statements(db) as ran:
            page = browser.get(path, headers=squeezed)
        assert len(ran) <= 8
        beside = fonts
        for address in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg))"', browser.get(path).text):
            beside += len(browser.get(address, headers=squeezed).data)
        assert len(page.data) + beside <= 60 * 1024, path


# --------------------------------------------------------------------- for everyone


@pytest.fixture
def at(app: Evenly) -> Iterator[str]:
    with served(app) as address:
        yield address


@pytest.mark.parametrize("state", STATES)
def test_no_page_breaks_a_rule_of_axe_or_scrolls_sideways(
    app: Evenly, db: Database, clock: SetClock, home_of_marta: Marta, browser: Browser, at: str, state: str
) -> None:
    told = tell(db, app, clock, home_of_marta, state)
    paths = told.paths if state == "overdue" else ("/", "/my-plan", *told.paths[2:3] * (state == "held"))
    for scheme, width in (("light", 320), ("dark", 1280)):
        with window(
            browser, at, told.browser, viewport={"width": width, "height": 800}, color_scheme=scheme
        ) as context:
            page = context.new_page()
            for path in paths:
                page.goto(at + path)
                assert_no_violations(page)
                assert_no_sideways_scroll(page)
            for amount in ("80", "x") if state == "overdue" else ():
                page.goto(at + "/plan")
                page.fill("#amount", amount)
                page.click("form.form button[type=submit]")
                assert_no_violations(page)
                assert_no_sideways_scroll(page)


def test_the_pages_that_lead_in_break_no_rule_either(
    app: Evenly, db: Database, home_of_marta: Marta, browser: Browser, at: str, clock: SetClock
) -> None:
    _, secret = a_staff_member(db, app)
    staff, _ = staff_sign_in(app, "priya@example.org", secret)
    token = app.extensions["keys"].link_token(home_of_marta.person.id, clock.real() + timedelta(hours=1))
    for scheme, width in (("light", 320), ("dark", 1280)):
        with window(browser, at, viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
            page = context.new_page()

            def check(page: object = page) -> None:
                assert_no_violations(page)
                assert_no_sideways_scroll(page)

            page.goto(at + "/")
            check()
            page.click("text=Send me a code")
            assert page.title().startswith("Error:")
            check()
            page.fill("#reference", home_of_marta.person.case_ref)
            for part, typed in (("day", "17"), ("month", "May"), ("year", "1984")):
                page.fill(f"#born-{part}", typed)
            page.fill("#postcode", "AB1 2CD")
            page.click("text=Send me a code")
            assert page.url == at + "/code"
            check()
            page.fill("#code", "000 000")
            page.click("text=Continue")
            check()
            page.click("text=I got no code")
            check()
            page.goto(f"{at}/l/{token}")
            assert page.url == at + "/sign-in/link"
            check()
            page.goto(at + "/l/nonsense")
            check()
            page.goto(at + "/staff/sign-in")
            check()
            page.click("text=Sign in")
            check()
        with window(browser, at, staff, viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
            page = context.new_page()
            page.goto(at + "/staff/")
            check(page)


def test_forced_colours_lose_no_state(
    app: Evenly, db: Database, clock: SetClock, home_of_marta: Marta, browser: Browser, at: str
) -> None:
    told = tell(db, app, clock, home_of_marta, "late")
    with window(browser, at, told.browser, forced_colors="active") as context:
        page = context.new_page()
        for path in ("/", "/my-plan"):
            page.goto(at + path)
            assert_no_violations(page, leave_out=("color-contrast",))
            styles = page.eval_on_selector_all(".even i", "bars => bars.map(b => getComputedStyle(b).borderStyle)")
            assert styles and "dashed" in styles, "a missing payment is told by its shape"


def test_from_finding_the_case_to_a_sent_plan_by_keyboard_and_without_javascript(
    app: Evenly, db: Database, home_of_marta: Marta, browser: Browser, at: str
) -> None:
    with window(browser, at, java_script_enabled=False, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto(at + "/")

        def tab_to(selector: str) -> None:
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.locator(f"{selector}:focus").count():
                    return
            raise AssertionError(f"{selector} is not reached by the keyboard")

        tab_to("#reference")
        page.keyboard.type(home_of_marta.person.case_ref)
        for selector, typed in (
            ("#born-day", "17"),
            ("#born-month", "5"),
            ("#born-year", "1984"),
            ("#postcode", "ab12cd"),
        ):
            tab_to(selector)
            page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.wait_for_url("**/code")
        (digits,) = codes_sent(app, db).values()
        tab_to("#code")
        page.keyboard.type(f"{digits[:3]} {digits[3:]}")
        page.keyboard.press("Enter")
        page.wait_for_url(at + "/")
        tab_to("a[href='/plan']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/plan")
        tab_to("#amount")
        page.keyboard.type("80")
        page.keyboard.press("Enter")
        page.wait_for_url("**/plan#result")
        assert "£80.00 a month" in page.inner_text(".next")
        tab_to(".next button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/my-plan")
        assert "Your plan is sent" in page.inner_text("[role=status]")


def test_sentences_have_at_most_twenty_words(told: Told) -> None:
    for path in told.paths:
        page = re.sub(r"<(?:table|select|dl|nav|h\d|title).*?</(?:table|select|dl|nav|h\d|title)>", ". ",
                      told.browser.get(path).text, flags=re.S)  # fmt: skip
        page = re.sub(r"</(?:p|li|label|legend|summary|button|option|div|dt|dd)>", ". ", page)
        for sentence in re.split(r"[.?!:](?:\s|$)", words(page)):
            assert len(sentence.split()) <= 20, (path, sentence)
