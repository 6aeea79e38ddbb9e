"""The control interface, in JSON: for tests and the demo, never for the product.

==================================================  =================================================
GET    /healthz                                     {"ok": true}
GET    /control/numbers/{number}                    how the number is treated ("default" for all)
POST   /control/numbers/{number}                    treat it so (see ``behaviour``)
DELETE /control/numbers/{number}                    treat it as the default says again
POST   /control/numbers/{number}/release            let go the callbacks held for it ("default": all)
GET, POST, DELETE /control/mailboxes/{address}      the same for mail
POST   /control/mailboxes/{address}/release         let go the events held for it ("default": all)
POST   /control/inbound                             {"from", "to", "body", "times"}: a phone sends a text
POST   /control/mail                                {"from", "to", "subject", "text", "html", "automatic", "files"}:
                                                    somebody sends a mail
POST   /control/mail/{id}/spam, …/stop              call a mail spam; end these mails by one request
GET    /control/log                                 what the carriers saw (?to= ?since= seconds)
GET    /control/owed                                callbacks still to be posted, and held
POST   /control/reset                               forget everything
==================================================  =================================================

Card payments have their own paths, see ``stripe_control``; their log and what is owed stand here.
In the log a text that the carrier wrote by itself has ``by_carrier`` true; ``refused`` holds what was
asked and not taken, with the error code (null: the connection was cut).
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from pretend import behaviour, carrier, mailbox, stripe_control, twilio
from pretend.behaviour import DEFAULT
from pretend.mail import Mail
from pretend.text import Text
from pretend.web import Request, Response, Route, json_response

if TYPE_CHECKING:
    from pretend.world import World

_NUMBER = re.compile(twilio.NUMBER)


def routes(world: World) -> list[Route]:
    """The paths of the control interface."""

    def treated(kind: str) -> list[Route]:
        path = {"number": "/control/numbers/{x}", "mailbox": "/control/mailboxes/{x}"}[kind]
        return [
            ("GET", path, lambda request, key: _treatment(world, kind, _key(kind, key))),
            ("POST", path, lambda request, key: _treat(world, request, kind, _key(kind, key))),
            ("DELETE", path, lambda request, key: _forget(world, kind, _key(kind, key))),
        ]

    return [
        ("GET", "/healthz", lambda request: json_response(200, {"ok": True})),
        *treated("number"),
        *treated("mailbox"),
        ("POST", "/control/numbers/{x}/release", lambda request, key: _release(world, _key("number", key))),
        ("POST", "/control/mailboxes/{x}/release", lambda request, key: _release_mail(world, key.lower())),
        ("POST", "/control/mail", lambda request: _mail_in(world, request)),
        ("POST", "/control/mail/{id}/spam", lambda request, id: _on_mail(world, id, "spam")),
        ("POST", "/control/mail/{id}/stop", lambda request, id: _on_mail(world, id, "stop")),
        ("POST", "/control/inbound", lambda request: _inbound(world, request)),
        ("GET", "/control/log", lambda request: _log(world, request)),
        ("GET", "/control/owed", lambda request: json_response(200, owed(world))),
        ("POST", "/control/reset", lambda request: _reset(world)),
        ("*", "/control(?:/.*)?", lambda request: _wrong(404, ["there is no such path"])),
    ]


def owed(world: World) -> dict[str, int]:
    """How many callbacks and events are still to be posted, and how many of them are held."""
    texts = [t for t in world.store.texts.values() if t.callback and len(t.told) < len(t.owed)]
    held = sum(len(t.outstanding()) for t in texts if t.held)
    mails = sum(len(m.outstanding()) for m in world.store.mails.values())
    owed = {"owed": sum(len(t.outstanding()) for t in texts), "held": held, "mail_events_owed": mails}
    return {**owed, **stripe_control.owed(world)}


def _key(kind: str, key: str) -> str:
    return key.lower() if kind == "mailbox" else key


def _wrong(status: int, reasons: list[str]) -> Response:
    return json_response(status, {"refused": reasons})


def _treatment(world: World, kind: str, key: str) -> Response:
    told = world.store.behaviours(kind).get(key)
    now, _ = world.store.behaviour_of(kind, key, world.settings.delay_ms)
    return json_response(200, {kind: key, "told": told is not None, "behaviour": now.as_dict()})


def _treat(world: World, request: Request, kind: str, key: str) -> Response:
    if kind == "number" and key != DEFAULT and not _NUMBER.fullmatch(key):
        return _wrong(400, ["a number is written like +447700900123"])
    try:
        told = behaviour.parse(request.json(), kind)
    except behaviour.BehaviourRefused as refused:
        return _wrong(400, refused.reasons)
    except ValueError:
        return _wrong(400, ["the body is not JSON"])
    world.store.record_behaviour(kind, key, told)
    return _treatment(world, kind, key)


def _forget(world: World, kind: str, key: str) -> Response:
    world.store.record_behaviour(kind, key, None)
    return _treatment(world, kind, key)


def _release(world: World, number: str) -> Response:
    return json_response(200, {"released": carrier.release(world, None if number == DEFAULT else number)})


async def _inbound(world: World, request: Request) -> Response:
    try:
        asked = request.json()
        sender, to, body = asked["from"], asked["to"], asked["body"]
        times = asked.get("times", 1)
    except (ValueError, KeyError, TypeError, AttributeError):
        return _wrong(400, ["from, to and body are needed"])
    if not all(isinstance(value, str) for value in (sender, to, body)) or not _NUMBER.fullmatch(sender):
        return _wrong(400, ["from is written like +447700900123; to and body are strings"])
    if type(times) is not int or not 1 <= times <= 20:
        return _wrong(400, ["times is a whole number from 1 to 20"])
    text = await carrier.receive(world, sender=sender, to=to, body=body)
    for _ in range(times - 1):
        await carrier.repeat(world, text)
    return json_response(200, _seen(text, time.time()))


def _release_mail(world: World, address: str) -> Response:
    return json_response(200, {"released": mailbox.release(world, None if address == DEFAULT else address)})


async def _mail_in(world: World, request: Request) -> Response:
    try:
        asked = request.json()
        words = {name: asked.get(name, "") for name in ("from", "to", "subject", "text", "html")}
        automatic, files = asked.get("automatic", False), asked.get("files", [])
    except (ValueError, AttributeError):
        return _wrong(400, ["from, to and text are needed"])
    if not all(isinstance(value, str) for value in words.values()) or not (words["from"] and words["to"]):
        return _wrong(400, ["from and to are addresses; subject, text and html are strings"])
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        return _wrong(400, ["files is a list of names"])
    sent = await mailbox.send(
        world, sender=words["from"].lower(), to=words["to"], subject=words["subject"], text=words["text"],
        html=words["html"], automatic=bool(automatic), files=files,
    )  # fmt: skip
    return json_response(200, sent.line() | {"told": [t.http for t in sent.told]})


async def _on_mail(world: World, id: str, act: str) -> Response:
    mail = world.store.mails.get(id)
    if mail is None or (act == "stop" and not mail.ends_at()):
        return _wrong(404, ["there is no such mail, or it names no way to end it"])
    if act == "spam":
        mailbox.complain(world, mail)
        return json_response(200, {"ok": True})
    return json_response(200, {"http": await mailbox.end_mails(world, mail)})


def _log(world: World, request: Request) -> Response:
    asked = dict(request.query())
    try:
        since = float(asked.get("since", 0))
    except ValueError:
        return _wrong(400, ["since is a number of seconds since 1970"])
    to = asked.get("to")
    now = time.time()
    texts = [t for t in world.store.texts.values() if t.at >= since and to in (None, t.to)]
    mails = [m for m in world.store.mails.values() if m.at >= since and (to is None or to in m.mailboxes())]
    refusals = [r for r in world.store.refusals if r["at"] >= since and to in (None, r["to"])]
    return json_response(
        200,
        {
            "texts": [_seen(t, now) for t in texts if t.direction != "inbound"],
            "inbound": [_seen(t, now) for t in texts if t.direction == "inbound"],
            "mails": [_mail(m) for m in mails],
            "mails_in": [s.line() for s in world.store.sent.values() if s.at >= since and to in (None, s.sender)],
            "refused": refusals,
            "opted_out": sorted([ours, phone] for ours, phone in world.store.opted_out),
            **stripe_control.seen(world, since, to),
            **owed(world),
        },
    )


async def _reset(world: World) -> Response:
    await world.postman.stop()
    await world.courier.stop()
    await world.mail_hooks.stop()
    world.store.reset()
    return json_response(200, {"ok": True})


def _seen(text: Text, now: float) -> dict[str, Any]:
    return {
        "sid": text.sid, "direction": text.direction, "to": text.to, "from": text.sender,
        "body": text.body, "callback": text.callback, "at": text.at, "days": text.days,
        "status": text.status(now), "service": text.service, "error_code": text.error_code,
        "by_carrier": text.by_carrier, "unanswered": text.unanswered, "opt_out_type": text.opt_out_type,
        "callbacks": [
            {"status": t.status, "at": t.at, "http": t.http, "why": t.why, "tries": t.tries} for t in text.told
        ],
    }  # fmt: skip


def _mail(mail: Mail) -> dict[str, Any]:
    return mail.line() | {"told": [{"event": t.status, "http": t.http} for t in mail.told]}
