"""The same story on a real bank's loan book, with the day started at 20 April 1994.

The borrower of L5314 signs in, sees what is overdue, proposes, is approved, reminded, and answers.
The book is research data that is not ours to give: it is read from EVENLY_TEST_DATA where that stands.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from cases.clock import Clock
from cases.db import Database
from cases.history import Actor
from cases.intake import layout, load
from cases.people.staff import add_user
from portal.demo.characters import PASSWORD
from portal.keys import Keys
from portal.passwords import hashed
from portal.settings import Settings
from tests.conftest import Servers
from tests.journeys.house import House, standing
from tests.journeys.people import borrower, collector, discloses_nothing, next_morning, sums_hold

BY = Actor("test")
DAY = datetime(1994, 4, 20, 10, 0, tzinfo=UTC)
NUMBER, MAIL = "+447700900091", "olga@example.org"
FIRST = date(1994, 4, 25)
"""The first payment: a Monday. Three days before it is the second morning after the story begins."""
OVERDUE = re.compile(r"64,264\.00\sKč has been overdue since Sunday 12 September 1993")
ASKED = "i pay when my pension comes on the 27th"


@pytest.fixture
def bank(servers: Servers, test_data: Path) -> Iterator[House]:
    """The house with the real book, and one collector."""

    def book(settings: Settings) -> None:
        db = Database(settings.sqlalchemy_url, prefix=settings.prefix, pooled=settings.pooled, size=2)
        now = Clock(settings.clock_file).now()
        with db.acting() as session:
            result = load.load(
                session, layout.files_of(test_data / "data/berka"), creditor="bank", system="loans",
                new_creditor=load.NewCreditor("Berka", "CZ", "CZK"), by=BY, at=now,
            )  # fmt: skip
            assert not result.refused
            add_user(session, mail=MAIL, name="Olga Nová", role="collector", password=hashed(PASSWORD),
                     totp=Keys(settings.keys).encrypt(pyotp.random_base32()), by=BY, at=now)  # fmt: skip
        db.close()

    with standing(servers, book, DAY) as made:
        yield made


def test_the_same_story_on_a_real_book(browser: Browser, bank: House) -> None:
    with borrower(browser, bank, NUMBER) as emilie, collector(browser, bank, MAIL) as olga:
        emilie.signs_in("L5314", date(1947, 7, 22), "528 56")
        expect(emilie.page.get_by_text(OVERDUE)).to_be_visible()
        assert sums_hold(emilie.page) >= 1
        emilie.proposes("8033", "Every month", FIRST)
        emilie.waits_for_texts(1)

        olga.signs_in()
        olga.opens_next()
        expect(olga.page.get_by_text("220 days", exact=True).first).to_be_visible()
        olga.page.get_by_role("button", name="Approve and tell Emilie").click()
        expect(olga.page.get_by_role("heading", name="Agreed", exact=True)).to_be_visible()
        discloses_nothing(emilie.waits_for_texts(2)[1], bank, "Emilie", "Růžičková")

        for expected in (2, 3):
            next_morning(emilie.texts_page, bank)
            assert len(emilie.texts()) == expected
        reminder = emilie.texts()[-1]
        assert "a note is waiting for you" in reminder
        discloses_nothing(reminder, bank, "Emilie", "Růžičková")

        emilie.answers(ASKED)
        olga.waits_for(ASKED)
        olga.writes("That is fine.")
        emilie.page.get_by_role("link", name="Messages").click()
        expect(emilie.page.get_by_text("That is fine.")).to_be_visible()
