"""The processor of card payments: what we ask of one, and what it tells. The port; `providers/` holds who it is.

The person pays on the processor's own page, so that no card number ever touches us. We ask three
things: begin a page, look what became of it, close it. None of them may be asked while a transaction
is open. What the processor tells by itself comes as signed events (`callback.py`).

Moments here are true ones, in UTC. Sums are minor units of the currency that stands beside them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Unreachable(Exception):
    """No clear answer came: what was asked may have been done or not. Asking again with the same key is safe."""


class NotTaken(Exception):
    """The processor clearly refused; nothing was begun. `code` is its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Standing(StrEnum):
    """Where a page of the processor stands."""

    OPEN = "open"
    PAID = "paid"
    PENDING = "pending"
    """The person has done all; the bank has not answered yet."""
    OVER = "over"
    """It can no longer be paid, and nothing was taken."""
    FAILED = "failed"
    """The bank said no in the end."""


@dataclass(frozen=True, slots=True)
class Order:
    """A page to begin. `key` makes a repeat harmless; `back` is where the person returns, whatever happened."""

    attempt: int
    key: str
    case_ref: str
    amount: int
    currency: str
    words: str
    language: str
    back: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A page that stands: the processor's id of it, and its address."""

    session: str
    url: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page has come to. `attempt`: ours, as we named it; `intent`: the processor's payment."""

    session: str
    attempt: int | None
    standing: Standing
    intent: str | None
    amount: int | None
    currency: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Declined:
    """A bank said no to a try; the person may try again on the same page."""

    attempt: int | None
    intent: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """Money given back (`refund`) or asked back by the bank (`dispute`): which, how much, and where it stands."""

    what: str
    id: str
    intent: str
    amount: int
    currency: str
    status: str
    reason: str
    at: datetime


Told = Seen | Declined | Reported


class Processor(Protocol):
    """One processor account."""

    @property
    def name(self) -> str:
        """Its name, as rows keep it."""

    def least(self, currency: str) -> int:
        """The least that can be paid, in minor units."""

    def begin(self, order: Order) -> Begun:
        """Begins a page, or gives back the one that the same key began. Raises Unreachable, NotTaken."""

    def look(self, session: str) -> Seen:
        """What became of a page. Raises Unreachable, NotTaken."""

    def close(self, session: str) -> Seen:
        """Closes a page, unless it is paid already. Raises Unreachable, NotTaken."""

    def read(self, raw: bytes) -> Told | None:
        """What an event tells; None where it is nothing to us. Raises ValueError when it cannot be read."""
