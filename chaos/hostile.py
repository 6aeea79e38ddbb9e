"""`hostile`: ten thousand requests that nobody means well, against the whole application.

Visitors of every kind ask: nobody, somebody half signed in, people who owe, users of every role, carriers
and the card processor with a right signature over rubbish. Every page that is answered teaches what its
forms and links are, so each form is sent back with something wrong in it: a field missing, doubled, huge,
of another kind, in another wrapping; addresses with ids that no row has; headers, cookies and methods that
lie; tokens right and wrong. Half of it meets a card processor and carriers that cannot be reached. Some
hundreds go over a real connection to the real server. What signed rubbish was kept is applied at the end.

Wrong is: an answer of 500 or more, or none; an answer that leads to a host that we do not know, that sets
a header of ours, or that shows our markup alive; a signed event that cannot be got out of
the way; and a ledger or history that does not hold afterwards.

The same number (EVENLY_HOSTILE_SEED) gives the same requests. Each that went wrong is told with what makes
it again: its number, its address, what was sent in which field; nobody's data.
"""

import os
import random
import re
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pyotp
import stripe
from sqlalchemy import text
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from cases import seal
from cases.db import Database
from cases.history import Actor
from cases.people.staff import USER_ROLES, add_user
from cases.verify import verify
from chaos import _rubbish as rubbish
from chaos._asking import Answer, Ask, over_http, over_wsgi, wrong_with
from chaos._house import House, standing, until
from chaos._rubbish import Pairs
from chaos._visitors import Visitor, World, world_of
from portal import logs, wiring
from portal.access import keeper_of
from portal.app import create_app
from portal.demo.story import load_book
from portal.passwords import hashed

REQUESTS = int(os.environ.get("EVENLY_HOSTILE_REQUESTS", 10_000))
OVER_HTTP = int(os.environ.get("EVENLY_HOSTILE_OVER_HTTP", 400))
SEED = int(os.environ.get("EVENLY_HOSTILE_SEED", 4711))
NIGHTS = 2
"""How many times the demo's day is moved: each time all that is due is done."""
PEOPLE = 6


class Hostile:
    """Makes requests, one after another, from one number."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed, self.chance = world, seed, random.Random(seed)
        self.made = 0
        self.rules = sorted(
            ((method, rule.rule, rule.endpoint) for rule in world.app.url_map.iter_rules()
             for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}),
        )  # fmt: skip

    def looking_around(self) -> Iterator[tuple[Ask, Visitor]]:
        """Every page once, by those who may come: what is learned is what is spoilt later."""
        for method, rule, endpoint in self.rules:
            keeper = keeper_of(self.world.app.view_functions[endpoint])
            for visitor in self.world.visitors:
                if method == "GET" and keeper and (not keeper.roles or visitor.kind in keeper.roles):
                    yield self._ask("GET", self._target(rule, well=True), visitor, spoil=False), visitor

    def next(self) -> tuple[Ask, Visitor]:
        """The next request, and who asks."""
        draw = self.chance.random()
        if draw < 0.5 and self.world.forms:
            return self._form()
        if draw < 0.65 and self.world.links:
            return self._link()
        if draw < 0.73:
            return self._signed()
        if draw < 0.79:
            visitor = self.chance.choice(self.world.visitors)
            return self._ask(self.chance.choice(("GET", "POST")), rubbish.path(self.chance), visitor), visitor
        method, rule, endpoint = self.chance.choice(self.rules)
        visitor = self._visitor(endpoint)
        fields: Pairs = [
            ("csrf_token", self.world.token),
            *((rubbish.word(self.chance), rubbish.word(self.chance)) for _ in range(self.chance.randrange(4))),
        ]
        return self._ask(
            method, self._target(rule), visitor, fields=fields if method == "POST" else None, name=endpoint
        ), visitor

    def _form(self) -> tuple[Ask, Visitor]:
        endpoint = self.chance.choice(sorted(self.world.forms))
        known = self.chance.choice(self.world.forms[endpoint])
        visitor = known.whose if self.chance.random() < 0.9 else self.chance.choice(self.world.visitors)
        fields: Pairs = [(name, value) for name, values in known.fields for value in self._filled(name, values)]
        if self.chance.random() < 0.8:
            fields = rubbish.spoilt(fields, self.chance)
        return self._ask("POST", known.target, visitor, fields=fields, name=endpoint), visitor

    def _filled(self, name: str, values: Sequence[str]) -> Sequence[str]:
        """A field as somebody might fill it in."""
        if name == "csrf_token":
            return [
                self.world.token
                if self.chance.random() < 0.9
                else self.chance.choice(("", "x", self.world.token[:-1], "a" * 4000))
            ]
        offered = [value for value in values if value]
        if offered:
            return self.chance.sample(offered, min(len(offered), self.chance.choice((1, 1, 1, 2))))
        ends = {"day": ("1", "12", "28"), "month": ("11", "12", "1"), "year": ("2026", "2027")}
        likely = ends.get(name.rpartition("-")[2], ("10.00", "62", "5", "a few words", "482106"))
        return [self.chance.choice(likely)]

    def _link(self) -> tuple[Ask, Visitor]:
        endpoint = self.chance.choice(sorted(self.world.links))
        known = self.chance.choice(self.world.links[endpoint])
        fields: Pairs = [(name, value) for name, values in known.fields for value in self._filled(name, values)]
        given = rubbish.spoilt(
            [
                *fields,
                (
                    self.chance.choice(("kind", "currency", "what", "page", "q", "next", "older", "from")),
                    rubbish.word(self.chance),
                ),
            ],
            self.chance,
        )
        mark = "&" if "?" in known.target else "?"
        return self._ask(
            "GET", known.target + mark + rubbish.encoded(given).decode(), known.whose, name=endpoint
        ), known.whose

    def _signed(self) -> tuple[Ask, Visitor]:
        """Carriers and the processor, whose keys somebody has got hold of."""
        nobody, settings, chance = self.world.visitors[0], self.world.settings, self.chance
        if chance.random() < 0.5:
            raw = rubbish.event(chance, self.world.ids["attempt"])
            at = int(self.world.app.extensions["clock"].real().timestamp()) + chance.choice((0, 0, 0, 0, 9999))
            made = (
                stripe.WebhookSignature._compute_signature(
                    f"{at}.{raw.decode('utf-8', 'surrogateescape')}", settings.stripe_webhook_secrets[0]
                )
                if _is_text(raw)
                else "00"
            )
            header = ("Stripe-Signature", f"t={at},v1={made}")
            return self._ask(
                "POST", "/hooks/stripe", nobody, body=("application/json", raw), also=(header,), name="stripe"
            ), nobody
        fields = rubbish.report(chance, self.world.ids["message"])
        plain = rubbish.encoded(fields)
        query = "?" + rubbish.encoded([(name, value) for name, value in fields if name == "m"]).decode()
        target = chance.choice(("/hooks/twilio/status", "/hooks/twilio/inbound")) + query
        form = MultiDict((_as_text(name), _as_text(value)) for name, value in fields)
        signature = RequestValidator(settings.twilio_auth_tokens[0]).compute_signature(
            settings.public_url + target, form
        )
        kind = chance.choice(("application/x-www-form-urlencoded",) * 9 + ("text/plain",))
        return self._ask(
            "POST", target, nobody, body=(kind, plain), also=(("X-Twilio-Signature", signature),), name="twilio"
        ), nobody

    def _visitor(self, endpoint: str) -> Visitor:
        keeper = keeper_of(self.world.app.view_functions[endpoint])
        admitted = [each for each in self.world.visitors if keeper and each.kind in keeper.roles]
        return self.chance.choice(admitted if admitted and self.chance.random() < 0.7 else self.world.visitors)

    def _target(self, rule: str, *, well: bool = False) -> str:
        """A route's address, with ids of rows that there are, or of none that there could be."""

        def one(found: re.Match[str]) -> str:
            name = found[2]
            if name not in self.world.ids:
                known = {"channel": ["sms", "email"], "name": ["evenly.css"]}.get(name, ["x"])
            else:
                known = self.world.ids[name] or ["1"]
            return (
                quote(self.chance.choice(known))
                if well or self.chance.random() < 0.5
                else rubbish.id_in_path(self.chance)
            )

        return re.sub(r"<(?:([^:>]+):)?(\w+)>", one, rule)

    def _ask(
        self, method: str, target: str, visitor: Visitor, *, fields: Pairs | None = None, body: tuple[str, bytes] | None = None,
        also: tuple[tuple[str, str], ...] = (), name: str = "", spoil: bool = True,
    ) -> Ask:  # fmt: skip
        """A request; `spoil`: now and then its headers, cookie, method or wrapping lie too."""
        self.made += 1
        chance, told = self.chance, [f"seed {self.seed}, request {self.made}, {name or 'no route'} as {visitor.kind}"]
        if fields is not None:
            body = ("application/x-www-form-urlencoded", rubbish.encoded(fields))
            if spoil and chance.random() < 0.2:
                body = rubbish.body(fields, chance)
                also = (("X-CSRFToken", self.world.token),) if chance.random() < 0.5 else ()
            told.append(
                f"{body[0][:80]}: "
                + ", ".join(f"{_short(key)}={_short(value)}" for key, value in fields if key != "csrf_token")
            )
        elif body is not None:
            told.append(f"{body[0]}: {body[1][:600]!r}")
        cookie, headers = visitor.cookie, list(also)
        if spoil and chance.random() < 0.06:
            cookie = rubbish.cookie(cookie, chance)
            told.append("a spoilt cookie")
        if spoil and chance.random() < 0.2:
            more = rubbish.headers(chance)
            headers += more
            told.append(f"headers {[(key, value[:80]) for key, value in more]}")
        if spoil and chance.random() < 0.06:
            method = chance.choice(rubbish.METHODS)
        known = {key.lower() for key, _ in headers}
        kind, raw = body or ("", b"")
        made = [("Host", "127.0.0.1")] * ("host" not in known) + [("Cookie", cookie)] + headers
        made += [("Content-Type", kind)] * (body is not None) + [("Content-Length", str(len(raw)))] * (
            body is not None and "content-length" not in known
        )
        address = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
        told.insert(1, f"{method} {target[:600]}")
        return Ask(method, target, tuple(made), raw, address, re.sub(r"\bEV\w{8}\b", "EV…", "\n    ".join(told)))


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _short(value: str | bytes) -> str:
    shown = repr(value)
    return shown if len(shown) < 80 else f"{shown[:60]}… ({len(value)})"


def attack(
    world: World, seed: int, count: int, send: Callable[[Ask], Answer] | None = None
) -> tuple[list[str], Counter[int]]:
    """So many requests; what went wrong, with what makes it again, and how many answers there were of each status.

    `send` is how a request gets there; the application itself is asked unless said.
    """
    hostile, wrong, answers = Hostile(world, seed), list[str](), Counter[int]()
    send = send or (lambda ask: over_wsgi(world.app, ask))
    around = hostile.looking_around()
    while sum(answers.values()) < count:
        ask, visitor = next(around, None) or hostile.next()
        if ask.target.startswith("/demo/") and ask.method == "POST":
            if world.nights >= NIGHTS:
                continue
            world.nights += 1
        answer = send(ask)
        answers[answer.status] += 1
        wrong += [f"{what}\n    {ask.said}" for what in wrong_with(answer, world.settings)]
        if (
            answer.status in (200, 422)
            and "html" in answer.header("content-type")
            and answer.header("content-encoding") != "gzip"
        ):
            world.learn(visitor, answer.body.decode("utf-8", "replace"), ask.target)
        if "sign-out" in ask.target or answer.status == 303 and "sign-in" in answer.header("location"):
            visitor.cookie = visitor.renew()
    return wrong, answers


def applied(world: World) -> list[str]:
    """Lets the worker apply what was kept; what it breaks on."""
    rounds, wrong = wiring.rounds(world.settings, db=world.db, clock=world.app.extensions["clock"]), []
    for name in ("events", "payments", "codes", "answers"):
        try:
            getattr(rounds, name)()
        except Exception as broke:
            wrong.append(f"the round of {name} breaks on what was kept: {type(broke).__name__}")
    rounds.close()
    with world.db.acting() as session:
        left = session.scalar(text("select count(*) from carrier_event where applied_at is null"))
    return wrong + [f"{left} reports of the carrier are stuck"] * bool(left)


# ---------------------------------------------------------------------------- the check


def run() -> Iterator[Mapping[str, Any]]:
    """All of it, over the sample book."""
    with standing(workers=1) as house:
        for name in ("worker", "timetable"):
            del house.processes[name]  # what they would do is done at the end
        people, users = _filled(house)
        database = Database(house.settings.sqlalchemy_url)
        nobody = "http://127.0.0.1:9"
        dead = replace(
            house.settings,
            stripe_base_url=nobody,
            twilio_base_url=nobody,
            sendgrid_base_url=nobody,
            pretend_url=None,
            log_level="error",
        )
        live, total, wrong = replace(house.settings, log_level="error"), 0, list[str]()
        house.processes["web"].start()
        until(lambda: _up(house.settings.port), "the web server")
        for n, (settings, count, port) in enumerate(
            (
                (dead, REQUESTS // 2, 0),
                (live, REQUESTS - REQUESTS // 2 - OVER_HTTP, 0),
                (live, OVER_HTTP, house.settings.port),
            )
        ):
            app = create_app(settings, database=database)
            app.extensions["wake"] = [].append
            world = world_of(app, database, people=people, users=users)
            send = (lambda ask, port=port: over_http(port, ask)) if port else None
            found, answers = attack(world, SEED + n, count, send)
            found += applied(world)
            total, wrong = total + sum(answers.values()), wrong + found
            _say(
                f"{'over http' if port else 'nobody listens' if settings is dead else 'beside the stand-in'}: {dict(sorted(answers.items()))}"
            )
        with database.acting() as session:
            seal.close_block(session)
        with database.acting() as session:
            wrong += [f"verify: {finding}" for finding in verify(session).findings]
        database.close()
        for each in wrong:
            _say(each)
        yield {"check": "hostile", "tried": total, "wrong": len(wrong)}


def _filled(house: House) -> tuple[list[int], dict[str, int]]:
    """The sample book, some of its people, and a user of each role."""
    logs.configure("error")
    load_book(house.settings)
    database, by = Database(house.settings.sqlalchemy_url), Actor("chaos")
    app = create_app(house.settings, database=database)
    at = app.extensions["clock"].now()
    with database.acting() as session:
        creditor = session.scalar(text("select min(id) from creditor"))
        told = session.scalars(text("select distinct person_id from proposal order by 1")).all()
        most = "select person_id from liability group by 1 order by count(*) desc, 1 limit :n"
        people = list(dict.fromkeys([*told, *session.scalars(text(most), {"n": PEOPLE})]))[:PEOPLE]
        users = {
            role: add_user(
                session, mail=f"{role}@chaos.example", name=f"A {role}", role=role, password=hashed("-"), by=by, at=at,
                totp=app.extensions["keys"].encrypt(pyotp.random_base32()), creditor=creditor if role == "creditor" else None,
            ).id
            for role in USER_ROLES
        }  # fmt: skip
    database.close()
    return people, users


def _up(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _say(words: str) -> None:
    sys.stderr.write(f"  {words}\n")


CHECKS = {"hostile": run}
