"""Superseded: messages of which nothing is left to say, since something happened after they were planned.

A payment, a correction, a reader, another text: each of them makes a planned message untrue or
needless. `permit` asks here, when a message is claimed, for a whole batch; nothing is written.

- A reminder, by the reasons it was planned for: it stands while one of them does (`_reminded`). What is
  left of a payment on debts that are on hold from reminders is no reason (`cases/debts/hold.py`).
- News that a plan missed a payment, once the plan is kept again or over, or all that is missing there of the
  person's own debts is on hold (`_kept_again`).
- A text that says that a message waits, once it was read, or was told of (`_waiting`).
- Thanks for money, just after other thanks (`_thanked`).
- Word that we have an offer, once the offer is answered or taken back (`_answered`).
- A mail in a text's place, once the text has arrived after all (`_arrived`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.arrangements.arrangement import Arrangement
from cases.arrangements.monitoring import derived
from cases.arrangements.paid import InstalmentPaid, paid_to_plans
from cases.arrears.position import DERIVE
from cases.debts.held import held
from messaging.outbox import GONE, Message
from messaging.reach import Reach
from messaging.reminders import ends

ONE_THANKS: Final = timedelta(minutes=15)
"""Whoever pays is thanked once in this time: news of one payment come one after another."""


class Superseded(NamedTuple):
    """Why a message has nothing left to say: a rule's code, and of several reasons each one's."""

    why: str
    rules: Sequence[str] = ()


def superseded(
    session: Session, messages: Sequence[Message], reach: Mapping[int, Reach], at: datetime
) -> dict[int, Superseded]:
    """The messages, by id, of which nothing is left to say at `at`. The caller has locked them."""

    def of(template: str) -> list[Message]:
        return [m for m in messages if m.template == template]

    found = _reminded(session, [m.id for m in of("reminder")], at)
    found |= _kept_again(session, [m.id for m in of("plan_missed")], at)
    found |= _waiting(session, of("message_waits"), reach)
    found |= _thanked(session, of("payment_noted"), reach, at)
    found |= _answered(session, [m.id for m in of("offer_received")])
    found |= _arrived(session, [m.id for m in messages if m.channel == "email" and m.template != "code"])
    return found


# ---------------------------------------------------------------------------- money


# Which accounts of a plan, or of a due, whoever a reason is for owes.
_OWED: Final = """array(select l.account_id from liability l
    left join joined j on j.person_id = r.person_id and j.replaced_at is null and not j.parted
    where l.replaced_at is null and not l.withdrawn
      and (l.person_id = coalesce(j.into_id, r.person_id)
           or l.person_id in (select o.person_id from joined o where o.into_id = coalesce(j.into_id, r.person_id)
                              and o.replaced_at is null and not o.parted))
      and (l.account_id in (select x.account_id from arrangement_account x
                            where x.arrangement_id = {plan} and x.ended_at is null){or_due}))"""
_OR_DUE: Final = " or l.account_id = d.account_id and l.role in ('holder', 'joint')"

_REASONS: Final = text(f"""
select r.message_id, r.cause, r.step, coalesce(c.zone, k.zone) as zone, coalesce(d.due_on, i.due_on) as due_on,
  i.id as instalment, i.arrangement_id as plan, g.state as plan_state,
  d.id as due, d.account_id as account, d.replaced_at is null and d.amount > 0 as stands,
  c.reminds_contractual as wanted,
  {_OWED.format(plan="i.arrangement_id", or_due=_OR_DUE)} as owed,
  (cast(:at as timestamptz) at time zone coalesce(c.zone, k.zone))::date as today
from reason r
left join instalment i on r.cause like 'instalment:%' and i.id = split_part(r.cause, ':', 2)::bigint
left join arrangement g on g.id = i.arrangement_id
left join lateral (select y.zone from arrangement_account x join creditor y on y.id = x.creditor_id
                   where x.arrangement_id = i.arrangement_id order by x.nth limit 1) k on true
left join due d on r.cause like 'due:%' and d.id = split_part(r.cause, ':', 2)::bigint
left join creditor c on c.id = d.creditor_id
where r.message_id = any(:ids) order by r.message_id, r.cause
""")

_MISSED: Final = text(f"""
select r.message_id, g.id as plan, coalesce(g.state, '') = 'broken' as stands,
  {_OWED.format(plan="g.id", or_due="")} as owed
from reason r left join arrangement g on r.subject = 'arrangement:' || g.id
where r.message_id = any(:ids)
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


def _reminded(session: Session, messages: Sequence[int], at: datetime) -> dict[int, Superseded]:
    """The reminders of which nothing is left to say, with why. Nothing for those that still stand."""
    if not messages:
        return {}
    rows = session.execute(_REASONS, {"ids": list(messages), "at": at}).all()
    paid = _instalments(session, [r for r in rows if r.plan_state in _RUNNING])
    left = _dues(session, [r for r in rows if r.due is not None and r.stands and r.wanted])
    owing = {share.account for each in paid.values() for share in each.shares if share.left > 0}
    quiet = _quiet(session, owing | {r.account for r in rows if r.due in left}, at)
    over: dict[int, list[str | None]] = defaultdict(list)
    for row in rows:
        over[row.message_id].append(_over(row, paid, left, quiet, at))
    made: dict[int, Superseded] = {}
    for message, whys in over.items():
        # One debt whose money is not there is reason enough for the one message.
        if None not in whys:
            # Of several, what tells most of the money: announced money may still fail.
            rules = sorted({why for why in whys if why}, key=REMINDED.index)
            made[message] = Superseded(rules[0], rules)
    return made


_RUNNING: Final = ("live", "broken")
"""A plan that missed a payment still runs: its later instalments are reminded of."""
REMINDED: Final = (
    "money_announced", "money_there", "on_hold", "plan_ended", "schedule_changed", "not_liable", "reminders_off",
    "too_late", "unknown_reason",
)  # fmt: skip
"""Why a reminder has nothing left to say: of several, the first tells most of the money."""


def _over(
    row: Any, paid: Mapping[int, InstalmentPaid], left: Mapping[int, tuple[int, int]], quiet: set[int], at: datetime
) -> str | None:
    """Why one reason for reminding no longer stands; None when it does. Each has an end of its own."""
    if row.due_on is not None and at >= ends(row.due_on, row.step, row.zone):
        return "too_late"
    if row.instalment is not None:
        if row.plan_state not in _RUNNING:
            return "plan_ended"
        if not row.owed:
            return "not_liable"
        theirs = [share for share in paid[row.instalment].shares if share.account in row.owed]
        if asked := [share for share in theirs if share.left > 0]:
            return None if any(share.account not in quiet for share in asked) else "on_hold"
        return "money_announced" if any(share.announced for share in theirs) else "money_there"
    if row.due is not None:
        if not row.stands:
            return "schedule_changed"
        if not row.owed:
            return "not_liable"
        if not row.wanted:
            return "reminders_off"
        rest, announced = left[row.due]
        if rest - announced > 0:
            return "on_hold" if row.account in quiet else None
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


def _kept_again(session: Session, messages: Sequence[int], at: datetime) -> dict[int, Superseded]:
    """Of notes that a plan missed a payment: those whose plans are kept again, over, or on hold in all that is missed.

    What is missed on debts of others is nothing to whoever does not owe them.
    """
    if not messages:
        return {}
    rows = session.execute(_MISSED, {"ids": list(messages)}).all()
    broken = {row.plan for row in rows if row.stands}
    plans = session.scalars(select(Arrangement).where(Arrangement.id.in_(broken))).all()
    missed = {
        plan: {share.account for each in found.missed for share in each.shares if share.left > 0}
        for plan, found in derived(session, plans).items()
    }
    quiet = _quiet(session, set().union(*missed.values()), at)
    over: dict[int, list[str | None]] = defaultdict(list)
    for row in rows:
        theirs = missed.get(row.plan, set()).intersection(row.owed)
        over[row.message_id].append("money_there" if not theirs else "on_hold" if theirs <= quiet else None)
    return {message: Superseded(min(why for why in whys if why)) for message, whys in over.items() if None not in whys}


def _quiet(session: Session, accounts: set[int], at: datetime) -> set[int]:
    """Which of these debts nobody asks for now."""
    return {each.account for each in held(session, sorted(accounts), at) if "reminders" in each.stops}


# ---------------------------------------------------------------------------- waiting messages


def _waiting(session: Session, messages: Sequence[Message], reach: Mapping[int, Reach]) -> dict[int, Superseded]:
    """Of texts that say that a message waits: those whose message was read, or was told of already."""
    made: dict[int, Superseded] = {}
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
            made[message.id] = Superseded("read")
        elif head in told:
            made[message.id] = Superseded("told_already")
        else:
            told.add(head)
    return made


def _thanked(
    session: Session, messages: Sequence[Message], reach: Mapping[int, Reach], at: datetime
) -> dict[int, Superseded]:
    """Of thanks for money: those that another one comes just before. A card cures a plan, and then it is booked."""
    heads: dict[int, int] = {person: reach[m.id].head for m in messages for person in reach[m.id].people}
    last = _last_told(session, heads, "payment_noted") if heads else {}
    thanked = {head for head, told in last.items() if told > at - ONE_THANKS}
    made: dict[int, Superseded] = {}
    for message in messages:
        if reach[message.id].head in thanked:
            made[message.id] = Superseded("told_already")
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


def _answered(session: Session, messages: Sequence[int]) -> dict[int, Superseded]:
    """Of words that we have an offer: those whose offers wait for us no more."""
    if not messages:
        return {}
    rows = session.execute(
        text(
            "select r.message_id, bool_or(coalesce(p.state, '') = 'submitted') as waits from reason r"
            " left join proposal p on r.subject = 'proposal:' || p.id where r.message_id = any(:ids) group by 1"
        ),
        {"ids": list(messages)},
    )
    return {row.message_id: Superseded("told_already") for row in rows if not row.waits}


def _arrived(session: Session, messages: Sequence[int]) -> dict[int, Superseded]:
    """Of mails: those whose every reason has gone out as another message, over whatever channel."""
    if not messages:
        return {}
    rows = session.execute(_ARRIVED, {"ids": list(messages), "gone": list(GONE)})
    return {row.message_id: Superseded("told_already") for row in rows if row.told}


_ARRIVED: Final = text("""
select r.message_id, bool_and(exists (
  select from reason o join message m on m.id = o.message_id and m.state = any(:gone)
  where (o.cause, o.subject, o.step, o.person_id) = (r.cause, r.subject, r.step, r.person_id)
    and o.message_id <> r.message_id)) as told
from reason r where r.message_id = any(:ids) group by 1
""")
