"""`twice`, `lost`, `unresolved`, `ledger`: 2,000 texts and 500 card payments while everything falls over.

Web, workers and timetable are killed with -9 all the time, one after another, whatever they are at. In
between the broker forgets everything, the database falls over, the providers are away for half an hour
(half a minute here, as all waits are shortened alike) and then answer 429. Five hundred people pay: they
press again when a page does not come, some press twice, some never come back from the card page; of every
ninth payment the events never come. When all is quiet again, it is counted

- `twice`: texts that the carrier saw more than once, payments booked more than once or otherwise than taken, and
  payments with two receipts;
- `lost`: texts that are neither with the carrier nor accounted for, money taken and not booked, and payments
  booked without a receipt;
- `unresolved`: whatever is still under way, unclear or waiting;
- `ledger`: findings of `verify`.
"""

import asyncio
import http.client
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg
from sqlalchemy import text

from cases import seal
from cases.clock import Clock
from cases.db import Database
from cases.debts.account import Account
from cases.debts.ledger import post
from cases.history import Actor
from cases.people.person import new_case_ref
from cases.verify import verify
from chaos._house import House, standing, until
from chaos._reckoning import reckon
from portal import visit
from portal.app import create_app
from portal.settings import libpq_url

SENDS = int(os.environ.get("EVENLY_BENCH_SENDS", 2_000))
PAYMENTS = int(os.environ.get("EVENLY_BENCH_PAYMENTS", 500))
CARD = "4242424242424242"
UNHEARD = "4000000000009052"
"""A card of which no event ever comes."""

_FILL = """
insert into creditor (id, ref, name, country, currency, zone, recorded_at) overriding system value
  values (1, 'chaos', 'Chaos', 'GB', 'GBP', 'Europe/London', '2026-11-24');
insert into person (id, case_ref, name, name_norm, country, recorded_at) overriding system value
  select n, r, 'Ada Chaos', 'ada chaos', 'GB', '2026-11-24' from unnest(%(refs)s::text[]) with ordinality x(r, n);
insert into record (creditor_id, system, ref, person_id, name, name_norm, postcode, postcode_norm, country, recorded_at)
  select 1, 'chaos', id, id, 'Ada Chaos', 'ada chaos', 'AB1 2CD', 'AB12CD', 'GB', '2026-11-24' from person;
insert into contact (person_id, creditor_id, source, kind, value, value_norm, as_of, recorded_at)
  select id, 1, 'creditor', 'mobile', m, m, '2026-11-24', '2026-11-24'
  from person cross join lateral (select '+4477' || lpad(id::text, 8, '0') as m) x;
insert into account (id, creditor_id, system, ref, ref_norm, currency, recorded_at) overriding system value
  select id, 1, 'chaos', 'A' || id, 'A' || id, 'GBP', '2026-11-24' from person where id <= %(payers)s;
insert into account_terms (creditor_id, account_id, debt_type, opened_on, recorded_at)
  select 1, id, 'rent', '2026-01-01', '2026-11-24' from account;
insert into liability (creditor_id, account_id, person_id, role, recorded_at)
  select 1, id, id, 'holder', '2026-11-24' from account;
"""
_PLAN = """
insert into message (person_id, channel, template, not_before, planned_at)
  select id, 'sms', 'answer_waits', '2026-11-24 09:30+00', '2026-11-24 09:30+00' from person;
insert into reason (cause, subject, step, person_id, channel, message_id)
  select 'history:' || id, 'person:' || person_id, 'chaos', person_id, 'sms', id from message;
"""


def run() -> Iterator[Mapping[str, Any]]:
    """The whole rehearsal."""
    chance = random.Random(4711)
    with standing(workers=2) as house:
        cookies = _fill(house)
        house.control("numbers/default", {"step_ms": 200})
        for name in ("web", "worker", "worker-2", "timetable"):
            house.processes[name].start()
        until(lambda: _open(house), "the portal")
        began = time.monotonic()
        asyncio.run(_story(house, cookies, chance))
        _say(f"the people are done after {time.monotonic() - began:.0f} s; waiting until all is quiet")
        try:
            until(lambda: _quiet(house), "quiet", 240)
        except RuntimeError as late:
            _say(f"{late}: {_unresolved(house)}")
        _say(f"quiet after {time.monotonic() - began:.0f} s")
        kills = sum(process.died for process in house.processes.values())
        counted = _count(house)
        for line in counted:
            yield line | {"kills": kills}


# ---------------------------------------------------------------------------- the people


def _fill(house: House) -> list[str]:
    """People with a number and a waiting text each, debts for those who pay, and their cookies."""
    with psycopg.connect(libpq_url(house.owner)) as connection:
        connection.execute("set session_replication_role = replica")
        given = {"refs": [new_case_ref() for _ in range(SENDS)], "payers": PAYMENTS}
        for statement in (_FILL + _PLAN).split(";\n"):
            if statement.strip():
                connection.execute(statement, given if "%(" in statement else None)  # type: ignore[arg-type]
    database = Database(house.settings.sqlalchemy_url)
    app = create_app(house.settings, database=database)
    clock = Clock(house.settings.clock_file)
    signed = app.session_interface.get_signing_serializer(app)
    assert signed is not None
    with database.acting() as session:
        for account in session.query(Account).order_by(Account.id):
            post(session, account, "charge", 100_00 + account.id, value_date=clock.now().date(), key=f"charge {account.id}",
                 by=Actor("chaos"), at=clock.now())  # fmt: skip
        for person in range(1, PAYMENTS + 1):
            visit.start(session, token=f"chaos-{person}", now=clock.real(), person=person)
    database.close()
    name = app.config["SESSION_COOKIE_NAME"]
    return [f"{name}={signed.dumps({'_user_id': f'chaos-{person}'})}" for person in range(1, PAYMENTS + 1)]


async def _story(house: House, cookies: list[str], chance: random.Random) -> None:
    """The people pay, a few at a time, while things fall over."""
    done = asyncio.Event()
    gate = asyncio.Semaphore(6)

    async def one(n: int, cookie: str) -> None:
        async with gate:
            await Payer(house, n, cookie, random.Random(n)).pays()

    trouble = asyncio.create_task(_trouble(house, done, chance))
    await asyncio.gather(*(one(n, cookie) for n, cookie in enumerate(cookies, 1)))
    done.set()
    await trouble


class Payer:
    """One person who pays all that is owed, and presses again until it has worked."""

    def __init__(self, house: House, number: int, cookie: str, chance: random.Random) -> None:
        self.house, self.number, self.cookie, self.chance = house, number, cookie, chance

    async def pays(self) -> None:
        """From the first page to the card, and mostly back."""
        button = await self._until_there(self._button)
        if self.chance.random() < 0.3:  # a double click
            await asyncio.gather(self._begin(button), self._begin(button), return_exceptions=True)
        address = await self._until_there(lambda: self._begin(button))
        session = urlsplit(address).path.rpartition("/")[2]
        card = UNHEARD if self.number % 9 == 0 else CARD
        await self._until_there(lambda: self._paid(session, card))
        if self.chance.random() < 0.7:
            await self._until_there(self._comes_back)

    async def _button(self) -> str | None:
        """What the button carries."""
        page = await self._ask("GET", "/pay")
        token = _named(page, "csrf_token")
        form = {"csrf_token": token, "currency": "GBP", "what": "overdue" if 'value="overdue"' in page else "all"}
        looked = await self._ask("POST", "/pay", urlencode(form))
        found = re.search(r'action="/pay/begin">(.*?)</form>', looked, re.S)
        if not found:
            return None
        return urlencode([(name, unescape(value)) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', found[1])])

    async def _begin(self, button: str) -> str | None:
        """Presses it; the card page's address, once it leads there."""
        location = await self._ask("POST", "/pay/begin", button, location=True)
        return location if "/checkout/" in location else None

    async def _paid(self, session: str, card: str) -> bool:
        answer = await asyncio.to_thread(self.house.control, f"checkout/{session}/pay", {"card": card})
        return answer.get("outcome") in ("paid", "complete")

    async def _comes_back(self) -> bool:
        return "Sign out" in await self._ask("GET", "/payments")

    async def _until_there(self, act: Any) -> Any:
        """Tries until it works: the page may be away for a while."""
        end = time.monotonic() + 200
        while True:
            try:
                found = await act()
            except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError, EOFError):
                found = None
            if found:
                return found
            if time.monotonic() > end:
                raise RuntimeError(f"person {self.number} never got through")
            await asyncio.sleep(self.chance.uniform(0.2, 1.0))

    async def _ask(self, method: str, path: str, body: str = "", *, location: bool = False) -> str:
        """One request; the page, or where it leads. ValueError for anything but a page or a way on."""
        port = self.house.settings.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        try:
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {self.cookie}\r\nConnection: close\r\n"
            if body:
                head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            writer.write((head + "\r\n" + body).encode())
            answer = await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()
        top, _, rest = answer.decode("utf-8", "replace").partition("\r\n\r\n")
        status = top.split(" ", 2)[1] if " " in top else ""
        if status not in ("200", "303"):
            raise ValueError(status)
        for line in top.split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                self.cookie = value.split(";")[0]
            if name.lower() == "location" and location:
                return value
        return "" if location else rest


def _named(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    if not found:
        raise ValueError(f"no {name} on the page")
    return found[1]


# ---------------------------------------------------------------------------- the trouble


async def _trouble(house: House, done: asyncio.Event, chance: random.Random) -> None:
    """Kills one process after another, and now and then something larger."""
    larger = [_broker, _database, _providers, _too_many]
    began, turn = time.monotonic(), 0
    while not done.is_set() or larger:
        # Whoever was killed last is up again and at work: a kill while it still starts would try nothing.
        await asyncio.to_thread(until, lambda: _open(house), "the portal")
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        process = house.processes[("worker", "web", "worker-2", "timetable")[turn % 4]]
        turn += 1
        await asyncio.to_thread(process.kill)
        process.start()
        if turn % 8 == 0:
            _say(_progress(house))
        if larger and time.monotonic() - began > 25:
            began = time.monotonic()
            await larger.pop(0)(house)


def _progress(house: House) -> str:
    try:
        texts = dict(house.rows("select state, count(*) from message group by 1"))
        return f"texts {texts}, attempts {dict(house.rows('select state, count(*) from payment_attempt group by 1'))}"
    except psycopg.Error:
        return "the database does not answer"


async def _broker(house: House) -> None:
    _say("the broker forgets everything")
    await asyncio.to_thread(house.flush_broker)


async def _database(house: House) -> None:
    _say("the database falls over")
    house.restart_database()  # in this thread: a server ends with the thread that started it


async def _providers(house: House) -> None:
    _say("the providers are away for half an hour, which here is half a minute")
    await asyncio.to_thread(house.processes["pretend"].kill)
    await asyncio.sleep(30)
    house.processes["pretend"].start()


async def _too_many(house: House) -> None:
    _say("the providers answer 429")
    await asyncio.to_thread(house.control, "numbers/default", {"step_ms": 200, "too_many": 300})
    await asyncio.to_thread(house.control, "stripe", {"too_many": 60})


def _open(house: House) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", house.settings.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _quiet(house: House) -> bool:
    """Whether nothing has been under way for some seconds: what is told late comes within them."""
    for _ in range(6):
        if _unresolved(house):
            return False
        time.sleep(1)
    return True


# ---------------------------------------------------------------------------- the count


def _unresolved(house: House) -> dict[str, int]:
    """What is still under way, by what it is; nothing when all is quiet."""
    questions = {
        "messages under way": "select count(*) from message where state in ('planned', 'sending')",
        "messages unclear without a person": "select count(*) from message m where state = 'uncertain' and not exists"
        " (select from work_item w where w.subject = 'message:' || m.id)",
        "letters": "select count(*) from document where state = 'asked'",
        "payments under way": "select count(*) from payment_attempt where state in ('started', 'open', 'coming')",
        "events": "select (select count(*) from payment_event where applied_at is null)"
        " + (select count(*) from carrier_event where applied_at is null)",
    }
    found = {what: house.one(question) for what, question in questions.items()}
    return {what: count for what, count in found.items() if count}


def _count(house: House) -> list[dict[str, Any]]:
    found = reckon(house.control("log"), house.rows)
    database = Database(house.settings.sqlalchemy_url)
    with database.acting() as session:
        seal.close_block(session)
    with database.acting() as session:
        findings = verify(session).findings
        owed = session.scalar(text("select coalesce(sum(amount), 0)::bigint from entry"))
    database.close()
    for finding in findings:
        _say(f"verify: {finding}")
    paid = sum(found.taken.values())
    charged = sum(100_00 + n for n in range(1, PAYMENTS + 1))
    if owed != charged - paid:
        _say(f"owed {owed}, charged {charged}, taken {paid}")
    unresolved = _unresolved(house)
    states = Counter(found.messages.values())
    _say(f"texts {dict(states)}, attempts {dict(house.rows('select state, count(*) from payment_attempt group by 1'))}")
    tried = len(found.messages) + len(found.taken)
    return [
        {"check": "twice", "tried": tried, "wrong": found.twice()},
        {"check": "lost", "tried": tried, "wrong": found.lost()},
        {"check": "unresolved", "tried": tried, "wrong": sum(unresolved.values()), **unresolved},
        {"check": "ledger", "tried": len(found.booked), "wrong": len(findings) + int(owed != charged - paid)},
    ]


def _say(words: str) -> None:
    sys.stderr.write(f"  {words}\n")


CHECKS = {"faults": run}
