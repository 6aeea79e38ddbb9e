"""A text: what was carried, in either direction, and where it stands.

The way of a text is laid down when it is taken: ``steps`` hold each status with the moment from
which it is true, ``owed`` the callbacks with the moment from which they are due, and ``told`` those
that were posted. Its status is read off the clock, so nothing has to happen for it to move on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

OUTBOUND = "outbound-api"
REPLY = "outbound-reply"
INBOUND = "inbound"
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})


@dataclass(slots=True)
class Told:
    """One callback that was posted: the HTTP status that came back, or why none came."""

    seq: int
    status: str
    at: float
    http: int | None
    why: str = ""
    tries: int = 1


@dataclass(slots=True)
class Text:
    """One text. Times are seconds since 1970; ``days`` is how far the demo's day was moved."""

    sid: str
    direction: str
    to: str
    sender: str
    body: str
    at: float
    parts: int
    days: float = 0
    service: str | None = None
    callback: str | None = None
    steps: list[tuple[str, float]] = field(default_factory=list)
    owed: list[tuple[str, float]] = field(default_factory=list)
    error_code: int | None = None
    held: bool = False
    opt_out_type: str | None = None
    by_carrier: bool = False
    unanswered: bool = False
    told: list[Told] = field(default_factory=list)

    @property
    def phone(self) -> str:
        """The debtor's number."""
        return self.sender if self.direction == INBOUND else self.to

    @property
    def ours(self) -> str:
        """The number of the service, or its name where it sends under one."""
        return self.to if self.direction == INBOUND else self.sender

    def status(self, now: float) -> str:
        """Its status at the moment ``now``."""
        current = self.steps[0][0]
        for status, at in self.steps:
            if at > now:
                break
            current = status
        return current

    def moved_at(self, now: float) -> float:
        """The moment of the last change of status."""
        return max((at for _, at in self.steps if at <= now), default=self.at)

    def sent_at(self) -> float | None:
        """When it left, or will; None for one that never does."""
        return next((at for status, at in self.steps if status in ("sent", "received")), None)

    def outstanding(self) -> list[tuple[int, str, float]]:
        """The callbacks not yet posted: number, status, moment due."""
        told = {t.seq for t in self.told}
        return [(seq, status, at) for seq, (status, at) in enumerate(self.owed) if seq not in told]

    def line(self) -> dict[str, Any]:
        """The record for the log on disk; what was told is written apart."""
        return {
            "sid": self.sid, "direction": self.direction, "to": self.to, "sender": self.sender,
            "body": self.body, "at": self.at, "parts": self.parts, "days": self.days,
            "service": self.service, "callback": self.callback, "steps": self.steps, "owed": self.owed,
            "error_code": self.error_code, "held": self.held, "opt_out_type": self.opt_out_type,
            "by_carrier": self.by_carrier, "unanswered": self.unanswered,
        }  # fmt: skip

    @classmethod
    def of(cls, line: dict[str, Any]) -> Text:
        """The text of a record."""
        line["steps"] = [(status, at) for status, at in line["steps"]]
        line["owed"] = [(status, at) for status, at in line["owed"]]
        return cls(**line)


def new_sid() -> str:
    """A new message SID: SM and 32 hexadecimal digits."""
    return "SM" + os.urandom(16).hex()
