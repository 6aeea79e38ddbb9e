"""Stripe's interface for card payments: checkout sessions, payment intents, charges, refunds, events.

What a request takes stands in the tables below; anything else is refused, so that a wrong name fails
here and not in production. The official client works against it as its ``base_addresses["api"]``.
Errors have Stripe's shape and codes; the sentences are ours. The test cards:

================  ================================================================
4242424242424242  pays
4000000000000002  declined, without a reason
4000000000009995  declined: not enough money
4000000000000069  declined: the card has expired
4000000000000127  declined: the security code is wrong
4000000000003220  the bank asks for a second step
4000000000000259  pays; the money is disputed afterwards
================  ================================================================

Others of our own making stand in ``cards``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pretend import acquirer, resources
from pretend.call import Act, Call, Unfit, answered
from pretend.event import Event
from pretend.parameters import (
    LARGEST,
    Table,
    Wrong,
    email,
    metadata,
    missing,
    one_of,
    period,
    suffix,
    text,
    url,
    whole,
)
from pretend.payment import Charge, Item, Session, new_id
from pretend.web import Request, Route

if TYPE_CHECKING:
    from pretend.world import World

SOONEST, LATEST = 30 * 60, 24 * 3600
# The least charge by currency, in its smallest unit; any other currency is refused.
LEAST = {
    "aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
    "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200,
    "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro "
    "ru sk sl sv th tr vi zh zh-HK zh-TW"
).split()
STATUSES = ("open", "complete", "expired")

EXPAND: Table = {"expand": [text(200)]}
CREATE: Table = {
    "mode": one_of("payment"),
    "line_items": [
        {
            "price_data": {
                "currency": lambda value, at: one_of(*LEAST)(value.lower(), at),
                "unit_amount": whole(0, LARGEST),
                "product_data": {"name": text(5000), "description": text(5000)},
            },
            "quantity": whole(1, 999_999),
        }
    ],
    "success_url": url,
    "cancel_url": url,
    "client_reference_id": text(200),
    "metadata": metadata,
    "payment_intent_data": {"metadata": metadata, "description": text(1000), "statement_descriptor_suffix": suffix},
    "payment_method_types": [one_of("card")],
    "expires_at": whole(0),
    "locale": one_of(*LOCALES),
    "customer_email": email,
    "submit_type": one_of("auto", "book", "donate", "pay"),
    **EXPAND,
}
PAGE: Table = {"limit": whole(1, 100), "starting_after": text(255), **EXPAND}
SESSIONS: Table = {"payment_intent": text(255), "status": one_of(*STATUSES), **PAGE}
EVENTS: Table = {"type": text(255), "types": [text(255)], "created": period, **PAGE}
REFUND: Table = {
    "payment_intent": text(255),
    "charge": text(255),
    "amount": whole(1, LARGEST),
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
    "metadata": metadata,
    **EXPAND,
}
# What may be given whole instead of by its id.
EXPANDS = {
    "checkout.session": ("payment_intent",),
    "payment_intent": ("latest_charge",),
    "charge": ("payment_intent",),
    "refund": ("charge", "payment_intent"),
}


def routes(world: World) -> list[Route]:
    """Stripe's paths; every one asks for the key."""
    under_way: set[str] = set()

    def door(act: Act) -> Any:
        return lambda request, *parts: answered(world, request, parts, act, under_way)

    return [
        ("POST", "/v1/checkout/sessions", door(_create)),
        ("GET", "/v1/checkout/sessions", door(_sessions)),
        ("GET", "/v1/checkout/sessions/{id}", door(lambda call: _one(call, "cs_", "session"))),
        ("POST", "/v1/checkout/sessions/{id}/expire", door(_expire)),
        ("GET", "/v1/payment_intents/{id}", door(lambda call: _one(call, "pi_", "payment_intent"))),
        ("GET", "/v1/charges/{id}", door(lambda call: _one(call, "ch_", "charge"))),
        ("GET", "/v1/refunds/{id}", door(lambda call: _one(call, "re_", "refund"))),
        ("POST", "/v1/refunds", door(_refund)),
        ("GET", "/v1/events", door(_events)),
        ("GET", "/v1/events/{id}", door(_event)),
        ("*", "/v1(?:/.*)?", lambda request: answered(world, request, (), _nowhere(request), under_way)),
    ]


# Acts --------------------------------------------------------------------------------------------


def _create(call: Call) -> dict[str, Any]:
    asked = call.read(CREATE)
    for name in ("mode", "line_items", "success_url"):
        if not asked.get(name):
            raise missing(name)
    turn, created = call.turn, int(call.turn.now)
    items, currency = _items(asked["line_items"])
    expires_at = asked.get("expires_at", created + LATEST)
    if not SOONEST <= expires_at - created <= LATEST:
        raise Wrong("", "expires_at", "The `expires_at` timestamp must be 30 minutes to 24 hours from now.")
    intent = asked.get("payment_intent_data", {})
    session = Session(
        id=new_id("cs_test_", 58), created=created, days=turn.days, currency=currency,
        amount=sum(item.amount * item.quantity for item in items), items=items,
        success_url=asked["success_url"], cancel_url=asked.get("cancel_url"), expires_at=expires_at,
        reference=asked.get("client_reference_id"), email=asked.get("customer_email"), locale=asked.get("locale"),
        submit_type=asked.get("submit_type"), metadata=asked.get("metadata", {}),
        intent_metadata=intent.get("metadata", {}), description=intent.get("description"),
        suffix=intent.get("statement_descriptor_suffix"),
    )  # fmt: skip
    if session.amount < LEAST[currency]:
        sentence = f"The Checkout Session's total amount due must be at least {LEAST[currency]} {currency}."
        raise Wrong("amount_too_small", "", sentence)
    if session.amount > LARGEST:
        raise Wrong("amount_too_large", "", f"The total amount due must be at most {LARGEST} {currency}.")
    turn.put(session)
    return _expanded(call, session, asked)


def _items(asked: list[dict[str, Any]]) -> tuple[list[Item], str]:
    """What is paid for, and its currency. Raises Wrong for what is missing or mixed."""
    items, currency = [], ""
    for n, item in enumerate(asked):
        at = f"line_items[{n}]"
        price = item.get("price_data", {})
        for name, param, holder in (
            ("price_data", f"{at}[price_data]", item),
            ("currency", f"{at}[price_data][currency]", price),
            ("unit_amount", f"{at}[price_data][unit_amount]", price),
            ("product_data", f"{at}[price_data][product_data]", price),
            ("name", f"{at}[price_data][product_data][name]", price.get("product_data", {})),
            ("quantity", f"{at}[quantity]", item),
        ):
            if name not in holder:
                raise missing(param)
        if currency not in ("", price["currency"]):
            raise Wrong("", f"{at}[price_data][currency]", "All line items must have the same currency.")
        currency = price["currency"]
        product = price["product_data"]
        items.append(Item(product["name"], product.get("description", ""), price["unit_amount"], item["quantity"]))
    return items, currency


def _expire(call: Call) -> dict[str, Any]:
    asked = call.read(EXPAND)
    return _expanded(call, acquirer.expire(call.turn, _found(call, call.parts[0], "cs_", "session")), asked)


def _refund(call: Call) -> dict[str, Any]:
    asked = call.read(REFUND)
    if "payment_intent" not in asked and "charge" not in asked:
        raise missing("payment_intent")
    if "charge" in asked:
        charge: Charge | None = _found(call, asked["charge"], "ch_", "charge")
    else:
        charge = acquirer.charge_of(call.world, _found(call, asked["payment_intent"], "pi_", "payment_intent").id)
    if charge is None:
        raise Wrong("", "payment_intent", "This PaymentIntent does not have a successful charge to refund.")
    if charge.intent != asked.get("payment_intent", charge.intent):
        raise Wrong("", "charge", "The charge is not one of this PaymentIntent.")
    made = acquirer.refund(
        call.turn, charge, asked.get("amount"), reason=asked.get("reason"), metadata=asked.get("metadata")
    )
    return _expanded(call, made, asked)


# Questions ---------------------------------------------------------------------------------------


def _one(call: Call, prefix: str, param: str) -> dict[str, Any]:
    asked = call.read(EXPAND)
    return _expanded(call, _found(call, call.parts[0], prefix, param), asked)


def _sessions(call: Call) -> dict[str, Any]:
    asked = call.read(SESSIONS)
    intent = asked.get("payment_intent")
    found = [
        session
        for session in reversed(call.world.store.till.sessions.values())
        if session.status == asked.get("status", session.status)
        and (intent is None or (session.intent == intent and session.status == "complete"))
    ]
    return _page(call, found, asked, "/v1/checkout/sessions")


def _event(call: Call) -> dict[str, Any]:
    asked = call.read(EXPAND)
    event = call.world.store.till.events.get(call.parts[0])
    if event is None:
        raise _no_such("event", call.parts[0], "id")
    return _expanded(call, event, asked)


def _events(call: Call) -> dict[str, Any]:
    asked = call.read(EVENTS)
    if "type" in asked and "types" in asked:
        raise Wrong("", "types", "You may only specify one of these parameters: type, types.")
    kinds = asked.get("types") or ([asked["type"]] if "type" in asked else None)
    fits = asked.get("created", lambda moment: True)
    found = [
        event
        for event in reversed(call.world.store.till.events.values())
        if (kinds is None or event.type in kinds) and fits(event.created)
    ]
    return _page(call, found, asked, "/v1/events")


def _nowhere(request: Request) -> Act:
    def act(call: Call) -> dict[str, Any]:
        raise Unfit(404, f"Unrecognized request URL ({request.method}: {request.path}).")

    return act


def _found(call: Call, id: str, prefix: str, param: str) -> Any:
    record = call.world.store.till.find(id) if id.startswith(prefix) else None
    if record is None:
        raise _no_such({"session": "checkout.session"}.get(param, param), id, param)
    return record


def _no_such(kind: str, id: str, param: str) -> Unfit:
    return Unfit(404, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def _page(call: Call, found: list[Any], asked: dict[str, Any], path: str) -> dict[str, Any]:
    """One page of a list, the newest first."""
    after = asked.get("starting_after")
    start = 0
    if after is not None:
        known = [n for n, record in enumerate(found) if record.id == after]
        if not known:
            raise Wrong("resource_missing", "starting_after", f"No such object: '{after}'")
        start = known[0] + 1
    limit = asked.get("limit", 10)
    shown = found[start : start + limit]
    inside = {"expand": [path.removeprefix("data.") for path in asked.get("expand", [])]}
    return {
        "object": "list",
        "data": [_expanded(call, record, inside) for record in shown],
        "has_more": start + limit < len(found),
        "url": path,
    }


def _expanded(call: Call, record: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """A record as it is answered, with what ``expand`` names given whole."""
    if isinstance(record, Event):
        whole = resources.event(record, call.turn.now)
    else:
        whole = resources.shown(record, call.turn.find, base=call.base)
    for path in asked.get("expand", []):
        at = whole
        for name in path.split("."):
            if name not in EXPANDS.get(at["object"], ()):
                raise Wrong("", "expand", f"This property cannot be expanded ({path}).")
            if isinstance(at[name], str):
                at[name] = resources.shown(call.turn.find(at[name]), call.turn.find, base=call.base)
            if at[name] is None:
                break
            at = at[name]
    return whole
