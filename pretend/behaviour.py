"""How a carrier treats a number or a mailbox, Stripe a request and a bank a card: what each can be told to do.

For a number or a mailbox there is a default for all. A behaviour replaces the default as a whole;
only a delay that is not said comes from the default.

=============  =============================================================================
delay_ms       milliseconds before the answer (the text is taken before the wait); none: the default's
too_many       answer 429 this many times, then go on with the rest
refuse         take nothing and answer with this error: Twilio's code for a number, the HTTP
               status for a mailbox
answer         answer: as usual · hold: take it and never answer · close: take it and cut the
               connection · error: take it and answer 500 · lost: cut the connection, take nothing
outcome        delivered · undelivered · failed · sent (and nothing after it); of a mailbox: see
               ``mail.WAYS``
error_code     Twilio's code that goes with undelivered or failed
callbacks      send · hold (until released) · drop
repeat         send each callback this many times more
reorder        send the callbacks of a text last first
step_ms        milliseconds from one status to the next
times          use this behaviour for so many requests, then go back to the default; none: for ever
=============  =============================================================================

Stripe's interface knows delay_ms, too_many, refuse (an HTTP status), answer and times in the same
sense, for all requests or for those about one client reference or phone. Of events it is told:

===============  ===========================================================================
events           send · hold (until released) · drop (never posted)
repeat           post each event this many times more
reorder          post the events of one act last first
events_delay_ms  milliseconds before an event is posted
===============  ===========================================================================

A card knows these four as well, delay_ms before the browser is answered, and:

=============  =============================================================================
outcome        succeeds, or why the bank says no (see ``cards.DECLINES``)
confirm        the bank asks for a second step
dispute        the reason for which the payment is disputed at once; none: it is not
refund         the money is given back at once
back           send the browser back to the shop · withhold: leave it where it is
=============  =============================================================================
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from pretend.mail import WAYS

DEFAULT = "default"
ANSWERS = ("answer", "hold", "close", "error", "lost")
OUTCOMES = ("delivered", "undelivered", "failed", "sent")
CALLBACKS = ("send", "hold", "drop")
BACK = ("send", "withhold")
SUCCEEDS = "succeeds"
CARD_OUTCOMES = (
    SUCCEEDS, "generic_decline", "insufficient_funds", "do_not_honor", "lost_card", "expired_card", "incorrect_cvc",
    "processing_error",
)  # fmt: skip
DISPUTE_REASONS = (
    "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized",
    "duplicate", "fraudulent", "general", "incorrect_account_details", "insufficient_funds", "product_not_received",
    "product_unacceptable", "subscription_canceled", "unrecognized",
)  # fmt: skip
# Unknown error, and unreachable handset: what stands when no code is told.
OUTCOME_CODES = {"undelivered": 30003, "failed": 30008}


class BehaviourRefused(Exception):
    """A behaviour that cannot be; ``reasons`` names each field that is wrong."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Behaviour:
    """See the table above."""

    delay_ms: int | None = None
    too_many: int = 0
    refuse: int | None = None
    answer: str = "answer"
    outcome: str = "delivered"
    error_code: int | None = None
    callbacks: str = "send"
    repeat: int = 0
    reorder: bool = False
    step_ms: int = 200
    times: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def code(self) -> int | None:
        """The error code of a text that does not arrive."""
        return self.error_code or OUTCOME_CODES.get(self.outcome)

    def after_one(self) -> Behaviour | None:
        """What is left after one request has met it; None when it is used up."""
        return _after_one(self)

    def counts(self) -> bool:
        """True when a request changes it."""
        return self.too_many > 0 or self.times is not None


@dataclass(frozen=True, slots=True)
class MailBehaviour(Behaviour):
    """The same for a mailbox, with its own outcomes."""


@dataclass(frozen=True, slots=True)
class ApiBehaviour:
    """How Stripe treats requests, and posts the events of what they are about."""

    delay_ms: int | None = None
    too_many: int = 0
    refuse: int | None = None
    answer: str = "answer"
    times: int | None = None
    events: str = "send"
    repeat: int = 0
    reorder: bool = False
    events_delay_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def after_one(self) -> ApiBehaviour | None:
        """What is left after one request has met it; None when it is used up."""
        return _after_one(self)

    def counts(self) -> bool:
        """True when a request changes it."""
        return self.too_many > 0 or self.times is not None


@dataclass(frozen=True, slots=True)
class CardBehaviour:
    """What becomes of a payment by a card."""

    outcome: str = SUCCEEDS
    confirm: bool = False
    dispute: str | None = None
    refund: bool = False
    back: str = "send"
    delay_ms: int | None = None
    events: str = "send"
    repeat: int = 0
    reorder: bool = False
    events_delay_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def after_one(self) -> CardBehaviour:
        """No request uses it up."""
        return self

    def counts(self) -> bool:
        """No request changes it."""
        return False


Counting = TypeVar("Counting", Behaviour, ApiBehaviour)


def _after_one(behaviour: Counting) -> Counting | None:
    if behaviour.too_many:
        return replace(behaviour, too_many=behaviour.too_many - 1)
    if behaviour.times is None:
        return behaviour
    return replace(behaviour, times=behaviour.times - 1) if behaviour.times > 1 else None


def _whole(low: int, high: int) -> Any:
    return lambda value: type(value) is int and low <= value <= high


def _one_of(values: tuple[str, ...]) -> tuple[Any, str, bool]:
    return lambda value: value in values, "one of " + ", ".join(values), False


_DELAY = (_whole(0, 600_000), "a whole number from 0 to 600000", True)
_STEP = (_whole(0, 600_000), "a whole number from 0 to 600000", False)
_REPEAT = (_whole(0, 20), "a whole number from 0 to 20", False)
_SWITCH = (lambda value: type(value) is bool, "true or false", False)
_TOO_MANY = (_whole(0, 1_000_000), "a whole number from 0", False)
_TIMES = (_whole(1, 1_000_000), "a whole number from 1", True)

Checks = dict[str, tuple[Any, str, bool]]
_CHECKS: Checks = {
    # field: check, what it must be, may it be null
    "delay_ms": _DELAY,
    "too_many": _TOO_MANY,
    "refuse": (_whole(400, 99_999), "an error code", True),
    "answer": _one_of(ANSWERS),
    "outcome": _one_of(OUTCOMES),
    "error_code": (_whole(10_000, 99_999), "an error code of five digits", True),
    "callbacks": _one_of(CALLBACKS),
    "repeat": _REPEAT,
    "reorder": _SWITCH,
    "step_ms": _STEP,
    "times": _TIMES,
}
_EVENTS: Checks = {
    "events": _one_of(CALLBACKS),
    "repeat": _REPEAT,
    "reorder": _SWITCH,
    "events_delay_ms": _STEP,
}
_MAIL_CHECKS: Checks = {**_CHECKS, "outcome": _one_of(tuple(WAYS))}
_API_CHECKS: Checks = {
    "delay_ms": _DELAY,
    "too_many": _TOO_MANY,
    "refuse": (_whole(400, 599), "an HTTP status from 400 to 599", True),
    "answer": _one_of(ANSWERS),
    "times": _TIMES,
    **_EVENTS,
}
_CARD_CHECKS: Checks = {
    "outcome": _one_of(CARD_OUTCOMES),
    "confirm": _SWITCH,
    "dispute": (lambda value: value in DISPUTE_REASONS, "one of " + ", ".join(DISPUTE_REASONS), True),
    "refund": _SWITCH,
    "back": _one_of(BACK),
    "delay_ms": _DELAY,
    **_EVENTS,
}
KINDS: dict[str, tuple[Any, Checks]] = {
    "number": (Behaviour, _CHECKS),
    "mailbox": (MailBehaviour, _MAIL_CHECKS),
    "stripe": (ApiBehaviour, _API_CHECKS),
    "card": (CardBehaviour, _CARD_CHECKS),
}


def parse(value: Any, kind: str = "number") -> Any:
    """The behaviour of that kind which a JSON object tells; BehaviourRefused names every field that is wrong."""
    made, checks = KINDS[kind]
    if not isinstance(value, dict):
        raise BehaviourRefused(["a behaviour is an object"])
    reasons = [f"{name} is not known" for name in value if name not in checks]
    for name, (fits, must, nullable) in checks.items():
        if name in value and not (fits(value[name]) or (nullable and value[name] is None)):
            reasons.append(f"{name} must be {must}")
    if reasons:
        raise BehaviourRefused(reasons)
    return made(**value)


assert all(set(checks) == {f.name for f in fields(made)} for made, checks in KINDS.values())
