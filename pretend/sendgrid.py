"""SendGrid's interface for mail: send, and the events that a mail owes.

The official client works against it as its ``host``.

SHAPE holds every field that a mail takes, nested as SendGrid nests them; anything else is refused
with a message that names the field. An accepted mail is answered 202 with its id in a header.
"""

from __future__ import annotations

import hmac
import os
import re
import time
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from pretend.behaviour import MailBehaviour
from pretend.mail import WAYS, Mail
from pretend.web import Ending, Request, Response, Route, json_response

if TYPE_CHECKING:
    from pretend.world import World

PERSONALIZATIONS = 1000
RECIPIENTS = 1000
CATEGORIES = 10
CUSTOM_ARGS_BYTES = 10_000
ATTACHMENT_BYTES = 30 * 1024 * 1024
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
TOKEN_HEADERS = frozenset(
    "x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject "
    "reply-to cc bcc".split()
)

# A leaf is a type; a dict an object with just these fields; a list of one a list of such; ANY_KEYS an
# object whose keys are the sender's own.
ANY_KEYS: Any = object()
PERSON = {"email": str, "name": str}
SWITCH = {"enable": bool}
SHAPE: dict[str, Any] = {
    "personalizations": [
        {
            "from": PERSON,
            "to": [PERSON],
            "cc": [PERSON],
            "bcc": [PERSON],
            "subject": str,
            "headers": ANY_KEYS,
            "substitutions": ANY_KEYS,
            "dynamic_template_data": ANY_KEYS,
            "custom_args": ANY_KEYS,
            "send_at": int,
        }
    ],
    "from": PERSON,
    "reply_to": PERSON,
    "reply_to_list": [PERSON],
    "subject": str,
    "content": [{"type": str, "value": str}],
    "attachments": [{"content": str, "type": str, "filename": str, "disposition": str, "content_id": str}],
    "template_id": str,
    "headers": ANY_KEYS,
    "categories": [str],
    # The published specification calls it a string; the interface and the client use an object.
    "custom_args": ANY_KEYS,
    "send_at": int,
    "batch_id": str,
    "asm": {"group_id": int, "groups_to_display": [int]},
    "ip_pool_name": str,
    "mail_settings": {
        "bypass_list_management": SWITCH,
        "bypass_spam_management": SWITCH,
        "bypass_bounce_management": SWITCH,
        "bypass_unsubscribe_management": SWITCH,
        "footer": {"enable": bool, "text": str, "html": str},
        "sandbox_mode": SWITCH,
    },
    "tracking_settings": {
        "click_tracking": {"enable": bool, "enable_text": bool},
        "open_tracking": {"enable": bool, "substitution_tag": str},
        "subscription_tracking": {"enable": bool, "text": str, "html": str, "substitution_tag": str},
        "ganalytics": {
            "enable": bool,
            "utm_source": str,
            "utm_medium": str,
            "utm_term": str,
            "utm_content": str,
            "utm_campaign": str,
        },
    },
}


def routes(world: World) -> list[Route]:
    """SendGrid's paths; each asks for the key."""
    expected = f"Bearer {world.settings.sendgrid_key}".encode()

    def handler(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, expected):
            return errors(401, [("", "The key is not valid.")])
        return send(world, request)

    return [
        ("POST", "/v3/mail/send", handler),
        ("*", "/v3/mail/send", lambda request: errors(405, [("", "Use POST here.")])),
        ("*", "/v3(?:/.*)?", lambda request: errors(404, [("", "There is no such resource.")])),
    ]


# Acts --------------------------------------------------------------------------------------------


def send(world: World, request: Request) -> Response:
    """Takes a mail: 202 and X-Message-Id, or errors, as the first recipient's mailbox was told to behave."""
    try:
        mail = request.json()
    except (ValueError, UnicodeDecodeError):
        return errors(400, [("", "The body is not JSON.")])
    wrong = problems(mail)
    if wrong:
        return errors(413 if wrong == [_TOO_LARGE] else 400, wrong)
    first = _addresses(mail["personalizations"][0]["to"])[0]
    behaviour, spends = world.store.behaviour_of("mailbox", first, world.settings.delay_ms)
    delay = (behaviour.delay_ms or 0) / 1000
    status = 429 if behaviour.too_many else behaviour.refuse
    if status is not None or behaviour.answer == "lost":
        refusal = {"mailbox": True, "to": first, "subject": mail.get("subject"), "at": time.time()}
        world.store.record_refusal({**refusal, "code": status}, spends=spends)
        if status is None:
            return Response(ending=Ending.CLOSE, delay=delay)
        return errors(status if status < 600 else 400, [("", "The provider refused this.")], delay=delay)
    if mail.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
        return Response(200, delay=delay)
    message_id = urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    for number, personalization in enumerate(mail["personalizations"]):
        taken = _mail(mail, personalization, f"{message_id}.{number}", message_id)
        taken.days = world.days.days()
        taken.unanswered = behaviour.answer != "answer"
        taken.owed = _way(behaviour, taken.at)
        taken.held = behaviour.callbacks == "hold"
        world.store.record_mail(taken, spends=None if number else spends)
        world.mail_hooks.take(world.store.mails[taken.id])
    if behaviour.answer == "hold":
        return Response(ending=Ending.HOLD)
    if behaviour.answer == "close":
        return Response(ending=Ending.CLOSE, delay=delay)
    if behaviour.answer == "error":
        return errors(500, [("", "The provider made a mistake.")], delay=delay)
    return Response(202, headers=(("X-Message-Id", message_id),), delay=delay)


# Pure rules --------------------------------------------------------------------------------------

_TOO_LARGE = ("attachments", "A mail takes at most 30 MB.")


def problems(mail: Any) -> list[tuple[str, str]]:
    """What is wrong with a mail: the field and a sentence for each. Empty when it may go."""
    wrong = list(_misshapen(mail, SHAPE, ""))
    if wrong:
        return wrong
    for name in ("personalizations", "from"):
        if not mail.get(name):
            wrong.append((name, "This field is required."))
    if wrong:
        return wrong
    wrong += _limits(mail)
    for n, personalization in enumerate(mail["personalizations"]):
        at = f"personalizations.{n}"
        if not personalization.get("to"):
            wrong.append((f"{at}.to", "At least one recipient is required."))
        everyone = [a for k in ("to", "cc", "bcc") for a in _addresses(personalization.get(k, []))]
        if len(set(everyone)) < len(everyone):
            wrong.append((at, "An address may stand once among to, cc and bcc."))
        if not mail.get("subject") and not personalization.get("subject") and not mail.get("template_id"):
            wrong.append(("subject", "A subject is required."))
    for path, person in _people(mail):
        if not ADDRESS.fullmatch(person.get("email", "")):
            wrong.append((path, "This is not a mail address."))
    contents = mail.get("content", [])
    if not contents and not mail.get("template_id"):
        wrong.append(("content", "A mail needs content or a template."))
    for n, content in enumerate(contents):
        if not content.get("type") or not content.get("value"):
            wrong.append((f"content.{n}", "Content needs a type and a value."))
    kinds = [content.get("type") for content in contents]
    if sorted(kinds, key=_rank) != kinds:
        wrong.append(("content", "text/plain comes first, then text/html."))
    return wrong


def _limits(mail: dict[str, Any]) -> list[tuple[str, str]]:
    wrong = []
    many = mail["personalizations"]
    if len(many) > PERSONALIZATIONS:
        wrong.append(("personalizations", f"At most {PERSONALIZATIONS} are taken."))
    if sum(len(p.get(k, [])) for p in many for k in ("to", "cc", "bcc")) > RECIPIENTS:
        wrong.append(("personalizations", f"At most {RECIPIENTS} recipients are taken."))
    categories = mail.get("categories", [])
    if len(categories) > CATEGORIES or len(set(categories)) < len(categories):
        wrong.append(("categories", f"At most {CATEGORIES} are taken, each once."))
    if any(len(category) > 255 for category in categories):
        wrong.append(("categories", "A category has at most 255 characters."))
    for args in [mail.get("custom_args", {})] + [p.get("custom_args", {}) for p in many]:
        if not all(isinstance(value, str) for value in args.values()):
            wrong.append(("custom_args", "Each value is a string."))
        elif sum(len((key + value).encode()) for key, value in args.items()) > CUSTOM_ARGS_BYTES:
            wrong.append(("custom_args", f"At most {CUSTOM_ARGS_BYTES} bytes are taken."))
    for headers in [mail.get("headers", {})] + [p.get("headers", {}) for p in many]:
        if TOKEN_HEADERS & {name.lower() for name in headers}:
            wrong.append(("headers", "One of these headers is the provider's own."))
    for n, attachment in enumerate(mail.get("attachments", [])):
        if not attachment.get("content") or "filename" not in attachment:
            wrong.append((f"attachments.{n}", "An attachment needs content and a filename."))
        if attachment.get("disposition", "attachment") not in ("attachment", "inline"):
            wrong.append((f"attachments.{n}.disposition", "attachment or inline."))
    if sum(len(a.get("content", "")) for a in mail.get("attachments", [])) > ATTACHMENT_BYTES:
        return [_TOO_LARGE]
    return wrong


def _rank(kind: str | None) -> int:
    return {"text/plain": 0, "text/html": 1}.get(kind or "", 2)


def _misshapen(value: Any, shape: Any, path: str) -> Any:
    """The fields that are unknown or of another type."""
    if shape is ANY_KEYS or isinstance(shape, dict):
        if not isinstance(value, dict):
            yield path, "This must be an object."
        elif shape is not ANY_KEYS:
            for key, inner in value.items():
                below = f"{path}.{key}" if path else key
                if key in shape:
                    yield from _misshapen(inner, shape[key], below)
                else:
                    yield below, "This field is not known."
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield path, "This must be a list."
        else:
            for n, inner in enumerate(value):
                yield from _misshapen(inner, shape[0], f"{path}.{n}")
    elif type(value) is not shape:
        yield path, f"This must be of type {shape.__name__}."


def _people(mail: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    people = [("from.email", mail["from"])]
    people += [("reply_to.email", mail["reply_to"])] if "reply_to" in mail else []
    people += [("reply_to_list.email", person) for person in mail.get("reply_to_list", [])]
    for n, personalization in enumerate(mail["personalizations"]):
        for kind in ("to", "cc", "bcc"):
            for m, person in enumerate(personalization.get(kind, [])):
                people.append((f"personalizations.{n}.{kind}.{m}.email", person))
        if "from" in personalization:
            people.append((f"personalizations.{n}.from.email", personalization["from"]))
    return people


def _addresses(people: list[dict[str, str]]) -> list[str]:
    return [person.get("email", "").lower() for person in people]


def _mail(mail: dict[str, Any], personalization: dict[str, Any], id: str, message_id: str) -> Mail:
    contents = {content["type"]: content["value"] for content in mail.get("content", [])}
    sender = personalization.get("from") or mail["from"]

    def filled(words: str) -> str:
        for key, value in personalization.get("substitutions", {}).items():
            words = words.replace(key, str(value))
        return words

    return Mail(
        id=id,
        message_id=message_id,
        sender=sender["email"],
        sender_name=sender.get("name", ""),
        to=_addresses(personalization["to"]),
        cc=_addresses(personalization.get("cc", [])),
        bcc=_addresses(personalization.get("bcc", [])),
        subject=filled(personalization.get("subject") or mail.get("subject", "")),
        text=filled(contents.get("text/plain", "")),
        html=filled(contents.get("text/html", "")),
        at=time.time(),
        reply_to=(mail.get("reply_to") or {}).get("email", ""),
        attachments=[attachment["filename"] for attachment in mail.get("attachments", [])],
        custom_args={**mail.get("custom_args", {}), **personalization.get("custom_args", {})},
        headers={**mail.get("headers", {}), **personalization.get("headers", {})},
    )


def _way(behaviour: MailBehaviour, at: float) -> list[tuple[str, float]]:
    """The events that a mail owes, with the moment from which each is due."""
    if behaviour.callbacks == "drop":
        return []
    step = behaviour.step_ms / 1000
    way = [(event, at + n * step) for n, event in enumerate(WAYS[behaviour.outcome], 1)]
    if behaviour.reorder:
        way = [(event, due) for (event, _), (_, due) in zip(reversed(way), way, strict=True)]
    return [each for each in way for _ in range(1 + behaviour.repeat)]


def errors(status: int, reasons: list[tuple[str, str]], *, delay: float = 0.0) -> Response:
    """An answer in the shape of SendGrid's errors."""
    listed: list[dict[str, Any]] = [{"message": words, "field": field or None, "help": {}} for field, words in reasons]
    return json_response(status, {"errors": listed}, delay=delay)
