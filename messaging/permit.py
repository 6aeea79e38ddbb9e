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

Rules, in this order: too_late (its time is over; of news: too_old), no_number, number_unusable,
stopped, confirmed_too_late; of reminders plan_ended, schedule_changed, not_liable, reminders_off,
money_there, money_announced; of a missed payment money_there, where its plan is kept again; of a
waiting message read, told_already; of thanks for money told_already; then the window
(outside_window) and the caps (cap_day, cap_week).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements.paid import InstalmentPaid, paid_to_plans
from cases.arrears.position import DERIVE
from cases.clock import day_start, local
from cases.law.rules import caps
from messaging.notices import ANSWERED
from messaging.outbox import GONE, Message
from messaging.reach import Reach, reach_of
from messaging.reminders import ends
from messaging.reply import confirm_within, may_confirm


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
    "payment_noted": Purpose.REPLY,
    "answer_waits": Purpose.REPLY,
    "message_waits": Purpose.REPLY,
    "code": Purpose.CODE,
    "stop_confirmed": Purpose.CONFIRMATION,
}
"""The purpose of each template; a template without one cannot be sent."""

LEAST_WAIT: Final = timedelta(seconds=30)
"""A message that the window would leave less time than this waits for the next one."""

CODE_LASTS: Final = timedelta(minutes=10)
ONE_THANKS: Final = timedelta(minutes=15)
"""Whoever pays is thanked once in this time: news of one payment come one after another."""

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


def decide(session: Session, messages: Sequence[Message], *, at: datetime, real: datetime) -> dict[int, Decision]:
    """Decides for messages that the caller has locked, with their people. Writes nothing.

    `at` is the door's moment; `real` the real one, which codes and confirmations are judged by.
    """
    reach = reach_of(session, messages)
    money = _reminded(session, [m.id for m in messages if m.template == "reminder"], at)
    money |= _kept_again(session, [m.id for m in messages if m.template == "plan_missed"])
    waiting = _waiting(session, [m for m in messages if m.template == "message_waits"], reach)
    waiting |= _thanked(session, [m for m in messages if m.template == "payment_noted"], reach, at)
    gone = _gone(session, messages, reach, at)
    made: dict[int, Decision] = {}
    for message in messages:
        who = reach[message.id]
        withheld = _addressed(message, who, at) or money.get(message.id) or waiting.get(message.id)
        decision = withheld or _timed(message, who, gone[who.head], at)
        if decision.act is Act.GO and PURPOSES[message.template] is Purpose.PROACTIVE:
            gone[who.head].append(at)
        made[message.id] = decision
    return made


def _withheld(why: str, /, **facts: object) -> Decision:
    return Decision(Act.WITHHELD, why, facts)


def _addressed(message: Message, who: Reach, at: datetime) -> Decision | None:
    """What forbids a message whatever the hour: too late, nowhere to go, not wanted."""
    purpose = PURPOSES[message.template]
    if message.not_after is not None and at >= message.not_after:
        why = "too_old" if message.template in _NEWS else "too_late"
        return _withheld(why, until=message.not_after.isoformat())
    if who.contact is None:
        return _withheld("no_number" if message.channel == "sms" else "no_mail")
    if who.unusable is not None:
        return _withheld("number_unusable", code=who.unusable)
    if who.stopped is not None and purpose in (Purpose.PROACTIVE, Purpose.REPLY):
        return _withheld("stopped", since=who.stopped.isoformat())
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
    return Decision(Act.GO, contact=go.contact, to=go.to, until=until, language=go.language)


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


# ---------------------------------------------------------------------------- money


_REASONS: Final = text("""
select r.message_id, r.cause, r.step, coalesce(c.zone, k.zone) as zone, coalesce(d.due_on, i.due_on) as due_on,
  i.id as instalment, i.arrangement_id as plan, g.state as plan_state,
  d.id as due, d.account_id as account, d.replaced_at is null and d.amount > 0 as stands,
  c.reminds_contractual as wanted, b.liable,
  (cast(:at as timestamptz) at time zone coalesce(c.zone, k.zone))::date as today
from reason r
left join instalment i on r.cause like 'instalment:%' and i.id = split_part(r.cause, ':', 2)::bigint
left join arrangement g on g.id = i.arrangement_id
left join lateral (select y.zone from arrangement_account x join creditor y on y.id = x.creditor_id
                   where x.arrangement_id = i.arrangement_id order by x.nth limit 1) k on true
left join due d on r.cause like 'due:%' and d.id = split_part(r.cause, ':', 2)::bigint
left join creditor c on c.id = d.creditor_id
left join joined j on j.person_id = r.person_id and j.replaced_at is null and not j.parted
left join lateral (
  select exists (
    select from liability l
    where l.replaced_at is null and not l.withdrawn
      and (l.person_id = coalesce(j.into_id, r.person_id)
           or l.person_id in (select o.person_id from joined o where o.into_id = coalesce(j.into_id, r.person_id)
                              and o.replaced_at is null and not o.parted))
      and (l.account_id = d.account_id and l.role in ('holder', 'joint')
           or l.account_id in (select x.account_id from arrangement_account x
                               where x.arrangement_id = i.arrangement_id and x.ended_at is null))) as liable) b on true
where r.message_id = any(:ids) order by r.message_id, r.cause
""")

# What is left of a due on its day: everything that falls due until then, less what was met.
_LEFT: Final = text(
    DERIVE.format(
        asked="select x.id as account_id, x.creditor_id, u.on_day from account x"
        " join unnest(cast(:accounts as bigint[]), cast(:days as date[])) u(id, on_day) on u.id = x.id"
    )
    + """
, w as (select d.id, d.account_id, d.due_on from due d where d.id = any(:dues))
select w.id, (sum(o.amount) - greatest(t.met, 0))::bigint as rest,
  coalesce((select sum(n.amount) from announced n where n.account_id = w.account_id and n.replaced_at is null
            and n.announced_on <= t.on_day and (n.ended_on is null or n.ended_on > t.on_day)), 0)::bigint as announced
from w join t on t.account_id = w.account_id join o on o.account_id = w.account_id and o.due_on <= w.due_on
group by w.id, w.account_id, t.met, t.on_day
"""
)


def _reminded(session: Session, messages: Sequence[int], at: datetime) -> dict[int, Decision]:
    """The reminders of which nothing is left to say, with why. Nothing for those that still stand."""
    if not messages:
        return {}
    rows = session.execute(_REASONS, {"ids": list(messages), "at": at}).all()
    paid = _instalments(session, [r for r in rows if r.plan_state in _RUNNING])
    left = _dues(session, [r for r in rows if r.due is not None and r.stands and r.wanted])
    over: dict[int, list[str | None]] = defaultdict(list)
    for row in rows:
        over[row.message_id].append(_over(row, paid, left, at))
    made: dict[int, Decision] = {}
    for message, whys in over.items():
        # One debt whose money is not there is reason enough for the one message.
        if None not in whys:
            # Of several, what tells most of the money: announced money may still fail.
            rules = sorted({why for why in whys if why}, key=_WHYS.index)
            made[message] = _withheld(rules[0], rules=rules)
    return made


_RUNNING: Final = ("live", "broken")
"""A plan that missed a payment still runs: its later instalments are reminded of."""
_WHYS: Final = (
    "money_announced", "money_there", "plan_ended", "schedule_changed", "not_liable", "reminders_off", "too_late",
    "unknown_reason",
)  # fmt: skip


def _over(
    row: Any, paid: Mapping[int, InstalmentPaid], left: Mapping[int, tuple[int, int]], at: datetime
) -> str | None:
    """Why one reason for reminding no longer stands; None when it does. Each has an end of its own."""
    if row.due_on is not None and at >= ends(row.due_on, row.step, row.zone):
        return "too_late"
    if row.instalment is not None:
        if row.plan_state not in _RUNNING:
            return "plan_ended"
        if not row.liable:
            return "not_liable"
        instalment = paid[row.instalment]
        if instalment.left > 0:
            return None
        return "money_announced" if instalment.announced else "money_there"
    if row.due is not None:
        if not row.stands:
            return "schedule_changed"
        if not row.liable:
            return "not_liable"
        if not row.wanted:
            return "reminders_off"
        rest, announced = left[row.due]
        if rest - announced > 0:
            return None
        return "money_announced" if rest > 0 else "money_there"
    return "unknown_reason"


def _instalments(session: Session, rows: Sequence[Any]) -> dict[int, InstalmentPaid]:
    by_day: dict[date, set[int]] = defaultdict(set)
    for row in rows:
        by_day[row.today].add(row.plan)
    found: dict[int, InstalmentPaid] = {}
    for today, plans in by_day.items():
        for instalments in paid_to_plans(session, sorted(plans), today).values():
            found |= {each.id: each for each in instalments}
    return found


def _dues(session: Session, rows: Sequence[Any]) -> dict[int, tuple[int, int]]:
    days = {row.account: row.today for row in rows}
    if not days:
        return {}
    told = session.execute(
        _LEFT, {"accounts": list(days), "days": list(days.values()), "dues": [row.due for row in rows]}
    )
    return {row.id: (row.rest, row.announced) for row in told}


def _kept_again(session: Session, messages: Sequence[int]) -> dict[int, Decision]:
    """Of notes that a plan missed a payment: those whose plans are kept again, or over."""
    if not messages:
        return {}
    rows = session.execute(
        text(
            "select r.message_id, bool_or(coalesce(g.state, '') = 'broken') as stands from reason r"
            " left join arrangement g on r.subject = 'arrangement:' || g.id where r.message_id = any(:ids) group by 1"
        ),
        {"ids": list(messages)},
    )
    return {row.message_id: _withheld("money_there") for row in rows if not row.stands}


# ---------------------------------------------------------------------------- waiting messages


def _waiting(session: Session, messages: Sequence[Message], reach: Mapping[int, Reach]) -> dict[int, Decision]:
    """Of texts that say that a message waits: those whose message was read, or was told of already."""
    made: dict[int, Decision] = {}
    told: set[int] = set()
    heads: dict[int, int] = {person: reach[m.id].head for m in messages for person in reach[m.id].people}
    if not heads:
        return made
    unread: dict[int, datetime] = {}
    for person, since in session.execute(
        text(
            "select person_id, min(at) from said where person_id = any(:people) and side = 'staff' and read_at is null"
            " group by person_id"
        ),
        {"people": list(heads)},
    ):
        head = heads[person]
        unread[head] = min(since, unread.get(head, since))
    for head, last in _last_told(session, heads, "message_waits").items():
        if head in unread and last >= unread[head]:
            told.add(head)
    for message in messages:
        head = reach[message.id].head
        if head not in unread:
            made[message.id] = _withheld("read")
        elif head in told:
            made[message.id] = _withheld("told_already")
        else:
            told.add(head)
    return made


def _thanked(
    session: Session, messages: Sequence[Message], reach: Mapping[int, Reach], at: datetime
) -> dict[int, Decision]:
    """Of thanks for money: those that another one comes just before. A card cures a plan, and then it is booked."""
    heads: dict[int, int] = {person: reach[m.id].head for m in messages for person in reach[m.id].people}
    last = _last_told(session, heads, "payment_noted") if heads else {}
    thanked = {head for head, told in last.items() if told > at - ONE_THANKS}
    made: dict[int, Decision] = {}
    for message in messages:
        if reach[message.id].head in thanked:
            made[message.id] = _withheld("told_already")
        thanked.add(reach[message.id].head)
    return made


def _last_told(session: Session, heads: Mapping[int, int], template: str) -> dict[int, datetime]:
    """When a message of this template last went to each of these people, by their heads."""
    rows = session.execute(
        text(
            "select person_id, max(sent_at) from message where person_id = any(:people) and template = :template"
            " and state = any(:gone) group by person_id"
        ),
        {"people": list(heads), "template": template, "gone": list(GONE)},
    )
    found: dict[int, datetime] = {}
    for person, sent_at in rows:
        found[heads[person]] = max(sent_at, found.get(heads[person], sent_at))
    return found
