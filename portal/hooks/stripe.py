"""Stripe's hook: what became of card payments.

The signature is checked over the raw bytes, by every secret that is set; the signed text carries a time,
which may be at most five minutes away from ours, either way (each retry is signed anew, so a late event
is not an old one). Then the raw event is kept once under Stripe's own id, answered 2xx, and the worker
is woken. When our own database is down the answer is 503: Stripe tries again for three days.
(https://docs.stripe.com/webhooks#verify-manually)
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from flask import Blueprint, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from stripe import SignatureVerificationError, WebhookSignature

from payments import callback
from portal.access import hook
from portal.wake import wake

blueprint = Blueprint("stripe", __name__)
log = structlog.get_logger()

NAME: Final = "stripe"
TOLERANCE: Final = 300
"""Seconds between the signed time and ours."""


@blueprint.post("/stripe")
@hook
def event() -> ResponseReturnValue:
    """An event about one of our payments."""
    raw = request.get_data()
    real = current_app.extensions["clock"].real()
    secrets = current_app.extensions["settings"].stripe_webhook_secrets
    if not check_signature(raw, request.headers.get("Stripe-Signature", ""), secrets, real):
        log.warning("hook_refused", provider=NAME, reason="signature")
        return _plain("The signature does not fit.", 400)
    try:
        told = json.loads(raw)
        key, kind = _name(told["id"]), _name(told["type"])
    except (ValueError, KeyError, TypeError, RecursionError):
        log.warning("hook_refused", provider=NAME, reason="not an event")
        return _plain("This is not an event.", 400)
    try:
        with current_app.extensions["database"].acting() as session:
            kept = callback.keep(session, provider=NAME, key=key, kind=kind, raw=raw, at=g.now, real=real)
    except SQLAlchemyError:
        log.error("hook_not_kept", provider=NAME, exc_info=True)
        return _plain("Not kept. Please try again.", 503)
    if kept:
        wake("payments")
    return _plain("Kept.", 200)


def check_signature(raw: bytes, header: str, secrets: Sequence[str], real: datetime) -> bool:
    """Whether Stripe signed these bytes with one of our secrets, at most five minutes from `real`."""
    try:
        signed = next(int(part[2:]) for part in header.split(",") if part.startswith("t="))
        fresh = abs(int(real.timestamp()) - signed) <= TOLERANCE
        right = False
        for secret in secrets:
            # Each secret is tried, however early one fits: the time tells nothing.
            right |= _signed_by(raw, header, secret)
        return right and fresh
    except (StopIteration, ValueError, IndexError, OverflowError):
        return False


def _signed_by(raw: bytes, header: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(raw, header, secret))
    except (SignatureVerificationError, TypeError):  # it compares ASCII alone
        return False


def _name(told: object) -> str:
    """An id or a kind, where it is one that can be kept."""
    if not isinstance(told, str) or not told.isprintable():
        raise ValueError
    return told[:255]


def _plain(words: str, status: int) -> Response:
    return Response(words + "\n", status=status, content_type="text/plain; charset=utf-8")
