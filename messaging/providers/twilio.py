"""Twilio: texts, by the official client; and its words, translated once.

Creating a message has no idempotency key and carries no field of ours: the only tag is the query of
its StatusCallback, which names our message and attempt. So an answer that never came is UNCLEAR,
and the message is looked up in Twilio's list by number, words and time. Twilio signs each callback
over the whole address, so nobody else can write such a query.

`#rc=5&rp=all` at the end of the callback's address asks for five more tries after any failure;
ValidityPeriod cuts the time that a text may wait in Twilio's queue.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from requests import exceptions
from twilio.base import values
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from cases.waits import WAITS
from messaging.carriers import (
    LEAST_WAIT,
    Answer,
    Effect,
    Found,
    Group,
    Inbound,
    LookUpFailed,
    Meaning,
    OutMessage,
    Progress,
    Report,
    Sought,
    Verdict,
)

VALIDITY: Final = (LEAST_WAIT, 36_000)
LISTED: Final = 100
"""How many of the newest messages to a number are searched."""

STATUSES: Final = {
    "accepted": Progress.IN_PROGRESS,
    "scheduled": Progress.IN_PROGRESS,
    "queued": Progress.IN_PROGRESS,
    "sending": Progress.IN_PROGRESS,
    "sent": Progress.SENT,
    "delivered": Progress.DELIVERED,
    "read": Progress.DELIVERED,
    "undelivered": Progress.FAILED,
    "failed": Progress.FAILED,
    "canceled": Progress.FAILED,
}
"""MessageStatus; the older SmsStatus decides nothing. `partially_delivered` and unknown ones are parked."""

_UNUSABLE = Meaning(Group.BAD_NUMBER, effect=Effect.UNUSABLE)
_OPTED_OUT = Meaning(Group.OPTED_OUT, effect=Effect.STOPPED)
_LATER = Meaning(Group.RETRY_LATER, final=False)
_OURS = Meaning(Group.OURS)

CODES: Final[dict[int, Meaning]] = {
    **dict.fromkeys((21610, 63033), _OPTED_OUT),
    **dict.fromkeys((21211, 21614, 21635, 30006, 63003, 63024), _UNUSABLE),
    # Another day may do; two in a row to one number, and it is not tried again.
    **dict.fromkeys((30003, 30005), Meaning(Group.UNREACHABLE, effect=Effect.STRIKE)),
    30004: Meaning(Group.BLOCKED, effect=Effect.STRIKE),
    **dict.fromkeys((30007, 32017), Meaning(Group.BLOCKED)),
    **dict.fromkeys((21408, 21612, 32203), Meaning(Group.UNREACHABLE)),
    **dict.fromkeys((30001, 21611, 20429, 63018, 30022, 30500, 60005), _LATER),
    63016: Meaning(Group.NEEDS_TEMPLATE),
    **dict.fromkeys((21617, 30002, 30009, 30010, 30024, 30032, 30034, 30442, 21212, 21602, 21603, 21609), _OURS),
}
_UNKNOWN = Meaning(Group.UNKNOWN)

# Nothing was taken, and the fault is our settings': sign-in or account. The message waits.
_OUR_SIGN_IN: Final = (401, 403, 404, 407)


class Twilio:
    """One account. `sender` is a number (E.164) or a messaging service (MG…).

    `callback` is the public address of the status hook. Each thread has a client and a connection
    of its own.
    """

    name = "twilio"
    channel = "sms"

    def __init__(
        self, account: str, token: str, sender: str, *, callback: str, base_url: str | None = None
    ) -> None:
        self._account, self._token, self._sender = account, token, sender
        self._callback, self._base_url = callback, base_url
        self._service = sender.startswith("MG")
        self._by_thread = threading.local()

    def send(self, message: OutMessage) -> Answer:
        """Hands a text over, once; see `carriers.Verdict` for what comes back. Never raises."""
        try:
            made = self._client().messages.create(
                to=message.to,
                body=message.body,
                from_=values.unset if self._service else self._sender,
                messaging_service_sid=self._sender if self._service else values.unset,
                status_callback=self.callback_of(message.id, message.attempt),
                validity_period=values.unset if message.seconds is None else _within(message.seconds, *VALIDITY),
            )
        except (TwilioRestException, TwilioServiceException) as refused:
            return _refusal(refused.status, str(refused.code) if refused.code else None)
        except exceptions.RequestException as error:
            sent = not _never_left(error)
            return Answer(Verdict.UNCLEAR if sent else Verdict.NOT_SENT, detail=type(error).__name__)
        except Exception as error:
            # An answer that cannot be read says nothing about what was taken.
            return Answer(Verdict.UNCLEAR, detail=type(error).__name__)
        if not made.sid:
            return Answer(Verdict.UNCLEAR, detail="no sid")
        return Answer(Verdict.ACCEPTED, provider_id=made.sid)

    def find(self, sought: Sought) -> Found | None:
        """The message in Twilio's list: to that number, with those words, made while we called.

        DateSent is empty for what still waits, so the list is asked without it. Raises LookUpFailed
        when Twilio cannot be asked, or when several messages fit.
        """
        asked: dict[str, Any] = {"to": sought.to, "limit": LISTED, "page_size": LISTED}
        if not self._service:
            asked["from_"] = self._sender
        try:
            listed = self._client().messages.list(**asked)
        except Exception as error:
            # Whatever came instead of a list, a page of words among it, says nothing about the message.
            raise LookUpFailed(type(error).__name__) from error
        # Twilio's moments are whole seconds on its own clock.
        early, late = sought.began - timedelta(seconds=30), sought.ended + timedelta(seconds=30)
        fitting = [
            one
            for one in listed
            if one.sid not in sought.known
            and (not self._service or one.messaging_service_sid in (self._sender, None))
            and one.direction != "inbound"
            and (sought.body is None or (one.body or "").rstrip() == sought.body.rstrip())
            and one.date_created is not None
            and early <= _aware(one.date_created) <= late
        ]
        if not fitting:
            return None
        if len(fitting) > 1:
            raise LookUpFailed("several fit")
        one = fitting[0]
        code = str(one.error_code) if one.error_code else None
        return Found(
            provider_id=one.sid,
            progress=STATUSES.get(str(one.status), Progress.IN_PROGRESS),
            code=code,
            meaning=meaning_of(code),
        )

    def read(self, kind: str, raw: bytes) -> Report | Inbound | None:
        """A kept form of Twilio's, translated."""
        told = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
        form = {name: found[-1] for name, found in told.items()}
        if kind == "inbound":
            sid, sender = form.get("MessageSid"), form.get("From")
            if not sid or not sender:
                return None
            to = form.get("To", "")
            return Inbound(sid, sender, to, form.get("Body", ""), toll_free=_toll_free(to))
        code = form.get("ErrorCode") or None
        return Report(
            provider_id=form.get("MessageSid") or None,
            progress=STATUSES.get(form.get("MessageStatus", "")),
            to=form.get("To"),
            code=code,
            meaning=meaning_of(code),
            carrier_time=form.get("RawDlrDoneDate"),
        )

    def callback_of(self, message: int, attempt: int) -> str:
        """The address that Twilio reports to: our message and attempt in its query, and how hard to try."""
        return f"{self._callback}?{urlencode({'m': message, 'a': attempt})}#rc=5&rp=all"

    def _client(self) -> Client:
        client: Client | None = getattr(self._by_thread, "client", None)
        if client is None:
            http = TwilioHttpClient(timeout=WAITS.call.total_seconds())
            client = Client(self._account, self._token, http_client=http)
            if self._base_url:
                client.api.base_url = self._base_url
            # Proxies and certificates are read from the environment once, not at each call.
            told = http.session.merge_environment_settings(client.api.base_url, {}, None, None, None)
            http.session.proxies, http.session.verify = dict(told["proxies"]), told["verify"]
            http.session.trust_env = False
            self._by_thread.client = client
        return client


def meaning_of(code: str | int | None) -> Meaning | None:
    """What one of Twilio's codes means; one that we do not know has the group `unknown` and is final."""
    if code is None:
        return None
    text = str(code)
    return CODES.get(int(text), _UNKNOWN) if text.isascii() and text.isdigit() else _UNKNOWN


def _refusal(status: int, code: str | None) -> Answer:
    """What an error answer says. Only 4xx says for certain that nothing was taken."""
    detail = f"http {status}"
    if status == 408 or not 400 <= status < 500:
        return Answer(Verdict.UNCLEAR, code=code, detail=detail)
    meaning = meaning_of(code)
    if status == 429 or meaning == _LATER:
        return Answer(Verdict.LATER, code=code, meaning=_LATER, detail=detail, wait=WAITS.refused.total_seconds())
    if meaning is None or (meaning is _UNKNOWN and status in _OUR_SIGN_IN):
        return Answer(Verdict.LATER, code=code, meaning=_OURS, detail=detail, wait=5 * WAITS.refused.total_seconds())
    return Answer(Verdict.REFUSED, code=code, meaning=meaning, detail=detail)


def _never_left(error: exceptions.RequestException) -> bool:
    """Whether no connection came about, so that nothing can have been taken."""
    if isinstance(error, exceptions.ConnectTimeout):
        return True
    if not isinstance(error, exceptions.ConnectionError):
        return isinstance(error, exceptions.InvalidURL | exceptions.MissingSchema | exceptions.InvalidSchema)
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, NewConnectionError | ConnectTimeoutError)


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _toll_free(number: str) -> bool:
    return len(number) == 12 and number.startswith("+18") and number[3:5] in ("00", "33", "44", "55", "66", "77", "88")
