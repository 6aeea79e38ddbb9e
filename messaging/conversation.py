"""The conversation: what a person and we said to each other, over all channels.

One row (`said`) is one thing said. A text that came in is unique on the
carrier's id. What staff answer is read in the portal after sign-in; a neutral
text says that an answer waits. Words are erasable; the history line keeps their
proof.

Whose text it is: that of the person at this number to whom we last wrote there;
else of the one whose number it is by the newest word. It stands in one thread
alone: two people may share a telephone, and neither may read the other's words.
A STOP ends texts to the number, so for both.

STOP is confirmed once: by the carrier for the words that it knows, else by us.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, Text, UniqueConstraint, Uuid, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.clock import local
from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, proof, record
from cases.people import permission
from cases.people.person import all_ids
from cases.refusal import refusal_code
from cases.work import queue
from messaging import outbox
from messaging.carriers import Inbound
from messaging.reply import CarrierAction, Meaning, Sender, read

EMPTY = refusal_code("conversation.empty")
TOO_LONG = refusal_code("conversation.too_long", "most")

LONGEST: Final = 4000
"""Characters that one person may write at once in the portal, and staff in one answer."""


class Said(Base):
    """One thing said. `side`: person or staff. `sender`: the actor, as in the history.

    Of a mail: `known`, whether it came from an address of the person's; `cut`, whether it was longer than is kept;
    `attachments`, how many came with it, none of which is kept.
    """

    __tablename__ = "said"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    side: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)
    words: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    reading: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Moment]
    read_at: Mapped[Moment | None]
    provider_id: Mapped[str | None] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(Text)
    known: Mapped[bool | None] = mapped_column(Boolean)
    cut: Mapped[bool | None] = mapped_column(Boolean)
    attachments: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("side in ('person', 'staff')", "side"),
        CheckConstraint("channel in ('sms', 'portal', 'email')", "channel"),
        CheckConstraint("reading in ('revoke', 'review', 'start', 'help', 'none')", "reading"),
        UniqueConstraint("provider_id", "person_id"),
        UniqueConstraint("person_id", "key"),
        Index("said_person", "person_id", "id"),
    )


def receive(session: Session, inbound: Inbound, *, at: datetime, ours: str = "") -> str:
    """Takes in a text from a phone, once: into a thread, acted upon, and into the queue.

    `at` is when it came, which may be a while ago; the confirmation's five minutes begin there. `ours`: the
    name that signs our texts.
    Returns what it was read as, `repeat`, or `nobody`: no person has the number, so it stands in no
    thread, and it says more than STOP or START. STOP counts even then: who may get the number later
    is not written to on the strength of an old permission.
    """
    words = inbound.words.replace("\0", "\ufffd")  # the one character that the database cannot keep
    reading = read(words, Sender.TOLL_FREE if inbound.toll_free else Sender.LONG_CODE, ours=ours)
    owner = _owner(session, inbound.sender)
    if owner is None:
        _obey(session, reading.meaning, inbound.sender, Actor("carrier"), at)
        bare = reading.bare and reading.meaning in (Meaning.REVOKE, Meaning.START)
        return reading.meaning.value if bare else "nobody"
    person, contact, shared = owner
    by = Actor("debtor", person)
    salt = uuid.uuid4()
    said = session.execute(
        insert(Said)
        .values(person_id=person, side="person", channel="sms", sender=str(by), words=words, salt=salt,
                reading=reading.meaning.value, at=at, provider_id=inbound.provider_id)
        .on_conflict_do_nothing()
        .returning(Said.id)
    ).scalar()  # fmt: skip
    if said is None:
        return "repeat"
    record(session, Kind.REPLY_RECEIVED, by=by, at=at, person=person, subject=f"said:{said}",
           facts={"channel": "sms", "reading": reading.meaning.value, "shared": shared,
                  "proof": proof(salt, words)})  # fmt: skip
    changed = _obey(session, reading.meaning, inbound.sender, by, at)
    if changed and reading.meaning is Meaning.REVOKE and reading.carrier is CarrierAction.NONE:
        outbox.write(session, person=person, channel="sms", template="stop_confirmed", contact=contact,
                     cause=f"said:{said}", subject=f"contact:{contact}", step="confirm", at=at)  # fmt: skip
    # A bare STOP or START asks nothing. All else is read by a person, whatever was done with it already:
    # "Stop. Mum died" is three words.
    if not (reading.bare and reading.meaning in (Meaning.REVOKE, Meaning.START)):
        into_queue(session, person, said, at, maybe_stop=reading.meaning is Meaning.REVIEW)
    return reading.meaning.value


def set_aside(session: Session, inbound: Inbound, *, event: int, at: datetime, ours: str = "") -> None:
    """A text that could not be taken in, for whatever reason: STOP is obeyed all the same, and who reads
    it asks the person the same day what it said. `event` is the raw one that is kept.
    """
    owner = _owner(session, inbound.sender)
    by = Actor("debtor", owner[0]) if owner is not None else Actor("carrier")
    if (meaning := read(inbound.words, ours=ours).meaning) is Meaning.REVOKE:
        _obey(session, meaning, inbound.sender, by, at)
    if owner is not None:
        queue.open_item(session, person=owner[0], kind="stop", subject=f"carrier_event:{event}", urgency=1, at=at,
                        answer_by=day_of(session, owner[0], at))  # fmt: skip


def write(session: Session, *, person: int, words: str, key: str, by: Actor, at: datetime) -> int:
    """What a person writes in the portal, in answer or to begin. The same `key` writes it once. Returns its id.

    Raises `conversation.empty` and `conversation.too_long`.
    """
    words = _checked(words)
    salt = uuid.uuid4()
    said = session.execute(
        insert(Said)
        .values(person_id=person, side="person", channel="portal", sender=str(by), words=words, salt=salt,
                reading=Meaning.NONE.value, at=at, key=key)
        .on_conflict_do_nothing()
        .returning(Said.id)
    ).scalar()  # fmt: skip
    if said is None:
        return session.scalars(select(Said.id).where(Said.person_id == person, Said.key == key)).one()
    record(session, Kind.PERSON_WROTE, by=by, at=at, person=person, subject=f"said:{said}",
           facts={"channel": "portal", "proof": proof(salt, words)})  # fmt: skip
    into_queue(session, person, said, at)
    return said


def answer(session: Session, *, person: int, words: str, key: str, by: Actor, at: datetime) -> int:
    """What staff answer from the case page, or begin with. Returns its id; the same `key` writes it once.

    The person reads it in the portal; a neutral text says that it waits. What the person had written
    is answered by it: those work items are done. Raises `conversation.empty`, `conversation.too_long`.
    """
    words = _checked(words)
    salt = uuid.uuid4()
    said = session.execute(
        insert(Said)
        .values(person_id=person, side="staff", channel="portal", sender=str(by), words=words, salt=salt,
                at=at, key=key)
        .on_conflict_do_nothing()
        .returning(Said.id)
    ).scalar()  # fmt: skip
    if said is None:
        return session.scalars(select(Said.id).where(Said.person_id == person, Said.key == key)).one()
    record(session, Kind.STAFF_WROTE, by=by, at=at, person=person, subject=f"said:{said}",
           facts={"proof": proof(salt, words)})  # fmt: skip
    for kind in ("message", "stop"):
        queue.done_for(session, person=person, kind=kind, by=by, at=at)
    mark_read(session, all_ids(session, person), side="person", at=at)
    return said


def mark_read(session: Session, people: Sequence[int], *, side: str, at: datetime) -> int:
    """Notes that what one side said to or about these ids (one person's, all joined) was read. Returns how many.

    A person who opens the thread reads side `staff`; a collector who opens the case reads side `person`.
    """
    marked = session.execute(
        update(Said)
        .where(Said.person_id.in_(people), Said.side == side, Said.read_at.is_(None))
        .values(read_at=at)
        .returning(Said.id)
    )
    return len(marked.all())


def thread(session: Session, people: Sequence[int], *, before: int | None = None, limit: int = 50) -> list[Said]:
    """What was said, newest first; `before` is the id of the last one of the page before."""
    query = select(Said).where(Said.person_id.in_(people))
    if before is not None:
        query = query.where(Said.id < before)
    return list(session.scalars(query.order_by(Said.id.desc()).limit(limit)))


def unread(session: Session, people: Sequence[int]) -> int:
    """How many of our answers this person has not read."""
    found: int = session.execute(
        text("select count(*) from said where person_id = any(:people) and side = 'staff' and read_at is null"),
        {"people": list(people)},
    ).scalar_one()
    return found


def _owner(session: Session, number: str) -> tuple[int, int, int] | None:
    """Whose thread a text from this number belongs to: person (the elder), contact, and how many share it."""
    rows = session.execute(
        text("""
select coalesce(j.into_id, c.person_id) as person, c.id as contact, c.as_of,
  (select max(m.sent_at) from message m where m.contact_id = c.id and m.person_id = c.person_id
   and m.state in ('sending', 'uncertain', 'sent', 'delivered')) as written
from contact c left join joined j on j.person_id = c.person_id and j.replaced_at is null and not j.parted
where c.value_norm = :number and c.kind in ('mobile', 'phone') and c.replaced_at is null and not c.withdrawn
order by written desc nulls last, c.as_of desc, c.id desc
"""),
        {"number": number},
    ).all()
    if not rows:
        return None
    return rows[0].person, rows[0].contact, len({row.person for row in rows})


def _obey(session: Session, meaning: Meaning, number: str, by: Actor, at: datetime) -> bool:
    """Ends or gives back permission as the words say, at once. Returns whether that changed anything."""
    if meaning is Meaning.REVOKE:
        return permission.withdraw(session, "sms", number, because="word", by=by, at=at)
    if meaning is Meaning.START:
        return permission.give(session, "sms", number, because="word", by=by, at=at)
    return False


def into_queue(session: Session, person: int, said: int, at: datetime, *, maybe_stop: bool = False) -> None:
    """Has a collector read what a person said. What may be a STOP is read the same day."""
    kind = "stop" if maybe_stop else "message"
    # One item for all that waits for the same answer.
    if any(item.kind == kind for item in queue.open_items(session, all_ids(session, person))):
        return
    queue.open_item(session, person=person, kind=kind, subject=f"said:{said}", urgency=1, at=at,
                    answer_by=day_of(session, person, at) if maybe_stop else None)  # fmt: skip


def day_of(session: Session, person: int, at: datetime) -> date:
    """The day of a moment where a creditor of the person works."""
    zone: str | None = session.execute(
        text(
            "select c.zone from record r join creditor c on c.id = r.creditor_id"
            " where r.person_id = :person and r.replaced_at is null order by r.id limit 1"
        ),
        {"person": person},
    ).scalar()
    return local(at, zone or "UTC").date()


def _checked(words: str) -> str:
    words = words.replace("\r\n", "\n").strip()
    if not words:
        raise EMPTY()
    if len(words) > LONGEST:
        raise TOO_LONG(most=LONGEST)
    return words
