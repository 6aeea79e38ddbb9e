"""Posts Stripe's events: signed as Stripe signs, again with growing waits until one post is taken.

The events of one act go out in their order, the next when the first post of the one before has been
answered or has kept everybody waiting; what fails is tried again beside the others. Each try is
signed anew, for its own moment. Any 2xx takes an event; after an hour it is given up.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from pretend.event import Event, Posted
from pretend.posting import exchange

AT_ONCE = 16
CONNECT, READ = 5.0, 20.0
BEFORE_THE_NEXT = 2.0
MOMENT = 1.0


def signature(secret: str, payload: bytes, at: int) -> str:
    """The header Stripe-Signature: HMAC-SHA256 over the moment, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Courier:
    """Posts to one address. ``shown`` gives an event as the product reads it; ``posted`` is called after each post."""

    def __init__(
        self, url: str, secret: str, shown: Callable[[Event], dict[str, Any]], posted: Callable[[Event, Posted], None]
    ) -> None:
        self._url = url
        self._secret = secret
        self._shown = shown
        self._posted = posted
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._lanes: set[asyncio.Task[None]] = set()
        self._posting: set[str] = set()
        self._gate = asyncio.Semaphore(AT_ONCE)

    def take(self, events: list[Event]) -> None:
        """Begins to post these, in this order; what is held or owes nothing is left alone."""
        now = time.time()
        owed = [e for e in events if e.is_owed(now) and not e.held and e.id not in self._rounds]
        if owed and self._url:
            lane = asyncio.ensure_future(self._lane(owed))
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)

    def hurry(self, event: Event) -> None:
        """Posts an event now, even where it waits for its next try."""
        task = self._rounds.get(event.id)
        if task is not None and event.id not in self._posting:
            del self._rounds[event.id]
            task.cancel()
        self.take([event])

    async def stop(self) -> None:
        """Stops posting altogether; what is on the wire is given a moment to arrive."""
        for lane in self._lanes:
            lane.cancel()
        self._lanes.clear()
        rounds = dict(self._rounds)
        self._rounds.clear()
        for id, task in rounds.items():
            if id not in self._posting:
                task.cancel()
        if rounds:
            _, unfinished = await asyncio.wait(rounds.values(), timeout=MOMENT)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*rounds.values(), return_exceptions=True)

    async def _lane(self, events: list[Event]) -> None:
        for event in events:
            if event.id in self._rounds:
                continue
            await asyncio.sleep(max(0.0, event.next_at() - time.time()))
            first = asyncio.Event()
            task = asyncio.ensure_future(self._round(event, first))
            self._rounds[event.id] = task
            task.add_done_callback(lambda done, id=event.id: self._over(id, done))  # type: ignore[misc]
            try:
                await asyncio.wait_for(first.wait(), BEFORE_THE_NEXT)
            except TimeoutError:
                pass  # it is slow: the next goes out beside it
            if asyncio.current_task() not in self._lanes:
                return  # stopped while the answer came, which hides the cancelling

    def _over(self, id: str, task: asyncio.Task[None]) -> None:
        if self._rounds.get(id) is task:
            del self._rounds[id]

    async def _round(self, event: Event, first: asyncio.Event) -> None:
        try:
            while event.is_owed(time.time()) and not event.held:
                await asyncio.sleep(max(0.0, event.next_at() - time.time()))
                async with self._gate:
                    self._posting.add(event.id)
                    try:
                        posted = await self._post(event)
                    finally:
                        self._posting.discard(event.id)
                self._posted(event, posted)
                first.set()
                if self._rounds.get(event.id) is not asyncio.current_task():
                    return  # stopped meanwhile
        finally:
            first.set()

    async def _post(self, event: Event) -> Posted:
        payload = json.dumps(self._shown(event), indent=2).encode()
        at = time.time()
        headers = [
            "Content-Type: application/json; charset=utf-8",
            f"Stripe-Signature: {signature(self._secret, payload, int(at))}",
            "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Cache-Control: no-cache",
        ]
        answer, _ = await exchange(self._url, payload, headers, connect=CONNECT, read=READ)
        return Posted(at, answer.http, answer.why)
