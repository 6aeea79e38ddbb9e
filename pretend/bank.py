"""The debtor's bank, as a page: each card payment with its day, its amount and what became of it.

Whose bank it is says the phone that the shop told with a payment, else the shop's own reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from pretend import pages
from pretend.cards import CARDS, DECLINES
from pretend.checkout import money
from pretend.payment import NEEDS_STEP, SUCCEEDED, Charge, Session
from pretend.web import Request, Response, Route

if TYPE_CHECKING:
    from pretend.world import World


DAY = 86_400


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account; ``sign`` is − for money that left, + for money that came back, else nothing."""

    at: float
    days: float
    to: str
    card: str
    sign: str
    amount: str
    state: str


CASE = re.compile(r"[A-Z]{2}[A-Z0-9]{6,14}")
"""A customer's case, as a shop may name it: it has a bank page before the first payment."""


def routes(world: World) -> list[Route]:
    """The page of one person's bank."""
    return [("GET", "/bank/{who}", lambda request, who: _bank(world, request, who))]


def _bank(world: World, request: Request, who: str) -> Response:
    sessions = [world.store.till.sessions[id] for id in world.store.till.people.get(who, ())]
    if not sessions and not pages.NUMBER.fullmatch(who) and not CASE.fullmatch(who):
        return pages.missing(world)
    asked = dict(request.query())
    entries = sorted(entries_of(world, sessions), key=lambda entry: entry.at + entry.days * DAY)[::-1]
    shown = entries if "all" in asked else entries[: pages.LISTED]
    return pages.page(
        world,
        "bank.html",
        who=who,
        entries=[(entry, pages.moment_shown(entry.at, entry.days, who, asked)) for entry in shown],
        earlier=len(entries) - len(shown),
        here=f"/bank/{quote(who)}",
        phone_page=f"/phone/{quote(who)}" if pages.NUMBER.fullmatch(who) else "",
    )


def entries_of(world: World, sessions: list[Session]) -> list[Entry]:
    """Every line that these sessions left on the account, in no order."""
    till = world.store.till
    entries = []
    for session in sessions:
        intent = till.intents.get(session.intent or "")
        if intent is None:
            continue
        if intent.status == NEEDS_STEP and intent.card:
            sum_ = money(intent.amount, intent.currency)
            card = CARDS[intent.card].last4
            entries.append(Entry(intent.created, intent.days, intent.descriptor, card, "", sum_, "pending"))
        for charge in till.charges_of(intent.id):
            entries += _entries_of_charge(world, charge, intent.descriptor)
    return entries


def _entries_of_charge(world: World, charge: Charge, to: str) -> list[Entry]:
    till, card = world.store.till, CARDS[charge.card].last4

    def entry(at: float, days: float, sign: str, amount: int, state: str) -> Entry:
        return Entry(at, days, to, card, sign, money(amount, charge.currency), state)

    if charge.status != SUCCEEDED:
        why = DECLINES[charge.decline].sentence if charge.decline else ""
        return [entry(charge.created, charge.days, "", charge.amount, f"not taken: {why}")]
    entries = [entry(charge.created, charge.days, "−", charge.amount, "taken")]
    for refund in till.refunds_of(charge.id):
        entries.append(entry(refund.created, refund.days, "+", refund.amount, "given back"))
    dispute = till.dispute_of(charge.id)
    if dispute is not None and dispute.status != "won":
        state = "given back for good" if dispute.status == "lost" else "given back while the bank looks into it"
        entries.append(entry(dispute.created, dispute.days, "+", dispute.amount, state))
    elif dispute is not None:
        entries.append(entry(dispute.created, dispute.days, "", dispute.amount, "disputed: the shop keeps the money"))
    return entries
