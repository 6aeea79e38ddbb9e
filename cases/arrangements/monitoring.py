"""Monitoring: is a plan kept? Judged against its own instalments and what was paid to it, never a balance.

An instalment is *missed* as of a day from `tolerance_days` after its due date on, while something of it is
neither paid nor on its way. A plan is *broken* while it has any missed instalment, *live* (cured) again once it
has none, *completed* when all of it is paid; announced money completes nothing. A promise is a plan with one
instalment. (rules 1.4)

Who judges when. The close of a day judges as of that day, with money valued by then (`close`). Every act that
changes what is paid or on its way judges the plans of its accounts in its own transaction (`judge`): missed as
of the last day that has ended for all creditors of the plan, money counted up to today. So nothing breaks
before its day has ended, late money cures at once, and money that goes back opens its instalments at once.

A plan keeps `judged_on` (missed as of which day) and `counted_on` (money up to which day): neither goes back.
`next_change` is the first day whose close can change the judgement by time alone: closes judge as of that day,
one after another, so that the same days are judged however late a close comes.

Days on which a debt is on hold from judging (`debts/hold.py`) count towards nothing missed there: tolerance
runs on after them. A hold that makes a broken plan live again cures nothing: the plan is *relieved*.

A completed plan is over, and so is its hold on its accounts. When its money goes back it is open again, live
or broken, unless another plan has taken one of its accounts meanwhile: what is owed is then that plan's.

Lock order: the accounts of a plan by id (`hold`), then plans by id.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from cases.arrangements.arrangement import Arrangement, ArrangementAccount, by_person
from cases.arrangements.paid import InstalmentPaid, paid_to_plans
from cases.debts.account import Account
from cases.debts.held import Pause, day_after
from cases.history import Actor, Kind, record
from cases.work import queue

NEVER: Final = date.max
"""No close changes this judgement by time alone."""
AT_ONCE: Final = 500
"""So many plans are judged in one go."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A plan as of a day: its state, what is missed of it, and the first later day that time alone can change it."""

    state: str
    missed: tuple[InstalmentPaid, ...]
    next_change: date


@dataclass(slots=True)
class Changes:
    """How many plans were judged, and how many broke, missed more, were cured, relieved, completed, reopened."""

    judged: int = 0
    broken: int = 0
    missed: int = 0
    cured: int = 0
    relieved: int = 0
    completed: int = 0
    reopened: int = 0

    def add(self, more: "Changes") -> None:
        """Counts these too."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(more, each.name))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Missed as of `day`, money counted up to `counted`, told as of the day `on`."""

    day: date
    counted: date
    on: date


def judgement(
    instalments: Sequence[InstalmentPaid], *, tolerance_days: int, day: date,
    pauses: Mapping[int, Sequence[Pause]] | None = None,
) -> Judgement:  # fmt: skip
    """How a plan stands as of `day`, from its instalments, what has met them, and its accounts' pauses. Pure.

    Of a missed instalment only the shares are given that are missed.
    """
    held = pauses or {}
    missed, ahead = [], NEVER
    for each in instalments:
        if each.paid >= each.due:
            continue
        late = []
        for share in each.shares:
            if share.paid >= share.due:
                continue
            from_on = day_after(each.due_on, tolerance_days, held.get(share.account, ())) or NEVER
            if from_on > day:
                ahead = min(ahead, from_on)
            elif share.left > 0:
                late.append(share)
        if late:
            missed.append(replace(each, shares=tuple(late)))
    state = "broken" if missed else "live" if any(each.paid < each.due for each in instalments) else "completed"
    return Judgement(state, tuple(missed), ahead)


def pauses_of(session: Session, plans: Sequence[int], what: str = "judging") -> dict[int, list[Pause]]:
    """The days on which the accounts of these plans are on hold from something, by account. One statement."""
    found: dict[int, list[Pause]] = defaultdict(list)
    for row in session.execute(_PAUSES, {"ids": list(plans), "what": what}):
        found[row.account_id].append(Pause(row.starts_on, row.ends))
    return found


def hold(session: Session, accounts: Iterable[int]) -> None:
    """Holds these accounts, and all that share a plan with one of them, in order of id, to the transaction's end.

    Whoever acts on an account of a plan judges it; two acts on two of its accounts come one after the other.
    """
    ids = sorted(set(accounts))
    shared = text(
        "select o.account_id from arrangement_account a join arrangement g on g.id = a.arrangement_id"
        " join arrangement_account o on o.arrangement_id = g.id"
        " where a.account_id = any(:ids) and (g.ended_at is null or g.state = 'completed')"
    )
    wanted = sorted({*ids, *session.scalars(shared, {"ids": ids})})
    session.execute(select(Account.id).where(Account.id.in_(wanted)).order_by(Account.id)
                    .with_for_update(key_share=True))  # fmt: skip


def judge(
    session: Session, accounts: Iterable[int], *, by: Actor, at: datetime, relieved: bool = False
) -> Changes:
    """Judges the plans of these accounts after an act; the caller holds the accounts (`hold`).

    `relieved`: the act holds debts, so what is live again is so without money.
    """
    session.flush()
    changes = Changes()
    plans = session.scalars(_OF_ACCOUNTS, {"accounts": sorted(set(accounts))}).all()
    for start in range(0, len(plans), AT_ONCE):
        some = _locked(session, plans[start : start + AT_ONCE])
        ended = {plan: (day, today) for plan, day, today in session.execute(_ENDED, {"ids": list(some), "at": at})}
        asked = {}
        for plan in some.values():
            day, today = ended[plan.id]
            counted = max(plan.counted_on or today, today)
            asked[plan.id] = _Asked(max(plan.judged_on or day, day), counted, counted)
        _write(session, some, asked, changes, by, at, relieved=relieved)
    return changes


def due_for_close(session: Session, *, most: int) -> list[tuple[int, date]]:
    """Plans that a close can change, with the last day that all their creditors have closed; by id.

    What is stuck waits for the next day.
    """
    return [(row.id, row.day) for row in session.execute(_DUE, {"most": most})]


def close(session: Session, plans: Mapping[int, date], *, by: Actor, at: datetime) -> Changes:
    """Judges these plans as of each day that can change them, up to the closed day given for each."""
    changes = Changes()
    covered = select(ArrangementAccount.account_id).where(ArrangementAccount.arrangement_id.in_(list(plans)))
    hold(session, session.scalars(covered))
    left = _locked(session, sorted(plans))
    while left := {i: p for i, p in left.items() if p.next_change is None or p.next_change <= plans[i]}:
        asked = {}
        for plan in left.values():
            day = plan.next_change or plans[plan.id]
            asked[plan.id] = _Asked(day, max(plan.counted_on or day, day), day)
        _write(session, left, asked, changes, by, at)
    return changes


def derived(session: Session, plans: Sequence[Arrangement]) -> dict[int, Judgement]:
    """What the facts say of these plans as of the days that they were judged by last."""
    paid = _paid(session, {plan.id: plan.counted_on or plan.agreed_on for plan in plans})
    pauses = pauses_of(session, [plan.id for plan in plans])
    return {
        plan.id: judgement(paid[plan.id], tolerance_days=plan.tolerance_days, day=plan.judged_on or plan.agreed_on,
                           pauses=pauses)
        for plan in plans
    }  # fmt: skip


def unlike(session: Session) -> tuple[int, str, str] | None:
    """The first plan whose state is not what its facts say as of the days it was judged by: kept and derived."""
    after = 0
    while plans := session.scalars(_JUDGED, {"after": after, "most": AT_ONCE}).all():
        rows = session.scalars(select(Arrangement).where(Arrangement.id.in_(plans)).order_by(Arrangement.id)).all()
        said = derived(session, rows)
        for plan in rows:
            found = said[plan.id]
            if (plan.state, plan.missed) != (found.state, len(found.missed)):
                return plan.id, f"{plan.state}/{plan.missed}", f"{found.state}/{len(found.missed)}"
        after = plans[-1]
    return None


def _locked(session: Session, plans: Sequence[int]) -> dict[int, Arrangement]:
    """These plans, locked in order of id, those that may still change: open ones and completed ones."""
    rows = session.scalars(
        select(Arrangement)
        .where(Arrangement.id.in_(plans), Arrangement.state.in_(("live", "broken", "completed")))
        .order_by(Arrangement.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {plan.id: plan for plan in rows}


def _write(
    session: Session, plans: Mapping[int, Arrangement], asked: Mapping[int, _Asked], changes: Changes, by: Actor,
    at: datetime, *, relieved: bool = False,
) -> None:  # fmt: skip
    """Judges these plans and writes what has changed."""
    paid = _paid(session, {number: how.counted for number, how in asked.items()})
    days = {"ids": list(asked), "days": [how.counted for how in asked.values()]}
    ahead: dict[int, date] = {row.plan: row.day for row in session.execute(_AHEAD, days)}
    pauses = pauses_of(session, list(asked))
    followed = set(session.scalars(_FOLLOWED, {"ids": [i for i, p in plans.items() if p.state == "completed"]}))
    for number, plan in sorted(plans.items()):
        how = asked[number]
        plan.judged_on, plan.counted_on = how.day, how.counted
        changes.judged += 1
        if number in followed:
            plan.next_change = NEVER
            continue
        found = judgement(paid[number], tolerance_days=plan.tolerance_days, day=how.day, pauses=pauses)
        plan.next_change = min(found.next_change, ahead.get(number, NEVER))
        was, before = plan.state, plan.missed
        plan.state, plan.missed = found.state, len(found.missed)
        if (plan.state == "completed") != (was == "completed"):
            _end(session, plan, at if plan.state == "completed" else None)
        session.flush()
        kind = _change(was, before, found)
        if relieved and kind == Kind.ARRANGEMENT_CURED:
            kind = Kind.ARRANGEMENT_RELIEVED
        if kind is not None:
            _tell(session, plan, kind, was, found, paid[number], how.on, changes, by, at)
    session.flush()


def _paid(session: Session, days: Mapping[int, date]) -> dict[int, list[InstalmentPaid]]:
    """The instalments of these plans with what has met them by the day given for each."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for plan, day in days.items():
        by_day[day].append(plan)
    paid: dict[int, list[InstalmentPaid]] = {}
    for day, plans in sorted(by_day.items()):
        paid |= paid_to_plans(session, plans, day)
    return paid


def _end(session: Session, plan: Arrangement, ended_at: datetime | None) -> None:
    """Ends a plan and frees its accounts, or opens it again and takes them back."""
    plan.ended_at = ended_at
    session.execute(
        update(ArrangementAccount).where(ArrangementAccount.arrangement_id == plan.id).values(ended_at=ended_at)
    )


def _tell(
    session: Session, plan: Arrangement, kind: Kind, was: str, found: Judgement, paid: Sequence[InstalmentPaid],
    on: date, changes: Changes, by: Actor, at: datetime,
) -> None:  # fmt: skip
    """One line for each liable person, with the sums of their own shares, and the item of the desk."""
    name = kind.partition(".")[2]
    setattr(changes, name, getattr(changes, name) + 1)
    subject = f"arrangement:{plan.id}"
    if found.state == "broken" and was != "broken":
        # A subject is open once: what was stuck here has gone through.
        queue.done(session, subject=subject, kind="stuck", by=by, at=at)
        queue.open_item(session, person=plan.person_id, kind="broken", subject=subject, urgency=2, at=at)
    elif was == "broken" and found.state != "broken":
        queue.done(session, subject=subject, kind="broken", by=by, at=at)
    accounts = {share.account for each in paid for share in each.shares}
    for person, theirs in by_person(session, sorted(accounts)).items():
        facts: dict[str, object] = {"currency": plan.currency, "on": on.isoformat()}
        if found.state == "broken":
            left = [(each.due_on, minor) for each in found.missed if (minor := _left(each, theirs))]
            if not left:
                continue  # what is missed is on debts that this person does not owe
            facts |= {"missed": len(left), "left": sum(minor for _, minor in left), "since": left[0][0].isoformat()}
        else:
            facts["left"] = sum(share.due - share.paid for each in paid for share in each.shares
                                if share.account in theirs)  # fmt: skip
        record(session, kind, by=by, at=at, person=person, subject=subject, facts=facts)


def _change(was: str, before: int, found: Judgement) -> Kind | None:
    """What is told of a judgement: nothing where nothing changed that a person would tell."""
    if found.state == "completed":
        return Kind.ARRANGEMENT_COMPLETED if was != "completed" else None
    if found.state == "broken":
        if was != "broken":
            return Kind.ARRANGEMENT_BROKEN
        return Kind.INSTALMENT_MISSED if len(found.missed) > before else None
    return {"broken": Kind.ARRANGEMENT_CURED, "completed": Kind.ARRANGEMENT_REOPENED}.get(was)


def _left(instalment: InstalmentPaid, accounts: set[int]) -> int:
    return sum(share.left for share in instalment.shares if share.account in accounts)


_OF_ACCOUNTS: Final = text("""
select g.id from arrangement g
where g.id in (select arrangement_id from arrangement_account where account_id = any(:accounts))
  and (g.ended_at is null or g.state = 'completed')
order by g.id
""")

# The last day that has ended for all creditors of a plan, and the latest day that has begun for one.
_ENDED: Final = text("""
select a.arrangement_id, min((cast(:at as timestamptz) at time zone c.zone)::date) - 1 as ended,
  max((cast(:at as timestamptz) at time zone c.zone)::date) as today
from arrangement_account a join creditor c on c.id = a.creditor_id
where a.arrangement_id = any(:ids) group by 1
""")

# The next day on which money that is recorded already begins or ceases to count.
_AHEAD: Final = text("""
with asked as (select * from unnest(cast(:ids as bigint[]), cast(:days as date[])) t(plan, day)),
a as (select k.plan, k.day, a.account_id from asked k join arrangement_account a on a.arrangement_id = k.plan)
select plan, min(ahead) as day from (
  select a.plan, e.value_date as ahead from a join entry e using (account_id) where e.value_date > a.day
  union all
  select a.plan, d.ahead from a join announced n using (account_id)
  cross join lateral (values (n.announced_on), (n.ended_on)) d(ahead)
  where n.replaced_at is null and d.ahead > a.day) x
group by plan
""")

_PAUSES: Final = text("""
select distinct k.account_id, h.starts_on, t.last_on + 1 as ends
from arrangement_account a join hold_account k on k.account_id = a.account_id
join hold h on h.id = k.hold_id and :what = any(h.stops)
join hold_term t on t.hold_id = h.id and t.replaced_at is null
where a.arrangement_id = any(:ids)
""")

# Plans of which another one has taken an account since.
_FOLLOWED: Final = text("""
select distinct a.arrangement_id from arrangement_account a
join arrangement_account n on n.account_id = a.account_id and n.arrangement_id > a.arrangement_id
where a.arrangement_id = any(:ids)
""")

# What was judged and is not another plan's by now; another is answered for by its own rows.
_JUDGED: Final = text("""
select g.id from arrangement g
where g.id > :after and g.judged_on is not null and (g.ended_at is null or g.state = 'completed' and not exists (
  select from arrangement_account a join arrangement_account n
    on n.account_id = a.account_id and n.arrangement_id > a.arrangement_id
  where a.arrangement_id = g.id))
order by g.id limit :most
""")

_DUE: Final = text("""
with closed as materialized (
  select c.id, coalesce((select max(d.day) from day_run d where d.creditor_id = c.id and d.finished_at is not null),
    (c.recorded_at at time zone c.zone)::date - 1) as day
  from creditor c)
select g.id, min(k.day) as day
from arrangement g join arrangement_account a on a.arrangement_id = g.id join closed k on k.id = a.creditor_id
where (g.next_change is null or g.next_change <= (select max(day) from closed))
  and (g.ended_at is null or g.state = 'completed' and g.next_change is not null)
group by g.id
having coalesce(g.next_change, '-infinity') <= min(k.day)
  and not exists (select from stuck s where s.arrangement_id = g.id and s.cleared_at is null and s.day >= min(k.day))
order by g.id limit :most
""")
