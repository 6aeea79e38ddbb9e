"""Card payments: the records of what Stripe keeps, each as it stands now.

session  one visit to the checkout page, for one payment
intent   the payment itself, from the first try with a card on
charge   one try with one card, taken or declined
refund   money given back
dispute  the cardholder asks the bank for the money back
kept     the answer to a request with an Idempotency-Key

A record is never changed in place: an act puts a new one in its stead. Amounts are minor units,
``created`` is seconds since 1970, ``days`` how far the demo's day was moved.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

OPEN, COMPLETE, EXPIRED = "open", "complete", "expired"
NEEDS_CARD, NEEDS_STEP, SUCCEEDED, CANCELED = "requires_payment_method", "requires_action", "succeeded", "canceled"
FAILED = "failed"
KEPT_FOR = 86_400
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of what is paid for."""

    name: str
    description: str
    amount: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Session:
    """``intent`` is set from the first try with a card on; ``suffix`` goes on the bank's statement."""

    id: str
    created: int
    days: float
    currency: str
    amount: int
    items: list[Item]
    success_url: str
    cancel_url: str | None
    expires_at: int
    reference: str | None = None
    email: str | None = None
    locale: str | None = None
    submit_type: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    intent_metadata: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    suffix: str | None = None
    status: str = OPEN
    intent: str | None = None

    @property
    def who(self) -> str:
        """Whose money it is: the phone or the customer's case that the shop told, else its own reference."""
        return self.metadata.get("phone") or self.metadata.get("case") or self.reference or ""


@dataclass(frozen=True, slots=True)
class Intent:
    """``card`` is the number that waits for the bank's second step; ``error`` why the last try failed."""

    id: str
    session: str
    created: int
    days: float
    currency: str
    amount: int
    status: str = NEEDS_CARD
    metadata: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    suffix: str | None = None
    descriptor: str = ""
    card: str | None = None
    charge: str | None = None
    error: dict[str, Any] | None = None
    canceled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """``decline`` is the outcome of a card that was declined; ``settled`` the balance transaction."""

    id: str
    intent: str
    session: str
    created: int
    days: float
    currency: str
    amount: int
    card: str
    status: str
    decline: str | None = None
    refunded: int = 0
    disputed: bool = False
    settled: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back of a charge."""

    id: str
    charge: str
    intent: str
    created: int
    days: float
    currency: str
    amount: int
    reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    settled: str | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """The money is taken back from the shop when it opens, and returned when the shop wins."""

    id: str
    charge: str
    intent: str
    created: int
    days: float
    currency: str
    amount: int
    reason: str
    status: str = "needs_response"

    @property
    def is_closed(self) -> bool:
        return self.status in ("won", "lost")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a request with an Idempotency-Key asked (as a hash) and was answered."""

    key: str
    at: float
    asked: str
    status: int
    body: str


def new_id(prefix: str, length: int = 24) -> str:
    """A new id as Stripe writes them: a prefix, then letters and digits."""
    return prefix + "".join(_LETTERS[byte % 62] for byte in os.urandom(length))
