"""Permit: may this message go, and when? One decision with its reasons, for a whole batch.

Asked once, when a message is claimed, with the message and the person locked, so that two claims of
one person cannot each see room under a cap. Whatever has happened since planning counts: money, a
STOP, a plan that ended. Rehearsals and previews call the same function.

A decision is *go* (to which contact, and how long it may wait at the carrier), *later* (not before a
moment) or *withheld* (a rule's code, and when it may, if ever). Only claims write it down.

*Purpose* of a template: proactive (of our own accord: window, STOP and caps), reply (answers what
the person did: window and STOP), code (asked for just now: at any hour, STOP or no STOP) and
confirmation (of a STOP, once, within five minutes, at any hour: like the carrier's own).
*Week*: the seven days that end today, on the person's clock. A message counts on the day it went.

Rules, in this order: too_late (its time is over; of news: too_old), no_number or no_mail, number_unusable or
mail_unusable, stopped or mail_stopped, confirmed_too_late; on_hold (a hold stops every message that we begin
to this person); what has nothing left to say (`superseded.py`): of reminders plan_ended, schedule_changed,
not_liable, reminders_off, money_there, money_announced, on_hold; of a missed payment money_there, where its
plan is kept again, and on_hold; of a waiting message read, told_already; of thanks for money, of an offer that
is answered and of a mail whose text has arrived told_already; then the window (outside_window) and the caps
(cap_day, cap_week).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.clock import day_start, local
from cases.debts.held import silenced
from cases.law.rules import caps
from cases.people.permission import CHANNELS
from messaging.notices import ANSWERED
from messaging.outbox import GONE, Message
from messaging.reach import Reach, reach_of
from messaging.reply import confirm_within, may_confirm
from messaging.superseded import Superseded, superseded


class Purpose(StrEnum):
    """Why a message goes, as far as permission asks."""

    PROACTIVE = "proactive"
    REPLY = "reply"
    CODE = "code"
    CONFIRMATION = "confirmation"


PURPOSES: Final[Mapping[str, Purpose]] = {
    "reminder": Purpose.PROACTIVE,
    # Told of a plan that somebody else made: the person did nothing, so it is of our own accord.
    "plan_started": Purpose.PROACTIVE,
    "plan_missed": Purpose.PROACTIVE,
    "payment_changed": Purpose.PROACTIVE,
    "hold_news": Purpose.PROACTIVE,
    "payment_noted": Purpose.REPLY,
    "offer_received": Purpose.REPLY,
    "answer_waits": Purpose.REPLY,
    "agreement_ready": Purpose.REPLY,
    "contact_changed": Purpose.REPLY,
    "message_waits": Purpose.REPLY,
    "code": Purpose.CODE,
    "stop_confirmed": Purpose.CONFIRMATION,
}
"""The purpose of each template; a template without one cannot be sent."""

LEAST_WAIT: Final = timedelta(seconds=30)
"""A message that the window would leave less time than this waits for the next one."""

CODE_LASTS: Final = timedelta(minutes=10)

_NEWS: Final = frozenset(notice.template for notice in ANSWERED.values())
"""Templates that tell of something that happened; they last for its shelf life."""

_PROACTIVE: Final = [name for name, purpose in PURPOSES.items() if purpose is Purpose.PROACTIVE]


class Act(StrEnum):
    """What is to be done with a message."""

    GO = "go"
    LATER = "later"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `facts` go into the history: ids, codes and moments alone."""

    act: Act
    why: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    not_before: datetime | None = None
    contact: int | None = None
    to: str | None = None
    until: datetime | None = None
    language: str | None = None
    channel: str | None = None
    large: bool = False


def decide(
    session: Session,
    messages: Sequence[Message],
    *,
    at: datetime,
    real: datetime,
    channels: Collection[str] = CHANNELS,
) -> dict[int, Decision]:
    """Decides for messages that the caller has locked, with their people. Writes nothing.

    `at` is the door's moment; `real` the real one, which codes and confirmations are judged by; `channels` are
    those that have a carrier. Every decision says which channel it is about.
    """
    reach = reach_of(session, messages, channels)
    nothing_left = superseded(session, messages, reach, at)
    silent = silenced(session, [person for who in reach.values() for person in who.people], at)
    gone = _gone(session, messages, reach, at)
    made: dict[int, Decision] = {}
    for message in messages:
        who = reach[message.id]
        if (decision := _addressed(message, who, at)) is None and PURPOSES[message.template] is Purpose.PROACTIVE:
            decision = _withheld("on_hold") if silent.intersection(who.people) else None
        if decision is None:
            over = nothing_left.get(message.id)
            decision = _over(over) if over else _timed(message, who, gone[who.head], at)
        if decision.act is Act.GO and PURPOSES[message.template] is Purpose.PROACTIVE:
            gone[who.head].append(at)
        made[message.id] = replace(decision, channel=who.channel, large=who.large)
    return made


def _withheld(why: str, /, **facts: object) -> Decision:
    return Decision(Act.WITHHELD, why, facts)


def _over(nothing_left: Superseded) -> Decision:
    facts = {"rules": list(nothing_left.rules)} if nothing_left.rules else {}
    return _withheld(nothing_left.why, **facts)


def _addressed(message: Message, who: Reach, at: datetime) -> Decision | None:
    """What forbids a message whatever the hour: too late, nowhere to go, not wanted."""
    purpose = PURPOSES[message.template]
    if message.not_after is not None and at >= message.not_after:
        why = "too_old" if message.template in _NEWS else "too_late"
        return _withheld(why, until=message.not_after.isoformat())
    if who.to is None:
        return _withheld("no_number" if who.channel == "sms" else "no_mail")
    if who.unusable is not None:
        return _withheld("number_unusable" if who.channel == "sms" else "mail_unusable", code=who.unusable)
    if who.stopped is not None and purpose in (Purpose.PROACTIVE, Purpose.REPLY):
        return _withheld("stopped" if who.channel == "sms" else "mail_stopped", since=who.stopped.isoformat())
    if purpose is Purpose.CONFIRMATION:
        waited = int((at - message.planned_at).total_seconds())
        if not may_confirm(waited, promotional=False):
            return _withheld("confirmed_too_late")
    return None


def _timed(message: Message, who: Reach, gone: list[datetime], at: datetime) -> Decision:
    """When a message may go that nothing else forbids."""
    purpose = PURPOSES[message.template]
    go = Decision(Act.GO, contact=who.contact, to=who.to, language=who.language)
    if purpose in (Purpose.CODE, Purpose.CONFIRMATION):
        lasts = at + CODE_LASTS if purpose is Purpose.CODE else message.planned_at + confirm_within()
        return _until(go, message.not_after or lasts)
    why, earliest = "outside_window", at
    if purpose is Purpose.PROACTIVE and (capped := _capped(who, gone, at)):
        why, earliest = capped
    opens, closes = who.open_from(earliest, LEAST_WAIT)
    if opens is not None and opens <= at:
        return _until(go, min(filter(None, (closes, message.not_after))))
    if opens is None:
        return _withheld(why)
    if message.not_after is not None and opens >= message.not_after:
        return _withheld(why, may=opens.isoformat())
    return Decision(Act.LATER, why, not_before=opens)


def _until(go: Decision, until: datetime) -> Decision:
    return replace(go, until=until)


def _capped(who: Reach, gone: list[datetime], at: datetime) -> tuple[str, datetime] | None:
    """The cap that is reached, and the first moment at which it no longer is."""
    zone = who.zones[0]
    today = local(at, zone).date()
    limit = caps(today)
    days = sorted(local(each, zone).date() for each in gone)
    if sum(day == today for day in days) >= limit.messages_a_day:
        return "cap_day", day_start(_room(days, today + timedelta(days=1), limit.messages_a_week), zone)
    if sum(day > today - timedelta(days=7) for day in days) >= limit.messages_a_week:
        return "cap_week", day_start(_room(days, today + timedelta(days=1), limit.messages_a_week), zone)
    return None


def _room(days: Sequence[date], day: date, a_week: int) -> date:
    """The first day from `day` on whose week has room."""
    while sum(day - timedelta(days=7) < each <= day for each in days) >= a_week:
        day += timedelta(days=1)
    return day


def _gone(
    session: Session, messages: Sequence[Message], reach: Mapping[int, Reach], at: datetime
) -> dict[int, list[datetime]]:
    """When messages of our own accord went to these people in the last days, over all channels."""
    heads: dict[int, int] = {person: reach[m.id].head for m in messages for person in reach[m.id].people}
    rows = session.execute(
        text(
            "select person_id, sent_at from message where person_id = any(:people) and template = any(:templates)"
            " and state = any(:gone) and sent_at > cast(:at as timestamptz) - interval '9 days'"
        ),
        {"people": list(heads), "templates": _PROACTIVE, "gone": list(GONE), "at": at},
    )
    found: dict[int, list[datetime]] = defaultdict(list)
    for person, sent_at in rows:
        found[heads[person]].append(sent_at)
    return found
