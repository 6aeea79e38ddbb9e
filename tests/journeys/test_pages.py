"""Every page and its states, looked at as they are served: light and dark, narrow and wide, by keyboard,
without JavaScript, on a cold cache.

The people are the demo's, standing at their different points. A form with its errors, or with what it
led to, stands for the empty form too: all of that is in it. A page is loaded once with scripts and
once without; every rule of axe is asked on a small phone and on a wide dark screen, contrast also
between.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Page, Request

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.history import Actor
from portal import visit
from portal.app import Evenly, create_app
from portal.demo import characters
from portal.keys import Keys
from portal.mail_ends import ENDS
from tests.journeys.axe import OF_THE_LOOK, assert_no_sideways_scroll, assert_no_violations
from tests.journeys.house import House
from tests.journeys.people import sums_hold, types_day
from tests.portal.addresses import AT_DESK

HEAVIEST = 60 * 1024
"""Bytes that a debtor's page may weigh with all that comes with it, on a cold cache."""

Act = Callable[[Page], None]


def press(name: str) -> Act:
    return lambda page: page.get_by_role("button", name=name).first.click()


def ask_for_a_code(page: Page) -> None:
    page.get_by_label("Your reference").fill("T4471")
    types_day(page, "Your date of birth", characters.MARTA.who.born)
    page.get_by_label("Your postcode").fill("ZZ1 1ZZ")
    press("Send me a code")(page)


def no_code(page: Page) -> None:
    ask_for_a_code(page)
    page.get_by_role("link", name="I got no code").click()


def try_a_plan(page: Page) -> None:
    page.get_by_label("I can pay").fill("60")
    press("Work it out")(page)


def show_a_plan(page: Page) -> None:
    page.get_by_label("Amount each time").fill("60")
    press("Show every payment")(page)


def tick_every_day(page: Page) -> None:
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        page.get_by_label(day).check()
    press("Save")(page)


def find(words: str) -> Act:
    def act(page: Page) -> None:
        page.get_by_role("searchbox").fill(words)
        page.get_by_role("searchbox").press("Enter")

    return act


@dataclass(frozen=True)
class State:
    """A page in one of its states: who looks, at what address, and what they do first."""

    who: str
    address: str
    act: Act | None = None


DEBTOR = {
    "sign in, wrong": State("nobody", "/sign-in", press("Send me a code")),
    "code": State("nobody", "/sign-in", ask_for_a_code),
    "no code": State("nobody", "/sign-in", no_code),
    "by link": State("nobody", "/l/{link}"),
    "your data": State("nobody", "/your-data"),
    "complaints": State("nobody", "/complaints"),
    "accessibility": State("nobody", "/accessibility"),
    "advice": State("nobody", "/advice"),
    "not me": State("nobody", "/not-me"),
    "helping": State("nobody", "/helping"),
    "mail ends": State("nobody", "/u/{mark}"),
    "mail has ended": State("nobody", "/u/{mark}", press("Stop these emails")),
    "nowhere": State("nobody", "/nowhere"),
    "home, a plan sent": State("idris", "/"),
    "home, joint": State("lena", "/"),
    "home, a plan kept": State("zofia", "/"),
    "home, money on its way": State("owen", "/"),
    "home, several currencies": State("marta", "/"),
    "debt, joint": State("idris", "/debt/{idris}"),
    "debt, scheduled": State("zofia", "/debt/{zofia}"),
    "debt, money on its way": State("owen", "/debt/{owen}"),
    "plan, wrong": State("idris", "/plan", press("Work it out")),
    "plan, worked out": State("idris", "/plan", try_a_plan),
    "pay, wrong": State("idris", "/pay?what=other", press("Look at who gets what")),
    "pay, looked at": State("marta", "/pay", press("Look at who gets what")),
    "payments, none": State("idris", "/payments"),
    "my plan, sent": State("idris", "/my-plan"),
    "my plan, kept": State("zofia", "/my-plan"),
    "my plan, none": State("lena", "/my-plan"),
    "messages": State("idris", "/messages"),
    "messages, wrong": State("lena", "/messages", press("Send")),
    "reach": State("lena", "/reach"),
    "reach, wrong": State("lena", "/reach", tick_every_day),
    "reach, a new number, wrong": State("lena", "/reach/sms", press("Send me a code")),
    "reach, a new address": State("lena", "/reach/email"),
    "sign out everywhere": State("zofia", "/sign-out/everywhere"),
}
DESK = {
    "staff sign in, wrong": State("nobody", "/staff/sign-in", press("Sign in")),
    "demo, wrong": State("nobody", "/demo/", press("Go to this day")),
    "here": State("priya", "/staff/"),
    "queue": State("priya", AT_DESK + "/"),
    "queue, narrowed": State("priya", AT_DESK + "/?kind=message&sort=waiting"),
    "queue, nothing fits": State("priya", AT_DESK + "/?kind=uncertain"),
    "case, to decide": State("priya", AT_DESK + "/case/{idris case}"),
    "case, only messages": State("priya", AT_DESK + "/case/{idris case}?only=messages"),
    "case, a plan runs": State("priya", AT_DESK + "/case/{zofia case}"),
    "case, money on its way": State("priya", AT_DESK + "/case/{owen case}"),
    "case, wrong": State("priya", AT_DESK + "/case/{zofia case}", press("Send")),
    "decline, wrong": State("priya", AT_DESK + "/case/{idris case}/decline/{proposal}", press("Decline and tell")),
    "offer, shown": State("priya", AT_DESK + "/case/{idris case}/offer/{proposal}", show_a_plan),
    "enter a plan, wrong": State("priya", AT_DESK + "/case/{lena case}/plan", press("Show every payment")),
    "postpone, wrong": State("priya", AT_DESK + "/case/{idris case}/postpone", press("Postpone")),
    "pass on": State("priya", AT_DESK + "/case/{idris case}/pass-on"),
    "found": State("priya", AT_DESK + "/", find("farrow")),
    "found nobody": State("priya", AT_DESK + "/", find("nobody at all")),
    "nowhere": State("priya", AT_DESK + "/nowhere"),
}
OFFERED = {
    "home, an offer": State("idris", "/"),
    "my plan, an offer": State("idris", "/my-plan"),
    "case, our offer": State("priya", AT_DESK + "/case/{idris case}"),
}
"""After a collector has offered Idris something else."""


class Looking:
    """Contexts of a browser in which each of the people is signed in, with and without scripts."""

    def __init__(self, browser: Browser, house: House) -> None:
        self.browser, self.house = browser, house
        self.db = Database(house.settings.sqlalchemy_url, prefix=house.settings.prefix, pooled=house.settings.pooled, size=2)
        self.app: Evenly = create_app(house.settings, database=self.db)
        self.ids: dict[str, object] = {}
        self.people: dict[str, dict[str, int]] = {"nobody": {}}
        self.complaints: list[str] = []
        self.html: dict[State, int] = {}
        self.walked: set[str] = set()
        self._pages: dict[tuple[str, bool], Page] = {}
        for each in characters.CHARACTERS:
            name = each.who.name.split()[0].lower()
            # Several creditors' records of one person are joined; the elder names the case.
            # Others of the book may have the same name.
            elder = "select p.id, p.case_ref from person p join record r on r.person_id = p.id where r.ref = %(ref)s order by p.id limit 1"
            ((person, ref),) = house.rows(elder, ref=each.who.ref)
            ((account,),) = house.rows("select id from account where ref = %(ref)s", ref=each.account)
            self.people[name] = {"person": person}
            self.ids |= {name: account, f"{name} case": ref}
        ((staff,),) = house.rows("select id from staff where mail = 'priya@evenly.example'")
        self.people["priya"] = {"staff": staff}
        self.proposal = self._proposal()
        self.ids["proposal"] = self.proposal
        keys = Keys(house.settings.keys)
        self.ids["link"] = keys.link_token(self.people["marta"]["person"], house.clock.real() + timedelta(hours=1))
        ((mailbox,),) = house.rows(
            "select max(id) from contact where kind = 'email' and person_id = %(id)s", id=self.people["lena"]["person"]
        )
        self.ids["mark"] = keys.mark(ENDS, int(mailbox))

    def _proposal(self) -> int:
        ((found,),) = self.house.rows(
            "select max(id) from proposal where person_id = %(id)s and side = 'person'",
            id=self.people["idris"]["person"],
        )
        return int(found)

    def context(self, who: str, *, scripts: bool = True) -> BrowserContext:
        """A new browser in which this visitor is signed in."""
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844}, java_script_enabled=scripts, locale="en-GB"
        )
        context.set_default_timeout(10_000)
        if self.people[who]:
            token = secrets.token_urlsafe(32)
            with self.db.acting() as session:
                visit.start(session, token=token, now=self.house.clock.real(), **self.people[who])
            serializer = SecureCookieSessionInterface().get_signing_serializer(self.app)
            assert serializer is not None
            cookie = {"name": "evenly", "value": serializer.dumps({"_user_id": token}), "url": self.house.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        return context

    def page(self, state: State, *, scripts: bool = True) -> Page:
        """The page in its state; each visitor keeps a window, since a new one costs more than a page."""
        if (state.who, scripts) not in self._pages:
            made = self.context(state.who, scripts=scripts).new_page()
            made.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
            made.on("pageerror", lambda error: self.complaints.append(str(error)))
            self._pages[state.who, scripts] = made
        page = self._pages[state.who, scripts]
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="light")
        answer = page.goto(self.house.url + state.address.format(**self.ids))
        if state.act is None:
            assert answer is not None
            self.html[state] = len(answer.body())
        else:
            state.act(page)
            page.wait_for_load_state()
        return page

    def rest(self) -> int:
        """Bytes over the wire that come with every page, on a cold cache."""
        page = self.context("nobody").new_page()
        seen: list[Request] = []
        page.on("requestfinished", lambda request: seen.append(request))
        page.goto(f"{self.house.url}/advice", wait_until="networkidle")
        total = sum(each.sizes()["responseBodySize"] for each in seen if each.url != page.url)
        page.context.close()
        return total

    def offer(self) -> None:
        """A collector offers Idris something else; once."""
        if self.house.rows("select 1 from proposal where id = %(id)s and state = 'submitted'", id=self.proposal):
            with self.db.acting() as session:
                at = self.house.clock.now()
                proposal.counter(
                    session, self.proposal, terms=Terms(amount=45_00, first_on=at.date() + timedelta(14)),
                    key="pages", note="Would this be easier?", by=Actor("collector", self.people["priya"]["staff"]), at=at,
                )  # fmt: skip

    def close(self) -> None:
        for page in self._pages.values():
            page.context.close()
        self.db.close()


@pytest.fixture(scope="module")
def looking(browser: Browser, house: House) -> Iterator[Looking]:
    made = Looking(browser, house)
    yield made
    made.close()


def looks_right(looking: Looking, state: State) -> None:
    """Accessible and fitting in light and dark, narrow and wide; reached by keyboard; alike without scripts."""
    looking.complaints.clear()
    page = looking.page(state)
    words = words_of(page)
    if page.title() not in looking.walked:  # the same page of somebody else has the same controls
        looking.walked.add(page.title())
        everything_is_reached(page)
    narrow, wide = (320, "light"), (1280, "dark")
    if state.who == "priya":
        narrow, wide = (320, "dark"), (1280, "light")
    for width, scheme in (narrow, (390, "light"), wide):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate("document.getAnimations().forEach(each => each.finish())")
        if width != 390:
            # All rules in light; what only a width or a scheme can break once more, in dark.
            assert_no_violations(page, only=OF_THE_LOOK if scheme == "dark" else ())
        assert_no_sideways_scroll(page)
    sums_hold(page)
    complaints = [said for said in looking.complaints if "the server responded with a status of" not in said]
    assert not complaints, complaints
    plain = looking.page(state, scripts=False)
    assert words_of(plain) == words, "the page says the same without scripts"


def words_of(page: Page) -> str:
    """What the page says, but for what passes while it is read: times, and the codes of the demo's page."""
    return re.sub(r"\b(\d{6}|\d\d:\d\d|\d+ h \d+ min|\d+ min)\b", "", page.get_by_role("main").inner_text())


def everything_is_reached(page: Page) -> None:
    """Tab reaches every control of the page that can be seen, and the skip link first."""
    wanted = page.evaluate(
        """() => { window.reached = new Set();
          document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus();
          document.addEventListener('focusin', e => window.reached.add(e.target));
          const radios = new Set();
          window.wanted = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
            .filter(e => e.checkVisibility() && !(e.type === 'radio' && radios.size === radios.add(e.name).size));
          return window.wanted.length; }"""
    )
    for _ in range(wanted + 3):
        page.keyboard.press("Tab")
    missed = page.evaluate(
        """() => window.wanted.filter(e => !window.reached.has(e) && !(e.type === 'radio' &&
             [...window.reached].some(r => r.name === e.name))).map(e => e.outerHTML.slice(0, 120))"""
    )
    assert not missed, f"{page.url}: Tab does not reach {missed}"


@pytest.mark.parametrize("name", DEBTOR)
def test_a_page_of_people_who_owe(looking: Looking, name: str) -> None:
    looks_right(looking, DEBTOR[name])


@pytest.mark.parametrize("name", DESK)
def test_a_page_of_the_desk(looking: Looking, name: str) -> None:
    looks_right(looking, DESK[name])


@pytest.mark.parametrize("name", OFFERED)
def test_a_page_while_an_offer_of_ours_waits(looking: Looking, name: str) -> None:
    looking.offer()
    looks_right(looking, OFFERED[name])


def test_no_page_of_people_who_owe_is_heavier_than_a_slow_telephone_bears(looking: Looking) -> None:
    looked_at = {name: state for name, state in DEBTOR.items() if state.act is None}
    for state in looked_at.values():
        if state not in looking.html:  # this test alone was asked for
            looking.page(state)
    rest = looking.rest()
    assert rest > 10_000, "the stylesheet, the script and the letters come with a page"
    heavy = {name: looking.html[state] + rest for name, state in looked_at.items()}
    assert not {name: weight for name, weight in heavy.items() if weight > HEAVIEST}, heavy
