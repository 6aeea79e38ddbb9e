"""A call of Stripe's interface: the key, the behaviour that was told, the Idempotency-Key, the errors.

An answer to a POST with an Idempotency-Key is kept for 24 hours, where the request was begun at all:
a refusal for bad parameters is not kept, nor is one that the control interface told. While the
first answer is still on its way, a second request with the key gets 409.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pretend import resources
from pretend.behaviour import ApiBehaviour
from pretend.parameters import Table, Wrong, read
from pretend.payment import Kept, Refund, Session, new_id
from pretend.turn import ActRefused, Turn, key_of
from pretend.web import Ending, Request, Response

if TYPE_CHECKING:
    from pretend.world import World


class Unfit(Exception):
    """A request is answered with an error; ``error`` is what stands under that name."""

    def __init__(self, status: int, sentence: str, *, kind: str = "invalid_request_error", **more: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.error = {**{name: value for name, value in more.items() if value}, "message": sentence, "type": kind}


@dataclass(slots=True)
class Call:
    """One request: its pairs of parameters, the ids in its path, and the turn that answers it."""

    world: World
    turn: Turn
    pairs: list[tuple[str, str]]
    parts: tuple[str, ...]
    base: str

    def read(self, table: Table) -> dict[str, Any]:
        return read(self.pairs, table)


Act = Callable[[Call], dict[str, Any]]


def answered(world: World, request: Request, parts: tuple[str, ...], act: Act, under_way: set[str]) -> Response:
    """Answers one request, as its reference was told to be treated. ``under_way`` are the keys not answered yet."""
    id = new_id("req_", 14)
    if not _knows_key(world.settings.stripe_key, request.headers.get("authorization", "")):
        return _error(Unfit(401, "Invalid API Key provided."), id)
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    call = Call(
        world=world,
        turn=Turn(world, request=id, key=key),
        pairs=request.form() if request.method == "POST" else request.query(),
        parts=parts,
        base=f"http://{request.headers['host']}",
    )
    reference = _about(call)
    behaviour: ApiBehaviour
    behaviour, spends = world.store.behaviour_of("stripe", reference, world.settings.delay_ms)
    delay = (behaviour.delay_ms or 0) / 1000
    status = 429 if behaviour.too_many else behaviour.refuse
    if status is not None or behaviour.answer == "lost":
        refusal = {"stripe": True, "to": reference, "path": request.path, "at": time.time(), "code": status}
        world.store.record_refusal(refusal, spends=spends)
        if status is None:
            return Response(ending=Ending.CLOSE, delay=delay)
        return _error(_told(status), id, delay=delay)
    try:
        status, body, is_replayed = _performed(call, request, act, behaviour, spends, under_way)
    except Unfit as unfit:
        if spends is not None:
            world.store.record_till([], [], spends=spends)
        return _error(unfit, id, delay=delay)
    if key and delay:
        under_way.add(key)
        asyncio.get_running_loop().call_later(delay, under_way.discard, key)
    if behaviour.answer == "hold":
        return Response(ending=Ending.HOLD)
    if behaviour.answer == "close":
        return Response(ending=Ending.CLOSE, delay=delay)
    headers = _headers(id) + ((("Idempotency-Key", key),) if key else ())
    if is_replayed:
        headers += (("Idempotent-Replayed", "true"),)
    return Response(status, body.encode(), "application/json", headers, delay)


def _performed(
    call: Call, request: Request, act: Act, behaviour: ApiBehaviour, spends: str | None, under_way: set[str]
) -> tuple[int, str, bool]:
    """The answer: status, body and whether it was kept from before. Raises Unfit."""
    store, key = call.world.store, request.headers.get("idempotency-key") if request.method == "POST" else None
    asked = hashlib.sha256(f"{request.path}\n{sorted(call.pairs)}".encode()).hexdigest()
    if key is not None:
        if not 0 < len(key) <= 255:
            raise Unfit(400, "An Idempotency-Key has 1 to 255 characters.", kind="idempotency_error")
        kept = store.till.kept_of(key)
        if kept is not None and kept.asked != asked:
            sentence = "Keys for idempotent requests can only be used with the parameters they were first used with."
            raise Unfit(400, sentence, kind="idempotency_error")
        if key in under_way:
            sentence = "There is another request in progress with this Idempotency-Key."
            raise Unfit(409, sentence, kind="idempotency_error", code="idempotency_key_in_use")
        if kept is not None:
            if spends is not None:
                store.record_till([], [], spends=spends)
            return kept.status, kept.body, True
    try:
        status, body = 200, json.dumps(act(call), indent=2)
    except Wrong as wrong:
        raise Unfit(400, wrong.sentence, code=wrong.code, param=wrong.param) from wrong
    except ActRefused as refused:
        raise Unfit(400, refused.sentence, code=refused.code, param=refused.param) from refused
    if behaviour.answer == "error":
        status, body = 500, json.dumps({"error": _told(500).error}, indent=2)
    kept = None if key is None else Kept(key, call.turn.now, asked, status, body)
    if request.method == "POST" or spends is not None:
        call.turn.write(kept=kept, spends=spends)
    return status, body, False


def _about(call: Call) -> str:
    """The key under which this request's reference or phone was told a behaviour; nothing if it was not."""
    told = call.world.store.behaviours("stripe")
    given = dict(call.pairs)
    ids = [*call.parts, given.get("payment_intent", ""), given.get("charge", "")]
    for id in ids:
        record = call.world.store.till.find(id)
        if record is not None:
            session = record if isinstance(record, Session) else _session_of(call.world, record)
            return key_of(call.world, session)
    wanted = (given.get("client_reference_id", ""), given.get("metadata[phone]", ""))
    return next((key for key in wanted if key in told), "")


def _session_of(world: World, record: Any) -> Session | None:
    charge = world.store.till.charges.get(record.charge) if isinstance(record, Refund) else record
    return world.store.till.sessions.get(charge.session) if charge else None


def _knows_key(expected: str, given: str) -> bool:
    scheme, _, value = given.partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
        except ValueError:
            return False
    elif scheme.lower() != "bearer":
        return False
    return bool(expected) and hmac.compare_digest(value.strip().encode(), expected.encode())


def _told(status: int) -> Unfit:
    """The error of a behaviour."""
    if status == 429:
        return Unfit(429, "Too many requests. Slow down and try again.", code="rate_limit")
    if status == 402:
        return Unfit(402, "Your card was declined.", kind="card_error", code="card_declined")
    if status < 500:
        return Unfit(status, "The provider refused this.")
    return Unfit(status, "The provider made a mistake.", kind="api_error")


def _error(unfit: Unfit, id: str, *, delay: float = 0.0) -> Response:
    body = json.dumps({"error": unfit.error}, indent=2).encode()
    return Response(unfit.status, body, "application/json", _headers(id), delay)


def _headers(id: str) -> tuple[tuple[str, str], ...]:
    return (("Request-Id", id), ("Stripe-Version", resources.API_VERSION), ("Cache-Control", "no-cache, no-store"))
