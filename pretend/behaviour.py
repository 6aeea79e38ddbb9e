"""How a carrier treats a number or a mailbox: what it can be told to do, with a default for all.

A behaviour replaces the default as a whole; only a delay that is not said comes from the default.

=============  =============================================================================
delay_ms       milliseconds before the answer (the text is taken before the wait); none: the default's
too_many       answer 429 this many times, then go on with the rest
refuse         take nothing and answer with this error: Twilio's code for a number, the HTTP
               status for a mailbox
answer         answer: as usual · hold: take it and never answer · close: take it and cut the
               connection · error: take it and answer 500 · lost: cut the connection, take nothing
outcome        delivered · undelivered · failed · sent (and nothing after it)
error_code     Twilio's code that goes with undelivered or failed
callbacks      send · hold (until released) · drop
repeat         send each callback this many times more
reorder        send the callbacks of a text last first
step_ms        milliseconds from one status to the next
times          use this behaviour for so many requests, then go back to the default; none: for ever
=============  =============================================================================
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

DEFAULT = "default"
ANSWERS = ("answer", "hold", "close", "error", "lost")
OUTCOMES = ("delivered", "undelivered", "failed", "sent")
CALLBACKS = ("send", "hold", "drop")
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
        if self.too_many:
            return replace(self, too_many=self.too_many - 1)
        if self.times is None:
            return self
        return replace(self, times=self.times - 1) if self.times > 1 else None

    def counts(self) -> bool:
        """True when a request changes it."""
        return self.too_many > 0 or self.times is not None


def _whole(low: int, high: int) -> Any:
    return lambda value: type(value) is int and low <= value <= high


_CHECKS: dict[str, tuple[Any, str, bool]] = {
    # field: check, what it must be, may it be null
    "delay_ms": (_whole(0, 600_000), "a whole number from 0 to 600000", True),
    "too_many": (_whole(0, 1_000_000), "a whole number from 0", False),
    "refuse": (_whole(400, 99_999), "an error code", True),
    "answer": (lambda v: v in ANSWERS, "one of " + ", ".join(ANSWERS), False),
    "outcome": (lambda v: v in OUTCOMES, "one of " + ", ".join(OUTCOMES), False),
    "error_code": (_whole(10_000, 99_999), "an error code of five digits", True),
    "callbacks": (lambda v: v in CALLBACKS, "one of " + ", ".join(CALLBACKS), False),
    "repeat": (_whole(0, 20), "a whole number from 0 to 20", False),
    "reorder": (lambda v: type(v) is bool, "true or false", False),
    "step_ms": (_whole(0, 600_000), "a whole number from 0 to 600000", False),
    "times": (_whole(1, 1_000_000), "a whole number from 1", True),
}


def parse(value: Any) -> Behaviour:
    """The behaviour that a JSON object tells; BehaviourRefused names every field that is wrong."""
    if not isinstance(value, dict):
        raise BehaviourRefused(["a behaviour is an object"])
    reasons = [f"{name} is not known" for name in value if name not in _CHECKS]
    for name, (fits, must, nullable) in _CHECKS.items():
        if name in value and not (fits(value[name]) or (nullable and value[name] is None)):
            reasons.append(f"{name} must be {must}")
    if reasons:
        raise BehaviourRefused(reasons)
    return Behaviour(**value)


assert set(_CHECKS) == {f.name for f in fields(Behaviour)}
