"""The contact diary: each time that we and a person met outside of messages, and what came of it.

A contact has a *channel* (call, visit, post, counter), a *direction* (out: we began it) and an *outcome*. What
we begin is judged before: *against* are the rules that speak against it, in the order of `AGAINST`. It is
entered all the same, for it happened; then it needs a reason, and the history tells both.

- no_calls: the person wants no calls (`support.py`)
- on_hold: a hold stops every message that we begin
- closed_day, outside_window: of the contact window, on the clocks of all places where the person may be
- seven_calls_in_seven_days, conversation_within_7_days: of the law's frequency (12 CFR 1006.14(b)(2)), counted
  over all debts of the person, in days on the person's clock. Calls that came in, did not connect or were asked
  for by the person do not count; a conversation in any of them starts the wait.
- unwanted_day, unwanted_hour: of what the person wishes (`preference.py`), as for messages, on the first of those
  clocks; it comes after the law, and says nothing about a call that the person asked for

The words of an entry may be erased as those of a note may (`note.py`); the history keeps their proof.

Outcomes lead on: *wrong number* and *not them* end the number that was called, and put before a collector
what follows. Promises and disputes are entered on pages of their own.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Index, Text, UniqueConstraint, Uuid, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.clock import local
from cases.db import Base, Id, Moment, refers
from cases.debts.held import silenced
from cases.history import Actor, Kind, proof, record
from cases.law.pack import Calls
from cases.law.rules import calls, window_for
from cases.people import support
from cases.people.contact import Contact, end_contact, live_contacts
from cases.people.person import all_ids
from cases.people.preference import Wish, unwanted, wish_of
from cases.people.window import judge
from cases.refusal import refusal_code
from cases.work import queue
from cases.work.note import are_theirs

CHANNEL_UNKNOWN = refusal_code("diary.channel_unknown")
OUTCOME_UNKNOWN = refusal_code("diary.outcome_unknown")
NUMBER_UNKNOWN = refusal_code("diary.number_unknown")
MOMENT_WRONG = refusal_code("diary.moment_wrong", "earliest", "latest")
REASON_NEEDED = refusal_code("diary.reason_needed", "against")
NOT_THEIRS = refusal_code("diary.not_theirs")

CHANNELS: Final = ("call", "visit", "post", "counter")
DIRECTIONS: Final = ("out", "in")
_MET: Final = ("promised", "disputed", "spoke")
OUTCOMES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("call", "out"): (*_MET, "call_back", "left_message", "no_answer", "not_connected", "wrong_number", "not_them"),
    ("call", "in"): (*_MET, "call_back", "not_them"),
    ("visit", "out"): (*_MET, "no_answer", "not_them"),
    ("visit", "in"): (),
    ("post", "out"): ("sent", "returned"),
    ("post", "in"): ("promised", "disputed", "wrote", "not_them"),
    ("counter", "out"): (),
    ("counter", "in"): (*_MET, "not_them"),
}
"""What can come of a contact, by channel and direction."""
CONVERSATIONS: Final = frozenset({*_MET, "call_back"})
"""Outcomes of a call in which we spoke with the person."""
UNCOUNTED: Final = frozenset({"not_connected"})
"""Outcomes of a call that counts for nothing."""
ENDS_NUMBER: Final = frozenset({"wrong_number", "not_them"})
"""Outcomes after which the number that was called is the person's no more."""
AGAINST: Final = (
    "no_calls", "on_hold", "closed_day", "outside_window", "seven_calls_in_seven_days", "conversation_within_7_days",
    "unwanted_day", "unwanted_hour",
)  # fmt: skip
LONGEST_AGO: Final = timedelta(days=31)
"""How long ago a contact may have been that is entered now."""
LONGEST: Final = 2000
"""Characters of a note and of a reason."""

Place = tuple[str | None, tuple[str, ...]]
"""A country where a person may be, with the zones of it that count."""

_EVERY: Final = tuple(sorted({each for found in OUTCOMES.values() for each in found}))


class DiaryEntry(Base):
    """One contact. `asked_for`: the person asked for this call. `note` and `reason` may be erased."""

    __tablename__ = "diary_entry"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    channel: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    contact_id: Mapped[int | None] = refers("contact.id", nullable=True)
    happened_at: Mapped[Moment]
    asked_for: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    against: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    note: Mapped[str | None] = mapped_column(Text)
    note_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    reason: Mapped[str | None] = mapped_column(Text)
    reason_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint(f"channel in {CHANNELS}", "channel"),
        CheckConstraint(f"direction in {DIRECTIONS}", "direction"),
        CheckConstraint(f"outcome in {_EVERY}", "outcome"),
        CheckConstraint(f"against <@ array[{', '.join(repr(each) for each in AGAINST)}]", "against"),
        CheckConstraint("(note is null) = (note_salt is null) and (reason is null) = (reason_salt is null)", "erased"),
        CheckConstraint("made_at >= happened_at", "moment"),
        UniqueConstraint("person_id", "key"),
        Index("diary_entry_person", "person_id", "happened_at"),
    )


@dataclass(frozen=True, slots=True)
class Call:
    """A call as its frequency counts it. `excluded`: it counts for nothing, but a conversation in it does."""

    on: date
    conversation: bool = False
    incoming: bool = False
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Frequency:
    """Whether one more call is allowed on a day; `counted`: how many there were in the days that end with it.

    `free_on` is the first day on which nothing that has been would speak against a call.
    """

    allowed: bool
    reason: str
    counted: int
    free_on: date


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether we may begin a contact at a moment: the rules against it, and the frequency of a call."""

    against: tuple[str, ...]
    frequency: Frequency | None = None
    most: int = 0

    @property
    def allowed(self) -> bool:
        """Whether no rule speaks against it."""
        return not self.against


@dataclass(frozen=True, slots=True)
class Made:
    """A contact as it is told. `happened_at` is when it was; `asked_for`: the person asked for the call."""

    channel: str
    direction: str
    outcome: str
    happened_at: datetime
    contact: int | None = None
    asked_for: bool = False
    note: str | None = None
    reason: str | None = None


def frequency(made: Iterable[Call], on: date, limit: Calls) -> Frequency:
    """Whether a call on the day `on` keeps to a limit, given the calls made up to then. Pure."""
    found = list(made)
    counted = _counted(found, on, limit)
    reason = "ok"
    if counted >= limit.most:
        reason = "seven_calls_in_seven_days"
    elif _waits(found, on, limit):
        reason = "conversation_within_7_days"
    free = on
    while _counted(found, free, limit) >= limit.most or _waits(found, free, limit):
        free += timedelta(days=1)
    return Frequency(reason == "ok", reason, counted, free)


def _counted(made: Sequence[Call], on: date, limit: Calls) -> int:
    since = on - timedelta(days=limit.days)
    return sum(since < each.on <= on for each in made if not each.incoming and not each.excluded)


def _waits(made: Sequence[Call], on: date, limit: Calls) -> bool:
    return any(each.conversation and each.on <= on < each.on + timedelta(days=limit.wait_days) for each in made)


def permitted(
    session: Session,
    people: Sequence[int],
    channel: str,
    *,
    places: Sequence[Place],
    at: datetime,
    asked_for: bool = False,
    wish: Wish | None = None,
) -> Permission:
    """Whether we may begin a contact with these ids (one person's, all joined) at a moment. Reads alone.

    `places`: where the person may be, the first of whose zones counts the days. `wish`: what they prefer, where that
    has been read already.
    """
    if channel not in ("call", "visit"):
        return Permission(())
    against: set[str] = set()
    if channel == "call" and support.needs(session, people, "no_calls"):
        against.add("no_calls")
    if silenced(session, people, at):
        against.add("on_hold")
    against |= {reason for country, zones in places if (reason := _window(country, zones, at)) != "ok"}
    zone = places[0][1][0]
    if not asked_for and (unwished := unwanted(wish or wish_of(session, people), zone, at)):
        against.add(unwished)
    if channel != "call":
        return Permission(_in_order(against))
    today = local(at, zone).date()
    limits = [calls(country, today) for country, _zones in places]
    limit = min(limits, key=lambda each: (-each.wait_days, each.most, -each.days))
    found = frequency(_calls_of(session, people, zone, before=at), today, limit)
    if not found.allowed and not asked_for:
        against.add(found.reason)
    return Permission(_in_order(against), found, limit.most)


def enter(
    session: Session, *, person: int, made: Made, places: Sequence[Place], key: str, by: Actor, at: datetime
) -> DiaryEntry:
    """Enters a contact into a person's diary, and does what its outcome asks for. The same key enters once.

    Refuses `diary.channel_unknown`, `diary.outcome_unknown`, `diary.number_unknown`, `diary.moment_wrong`, and
    `diary.reason_needed` where rules spoke against it and no reason is given.
    """
    _check(made, at)
    session.execute(text("select from person where id = :id for no key update"), {"id": person})
    was = session.scalar(select(DiaryEntry).where(DiaryEntry.person_id == person, DiaryEntry.key == key))
    if was is not None:
        return was
    people = all_ids(session, person)
    number = _number(session, people, made)
    against: tuple[str, ...] = ()
    if made.direction == "out":
        asked_for = made.asked_for and made.channel == "call"
        against = permitted(
            session, people, made.channel, places=places, at=made.happened_at, asked_for=asked_for
        ).against
    if against and not made.reason:
        raise REASON_NEEDED(against=list(against))
    note, reason = made.note or None, (made.reason or None) if against else None
    row = DiaryEntry(
        person_id=person, channel=made.channel, direction=made.direction, outcome=made.outcome,
        contact_id=number.id if number else None, happened_at=made.happened_at,
        asked_for=made.asked_for and (made.channel, made.direction) == ("call", "out"), against=list(against),
        note=note, note_salt=uuid.uuid4() if note else None, reason=reason,
        reason_salt=uuid.uuid4() if reason else None, key=key, made_by=str(by), made_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    facts: dict[str, object] = {"channel": made.channel, "direction": made.direction, "outcome": made.outcome,
                                "happened_at": made.happened_at.isoformat(), "against": list(against),
                                "asked_for": row.asked_for}  # fmt: skip
    if number is not None:
        facts["contact"] = number.id
    if row.note and row.note_salt:
        facts["note"] = proof(row.note_salt, row.note)
    if row.reason and row.reason_salt:
        facts["reason"] = proof(row.reason_salt, row.reason)
    record(session, Kind.CONTACT_MADE, by=by, at=at, person=person, subject=f"diary_entry:{row.id}", facts=facts)
    if made.outcome in ENDS_NUMBER:
        _follow(session, row, number, people, by, at)
    return row


def may_erase(entry: DiaryEntry, by: Actor) -> bool:
    """Whether an entry has words that are theirs to erase. Pure."""
    return not (entry.note is None and entry.reason is None) and are_theirs(entry.made_by, by)


def erase(session: Session, entry: DiaryEntry, *, by: Actor, at: datetime) -> None:
    """Erases the words of an entry, its note and its reason. Twice is once. Refuses `diary.not_theirs`."""
    session.refresh(entry, with_for_update={"key_share": True})
    if entry.note is None and entry.reason is None:
        return
    if not may_erase(entry, by):
        raise NOT_THEIRS()
    entry.note, entry.note_salt, entry.reason, entry.reason_salt = None, None, None, None
    session.flush()
    record(session, Kind.DIARY_ERASED, by=by, at=at, person=entry.person_id, subject=f"diary_entry:{entry.id}")


def _check(made: Made, at: datetime) -> None:
    if (made.channel, made.direction) not in OUTCOMES or not OUTCOMES[made.channel, made.direction]:
        raise CHANNEL_UNKNOWN()
    if made.outcome not in OUTCOMES[made.channel, made.direction]:
        raise OUTCOME_UNKNOWN()
    if not at - LONGEST_AGO <= made.happened_at <= at:
        raise MOMENT_WRONG(earliest=at - LONGEST_AGO, latest=at)


def _number(session: Session, people: Sequence[int], made: Made) -> Contact | None:
    """The number of theirs that was called, or called us. A call out has one."""
    if made.channel != "call" or (made.contact is None and made.direction == "in"):
        return None
    numbers = [each for each in live_contacts(session, people) if each.kind in ("mobile", "phone")]
    found = next((each for each in numbers if each.id == made.contact), None)
    if found is None:
        raise NUMBER_UNKNOWN()
    return found


def _follow(
    session: Session, row: DiaryEntry, number: Contact | None, people: Sequence[int], by: Actor, at: datetime
) -> None:
    """Ends a number that is not theirs, and says who has to look: at who they are, or at how to reach them."""
    if number is not None:
        end_contact(session, number, by=by, at=at, any_kind=True)
    subject = f"diary_entry:{row.id}"
    if row.outcome == "not_them":
        queue.open_item(session, person=row.person_id, kind="identity", subject=subject, urgency=1, at=at)
    elif not any(each.kind != "address" for each in live_contacts(session, people)):
        queue.open_item(session, person=row.person_id, kind="unreachable", subject=subject, urgency=2, at=at)


def _window(country: str | None, zones: Sequence[str], at: datetime) -> str:
    return str(judge(window_for(country, local(at, zones[0]).date()), zones, at).reason)


def _in_order(against: set[str]) -> tuple[str, ...]:
    if "closed_day" in against:  # it says that waiting an hour will not help
        against.discard("outside_window")
    return tuple(each for each in AGAINST if each in against)


def _calls_of(session: Session, people: Sequence[int], zone: str, *, before: datetime) -> list[Call]:
    """The calls of the last days, on the person's clock."""
    rows = session.execute(
        select(DiaryEntry.happened_at, DiaryEntry.direction, DiaryEntry.outcome, DiaryEntry.asked_for).where(
            DiaryEntry.person_id.in_(people), DiaryEntry.channel == "call", DiaryEntry.happened_at <= before,
            DiaryEntry.happened_at > before - LONGEST_AGO,
        )
    )  # fmt: skip
    return [
        Call(local(row.happened_at, zone).date(), row.outcome in CONVERSATIONS, row.direction == "in",
             row.outcome in UNCOUNTED or row.asked_for)
        for row in rows
    ]  # fmt: skip
