"""Somebody who prefers email: what comes says little, an answer by mail is heard, and one press ends it.

Lena chooses email in the portal. A collector writes to her, her mailbox says that a message waits, and not what about.
She answers from there, with a photo that is not kept; the collector reads it and asks for it another way. Then she
stops the emails from her mailbox, and the case says so.
"""

from playwright.sync_api import Browser, Page, expect

from portal.demo.characters import LENA
from tests.journeys.axe import assert_no_sideways_scroll, assert_no_violations
from tests.journeys.house import House
from tests.journeys.people import Borrower, Collector, borrower, collector, discloses_nothing, next_morning

NUMBER = LENA.who.phone.replace(" ", "")
SAYS = "I can send you my payslip. Will that do?"


def test_she_prefers_email(browser: Browser, house: House) -> None:
    with (
        borrower(browser, house, NUMBER) as lena,
        collector(browser, house, "sam@evenly.example") as sam,
    ):
        on_a_working_day(house, lena.texts_page)
        lena.signs_in(LENA.account, LENA.who.born, LENA.who.postcode)
        texts = len(lena.texts())
        she_chooses_email(lena)
        sam.signs_in()
        sam.finds("Lena Farrow", "Lena Farrow")
        sam.writes("Could you tell us what you earn now?")
        a_mail_says_that_it_waits(house, lena.texts_page)
        assert len(lena.texts()) == texts, "no text came beside it"
        she_answers_by_mail(lena.texts_page, house)
        sam.waits_for(SAYS)
        assert "1 file came with it and was not kept." in sam.history()
        she_ends_the_emails(house, lena.texts_page, sam)


def on_a_working_day(house: House, page: Page) -> None:
    while house.clock.now().weekday() > 3:
        next_morning(page, house)


def she_chooses_email(lena: Borrower) -> None:
    lena.page.get_by_role("link", name="How we reach you").click()
    assert_no_violations(lena.page)
    assert_no_sideways_scroll(lena.page)
    lena.page.get_by_label("By email").check()
    lena.page.get_by_role("button", name="Save").click()
    expect(lena.page.get_by_role("heading", name="Saved")).to_be_visible()


def mailbox(house: House, page: Page) -> None:
    page.goto(f"{house.phones}/mail/{LENA.who.email}")


def a_mail_says_that_it_waits(house: House, page: Page) -> None:
    def has_come() -> bool:
        mailbox(house, page)
        return page.get_by_role("heading", name="a message is waiting for you").count() > 0

    house.until(has_come, "a mail")
    discloses_nothing(page.locator(".letter").first.inner_text(), house, "Lena", "Farrow")
    page.get_by_text("The same mail with its layout").first.click()
    layout = page.frame_locator("iframe").first
    expect(layout.get_by_role("heading", name="A message is waiting for you")).to_be_visible()
    expect(layout.get_by_role("link", name="Sign in")).to_be_visible()


def she_answers_by_mail(page: Page, house: House) -> None:
    mailbox(house, page)
    page.get_by_label("Words").fill(SAYS)
    page.get_by_label("With a photo").check()
    page.get_by_role("button", name="Send mail").click()
    assert page.get_by_role("status").inner_text() == "Taken by Evenly."


def she_ends_the_emails(house: House, page: Page, sam: Collector) -> None:
    mailbox(house, page)
    page.get_by_role("button", name="Stop these mails").first.click()
    expect(page.get_by_text("You asked for no more of these.")).to_be_visible()
    sam.waits_for("Emails ended")
    assert "By the link in an email." in sam.history()
