"""Stripe: card payments on Stripe's own page (Checkout), by the official client.

A payment is a Checkout session. Its idempotency key is our attempt's, so asking again gives the same
session back; the session carries our attempt's number, so an event finds its attempt even when our
own answer was lost. The page names no debt: a neutral line and a number.

Events that we read: checkout.session.completed, .async_payment_succeeded, .async_payment_failed and
.expired; payment_intent.payment_failed; refund.created, .updated and .failed;
charge.dispute.created, .updated and .closed. Others are kept and mean nothing to us.
(https://docs.stripe.com/checkout/fulfillment, https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

import stripe
from stripe import StripeClient

from cases.waits import WAITS
from payments.processor import Begun, Declined, NotTaken, Order, Reported, Seen, Standing, Told, Unreachable

LEAST: Final = {"GBP": 30, "EUR": 50, "USD": 50, "SEK": 300, "NOK": 300, "DKK": 250, "PLN": 200, "CZK": 1500, "CHF": 50}
"""The least charge in minor units; of any other currency a hundred."""

LOCALES: Final = frozenset({"en", "sv", "pl", "cs", "da", "nb", "de", "fr", "fi"})
"""The languages of ours that its page speaks; others are left to the browser."""

_SESSIONS: Final = {
    "checkout.session.completed": None,
    "checkout.session.async_payment_succeeded": None,
    "checkout.session.async_payment_failed": Standing.FAILED,
    "checkout.session.expired": Standing.OVER,
}


class Stripe:
    """One Stripe account."""

    name = "stripe"

    def __init__(self, key: str, *, base_url: str | None = None) -> None:
        self._client = StripeClient(
            key,
            # The person waits, and the same key makes the next try harmless.
            max_network_retries=1,
            http_client=stripe.RequestsClient(timeout=WAITS.call.total_seconds()),
            base_addresses={"api": base_url} if base_url else {},
        )

    def least(self, currency: str) -> int:
        """The least that can be charged, in minor units."""
        return LEAST.get(currency, 100)

    def begin(self, order: Order) -> Begun:
        """Begins a session, or gives back the one that this key began."""
        params: Any = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": order.amount,
                        "product_data": {"name": order.words},
                    },
                }
            ],
            "client_reference_id": str(order.attempt),
            "metadata": {"attempt": str(order.attempt), "case": order.case_ref},
            "payment_intent_data": {"metadata": {"attempt": str(order.attempt), "case": order.case_ref}},
            "success_url": order.back,
            "cancel_url": order.back,
            "expires_at": int(order.expires.timestamp()),
            "locale": order.language if order.language in LOCALES else "auto",
        }
        made = self._asked(lambda: self._client.v1.checkout.sessions.create(params, {"idempotency_key": order.key}))
        return Begun(made.id, made.url or "")

    def look(self, session: str) -> Seen:
        """What became of a session."""
        found = self._asked(lambda: self._client.v1.checkout.sessions.retrieve(session, {"expand": ["payment_intent"]}))
        intent = found.payment_intent
        at = intent.created if isinstance(intent, stripe.PaymentIntent) else found.created
        return _seen(found.to_dict(), at, None)

    def close(self, session: str) -> Seen:
        """Expires a session; one that is complete already is looked at instead."""
        try:
            gone = self._asked(lambda: self._client.v1.checkout.sessions.expire(session))
        except NotTaken:
            return self.look(session)
        return _seen(gone.to_dict(), gone.created, None)

    def read(self, raw: bytes) -> Told | None:
        """What an event tells."""
        try:
            event = json.loads(raw)
            kind, thing, at = event["type"], event["data"]["object"], _moment(event["created"])
            if kind in _SESSIONS:
                return _seen(thing, event["created"], _SESSIONS[kind])
            if kind == "payment_intent.payment_failed":
                error = thing.get("last_payment_error") or {}
                code = error.get("decline_code") or error.get("code") or "declined"
                return Declined(_attempt(thing.get("metadata")), thing["id"], str(code), at)
            if kind in ("refund.created", "refund.updated", "refund.failed"):
                return _reported("refund", thing, at)
            if kind in ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"):
                return _reported("dispute", thing, at)
        except (KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
            raise ValueError("not an event that we can read") from error
        return None

    def _asked(self, call: Any) -> Any:
        """Makes a call, and says in our two words what went wrong."""
        try:
            return call()
        except (
            stripe.InvalidRequestError, stripe.IdempotencyError, stripe.AuthenticationError, stripe.PermissionError
        ) as error:  # fmt: skip
            raise NotTaken(str(error.code or type(error).__name__)) from None
        except stripe.StripeError as error:
            if (error.headers or {}).get("idempotent-replayed") == "true":
                # A mistake of Stripe's own is kept for the key: asked again and again, it stays the answer. Whatever
                # was made then, nobody was ever given its address, so nobody can pay there.
                raise NotTaken(type(error).__name__) from None
            # Too many requests, a conflict with our own first try, its own mistake, or no connection.
            raise Unreachable(type(error).__name__) from None


def _seen(session: Any, created: int, known: Standing | None) -> Seen:
    if known is None:
        paid = session["payment_status"] in ("paid", "no_payment_required")
        known = {"open": Standing.OPEN, "expired": Standing.OVER}.get(
            session["status"], Standing.PAID if paid else Standing.PENDING
        )
    intent = session.get("payment_intent")
    currency = session.get("currency")
    return Seen(
        session=str(session["id"]),
        attempt=_attempt(session.get("metadata")),
        standing=known,
        intent=intent["id"] if isinstance(intent, dict) else intent,
        amount=session.get("amount_total"),
        currency=currency.upper() if currency else None,
        at=_moment(created),
    )


def _reported(what: str, thing: Any, at: datetime) -> Reported:
    return Reported(
        what, str(thing["id"]), str(thing["payment_intent"] or ""), int(thing["amount"]),
        str(thing["currency"]).upper(), str(thing["status"]), str(thing.get("reason") or ""), at,
    )  # fmt: skip


def _attempt(metadata: Any) -> int | None:
    """Our attempt's number, as we gave it."""
    told = (metadata or {}).get("attempt", "")
    return int(told) if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 19 else None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
