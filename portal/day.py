"""The day ends: the door of the day-end run, for the minute's round and for `evenly day`.

Each batch is a transaction of its own, so that a run may die anywhere. A day that waits for an older
transaction, or that somebody else is closing, is left alone by the round and waited for by the command.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import structlog
from sqlalchemy import select

from cases.arrangements.monitoring import Changes
from cases.arrears import daily
from cases.arrears.daily import Closed
from cases.arrears.night import Moved
from cases.db import Database
from cases.debts.creditor import Creditor, creditor_called
from cases.history import Actor
from portal.language import DOMAINS, _s

log = structlog.get_logger()
BY: Final = Actor("day")

LONGEST: Final = 300.0
"""So many seconds the command waits for others who are at work on the same days."""
_PAUSE: Final = 0.2

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Summary:
    """What a run did to one creditor's accounts."""

    days: list[date] = field(default_factory=list)
    moved: Moved = field(default_factory=Moved)
    stuck: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Result:
    """What a run did: by creditor's id; and the plans, which may be of several. `open`: days still open."""

    creditors: dict[int, Summary] = field(default_factory=lambda: defaultdict(Summary))
    plans: Changes = field(default_factory=Changes)
    plans_stuck: int = 0
    interest: int = 0
    """How many parts of plans' interest were posted."""
    open: int = 0

    @property
    def changed(self) -> int:
        """How much was done; nought when a round had nothing to do."""
        return len(self.creditors) + self.plans.judged + self.plans_stuck + self.interest


def run(
    db: Database,
    at: datetime,
    *,
    until: date | None = None,
    longest: float = 0.0,
    progress: Progress = lambda step, done, total: None,
) -> Result:
    """Closes every day that has ended by the moment `at`, or those up to `until`; judges plans, posts their interest.

    Waits up to `longest` seconds for days that others are at, or that an older transaction keeps open.
    """
    result = Result()
    with db.acting() as session:
        daily.open_days(session, at=at, until=until)
    _judge(db, at, result)  # what a run that was killed has left
    ends = time.monotonic() + longest
    done = 0
    while True:
        closed = _batch(db, at, until, result)
        if closed is None:
            with db.acting() as session:
                result.open = daily.waiting(session, until=until)
            if not result.open or time.monotonic() >= ends:
                break
            time.sleep(_PAUSE)
        elif closed.finished:
            done += 1
            log.info("day_closed", creditor_id=closed.creditor, day=closed.day)
            _judge(db, at, result)
            with db.acting() as session:
                progress("day", done, done + daily.waiting(session, until=until))
    if longest:
        _judge(db, at, result)  # plans of which others have closed the last day
    _post_interest(db, at, result)
    return result


def rebuild(db: Database, at: datetime, ref: str, *, progress: Progress = lambda step, done, total: None) -> int:
    """Throws a creditor's positions away and derives them anew, in batches. Returns how many.

    Raises CreditorUnknown.
    """
    with db.acting() as session:
        creditor = creditor_called(session, ref).id
        total = daily.accounts_of(session, creditor)
    done = after = 0
    while True:
        with db.acting() as session:
            accounts = daily.rebuild(session, creditor, after=after, by=BY, at=at)
        if not accounts:
            return done
        done, after = done + len(accounts), accounts[-1]
        progress("positions", done, total)


def _batch(db: Database, at: datetime, until: date | None, result: Result) -> Closed | None:
    begun = time.monotonic()
    with db.acting() as session:
        claimed = daily.claim(session, until=until)
        closed = daily.close_batch(session, claimed, by=BY, at=at) if claimed is not None else None
    if closed is None or closed.creditor is None or closed.day is None:
        return None
    summary = result.creditors[closed.creditor]
    summary.moved += closed.moved
    summary.stuck += len(closed.stuck)
    summary.seconds += time.monotonic() - begun
    if closed.finished:
        summary.days.append(closed.day)
    _say(closed)
    return closed


def _judge(db: Database, at: datetime, result: Result) -> None:
    while True:
        with db.acting() as session:
            closed = daily.close_plans(session, by=BY, at=at)
        if closed is None:
            return
        result.plans.add(closed.plans)
        result.plans_stuck += len(closed.stuck)
        _say(closed)


def _post_interest(db: Database, at: datetime, result: Result) -> None:
    while True:
        with db.acting() as session:
            closed = daily.post_interest(session, by=BY, at=at)
        if closed is None:
            return
        result.interest += closed.interest
        result.plans_stuck += len(closed.stuck)
        _say(closed)


def _say(closed: Closed) -> None:
    for subject, error in closed.stuck:
        log.error("day_stuck", stuck=subject, reason=error, day=closed.day)


def as_json(db: Database, result: Result, rebuilt: int | None) -> dict[str, Any]:
    """The answer of `evenly day --json`."""
    told: dict[str, Any] = {
        "creditors": [
            {"creditor": ref, "days": [day.isoformat() for day in each.days], "looked": each.moved.looked,
             "changed": each.moved.changed, "entered": each.moved.entered, "left": each.moved.left,
             "stuck": each.stuck, "seconds": round(each.seconds, 2)}
            for ref, each in _by_ref(db, result)
        ],
        "plans": {"judged": result.plans.judged, "broken": result.plans.broken, "missed": result.plans.missed,
                  "cured": result.plans.cured, "completed": result.plans.completed, "stuck": result.plans_stuck},
        "interest": result.interest,
        "open": result.open,
    }  # fmt: skip
    return told if rebuilt is None else told | {"rebuilt": rebuilt}


_LINE: Final = _s(
    "%(creditor)s: days closed: %(days)s; accounts looked at: %(looked)s, changed: %(changed)s, now in arrears:"
    " %(entered)s, out of arrears: %(left)s, stuck: %(stuck)s; %(seconds)s s"
)
_PLANS: Final = _s(
    "Plans judged: %(judged)s, broken: %(broken)s, missed one more payment: %(missed)s, kept again: %(cured)s,"
    " completed: %(completed)s, stuck: %(stuck)s"
)
_INTEREST: Final = _s("Parts of interest posted: %(count)s.")
_NOTHING: Final = _s("No day was left to close.")
_OPEN: Final = _s("Days still open: %(open)s. Others are at work on them. Run it again in a while.")
_REBUILT: Final = _s("Positions derived anew: %(rebuilt)s.")


def as_text(db: Database, result: Result, rebuilt: int | None) -> str:
    """What `evenly day` prints: a line for each creditor, one for the plans."""
    words = DOMAINS["staff"].gettext
    told = [
        words(_LINE) % {
            "creditor": ref, "days": len(each.days), "looked": each.moved.looked, "changed": each.moved.changed,
            "entered": each.moved.entered, "left": each.moved.left, "stuck": each.stuck,
            "seconds": f"{each.seconds:.1f}",
        }
        for ref, each in _by_ref(db, result)
    ]  # fmt: skip
    if result.plans.judged or result.plans_stuck:
        told.append(words(_PLANS) % {
            "judged": result.plans.judged, "broken": result.plans.broken, "missed": result.plans.missed,
            "cured": result.plans.cured, "completed": result.plans.completed, "stuck": result.plans_stuck,
        })  # fmt: skip
    if result.interest:
        told.append(words(_INTEREST) % {"count": result.interest})
    if result.open:
        told.append(words(_OPEN) % {"open": result.open})
    elif not told:
        told.append(str(words(_NOTHING)))
    if rebuilt is not None:
        told.append(words(_REBUILT) % {"rebuilt": rebuilt})
    return "\n".join(told)


def _by_ref(db: Database, result: Result) -> list[tuple[str, Summary]]:
    with db.asking("staff") as session:
        refs = {i: ref for i, ref in session.execute(select(Creditor.id, Creditor.ref))}  # noqa: C416
    return sorted((refs[creditor], each) for creditor, each in result.creditors.items())
