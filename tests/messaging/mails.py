"""People with a telephone and a mailbox, trays for both, and mails as SendGrid's Inbound Parse hands them over."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from cases.db import Database
from cases.people.preference import Wish, prefer
from messaging.carriers import Answer, Effect, Group, Meaning, Verdict
from messaging.providers.tray import Tray
from portal.rounds import Rounds
from tests.factories import BY
from tests.messaging.rounds import rounds
from tests.messaging.texts import NUMBER, someone

ADDRESS = "marta@example.org"


@dataclass(frozen=True)
class Trays:
    """What went to telephones, and what to mailboxes."""

    texts: Tray
    mails: Tray

    def taken(self) -> list[tuple[str, str]]:
        """Channel and template-free address of everything that went, texts first."""
        return [(tray.channel, message.to) for tray in (self.texts, self.mails) for _, message in tray.taken]


@contextmanager
def both(db: Database, at: datetime) -> Iterator[tuple[Rounds, Trays]]:
    """Rounds with a tray for texts and one for mails."""
    trays = Trays(Tray(), Tray("email", "mailtray"))
    with rounds(db, at, {"sms": trays.texts, "email": trays.mails}) as (worker, _):
        yield worker, trays


def with_mailbox(db: Database, *, mobile: str | None = NUMBER, email: str | None = ADDRESS, **given: object) -> int:
    """The id of a person with both, unless said otherwise."""
    return someone(db, mobile=mobile, email=email, **given)


def wants(db: Database, person: int, at: datetime, **wish: Any) -> None:
    """What the person prefers from now on."""
    with db.acting() as session:
        prefer(session, person=person, wish=Wish(**wish), source="person", by=BY, at=at)


def refused(effect: Effect, code: str = "21614") -> Answer:
    """A carrier's no, and what it says of the address."""
    return Answer(Verdict.REFUSED, code=code, meaning=Meaning(Group.BAD_NUMBER, effect=effect))


def rows(superuser: Connection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query, as the superuser sees them."""
    found = superuser.execute(text(query)).all()
    superuser.rollback()
    return [tuple(row) for row in found]


LINE = "--xYzZY"


def parsed(
    words: str | None = "Can I pay on Friday?",
    *,
    to: str = "r.someone@reply.example.org",
    sender: str = ADDRESS,
    html: str | None = None,
    subject: str = "Re: Evenly: a note is waiting for you",
    headers: str = "",
    charset: str = "UTF-8",
    dkim: str = "{@example.org : pass}",
    spf: str = "pass",
    envelope_from: str | None = None,
    files: tuple[tuple[str, bytes], ...] = (),
    envelope: str | None = None,
) -> bytes:
    """The form of a mail that came in, byte by byte."""
    routed = {"to": [to], "from": sender if envelope_from is None else envelope_from}
    fields: dict[str, bytes] = {
        "headers": f"Message-ID: <1@example.org>\nFrom: {sender}\n{headers}".encode(),
        "dkim": dkim.encode(),
        "to": f"Evenly <{to}>".encode(),
        "from": f"Marta <{sender}>".encode(),
        "subject": subject.encode(),
        "envelope": (json.dumps(routed) if envelope is None else envelope).encode(),
        "attachments": str(len(files)).encode(),
        "charsets": json.dumps({"text": charset, "html": charset, "subject": "UTF-8", "from": "UTF-8"}).encode(),
        "SPF": spf.encode(),
    }  # fmt: skip
    if words is not None:
        fields["text"] = words.encode(charset)
    if html is not None:
        fields["html"] = html.encode(charset)
    parts = [f'{LINE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
             for name, value in fields.items()]  # fmt: skip
    parts += [
        f'{LINE}\r\nContent-Disposition: form-data; name="attachment{n}"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode() + value + b"\r\n"
        for n, (name, value) in enumerate(files, 1)
    ]
    return b"".join(parts) + f"{LINE}--\r\n".encode()
