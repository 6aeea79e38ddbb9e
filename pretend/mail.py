"""A mail that SendGrid took, and an answer that somebody sent from their mailbox.

One record of a mail for each personalization, in the mailbox of each recipient. Its way is laid down when it is
taken: ``owed`` holds the events with the moment from which they are due, ``told`` those that were posted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pretend.text import Told

WAYS: dict[str, tuple[str, ...]] = {
    "delivered": ("processed", "delivered"),
    "bounce": ("processed", "bounce"),
    "blocked": ("processed", "blocked"),
    "dropped": ("dropped",),
    "deferred": ("processed", "deferred", "delivered"),
    "returned": ("processed", "delivered", "bounce"),
    "spamreport": ("processed", "delivered", "spamreport"),
    "sent": ("processed",),
}
"""What a mailbox may do with a mail, and the events that tell it. ``returned``: it comes back after it arrived."""


@dataclass(slots=True)
class Mail:
    """``to``, ``cc`` and ``bcc`` are addresses in small letters; ``at`` seconds since 1970."""

    id: str
    message_id: str
    sender: str
    sender_name: str
    to: list[str]
    subject: str
    text: str
    html: str
    at: float
    days: float = 0
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    reply_to: str = ""
    attachments: list[str] = field(default_factory=list)
    custom_args: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    unanswered: bool = False
    owed: list[tuple[str, float]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    held: bool = False
    unsubscribed: str = ""

    def mailboxes(self) -> list[str]:
        return list(dict.fromkeys(self.to + self.cc + self.bcc))

    def fate(self, now: float) -> str:
        """The event that has come last."""
        due = [event for event, at in self.owed if at <= now]
        return due[-1] if due else "processed"

    def outstanding(self) -> list[tuple[int, str, float]]:
        """The events not yet posted: number, event, moment due."""
        told = {t.seq for t in self.told}
        return [(seq, event, at) for seq, (event, at) in enumerate(self.owed) if seq not in told]

    def ends_at(self) -> str:
        """The address that ends these mails by one request (RFC 8058), where the mail names one."""
        if self.headers.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
            return ""
        return self.headers.get("List-Unsubscribe", "").strip("<>")

    def line(self) -> dict[str, Any]:
        """The record for the log on disk; what was told is written apart."""
        record = asdict(self)
        del record["told"]
        return record


@dataclass(slots=True)
class Sent:
    """A mail that somebody sent from a mailbox here. ``files`` are names; each holds a few bytes."""

    id: str
    sender: str
    to: str
    subject: str
    text: str
    at: float
    days: float = 0
    html: str = ""
    automatic: bool = False
    files: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def line(self) -> dict[str, Any]:
        record = asdict(self)
        del record["told"]
        return record

    def taken(self) -> bool:
        """Whether the product has it."""
        return any(t.http is not None and t.http < 300 for t in self.told)
