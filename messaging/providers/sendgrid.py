"""SendGrid: mail, by the official client. Here mail carries one-time codes alone.

Sending has no idempotency key and there is no list to look a mail up in, so an answer that never
came stays unclear: the person asks for another code.
"""

from __future__ import annotations

import socket
from typing import Final
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from cases.waits import WAITS
from messaging.carriers import (
    Answer,
    Found,
    Group,
    Inbound,
    LookUpFailed,
    Meaning,
    OutMessage,
    Report,
    Sought,
    Verdict,
)

_OURS: Final = Meaning(Group.OURS)
_LATER: Final = Meaning(Group.RETRY_LATER, final=False)


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
        mail = {
            "personalizations": [{"to": [{"email": message.to}]}],
            "from": self._sender,
            "subject": message.subject,
            "content": [
                {"type": "text/plain", "value": message.body},
                {"type": "text/html", "value": message.html},
            ],
            "custom_args": {"m": str(message.id), "a": str(message.attempt)},
            # A code is no advertisement: nothing is counted, rewritten or appended.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
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

    def read(self, kind: str, raw: bytes) -> Report | Inbound | None:
        """No events are taken in yet."""
        return None


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
