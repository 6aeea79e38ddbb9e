"""A mail that SendGrid took: one record for each personalization, in the mailbox of each recipient."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


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

    def mailboxes(self) -> list[str]:
        return list(dict.fromkeys(self.to + self.cc + self.bcc))

    def line(self) -> dict[str, Any]:
        return asdict(self)
