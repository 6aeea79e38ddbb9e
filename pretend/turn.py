"""A turn at the till: one act, collected and then written as one line.

It holds the records that change and the events that tell of it. The act is over when the turn is
written; nobody else comes between, for one thread serves everybody.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pretend import resources
from pretend.behaviour import ApiBehaviour, CardBehaviour
from pretend.cards import CARDS
from pretend.event import GIVES_UP_AFTER, Event
from pretend.payment import Kept, Session, new_id
from pretend.till import Record

if TYPE_CHECKING:
    from pretend.world import World


class ActRefused(Exception):
    """The act cannot be: Stripe's error code (may be empty), a sentence, the parameter to blame."""

    def __init__(self, code: str, sentence: str, param: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.param = param


class Turn:
    """One act about one session: what it changes and tells, not yet written.

    ``request`` and ``key`` name the request of the product that causes it, if one does.
    """

    def __init__(self, world: World, *, request: str | None = None, key: str | None = None) -> None:
        self.world = world
        self._request = request
        self._key = key
        self._put: dict[str, Record] = {}
        self._events: list[Event] = []
        self._last_first = False
        self.now = time.time()
        self.days = world.days.days()

    def find(self, id: str) -> Any:
        """A record as this turn leaves it."""
        return self._put.get(id) or self.world.store.till.find(id)

    def put(self, record: Record) -> Any:
        """Puts a record in its stead, and gives it back."""
        self._put[record.id] = record
        return record

    def tell(self, kind: str, record: Record, session: Session, card: str | None = None) -> None:
        """An event, with the record as it now stands; ``card`` is the one that was used."""
        manner = manner_of(self.world, session, card)
        self._last_first = manner.reorder
        hooked = bool(self.world.settings.stripe_hook_url) and manner.events != "drop"
        due = self.now + manner.events_delay_ms / 1000
        self._events.append(
            Event(
                id=new_id("evt_"), type=kind, created=int(self.now), session=session.id,
                thing=resources.shown(record, self.find), due=due, until=due + GIVES_UP_AFTER,
                copies=1 + manner.repeat if hooked else 0, held=hooked and manner.events == "hold",
                request=self._request, key=self._key,
            )
        )  # fmt: skip

    def write(self, *, kept: Kept | None = None, spends: str | None = None) -> None:
        """The act happened: it is on disk, and its events are on their way."""
        self.world.store.record_till(list(self._put.values()), self._events, kept=kept, spends=spends)
        till = self.world.store.till
        told = [till.events[event.id] for event in self._events]
        self.world.courier.take(told[::-1] if self._last_first else told)


def behaviour_of_card(world: World, card: str) -> CardBehaviour:
    """How a card behaves: as it was told, else as its story says."""
    told: CardBehaviour | None = world.store.behaviours("card").get(card)
    return told or CARDS[card].behaviour


def key_of(world: World, session: Session | None) -> str:
    """The key under which Stripe was told how to treat requests about this session."""
    told = world.store.behaviours("stripe")
    return next((key for key in (session.reference, session.who) if key in told), "") if session else ""


def manner_of(world: World, session: Session, card: str | None) -> ApiBehaviour:
    """How events of a session are posted: as its reference was told, and as the card does on top."""
    told: ApiBehaviour
    told, _ = world.store.behaviour_of("stripe", key_of(world, session), 0)
    if card is None:
        return told
    own = behaviour_of_card(world, card)
    return replace(
        told,
        events=told.events if own.events == "send" else own.events,
        repeat=max(told.repeat, own.repeat),
        reorder=told.reorder or own.reorder,
        events_delay_ms=max(told.events_delay_ms, own.events_delay_ms),
    )
