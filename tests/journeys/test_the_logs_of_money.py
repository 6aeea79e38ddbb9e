"""Where money moves nothing is left behind either: not in logs, not in an address, not on a page that says no.

After the days on which a plan was missed, broken and kept again, Owen pays by card: his bank says no, then yes, and he
reads the receipt. A collector enters what he brought, with a reference, and takes it back with words. Then somebody
knocks at the hooks with people's data and no signature, and at addresses that are none. All that a browser was led
to on our own host, every page that refused, and all logs are searched.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Response, expect

from portal.demo.characters import OWEN
from tests.journeys.house import House
from tests.journeys.people import Borrower, Collector, borrower, collector
from tests.journeys.test_clean_logs import traces
from tests.journeys.test_the_day_ends import ASKS_FIRST, SAYS_NO, types_card
from tests.journeys.test_the_day_ends import test_a_missed_payment_a_card_and_a_plan_kept_again as the_days
from tests.portal.addresses import AT_DESK

NUMBER = OWEN.who.phone.replace(" ", "")
REFERENCE = "Paying-in slip 88-17Q"
WORDS = "He rang and said that his sister had paid it already"
TELLING = {
    "the processor's page": re.compile(r"cs_\w+"), "the processor's payment": re.compile(r"pi_\w+"), "a key": re.compile(r"(sk|whsec)_"),
    "a name": re.compile("owen|ridley", re.IGNORECASE), "a reference of the debt": re.compile(OWEN.account), "a slip": re.compile("88-17Q"),
    "a number": re.compile(NUMBER[3:]), "a postcode": re.compile("ZZ9", re.IGNORECASE), "a card": re.compile(r"\d{13,19}"), "words": re.compile("sister"),
}  # fmt: skip


class Watched:
    """A browser whose windows note each address on our own host that they were led to, and each page that refused."""

    def __init__(self, browser: Browser, host: str) -> None:
        self._browser, self._host = browser, urlsplit(host).netloc
        self.addresses: list[str] = []

    def new_context(self, **mode: Any) -> BrowserContext:
        """A window that is watched."""
        context = self._browser.new_context(**mode)
        context.on("response", self._note)
        return context

    def _note(self, response: Response) -> None:
        led = urljoin(response.url, response.headers.get("location", ""))
        self.addresses += [each for each in (response.url, led) if urlsplit(each).netloc == self._host]


@contextmanager
def the_money(browser: Browser, house: House) -> Iterator[list[str]]:
    """The whole story; the addresses that browsers were led to."""
    if not house.rows("select 1 from payment_attempt where state = 'taken_back'"):
        the_days(browser, house)
    watched: Any = Watched(browser, house.url)
    with borrower(watched, house, NUMBER) as owen, collector(watched, house, "priya@evenly.example") as priya:
        he_pays_by_card(house, owen)
        priya.signs_in()
        priya.finds(OWEN.account, "Owen Ridley")
        case = urlsplit(priya.page.url).path
        she_enters_what_he_brought(house, priya, case)
        she_takes_it_back(house, priya)
        house.told["owen"] = [*owen.codes, REFERENCE, WORDS]
        yield watched.addresses


def he_pays_by_card(house: House, owen: Borrower) -> None:
    page = owen.page
    owen.signs_in(OWEN.account, OWEN.who.born, OWEN.who.postcode)
    page.goto(f"{house.url}/pay")
    page.get_by_role("button", name="Look at who gets what").click()
    page.get_by_role("button", name="by card").click()
    page.wait_for_url(f"{house.phones}/checkout/**")
    types_card(page, SAYS_NO)
    expect(page.get_by_text("Not enough money").first).to_be_visible()
    types_card(page, ASKS_FIRST)
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"{house.url}/payments/*")

    def arrived() -> bool:
        page.reload()
        return page.get_by_role("heading", name="Thank you. It has arrived.").count() == 1

    house.until(arrived, "the receipt", 60)


def she_enters_what_he_brought(house: House, priya: Collector, case: str) -> None:
    page = priya.page
    page.goto(f"{house.url}{case}/payment")
    page.get_by_label("Cash").check()
    page.get_by_label("Amount").fill("5")
    page.get_by_role("textbox", name="Reference").fill(REFERENCE)
    page.click("button[value=show]")
    page.get_by_role("button", name="Book £5.00").click()
    page.get_by_role("status").filter(has_text="The payment is booked").wait_for()


def she_takes_it_back(house: House, priya: Collector) -> None:
    page = priya.page
    ((number,),) = house.rows("select id from payment_attempt where reference = %(slip)s", slip=REFERENCE)
    page.locator(f"a[href$='/payment/{number}/take-back']").first.click()
    page.get_by_role("radio").first.check()
    page.get_by_label("Words for us").fill(WORDS)
    page.get_by_role("button", name="Take £5.00 back").click()
    page.get_by_role("status").filter(has_text="The payment is taken back").wait_for()
    assert house.rows("select words from payment_attempt where id = %(id)s", id=number) == [(WORDS,)]


def test_where_money_moves_nothing_is_left_in_logs_addresses_or_pages_that_refuse(
    browser: Browser, house: House
) -> None:
    with the_money(browser, house) as addresses:
        assert any("/payments/" in each for each in addresses) and any("/take-back" in each for each in addresses)
        refusing = list(pages_that_refuse(browser, house))
    found = [
        f"{what} in {address}" for address in addresses for what, shape in TELLING.items() if shape.search(address)
    ]
    found += [f"{what} on {where}" for where, page in refusing for what, shape in TELLING.items() if shape.search(page)]
    found += traces(house, *house.told["owen"])
    assert not found, "\n".join(found[:20])
    assert '"event": "hook_refused"' in house.logs()["web"] and '"provider": "stripe"' in house.logs()["web"], (
        "the knocks stand in them"
    )


def pages_that_refuse(browser: Browser, house: House) -> Iterator[tuple[str, str]]:
    """What somebody is answered who knocks with people's data in hand."""
    ((page_of_card,),) = house.rows("select max(session_id) from payment_attempt where session_id is not null")
    knows = f"{page_of_card}/{OWEN.account}?name=Owen+Ridley&slip=88-17Q&from={NUMBER}"
    about = {"From": NUMBER, "Body": WORDS, "MessageSid": "SM" + "0" * 32, "id": page_of_card, "type": "Owen Ridley"}
    context = browser.new_context()
    ask = context.request
    for path in ("/nowhere/", "/payments/", "/debt/", AT_DESK + "/case/", "/hooks/", "/static/x/", "/l/", "/api/"):
        yield path, ask.get(f"{house.url}{path}{knows}", max_redirects=0).text()
    for path in (
        "/hooks/stripe",
        "/hooks/twilio/inbound",
        "/hooks/twilio/status",
        "/pay/begin",
        "/sign-in",
        "/payments/1/go",
    ):
        for given in ({"data": json.dumps(about)}, {"form": about}):
            answer = ask.post(
                f"{house.url}{path}?{knows}",
                headers={"Stripe-Signature": f"t=1,v1={page_of_card}"},
                max_redirects=0,
                **given,
            )  # type: ignore[arg-type]
            assert answer.status in (303, 400, 403, 404), (path, answer.status)
            yield path, answer.text() + answer.headers.get("location", "")
    context.close()
