"""Preference: how a person wants to be reached. In which language, by text or by mail, and when not.

One live row a person; a change is a new row that replaces the old one, with who said it and when. What somebody with
several joined ids says stands at the elder, and counts before what a younger one said earlier. A preference narrows
what the law and permission allow, and widens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text, Time, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.clock import day_start, local, moment_of
from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.person import all_ids
from cases.refusal import refusal_code

EVERY_DAY = refusal_code("preference.every_day")
HOURS = refusal_code("preference.hours", "earliest", "latest")

LEAST_HOURS: Final = 2
"""So many hours of a day are left at the least. Whether a law lets us write then is asked where hours are judged
(`messaging/reach.py`)."""


class Preference(Base):
    """How one person wants to be reached. `days_off`: ISO weekdays, Monday is 1. Hours are the person's own clock."""

    __tablename__ = "preference"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    source: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    days_off: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default=text("'{}'"))
    earliest: Mapped[time | None] = mapped_column(Time)
    latest: Mapped[time | None] = mapped_column(Time)
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("preference.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("source in ('person', 'staff')", "source"),
        CheckConstraint("channel in ('sms', 'email')", "channel"),
        CheckConstraint("earliest < latest", "hours"),
        CheckConstraint("days_off <@ array[1,2,3,4,5,6,7]::smallint[] and cardinality(days_off) < 7", "days_off"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("preference_live", "person_id", unique=True, postgresql_where=text("replaced_at is null")),
        Index("preference_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person prefers. None or empty: as we think best."""

    language: str | None = None
    channel: str | None = None
    days_off: tuple[int, ...] = ()
    earliest: time | None = None
    latest: time | None = None


def checked(wish: Wish) -> Wish:
    """The wish with its days in order. Raises `preference.every_day` and `preference.hours`."""
    days = tuple(sorted(set(wish.days_off)))
    if len(days) >= 7:
        raise EVERY_DAY()
    earliest, latest = wish.earliest or time.min, wish.latest or time.max
    if _minutes(latest) - _minutes(earliest) < LEAST_HOURS * 60:
        raise HOURS(earliest=f"{earliest:%H:%M}", latest=f"{latest:%H:%M}")
    return Wish(wish.language, wish.channel, days, wish.earliest, wish.latest)


def wanted_from(wish: Wish, zone: str, moment: datetime) -> tuple[datetime, datetime]:
    """The first moment from `moment` on that the person wants, on their clock, and until when that day. Pure."""
    here = local(moment, zone)
    day = here.date()
    latest = moment_of(day, wish.latest, zone) if wish.latest else day_start(day + timedelta(days=1), zone)
    if day.isoweekday() in wish.days_off or moment >= latest:
        return day_start(day + timedelta(days=1), zone), latest
    if wish.earliest and here.time() < wish.earliest:
        return moment_of(day, wish.earliest, zone), latest
    return moment, latest


def unwanted(wish: Wish, zone: str, moment: datetime) -> str | None:
    """What of a wish speaks against a moment on the person's clock: unwanted_day, unwanted_hour or nothing. Pure."""
    if wanted_from(wish, zone, moment)[0] <= moment:
        return None
    return "unwanted_day" if local(moment, zone).isoweekday() in wish.days_off else "unwanted_hour"


def prefer(session: Session, *, person: int, wish: Wish, source: str, by: Actor, at: datetime) -> bool:
    """Notes how a person wants to be reached from now on. Returns whether that changed anything.

    Raises `preference.every_day` and `preference.hours`.
    """
    wish = checked(wish)
    head = all_ids(session, person)[0]
    # Two at once: the second waits, and then replaces what the first wrote.
    session.execute(text("select from person where id = :id for no key update"), {"id": head})
    before = session.scalars(
        select(Preference).where(Preference.person_id == head, Preference.replaced_at.is_(None))
    ).one_or_none()
    if _wish(before) == wish:
        return False
    row = Preference(
        person_id=head, source=source, language=wish.language, channel=wish.channel, days_off=list(wish.days_off),
        earliest=wish.earliest, latest=wish.latest, recorded_at=at, replaces=before.id if before else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    record(session, Kind.PREFERENCE_SET, by=by, at=at, person=head, subject=f"preference:{row.id}",
           facts={"source": source, "language": wish.language, "channel": wish.channel,
                  "days_off": list(wish.days_off), "earliest": _written(wish.earliest),
                  "latest": _written(wish.latest)})  # fmt: skip
    return True


def wishes_of(session: Session, people: Sequence[int]) -> dict[int, Wish]:
    """What each of these ids prefers, where it said so. One statement."""
    rows = session.scalars(
        select(Preference)
        .where(Preference.person_id.in_(people), Preference.replaced_at.is_(None))
        .order_by(Preference.id)
    )
    return {row.person_id: _wish(row) for row in rows}


def wish_of(session: Session, people: Sequence[int]) -> Wish:
    """What one person (all joined ids, the elder first) prefers."""
    return wish_among(people, wishes_of(session, people))


def wish_among(people: Sequence[int], wishes: Mapping[int, Wish]) -> Wish:
    """What one person prefers, by what each of their ids said: the elder's word counts first."""
    return next((wishes[each] for each in people if each in wishes), Wish())


def _wish(row: Preference | None) -> Wish:
    if row is None:
        return Wish()
    return Wish(row.language, row.channel, tuple(row.days_off), row.earliest, row.latest)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _written(clock: time | None) -> str | None:
    return f"{clock:%H:%M}" if clock else None
