"""The carrier of texts: takes one, lays down its way, takes in answers and acts on STOP and START.

A phone that sent STOP to a number gets nothing more from it (21610) until it sends START; each is
confirmed once, by the carrier itself. What the product's hook answers to an inbound text goes to the
phone when it is TwiML with a Message, or plain text: so does Twilio, and a hook that says "ok" in
plain text really sends "ok" to the debtor.
"""

from __future__ import annotations

import asyncio
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pretend import keywords, segments
from pretend.behaviour import Behaviour
from pretend.callbacks import PATIENCE, Answer, Params
from pretend.clock import country_of
from pretend.text import INBOUND, OUTBOUND, REPLY, Text, Told, new_sid

if TYPE_CHECKING:
    from pretend.world import World

API_VERSION = "2010-04-01"
OPTED_OUT = 21610
TOO_MANY = 20429
# The number under which a messaging service sends; from the range kept for fiction.
SERVICE_NUMBER = "+447700900999"
ANNOUNCED = frozenset({"sending", "sent", "delivered", "undelivered", "failed"})


@dataclass(frozen=True, slots=True)
class Order:
    """A text that the product wants sent; every field is already checked."""

    to: str
    sender: str
    body: str
    service: str | None = None
    callback: str | None = None
    send_at: float | None = None
    media: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an order: the text, or the error code; and how to answer."""

    behaviour: Behaviour
    text: Text | None = None
    code: int | None = None


# Acts --------------------------------------------------------------------------------------------


def take(world: World, order: Order) -> Verdict:
    """Takes a text, or refuses it, as the number's behaviour says."""
    store, now = world.store, time.time()
    behaviour, spends = store.behaviour_of("number", order.to, world.settings.delay_ms)
    code = None
    if behaviour.too_many:
        code = TOO_MANY
    elif behaviour.refuse:
        code = behaviour.refuse
    elif behaviour.answer != "lost" and (order.sender, order.to) in store.opted_out:
        code = OPTED_OUT
    if code is not None or behaviour.answer == "lost":
        store.record_refusal(
            {
                "to": order.to, "from": order.sender, "body": order.body, "callback": order.callback,
                "at": now, "code": code,
            },
            spends=spends,
        )  # fmt: skip
        return Verdict(behaviour, code=code)
    text = _laid_down(order, behaviour, now, world.days.days())
    store.record_text(text, spends=spends)
    text = store.texts[text.sid]
    world.postman.take(text)
    return Verdict(behaviour, text)


def cancel(world: World, text: Text) -> bool:
    """Takes back a text that still waits; False when it is under way."""
    now = time.time()
    if text.status(now) not in ("scheduled", "accepted", "queued"):
        return False
    steps = [(status, at) for status, at in text.steps if at <= now] + [("canceled", now)]
    world.postman.drop(text)
    told = text.owed[: len(text.told)]
    world.store.record_change(text, steps=steps, owed=[*told, ("canceled", now)] if text.owed else [])
    world.postman.take(text)
    return True


def release(world: World, number: str | None) -> int:
    """Lets go the callbacks that were held, of one number or of all; gives how many texts that were."""
    held = [t for t in world.store.texts.values() if t.held and number in (None, t.to)]
    for text in held:
        world.store.record_change(text, held=False)
        world.postman.take(text)
    return len(held)


async def receive(world: World, *, sender: str, to: str, body: str) -> Text:
    """A phone sends a text: opt-out words are acted upon, then the product's hook is called."""
    now = time.time()
    action = keywords.provider_action(body, toll_free=keywords.is_toll_free(to)).removesuffix("_at_network")
    url = world.settings.inbound_url or None
    text = Text(
        sid=new_sid(), direction=INBOUND, to=to, sender=sender, body=body, at=now,
        parts=segments.count(body), days=world.days.days(), callback=url,
        steps=[("received", now)], owed=[("received", now)] if url else [],
        opt_out_type=keywords.OPT_OUT_TYPES.get(action),
    )  # fmt: skip
    world.store.record_text(text)
    text = world.store.texts[text.sid]
    out = (to, sender) in world.store.opted_out
    if action in ("opt_out", "opt_in") and out != (action == "opt_out"):
        world.store.record_opt_out(to, sender, action == "opt_out")
        _reply(world, text, keywords.CONFIRMATIONS[action], by_carrier=True)
    elif action == "help" and not out:
        _reply(world, text, keywords.CONFIRMATIONS[action], by_carrier=True)
    await hook(world, text)
    return text


async def hook(world: World, text: Text) -> None:
    """Calls the product's hook with an inbound text and waits for what it says."""
    task = world.postman.take(text)
    if task is not None:
        await asyncio.wait([task])  # not the task itself: it may be stopped


async def repeat(world: World, text: Text) -> None:
    """Calls the hook with the same inbound text once more."""
    world.store.record_change(text, owed=[*text.owed, ("received", time.time())])
    await hook(world, text)


def settle(world: World, text: Text, told: Told, answer: Answer) -> None:
    """After a post: keeps what came back; a reply in it goes to the phone."""
    world.store.record_told(text, told)
    if text.direction == INBOUND and told.seq == 0 and answer.http is not None and answer.http < 300:
        if (text.to, text.sender) not in world.store.opted_out:
            for body in replies_in(answer):
                _reply(world, text, body)


def resume(world: World) -> int:
    """After a start: posts what is still owed; gives how many texts that are."""
    owing = [t for t in world.store.texts.values() if not t.held and t.callback and t.outstanding()]
    until = time.monotonic() + PATIENCE
    for text in owing:
        world.postman.take(text, until=until)
    return len(owing)


# Pure rules --------------------------------------------------------------------------------------


def replies_in(answer: Answer) -> list[str]:
    """The texts that a hook's answer asks for."""
    if answer.content_type == "text/plain":
        return [answer.body] if answer.body.strip() else []
    if answer.content_type not in ("text/xml", "application/xml") or not answer.body.strip():
        return []
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError:
        return []
    bodies = []
    for message in root.iter("Message"):
        body = message.find("Body")
        bodies.append("".join((message if body is None else body).itertext()).strip())
    return [body for body in bodies if body]


def form_of(world: World, text: Text, status: str) -> Params:
    """The form that the product gets: a delivery receipt, or an inbound text."""
    return _inbound_form(world, text) if text.direction == INBOUND else _receipt_form(world, text, status)


def _laid_down(order: Order, behaviour: Behaviour, now: float, days: float) -> Text:
    """The text with its whole way and the callbacks that it owes."""
    step = behaviour.step_ms / 1000
    start = order.send_at or now
    waiting = "scheduled" if order.send_at else "accepted" if order.service else None
    steps: list[tuple[str, float]] = [(waiting, now)] if waiting else []
    steps += [("queued", start), ("sending", start + step)]
    if behaviour.outcome == "failed":
        steps.append(("failed", start + 2 * step))
    else:
        steps.append(("sent", start + 2 * step))
        if behaviour.outcome != "sent":
            steps.append((behaviour.outcome, start + 3 * step))
    owed: list[tuple[str, float]] = []
    if order.callback and behaviour.callbacks != "drop":
        announced = [s for s in steps if s[0] in ANNOUNCED or (waiting and s[0] == "queued")]
        statuses = [status for status, _ in announced]
        if behaviour.reorder:
            statuses.reverse()
        for status, (_, due) in zip(statuses, announced, strict=True):
            owed += [(status, due)] * (1 + behaviour.repeat)
    return Text(
        sid=new_sid(), direction=OUTBOUND, to=order.to, sender=order.sender, body=order.body, at=now,
        parts=segments.count(order.body), days=days, service=order.service, callback=order.callback,
        steps=steps, owed=owed, error_code=behaviour.code(),
        held=behaviour.callbacks == "hold" and bool(owed),
        unanswered=behaviour.answer != "answer",
    )  # fmt: skip


def _reply(world: World, text: Text, body: str, *, by_carrier: bool = False) -> None:
    """Puts an answer to an inbound text on the phone."""
    now = time.time()
    world.store.record_text(
        Text(
            sid=new_sid(), direction=REPLY, to=text.sender, sender=text.to, body=body, at=now,
            parts=segments.count(body), days=world.days.days(), by_carrier=by_carrier,
            steps=[("queued", now), ("sent", now), ("delivered", now)],
        )
    )  # fmt: skip


def _receipt_form(world: World, text: Text, status: str) -> Params:
    form = [
        ("SmsSid", text.sid), ("SmsStatus", status), ("MessageStatus", status), ("To", text.to),
        ("MessageSid", text.sid), ("AccountSid", world.settings.account_sid), ("From", text.sender),
        ("ApiVersion", API_VERSION),
    ]  # fmt: skip
    if text.service:
        form.append(("MessagingServiceSid", text.service))
    if status in ("failed", "undelivered"):
        form.append(("ErrorCode", str(text.error_code)))
    if status in ("delivered", "undelivered"):
        done = next((at for name, at in text.steps if name == status), text.at)
        form.append(("RawDlrDoneDate", time.strftime("%y%m%d%H%M", time.gmtime(done))))
    return form


def _inbound_form(world: World, text: Text) -> Params:
    form = [
        ("ToCountry", country_of(text.to)), ("ToState", ""), ("ToCity", ""), ("ToZip", ""),
        ("FromCountry", country_of(text.sender)), ("FromState", ""), ("FromCity", ""), ("FromZip", ""),
        ("SmsMessageSid", text.sid), ("SmsSid", text.sid), ("MessageSid", text.sid),
        ("SmsStatus", "received"), ("NumMedia", "0"), ("NumSegments", str(text.parts)),
        ("Body", text.body), ("To", text.to), ("From", text.sender),
        ("AccountSid", world.settings.account_sid), ("ApiVersion", API_VERSION),
    ]  # fmt: skip
    if text.opt_out_type:
        form.append(("OptOutType", text.opt_out_type))
    return form
