"""One true story, end to end, on production's own parts, as people live it.

Marta signs in on a phone, sees what she owes and why, and proposes a plan. A collector is served her
case and approves it. A text says that an answer waits, another one reminds her; she answers it, is
answered, and says STOP. Everything goes over HTTP, through web, worker, queue and the stand-in's
phone.
"""

from datetime import date

from playwright.sync_api import Browser, expect

from portal.demo.characters import MARTA
from tests.journeys.house import House
from tests.journeys.people import (
    Borrower,
    Collector,
    borrower,
    collector,
    discloses_nothing,
    next_morning,
    sums_hold,
)
from tests.portal.addresses import AT_DESK

NUMBER = MARTA.who.phone.replace(" ", "")
FIRST = date(2026, 11, 30)
"""The first payment: a Monday, six days after the story begins."""
ASKED = "can i pay on friday instead, i get my wages then"
ANSWERED = "Yes, Friday is fine. We have noted it."
THANKED = "Thank you so much, that helps me a lot"


def test_one_true_story(browser: Browser, house: House) -> None:
    if "marta" in house.told:
        return  # the test of its logs has told it already, from here
    house.told["began"] = True
    with (
        borrower(browser, house, NUMBER) as marta,
        collector(browser, house, "priya@evenly.example") as priya,
        collector(browser, house, "sam@evenly.example") as sam,
    ):
        she_sees_what_she_owes_and_why(marta)
        marta.proposes("60", "Every month", FIRST)
        assert "we have what you sent" in marta.waits_for_texts(1)[0]
        two_collectors_look_and_one_approves(marta, priya, sam)
        a_paper_is_ready(house, marta)
        a_reminder_comes_once(house, marta, priya)
        she_answers_by_text_and_is_answered(house, marta, sam)
        she_says_stop(house, marta, sam)
        house.told["marta"] = [*marta.codes, ASKED, ANSWERED, THANKED]


def she_sees_what_she_owes_and_why(marta: Borrower) -> None:
    marta.signs_in(MARTA.account, MARTA.who.born, MARTA.who.postcode)
    expect(marta.page.get_by_role("heading", name="Hello, Marta")).to_be_visible()
    assert sums_hold(marta.page) >= 2, "a total in each currency has its why"
    marta.page.get_by_role("link", name="See every line").first.click()
    assert sums_hold(marta.page) >= 1
    expect(marta.page.get_by_role("table", name="Every line").get_by_role("row").last).to_be_visible()
    marta.page.get_by_role("link", name="Back to home").click()


def two_collectors_look_and_one_approves(marta: Borrower, priya: Collector, sam: Collector) -> None:
    priya.signs_in()
    priya.opens_next()  # Idris asked before her
    sam.signs_in()
    sam.opens_next()
    expect(sam.page.get_by_role("heading", name="Marta Lindqvist", level=1)).to_be_visible()
    priya.finds(MARTA.account, "Marta Lindqvist")
    sam.page.get_by_role("button", name="Approve and tell Marta").click()
    expect(sam.page.get_by_role("heading", name="Agreed", exact=True)).to_be_visible()
    priya.page.get_by_role("button", name="Approve and tell Marta").click()
    expect(priya.page.get_by_role("heading", name="This was answered already")).to_be_visible()
    expect(priya.page.get_by_text("Sam Okoro agreed to it")).to_be_visible()
    marta.page.reload()
    expect(marta.page.get_by_role("heading", name="Your plan is agreed")).to_be_visible()


def a_paper_is_ready(house: House, marta: Borrower) -> None:
    texts = marta.waits_for_texts(2)
    assert "a paper is ready for you" in texts[1]
    for each in texts:
        discloses_nothing(each, house, "Marta", "Lindqvist")


def a_reminder_comes_once(house: House, marta: Borrower, priya: Collector) -> None:
    for expected in (2, 2, 3):  # the third morning is three days before
        next_morning(priya.page, house)
        texts = marta.texts()
        assert len(texts) == expected, texts
    assert "a note is waiting for you" in texts[-1]
    discloses_nothing(texts[-1], house, "Marta", "Lindqvist")


def she_answers_by_text_and_is_answered(house: House, marta: Borrower, sam: Collector) -> None:
    marta.answers(ASKED)
    sam.waits_for(ASKED)
    assert len(marta.texts()) == 3, "the reminder came once"
    sam.page.goto(f"{house.url}{AT_DESK}/?kind=message")
    expect(sam.page.get_by_role("row", name="Marta Lindqvist")).to_contain_text("can i pay on friday")
    sam.page.get_by_role("link", name="Marta Lindqvist").click()
    sam.writes(ANSWERED)
    discloses_nothing(marta.waits_for_texts(4)[-1], house, "Marta", "Lindqvist")
    marta.page.get_by_role("link", name="Messages").click()
    expect(marta.page.get_by_text(ASKED)).to_be_visible()
    expect(marta.page.get_by_text(ANSWERED)).to_be_visible()
    marta.page.get_by_label("Your message").fill(THANKED)
    marta.page.get_by_role("button", name="Send").click()
    expect(marta.page.get_by_role("heading", name="Your message is sent")).to_be_visible()
    sam.waits_for(THANKED[:30])


def she_says_stop(house: House, marta: Borrower, sam: Collector) -> None:
    before = len(marta.texts())
    marta.answers("STOP")
    sam.waits_for("Texts ended")
    assert len(marta.waits_for_texts(before + 1)) == before + 1, "STOP is confirmed once"
    for _ in range(3):  # to the morning of the payment
        next_morning(marta.texts_page, house)
    assert len(marta.texts()) == before + 1, "nothing comes after STOP"
    told = sam.history()
    assert "Text not sent" in told and "This number said STOP. It may go only after START." in told
    expect(sam.page.get_by_text("Why not?").first).to_be_visible()
