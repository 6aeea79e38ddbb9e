"""The day-end run: closing a day of a creditor, batch by batch; and judging plans that a closed day changes.

A creditor's first day is the one on which it was recorded. A day can be closed once it is over in the
creditor's zone, a few minutes later, and once no transaction from before is still open. Days are closed in
order; missed ones are caught up.

Each batch is one transaction of a door: `claim` locks the day's row, `close_batch` moves the next positions and
the cursor. Killed anywhere and run again it gives the same rows; two at once share the creditors. Plans are
judged after a day is finished (`close_plans`), each when all its creditors have closed the day: whoever is
last finds it, and a later run finds what a killed one left. Interest of plans is posted after that (`post_interest`).

Poison: what fails is halved until the bad account or plan stands alone. It is kept in `stuck`, told, and put
before a person; the others go on. Later closes try it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from cases.arrangements import charging, monitoring
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.monitoring import Changes
from cases.arrears import night, position
from cases.arrears.day_run import DayRun
from cases.arrears.night import Moved
from cases.debts.account import Account
from cases.history import Actor, Kind, record
from cases.people.joint import liable_for
from cases.refusal import refusal_code
from cases.work import queue

DAY_NOT_ENDED = refusal_code("day.not_ended", "day", "creditor")
DAY_CLOSED = refusal_code("day.closed_further", "day", "last")

AFTER_MIDNIGHT: Final = timedelta(minutes=5)
"""How long after its midnight a day can be closed."""
BATCH: Final = 1_000
"""So many accounts are moved in one transaction: their locks are held for a moment only."""
PLANS: Final = 200
"""So many plans are judged in one transaction."""
BEARING: Final = 20
"""Of so many plans interest is posted in one transaction."""

T = TypeVar("T")


@dataclass(slots=True)
class Closed:
    """What one transaction did. `stuck`: the accounts or plans that newly could not be done, with their error."""

    creditor: int | None = None
    day: date | None = None
    finished: bool = False
    moved: Moved = field(default_factory=Moved)
    plans: Changes = field(default_factory=Changes)
    interest: int = 0
    """How many parts of plans' interest were posted."""
    stuck: list[tuple[str, str]] = field(default_factory=list)


def refuse_day(session: Session, day: date, *, at: datetime) -> None:
    """Refuses `day.not_ended` where a creditor's day has not, `day.closed_further` where all have closed later ones."""
    creditor = session.scalar(_NOT_ENDED, {"day": day, "at": at - AFTER_MIDNIGHT})
    if creditor is not None:
        raise DAY_NOT_ENDED(day=day, creditor=creditor)
    last = session.scalar(_ALL_CLOSED)
    if last is not None and day < last:
        raise DAY_CLOSED(day=day, last=last)


def open_days(session: Session, *, at: datetime, until: date | None = None) -> int:
    """Writes a row for each day that is over and has none. Returns how many; commit before claiming one."""
    rows = session.execute(_OPEN, {"ended": at - AFTER_MIDNIGHT, "at": at, "until": until or date.max})
    return len(rows.all())


def waiting(session: Session, *, until: date | None = None) -> int:
    """How many days are begun and not finished."""
    query = select(func.count()).where(DayRun.finished_at.is_(None), DayRun.day <= (until or date.max))
    return session.scalar(query) or 0


def claim(session: Session, *, until: date | None = None) -> DayRun | None:
    """Locks the earliest open day of a creditor whom nobody else is closing; None when there is none to do now."""
    found = session.execute(_CLAIM, {"until": until or date.max}).one_or_none()
    if found is None:
        return None
    return session.get_one(DayRun, (found.creditor_id, found.day), populate_existing=True)


def close_batch(session: Session, run: DayRun, *, by: Actor, at: datetime, most: int = BATCH) -> Closed:
    """Moves the next positions of a claimed day and its cursor; finishes the day after the last one."""
    session.execute(text("select set_config('jit', 'off', true)"))
    closed = Closed(run.creditor_id, run.day)
    on = run.day + timedelta(days=1)
    accounts = night.take(session, run.creditor_id, on, after=run.after, most=most)

    def moved(some: Sequence[int]) -> None:
        closed.moved += night.move(session, some, on, by=by, at=at)

    def alone(account: int, error: str) -> None:
        if _stuck(session, run.day, error, creditor=run.creditor_id, account=account, by=by, at=at):
            closed.stuck.append((f"account:{account}", error))

    _halved(session, accounts, moved, alone)
    run.after = accounts[-1] if accounts else run.after
    run.looked += len(accounts)
    run.changed += closed.moved.changed
    run.heartbeat_at = at
    if len(accounts) < most:
        run.finished_at, closed.finished = at, True
        _cleared(session, _ACCOUNTS_CLEARED, {"creditor": run.creditor_id, "on": on, "at": at}, by)
        record(session, Kind.DAY_CLOSED, by=by, at=at, creditor=run.creditor_id,
               facts={"day": run.day.isoformat(), "looked": run.looked, "changed": run.changed})  # fmt: skip
    session.flush()
    return closed


def close_plans(session: Session, *, by: Actor, at: datetime, most: int = PLANS) -> Closed | None:
    """Judges the next plans that closed days change; None when there is none."""
    session.execute(text("select set_config('jit', 'off', true)"))
    due = dict(monitoring.due_for_close(session, most=most))
    closed = Closed()

    def judged(some: Sequence[int]) -> None:
        closed.plans.add(monitoring.close(session, {plan: due[plan] for plan in some}, by=by, at=at))

    def alone(plan: int, error: str) -> None:
        if _stuck(session, due[plan], error, plan=plan, by=by, at=at):
            closed.stuck.append((f"arrangement:{plan}", error))

    _halved(session, list(due), judged, alone)
    _cleared(session, _PLANS_CLEARED, {"at": at}, by)
    return closed if due else None


def post_interest(session: Session, *, by: Actor, at: datetime, most: int = BEARING) -> Closed | None:
    """Posts the interest of the next plans that closed days make due; None when there is none."""
    due = charging.due_for_close(session, most=most)
    closed = Closed()

    def posted(some: Sequence[int]) -> None:
        closed.interest += charging.post(session, some, by=by, at=at)

    def alone(plan: int, error: str) -> None:
        if _stuck(session, due[plan], error, plan=plan, by=by, at=at):
            closed.stuck.append((f"arrangement:{plan}", error))

    _halved(session, list(due), posted, alone)
    _cleared(session, _PLANS_CLEARED, {"at": at}, by)
    return closed if due else None


def accounts_of(session: Session, creditor: int) -> int:
    """How many accounts a creditor has."""
    return session.scalar(select(func.count()).where(Account.creditor_id == creditor)) or 0


def rebuild(session: Session, creditor: int, *, after: int, by: Actor, at: datetime, most: int = BATCH) -> list[int]:
    """Throws the next positions of a creditor away and derives them anew; gives the accounts, none at the end."""
    session.execute(text("select set_config('jit', 'off', true)"))
    query = select(Account.id).where(Account.creditor_id == creditor, Account.id > after).order_by(Account.id)
    accounts = list(session.scalars(query.limit(most).with_for_update(key_share=True)))
    if accounts:
        position.hold(session, accounts)
        session.execute(text("delete from position where account_id = any(:ids)"), {"ids": accounts})
        position.refresh(session, accounts, by=by, at=at, fresh=False)
    return accounts


def _halved(
    session: Session, ids: Sequence[int], do: Callable[[Sequence[int]], None], alone: Callable[[int, str], None]
) -> None:
    """Does all at once; what fails in halves, until the bad one stands alone."""
    if not ids:
        return
    try:
        with session.begin_nested():
            do(ids)
        return
    except Exception as error:
        if _passing(error):
            raise
        kind = type(error.orig if isinstance(error, DBAPIError) and error.orig else error).__name__
    if len(ids) == 1:
        alone(ids[0], kind)
        return
    half = len(ids) // 2
    _halved(session, ids[:half], do, alone)
    _halved(session, ids[half:], do, alone)


def _passing(error: Exception) -> bool:
    """Whether it says nothing of the rows: a connection lost, a deadlock, a server going down."""
    return isinstance(error, OperationalError | InterfaceError) or getattr(error, "connection_invalidated", False)


def _stuck(
    session: Session, day: date, error: str, *, by: Actor, at: datetime, creditor: int | None = None,
    account: int | None = None, plan: int | None = None,
) -> bool:  # fmt: skip
    """Keeps what stands alone, and tells it once while it is stuck. Returns whether that is new."""
    key = "account_id" if account is not None else "arrangement_id"
    values = {"creditor": creditor, "account": account, "plan": plan, "day": day, "error": error, "at": at}
    fresh = session.scalar(text(
        "insert into stuck (creditor_id, account_id, arrangement_id, day, error, recorded_at)"
        f" values (:creditor, :account, :plan, :day, :error, :at) on conflict ({key}) where cleared_at is null"
        " do update set day = excluded.day returning xmax = 0"
    ), values)  # fmt: skip
    if not fresh:
        return False
    subject = f"account:{account}" if account is not None else f"arrangement:{plan}"
    if plan is not None:
        liable = [session.get_one(Arrangement, plan).person_id]
    else:
        liable = liable_for(session, [account or 0]).get(account or 0, [])
    record(session, Kind.DAY_STUCK, by=by, at=at, creditor=creditor, account=account, subject=subject,
           facts={"day": day.isoformat(), "error": error})  # fmt: skip
    if liable:
        queue.open_item(session, person=liable[0], kind="stuck", subject=subject, urgency=2, at=at)
    return True


def _cleared(session: Session, which: str, facts: dict[str, object], by: Actor) -> None:
    """What was stuck and went through since is done."""
    for subject in session.scalars(text(which), facts).all():
        queue.done(session, subject=subject, kind="stuck", by=by, at=facts["at"])  # type: ignore[arg-type]


_ENDED: Final = "(cast(:{} as timestamptz) at time zone c.zone)::date - 1"
_FIRST: Final = "(c.recorded_at at time zone c.zone)::date"

_OPEN: Final = text(f"""
insert into day_run (creditor_id, day, begun_at)
select c.id, d.day::date, :at from creditor c
cross join lateral (select coalesce(max(r.day) + 1, {_FIRST}) as first from day_run r where r.creditor_id = c.id) l
cross join lateral generate_series(
  l.first, least({_ENDED.format("ended")}, cast(:until as date)), interval '1 day') d(day)
order by d.day, c.id on conflict do nothing returning creditor_id
""")

_CLAIM: Final = text("""
select r.creditor_id, r.day from day_run r
where r.finished_at is null and r.day <= :until and r.tx < history_horizon()
  and not exists (select from day_run b where b.creditor_id = r.creditor_id and b.day < r.day and b.finished_at is null)
order by r.day, r.creditor_id limit 1 for no key update skip locked
""")

_NOT_ENDED: Final = text(f"""
select c.ref from creditor c where cast(:day as date) > {_ENDED.format("at")} order by c.id limit 1
""")
_ALL_CLOSED: Final = text("""
select min(last) from (select max(r.day) as last from creditor c join day_run r on r.creditor_id = c.id
                       where r.finished_at is not null group by c.id) x
""")

_ACCOUNTS_CLEARED: Final = """
update stuck s set cleared_at = :at from position p
where s.cleared_at is null and s.creditor_id = :creditor and p.account_id = s.account_id
  and (p.next_change is null or p.next_change > :on)
returning 'account:' || s.account_id
"""
_PLANS_CLEARED: Final = """
update stuck s set cleared_at = :at from arrangement g
where s.cleared_at is null and g.id = s.arrangement_id
  and (g.next_change > s.day or g.state in ('superseded', 'cancelled'))
  and not exists (select from arrangement_account a
                  where a.arrangement_id = g.id and a.ended_at is null and a.interest_next <= s.day)
returning 'arrangement:' || s.arrangement_id
"""
