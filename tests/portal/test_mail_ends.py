"""The link that ends mail: opening it changes nothing, one request ends mail, and nothing else does."""

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

from cases.clock import Clock
from cases.db import Database
from cases.people import permission
from messaging import outbox
from portal import wiring
from portal.mail_ends import ENDS
from tests.messaging.mails import ADDRESS, both, rows, with_mailbox
from tests.messaging.rounds import told
from tests.messaging.texts import NUMBER, a_message
from tests.portal.doors import logged, the_app

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def person(db: Database) -> int:
    return with_mailbox(db)


@pytest.fixture
def where(db: Database, clock: Clock, person: int, superuser: Connection) -> str:
    """The address as it stands in a mail, without our host."""
    app = the_app(db, clock)
    voice = wiring.voice(app.extensions["settings"], app.extensions["keys"])
    (contact,) = rows(superuser, "select id from contact where kind = 'email'")[0]
    assert voice.ends_at is not None
    return voice.ends_at(contact).removeprefix(app.extensions["settings"].public_url)


@pytest.fixture
def browser(db: Database, clock: Clock) -> FlaskClient:
    return the_app(db, clock).test_client()


def stopped(db: Database) -> bool:
    with db.acting() as session:
        return bool(permission.withdrawn(session, "email", [ADDRESS]))


def test_opening_the_link_changes_nothing_and_one_request_ends_mail_once(
    db: Database, where: str, browser: FlaskClient, superuser: Connection, person: int
) -> None:
    for _ in range(2):
        page = browser.get(where).get_data(as_text=True)
        assert "Stop our emails" in page and ADDRESS not in page
    assert not stopped(db)
    for _ in range(3):
        answer = browser.post(where, data=ONE_CLICK)
        assert answer.status_code == 200 and "m•••@•••.org" in answer.get_data(as_text=True)
    assert stopped(db)
    ((_, facts),) = told(superuser, "permission.withdrawn")
    assert facts == {"channel": "email", "because": "link"}
    assert rows(superuser, "select actor, person_id from history where kind = 'permission.withdrawn'") == [
        (f"debtor:{person}", person)
    ]


def test_the_page_itself_sends_what_a_mail_program_sends(where: str, browser: FlaskClient, db: Database) -> None:
    page = browser.get(where).get_data(as_text=True)
    assert '<input type="hidden" name="List-Unsubscribe" value="One-Click">' in page
    answer = browser.post(where, data=ONE_CLICK, content_type="multipart/form-data")
    assert answer.status_code == 200 and stopped(db)


@pytest.mark.parametrize("form", [{}, {"List-Unsubscribe": "x"}, {"other": "One-Click"}])
def test_another_form_ends_nothing(form: dict[str, str], where: str, browser: FlaskClient, db: Database) -> None:
    assert browser.post(where, data=form).status_code == 400
    assert not stopped(db)


def test_a_changed_link_is_not_found(where: str, browser: FlaskClient, db: Database) -> None:
    mark = where.rpartition("/")[2]
    for n in range(len(mark)):
        other = mark[:n] + ("a" if mark[n] != "a" else "b") + mark[n + 1 :]
        assert browser.post(f"/u/{other}", data=ONE_CLICK).status_code == 404
    for other in ("", "x", mark + "a", "\N{SNOWMAN}" * 24):
        assert browser.post(f"/u/{other}", data=ONE_CLICK).status_code in (404, 405)
    assert not stopped(db)


def test_a_mark_for_another_purpose_or_another_kind_of_contact_ends_nothing(
    db: Database, clock: Clock, browser: FlaskClient, superuser: Connection, person: int
) -> None:
    keys = the_app(db, clock).extensions["keys"]
    (mail,), (mobile,) = (rows(superuser, f"select id from contact where kind = '{kind}'")[0] for kind in ("email", "mobile"))
    for mark in (keys.mark("r.", mail), keys.mark(ENDS, mobile), keys.mark(ENDS, 2**39)):
        assert browser.post(f"/u/{mark}", data=ONE_CLICK).status_code == 404
    assert not stopped(db)


def test_after_it_texts_and_codes_go_on(
    db: Database, at: datetime, where: str, browser: FlaskClient, person: int, superuser: Connection
) -> None:
    browser.post(where, data=ONE_CLICK)
    (contact,) = rows(superuser, "select id from contact where kind = 'email'")[0]
    with db.acting() as session:
        outbox.write(session, person=person, channel="email", template="code", contact=contact, cause="sign_in:1",
                     subject="person:1", step="code", at=at, not_after=at + timedelta(minutes=10))  # fmt: skip
    a_message(db, at, person)
    with both(db, at) as (worker, trays):
        worker.deliver()
    assert trays.taken() == [("sms", NUMBER), ("email", ADDRESS)]
    assert (trays.mails.taken[0][1].unsubscribe, trays.mails.taken[0][1].reply_to) == ("", "")


def test_the_link_is_in_no_log(where: str, browser: FlaskClient) -> None:
    with logged() as out:
        browser.get(where)
        browser.post(where, data=ONE_CLICK)
    assert where.rpartition("/")[2] not in out.getvalue()
