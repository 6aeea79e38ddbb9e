"""The debtor's phone, as pages, and the list of all phones and mailboxes: read the texts, follow the links, answer.

The pages need no script and load nothing but their own stylesheet. What a phone shows is what has
reached it; a text that is under way or did not arrive stands between, as an event.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pretend import behaviour, carrier, twilio
from pretend.behaviour import ANSWERS, CALLBACKS, DEFAULT, OUTCOMES, Behaviour
from pretend.clock import shown, zone_of
from pretend.mail import Mail
from pretend.text import INBOUND, Text
from pretend.web import Request, Response, Route

if TYPE_CHECKING:
    from pretend.world import World

HERE = Path(__file__).parent
STYLE = (HERE / "pretend.css").read_bytes()
LISTED = 60
ON_PHONE = 80
SAFE = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
NUMBER = re.compile(twilio.NUMBER)

_pages = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a phone: a bubble (``kind`` theirs or own) or an event between bubbles."""

    kind: str
    day: str
    clock: str
    stamp: str
    who: str
    body: Markup
    note: str = ""
    bad: bool = False


def routes(world: World) -> list[Route]:
    """The pages; the last route answers whatever is left."""

    def on_phone(act: Any) -> Any:
        def handler(request: Request, number: str) -> Any:
            number = number if number.startswith("+") else "+" + number.strip()
            return act(world, request, number) if NUMBER.fullmatch(number) else missing(world)

        return handler

    def on_carrier(act: Any) -> Any:
        def handler(request: Request, number: str) -> Any:
            known = number == DEFAULT or NUMBER.fullmatch(number)
            return act(world, request, number) if known else missing(world)

        return handler

    return [
        ("GET", "/", lambda request: _start(world, request)),
        ("GET", "/phone/{number}", on_phone(_phone)),
        ("POST", "/phone/{number}", on_phone(_answer)),
        ("GET", "/carrier/{number}", on_carrier(_carrier)),
        ("POST", "/carrier/{number}", on_carrier(_treat)),
        ("GET", r"/pretend\.css", lambda request: Response(200, STYLE, "text/css; charset=utf-8", SAFE)),
        ("GET", r"/favicon\.ico", lambda request: Response(204)),
        ("*", "/.*", lambda request: missing(world)),
    ]


# Pages -------------------------------------------------------------------------------------------


def page(
    world: World, template: str, *, status: int = 200, policy: str = POLICY, delay: float = 0.0, **facts: Any
) -> Response:
    """A page of the pretend world; ``policy`` is its Content-Security-Policy, ``delay`` seconds before it comes."""
    inbound = urlsplit(world.settings.inbound_url)
    product = f"{inbound.scheme}://{inbound.netloc}/" if inbound.netloc else ""
    words = _pages.get_template(template).render(name=world.settings.name, product=product, **facts)
    headers = (*SAFE, ("Content-Security-Policy", policy))
    return Response(status, words.encode(), "text/html; charset=utf-8", headers, delay)


def missing(world: World) -> Response:
    """There is no such page."""
    return page(world, "missing.html", status=404)


def _start(world: World, request: Request) -> Response:
    asked = dict(request.query())
    find = asked.get("find", "").strip()
    wanted = find.lower().replace(" ", "")
    store, now = world.store, time.time()
    phones = sorted(store.phones.items(), key=lambda item: item[1][-1].at, reverse=True)
    boxes = sorted(store.mailboxes.items(), key=lambda item: item[1][-1].at, reverse=True)
    phones = [item for item in phones if wanted in item[0]]
    boxes = [item for item in boxes if wanted in item[0]]
    people = [(who, ids) for who, ids in store.till.people.items() if wanted in who.lower().replace(" ", "")]
    banks = sorted(people, key=lambda item: store.till.sessions[item[1][-1]].created, reverse=True)
    unknown = NUMBER.fullmatch(wanted) is not None and wanted not in store.phones
    return page(
        world,
        "start.html",
        find=find,
        unknown=wanted if unknown else "",
        phones=[_phone_row(world, number, texts, now, asked) for number, texts in phones[:LISTED]],
        phone_count=len(phones),
        boxes=[_box_row(address, mails, asked) for address, mails in boxes[:LISTED]],
        box_count=len(boxes),
        banks=[_bank_row(world, who, ids, asked) for who, ids in banks[:LISTED]],
        bank_count=len(banks),
        behaviours=sorted(store.behaviours("number")),
        path=quote,
    )


def _phone_row(world: World, number: str, texts: list[Text], now: float, asked: dict[str, str]) -> dict[str, Any]:
    last = texts[-1]
    day, clock, _ = moment_shown(last.at, last.days, number, asked)
    out = any(phone == number for _, phone in world.store.opted_out)
    return {"key": number, "count": len(texts), "when": f"{day}, {clock}", "last": _short(last.body), "out": out}


def _box_row(address: str, mails: list[Mail], asked: dict[str, str]) -> dict[str, Any]:
    last = mails[-1]
    day, clock, _ = moment_shown(last.at, last.days, "", asked)
    return {"key": address, "count": len(mails), "when": f"{day}, {clock}", "last": _short(last.subject)}


def _bank_row(world: World, who: str, ids: list[str], asked: dict[str, str]) -> dict[str, Any]:
    last = world.store.till.sessions[ids[-1]]
    day, clock, _ = moment_shown(last.created, last.days, who, asked)
    return {"key": who, "count": len(ids), "when": f"{day}, {clock}", "last": _short(last.items[0].name)}


def _phone(
    world: World, request: Request, number: str, *, typed: str = "", problem: str = "", status: int = 200
) -> Response:
    asked = dict(request.query())
    store, now = world.store, time.time()
    texts = sorted(store.phones.get(number, []), key=lambda text: text.at)
    shown_texts = texts if "all" in asked else texts[-ON_PHONE:]
    answered = store.texts.get(asked.get("answered", ""))
    senders = [t.ours for t in reversed(texts)] + [ours for ours, _ in store.senders.most_common(20)]
    return page(
        world,
        "phone.html",
        status=status,
        number=number,
        lines=[_line(world, text, now, asked) for text in shown_texts],
        earlier=len(texts) - len(shown_texts),
        senders=[s for s in dict.fromkeys(senders) if re.fullmatch(r"\+?\d+", s) and s != number],
        out=sorted(ours for ours, phone in store.opted_out if phone == number),
        treated=number in store.behaviours("number"),
        result=_hook_note(world, answered) if answered is not None and answered.direction == INBOUND else None,
        typed=typed,
        problem=problem,
        limit=twilio.BODY_LIMIT,
        here=f"/phone/{quote(number)}",
        carrier_page=f"/carrier/{quote(number)}",
        bank_page=f"/bank/{quote(number)}" if number in store.till.people else "",
        days=asked.get("days", ""),
    )


async def _answer(world: World, request: Request, number: str) -> Response:
    form = dict(request.form())
    body = form.get("body", "").replace("\r\n", "\n")
    to = form.get("to", "").strip().replace(" ", "")
    problem = ""
    if not body.strip():
        problem = "Write a text first."
    elif len(body) > twilio.BODY_LIMIT:
        problem = f"A text has at most {twilio.BODY_LIMIT} characters."
    elif not re.fullmatch(r"\+?\d{3,15}", to) or to == number:
        problem = "Say to which number the text goes, like +447700900999."
    if problem:
        return _phone(world, request, number, typed=body, problem=problem, status=400)
    text = await carrier.receive(world, sender=number, to=to, body=body)
    days = f"&days={quote(form['days'])}" if form.get("days") else ""
    where = f"/phone/{quote(number)}?answered={text.sid}{days}#answer"
    return Response(303, headers=(("Location", where), *SAFE))


def _carrier(
    world: World,
    request: Request,
    number: str,
    *,
    problems: list[str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    told = world.store.behaviours("number").get(number)
    values = {key: "" if value is None else str(value) for key, value in (told or Behaviour()).as_dict().items()}
    held = sum(t.held for t in world.store.texts.values() if number in (DEFAULT, t.to))
    return page(
        world,
        "carrier.html",
        status=400 if problems else 200,
        number=number,
        everyone=number == DEFAULT,
        told=told is not None,
        values={**values, **(typed or {})},
        answers=ANSWERS,
        outcomes=OUTCOMES,
        callbacks=CALLBACKS,
        held=held,
        problems=problems or [],
        saved="saved" in dict(request.query()),
        here=f"/carrier/{quote(number)}",
        phone_page="/" if number == DEFAULT else f"/phone/{quote(number)}",
    )


def _treat(world: World, request: Request, number: str) -> Response:
    form = dict(request.form())
    act = form.pop("act", "")
    if act == "release":
        carrier.release(world, None if number == DEFAULT else number)
    elif act == "usual":
        world.store.record_behaviour("number", number, None)
    else:
        try:
            world.store.record_behaviour("number", number, behaviour.parse(_typed(form)))
        except behaviour.BehaviourRefused as refused:
            return _carrier(world, request, number, problems=refused.reasons, typed=form)
    return Response(303, headers=(("Location", f"/carrier/{quote(number)}?saved"), *SAFE))


# Pure rules --------------------------------------------------------------------------------------


def linked(words: str) -> Markup:
    """The words with each address as a link; everything else is shown as typed."""
    pieces, end = [], 0
    for match in LINK.finditer(words):
        url = escape(match.group())
        pieces += [escape(words[end : match.start()]), Markup(f'<a href="{url}" rel="noreferrer">{url}</a>')]
        end = match.end()
    pieces.append(escape(words[end:]))
    return Markup("").join(pieces)


def _line(world: World, text: Text, now: float, asked: dict[str, str]) -> Line:
    status = text.status(now)
    day, clock, stamp = moment_shown(text.at, text.days, text.phone, asked)
    if text.direction == INBOUND:
        note, bad = _hook_note(world, text)
        return Line("own", day, clock, stamp, text.to, linked(text.body), note, bad)
    if status in ("sent", "delivered"):
        by = " (the carrier itself)" if text.by_carrier else ""
        return Line("theirs", day, clock, stamp, f"{text.sender}{by}", linked(text.body))
    if status in ("failed", "undelivered", "canceled"):
        code = f", {text.error_code}" if text.error_code and status != "canceled" else ""
        note = f"A text from {text.sender} did not reach this phone ({status}{code})."
        return Line("event", day, clock, stamp, text.sender, Markup(""), note, status != "canceled")
    return Line("event", day, clock, stamp, text.sender, Markup(""), f"A text from {text.sender} is on its way.")


def _hook_note(world: World, text: Text) -> tuple[str, bool]:
    """What became of a text that this phone sent, and whether that is bad."""
    name = world.settings.name
    if text.callback is None:
        return "Nobody listens: PRETEND_INBOUND_URL was not set.", True
    if not text.told:
        return f"On its way to {name}.", False
    last = text.told[-1]
    if last.http is None:
        return f"Not taken: {name} could not be reached ({last.why}).", True
    if last.http >= 300:
        return f"Refused: {name} answered HTTP {last.http}.", True
    return f"Taken by {name}.", False


def moment_shown(at: float, days: float, number: str, asked: dict[str, str]) -> tuple[str, str, str]:
    """Day, time of day and machine-readable moment, on the demo's day (or moved as ``?days=`` says)."""
    told = asked.get("days", "")
    if re.fullmatch(r"-?\d{1,6}", told):
        days = int(told)
    moment = shown(at, days, zone_of(number))
    day = f"{moment:%A} {moment.day} {moment:%B %Y}"
    return day, f"{moment:%H:%M}", moment.isoformat(timespec="seconds")


def _short(words: str) -> str:
    flat = " ".join(words.split())
    return flat if len(flat) <= 90 else flat[:89] + "…"


def _typed(form: dict[str, str]) -> dict[str, Any]:
    """A form as the behaviour's JSON: blanks are left out, digits are numbers."""
    value: dict[str, Any] = {}
    for key, words in form.items():
        words = words.strip()
        if key == "reorder":
            value[key] = words == "True"
        elif words:
            value[key] = int(words) if words.isdecimal() and len(words) < 10 else words
    return value
