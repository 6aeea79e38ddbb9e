"""SendGrid's hooks: what became of mails, and mails that people sent us.

Both are signed alike: ECDSA over P-256 and SHA-256, of the timestamp header followed by the raw body, its last line
end included; the signature and the public keys are DER in base64. Either is checked by every key that is set for it.
The time is signed but not judged: an event is tried again for 24 hours, a mail for 72, under the time of its first
try. A repeat is harmless instead: each event is kept once under its own id, each mail once under its words.
When our own database is down the answer is 503, so that SendGrid tries again; a 4xx it would drop.
(https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features,
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks)

A mail's files are left out before anything is kept.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Blueprint, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.eventwebhook.eventwebhook_header import EventWebhookHeader
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from messaging import receipt
from messaging.providers.inbound_parse import key_of, without_files
from messaging.providers.sendgrid import events_in
from portal.access import hook
from portal.wake import wake

blueprint = Blueprint("sendgrid", __name__)
log = structlog.get_logger()

NAME: Final = "sendgrid"
LARGEST_BATCH: Final = 4 * 1024 * 1024
LARGEST_MAIL: Final = 31 * 1024 * 1024
"""SendGrid takes mails of 30 MB with all their files; a larger form than this is none of its own."""

_HOW: Final = ec.ECDSA(hashes.SHA256())


@blueprint.post("/sendgrid/events")
@hook
def events() -> ResponseReturnValue:
    """A batch of events of mails."""
    request.max_content_length = LARGEST_BATCH
    raw = request.get_data()
    if not _signed(raw, current_app.extensions["settings"].sendgrid_event_keys):
        return _refused("signature", 403)
    try:
        told = [{"key": each.key, "query": each.query, "raw": each.raw} for each in events_in(raw)]
    except (ValueError, RecursionError):
        return _refused("not events", 400)
    return _keep(lambda session: receipt.keep_all(session, provider=NAME, events=told, at=g.now) > 0)


@blueprint.post("/sendgrid/inbound")
@hook
def inbound() -> ResponseReturnValue:
    """A mail that somebody sent us."""
    request.max_content_length = LARGEST_MAIL
    raw = request.get_data()
    if not _signed(raw, current_app.extensions["settings"].sendgrid_inbound_keys):
        return _refused("signature", 403)
    kept = without_files(raw)
    return _keep(
        lambda session: receipt.keep(
            session, provider=NAME, kind="inbound", key=key_of(kept), query="", raw=kept,
            content_type=(request.content_type or "")[:200], at=g.now,
        )
    )  # fmt: skip


def check_signature(raw: bytes, timestamp: str, signature: str, keys: Sequence[str]) -> bool:
    """Whether SendGrid signed these bytes, under this time, with one of our keys (DER in base64)."""
    right = False
    for key in keys:
        # Each key is tried, however early one fits: the time tells nothing.
        right |= _signed_by(raw, timestamp, signature, key)
    return right


def _signed_by(raw: bytes, timestamp: str, signature: str, key: str) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    try:
        # The client's own check takes text, and a mail's bytes are none: its key checks the bytes.
        public = EventWebhook(key).public_key
        public.verify(base64.b64decode(signature, validate=True), timestamp.encode() + raw, _HOW)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
        return False
    return True


def _signed(raw: bytes, keys: Sequence[str]) -> bool:
    given = request.headers.get
    return check_signature(
        raw, given(EventWebhookHeader.TIMESTAMP, ""), given(EventWebhookHeader.SIGNATURE, ""), keys
    )  # fmt: skip


def _keep(keep: Callable[[Session], bool]) -> Response:
    """Keeps, answers, wakes."""
    try:
        with current_app.extensions["database"].acting() as session:
            new = keep(session)
    except SQLAlchemyError:
        log.error("hook_not_kept", provider=NAME, exc_info=True)
        return _plain("Not kept. Please try again.", 503)
    if new:
        wake("events")
    return _plain("Kept.", 200)


def _refused(reason: str, status: int) -> Response:
    log.warning("hook_refused", provider=NAME, reason=reason)
    return _plain("The signature does not fit." if status == 403 else "These are no events.", status)


def _plain(words: str, status: int) -> Response:
    return Response(words + "\n", status=status, content_type="text/plain; charset=utf-8")
