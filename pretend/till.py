"""The till: every record of a card payment, by what one asks for.

An act on the till is one line of the log: the records that it puts, the events that tell of it and
the answer that it keeps. So a session that is complete without its event cannot be.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from pretend.event import Event, Posted
from pretend.payment import KEPT_FOR, OPEN, Charge, Dispute, Intent, Item, Kept, Refund, Session

Record = Session | Intent | Charge | Refund | Dispute
TABLES: dict[str, type[Record]] = {
    "cs_": Session,
    "pi_": Intent,
    "ch_": Charge,
    "re_": Refund,
    "dp_": Dispute,
}


class Till:
    """The records in the order in which they were made. Only a line of the log changes them."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.intents: dict[str, Intent] = {}
        self.charges: dict[str, Charge] = {}
        self.refunds: dict[str, Refund] = {}
        self.disputes: dict[str, Dispute] = {}
        self.events: dict[str, Event] = {}
        self.kept: dict[str, Kept] = {}
        self.open: set[str] = set()
        self.people: dict[str, list[str]] = defaultdict(list)
        self._charges: dict[str, list[str]] = defaultdict(list)
        self._refunds: dict[str, list[str]] = defaultdict(list)
        self._dispute: dict[str, str] = {}

    # Questions ----------------------------------------------------------------------------------

    def table(self, prefix: str) -> dict[str, Any]:
        """The records whose ids begin so; KeyError for ids of another kind."""
        tables: dict[str, dict[str, Any]] = {
            "cs_": self.sessions, "pi_": self.intents, "ch_": self.charges, "re_": self.refunds, "dp_": self.disputes,
        }  # fmt: skip
        return tables[prefix]

    def find(self, id: str) -> Record | None:
        """The record with that id, of whatever kind."""
        found: Record | None = self.table(id[:3]).get(id) if id[:3] in TABLES else None
        return found

    def charges_of(self, intent: str) -> list[Charge]:
        """Every try with a card, the oldest first."""
        return [self.charges[id] for id in self._charges.get(intent, ())]

    def refunds_of(self, charge: str) -> list[Refund]:
        """What was given back of a charge."""
        return [self.refunds[id] for id in self._refunds.get(charge, ())]

    def dispute_of(self, charge: str) -> Dispute | None:
        """The dispute about a charge; there is at most one."""
        id = self._dispute.get(charge)
        return self.disputes[id] if id is not None else None

    def kept_of(self, key: str) -> Kept | None:
        """The answer kept for an Idempotency-Key of the last 24 hours."""
        kept = self.kept.get(key)
        return kept if kept is not None and kept.at > time.time() - KEPT_FOR else None

    # Lines --------------------------------------------------------------------------------------

    def apply(self, line: dict[str, Any]) -> None:
        """Puts the records, events and answer of one act."""
        for value in line.get("put", ()):
            self._put(TABLES[value["id"][:3]], value)
        for value in line.get("events", ()):
            self.events[value["id"]] = Event(**value)
        if line.get("kept"):
            kept = Kept(**line["kept"])
            self.kept[kept.key] = kept

    def apply_posted(self, line: dict[str, Any]) -> None:
        """An event was posted."""
        event = self.events.get(line.pop("id"))
        if event is not None:
            event.posts.append(Posted(**line))

    def apply_event(self, line: dict[str, Any]) -> None:
        """An event is posted otherwise from now on."""
        event = self.events[line.pop("id")]
        for name, value in line.items():
            setattr(event, name, value)

    def _put(self, made: type[Record], value: dict[str, Any]) -> None:
        if made is Session:
            value = {**value, "items": [Item(**item) for item in value["items"]]}
        record = made(**value)
        table = self.table(record.id[:3])
        is_new = record.id not in table
        table[record.id] = record
        if isinstance(record, Session):
            (self.open.add if record.status == OPEN else self.open.discard)(record.id)
            if is_new and record.who:
                self.people[record.who].append(record.id)
        elif is_new and isinstance(record, Charge):
            self._charges[record.intent].append(record.id)
        elif is_new and isinstance(record, Refund):
            self._refunds[record.charge].append(record.id)
        elif is_new and isinstance(record, Dispute):
            self._dispute[record.charge] = record.id
