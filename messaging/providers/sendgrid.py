"""SendGrid: mail, by the official client; and its words, translated once.

Sending has no idempotency key and there is no list to look a mail up in, so an answer that never came stays
unclear until an event tells: each event of a mail carries our message and attempt (custom_args). An event names the
mail by `sg_message_id`, which begins with the id that the sending answered.

Of the events, `processed`, `deferred`, `delivered`, `bounce` and `dropped` are steps of a mail's way. `spamreport`,
`unsubscribe` and their like say something of the address, and none of them undoes what was delivered. Opens and
clicks are neither asked for nor kept. (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event)
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlencode

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from cases.waits import WAITS
from messaging.carriers import (
    Answer,
    Effect,
    Found,
    Group,
    LookUpFailed,
    Meaning,
    OutMessage,
    Progress,
    Remark,
    Report,
    Sought,
    Told,
    Verdict,
)
from messaging.providers.inbound_parse import read_mail

_OURS: Final = Meaning(Group.OURS)
_LATER: Final = Meaning(Group.RETRY_LATER, final=False)
_DEAD: Final = Meaning(Group.BAD_ADDRESS, effect=Effect.UNUSABLE)
_STRIKE: Final = Meaning(Group.BLOCKED, effect=Effect.STRIKE)
_COMPLAINED: Final = Meaning(Group.COMPLAINED, effect=Effect.STOPPED)
_OPTED_OUT: Final = Meaning(Group.OPTED_OUT, effect=Effect.STOPPED)

LONGEST_ID: Final = 100
"""No id of SendGrid's is longer."""


@dataclass(frozen=True, slots=True)
class Event:
    """What an event is: of which class, what it says, whether the mail's way ends there, whether the address is left.

    `progress`: the step that it is of the mail's way, if it is one.
    """

    kind: str
    says: str
    final: bool = False
    suppress: bool = False
    progress: Progress | None = None
    meaning: Meaning | None = None


EVENTS: Final[Mapping[str, Event]] = {
    "processed": Event("email_state", "accepted_by_provider", progress=Progress.IN_PROGRESS),
    "deferred": Event("email_state", "retrying_at_provider", progress=Progress.FAILED_FOR_NOW),
    "delivered": Event("email_state", "delivered", final=True, progress=Progress.DELIVERED),
    "bounce": Event("email_state", "failed", final=True, suppress=True, progress=Progress.FAILED, meaning=_DEAD),
    "dropped": Event("email_state", "failed", final=True, suppress=True, progress=Progress.FAILED, meaning=_DEAD),
    "spamreport": Event("suppression", "complaint", suppress=True, meaning=_COMPLAINED),
    "unsubscribe": Event("suppression", "opt_out_all", suppress=True, meaning=_OPTED_OUT),
    "group_unsubscribe": Event("suppression", "opt_out_group", suppress=True, meaning=_OPTED_OUT),
    "group_resubscribe": Event("suppression", "opt_in_group"),
    "open": Event("engagement", "none"),
    "click": Event("engagement", "none"),
}
"""SendGrid's events. Whoever opts in again says so to us: a group is none of ours."""

_BLOCKED: Final = Event("email_state", "failed", final=True, progress=Progress.FAILED, meaning=_STRIKE)
"""A bounce of the type `blocked`: the mailbox refused this mail, not every mail."""
_UNSENT: Final = Event("email_state", "failed", final=True, progress=Progress.FAILED, meaning=_OURS)
"""Dropped for what the mail is, not for where it goes."""

_DROPPED: Final = (
    ("unsubscribe", _OPTED_OUT), ("spam report", _COMPLAINED), ("bounce", _DEAD), ("invalid", _DEAD),
)  # fmt: skip
"""Why a mail was dropped, by a word of the reason."""
_OURS_DROPPED: Final = ("smtpapi", "header", "over quota", "spam content", "recipient list", "attachment")


def event_of(name: str, *, type_: str = "", reason: str = "") -> Event | None:
    """What an event of this name is; `type_` and `reason` are its own words. None for a name that we do not know."""
    event, reason = EVENTS.get(name), reason.lower()
    if name == "bounce" and type_ == "blocked":
        return _BLOCKED
    if name == "dropped" and reason:
        if any(word in reason for word in _OURS_DROPPED):
            return _UNSENT
        meaning = next((meaning for word, meaning in _DROPPED if word in reason), _OURS)
        suppress = meaning.effect is not Effect.NONE
        return Event("email_state", "failed", True, suppress, Progress.FAILED, meaning)
    return event


class SendGrid:
    """One account. Mail comes from `sender`, under the organisation's `name`."""

    name = "sendgrid"
    channel = "email"

    def __init__(self, key: str, sender: str, called: str, *, base_url: str | None = None) -> None:
        self._client = SendGridAPIClient(key, host=base_url) if base_url else SendGridAPIClient(key)
        self._client.client.timeout = WAITS.call.total_seconds()
        self._sender = {"email": sender, "name": called}

    def send(self, message: OutMessage) -> Answer:
        """Hands a mail over, once. Never raises."""
        mail: dict[str, Any] = {
            "personalizations": [{"to": [{"email": message.to}]}],
            "from": self._sender,
            "subject": message.subject,
            "content": [
                {"type": "text/plain", "value": message.body},
                {"type": "text/html", "value": message.html},
            ],
            "custom_args": {"m": str(message.id), "a": str(message.attempt)},
            # Nothing is advertised: nothing is counted, rewritten or appended.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
        }
        if message.reply_to:
            mail["reply_to"] = {"email": message.reply_to, "name": self._sender["name"]}
        # What a program sends is answered by no program (RFC 3834).
        mail["headers"] = {"Auto-Submitted": "auto-generated"}
        if message.unsubscribe:
            # One request to this address ends mail, without a page in between (RFC 8058).
            mail["headers"] |= {
                "List-Unsubscribe": f"<{message.unsubscribe}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
        try:
            answer = self._client.send(mail)
        except HTTPError as refused:
            return _refusal(int(refused.status_code))
        except URLError as error:
            return Answer(Verdict.NOT_SENT if _never_left(error) else Verdict.UNCLEAR, detail=_named(error))
        except Exception as error:
            return Answer(Verdict.UNCLEAR, detail=type(error).__name__)
        if not 200 <= answer.status_code < 300:
            return Answer(Verdict.UNCLEAR, detail=f"http {answer.status_code}")
        return Answer(Verdict.ACCEPTED, provider_id=answer.headers.get("X-Message-Id") or None)

    def find(self, sought: Sought) -> Found | None:
        """There is no list to look in."""
        raise LookUpFailed("no list")

    def read(self, kind: str, raw: bytes) -> Told:
        """A kept event: one of a mail of ours, or a mail that somebody sent us."""
        return read_mail(raw) if kind == "inbound" else _read_event(raw)


@dataclass(frozen=True, slots=True)
class Kept:
    """One event of a batch, as it is kept: its key, our message and attempt as a query, its own bytes."""

    key: str
    query: str
    raw: bytes


def events_in(raw: bytes) -> Iterator[Kept]:
    """The events of a batch, each with its own bytes. Raises ValueError where it is no batch of events."""
    words = raw.decode("utf-8")
    decoder, at = json.JSONDecoder(), _blank(words, 0)
    if words[at : at + 1] != "[":
        raise ValueError("no list")
    at = _blank(words, at + 1)
    while words[at : at + 1] != "]":
        event, end = decoder.raw_decode(words, at)
        if not isinstance(event, dict):
            raise ValueError("no event")
        own = words[at:end].encode()
        yield Kept(_key(event, own), _query(event), own)
        at = _blank(words, end)
        if words[at : at + 1] == ",":
            at = _blank(words, at + 1)
        elif words[at : at + 1] != "]":
            raise ValueError("no list")


def _blank(words: str, at: int) -> int:
    while words[at : at + 1] in (" ", "\t", "\r", "\n") and at < len(words):
        at += 1
    return at


def _key(event: Mapping[str, Any], own: bytes) -> str:
    given = event.get("sg_event_id")
    if isinstance(given, str) and given and given.isprintable() and len(given) <= LONGEST_ID:
        return given
    return hashlib.sha256(own).hexdigest()


def _query(event: Mapping[str, Any]) -> str:
    named = {name: event.get(name) for name in ("m", "a")}
    whole = all(isinstance(value, str) and value.isascii() and value.isdigit() for value in named.values())
    return urlencode(named) if whole else ""


def _read_event(raw: bytes) -> Report | Remark | None:
    told = json.loads(raw)
    if not isinstance(told, dict) or not isinstance(told.get("event"), str):
        return None
    event = event_of(told["event"], type_=_word(told, "type"), reason=_word(told, "reason"))
    sid = _word(told, "sg_message_id").partition(".")[0] or None
    if sid is not None and (len(sid) > LONGEST_ID or not sid.isprintable()):
        return None
    code = _word(told, "status")[:20] or told["event"]
    if event is None:
        return Report(sid, None)
    if event.progress is None:
        return Remark(sid, told["event"], event.meaning.effect if event.meaning else Effect.NONE)
    failed = event.progress is Progress.FAILED
    return Report(
        sid, event.progress, to=parseaddr(_word(told, "email"))[1] or None, code=code if failed else None,
        meaning=event.meaning,
    )  # fmt: skip


def _word(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) and "\0" not in value else ""


def _refusal(status: int) -> Answer:
    detail = f"http {status}"
    if status == 429:
        return Answer(Verdict.LATER, code=str(status), meaning=_LATER, detail=detail, wait=_again())
    if status in (401, 403, 404, 407):
        return Answer(Verdict.LATER, code=str(status), meaning=_OURS, detail=detail, wait=5 * _again())
    if status == 408 or not 400 <= status < 500:
        return Answer(Verdict.UNCLEAR, code=str(status), detail=detail)
    return Answer(Verdict.REFUSED, code=str(status), meaning=_OURS, detail=detail)


def _never_left(error: URLError) -> bool:
    """Whether no connection came about."""
    return isinstance(error.reason, ConnectionRefusedError | socket.gaierror)


def _named(error: URLError) -> str:
    return type(error.reason).__name__ if isinstance(error.reason, Exception) else "URLError"


def _again() -> float:
    """Seconds before a mail goes again that was not taken for now."""
    return WAITS.refused.total_seconds()
