"""Carriers: who takes our messages out of the house, and the ports through which we speak to them.

A carrier takes a message once (`send`), can be asked whether it has one (`find`), and tells later
what became of it, or what a phone wrote, by a form that its provider's room reads (`read`). Its own
words (statuses, codes) are translated once, in that room; what stands here is ours.

*Verdict*: what one call gave. Accepted: it has the message. Refused: it says that it has not, for
good. Later: it says that it has not, for now. Not sent: nothing reached it, for certain. Unclear:
nobody knows; it is looked up and never sent again blindly.
*Progress*: how far a message has come; reports only raise it. *Group*: what an error code means for
the message and for the address. Groups are our choice, the codes are the carrier's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol


class Verdict(StrEnum):
    """What one call to a carrier gave."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"
    NOT_SENT = "not_sent"
    UNCLEAR = "unclear"


class Progress(StrEnum):
    """How far a message has come, as reports tell it."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SENT = "sent"
    FAILED_FOR_NOW = "failed_for_now"
    FAILED = "failed"
    DELIVERED = "delivered"


class Group(StrEnum):
    """What an error code means."""

    OPTED_OUT = "opted_out"
    BAD_NUMBER = "bad_number"
    BAD_ADDRESS = "bad_address"
    COMPLAINED = "complained"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    RETRY_LATER = "retry_later"
    NEEDS_TEMPLATE = "needs_template"
    OURS = "our_configuration_or_content"
    UNKNOWN = "unknown"


class Effect(StrEnum):
    """What an error says about the address: nothing, a strike, unusable, or that its owner wants nothing of ours."""

    NONE = "none"
    STRIKE = "strike"
    UNUSABLE = "unusable"
    STOPPED = "stopped"


_RANK: Final = {
    Progress.QUEUED: 0,
    Progress.IN_PROGRESS: 1,
    Progress.SENT: 2,
    Progress.FAILED_FOR_NOW: 3,
    Progress.FAILED: 4,
    Progress.DELIVERED: 5,
}


def applies(current: Progress, incoming: Progress) -> bool:
    """Whether a report changes anything: it only raises. So every order of the same reports ends alike.

    Delivered stands above failed: a phone that showed the message has got it, whatever came before.
    """
    return _RANK[incoming] > _RANK[current]


@dataclass(frozen=True, slots=True)
class Meaning:
    """An error code translated: its group, whether this message is over, what it says of the address."""

    group: Group
    final: bool = True
    effect: Effect = Effect.NONE


@dataclass(frozen=True, slots=True)
class OutMessage:
    """One message as a carrier gets it. `attempt` tells our calls apart; `seconds`: how long it may wait there.

    Of a mail: where answers go, and the address that ends mail by one request; empty where there is none.
    """

    id: int
    attempt: int
    channel: str
    to: str
    body: str
    subject: str = ""
    html: str = ""
    seconds: int | None = None
    reply_to: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave. `code` is the carrier's; `wait`: seconds before it may be asked again."""

    verdict: Verdict
    provider_id: str | None = None
    code: str | None = None
    meaning: Meaning | None = None
    detail: str | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """A message whose call gave no clear answer. `body` is None where it was not kept. Moments are real."""

    id: int
    attempt: int
    to: str
    body: str | None
    began: datetime
    ended: datetime
    known: frozenset[str] = frozenset()
    """The carrier's ids of our other messages to that address: none of them is this one."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a carrier's own list says of a message."""

    provider_id: str
    progress: Progress
    code: str | None = None
    meaning: Meaning | None = None


class LookUpFailed(Exception):
    """The carrier could not be asked just now, or its list does not tell which message is meant."""


@dataclass(frozen=True, slots=True)
class Report:
    """A carrier's report about one message, translated. `progress` is None for a status we do not know."""

    provider_id: str | None
    progress: Progress | None
    to: str | None = None
    code: str | None = None
    meaning: Meaning | None = None
    carrier_time: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What a carrier tells of a message that is no step of its way: opened, complained of, unsubscribed from."""

    provider_id: str | None
    what: str
    effect: Effect = Effect.NONE


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail that somebody sent us, taken apart.

    `to`: the addresses that it was handed over to; `sender`: as it calls itself, which anybody may write; `checked`:
    its host vouches for that. `words`: what is new in it, without what it quotes; `cut`: it was longer.
    `automatic`: a program wrote it. `attachments`: how many came; none is kept.
    """

    provider_id: str
    to: tuple[str, ...]
    sender: str
    checked: bool
    words: str
    cut: bool = False
    automatic: bool = False
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that a phone sent us."""

    provider_id: str
    sender: str
    to: str
    words: str
    toll_free: bool = False


Told = Report | Remark | Inbound | InboundMail | None
"""What a kept event says; None: nothing that we understand."""


class Carrier(Protocol):
    """What every carrier can do. `send` never raises; `find` raises LookUpFailed."""

    name: str
    channel: str

    def send(self, message: OutMessage) -> Answer:
        """Hands a message over, once."""

    def find(self, sought: Sought) -> Found | None:
        """The message in the carrier's own list; None when it is not there."""

    def read(self, kind: str, raw: bytes) -> Told:
        """A kept event, translated; None for what makes no sense."""


LEAST_WAIT: Final = 10
"""Seconds that any carrier lets a message wait at the least. A message with less time left is not handed over."""

Carriers = Mapping[str, Carrier]
"""The carrier of each channel."""


def by_name(carriers: Carriers) -> dict[str, Carrier]:
    """The carriers by their own names, as events name them."""
    return {carrier.name: carrier for carrier in carriers.values()}


def channels(carriers: Carriers) -> Sequence[str]:
    """The channels that have a carrier."""
    return sorted(carriers)
