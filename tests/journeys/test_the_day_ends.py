"""Money comes in and the day ends, as people live it: a plan is missed, a kind text comes, a card pays, all is well.

Zofia keeps a plan over her loan. Nobody pays its next instalment, and days later the plan is broken: her phone asks
whether we can help, and a collector finds it in the queue. She pays by card (her bank says no first, then asks her),
comes back before the bank has confirmed, and the plan is kept again. Then her bank takes it back, and it is not.
The pages are looked at as she meets them.
"""

from datetime import date, timedelta

from playwright.sync_api import Browser, Page, expect

from cases.db import Database
from cases.seal import close_block
from cases.verify import verify
from portal.demo.characters import ZOFIA
from tests.journeys.axe import assert_no_sideways_scroll, assert_no_violations
from tests.journeys.house import House
from tests.journeys.people import Borrower, Collector, borrower, collector, discloses_nothing, sums_hold, types_day
from tests.portal.addresses import AT_DESK

NUMBER = ZOFIA.who.phone.replace(" ", "")
ASKS_FIRST, SAYS_NO = "4000000000003220", "4000000000009995"


def test_a_missed_payment_a_card_and_a_plan_kept_again(browser: Browser, house: House) -> None:
    with (
        borrower(browser, house, NUMBER) as zofia,
        collector(browser, house, "sam@evenly.example") as sam,
    ):
        day = days_pass_until_it_is_missed(house, zofia)
        a_kind_text_comes(house, zofia)
        sam.signs_in()
        it_waits_for_a_collector(house, sam, day)
        she_pays_by_card(house, zofia, day)
        the_plan_is_kept_again(house, zofia, sam)
        her_bank_takes_it_back(house, zofia, sam)
        nothing_is_off(house)


def days_pass_until_it_is_missed(house: House, zofia: Borrower) -> date:
    ((due,),) = house.rows(
        "select min(i.due_on) from instalment i join arrangement g on g.id = i.arrangement_id"
        " join person p on p.id = g.person_id where p.name = %(name)s and i.due_on >= %(today)s",
        name=ZOFIA.who.name, today=house.clock.now().date() - timedelta(days=2),
    )  # fmt: skip
    assert isinstance(due, date)
    page = zofia.texts_page
    missed = due + timedelta(days=6)
    while missed.weekday() > 4:  # no texts at weekends
        missed += timedelta(days=1)
    for day in (due + timedelta(days=5), missed):
        page.goto(f"{house.url}/demo/")
        types_day(page, "Another day", day)
        page.get_by_role("button", name="Go to this day").click(timeout=90_000)
        expect(page.get_by_role("heading", name="A new day has begun")).to_be_visible(timeout=90_000)
        ((state,),) = house.rows(
            "select g.state from arrangement g join person p on p.id = g.person_id where p.name = %(name)s"
            " order by g.id desc limit 1", name=ZOFIA.who.name,
        )  # fmt: skip
        assert state == ("live" if day < due + timedelta(days=6) else "broken")
    return due


def a_kind_text_comes(house: House, zofia: Borrower) -> None:
    texts = house.until(lambda: [words for words in zofia.texts() if "can we help?" in words], "the text")
    assert len(texts) == 1
    discloses_nothing(texts[0], house, "Zofia", "Wrona")


def it_waits_for_a_collector(house: House, sam: Collector, due: date) -> None:
    sam.page.goto(f"{house.url}{AT_DESK}/?kind=broken")
    expect(sam.page.get_by_role("row", name="Zofia Wrona")).to_be_visible()
    sam.finds(ZOFIA.account, "Zofia Wrona")
    history = sam.history()
    assert "Plan broken" in history and "A payment of the plan is missing" in history


def she_pays_by_card(house: House, zofia: Borrower, due: date) -> None:
    page = zofia.page
    zofia.signs_in(ZOFIA.account, ZOFIA.who.born, ZOFIA.who.postcode)
    expect(page.get_by_role("heading", name="A payment is missing")).to_be_visible()
    page.get_by_role("link", name="Pay it by card").click()
    page.get_by_role("button", name="Look at who gets what").click()
    expect(page.get_by_role("heading", name="This payment")).to_be_focused()
    looks_right(page)
    page.get_by_role("button", name="by card").click()
    page.wait_for_url(f"{house.phones}/checkout/**")
    card = page.url
    types_card(page, SAYS_NO)
    expect(page.get_by_role("alert")).to_contain_text("not enough money")
    page.get_by_role("link", name="Back without paying").click()
    expect(page.get_by_role("heading", name="This payment is not finished")).to_be_visible()
    expect(page.get_by_text("Nothing was taken.").first).to_be_visible()
    looks_right(page)
    page.get_by_role("button", name="Go on with this payment").click()
    page.wait_for_url(card)
    types_card(page, ASKS_FIRST)
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"{house.url}/payments/*")
    assert page.get_by_role("heading", name="This payment is not finished").count() == 0
    looks_right(page)
    house.until(lambda: _arrived(page), "the receipt")
    looks_right(page)
    for _ in range(2):
        page.go_back()
        expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert house.rows("select count(*) from payment_attempt where state = 'paid'") == [(1,)]
    assert house.rows("select count(*) from payment where key like 'attempt/%%'") == [(1,)]


def _arrived(page: Page) -> bool:
    page.reload()
    return page.get_by_role("heading", name="Thank you. It has arrived.").count() == 1


def the_plan_is_kept_again(house: House, zofia: Borrower, sam: Collector) -> None:
    zofia.page.goto(f"{house.url}/")
    expect(zofia.page.get_by_role("heading", name="Your next payment")).to_be_visible()
    assert sums_hold(zofia.page) >= 1
    zofia.page.get_by_role("link", name="My plan").click()
    expect(zofia.page.get_by_text("On time")).to_be_visible()
    zofia.page.get_by_role("link", name="Payments", exact=True).click()
    expect(zofia.page.get_by_text("Paid", exact=True)).to_be_visible()
    looks_right(zofia.page)
    thanks = house.until(lambda: [words for words in zofia.texts() if "thank you" in words], "the thanks")
    assert len(thanks) == 1, "the receipt and the plan kept again are one text"
    discloses_nothing(thanks[0], house, "Zofia", "Wrona")
    history = sam.history()
    assert "Plan kept again" in history and "Payment received" in history
    sam.page.goto(f"{house.url}{AT_DESK}/?kind=broken")
    assert sam.page.get_by_role("row", name="Zofia Wrona").count() == 0


def her_bank_takes_it_back(house: House, zofia: Borrower, sam: Collector) -> None:
    ((attempt, intent),) = house.rows("select id, intent from payment_attempt where state = 'paid'")
    zofia.texts_page.request.post(f"{house.phones}/control/charges/{intent}/dispute", data={"reason": "fraudulent"})
    sam.finds(ZOFIA.account, "Zofia Wrona")
    sam.waits_for("bank asks")
    sam.page.get_by_role("link", name="Take the payment back").first.click()
    sam.page.get_by_label("The payer’s bank asked for it back").check()
    sam.page.get_by_role("button", name="Take").last.click()
    expect(sam.page.get_by_role("heading", name="Zofia Wrona", level=1)).to_be_visible()
    assert house.rows("select state from payment_attempt where id = %(id)s", id=attempt) == [("taken_back",)]
    zofia.page.goto(f"{house.url}/payments/{attempt}")
    expect(zofia.page.get_by_role("heading", name="This payment was taken back")).to_be_visible()
    looks_right(zofia.page)
    zofia.page.goto(f"{house.url}/")
    expect(zofia.page.get_by_role("heading", name="A payment is missing")).to_be_visible()


def nothing_is_off(house: House) -> None:
    db = Database(house.settings.sqlalchemy_url, prefix=house.settings.prefix, pooled=house.settings.pooled, size=1)
    with db.acting() as session:
        close_block(session)
    with db.acting() as session:
        assert verify(session).findings == []
    db.close()


def types_card(page: Page, number: str) -> None:
    """Types a card on the card service's page, and pays."""
    page.get_by_label("Or type a test number").fill(number)
    page.get_by_role("button", name="Pay ").click()


def looks_right(page: Page) -> None:
    """Accessible and fitting, on a small phone."""
    page.set_viewport_size({"width": 320, "height": 800})
    assert_no_violations(page)
    assert_no_sideways_scroll(page)
    page.set_viewport_size({"width": 390, "height": 844})
