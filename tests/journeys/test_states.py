"""Each page in the states that the demo's people are not in, as a table: axe, narrow and wide, forced colours, no script.

`test_pages` looks at the demo's own people. Here stand empty pages and overfull ones, names that do not end, every
answer that we give, every page of income and spending, each form sent empty and with rubbish.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, Page
from sqlalchemy import Connection, text

from cases.arrangements.standard_statement import SECTIONS
from cases.db import Database
from portal import visit
from tests.conftest import _EMPTY
from tests.journeys.axe import OF_THE_LOOK, assert_no_sideways_scroll, assert_no_violations
from tests.journeys.states import States
from tests.portal.addresses import AT_DESK
from tests.portal.debtor.serving import served
from tests.portal.doors import SetClock, an_app

Act = Callable[[Page], None]
STAFF = ("priya", "ada")


def press(name: str) -> Act:
    return lambda page: page.locator("main").get_by_role("button", name=name).first.click()


def typed(button: str, **what: str) -> Act:
    """Types what is given into the fields of these ids, and presses the button."""

    def act(page: Page) -> None:
        for name, words in what.items():
            page.fill(f"#{name}", words)
        press(button)(page)

    return act


def every_debt(amount: str) -> Act:
    return typed("Work it out", amount=amount)


def with_interest(page: Page) -> None:
    page.get_by_label("With the interest of the contract").check()
    typed("Show every payment", amount="150")(page)
    page.get_by_text("Interest, 8.25% a year").wait_for()


@dataclass(frozen=True)
class State:
    """A page in one of its states: who looks, at what address, and what they do first."""

    who: str
    address: str
    act: Act | None = None


def of(who: str, *addresses: str) -> dict[str, State]:
    return {f"{who}: {address}": State(who, address) for address in addresses}


def case(name: str, *pages: str, act: Act | None = None, who: str = "priya") -> dict[str, State]:
    return {f"desk, {name}: {page}": State(who, f"{AT_DESK}/case/{{{name} case}}{page}", act) for page in pages}


DEBTOR = (
    of("clear", "/", "/debt/{paid debt}", "/plan", "/pay", "/payments", "/my-plan", "/messages", "/letters")
    | of("bare", "/reach", "/income")
    | of("long", "/", "/debt/{long debt}", "/pay", "/statement", "/messages", "/my-plan", "/letters", "/letters/{long letter}",
         "/reach", "/debt/{long other}/dispute")
    | {"long, a plan": State("long", "/plan", every_debt("9876543.20"))}
    | of("many", "/", "/pay", "/statement")
    | {"many, a plan": State("many", "/plan", every_debt("90"))}
    | of("disputed", "/", "/debt/{waiting}", "/debt/{stands}", "/debt/{corrected}", "/debt/{agreed}", "/debt/{taken back}")
    | of("held", "/", "/plan", "/debt/{breathing_space}", "/debt/{deceased}")
    | {f"a plan judged, {name}": State(name, "/plan", every_debt("80")) for name in ("fits", "above", "token", "untold")}
    | of("drafting", "/income", "/income/check", "/income/household", "/income/food", "/income/insurance")
    | of("telling", "/income", "/income/version/{version}", "/reach", "/support", "/letters/{letter}")
    | {"a new number": State("telling", "/reach/sms", typed("Send me a code", value="07700 900999")),
       "a new number, wrong code": State("telling", "/reach/code", typed("Continue", code="000000"))}
    | of("broken", "/", "/my-plan") | of("completed", "/", "/my-plan") | of("promised", "/", "/my-plan")
    | of("declined", "/my-plan") | of("offered", "/my-plan") | of("bearing", "/my-plan")
    | {f"a payment, {name}": State(f"pays {name}", f"/payments/{{payment {name}}}")
       for name in ("open", "coming", "failed", "returned")}
    | of("cash", "/payments", "/payments/{payment cash}")
)  # fmt: skip
DESK = (
    case("long", "", "/plan", "/payment", "/ways", "/hold/vulnerability", "/letter/{long letter}")
    | case("many", "")
    | case("bare", "", "/dispute", "/hold", "/ways", "/income", "/contact")
    | case("disputed", "", "/dispute/{dispute}")
    | case("held", "", "/holds/{hold breathing_space}")
    | case("spoken", "", "/contact", "/ways", "/support", "?only=contacts", "?only=work")
    | case("drafting", "/income", "/income/check")
    | case("telling", "", "/income", "/income/version/{version}")
    | case("bearing", "") | case("offered", "/plan", act=with_interest)
    | case("broken", "") | case("asks", "") | case("pays returned", "")
    | {"admin": State("ada", "/admin/limits"), "limits": State("ada", "/admin/limits/{creditor}/any")}
)  # fmt: skip
FORMS = {
    f"{state.who}: {state.address}, {button}": (state, button)
    for state, button in (
        (State("many", "/debt/{many debt}/dispute"), "Send and put it on hold"),
        (State("many", "/plan"), "Work it out"),
        (State("many", "/pay"), "Look at who gets what"),
        (State("many", "/messages"), "Send"),
        (State("many", "/statement/dates"), "See the statement"),
        (State("many", "/reach/sms"), "Send me a code"),
        (State("many", "/reach/email"), "Send me a code"),
        (State("drafting", "/income/food"), "Save and go on"),
        (State("priya", AT_DESK + "/case/{many case}"), "Send the message"),
        (State("priya", AT_DESK + "/case/{many case}/note"), "Save the note"),
        (State("priya", AT_DESK + "/case/{many case}/contact"), "Save"),
        (State("priya", AT_DESK + "/case/{many case}/ways"), "Save"),
        (State("priya", AT_DESK + "/case/{many case}/support"), "Save"),
        (State("priya", AT_DESK + "/case/{many case}/plan"), "Show every payment"),
        (State("priya", AT_DESK + "/case/{many case}/payment"), "Show who gets what"),
        (State("priya", AT_DESK + "/case/{many case}/dispute"), "Put on hold"),
        (State("priya", AT_DESK + "/case/{many case}/hold/breathing_space"), "Put on hold"),
        (State("priya", AT_DESK + "/case/{many case}/hold/vulnerability"), "Put on hold"),
        (State("priya", AT_DESK + "/case/{held case}/holds/{hold vulnerability}"), "Save these days"),
        (State("priya", AT_DESK + "/case/{held case}/holds/{hold vulnerability}"), "End the hold"),
        (State("priya", AT_DESK + "/case/{disputed case}/dispute/{dispute}"), "Answer and tell the person"),
        (State("priya", AT_DESK + "/case/{long case}/decline/{long proposal}"), "Decline and tell the person"),
        (State("priya", AT_DESK + "/case/{long case}/offer/{long proposal}"), "Show every payment"),
        (State("priya", AT_DESK + "/case/{long case}/postpone"), "Postpone"),
        (State("priya", AT_DESK + "/case/{long case}/pass-on"), "Pass on"),
        (State("priya", AT_DESK + "/case/{cash case}/payment/{payment cash}/take-back"), "Take £40.00 back"),
        (State("ada", "/admin/limits/{creditor}/rent"), "Save these limits"),
    )
}  # fmt: skip
"""Each form, and the button that sends it."""


class Looking:
    """The pages on loopback, and a browser in which each of the people is signed in."""

    def __init__(self, browser: Browser, states: States, at: str) -> None:
        self.browser, self.states, self.at = browser, states, at
        desk = states.desk
        self.named = dict(desk.ids) | {f"{name} case": ref for name, ref in desk.refs.items()}
        self.walked: set[str] = set()
        self._pages: dict[bool, Page] = {}
        self._cookies: dict[str, dict[str, str]] = {}

    def page(self, state: State, *, scripts: bool = True) -> Page:
        """The page in its state, on a small phone. All visitors share a window, in which now one is signed in and now another."""
        if scripts not in self._pages:
            context = self.browser.new_context(java_script_enabled=scripts, locale="en-GB")
            context.set_default_timeout(10_000)
            self._pages[scripts] = context.new_page()
        page = self._pages[scripts]
        page.context.clear_cookies()
        page.context.add_cookies([self._cookies.setdefault(state.who, self._cookie(state.who))])  # type: ignore[list-item]
        page.set_viewport_size({"width": 320, "height": 800})
        page.emulate_media(color_scheme="light", forced_colors="none")
        answer = page.goto(self.at + state.address.format(**self.named))
        assert answer is not None and answer.status == 200, (state, answer and answer.status)
        if state.act is not None:
            state.act(page)
            page.wait_for_load_state()
        return page

    def _cookie(self, who: str) -> dict[str, str]:
        desk, token = self.states.desk, secrets.token_urlsafe(32)
        with desk.db.acting() as session:
            visit.start(session, token=token, now=desk.clock.real(), **{"staff" if who in STAFF else "person": desk.ids[who]})
        serializer = SecureCookieSessionInterface().get_signing_serializer(desk.app)
        assert serializer is not None
        return {"name": "evenly", "value": str(serializer.dumps({"_user_id": token, "_fresh": True})), "url": self.at}

    def close(self) -> None:
        for page in self._pages.values():
            page.context.close()


@pytest.fixture(scope="module")
def looking(browser: Browser, _database: Database, _broom: Connection) -> Iterator[Looking]:
    app = an_app(_database, SetClock(), Path(tempfile.mkdtemp(prefix="evenly-states-")), stripe_base_url="http://127.0.0.1:9",
                 stripe_api_key="sk_test_x", stripe_webhook_secrets=("whsec_x",))  # fmt: skip
    app.extensions["wake"] = [].append
    with served(app) as at:
        made = Looking(browser, States(app, _database), at)
        yield made
        made.close()
    with _broom.begin():
        _broom.execute(text(_EMPTY))


def words_of(page: Page) -> str:
    """What the page says, folded or not; a message is new once."""
    return " ".join(str(page.get_by_role("main").text_content()).split()).replace(" New ", " ")


def unlike(page: Page) -> list[str]:
    """What is not as every page is: one heading of the first order, a way on, and shapes where colours are forced."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => {
          const wrong = [], shown = e => e.checkVisibility();
          if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
          for (const e of document.querySelectorAll('.btn, .tag, .notice, .in, .choice, .bubble, .sheet'))
            if (shown(e) && getComputedStyle(e).borderStyle === 'none') wrong.push('no edge: ' + e.outerHTML.slice(0, 90));
          return wrong;
        }"""
    )


@pytest.mark.parametrize("name", DEBTOR | DESK)
def test_a_page_in_each_of_its_states(looking: Looking, name: str) -> None:
    """At 320 px (or 1280 at 400 %) and with forced colours; each page once also dark and wide, and without scripts."""
    state = (DEBTOR | DESK)[name]
    page = looking.page(state)
    assert_no_violations(page)
    assert_no_sideways_scroll(page)
    page.emulate_media(forced_colors="active")
    assert unlike(page) == []
    page.emulate_media(color_scheme="dark", forced_colors="none")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert_no_sideways_scroll(page)
    if page.title() in looking.walked:
        return
    looking.walked.add(page.title())
    page.evaluate("document.getAnimations().forEach(each => each.finish())")
    assert_no_violations(page, only=OF_THE_LOOK)
    if state.act is None:
        said = words_of(page)
        assert words_of(looking.page(state, scripts=False)) == said


FILL = """(button, words) => { for (const each of button.form.elements)
  if (each.type === 'checkbox') each.checked = false;
  else if (each.matches('input.in')) each.value = words.slice(0, 2);
  else if (each.matches('textarea')) each.value = words; }"""
"""Writes these words into every field of a button's form, and takes every tick away."""


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_cannot_be_read_says_so_first_and_at_each_field(looking: Looking, name: str) -> None:
    """Sent empty (its prefilled days too) and with rubbish: what is wrong is focused, and each line leads to its field."""
    state, label = FORMS[name]
    refused = 0
    for words in ("", "¿?" * 1100):
        page = looking.page(state)
        button = page.get_by_role("main").get_by_role("button", name=label).last
        button.evaluate(FILL, words)
        button.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        if not page.title().startswith("Error:"):
            continue
        assert page.evaluate("document.activeElement.id") == "problems"
        if not refused:
            assert_no_violations(page)
        assert_no_sideways_scroll(page)
        refused += 1
        for link in page.locator("#problems a").all():
            words = link.inner_text()
            field = page.locator(f"[id='{str(link.get_attribute('href')).removeprefix('#')}']")
            group = field.locator("xpath=ancestor-or-self::*[@aria-describedby][1]")
            ids = str(group.get_attribute("aria-describedby")).split()
            assert words in [page.locator(f"[id='{each}']").inner_text().strip() for each in ids], (words, ids)
            link.press("Enter")
            assert field.evaluate("e => e === document.activeElement && e.getBoundingClientRect().top >= 0"), words
    assert refused, "neither was refused"


BUTTON = "main form button.btn"
KEYS: dict[str, tuple[str, str, tuple[tuple[str, str], ...], str]] = {
    "income and spending": (
        "untold", "/income", (("main a.btn", "Enter"), *(("main input.in", "Enter") for _ in SECTIONS), (BUTTON, "Enter")),
        "Left each month"),
    "a plan": ("fits", "/plan", (("#amount", "80"), ("", "Enter"), (".next .actions button", "Enter")), "Your plan is agreed"),
    "a dispute": (
        "above", "/debt/{above debt}/dispute", (("[name=ground]", "Space"), ("#note", "I paid it"), (BUTTON, "Enter")), "On hold"),
    "how we reach you": (
        "telling", "/reach", (("[name=channel]", "ArrowUp"), ("[name=days_off]", "Space"), (BUTTON, "Enter")), "Your wishes"),
    "a note": ("priya", AT_DESK + "/case/{cash case}/note", (("#words", "They rang."), (BUTTON, "Enter")), "The note is saved"),
    "a contact": (
        "priya", AT_DESK + "/case/{cash case}/contact", (("[name=outcome]", "Space"), ("#note", "Friday"), (BUTTON, "Enter")), "The contact is noted"),
    "a hold": (
        "priya", AT_DESK + "/case/{token case}/hold/vulnerability",
        (("#last-day", "31"), ("#last-month", "12"), ("#last-year", "2026"), ("#reason", "They are ill."), (BUTTON, "Enter")),
        "On hold"),
    "a plan on the telephone": (
        "priya", AT_DESK + "/case/{declined case}/plan", (("#amount", "40"), ("[value=show]", "Enter"), ("[value=save]", "Enter")),
        "The plan is saved"),
    "limits": ("ada", "/admin/limits/{creditor}/rent", (("#most_months", "24"), (BUTTON, "Enter")), "Limits of plans"),
}  # fmt: skip
"""What can be done by keyboard alone: who, where, a field or button and the key or the words, and what is said then."""


@pytest.mark.parametrize("name", KEYS)
def test_it_is_done_by_keyboard_alone(looking: Looking, name: str) -> None:
    who, address, steps, said = KEYS[name]
    page = looking.page(State(who, address))
    page.set_viewport_size({"width": 1280, "height": 800})
    for selector, keys in steps:
        if selector:
            tab_to(page, selector)
        if keys == "Enter":
            with page.expect_navigation():
                page.keyboard.press("Enter")
            assert not page.title().startswith("Error:"), page.locator("#problems").inner_text()
        elif keys in ("Space", "ArrowUp"):
            page.keyboard.press(keys)
        else:
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(keys)
    assert said in page.get_by_role("main").inner_text()


def test_nobody_is_led_to_a_payment_where_nothing_is_owed(looking: Looking) -> None:
    for who, led in (("clear", 0), ("cash", 1)):
        page = looking.page(State(who, "/payments"))
        assert page.get_by_role("link", name="Pay by card").count() == led


def tab_to(page: Page, selector: str) -> None:
    """Goes on by Tab to what is named, over stops each of which has a ring and its upper edge on the screen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        hidden = page.evaluate(
            """() => { const e = document.activeElement, seen = e.closest('.choice') ?? e, style = getComputedStyle(seen);
              const box = seen.getBoundingClientRect(), ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
              return ring && box.top >= 0 && box.top < innerHeight - 24 ? '' : [ring, box.top, box.bottom, e.outerHTML.slice(0, 120)].join(' '); }"""
        )
        assert not hidden, f"{page.url}: the focus is not seen on {hidden}"
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{page.url}: Tab does not reach {selector}")
