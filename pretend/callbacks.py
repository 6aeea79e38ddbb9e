"""What the product is told: signed as Twilio signs, posted, repeated when the connection fails.

A callback goes out once; when no connection comes about it is tried once more. A fragment at the
end of the address changes that, as with Twilio: ``#rc=5&rp=all`` tries five times more after any
failure (rp: ct no connection, rt no answer in time, 4xx, 5xx, all; ct, rt milliseconds). The
fragment is neither sent nor signed. After the last try a callback is lost, as Twilio's are; only
those found owed at a start are tried longer, because the product may be starting too.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from pretend.posting import Answer, exchange
from pretend.text import Text, Told

AT_ONCE = 16
PAUSE = 0.25
MOMENT = 1.0
PATIENCE = 60.0

Params = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Overrides:
    """How hard to try; waits in seconds."""

    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})
    connect: float = 5.0
    read: float = 15.0

    def again(self, why: str) -> bool:
        return "all" in self.policy or why in self.policy


def overrides_of(url: str) -> Overrides:
    """What the fragment of ``url`` asks; anything it does not understand stays as it is."""
    told = dict(parse_qsl(urlsplit(url).fragment))

    def number(name: str, low: int, high: int, usual: int) -> int:
        value = told.get(name, "")
        return min(max(int(value), low), high) if value.isdigit() else usual

    return Overrides(
        retries=number("rc", 0, 5, 1),
        policy=frozenset(told.get("rp", "ct").split(",")),
        connect=number("ct", 100, 10_000, 5_000) / 1000,
        read=number("rt", 100, 15_000, 15_000) / 1000,
    )


def signature(token: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    """X-Twilio-Signature of a form post.

    The text to sign is the full address, then each key in byte order with its values, each distinct
    value once; HMAC-SHA1 with the account's token, in base64.
    """
    grouped: dict[str, set[str]] = {}
    for key, value in params:
        grouped.setdefault(key, set()).add(value)
    pieces = [url]
    for key in sorted(grouped, key=str.encode):
        pieces += [key + value for value in sorted(grouped[key], key=str.encode)]
    digest = hmac.new(token.encode(), "".join(pieces).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


class Postman:
    """Posts what is owed. ``told`` is called after each post, with what came back."""

    def __init__(
        self,
        token: str,
        params: Callable[[Text, str], Params],
        told: Callable[[Text, Told, Answer], None],
    ) -> None:
        self._token = token
        self._params = params
        self._told = told
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._posting: set[str] = set()
        self._gate = asyncio.Semaphore(AT_ONCE)

    def take(self, text: Text, *, until: float = 0.0) -> asyncio.Task[None] | None:
        """Begins to post what ``text`` owes, each when it is due, one after the other.

        Before ``until`` (seconds of the steady clock) a connection that fails is tried again and again.
        """
        if text.held or text.callback is None or not text.outstanding() or text.sid in self._rounds:
            return None
        task = asyncio.ensure_future(self._round(text, until))
        self._rounds[text.sid] = task
        task.add_done_callback(lambda _: self._over(text.sid, task))
        return task

    def drop(self, text: Text) -> None:
        """Stops posting for ``text``."""
        task = self._rounds.pop(text.sid, None)
        if task is not None:
            task.cancel()

    async def stop(self) -> None:
        """Stops posting altogether; what is on the wire is given a moment to arrive."""
        rounds = dict(self._rounds)
        self._rounds.clear()
        for sid, task in rounds.items():
            if sid not in self._posting:
                task.cancel()
        if rounds:
            _, unfinished = await asyncio.wait(rounds.values(), timeout=MOMENT)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*rounds.values(), return_exceptions=True)

    def _over(self, sid: str, task: asyncio.Task[None]) -> None:
        if self._rounds.get(sid) is task:
            del self._rounds[sid]

    async def _round(self, text: Text, until: float) -> None:
        assert text.callback is not None
        for seq, status, due in text.outstanding():
            wait = due - time.time()
            if wait > 0:
                await asyncio.sleep(wait)
            self._posting.add(text.sid)
            try:
                answer = await self.post(text.callback, self._params(text, status), until=until)
            finally:
                self._posting.discard(text.sid)
            told = Told(seq, status, time.time(), answer.http, answer.why, answer.tries)
            self._told(text, told, answer)
            if self._rounds.get(text.sid) is not asyncio.current_task():
                return  # stopped meanwhile

    async def post(self, url: str, params: Params, *, until: float = 0.0) -> Answer:
        """Posts a signed form, and again as the address asks; ``until`` as with ``take``."""
        overrides = overrides_of(url)
        url = url.partition("#")[0]
        body = urlencode(params).encode()
        signed = signature(self._token, url, params)
        tries = 0
        while True:
            tries += 1
            async with self._gate:
                answer, failure = await _exchange(url, body, signed, overrides, tries)
            if not failure:
                return answer
            impatient = failure != "ct" or time.monotonic() > until
            if impatient and (tries > overrides.retries or not overrides.again(failure)):
                return answer
            await asyncio.sleep(PAUSE)


async def _exchange(url: str, body: bytes, signed: str, overrides: Overrides, tries: int) -> tuple[Answer, str]:
    """One post, and how it failed: ct, rt, 4xx, 5xx or nothing."""
    headers = [
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        f"X-Twilio-Signature: {signed}",
        f"I-Twilio-Idempotency-Token: {hashlib.sha256(signed.encode()).hexdigest()[:36]}",
        "User-Agent: TwilioProxy/1.1",
    ]
    answer, failure = await exchange(url, body, headers, connect=overrides.connect, read=overrides.read)
    return replace(answer, tries=tries), failure
