"""The tray: a carrier within our own process, for simulation at speed. It keeps what it was given.

It behaves as it is told, number by number: each entry of `answers` is used once, then all goes well.
A message may lie in the tray although the answer said that nobody knows: so it is with real carriers.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from itertools import count

from messaging.carriers import Answer, Found, Inbound, OutMessage, Progress, Report, Sought, Verdict


class Tray:
    """Takes messages of one channel. `taken` holds them with the ids that they got, oldest first."""

    def __init__(self, channel: str = "sms", name: str = "tray") -> None:
        self.name, self.channel = name, channel
        self.taken: list[tuple[str, OutMessage]] = []
        self.answers: defaultdict[str, deque[tuple[Answer, bool]]] = defaultdict(deque)
        self._numbers = count(1)
        self._lock = threading.Lock()

    def answer_next(self, to: str, answer: Answer, *, takes: bool) -> None:
        """How the next message to `to` is answered, and whether it is taken all the same."""
        self.answers[to].append((answer, takes))

    def send(self, message: OutMessage) -> Answer:
        """Takes the message, unless told otherwise."""
        with self._lock:
            told = self.answers[message.to].popleft() if self.answers[message.to] else None
            given = f"{self.name}-{next(self._numbers)}"
            if told is None or told[1]:
                self.taken.append((given, message))
        return Answer(Verdict.ACCEPTED, provider_id=given) if told is None else told[0]

    def find(self, sought: Sought) -> Found | None:
        """What lies in the tray under the message's id."""
        for given, message in self.taken:
            if message.id == sought.id and message.attempt == sought.attempt:
                return Found(given, Progress.SENT)
        return None

    def read(self, kind: str, raw: bytes) -> Report | Inbound | None:
        """A tray reports nothing by itself."""
        return None
