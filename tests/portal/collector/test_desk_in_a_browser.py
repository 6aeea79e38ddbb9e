"""The desk in a real browser without scripts: accessible, fitting on a phone and a wide screen, usable."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from cases.history import Actor
from cases.people import contact
from cases.people.contact import live_contacts
from tests.journeys.axe import assert_no_sideways_scroll, assert_no_violations
from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk
from tests.portal.collector.holding import a_dispute, a_hold
from tests.portal.collector.paying import by_card, by_cash, reported, seen
from tests.portal.papers import a_statement

WIDE = (AT_DESK + "/", "{idris}", "{idris}/plan", "{idris}/payment", "{idris}/payment/{paid}/take-back",
        "{idris}/letter/{letter}", "{idris}/holds/{held}", "{idris}/support", "{idris}/dispute/{disputed}",
        "{idris}/contact", "{idris}/note", "{idris}/ways")  # fmt: skip
"""Pages that are laid out otherwise where there is room."""
PAGES = (*WIDE, "{bertram}", "{quiet}", "{idris}/offer/{proposal}", "{idris}/decline/{proposal}", "{idris}/postpone",
         "{idris}/pass-on", "{idris}/hold", "{idris}/hold/vulnerability", "{idris}/hold/breathing_space", "{idris}/dispute")  # fmt: skip


@pytest.fixture
def served(desk: Desk) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def signed_in(browser: Browser, desk: Desk, served: str, **mode: object) -> BrowserContext:
    """A browser window of Priya's."""
    client = desk.browser("priya")
    client.get(AT_DESK + "/")
    name = desk.app.config["SESSION_COOKIE_NAME"]
    context = browser.new_context(**mode)
    context.add_cookies([{"name": name, "value": client.get_cookie(name).value, "url": served}])
    return context


@pytest.mark.parametrize(("mode", "pages"), [
    ({"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"}, PAGES),
    ({"viewport": {"width": 1280, "height": 800}}, WIDE),
], ids=["phone, dark", "wide"])
def test_every_page_is_accessible_and_fits(
    browser: Browser, desk: Desk, served: str, mode: dict[str, object], pages: tuple[str, ...]
) -> None:
    with desk.db.acting() as session:
        paid = by_cash(session, desk, "idris", ["alarm"], 10_00)
        row = by_card(session, desk, "idris", ["rent"], 40_00)
        seen(session, desk, row)
        reported(session, desk, row, "refund", "pending", "duplicate")
        letter = a_statement(session, desk.ids["idris"])
        ended = live_contacts(session, [desk.ids["idris"]])[0]
        contact.end_contact(session, ended, by=Actor("collector", desk.ids["tom"]), at=desk.clock.now())
        held, disputed = a_hold(session, desk), a_dispute(session, desk)
    context = signed_in(browser, desk, served, **mode)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: None if "422" in said.text else complaints.append(said.text))
    for path in pages:
        cases = {name: desk.case(name) for name in ("idris", "bertram", "quiet")}
        page.goto(served + path.format(proposal=desk.ids["proposal"], paid=paid, letter=letter, held=held, disputed=disputed, **cases))
        if path.endswith(("/plan", "/payment")):
            page.click("button[value=show]")  # with the remedy beside the amount
        for fold in page.locator("#payments + div details").all():
            fold.evaluate("each => each.open = true")
        assert_no_violations(page)
        assert_no_sideways_scroll(page)
        if path.endswith("/payment"):
            page.get_by_label("Cheque").check()
            page.get_by_label("Amount").fill("500")
            page.click("button[value=show]")
            page.get_by_role("button", name="Book £500.00").wait_for()
            assert_no_violations(page)
            assert_no_sideways_scroll(page)
    assert not complaints, complaints
    context.close()


def test_a_proposal_is_opened_agreed_and_told_without_scripts(browser: Browser, desk: Desk, served: str) -> None:
    context = signed_in(browser, desk, served, viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(served + AT_DESK + "/")
    page.get_by_role("button", name="Open this case").click()
    page.get_by_role("button", name="Approve and tell Idris").click()
    assert page.get_by_role("status").inner_text().startswith("Agreed")
    page.get_by_label("Find a person by name").fill("bertram")
    page.get_by_label("Find a person by name").press("Enter")
    page.get_by_role("link", name="Enter a plan").click()
    page.get_by_label("Amount each time").fill("65")
    page.get_by_role("button", name="Show every payment").click()
    assert "In all, 6 payments" in page.locator("#result").inner_text()
    page.get_by_role("button", name="Save this plan").click()
    assert page.get_by_role("status").inner_text().startswith("The plan is saved")
    context.close()


def test_a_payment_is_entered_and_taken_back_by_keyboard_alone(browser: Browser, desk: Desk, served: str) -> None:
    context = signed_in(browser, desk, served, viewport={"width": 1280, "height": 800}, java_script_enabled=False)
    page = context.new_page()

    def to(name: str) -> None:
        """Goes on with the Tab key until the control of this name has the focus."""
        for _ in range(120):
            page.keyboard.press("Tab")
            if page.locator(f":focus:is([name='{name}'], [value='{name}'])").count():
                return
        raise AssertionError(f"no way to {name}")

    page.goto(served + desk.case("bertram", "/payment"))
    to("method")
    page.keyboard.press("ArrowDown")  # a cheque
    to("amount")
    page.keyboard.type("90")
    to("show")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Book £90.00").wait_for()
    assert "£300.00 is owed after it" in page.locator("#result").inner_text()
    to("save")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="The payment is booked").wait_for()
    page.get_by_role("link", name="Take back").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Take a payment back").wait_for()
    to("reason")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Take £90.00 back").focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="The payment is taken back").wait_for()
    assert "By cheque, Priya Nand." in page.locator("#payments + div").inner_text()
    context.close()
