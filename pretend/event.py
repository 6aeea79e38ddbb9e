"""An event: one thing that happened to a card payment, as the product is told of it.

It keeps the thing as it stood at that moment, and every post of it with what came back. It is owed
while fewer posts than ``copies`` were taken; after ``until`` nobody tries any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

GIVES_UP_AFTER = 3600
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Posted:
    """One post: the HTTP status that came back, or why none came."""

    at: float
    http: int | None
    why: str = ""

    @property
    def is_taken(self) -> bool:
        return self.http is not None and 200 <= self.http < 300


@dataclass(slots=True)
class Event:
    """Times are seconds since 1970; ``request`` and ``key`` name the request that caused it."""

    id: str
    type: str
    created: int
    session: str
    thing: dict[str, Any]
    due: float
    until: float
    copies: int = 1
    held: bool = False
    request: str | None = None
    key: str | None = None
    posts: list[Posted] = field(default_factory=list)

    def outstanding(self) -> int:
        """How many posts must still be taken."""
        return max(0, self.copies - sum(post.is_taken for post in self.posts))

    def is_owed(self, now: float) -> bool:
        """Whether it is still to be posted, held or not."""
        return now < self.until and self.outstanding() > 0

    def next_at(self) -> float:
        """When the next post is due: after a failure one second later, then doubling up to a minute."""
        failures = 0
        for post in reversed(self.posts):
            if post.is_taken:
                break
            failures += 1
        if not failures or self.due > self.posts[-1].at:  # asked for by hand since the last failure
            return self.due
        return self.posts[-1].at + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - 1, 10))

    def line(self) -> dict[str, Any]:
        """The record for the log on disk; its posts are written apart."""
        return {
            "id": self.id, "type": self.type, "created": self.created, "session": self.session, "thing": self.thing,
            "due": self.due, "until": self.until, "copies": self.copies, "held": self.held,
            "request": self.request, "key": self.key,
        }  # fmt: skip
