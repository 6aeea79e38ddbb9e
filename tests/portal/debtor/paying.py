"""A portal that takes cards: the application beside the pretend world, and a person with debts in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from cases.db import Database
from portal.app import Evenly
from portal.till import Till
from tests.factories import AT
from tests.payments.paying import Payer, a_payer
from tests.portal.doors import SetClock, an_app, sign_in, token_of
from tests.pretend.running import STRIPE_KEY, STRIPE_SECRET, Hook, Pretend, until


class MovedClock(SetClock):
    """The moment of the demo goes on as real time does: signatures and pages of the processor keep that."""

    def now(self) -> datetime:
        """So long after the moment of the demo as this clock has been there."""
        return self.at + (datetime.now(UTC) - self.true)

    def real(self) -> datetime:
        """The real moment."""
        return datetime.now(UTC) + self.late

    def __init__(self) -> None:
        super().__init__(AT)
        self.true = datetime.now(UTC)
        self.late = self.true - self.true


@dataclass
class Shop:
    """The portal, its till, the pretend world with its owed events, and who pays."""

    app: Evenly
    clock: MovedClock
    world: Pretend
    hook: Hook
    payer: Payer
    browser: FlaskClient
    db: Database

    @property
    def till(self) -> Till:
        """The portal's till."""
        found = self.app.extensions["till"]
        assert found is not None
        return found

    def page(self, path: str) -> str:
        """A page, as it is read."""
        answer = self.browser.get(path)
        assert answer.status_code == 200, answer.status
        return answer.text

    def look(self, **fields: Any) -> Any:
        """Chooses what to pay, and looks at who gets what."""
        page = self.browser.get("/pay").text
        return self.browser.post("/pay", data={"csrf_token": token_of(page), "currency": "GBP"} | fields)

    def button(self, **fields: Any) -> dict[str, list[str]]:
        """What the button that begins the payment carries."""
        page = self.look(**fields).text
        form = re.search(r'<form class="post" method="post" action="/pay/begin">(.*?)</form>', page, re.S)
        assert form, page
        carried: dict[str, list[str]] = {}
        for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form[1]):
            carried.setdefault(name, []).append(unescape(value))
        return carried

    def begin(self, button: dict[str, list[str]] | None = None, **fields: Any) -> str:
        """Presses it; the address that it leads to."""
        answer = self.browser.post("/pay/begin", data=button or self.button(**fields))
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def session_of(self, address: str) -> str:
        """The processor's page that an address leads to."""
        assert address.startswith(self.world.url + "/checkout/"), address
        return address.rpartition("/")[2]

    def hear(self, *kinds: str, last_first: bool = False) -> int:
        """Lets what the pretend world has posted come to the portal, and applies it; of these kinds alone, if any."""
        told = [each for each in self.hook.told if not kinds or each.event["type"] in kinds]
        for each in reversed(told) if last_first else told:
            self.hook.told.remove(each)
            answer = self.browser.post("/hooks/stripe", data=each.body, headers={"Stripe-Signature": each.signature},
                                       content_type="application/json")  # fmt: skip
            assert answer.status_code == 200
        return self.till.apply_events()

    def waits_for(self, kind: str) -> None:
        """Until the pretend world has posted an event of this kind."""
        until(lambda: any(each.event["type"] == kind for each in self.hook.told), kind)

    def attempts(self) -> list[tuple[str, int]]:
        """State and sum of each attempt, in order."""
        with self.db.acting() as session:
            return [tuple(row) for row in session.execute(text("select state, amount from payment_attempt order by id"))]

    def owed(self) -> list[int]:
        """What is owed on the three accounts."""
        with self.db.acting() as session:
            return [
                session.scalar(text("select sum(amount)::bigint from entry where account_id = :a"), {"a": account.id})
                for account in (self.payer.rent, self.payer.garage, self.payer.card)
            ]


@contextmanager
def a_shop(db: Database, world: Pretend, hook: Hook, var: Path) -> Iterator[Shop]:
    """The portal beside a pretend world, with somebody signed in who owes £30, £10 and £60."""
    clock = MovedClock()
    app = an_app(db, clock, var, stripe_api_key=STRIPE_KEY, stripe_webhook_secrets=(STRIPE_SECRET,),
                 stripe_base_url=world.url, pretend_url=world.url)  # fmt: skip
    app.extensions["wake"] = [].append
    with db.acting() as session:
        payer = a_payer(session)
    yield Shop(app, clock, world, hook, payer, sign_in(app, db, payer.person), db)
