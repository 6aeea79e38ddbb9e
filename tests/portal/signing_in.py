"""Somebody who signs in: Marta, and the steps."""

import pytest
from flask.testing import FlaskClient

from cases.db import Database
from cases.people.person import Person
from portal.app import Evenly
from tests.factories import a_creditor, a_person, an_account
from tests.portal.doors import (
    codes_sent,
    find,
    post,
)


@pytest.fixture
def marta(db: Database) -> Person:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146", email="marta@example.org")
        an_account(session, creditor, person, ref="TW 14/7")
        return person


def asked(app: Evenly, person: Person | str, **details: str) -> FlaskClient:
    """A browser that has asked for a code."""
    browser = app.test_client()
    reference = person if isinstance(person, str) else person.case_ref
    assert find(browser, reference, **details).status_code == 303
    return browser


def enter(browser: FlaskClient, digits: str) -> int:
    """The status of trying a code."""
    return post(browser, "/code", code=digits).status_code


def the_code(app: Evenly, db: Database) -> str:
    (digits,) = codes_sent(app, db).values()
    return digits
