"""The debtor's mailbox, as a page: read the mails as text and with their layout, answer, end them, complain.

What a mailbox shows is what has reached it; a mail that came back stands between, as an event. A mail's HTML stands
in a frame of its own that runs nothing and loads nothing. *Stop these mails* does what a mail program does by itself:
one request to the address that the mail names (RFC 8058), without a page.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from pretend.mail import Mail, Sent
from pretend.mail_hooks import CONNECT, READ
from pretend.pages import LISTED, MAIL_POLICY, SAFE, linked, missing, moment_shown, page
from pretend.posting import exchange
from pretend.web import Request, Response, Route

if TYPE_CHECKING:
    from pretend.world import World

LONGEST = 200_000
ONE_CLICK = b"List-Unsubscribe=One-Click"
CAME_BACK = frozenset({"bounce", "blocked", "dropped"})
FATES = {
    "bounce": "A mail did not reach this mailbox: there is no such address.",
    "blocked": "A mail did not reach this mailbox: it was turned away.",
    "dropped": "A mail was not even tried: the address was known to be wrong.",
    "deferred": "A mail is tried again: the mailbox is busy.",
    "processed": "A mail is on its way.",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One entry of a mailbox: a mail that came (``kind`` in), one that was sent (out), or an event."""

    kind: str
    id: str
    subject: str
    who: str
    text: Markup
    when: tuple[str, str, str]
    mail: Mail | None = None
    note: str = ""
    bad: bool = False


def routes(world: World) -> list[Route]:
    """The pages of mailboxes."""
    return [
        ("GET", "/mail/{address}", lambda request, address: _mailbox(world, request, address.lower())),
        ("POST", "/mail/{address}", lambda request, address: _write(world, request, address.lower())),
        ("GET", "/mail/{address}/{id}", lambda request, address, id: _html(world, address.lower(), id)),
        ("POST", "/mail/{address}/{id}", lambda request, address, id: _act(world, request, address.lower(), id)),
    ]


# Acts --------------------------------------------------------------------------------------------


async def send(
    world: World,
    *,
    sender: str,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    automatic: bool = False,
    files: list[str] | None = None,
) -> Sent:
    """Somebody sends a mail from a mailbox; waits until it was posted for the first time."""
    made = Sent(
        id=os.urandom(12).hex(), sender=sender, to=to, subject=subject, text=text, html=html, at=time.time(),
        days=world.days.days(), automatic=automatic, files=files or [],
    )  # fmt: skip
    world.store.record_sent(made)
    made = world.store.sent[made.id]
    world.mail_hooks.send(made)
    end = time.monotonic() + CONNECT
    while world.mail_hooks.hears and not made.told and time.monotonic() < end:
        await asyncio.sleep(0.01)
    return made


def complain(world: World, mail: Mail) -> None:
    """The owner of the mailbox calls a mail spam."""
    if not any(event == "spamreport" for event, _ in mail.owed):
        world.store.record_mail_change(mail, owed=[*mail.owed, ("spamreport", time.time())])
        world.mail_hooks.take(mail)


async def end_mails(world: World, mail: Mail) -> int | None:
    """Asks the product to end its mails, as the mail says how. Gives its answer's status."""
    kind = ["Content-Type: application/x-www-form-urlencoded"]
    answer, _ = await exchange(mail.ends_at(), ONE_CLICK, kind, connect=CONNECT, read=READ)
    world.store.record_mail_change(mail, unsubscribed=str(answer.http or answer.why))
    return answer.http


def release(world: World, address: str | None) -> int:
    """Lets go the events that were held, of one mailbox or of all; gives how many mails that were."""
    held = [m for m in world.store.mails.values() if m.held and (address is None or address in m.mailboxes())]
    for mail in held:
        world.store.record_mail_change(mail, held=False)
        world.mail_hooks.take(mail)
    return len(held)


def resume(world: World) -> int:
    """After a start: posts what is still owed; gives how many mails that are."""
    owing = [m for m in world.store.mails.values() if not m.held and m.outstanding()]
    for mail in owing:
        world.mail_hooks.take(mail)
    waiting = [
        s for s in world.store.sent.values() if not s.told or (not s.taken() and (s.told[-1].http or 500) >= 500)
    ]
    for sent in waiting:
        world.mail_hooks.send(sent)
    return len(owing) + len(waiting)


# Pages -------------------------------------------------------------------------------------------


def _mailbox(
    world: World,
    request: Request,
    address: str,
    *,
    typed: dict[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    asked = dict(request.query())
    mails = sorted(world.store.mailboxes.get(address, []), key=lambda mail: mail.at)
    sent = [each for each in world.store.sent.values() if each.sender == address]
    now = time.time()
    letters = [_letter(mail, now, asked) for mail in mails] + [_own(world, each, asked) for each in sent]
    moments = [mail.at for mail in mails] + [each.at for each in sent]
    ordered = [
        letter for _, letter in sorted(zip(moments, letters, strict=True), key=lambda pair: pair[0], reverse=True)
    ]
    shown = ordered if "all" in asked else ordered[:LISTED]
    newest = next((each.mail for each in shown if each.kind == "in" and each.mail is not None), None)
    answered = world.store.mails.get(asked.get("answer", "")) or newest
    given = typed or {
        "to": (answered.reply_to or answered.sender) if answered else "",
        "subject": _answering(answered.subject) if answered else "",
        "body": "",
    }
    return page(
        world, "mailbox.html", status=status, address=address, letters=shown, here=f"/mail/{quote(address)}",
        earlier=len(ordered) - len(shown), typed=given, problem=problem, answered=answered,
        result=_result(world, asked), hears=world.mail_hooks.hears, mail_id=quote,
    )  # fmt: skip


async def _write(world: World, request: Request, address: str) -> Response:
    form = dict(request.form())
    body = form.get("body", "").replace("\r\n", "\n")
    to, subject = form.get("to", "").strip(), form.get("subject", "").strip()
    problem = ""
    if not body.strip():
        problem = "Write something first."
    elif len(body) > LONGEST:
        problem = f"A mail here has at most {LONGEST} characters."
    elif "@" not in parseaddr(to)[1]:
        problem = "Say to which address the mail goes."
    if problem:
        return _mailbox(
            world, request, address, typed={"to": to, "subject": subject, "body": body}, problem=problem, status=400
        )
    answered = world.store.mails.get(form.get("answered", ""))
    if answered is not None and address in answered.mailboxes():
        body = f"{body}\n\n{_quoted(answered)}"
    made = await send(
        world, sender=address, to=to, subject=subject, text=body.replace("\n", "\r\n"),
        automatic="automatic" in form, files=["photo.jpg"] if "file" in form else [],
    )  # fmt: skip
    where = f"/mail/{quote(address)}?sent={made.id}#answer"
    return Response(303, headers=(("Location", where), *SAFE))


async def _act(world: World, request: Request, address: str, id: str) -> Response:
    mail = world.store.mails.get(id)
    if mail is None or address not in mail.mailboxes():
        return missing(world)
    act = dict(request.form()).get("act", "")
    if act == "spam":
        complain(world, mail)
    elif act == "stop" and mail.ends_at():
        await end_mails(world, mail)
    else:
        return missing(world)
    return Response(303, headers=(("Location", f"/mail/{quote(address)}?done={quote(id)}#m-{quote(id)}"), *SAFE))


def _html(world: World, address: str, id: str) -> Response:
    mail = world.store.mails.get(id)
    if mail is None or address not in mail.mailboxes() or not mail.html:
        return missing(world)
    body = '<base target="_top">' + mail.html
    return Response(200, body.encode(), "text/html; charset=utf-8", (*SAFE, ("Content-Security-Policy", MAIL_POLICY)))


# Pure rules --------------------------------------------------------------------------------------


def _letter(mail: Mail, now: float, asked: dict[str, str]) -> Letter:
    when = moment_shown(mail.at, mail.days, "", asked)
    hindered = mail.owed and any(event in FATES for event, _ in mail.owed if event != "processed")
    fate = mail.fate(now) if hindered else "delivered"
    if fate in FATES:
        return Letter(
            "event", mail.id, mail.subject, mail.sender, Markup(""), when, mail, FATES[fate], fate in CAME_BACK
        )
    note = "You called this spam." if any(event == "spamreport" for event, _ in mail.owed) else ""
    if mail.unsubscribed:
        ended = mail.unsubscribed == "200"
        note = "You asked for no more of these." if ended else f"Asking for no more failed ({mail.unsubscribed})."
    who = f"{mail.sender_name} <{mail.sender}>" if mail.sender_name else mail.sender
    return Letter("in", mail.id, mail.subject, who, linked(mail.text), when, mail, note)


def _own(world: World, sent: Sent, asked: dict[str, str]) -> Letter:
    note, bad = _fate(world, sent)
    when = moment_shown(sent.at, sent.days, "", asked)
    return Letter("out", sent.id, sent.subject, sent.to, linked(sent.text.replace("\r\n", "\n")), when, None, note, bad)


def _fate(world: World, sent: Sent) -> tuple[str, bool]:
    """What became of a mail that was sent from here, and whether that is bad."""
    name = world.settings.name
    if not world.mail_hooks.hears:
        return "Nobody listens: PRETEND_SENDGRID_INBOUND_URL was not set.", True
    if not sent.told:
        return f"On its way to {name}.", False
    last = sent.told[-1]
    if last.http is None:
        return f"Not taken yet: {name} could not be reached ({last.why}).", True
    if last.http >= 300:
        return f"Refused: {name} answered HTTP {last.http}.", True
    return f"Taken by {name}.", False


def _result(world: World, asked: dict[str, str]) -> tuple[str, bool] | None:
    sent = world.store.sent.get(asked.get("sent", ""))
    return _fate(world, sent) if sent is not None else None


def _answering(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _quoted(mail: Mail) -> str:
    """The mail that is answered, as mail programs write it below an answer."""
    moment = time.strftime("%a, %d %b %Y at %H:%M", time.gmtime(mail.at))
    lines = [f"> {line}".rstrip() for line in mail.text.split("\n")]
    return "\n".join([f"On {moment}, {mail.sender_name} <{mail.sender}> wrote:", *lines])
