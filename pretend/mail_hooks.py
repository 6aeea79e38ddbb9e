"""What the product is told of mails: events in batches, and mails that people send, signed as SendGrid signs.

The signature is ECDSA over P-256 and SHA-256, of the moment and the body as it is posted, in base64. Events go out in
their order, those that are due together in one batch; what is not taken is tried again with growing waits, for an
hour. A mail goes out as a form of several parts, its files among them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pretend.mail import Mail, Sent
from pretend.posting import Answer, exchange
from pretend.text import Told

AT_ONCE = 16
CONNECT, READ = 5.0, 20.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
GIVES_UP_AFTER = 3600.0
MOMENT = 1.0

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many keys P-256 has."""

Owing = Callable[[], Sequence[tuple[int, str, float]]]


def key_of(secret: str) -> ec.EllipticCurvePrivateKey:
    """The signing key that a secret stands for."""
    number = int.from_bytes(hashlib.sha256(secret.encode()).digest(), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def signature(key: ec.EllipticCurvePrivateKey, at: str, body: bytes) -> str:
    """X-Twilio-Email-Event-Webhook-Signature of a body that is posted at a moment."""
    return base64.b64encode(key.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


class MailHooks:
    """Posts events and mails. ``told`` and ``taken`` are called after each post, with what came back."""

    def __init__(
        self,
        events_url: str,
        inbound_url: str,
        secret: str,
        told: Callable[[Mail, Told], None],
        taken: Callable[[Sent, Told], None],
    ) -> None:
        self._events_url, self._inbound_url = events_url, inbound_url
        self._key = key_of(secret) if secret else None
        self._told, self._taken = told, taken
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    @property
    def hears(self) -> bool:
        """Whether the product has an address for mails that people send."""
        return bool(self._inbound_url and self._key)

    def take(self, mail: Mail) -> None:
        """Begins to post what a mail owes."""
        if self._events_url and self._key and not mail.held and mail.outstanding():
            self._begin(mail.id, self._events(mail))

    def send(self, sent: Sent) -> asyncio.Task[None] | None:
        """Begins to hand over a mail that somebody sent."""
        if not self.hears or sent.taken():
            return None
        return self._begin(sent.id, self._mail(sent))

    async def stop(self) -> None:
        """Stops posting altogether."""
        rounds = list(self._rounds.values())
        self._rounds.clear()
        for task in rounds:
            task.cancel()
        if rounds:
            await asyncio.wait(rounds, timeout=MOMENT)

    def _begin(self, id: str, round_: Any) -> asyncio.Task[None] | None:
        if id in self._rounds:
            round_.close()
            return None
        task: asyncio.Task[None] = asyncio.ensure_future(round_)
        self._rounds[id] = task
        task.add_done_callback(lambda done: self._over(id, done))
        return task

    def _over(self, id: str, task: asyncio.Task[None]) -> None:
        if self._rounds.get(id) is task:
            del self._rounds[id]

    async def _events(self, mail: Mail) -> None:
        until, wait = time.time() + GIVES_UP_AFTER, FIRST_WAIT
        while (owed := mail.outstanding()) and time.time() < until:
            await asyncio.sleep(max(0.0, owed[0][2] - time.time()))
            now = time.time()
            due = [each for each in owed if each[2] <= now]
            body = json.dumps([event_of(mail, event, at) for _, event, at in due]).encode() + b"\r\n"
            answer = await self._post(self._events_url, body, "application/json")
            if answer.http is not None and answer.http < 300:
                for seq, event, _ in due:
                    self._told(mail, Told(seq, event, now, answer.http, answer.why, 1))
                wait = FIRST_WAIT
                continue
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, 2 * wait)

    async def _mail(self, sent: Sent) -> None:
        until, wait = time.time() + GIVES_UP_AFTER, FIRST_WAIT
        boundary, body = form_of(sent)
        while time.time() < until:
            answer = await self._post(self._inbound_url, body, f"multipart/form-data; boundary={boundary}")
            self._taken(sent, Told(len(sent.told), "sent", time.time(), answer.http, answer.why, 1))
            # What is refused is lost; only a server that is down is asked again.
            if answer.http is not None and answer.http < 500:
                return
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, 2 * wait)

    async def _post(self, url: str, body: bytes, content_type: str) -> Answer:
        assert self._key is not None
        at = str(int(time.time()))
        headers = [
            f"Content-Type: {content_type}",
            f"X-Twilio-Email-Event-Webhook-Signature: {signature(self._key, at, body)}",
            f"X-Twilio-Email-Event-Webhook-Timestamp: {at}",
            "User-Agent: SendGrid Event API",
        ]
        async with self._gate:
            answer, _ = await exchange(url, body, headers, connect=CONNECT, read=READ)
        return answer


def event_of(mail: Mail, event: str, at: float) -> dict[str, Any]:
    """An event as SendGrid writes it; the sender's own arguments stand beside its fields."""
    told: dict[str, Any] = {
        "email": mail.to[0],
        "timestamp": int(at),
        "smtp-id": f"<{mail.message_id}@pretend>",
        "event": "bounce" if event == "blocked" else event,
        "sg_event_id": base64.urlsafe_b64encode(hashlib.sha256(f"{mail.id} {event}".encode()).digest()[:16]).decode(),
        "sg_message_id": f"{mail.id}.recvd-pretend-1-1.0",
        **mail.custom_args,
    }
    if event in ("bounce", "blocked"):
        bad = event == "bounce"
        told |= {"type": event, "status": "5.1.1" if bad else "5.7.1",
                 "reason": "550 no such mailbox" if bad else "554 not now"}  # fmt: skip
    elif event == "dropped":
        told |= {"reason": "Bounced Address", "status": "5.0.0"}
    elif event == "deferred":
        told |= {"response": "450 the mailbox is busy", "attempt": "1"}
    elif event == "delivered":
        told["response"] = "250 OK"
    return told


def form_of(sent: Sent) -> tuple[str, bytes]:
    """A sent mail as Inbound Parse posts it: the boundary, and the body."""
    host = sent.sender.rpartition("@")[2]
    headers = f"Message-ID: <{sent.id}@{host}>\nFrom: {sent.sender}\nTo: {sent.to}\nSubject: {sent.subject}\n"
    if sent.automatic:
        headers += "Auto-Submitted: auto-replied\n"
    fields = {
        "headers": headers,
        "dkim": f"{{@{host} : pass}}",
        "to": sent.to,
        "from": sent.sender,
        "sender_ip": "192.0.2.7",
        "envelope": json.dumps({"to": [sent.to], "from": sent.sender}),
        "attachments": str(len(sent.files)),
        "subject": sent.subject,
        "charsets": json.dumps(dict.fromkeys(("to", "from", "subject", "text", "html"), "UTF-8")),
        "SPF": "pass",
        "text": sent.text,
    }
    if sent.html:
        fields["html"] = sent.html
    boundary = f"xYz{hashlib.sha256(sent.id.encode()).hexdigest()[:24]}"
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()
    ]
    parts += [
        f'Content-Disposition: form-data; name="attachment{n}"; filename="{os.path.basename(name)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + b"\x89\xff\x00 a few bytes\r\n"
        for n, name in enumerate(sent.files, 1)
    ]
    line = f"--{boundary}\r\n".encode()
    return boundary, b"".join(line + part for part in parts) + f"--{boundary}--\r\n".encode()
