"""Who visits the application, and what each of them was shown: forms and links to send back spoilt.

*Visitor*: somebody with a session cookie, as keepers name them; *nobody* may be half signed in.
"""

import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from flask import session as cookie_session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import text
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from cases.db import Database
from cases.people.contact import live_contacts, receiving
from chaos._asking import Page
from portal import code, visit
from portal.app import Evenly
from portal.settings import Settings

KEPT = 40
"""So many forms and links of a page are remembered, the newest."""


@dataclass
class Visitor:
    """Somebody with a session cookie. `kind` is as keepers name it."""

    kind: str
    renew: Callable[[], str]
    cookie: str = ""


@dataclass(frozen=True)
class Known:
    """A form or a link that a visitor was shown: where it goes, and the values that each field may have."""

    whose: Visitor
    target: str
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass
class World:
    """The application, who visits it, and what of its own it knows by number."""

    app: Evenly
    db: Database
    visitors: list[Visitor]
    ids: dict[str, list[str]]
    token: str
    forms: dict[str, deque[Known]] = field(default_factory=dict)
    links: dict[str, deque[Known]] = field(default_factory=dict)
    nights: int = 0

    @property
    def settings(self) -> Settings:
        """The application's settings."""
        found: Settings = self.app.extensions["settings"]
        return found

    def learn(self, visitor: Visitor, page: str, at: str) -> None:
        """Remembers the forms and links of the page at this address."""
        read = Page()
        read.feed(page)
        for method, action, fields in read.forms:
            target = action.partition("#")[0] or at
            if (where := self._where(target, method)) is not None:
                known = Known(visitor, target, tuple((name, tuple(values)) for name, values in fields.items()))
                (self.forms if method == "POST" else self.links).setdefault(where, deque(maxlen=KEPT)).append(known)
        for target in read.links:
            if (where := self._where(target, "GET")) is not None:
                self.links.setdefault(where, deque(maxlen=KEPT)).append(Known(visitor, target))

    def _where(self, target: str, method: str) -> str | None:
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(urlsplit(target).path, method=method)
        except (HTTPException, RequestRedirect):
            return None
        return str(endpoint)


def world_of(app: Evenly, db: Database, *, people: Sequence[int], users: Mapping[str, int]) -> World:
    """A world over an application with a filled database: `people` who owe, and a user (id) of each role."""
    signed = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    assert signed is not None
    name, secret = app.config["SESSION_COOKIE_NAME"], secrets.token_hex(20)
    with app.test_request_context():
        cookie_session["csrf_token"] = secret
        token = generate_csrf()
    keys, now = app.extensions["keys"], app.extensions["clock"].real

    def cookie(**given: object) -> str:
        return f"{name}={signed.dumps({'csrf_token': secret} | given)}"

    def signed_in(**whose: int) -> str:
        made = secrets.token_urlsafe(32)
        with db.acting() as session:
            visit.start(session, token=made, now=now(), **whose)
        return cookie(_user_id=made)

    def half(person: int) -> str:
        browser, who = secrets.token_urlsafe(32), keys.lasting("who", f"person:{person}")
        with db.acting() as session:
            to = code.way(receiving(session, live_contacts(session, [person]), now()), None, who)
            code.ask(session, browser=browser, person=person, to=to, allowed=True, now=now())
        return cookie(browser=browser, who=keys.encrypt(who.hex(), "who"), by_link=False)

    visitors = [
        Visitor("nobody", cookie),
        Visitor("nobody", lambda: half(people[0])),
        Visitor(
            "nobody",
            lambda: cookie(link=keys.link_token(people[0], datetime.max.replace(tzinfo=now().tzinfo, year=2100))),
        ),
        *(Visitor("debtor", lambda person=person: signed_in(person=person)) for person in people),  # type: ignore[misc]
        *(Visitor(role, lambda user=user: signed_in(staff=user)) for role, user in users.items()),  # type: ignore[misc]
    ]
    for visitor in visitors:
        visitor.cookie = visitor.renew()
    return World(app, db, visitors, _ids(db), token)


_BUSY = (
    "select person_id from proposal union select person_id from work_item union select person_id from payment_attempt"
)
_IDS: dict[str, str] = {
    "account": "select id from account",
    "proposal": "select id from proposal",
    "number": "select id from proposal union select id from payment_attempt",
    "item": "select id from work_item",
    "message": "select id from message",
    "attempt": "select id from payment_attempt",
    "ref": f"select case_ref from person where id in ({_BUSY} limit 8)",
}
"""The numbers that stand in addresses; cases in which there is something to do."""


def _ids(db: Database) -> dict[str, list[str]]:
    with db.acting() as session:
        return {
            name: [str(found) for found in session.scalars(text(f"select * from ({sql}) x order by 1 limit 50"))]
            for name, sql in _IDS.items()
        }
