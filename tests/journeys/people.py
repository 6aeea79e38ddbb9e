"""The people of a journey, as they act: somebody with a phone, and a collector at a desk.

They find things as people do: by what a button, a field or a heading is called.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from playwright.sync_api import Browser, Page, expect

from portal.demo.characters import PASSWORD
from tests.journeys.house import House
from tests.portal.addresses import AT_DESK

TELLING = re.compile(
    r"[£€$]|\b(kr|kč|zł|sek|gbp|pln|czk)\b|\b\d+[.,]\d\d\b"
    r"|debt|\bow(e|es|ed|ing)\b|arrear|overdue|\bpay|instal|\bplan\b|collect|loan|rent\b|council|energi|credit|housing|kredyt",
    re.IGNORECASE,
)
"""What would tell whoever sees a phone lying on a table that somebody owes."""


@dataclass
class Borrower:
    """Somebody who owes, with a phone: `page` is the portal on it, `texts_page` its texts."""

    house: House
    page: Page
    texts_page: Page
    number: str
    codes: list[str] = field(default_factory=list)

    def texts(self) -> list[str]:
        """The texts that have reached the phone, oldest first; codes are left out."""
        return [words for words in self._bubbles() if not re.match(r"\d{6} is your", words)]

    def _bubbles(self) -> list[str]:
        def all_here() -> bool:
            self.texts_page.goto(f"{self.house.phones}/phone/{self.number}")
            return not self.texts_page.get_by_text("is on its way").count()

        self.house.until(all_here, "a text that is on its way")
        bubbles = self.texts_page.get_by_role("listitem").filter(has=self.texts_page.get_by_text("From "))
        return [words.strip() for words in bubbles.locator(".words").all_inner_texts()]

    def _codes(self) -> list[str]:
        return re.findall(r"\b(\d{6}) is your", "\n".join(self._bubbles()))

    def waits_for_texts(self, count: int) -> list[str]:
        """All texts, once there are so many; more fail."""
        texts: list[str] = self.house.until(lambda: len(self.texts()) >= count and self.texts(), f"{count} texts")
        assert len(texts) == count, texts
        return texts

    def answers(self, words: str) -> None:
        """Answers by text."""
        self._bubbles()
        self.texts_page.get_by_label("Answer").fill(words)
        self.texts_page.get_by_role("button", name="Send text").click()

    def signs_in(self, reference: str, born: date, postcode: str) -> None:
        """By reference, date of birth and postcode, and the code that comes to the phone."""
        known = len(self._codes())
        self.page.goto(f"{self.house.url}/sign-in")
        self.page.get_by_label("Your reference").fill(reference)
        types_day(self.page, "Your date of birth", born)
        self.page.get_by_label("Your postcode").fill(postcode)
        self.page.get_by_role("button", name="Send me a code").click()
        expect(self.page.get_by_text(f"ending in {self.number[-2:]}")).to_be_visible()
        codes = self.house.until(lambda: self._codes()[known:], "a code")
        self.codes += codes
        self.page.get_by_label("Six-digit code").fill(codes[-1])
        self.page.get_by_role("button", name="Continue").click()
        expect(self.page.get_by_role("heading", name="Hello")).to_be_visible()

    def proposes(self, amount: str, rhythm: str, first: date) -> None:
        """Tries a plan out, looks at every date, and sends it."""
        self.page.get_by_role("link", name="Try out a plan").first.click()
        self.page.get_by_label("I can pay").fill(amount)
        self.page.get_by_label(rhythm).check()
        types_day(self.page, "First payment", first)
        self.page.get_by_role("button", name="Work it out").click()
        expect(self.page.get_by_role("heading", name="This plan")).to_be_visible()
        expect(self.page.get_by_role("heading", name="Every date and amount")).to_be_visible()
        self.page.get_by_role("button", name="Send this plan").click()
        expect(self.page.get_by_role("heading", name="Your plan is sent")).to_be_visible()


@dataclass
class Collector:
    """A collector at a desk."""

    house: House
    page: Page
    mail: str

    def signs_in(self) -> None:
        """By address, password and the code of the authenticator app."""
        self.page.goto(f"{self.house.url}/staff/sign-in")
        self.page.get_by_label("Work email").fill(self.mail)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_label("Code from your authenticator app").fill(self.house.totp(self.mail))
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="My queue")).to_be_visible()

    def opens_next(self) -> None:
        """Opens the case that is served."""
        self.page.goto(f"{self.house.url}{AT_DESK}/")
        self.page.get_by_role("button", name="Open this case").click()

    def finds(self, words: str, name: str) -> None:
        """Finds a case by name, reference or number."""
        self.page.get_by_role("searchbox").fill(words)
        self.page.get_by_role("searchbox").press("Enter")
        expect(self.page.get_by_role("heading", name=name, level=1)).to_be_visible()

    def history(self) -> str:
        """The case history as it stands now, everything unfolded."""
        self.page.reload()
        region = self.page.get_by_role("region", name="History")
        region.evaluate("r => r.querySelectorAll('details').forEach(d => d.open = true)")
        return region.inner_text()

    def waits_for(self, words: str) -> None:
        """Looks at the history until it says so."""
        self.house.until(lambda: words in self.history(), f"“{words}” in the history")

    def writes(self, words: str) -> None:
        """Writes to the person of the case."""
        self.page.get_by_label("Your message").fill(words)
        self.page.get_by_role("button", name="Send the message").click()
        expect(self.page.get_by_role("heading", name="Your message is sent")).to_be_visible()


@contextmanager
def borrower(browser: Browser, house: House, number: str) -> Iterator[Borrower]:
    """Somebody with a small phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    yield Borrower(house, context.new_page(), context.new_page(), number)
    context.close()


@contextmanager
def collector(browser: Browser, house: House, mail: str) -> Iterator[Collector]:
    """A collector with a wide screen."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield Collector(house, context.new_page(), mail)
    context.close()


def next_morning(page: Page, house: House) -> None:
    """The demo's button: it comes back when what was due that day has been sent or withheld."""
    page.goto(f"{house.url}/demo/")
    page.get_by_role("button", name="Next morning").click(timeout=60_000)
    expect(page.get_by_role("heading", name="A new day has begun")).to_be_visible(timeout=60_000)


def types_day(page: Page, label: str, day: date) -> None:
    """Types a date into its three boxes."""
    group = page.get_by_role("group", name=label)
    for part, value in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        group.get_by_label(part, exact=True).fill(str(value))


def discloses_nothing(text: str, house: House, *names: str) -> None:
    """Fails when a text would tell a stranger of a debt, or names the person or a creditor."""
    without_link = re.sub(rf"{re.escape(house.url)}/l/[\w-]{{34}}", "", text)
    assert not TELLING.search(without_link), text
    creditors = [name for (name,) in house.rows("select name from creditor")]
    for name in (*names, *creditors):
        assert name.lower() not in without_link.lower(), text


def sums_hold(page: Page) -> int:
    """Each *Why …?* ends in the sum that it explains. Returns how many there were."""
    whys = page.locator("details:has(dl)").filter(has=page.get_by_text(re.compile("^Why "))).all()
    for why in whys:
        asked = why.locator("summary").inner_text()
        why.evaluate("d => d.open = true")
        last = why.get_by_role("definition").last.inner_text()
        shown = "".join(re.findall(r"[\d,.]+", last))
        assert shown and shown in asked.replace("\u00a0", ""), (asked, last)
    return len(whys)
