"""My plan: an offer of ours is answered, a sent one taken back, the answer stands there at once."""

import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.history import Actor
from cases.people import permission
from portal.app import Evenly
from portal.debtor.my_plan import REASONS
from tests.factories import AT, a_creditor, a_payment, a_person, a_user
from tests.portal.debtor.conftest import words
from tests.portal.debtor.households import Marta, a_plan
from tests.portal.doors import SetClock, post, sign_in, token_of


@pytest.fixture
def marta(app: Evenly, db: Database, home_of_marta: Marta) -> tuple[FlaskClient, Marta]:
    return sign_in(app, db, home_of_marta.person), home_of_marta


def sent(db: Database, of: Marta) -> int:
    """Marta has sent a plan."""
    with db.acting() as session:
        terms = Terms(amount=8000, first_on=date(2026, 12, 1))
        made = proposal.propose(session, person=of.person.id, accounts=[of.rent.id, of.waste.id], terms=terms, key="s",
                                by=Actor("debtor", of.person.id), at=AT)  # fmt: skip
        return made.id


def offered(db: Database, of: Marta) -> int:
    """She has sent one, and was offered another."""
    first = sent(db, of)
    with db.acting() as session:
        by = Actor("collector", a_user(session).id)
        made = proposal.counter(session, first, terms=Terms(amount=10000, first_on=date(2026, 12, 1)), key="o", by=by,
                                at=AT, note="With 100 pounds it is done in two years.")  # fmt: skip
        return made.id


def test_a_sent_plan_stands_there_and_can_be_taken_back(marta: tuple[FlaskClient, Marta], db: Database) -> None:
    browser, of = marta
    number = sent(db, of)
    assert "We are looking at it" in browser.get("/my-plan").text
    assert "We are looking at your plan" in browser.get("/").text
    answer = post(browser, f"/my-plan/{number}/withdraw", on="/my-plan")
    assert answer.status_code == 303
    assert "You took your plan back" in browser.get("/my-plan").text
    assert "You have no plan yet" in browser.get("/my-plan").text


def test_a_promise_is_told_by_its_one_day(marta: tuple[FlaskClient, Marta], db: Database) -> None:
    browser, of = marta
    with db.acting() as session:
        terms = Terms(amount=21200, first_on=date(2026, 12, 1), kind="promise")
        by = Actor("collector", a_user(session).id)
        proposal.enter(session, person=of.person.id, accounts=[of.waste.id], terms=terms, key="p", by=by, at=AT)
    page, home = words(browser.get("/my-plan").text), words(browser.get("/").text)
    assert "Your promise On time The next one is £212.00 on Tuesday 1 December." in page
    assert "On Tuesday 1 December 2026" in page and "From and to" not in page
    assert "£212.00 on Tuesday 1 December" in home and "The plan ends in" not in home


@pytest.mark.parametrize("number", ["+447700900301", None])
def test_no_page_promises_a_text_that_cannot_come(app: Evenly, db: Database, number: str | None) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session), mobile=number, email="marta@example.org")
    browser = sign_in(app, db, person)
    promised = "a text tells you when"
    assert (promised in browser.get("/messages").text) is (number is not None)
    if number:
        with db.acting() as session:
            permission.withdraw(session, "sms", number, because="word", by=Actor("carrier"), at=AT)
        assert promised not in browser.get("/messages").text
        post(browser, "/messages", words="When?", key="k")
        assert "We answer here. Please look in again in a few days." in browser.get("/").text


def yes(browser: FlaskClient, number: int, page: str | None = None) -> int:
    """Presses *Yes, I agree* as the page has it: with the mark of the words that it shows."""
    shown = page or browser.get("/my-plan").text
    terms = re.search(r'name="terms" value="([0-9a-f]{64})"', shown)
    assert terms is not None
    form = {"csrf_token": token_of(shown), "terms": terms[1]}
    return browser.post(f"/my-plan/{number}/accept", data=form).status_code


def test_an_offer_shows_everything_and_a_yes_makes_it_the_plan(
    marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection
) -> None:
    browser, of = marta
    number = offered(db, of)
    page = browser.get("/my-plan").text
    read = words(page)
    assert "An answer waits for you" in browser.get("/").text
    assert "We offer you this plan £100.00 a month" in read
    assert "With 100 pounds it is done in two years." in read
    assert "18 payments, the first on Tuesday 1 December." in read
    assert "Send another plan instead" in read
    assert "What you agree to" in read and "I pay £100.00 a month, in 18 payments." in read
    assert post(browser, f"/my-plan/{number}/accept", on="/my-plan").status_code == 303
    assert "The words of the offer have changed." in browser.get("/my-plan").text, "words that were not shown are no yes"
    assert yes(browser, number) == 303
    assert "Your plan is agreed" in browser.get("/my-plan").text
    kept = superuser.execute(text("select words, channel, language, origin, given_by from consent")).one()
    assert kept.words.startswith("I pay £100.00 a month") and tuple(kept)[1:] == (
        "portal", "en", "127.0.0.1", f"debtor:{of.person.id}"
    )  # fmt: skip
    assert superuser.scalar(text("select state from arrangement")) == "live"
    told = superuser.execute(text("select actor from history where kind = 'proposal.agreed'")).one()
    assert told.actor == f"debtor:{of.person.id}"


def test_a_no_leaves_everything_as_it_was(
    marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection
) -> None:
    browser, of = marta
    number = offered(db, of)
    assert post(browser, f"/my-plan/{number}/decline", on="/my-plan").status_code == 303
    read = words(browser.get("/my-plan").text)
    assert "You said no to our offer" in read
    assert superuser.scalar(text("select count(*) from arrangement")) == 0


def test_what_we_decline_stands_there_at_once_with_its_reason_and_what_to_do(
    marta: tuple[FlaskClient, Marta], db: Database
) -> None:
    browser, of = marta
    number = sent(db, of)
    with db.acting() as session:
        by = Actor("collector", a_user(session).id)
        proposal.decline(session, number, reason="too_little", words="Could you manage 90?", by=by, at=AT)
    read = words(browser.get("/my-plan").text)
    assert "We could not agree to your plan" in read
    assert "Try a larger amount." in read and "Could you manage 90?" in read
    assert "Try out another plan" in read


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(proposal.REASONS)


def test_an_offer_that_no_longer_fits_says_why_and_agrees_to_nothing(
    marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection
) -> None:
    browser, of = marta
    number = offered(db, of)
    with db.acting() as session:
        a_payment(session, [(of.waste, 21200)], date(2026, 11, 24))
    assert yes(browser, number) == 303
    assert "What you owe has changed." in browser.get("/my-plan").text
    assert superuser.scalar(text("select count(*) from arrangement")) == 0


def test_answering_twice_answers_once(marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection) -> None:
    browser, of = marta
    number = offered(db, of)
    page = browser.get("/my-plan").text
    for _ in range(2):
        assert yes(browser, number, page) == 303
    assert "This offer was answered already." in browser.get("/my-plan").text
    assert superuser.scalar(text("select count(*) from arrangement")) == 1


@pytest.mark.parametrize("act", ["accept", "decline", "withdraw"])
def test_an_offer_to_someone_else_is_not_found_and_stays(
    marta: tuple[FlaskClient, Marta], app: Evenly, db: Database, superuser: Connection, act: str
) -> None:
    _, of = marta
    number = offered(db, of)
    with db.acting() as session:
        other = a_person(session, a_creditor(session), name="Owen Pritchard", mobile="+447700900147")
    answer = post(sign_in(app, db, other), f"/my-plan/{number}/{act}", on="/messages")
    assert answer.status_code == 404
    assert superuser.scalar(text("select state from proposal where id = :id"), {"id": number}) == "submitted"


def test_ones_own_plan_is_not_answered_by_oneself(
    marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection
) -> None:
    browser, of = marta
    number = sent(db, of)
    post(browser, f"/my-plan/{number}/accept", on="/my-plan")
    assert "You made this offer yourself." in browser.get("/my-plan").text
    assert superuser.scalar(text("select count(*) from arrangement")) == 0


def test_a_plan_shows_what_was_paid_to_it(marta: tuple[FlaskClient, Marta], db: Database, clock: SetClock) -> None:
    browser, of = marta
    with db.acting() as session:
        a_plan(session, of.person, of.rent)
        a_payment(session, [(of.rent, 8000)], date(2026, 11, 24), at=clock.at)
    read = words(browser.get("/my-plan").text)
    assert "You have made 1 of 20 payments." in read
    assert "Tue 1 Dec 2026 made" in read
    assert "The next one is £80.00 on Monday 4 January 2027." in read


def test_an_offer_says_what_was_asked_for_and_another_plan_begins_with_that(
    marta: tuple[FlaskClient, Marta], db: Database
) -> None:
    browser, of = marta
    assert 'name="amount" value' not in re.sub(r'(type|id|class)="[^"]*" ', "", browser.get("/plan").text)
    offered(db, of)
    assert "You asked for £80.00 a month." in words(browser.get("/my-plan").text)
    page = re.sub(r'(type|id|class)="[^"]*" ', "", browser.get("/plan?currency=GBP").text)
    assert 'name="amount" value="80.00"' in page and 'name="first-month" value="12"' in page
    assert 'value="80.00"' not in browser.get("/plan?currency=SEK").text
