"""The control interface for card payments, in JSON: for tests and the demo, never for the product.

======================================================  =============================================
GET, POST, DELETE /control/stripe                       how Stripe treats every request (see ``behaviour``)
GET, POST, DELETE /control/stripe/{reference}           the same for one client reference or phone
POST /control/stripe/release                            let go every event that is held
POST /control/stripe/{reference}/release                let go those of one client reference or phone
GET, POST, DELETE /control/cards/{number}               what becomes of a payment by that test card
POST /control/checkout/{session}/pay                    {"card", "confirm"}: pays without a browser
POST /control/checkout/{session}/expire                 its time runs out now
POST /control/charges/{payment_intent}/refund           {"amount", "reason"}: gives back, or all that is left
POST /control/charges/{payment_intent}/dispute          {"reason", "amount"} opens a dispute,
                                                        {"status": under_review, won or lost} moves it
POST /control/events/{id}/send                          posts an event now, once more than it is owed
======================================================  =============================================

A charge may be named by its own id too. ``confirm`` is the person's word at the bank's second step:
true yes, false no, null not yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pretend import acquirer, behaviour
from pretend.behaviour import DEFAULT, DISPUTE_REASONS
from pretend.cards import CARDS, plain
from pretend.event import GIVES_UP_AFTER, Event
from pretend.payment import Charge, Session
from pretend.turn import ActRefused, Turn, behaviour_of_card
from pretend.web import Request, Response, Route, json_response

if TYPE_CHECKING:
    from pretend.world import World

STATUSES = ("under_review", "won", "lost")
Asked = dict[str, Any]


class NotKnown(Exception):
    """There is no such session, charge, event or card."""


def routes(world: World) -> list[Route]:
    """The paths of the control interface for card payments."""

    def door(act: Callable[[World, Asked, str], Any]) -> Any:
        def handler(request: Request, *parts: str) -> Response:
            try:
                asked = request.json() if request.body else {}
                if not isinstance(asked, dict):
                    raise ValueError("not an object")
                return json_response(200, act(world, asked, parts[0] if parts else DEFAULT))
            except ValueError:
                return _refused(400, ["the body is not a JSON object"])
            except behaviour.BehaviourRefused as refused:
                return _refused(400, refused.reasons)
            except ActRefused as refused:
                return _refused(400, [refused.sentence])
            except NotKnown as unknown:
                return _refused(404, [str(unknown)])

        return handler

    def treated(kind: str, path: str) -> list[Route]:
        return [
            ("GET", path, door(lambda world, asked, key: _treatment(world, kind, key))),
            ("POST", path, door(lambda world, asked, key: _treat(world, kind, key, behaviour.parse(asked, kind)))),
            ("DELETE", path, door(lambda world, asked, key: _treat(world, kind, key, None))),
        ]

    return [
        ("POST", "/control/stripe/release", door(_release)),
        *treated("stripe", "/control/stripe"),
        *treated("stripe", "/control/stripe/{reference}"),
        ("POST", "/control/stripe/{reference}/release", door(_release)),
        *treated("card", "/control/cards/{number}"),
        ("POST", "/control/checkout/{session}/pay", door(_pay)),
        ("POST", "/control/checkout/{session}/expire", door(_expire)),
        ("POST", "/control/charges/{intent}/refund", door(_refund)),
        ("POST", "/control/charges/{intent}/dispute", door(_dispute)),
        ("POST", "/control/events/{id}/send", door(_send)),
    ]


def owed(world: World) -> dict[str, int]:
    """How many events are still to be posted, and how many of them are held."""
    now = time.time()
    events = [event for event in world.store.till.events.values() if event.is_owed(now)]
    return {"events_owed": len(events), "events_held": sum(event.held for event in events)}


def seen(world: World, since: float, to: str | None) -> dict[str, Any]:
    """What Stripe saw since a moment, of one client reference or phone or of all."""
    till = world.store.till
    sessions = [s for s in till.sessions.values() if s.created >= since and to in (None, s.reference, s.who)]
    known = {session.id for session in sessions}
    return {
        "sessions": [_session(session) for session in sessions],
        "payments": [_payment(world, charge) for charge in till.charges.values() if charge.session in known],
        "events": [_event(event) for event in till.events.values() if event.session in known],
    }


def _refused(status: int, reasons: list[str]) -> Response:
    return json_response(status, {"refused": reasons})


# Behaviours --------------------------------------------------------------------------------------


def _treatment(world: World, kind: str, key: str) -> Any:
    told = world.store.behaviours(kind).get(key)
    if kind == "card":
        now: Any = behaviour_of_card(world, _card(key))
    else:
        now, _ = world.store.behaviour_of(kind, key, world.settings.delay_ms)
    return {kind: key, "told": told is not None, "behaviour": now.as_dict()}


def _treat(world: World, kind: str, key: str, told: Any) -> Any:
    if kind == "card":
        _card(key)
    world.store.record_behaviour(kind, key, told)
    return _treatment(world, kind, key)


def _release(world: World, asked: Asked, key: str) -> Any:
    return {"released": acquirer.release(world, None if key == DEFAULT else key)}


# Acts --------------------------------------------------------------------------------------------


def _pay(world: World, asked: Asked, id: str) -> Any:
    session = _session_of(world, id)
    card = _card(plain(str(asked.get("card", ""))))
    approved = asked.get("confirm", True)
    if approved not in (True, False, None):
        raise ActRefused("", "confirm is true, false or null")
    turn = Turn(world)
    outcome = acquirer.pay(turn, session, card)
    if outcome.what == acquirer.CONFIRM and approved is not None:
        outcome = acquirer.confirm(turn, session, approved=approved)
    turn.write()
    intent = outcome.intent
    return {
        "outcome": outcome.what,
        "payment_intent": intent.id if intent else None,
        "charge": intent.charge if intent else None,
        "code": outcome.decline,
    }


def _expire(world: World, asked: Asked, id: str) -> Any:
    turn = Turn(world)
    acquirer.run_out(turn, _session_of(world, id))
    turn.write()
    return _session(world.store.till.sessions[id])


def _refund(world: World, asked: Asked, id: str) -> Any:
    charge = _charge_of(world, id)
    amount = asked.get("amount")
    if amount is not None and (type(amount) is not int or amount < 1):
        raise ActRefused("", "amount is a whole number from 1")
    turn = Turn(world)
    made = acquirer.refund(turn, charge, amount, reason=asked.get("reason"))
    turn.write()
    return {"refund": made.id, "amount": made.amount, "payment_intent": made.intent}


def _dispute(world: World, asked: Asked, id: str) -> Any:
    charge = _charge_of(world, id)
    found = world.store.till.dispute_of(charge.id)
    turn = Turn(world)
    if "status" in asked:
        if asked["status"] not in STATUSES:
            raise ActRefused("", "status is one of " + ", ".join(STATUSES))
        if found is None:
            raise NotKnown("this charge is not disputed")
        made = acquirer.move_dispute(turn, found, asked["status"])
    else:
        reason, amount = asked.get("reason", "general"), asked.get("amount")
        if reason not in DISPUTE_REASONS or (amount is not None and type(amount) is not int):
            raise ActRefused("", "reason is one of " + ", ".join(DISPUTE_REASONS) + "; amount is a whole number")
        made = acquirer.dispute(turn, charge, reason, amount)
    turn.write()
    return {"dispute": made.id, "status": made.status, "amount": made.amount, "payment_intent": made.intent}


def _send(world: World, asked: Asked, id: str) -> Any:
    event = world.store.till.events.get(id)
    if event is None:
        raise NotKnown("there is no such event")
    if not world.settings.stripe_hook_url:
        raise ActRefused("", "PRETEND_STRIPE_HOOK_URL was not set")
    now = time.time()
    taken = sum(post.is_taken for post in event.posts)
    copies = max(event.copies, taken) + 1 if event.is_owed(now) else taken + 1
    world.store.record_event(event, copies=copies, held=False, due=now, until=now + GIVES_UP_AFTER)
    world.courier.hurry(event)
    return _event(event)


# Questions ---------------------------------------------------------------------------------------


def _card(number: str) -> str:
    if number not in CARDS:
        raise NotKnown("there is no such test card")
    return number


def _session_of(world: World, id: str) -> Session:
    session = world.store.till.sessions.get(id)
    if session is None:
        raise NotKnown("there is no such session")
    return session


def _charge_of(world: World, id: str) -> Charge:
    charge = acquirer.charge_of(world, id)
    if charge is None:
        raise NotKnown("there is no such charge that was taken")
    return charge


def _session(session: Session) -> dict[str, Any]:
    return {
        "id": session.id, "created": session.created, "days": session.days, "status": session.status,
        "amount": session.amount, "currency": session.currency, "reference": session.reference, "who": session.who,
        "metadata": session.metadata, "payment_intent": session.intent, "expires_at": session.expires_at,
        "success_url": session.success_url, "cancel_url": session.cancel_url,
        "items": [[item.name, item.amount, item.quantity] for item in session.items],
    }  # fmt: skip


def _payment(world: World, charge: Charge) -> dict[str, Any]:
    dispute = world.store.till.dispute_of(charge.id)
    return {
        "charge": charge.id, "payment_intent": charge.intent, "session": charge.session, "created": charge.created,
        "days": charge.days, "amount": charge.amount, "currency": charge.currency, "card": charge.card[-4:],
        "status": charge.status, "decline": charge.decline, "refunded": charge.refunded,
        "refunds": [[refund.id, refund.amount] for refund in world.store.till.refunds_of(charge.id)],
        "dispute": [dispute.id, dispute.status, dispute.amount] if dispute else None,
    }  # fmt: skip


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id, "type": event.type, "created": event.created, "session": event.session,
        "object": event.thing["id"], "held": event.held, "owed": event.outstanding(),
        "posts": [{"at": post.at, "http": post.http, "why": post.why} for post in event.posts],
    }  # fmt: skip
