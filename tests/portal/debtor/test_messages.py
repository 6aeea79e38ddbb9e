"""Messages: one thread over all channels; a person answers or begins; what was read is marked."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from cases.db import Database
from cases.history import Actor
from messaging import answer_by_mail, conversation
from messaging.carriers import Inbound, InboundMail
from portal.app import Evenly
from tests.factories import AT, a_creditor, a_person, a_user
from tests.portal.debtor.conftest import words
from tests.portal.debtor.households import Marta
from tests.portal.doors import post, sign_in


@pytest.fixture
def marta(app: Evenly, db: Database, home_of_marta: Marta) -> tuple[FlaskClient, Marta]:
    return sign_in(app, db, home_of_marta.person), home_of_marta


def answer(db: Database, of: Marta, said: str) -> None:
    """Sam answers from the desk."""
    with db.acting() as session:
        by = Actor("collector", a_user(session, name="Sam Okafor").id)
        conversation.answer(session, person=of.person.id, words=said, key=said, by=by, at=AT)


def test_a_person_can_begin(marta: tuple[FlaskClient, Marta], superuser: Connection) -> None:
    browser, of = marta
    assert "Nothing here yet" in browser.get("/messages").text
    assert post(browser, "/messages", words="Hello.\n\nMy meter showed 7 106.", key="1").status_code == 303
    page = browser.get("/messages").text
    assert "<p>Hello.</p><p>My meter showed 7 106.</p>" in page
    assert "Your message is sent" in page
    assert superuser.scalar(text("select count(*) from work_item where kind = 'message'")) == 1


def test_a_double_click_writes_once(marta: tuple[FlaskClient, Marta], superuser: Connection) -> None:
    browser, _ = marta
    for _ in range(2):
        post(browser, "/messages", words="Hello.", key="the same page")
    assert superuser.scalar(text("select count(*) from said")) == 1


def test_an_answer_is_new_until_it_was_read(
    marta: tuple[FlaskClient, Marta], db: Database, superuser: Connection
) -> None:
    browser, of = marta
    post(browser, "/messages", words="Do I have to pay now?", key="1")
    answer(db, of, "No. Nothing until they have answered.")
    page = browser.get("/messages").text
    assert "Sam, Evenly" in words(page) and "Okafor" not in page, "first names are enough"
    assert "New" in words(page)
    assert "Read on Tuesday 24 November" in words(page), "what I wrote was read by who answered"
    assert superuser.scalar(text("select count(*) from said where side = 'staff' and read_at is null")) == 0
    assert "New" not in words(browser.get("/messages").text)


def test_a_text_stands_in_the_same_thread(marta: tuple[FlaskClient, Marta], db: Database) -> None:
    browser, of = marta
    with db.acting() as session:
        conversation.receive(session, Inbound("SM1", "+447700900146", "+447700900100", "ok thanks"), at=AT)
    assert "You, by text" in words(browser.get("/messages").text)
    assert "ok thanks" in browser.get("/messages").text


def test_a_mail_from_elsewhere_is_not_said_to_be_theirs(marta: tuple[FlaskClient, Marta], db: Database) -> None:
    browser, of = marta
    with db.acting() as session:
        a_person(session, a_creditor(session), ref="ben", name="Ben Hale", email="ben@example.org")
        for n, sender in enumerate(("ben@example.org", "marta@example.org")):
            mail = InboundMail(f"mail:{n}", ("r.x@reply.example.org",), sender, True, f"it was {sender}")
            answer_by_mail.receive(session, mail, person=of.person.id, at=AT)
    said = words(browser.get("/messages").text)
    assert "From an address that we do not know, by email" in said and said.count("You, by email") == 1
    assert said.index("do not know, by email") < said.index("it was ben@") < said.index("You, by email")


def test_the_thread_runs_from_old_to_new_in_pages_of_fifty(marta: tuple[FlaskClient, Marta], db: Database) -> None:
    browser, of = marta
    with db.acting() as session:
        for n in range(60):
            conversation.write(session, person=of.person.id, words=f"note {n:03d}.", key=str(n),
                               by=Actor("debtor", of.person.id), at=AT + timedelta(minutes=n))  # fmt: skip
    page = browser.get("/messages").text
    assert page.index("note 010.") < page.index("note 059.")
    assert "note 009." not in page
    older = page.split('href="/messages?before=', 1)[1].split('"', 1)[0]
    assert "note 000." in browser.get(f"/messages?before={older}").text


@pytest.mark.parametrize(("typed", "remedy"), [("  ", "Write what you want to tell us"), ("x" * 5000, "at most")])
def test_nothing_and_too_much_are_refused_and_stay_typed(
    marta: tuple[FlaskClient, Marta], superuser: Connection, typed: str, remedy: str
) -> None:
    browser, _ = marta
    page = post(browser, "/messages", words=typed, key="1")
    assert page.status_code == 422
    assert remedy in page.text
    assert typed.strip() in page.text
    assert superuser.scalar(text("select count(*) from said")) == 0


def test_markup_in_a_message_is_shown_as_typed(marta: tuple[FlaskClient, Marta]) -> None:
    browser, _ = marta
    post(browser, "/messages", words="<script>alert(1)</script>", key="1")
    page = browser.get("/messages").text
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_nobody_elses_thread_is_seen(marta: tuple[FlaskClient, Marta], app: Evenly, db: Database) -> None:
    browser, of = marta
    post(browser, "/messages", words="A secret of mine.", key="1")
    with db.acting() as session:
        other = a_person(session, a_creditor(session), name="Owen Pritchard", mobile="+447700900147")
    assert "secret" not in sign_in(app, db, other).get("/messages").text
