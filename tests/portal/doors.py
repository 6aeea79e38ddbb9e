"""The portal with a database behind it: an application, browsers, people who can sign in."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import event, text

from cases.clock import Clock
from cases.db import Database
from cases.people.person import Person
from cases.people.staff import User, add_user
from portal import code, logs, visit
from portal.app import Evenly, create_app
from portal.passwords import hashed
from tests.factories import AT, BY
from tests.portal.face import face_settings

PASSWORD = "a long enough password"


class SetClock(Clock):
    """A clock that stands where a test sets it: the moment of the demo, and the real one."""

    def __init__(self, at: datetime = AT) -> None:
        super().__init__()
        self.at = self.true = at

    def now(self) -> datetime:
        """The moment to act at."""
        return self.at

    def real(self) -> datetime:
        """The real moment."""
        return self.true

    def pass_by(self, **time: float) -> None:
        """Lets time go by, for both."""
        self.at += timedelta(**time)
        self.true += timedelta(**time)


def an_app(db: Database, clock: Clock, var: Path, **changed: object) -> Evenly:
    """The application over a test's database."""
    return create_app(face_settings(var, **changed), clock=clock, database=db)


_SHARED: dict[Database, Evenly] = {}


def the_app(db: Database, clock: Clock) -> Evenly:
    """The application that the tests of this process share, with this test's clock: making one takes a while."""
    if db not in _SHARED:
        _SHARED[db] = an_app(db, clock, Path(tempfile.mkdtemp(prefix="evenly-test-")), stripe_base_url="http://127.0.0.1:9",
                             stripe_api_key="sk_test_x", stripe_webhook_secrets=("whsec_x",))  # fmt: skip
    app = _SHARED[db]
    app.extensions["clock"] = clock
    app.extensions["wake"] = [].append
    return app


def token_of(page: str) -> str:
    """The CSRF token of a page's first form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


def post(browser: FlaskClient, path: str, *, on: str | None = None, **fields: object) -> object:
    """Posts a form as a browser does: from the page `on` (the same address unless said), with its token."""
    page = browser.get(on or path).get_data(as_text=True)
    return browser.post(path, data={"csrf_token": token_of(page)} | fields)


def find(browser: FlaskClient, reference: str, born: str = "1984-05-17", postcode: str = "AB1 2CD") -> object:
    """The first step of signing in."""
    year, month, day = born.split("-")
    return post(browser, "/sign-in", reference=reference, postcode=postcode,
                **{"born-day": day, "born-month": month, "born-year": year})  # fmt: skip


def codes_sent(app: Evenly, db: Database) -> dict[int, str]:
    """What the worker does with requests that wait: messages, and their codes as they are claimed."""
    clock = app.extensions["clock"]
    with db.acting() as session:
        code.plan_codes(session, clock.now(), clock.real())
        waiting = session.scalars(
            text("select r.message_id from code_request r join message m on m.id = r.message_id where r.code is null")
        ).all()
        return code.prepare(session, waiting, clock.real(), keys=app.extensions["keys"])


def sign_in(app: Evenly, db: Database, person: Person) -> FlaskClient:
    """A browser in which this person is signed in already: what follows is what a test is about."""
    return _visiting(app, db, person=person.id)


def visit_as(app: Evenly, db: Database, user: int) -> FlaskClient:
    """A browser in which this user is signed in already."""
    return _visiting(app, db, staff=user)


def sign_in_by_code(
    app: Evenly, db: Database, person: Person, *, born: str = "1984-05-17", postcode: str = "AB1 2CD"
) -> FlaskClient:
    """A browser in which this person has signed in by a code that was sent to them."""
    browser = app.test_client()
    assert find(browser, person.case_ref, born, postcode).status_code == 303
    (digits,) = codes_sent(app, db).values()
    assert post(browser, "/code", code=digits).status_code == 303
    return browser


def _visiting(app: Evenly, db: Database, **whose: int) -> FlaskClient:
    token = secrets.token_urlsafe(32)
    with db.acting() as session:
        visit.start(session, token=token, now=app.extensions["clock"].real(), **whose)
    browser = app.test_client()
    with browser.session_transaction() as kept:
        kept["_user_id"], kept["_fresh"] = token, True
    return browser


def a_staff_member(
    db: Database, app: Evenly, *, role: str = "collector", mail: str = "priya@example.org", name: str = "Priya Nand"
) -> tuple[User, str]:
    """A user who can sign in, and the secret of the authenticator app."""
    secret = pyotp.random_base32()
    with db.acting() as session:
        user = add_user(session, mail=mail, name=name, role=role, password=hashed(PASSWORD),
                        totp=app.extensions["keys"].encrypt(secret), by=BY, at=AT)  # fmt: skip
    return user, secret


def staff_sign_in(app: Evenly, mail: str, secret: str, *, password: str = PASSWORD, digits: str | None = None,
                  browser: FlaskClient | None = None) -> tuple[FlaskClient, object]:  # fmt: skip
    """A browser that tries to sign in as a user, and the answer."""
    browser = browser or app.test_client()
    now = app.extensions["clock"].real().timestamp()
    answer = post(browser, "/staff/sign-in", mail=mail, password=password,
                  code=digits or pyotp.TOTP(secret).at(int(now)))  # fmt: skip
    return browser, answer


@contextmanager
def logged(level: str = "debug") -> Iterator[StringIO]:
    """What is written to the logs meanwhile."""
    out = StringIO()
    logs.configure(level, stream=out)
    try:
        yield out
    finally:
        logs.configure("warning")


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """Every statement that runs meanwhile, as it is sent; who asks (`set_config`) is not counted."""
    ran: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "set_config('role'" not in statement:
            ran.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def said_alike(pages: Sequence[str]) -> list[str]:
    """Pages without what is random in them: tokens; and with masked contacts alike."""
    alike = []
    for page in pages:
        page = re.sub(r'name="csrf_token" value="[^"]+"', 'name="csrf_token"', page)
        page = re.sub(r"ending in <b>\d\d</b>", "ending in <b>NN</b>", page)
        alike.append(re.sub(r">.•••@•••\.[a-z]+<", ">MAIL<", page))
    return alike
