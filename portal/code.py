"""One-time codes: asked for, made when they are sent, tried, used once. All times are real ones.

A code signs somebody in, or proves that a new number or address is theirs.

A request is written for whoever asks. Only one that may be answered (a person, a contact that
receives codes, within the limits) waits to be sent; the others stand there as if answered, so that
the page and its steps are the same for all. Messaging carries the code: the worker turns waiting
requests into messages (`plan_codes`) and, in the moment a message is claimed, makes the six digits
(`prepare`). They exist in the carrier's hands alone; here stands an argon2 hash over a keyed hash,
so neither a stolen table nor a stolen key opens anything.

The newest request of a browser counts. A code lives for ten minutes and is used once; five tries.
"""

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from cases.people.contact import Contact, masked
from messaging import outbox
from portal.keys import Keys, sha256
from portal.passwords import hashed, matches
from portal.visit import CodeRequest

LIVES: Final = timedelta(minutes=10)
TRIES: Final = 5
CHANNELS: Final = ("sms", "email")

_KIND: Final = {"sms": "mobile", "email": "email"}
_INITIALS: Final = "aaaaabbccddeeefgghiijjjjjkkklllmmmmmmnnoopprrrssssstttvwz"
_ENDS: Final = ("com",) * 9 + ("uk",) * 3 + ("net", "org", "se", "pl")


@dataclass(frozen=True, slots=True)
class Way:
    """Where a code goes: by which channel, to which contact (None: nowhere), and how that is shown."""

    channel: str
    contact: int | None
    shown: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest request of a browser. `person` is None for a stranger."""

    id: int
    channel: str
    asked_at: datetime
    person: int | None
    shown: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A request that a code was tried on; `kept` is the code's hash, where there is one that still counts."""

    id: int
    person: int | None
    channel: str
    kept: str | None


def way(receiving: Sequence[Contact], channel: str | None, who: bytes) -> Way:
    """How this person gets a code: by `channel`, or a text where that can be, else mail.

    `receiving`: their contacts to which a code may go. `who` (a keyed hash) makes up what is shown where
    there is no such contact, always the same for the same one.
    """
    found = {c: next((u for u in receiving if u.kind == _KIND[c]), None) for c in CHANNELS}
    chosen = channel or next((c for c in CHANNELS if found[c]), "email" if who[0] < 20 else "sms")
    contact = found[chosen]
    if contact is None:
        return Way(chosen, None, made_up(chosen, who))
    return Way(chosen, contact.id, masked(contact.kind, contact.value_norm))


def made_up(channel: str, who: bytes) -> str:
    """A masked contact that nobody has, as a real one would look."""
    if channel == "email":
        return masked("email", f"{_INITIALS[who[1] % len(_INITIALS)]}@host.{_ENDS[who[2] % len(_ENDS)]}")
    return masked("mobile", f"{int.from_bytes(who[3:7], 'big') % 100:02d}")


def ask(session: Session, *, browser: str, person: int | None, to: Way, allowed: bool, now: datetime) -> None:
    """Writes a request. One that is not `allowed`, or leads nowhere, is never answered."""
    waits = allowed and person is not None and to.contact is not None
    session.add(CodeRequest(browser_sha=sha256(browser), person_id=person, channel=to.channel, contact_id=to.contact,
                            asked_at=now, made_at=None if waits else now))  # fmt: skip
    session.flush()


def ask_to_prove(
    session: Session,
    *,
    browser: str,
    person: int,
    kind: str,
    value: str,
    value_norm: str,
    allowed: bool,
    now: datetime,
) -> None:
    """Writes a request for a code to a number or address that a person says is theirs.

    One that is not `allowed` is never answered.
    """
    channel = next(channel for channel, of in _KIND.items() if of == kind)
    session.add(CodeRequest(browser_sha=sha256(browser), person_id=person, channel=channel, asked_at=now, new_kind=kind,
                            new_value=value, new_norm=value_norm, made_at=None if allowed else now))  # fmt: skip
    session.flush()


def to_prove(session: Session, browser: str) -> CodeRequest | None:
    """The newest number or address that this browser asked to prove, until it was."""
    found = session.scalars(
        select(CodeRequest).where(CodeRequest.browser_sha == sha256(browser)).order_by(CodeRequest.id.desc()).limit(1)
    ).one_or_none()
    return found if found is not None and found.new_norm is not None and found.used_at is None else None


def newest(session: Session, browser: str, who: bytes) -> Asked | None:
    """What this browser asked for last. One statement, whoever asked."""
    row = session.execute(
        select(CodeRequest, Contact.kind, Contact.value_norm)
        .outerjoin(Contact, Contact.id == CodeRequest.contact_id)
        .where(CodeRequest.browser_sha == sha256(browser))
        .order_by(CodeRequest.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    request, kind, value = row
    shown = masked(kind, value) if kind else made_up(request.channel, who)
    return Asked(request.id, request.channel, request.asked_at, request.person_id, shown)


def count_try(session: Session, browser: str, now: datetime, *, proves: bool = False) -> Tried | None:
    """Counts a try on the newest request of this browser, before it is judged. None: there is none.

    `proves`: a request that proves a new contact; no such one ever signs anybody in.

    The hash is None when the try may not succeed: no code, too old, used, or no tries left.
    """
    row = session.execute(
        text(
            "update code_request set tries = tries + 1 where id ="
            " (select id from code_request where browser_sha = :sha and (new_norm is not null) = :proves"
            "  order by id desc limit 1) returning id, person_id, channel, code, made_at, used_at, tries"
        ),
        {"sha": sha256(browser), "proves": proves},
    ).one_or_none()
    if row is None:
        return None
    counts = row.used_at is None and row.tries <= TRIES and row.made_at is not None and now < row.made_at + LIVES
    return Tried(row.id, row.person_id, row.channel, row.code if counts else None)


def fits(tried: Tried, digits: str, keys: Keys) -> bool:
    """Whether these digits are the code; takes as long whatever the answer."""
    return matches(tried.kept, _salted(keys, tried.id, digits))


def use(session: Session, request: int, now: datetime) -> bool:
    """Uses a code up; False when someone was quicker."""
    used = session.execute(
        update(CodeRequest).where(CodeRequest.id == request, CodeRequest.used_at.is_(None)).values(used_at=now)
    )
    return int(used.rowcount) == 1  # type: ignore[attr-defined]


def plan_codes(session: Session, at: datetime, now: datetime) -> int:
    """Turns waiting requests into messages (template `code`); what waited too long is never sent.

    `at` is the moment that messages are planned by (moved in the demo), `now` the real one. Returns
    how many messages were planned. Several workers share the work.
    """
    waiting = session.scalars(
        select(CodeRequest)
        .where(CodeRequest.message_id.is_(None), CodeRequest.made_at.is_(None))
        .order_by(CodeRequest.id)
        .limit(500)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    planned = 0
    for request in waiting:
        left = request.asked_at + LIVES - now
        if left <= timedelta(0) or request.person_id is None:
            request.made_at = now
            continue
        request.message_id = outbox.write(
            session, person=request.person_id, channel=request.channel, template="code",
            contact=request.contact_id, address=request.new_norm, cause=f"sign_in:{request.id}",
            subject=f"person:{request.person_id}", step="code", at=at, not_after=at + left,
        )  # fmt: skip
        planned += 1
    session.flush()
    return planned


def prepare(session: Session, messages: Sequence[int], now: datetime, *, keys: Keys) -> dict[int, str]:
    """Makes the codes of messages (ids) that are being claimed: six digits each, by message id.

    What `messaging.delivery.claim` asks for, once the worker has given it the keys.

    A message that is claimed again, since the carrier had no time, gets a new code.
    """
    rows = session.execute(
        select(CodeRequest.message_id, CodeRequest.id).where(CodeRequest.message_id.in_(messages))
    ).all()  # fmt: skip
    codes = {message: f"{secrets.randbelow(1_000_000):06d}" for message, _ in rows if message is not None}
    salted = [_salted(keys, request, codes[message]) for message, request in rows if message is not None]
    with ThreadPoolExecutor(max_workers=4) as pool:  # argon2 lets go of the interpreter
        kept = list(pool.map(hashed, salted))
    for (_, request), code in zip(rows, kept, strict=True):
        session.execute(update(CodeRequest).where(CodeRequest.id == request).values(code=code, made_at=now, tries=0))
    return codes


def _salted(keys: Keys, request: int, digits: str) -> str:
    return keys.hashed("code", f"{request}:{digits}").hex()
