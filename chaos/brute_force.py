"""`brute-force`: thousands of guesses within an hour, from many addresses, against one and against many.

Somebody knows a person's reference, date of birth and postcode, and guesses the codes; somebody knows a
user's address, or even the password, and guesses the rest; somebody guesses references. The limits
(`portal/knock.py`) say how many of these are looked at in an hour, whatever the number of addresses:

- codes of one person: ten by text and ten by mail, five tries each: a hundred in a million;
- one user, from addresses that are not theirs: a hundred;
- look-ups by one address: twenty.

Wrong is: a guess that got in, more guesses looked at than that, somebody who cannot sign in meanwhile from
a browser of their own, an answer that tells whether there is such a person. The right code is never
guessed by luck here: luck is no finding, and its odds are known.
"""

import os
import random
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import psycopg
import pyotp
from flask.testing import FlaskClient
from sqlalchemy import text

from cases.clock import Clock
from cases.db import Database
from cases.history import Actor
from cases.people.staff import add_user
from chaos._house import standing
from portal import code, logs
from portal.app import Evenly, create_app
from portal.keys import sha256
from portal.passwords import hashed
from portal.settings import libpq_url

ADDRESSES = int(os.environ.get("EVENLY_BRUTE_ADDRESSES", 150))
"""How many addresses each guesser has."""
SEED = 4711

CODES: Final = 100
"""Codes of one person that are looked at in an hour: ten by text and ten by mail, five tries each."""
ONE_USER: Final = 100
"""Tries at one user in an hour, from addresses that are not theirs."""
LOOK_UPS: Final = 20
"""References that one address may try in an hour."""
OWN: Final = "198.51.100.7"
PASSWORD: Final = "a long enough password"


class Hour(Clock):
    """A clock that stands until it is moved: an hour of guessing takes minutes here."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        """The moment to act at."""
        return self.at

    def real(self) -> datetime:
        """The real moment: the same."""
        return self.at


@dataclass(frozen=True)
class Person:
    """Somebody who owes, as whoever has seen a letter knows them."""

    id: int
    reference: str
    born: date
    postcode: str


@dataclass
class Found:
    """What was tried, how much of it was looked at, and what went wrong."""

    tried: int = 0
    looked_at: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def counted(self, what: str, number: int, most: int) -> None:
        """Notes how many were looked at; more than `most` is wrong."""
        self.looked_at[what] = number
        if number > most:
            self.wrong.append(f"{what}: {number} were looked at, not at most {most}")


class Guesser:
    """A browser at an address of its own."""

    def __init__(self, app: Evenly, address: str) -> None:
        self.app, self.browser = app, app.test_client()
        self.browser.environ_base["REMOTE_ADDR"] = address

    def sends(self, path: str, on: str | None = None, **fields: str) -> Any:
        """A form, with the token of its page."""
        return self.browser.post(path, data={"csrf_token": _token(self.browser, on or path)} | fields)

    def asks(self, reference: str, born: date, postcode: str) -> Any:
        """Asks for a code."""
        return self.sends("/sign-in", reference=reference, postcode=postcode,
                          **{"born-day": str(born.day), "born-month": str(born.month), "born-year": str(born.year)})  # fmt: skip

    def signs_in(self, mail: str, password: str, digits: str) -> int:
        """Tries to sign in as a user; the status."""
        return int(self.sends("/staff/sign-in", mail=mail, password=password, code=digits).status_code)

    @property
    def inside(self) -> bool:
        """Whether it is signed in, as anybody."""
        return any(self.browser.get(path).status_code == 200 for path in ("/", "/staff/"))


def guess(
    app: Evenly, db: Database, clock: Hour, person: Person, user: tuple[str, str], *, addresses: int, seed: int = SEED
) -> Found:
    """All guesses of an hour. `user`: address and authenticator's secret of one whose password is `PASSWORD`."""
    found, chance = Found(), random.Random(seed)
    _codes(app, db, clock, person, addresses, chance, found)
    _references(app, person, addresses, chance, found)
    _users(app, clock, user, addresses, chance, found)
    return found


# ---------------------------------------------------------------------------- people who owe


def _codes(
    app: Evenly, db: Database, clock: Hour, person: Person, addresses: int, chance: random.Random, found: Found
) -> None:
    """Guesses one person's codes, by text and by mail, while they have asked for one themselves."""
    own, who = Guesser(app, OWN), (person.reference, person.born, person.postcode)
    own.asks(*who)
    (right,) = _sent(app, db).values()
    for n in range(addresses):
        guesser = Guesser(app, f"203.0.{n // 250}.{n % 250}")
        for again in (False, True):
            answer = guesser.sends("/code/email", on="/code/none") if again else guesser.asks(*who)
            if answer.status_code != 303:
                found.wrong.append(f"who asks for a code is answered {answer.status_code}")
            codes = set(_sent(app, db).values())
            token = _token(guesser.browser, "/code")
            for _ in range(code.TRIES + 1):
                digits = next(d for d in iter(lambda: f"{chance.randrange(10**6):06d}", None) if d not in codes)
                status = guesser.browser.post("/code", data={"csrf_token": token, "code": digits}).status_code
                found.tried += 1
                if status != 422:
                    found.wrong.append(f"a guessed code is answered {status}")
        if guesser.inside:
            found.wrong.append("a guesser is in")
        clock.at += timedelta(minutes=8) / addresses  # the code that the person asked for still lives at the end
    with db.acting() as session:
        looked_at = session.scalar(
            text(
                "select sum(least(tries, :most))::bigint from code_request where code is not null and browser_sha <> :own"
            ),
            {"most": code.TRIES, "own": sha256(_kept(own, "browser"))},
        )
    found.counted("codes of one person", int(looked_at or 0), CODES)
    if own.sends("/code", code=right).status_code != 303 or not own.inside:
        found.wrong.append("the person cannot enter the code that came to them")
    _by_link(app, db, clock, person, found)


def _by_link(app: Evenly, db: Database, clock: Hour, person: Person, found: Found) -> None:
    """All codes by text and mail are burnt: the link of a text still leads in."""
    own = Guesser(app, OWN)
    own.browser.get(f"/l/{app.extensions['keys'].link_token(person.id, clock.real() + timedelta(hours=1))}")
    own.sends("/sign-in/link")
    sent = list(_sent(app, db).values())
    if len(sent) != 1 or own.sends("/code", code=sent[0]).status_code != 303 or not own.inside:
        found.wrong.append("the person cannot sign in by the link of a text")


def _references(app: Evenly, person: Person, addresses: int, chance: random.Random, found: Found) -> None:
    """Guesses references with one date of birth and postcode; now and then one that there is."""
    told: dict[bool, set[tuple[int, str, str]]] = {True: set(), False: set()}
    looked_at = 0
    for n in range(max(addresses // 10, 2)):
        guesser, mine = Guesser(app, f"192.0.2.{n}"), 0
        token = _token(guesser.browser, "/sign-in")
        for turn in range(LOOK_UPS + 5):
            there = turn % 10 == 3
            reference = person.reference if there else f"T{chance.randrange(10**5, 10**6)}"
            fields = {"csrf_token": token, "reference": reference, "postcode": person.postcode, "born-day": str(person.born.day),
                      "born-month": str(person.born.month), "born-year": str(person.born.year)}  # fmt: skip
            answer = guesser.browser.post("/sign-in", data=fields)
            found.tried += 1
            mine += answer.status_code == 303
            if answer.status_code == 303:
                told[there].add((303, answer.location, _alike(guesser.browser.get("/code").text)))
        looked_at = max(looked_at, mine)
    found.counted("references by one address", looked_at, LOOK_UPS)
    if told[True] - told[False]:
        found.wrong.append("an answer tells whether there is such a person")


# ---------------------------------------------------------------------------- users


def _users(
    app: Evenly, clock: Hour, user: tuple[str, str], addresses: int, chance: random.Random, found: Found
) -> None:
    """Guesses a user's password, and, with the right one, the code; and the same of nobody."""
    (mail, secret), own = user, Guesser(app, OWN)
    totp = pyotp.TOTP(secret)
    if own.signs_in(mail, PASSWORD, totp.at(clock.real())) != 303:
        found.wrong.append("the user cannot sign in at first")
    statuses: dict[str, list[int]] = {mail: [], "nobody@chaos.example": []}
    for n in range(addresses):
        guesser = Guesser(app, f"203.1.{n // 250}.{n % 250}")
        for turn in range(6):
            whose = mail if turn % 3 else "nobody@chaos.example"
            right = {totp.at(clock.real() + timedelta(seconds=late)) for late in (-30, 0, 30)}
            digits = next(d for d in iter(lambda: f"{chance.randrange(10**6):06d}", None) if d not in right)
            statuses[whose].append(
                guesser.signs_in(whose, PASSWORD if turn % 2 else f"guess {chance.random()}", digits)
            )
            found.tried += 1
        if guesser.inside:
            found.wrong.append("a guesser is in")
        clock.at += timedelta(minutes=20) / addresses
    if set(statuses[mail]) - {422, 429}:
        found.wrong.append(f"a guess at a user is answered {set(statuses[mail])}")
    found.counted("tries at one user", statuses[mail].count(422), ONE_USER)
    clock.at += timedelta(seconds=31)
    if Guesser(app, OWN).signs_in(mail, PASSWORD, totp.at(clock.real())) != 303:
        found.wrong.append("the user cannot sign in any more where they always do")


# ---------------------------------------------------------------------------- the check


def run() -> Iterator[Mapping[str, Any]]:
    """A person and a user, in a house of their own."""
    logs.configure("error")
    with standing() as house:
        house.processes.clear()
        clock = Hour(datetime(2026, 11, 24, 10, tzinfo=UTC))
        person = _somebody(house.owner)
        database = Database(house.settings.sqlalchemy_url)
        app = create_app(house.settings, database=database, clock=clock)
        app.extensions["wake"] = [].append
        secret = pyotp.random_base32()
        with database.acting() as session:
            add_user(session, mail="priya@chaos.example", name="Priya Chaos", role="collector", password=hashed(PASSWORD),
                     totp=app.extensions["keys"].encrypt(secret), by=Actor("chaos"), at=clock.now())  # fmt: skip
        found = guess(app, database, clock, person, ("priya@chaos.example", secret), addresses=ADDRESSES)
        database.close()
    for each in [*(f"{what}: {number} looked at" for what, number in found.looked_at.items()), *found.wrong]:
        sys.stderr.write(f"  {each}\n")
    yield {"check": "brute-force", "tried": found.tried, "wrong": len(found.wrong), **found.looked_at}


_FILL: Final = """
insert into creditor (id, ref, name, country, currency, zone, recorded_at) overriding system value
  values (1, 'chaos', 'Chaos', 'GB', 'GBP', 'Europe/London', '2026-01-01');
insert into person (id, case_ref, name, name_norm, country, recorded_at) overriding system value
  values (1, 'EV22222222', 'Ada Chaos', 'ada chaos', 'GB', '2026-01-01');
insert into record (creditor_id, system, ref, person_id, name, name_norm, born, postcode, postcode_norm, country, recorded_at)
  values (1, 'chaos', '1', 1, 'Ada Chaos', 'ada chaos', '1984-05-17', 'AB1 2CD', 'AB12CD', 'GB', '2026-01-01');
insert into contact (person_id, creditor_id, source, kind, value, value_norm, as_of, recorded_at)
  select 1, 1, 'creditor', k, v, v, '2026-01-01', '2026-01-01'
  from (values ('mobile', '+447700900146'), ('email', 'ada@chaos.example')) c(k, v);
insert into account (id, creditor_id, system, ref, ref_norm, currency, recorded_at) overriding system value
  values (1, 1, 'chaos', 'T100', 'T100', 'GBP', '2026-01-01');
insert into liability (creditor_id, account_id, person_id, role, recorded_at) values (1, 1, 1, 'holder', '2026-01-01');
"""


def _somebody(owner: str) -> Person:
    with psycopg.connect(libpq_url(owner)) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(_FILL)  # type: ignore[arg-type]
    return Person(1, "T100", date(1984, 5, 17), "AB1 2CD")


def _sent(app: Evenly, db: Database) -> dict[int, str]:
    """What the worker does with requests that wait: messages, and their codes as they are claimed."""
    clock = app.extensions["clock"]
    with db.acting() as session:
        code.plan_codes(session, clock.now(), clock.real())
        waiting = session.scalars(
            text("select r.message_id from code_request r join message m on m.id = r.message_id where r.code is null")
        ).all()
        return code.prepare(session, waiting, clock.real(), keys=app.extensions["keys"])


def _token(browser: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)
    return found[1] if found else secrets.token_hex(4)


def _kept(guesser: Guesser, name: str) -> str:
    with guesser.browser.session_transaction() as kept:
        return str(kept[name])


def _alike(page: str) -> str:
    """A page without what is random in it, and with masked contacts alike."""
    page = re.sub(r'name="csrf_token" value="[^"]+"', "", page)
    page = re.sub(r"ending in <b>\d\d</b>", "", page)
    return re.sub(r">.•••@•••\.[a-z]+<", "", page)


CHECKS = {"brute-force": run}
