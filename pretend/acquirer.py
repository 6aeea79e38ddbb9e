"""The acquirer: takes a card payment on the checkout page, gives money back, settles disputes.

Every act happens in a turn, which the door makes and writes. A session that is over is looked at
and left alone, so it is paid once, whatever is clicked twice.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pretend.cards import DECLINES, SECOND_STEP
from pretend.event import GIVES_UP_AFTER, Event
from pretend.payment import (
    CANCELED,
    COMPLETE,
    EXPIRED,
    FAILED,
    NEEDS_CARD,
    NEEDS_STEP,
    OPEN,
    SUCCEEDED,
    Charge,
    Dispute,
    Intent,
    Refund,
    Session,
    new_id,
)
from pretend.turn import ActRefused, Turn, behaviour_of_card

if TYPE_CHECKING:
    from pretend.world import World

CLOCK_TICK = 1.0
DESCRIPTOR_LIMIT = 22
PAID, DECLINED, CONFIRM = "paid", "declined", "confirm"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try to pay: paid, declined, confirm, or the session's status when it is over."""

    what: str
    intent: Intent | None = None
    decline: str | None = None


# Acts --------------------------------------------------------------------------------------------


def pay(turn: Turn, session: Session, card: str) -> Outcome:
    """One try with a card. A session that is over is not paid again; nothing changes then."""
    session = _due(turn, session)
    if session.status != OPEN:
        return Outcome(session.status, turn.find(session.intent) if session.intent else None)
    intent = turn.find(session.intent) if session.intent else _begun(turn, session)
    session = turn.find(session.id)
    behaviour = behaviour_of_card(turn.world, card)
    if behaviour.outcome != "succeeds":
        return _declined(turn, session, intent, card, behaviour.outcome)
    if behaviour.confirm:
        intent = turn.put(replace(intent, status=NEEDS_STEP, card=card, error=None))
        return Outcome(CONFIRM, intent)
    return _paid(turn, session, intent, card)


def confirm(turn: Turn, session: Session, *, approved: bool) -> Outcome:
    """The person's word at the bank; where nothing waits for it nothing changes."""
    session = _due(turn, session)
    intent: Intent | None = turn.find(session.intent) if session.intent else None
    if session.status != OPEN:
        return Outcome(session.status, intent)
    if intent is None or intent.status != NEEDS_STEP or intent.card is None:
        return Outcome(DECLINED, intent, None)
    if approved:
        return _paid(turn, session, intent, intent.card)
    return _declined(turn, session, intent, intent.card, SECOND_STEP)


def expire(turn: Turn, session: Session) -> Session:
    """Ends an open session. ActRefused when it is complete or expired already."""
    session = _due(turn, session)
    if session.status != OPEN:
        sentence = f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session.status}.'
        raise ActRefused("", sentence)
    return _expired(turn, session)


def run_out(turn: Turn, session: Session) -> Session:
    """Ends an open session as its time would. ActRefused when it is over already."""
    if session.status != OPEN:
        raise ActRefused("", f"This session is {session.status} already.")
    return _expired(turn, replace(session, expires_at=min(session.expires_at, int(turn.now))))


def refund(
    turn: Turn, charge: Charge, amount: int | None, *, reason: str | None = None, metadata: dict[str, str] | None = None
) -> Refund:
    """Gives back ``amount`` minor units of a charge; None: all that is left. ActRefused when it cannot."""
    left = charge.amount - charge.refunded
    if charge.status != SUCCEEDED:
        raise ActRefused("", "This charge was not taken, so nothing can be given back.")
    if charge.disputed:
        raise ActRefused("charge_disputed", "This charge has been charged back.")
    if left == 0:
        raise ActRefused("charge_already_refunded", f"Charge {charge.id} has already been refunded.")
    if amount is not None and amount > left:
        sentence = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
        raise ActRefused("", sentence, "amount")
    return _refunded(turn, charge, left if amount is None else amount, reason, metadata or {})


def dispute(turn: Turn, charge: Charge, reason: str, amount: int | None = None) -> Dispute:
    """The cardholder disputes a charge: the bank takes the money at once. ActRefused when it cannot be."""
    if charge.status != SUCCEEDED or charge.disputed or turn.world.store.till.dispute_of(charge.id):
        raise ActRefused("", "This charge was not taken, or was disputed before.")
    if amount is not None and not 0 < amount <= charge.amount:
        raise ActRefused("", f"A dispute is about 1 to {charge.amount}.", "amount")
    return _disputed(turn, charge, reason, amount or charge.amount)


def move_dispute(turn: Turn, found: Dispute, status: str) -> Dispute:
    """The bank looks at a dispute (under_review) or decides it (won, lost). ActRefused when it is closed."""
    if found.is_closed:
        raise ActRefused("", f"This dispute is {found.status} already.")
    session = turn.find(turn.find(found.charge).session)
    moved: Dispute = turn.put(replace(found, status=status))
    turn.tell("charge.dispute.updated", moved, session)
    if moved.is_closed:
        turn.tell("charge.dispute.closed", moved, session)
    if status == "won":
        turn.tell("charge.dispute.funds_reinstated", moved, session)
    return moved


def tick(world: World) -> None:
    """Ends every open session whose time has run out."""
    now = time.time()
    till = world.store.till
    for session in [till.sessions[id] for id in till.open]:
        if session.expires_at <= now:
            turn = Turn(world)
            _due(turn, session)
            turn.write()


def resume(world: World) -> int:
    """After a start: posts the events still owed; gives how many they are."""
    now = time.time()
    owed = [event for event in world.store.till.events.values() if event.is_owed(now)]
    _take(world, owed)
    return len(owed)


def release(world: World, key: str | None) -> int:
    """Lets go the events that were held, of one reference or phone or of all; gives how many they were."""
    till = world.store.till
    held = [
        event
        for event in till.events.values()
        if event.held and key in (None, till.sessions[event.session].reference, till.sessions[event.session].who)
    ]
    for event in held:
        world.store.record_event(event, held=False, due=time.time(), until=time.time() + GIVES_UP_AFTER)
    _take(world, held)
    return len(held)


async def keep_time(world: World) -> None:
    """Looks at the clock until it is stopped."""
    while True:
        tick(world)
        await asyncio.sleep(CLOCK_TICK)


# Questions ---------------------------------------------------------------------------------------


def charge_of(world: World, id: str) -> Charge | None:
    """The charge that was taken, by its own id or its intent's."""
    till = world.store.till
    if id in till.charges:
        return till.charges[id]
    return next((charge for charge in till.charges_of(id) if charge.status == SUCCEEDED), None)


def card_of(world: World, session: Session) -> str | None:
    """The card that paid a session."""
    charge = charge_of(world, session.intent or "")
    return charge.card if charge else None


def _take(world: World, events: list[Event]) -> None:
    """Has events posted: those of one session in their order, the sessions beside each other."""
    sessions: dict[str, list[Event]] = {}
    for event in events:
        sessions.setdefault(event.session, []).append(event)
    for told in sessions.values():
        world.courier.take(told)


# What happens ------------------------------------------------------------------------------------


def _due(turn: Turn, session: Session) -> Session:
    """The session as it stands now: expired when its time has run out."""
    session = turn.find(session.id)
    return _expired(turn, session) if session.status == OPEN and session.expires_at <= turn.now else session


def _expired(turn: Turn, session: Session) -> Session:
    session = turn.put(replace(session, status=EXPIRED))
    turn.tell("checkout.session.expired", session, session)
    if session.intent:
        intent = replace(turn.find(session.intent), status=CANCELED, canceled_at=int(turn.now), card=None)
        turn.tell("payment_intent.canceled", turn.put(intent), session)
    return session


def _begun(turn: Turn, session: Session) -> Intent:
    intent = Intent(
        id=new_id("pi_"), session=session.id, created=int(turn.now), days=turn.days, currency=session.currency,
        amount=session.amount, metadata=session.intent_metadata, description=session.description,
        suffix=session.suffix, descriptor=_descriptor(turn.world.settings.name, session.suffix),
    )  # fmt: skip
    turn.put(intent)
    session = turn.put(replace(session, intent=intent.id))
    turn.tell("payment_intent.created", intent, session)
    return intent


def _charged(turn: Turn, intent: Intent, card: str, status: str, decline: str | None = None) -> Charge:
    charge: Charge = turn.put(
        Charge(
            id=new_id("ch_"), intent=intent.id, session=intent.session, created=int(turn.now), days=turn.days,
            currency=intent.currency, amount=intent.amount, card=card, status=status, decline=decline,
        )
    )  # fmt: skip
    return charge


def _declined(turn: Turn, session: Session, intent: Intent, card: str, why: str) -> Outcome:
    decline = DECLINES[why]
    error: dict[str, Any] = {"type": "card_error", "code": decline.code, "message": decline.sentence}
    charge = None
    if why != SECOND_STEP:  # at the second step the bank was never asked for money
        charge = _charged(turn, intent, card, FAILED, why)
        error |= {"charge": charge.id, "decline_code": decline.decline_code}
    latest = charge.id if charge else intent.charge
    intent = turn.put(replace(intent, status=NEEDS_CARD, card=None, charge=latest, error=error))
    if charge:
        turn.tell("charge.failed", charge, session, card)
    turn.tell("payment_intent.payment_failed", intent, session, card)
    return Outcome(DECLINED, intent, why)


def _paid(turn: Turn, session: Session, intent: Intent, card: str) -> Outcome:
    charge = _charged(turn, intent, card, SUCCEEDED)
    intent = turn.put(replace(intent, status=SUCCEEDED, card=None, charge=charge.id, error=None))
    session = turn.put(replace(session, status=COMPLETE))
    turn.tell("charge.succeeded", charge, session, card)
    turn.tell("payment_intent.succeeded", intent, session, card)
    turn.tell("checkout.session.completed", session, session, card)
    charge = turn.put(replace(charge, settled=new_id("txn_")))
    turn.tell("charge.updated", charge, session, card)
    behaviour = behaviour_of_card(turn.world, card)
    if behaviour.dispute:
        _disputed(turn, charge, behaviour.dispute, charge.amount)
    elif behaviour.refund:
        _refunded(turn, charge, charge.amount, "requested_by_customer", {})
    return Outcome(PAID, intent)


def _refunded(turn: Turn, charge: Charge, amount: int, reason: str | None, metadata: dict[str, str]) -> Refund:
    session = turn.find(charge.session)
    refund: Refund = turn.put(
        Refund(
            id=new_id("re_"), charge=charge.id, intent=charge.intent, created=int(turn.now), days=turn.days,
            currency=charge.currency, amount=amount, reason=reason, metadata=metadata,
        )
    )  # fmt: skip
    charge = turn.put(replace(charge, refunded=charge.refunded + amount))
    turn.tell("refund.created", refund, session, charge.card)
    turn.tell("charge.refunded", charge, session, charge.card)
    refund = turn.put(replace(refund, settled=new_id("txn_")))
    turn.tell("refund.updated", refund, session, charge.card)
    return refund


def _disputed(turn: Turn, charge: Charge, reason: str, amount: int) -> Dispute:
    session = turn.find(charge.session)
    dispute: Dispute = turn.put(
        Dispute(
            id=new_id("dp_"), charge=charge.id, intent=charge.intent, created=int(turn.now), days=turn.days,
            currency=charge.currency, amount=amount, reason=reason,
        )
    )  # fmt: skip
    charge = turn.put(replace(charge, disputed=True))
    turn.tell("charge.dispute.created", dispute, session, charge.card)
    turn.tell("charge.dispute.funds_withdrawn", dispute, session, charge.card)
    turn.tell("charge.updated", charge, session, charge.card)
    return dispute


def _descriptor(name: str, suffix: str | None) -> str:
    """What the bank's statement says: the shop, and the payment's own words."""
    whole = f"{name}* {suffix}" if suffix else name
    return whole.upper()[:DESCRIPTOR_LIMIT]
