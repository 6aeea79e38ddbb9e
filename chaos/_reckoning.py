"""The reckoning: what the carrier and the card processor saw, against what our rows say.

The stand-in keeps a log of every text that it took and of every charge that it made. Whatever process
was killed, whoever pressed twice: each message is there at most once, and each charge is booked once.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNTED = ("failed", "withheld", "uncertain", "planned", "sending")
"""States of a message that the carrier need not have seen: it waits, or our history says what became of it."""


@dataclass(frozen=True)
class Reckoning:
    """`seen` counts texts by message, `taken` and `booked` are sums by attempt, `receipts` counts them by attempt;
    `messages` are states by id.
    """

    seen: Counter[int]
    taken: Counter[int]
    booked: dict[int, int]
    messages: dict[int, str]
    keys_twice: int
    receipts: dict[int, int]

    def twice(self) -> int:
        """Messages that the carrier saw more than once, payments booked more than once or otherwise than taken, and
        payments with two receipts.
        """
        texts = sum(count > 1 for count in self.seen.values()) + sum(count > 1 for count in self.receipts.values())
        return texts + sum(amount != self.taken[attempt] for attempt, amount in self.booked.items()) + self.keys_twice

    def lost(self) -> int:
        """Messages that are neither with the carrier nor accounted for, money taken and not booked, and payments booked
        without a receipt.
        """
        gone = sum(state not in ACCOUNTED and id not in self.seen for id, state in self.messages.items())
        gone += sum(attempt not in self.receipts for attempt in self.booked)
        return gone + sum(attempt not in self.booked for attempt in self.taken)


def reckon(log: dict[str, Any], rows: Callable[[str], list[Any]]) -> Reckoning:
    """Sets the stand-in's `log` against the texts and payments that `rows` gives."""
    seen = Counter(_message_of(each["callback"]) for each in log["texts"] if not each["by_carrier"])
    del seen[0]  # words of somebody else's, such as the stand-in's own
    attempts = {each["id"]: int(each["reference"]) for each in log["sessions"]}
    taken = Counter[int]()
    for each in log["payments"]:
        if each["status"] == "succeeded":
            taken[attempts[each["session"]]] += each["amount"]
    booked = rows(
        # By card alone, and as first booked: what was taken back later was booked all the same.
        "select a.id, sum(p.amount)::bigint from payment_attempt a join payment p on p.key = 'attempt/' || a.id"
        " where a.method = 'card' group by 1"
    )
    keys = rows("select count(*) from (select from payment group by creditor_id, key having count(*) > 1) x")
    texts = rows("select id, state from message where channel = 'sms'")
    receipts = rows("select split_part(subject, ':', 2)::bigint, count(*) from document"
                    " where kind = 'receipt' and state = 'issued' and not large group by 1")  # fmt: skip
    return Reckoning(seen, taken, dict(booked), dict(texts), keys[0][0], dict(receipts))


def _message_of(callback: str | None) -> int:
    """Our message, by the address that the carrier was given for it; 0 without one."""
    return int(parse_qs(urlsplit(callback or "").query).get("m", ["0"])[0])
