"""Receipts: what a carrier reports later, kept once as it came and then applied.

A hook verifies the signature, keeps the raw event under a key of its own and
answers; the worker applies it. A batch of events is kept as its events. Reports may
come late, twice and out of order: a report only raises the state of a message, and a late contradiction is kept as a
fact (the event itself) while the state stays. What we cannot read is *parked*: it
changes nothing and is counted.

What people write goes before reports, for each text or mail may be a STOP. They are heard one after
another in the order in which they were kept, by one worker at a time and one in a
transaction: of START and STOP the last word holds, and a text that fails takes no other
with it. What the database could not do just now (a deadlock, a lost connection) is left as
it was and done again. A text that breaks otherwise is still obeyed, and a person asks what
it said. A text from a number that no person has is obeyed, kept and told in the log.

A report finds its message by the carrier's id, else by our own message and
attempt, which the query of the address names that it came to, or the event itself:
so a message whose call was never answered is settled by its report. A *remark* (a
complaint, an opt-out) and a mail that comes back after it was delivered change the
address, never what was told of the message.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

import structlog
from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, passing
from cases.people.person import all_ids
from messaging import answer_by_mail, conversation
from messaging.carriers import Carrier, Effect, Inbound, InboundMail, Progress, Remark, Report, Told, applies
from messaging.outbox import Attempt, Message
from messaging.outcome import advance, bear, came_back


class CarrierEvent(Base):
    """One raw event. `key` makes a repeat harmless; `result` says what applying it did. `raw` is erasable."""

    __tablename__ = "carrier_event"

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text, server_default=text("''"))
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_type: Mapped[str] = mapped_column(Text)
    received_at: Mapped[Moment]
    applied_at: Mapped[Moment | None]
    result: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("kind in ('status', 'inbound')", "kind"),
        UniqueConstraint("provider", "key"),
        Index("carrier_event_waiting", "kind", "id", postgresql_where=text("applied_at is null")),
    )


log = structlog.get_logger()

BATCH: Final = 200
LONGEST_ID: Final = 64
"""No id or status of a carrier is longer."""

_HEARING: Final = "select pg_advisory_xact_lock(hashtextextended('hear texts', 0))"
_KEEPING: Final = "select pg_advisory_xact_lock(hashtextextended('keep texts', 0))"

WhoseMail = Callable[[str], int | None]
"""Which person an address of ours was made for, that answers by mail come to; None for one that is not ours."""

PARKED: Final = ("unreadable", "unknown_status", "no_such_message", "broken", "nobody")
"""Results of events that somebody should look into: something was not understood, or a text that nobody reads
came from a number that no person has. The raw event is kept."""

_STANDS: Final[Mapping[str, Progress]] = {
    "planned": Progress.QUEUED,
    "sending": Progress.QUEUED,
    "uncertain": Progress.QUEUED,
    "withheld": Progress.QUEUED,
    "sent": Progress.SENT,
    "failed": Progress.FAILED,
    "delivered": Progress.DELIVERED,
}


def keep(
    session: Session,
    *,
    provider: str,
    kind: str,
    key: str,
    query: str,
    raw: bytes,
    content_type: str,
    at: datetime,
) -> bool:
    """Keeps a raw event whose signature was right, once. Returns False for a repeat."""
    if kind == "inbound":
        # Numbered in the order in which they are committed: no earlier text turns up behind a later one.
        session.execute(text(_KEEPING))
    kept = session.execute(
        insert(CarrierEvent)
        .values(provider=provider, kind=kind, key=key, query=query, raw=raw, content_type=content_type, received_at=at)
        .on_conflict_do_nothing(index_elements=["provider", "key"])
        .returning(CarrierEvent.id)
    ).scalar()
    return kept is not None


def keep_all(session: Session, *, provider: str, events: Sequence[Mapping[str, object]], at: datetime) -> int:
    """Keeps the events of a batch (key, query, raw) whose signature was right, each once. Returns how many are new."""
    if not events:
        return 0
    kept = session.execute(
        insert(CarrierEvent)
        .values([{"provider": provider, "kind": "status", "content_type": "application/json", "received_at": at,
                  **event} for event in events])
        .on_conflict_do_nothing(index_elements=["provider", "key"])
        .returning(CarrierEvent.id)
    )  # fmt: skip
    return len(kept.all())


def key_of(kind: str, form: Mapping[str, str], query: str, raw: bytes) -> str:
    """What makes a repeat of an event harmless: the carrier's id and the status; else the bytes themselves."""
    named = [form.get("MessageSid", ""), "inbound" if kind == "inbound" else form.get("MessageStatus", "")]
    if all(word and word.isprintable() and len(word) <= LONGEST_ID for word in named):
        return ":".join(named)
    return hashlib.sha256(query.encode() + b"\n" + raw).hexdigest()


def apply(
    session: Session,
    carriers: Mapping[str, Carrier],
    *,
    at: datetime,
    ours: str = "",
    whose: WhoseMail | None = None,
    limit: int = BATCH,
) -> list[str]:
    """Applies what waits: the oldest text from a phone, or else the oldest reports, at most `limit`.

    `carriers` are the carriers by name, `ours` the name that signs our texts, `whose` says whom an answer by mail
    is from. Returns what each did; empty: none waited. An event that breaks
    is parked, so that it holds up no other. Raises the database's error when that may pass (`cases.db.passing`):
    then nothing is applied, and the caller tries again.
    """
    heard = _hear_one(session, carriers, at, ours, whose)
    return [heard] if heard is not None else _apply_reports(session, carriers, at, limit)


def not_yet_heard(session: Session, carriers: Mapping[str, Carrier]) -> set[str]:
    """The numbers and addresses whose texts and mails are kept and not applied yet: any of them may be a STOP.

    `carriers` are the carriers by name. What another worker is applying just now counts too.
    """
    waiting = session.scalars(
        select(CarrierEvent).where(CarrierEvent.applied_at.is_(None), CarrierEvent.kind == "inbound")
    )
    return {told.sender for event in waiting if isinstance(told := _read(carriers, event), Inbound | InboundMail)}


def _hear_one(
    session: Session, carriers: Mapping[str, Carrier], at: datetime, ours: str, whose: WhoseMail | None
) -> str | None:
    """Applies the oldest text or mail that waits. Returns what it did, or None when none waits."""
    oldest = (
        select(CarrierEvent).where(CarrierEvent.applied_at.is_(None), CarrierEvent.kind == "inbound")
        .order_by(CarrierEvent.id).limit(1)
    )  # fmt: skip
    if session.scalars(oldest).first() is None:
        return None
    # Whoever waited here looks again: another worker has heard what stood there.
    session.execute(text(_HEARING))
    event = session.scalars(oldest.with_for_update(key_share=True).execution_options(populate_existing=True)).first()
    if event is None:
        return None
    told = _read(carriers, event)
    did = _take_in(session, event, told, ours, whose) if isinstance(told, Inbound | InboundMail) else "unreadable"
    event.applied_at, event.result = at, did
    session.flush()
    return did


def _take_in(
    session: Session, event: CarrierEvent, told: Inbound | InboundMail, ours: str, whose: WhoseMail | None
) -> str:
    """Takes in what somebody wrote; where that breaks, at least obeys it and has a person ask what it said.

    It was said when it came, however late it is heard: a STOP of last night is not confirmed now.
    """
    at = event.received_at
    person = _writer(session, told, whose) if isinstance(told, InboundMail) else None
    try:
        with session.begin_nested():
            if isinstance(told, Inbound):
                did = conversation.receive(session, told, at=at, ours=ours)
            else:
                did = answer_by_mail.receive(session, told, person=person, at=at, ours=ours)
        if did == "nobody":
            what = "text_from_nobody" if isinstance(told, Inbound) else "mail_from_nobody"
            log.warning(what, event_id=event.id, provider=event.provider)
        return did
    except Exception as error:
        _broken(event, error)
    try:
        with session.begin_nested():
            if isinstance(told, Inbound):
                conversation.set_aside(session, told, event=event.id, at=at, ours=ours)
            elif person is not None:
                answer_by_mail.set_aside(session, told, person=person, event=event.id, at=at, ours=ours)
    except Exception as error:
        _broken(event, error)
    return "broken"


def _writer(session: Session, told: InboundMail, whose: WhoseMail | None) -> int | None:
    """The person whose own address of ours a mail was handed over to; of several, the one who is known to write it."""
    people = [found for each in told.to if whose and (found := whose(each)) is not None]
    known = (each for each in people if len(people) > 1 and answer_by_mail.known(session, told, all_ids(session, each)))
    return next(known, next(iter(people), None))


def _broken(event: CarrierEvent, error: Exception) -> None:
    """Notes that applying an event broke; raises again what may pass."""
    if passing(error):
        raise error
    log.error("event_broken", event_id=event.id, provider=event.provider, exc_info=error)


def _apply_reports(session: Session, carriers: Mapping[str, Carrier], at: datetime, limit: int) -> list[str]:
    events = session.scalars(
        select(CarrierEvent).where(CarrierEvent.applied_at.is_(None), CarrierEvent.kind == "status")
        .order_by(CarrierEvent.id).limit(limit).with_for_update(skip_locked=True, key_share=True)
    ).all()  # fmt: skip
    if not events:
        return []
    read = [told if isinstance(told := _read(carriers, event), Report | Remark) else None for event in events]
    messages = _messages(session, events, read)
    results: list[str] = []
    for event, told in zip(events, read, strict=True):
        try:
            with session.begin_nested():
                results.append(_apply_report(session, event, told, messages, at))
        except Exception as error:
            _broken(event, error)
            results.append("broken")
    session.execute(
        update(CarrierEvent),
        [{"id": event.id, "applied_at": at, "result": did} for event, did in zip(events, results, strict=True)],
    )
    return results


def _read(carriers: Mapping[str, Carrier], event: CarrierEvent) -> Told:
    carrier = carriers.get(event.provider)
    if carrier is None or event.raw is None:
        return None
    try:
        return carrier.read(event.kind, event.raw)
    except Exception:
        log.exception("event_unreadable", event_id=event.id, provider=event.provider)
        return None


def _named(query: str) -> tuple[int, int] | None:
    """Our message and attempt, as the address of the hook named them."""
    told = parse_qs(query)
    message, attempt = told.get("m", [""])[-1], told.get("a", [""])[-1]
    if message.isascii() and message.isdigit() and attempt.isascii() and attempt.isdigit() and len(message) < 19:
        return int(message), int(attempt) if len(attempt) < 9 else 0
    return None


class _Messages:
    """The locked messages of a batch of events, by the carrier's id and by our own."""

    def __init__(self, rows: Sequence[Message]) -> None:
        self.by_id = {row.id: row for row in rows}
        self.by_provider_id: dict[tuple[str | None, str | None], Message] = {
            (row.provider, row.provider_id): row for row in rows if row.provider_id
        }


def _messages(session: Session, events: Sequence[CarrierEvent], read: Sequence[Report | Remark | None]) -> _Messages:
    named = [found[0] for event in events if (found := _named(event.query))]
    sids = [told.provider_id for told in read if told is not None and told.provider_id]
    if not named and not sids:
        return _Messages([])
    # By id, so that two workers never wait for each other crosswise.
    rows = session.scalars(
        select(Message)
        .where((Message.id.in_(named)) | (Message.provider_id.in_(sids)))
        .order_by(Message.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    return _Messages(rows)


def _apply_report(
    session: Session, event: CarrierEvent, told: Report | Remark | None, messages: _Messages, at: datetime
) -> str:
    if told is None:
        return "unreadable"
    if isinstance(told, Remark):
        if told.effect is Effect.NONE:
            return "remark"
    elif told.progress is None:
        return "unknown_status"
    message = messages.by_provider_id.get((event.provider, told.provider_id))
    named = _named(event.query)
    if message is None and named is not None:
        message = _by_attempt(session, messages.by_id.get(named[0]), named[1], event.provider, told.provider_id)
    if message is None:
        return "no_such_message"
    if isinstance(told, Remark):
        bear(session, message.id, told.effect, at=at)
        return told.what
    assert told.progress is not None
    effect = told.meaning.effect if told.meaning and told.progress is Progress.FAILED else Effect.NONE
    group = told.meaning.group.value if told.meaning else None
    if message.provider_id not in (None, told.provider_id):
        # Another attempt of ours went out under another id: the newer one tells what became of it.
        return "other_attempt"
    if not applies(_STANDS[message.state], told.progress):
        if message.state != "delivered" or message.channel != "email" or effect is Effect.NONE:
            return "stale"
        came_back(session, message, told.code, effect, group)
        bear(session, message.id, effect, at=at)
        return "came_back"
    advance(session, message, told.provider_id, told.progress, told.code, effect, group, at=at)
    if told.provider_id:
        messages.by_provider_id[(event.provider, told.provider_id)] = message
    return message.state


def _by_attempt(
    session: Session, message: Message | None, attempt: int, provider: str, provider_id: str | None
) -> Message | None:
    """The message of an attempt of ours whose answer we never had; its attempt learns the carrier's id."""
    if message is None or message.provider != provider or not 1 <= attempt <= message.attempt:
        return None
    session.execute(
        update(Attempt)
        .where(Attempt.message_id == message.id, Attempt.attempt == attempt, Attempt.provider_id.is_(None))
        .values(provider_id=provider_id)
    )
    return message
