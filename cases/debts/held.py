"""Held: which debts stand under a hold on a day, what of them is stopped, and how long.

Days are those of each debt's creditor. The rows are kept by `hold.py`; here they are only read, by pages, by
messages, and by whatever must obey.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Held:
    """A hold on one debt: what it stops, since when, until when, or when it is looked at again."""

    account: int
    hold: int
    stops: frozenset[str]
    starts_on: date
    last_on: date | None
    review_on: date | None

    @classmethod
    def read(cls, account: int, rows: Iterable[Mapping[str, Any]]) -> "tuple[Held, ...]":
        """The holds on a debt, as `HOLDS_OF` gives them."""

        def day(written: str | None) -> date | None:
            return date.fromisoformat(written) if written else None

        return tuple(
            cls(account, row["hold"], frozenset(row["stops"]), date.fromisoformat(row["starts_on"]),
                day(row["last_on"]), day(row["review_on"]))
            for row in rows
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that do not count: `start` is the first of them, `end` the first that counts again, None if not known."""

    start: date
    end: date | None


def held(session: Session, accounts: Sequence[int], at: datetime) -> list[Held]:
    """The holds that stand on these debts now; a row for each debt and hold."""
    return _held(session, accounts, at=at)


def held_on(session: Session, accounts: Sequence[int], on: date) -> list[Held]:
    """The holds that stood on these debts on a day, as it is known now."""
    return _held(session, accounts, on=on)


def silenced(session: Session, people: Sequence[int], at: datetime) -> set[int]:
    """Which of these ids nobody begins to write to: a hold of theirs stops messages now."""
    return set(session.scalars(_SILENCED, {"people": list(people), "at": at, "on": None}))


def stops(holds: Iterable[Held], what: str) -> bool:
    """Whether one of these holds stops something: a word of `hold.STOPS`."""
    return any(what in each.stops for each in holds)


def until(holds: Iterable[Held]) -> tuple[date | None, date | None]:
    """Of holds on one debt: the last day of the last of them, if each has one; else the next review."""
    found = list(holds)
    if found and all(each.last_on for each in found):
        return max(each.last_on for each in found if each.last_on), None
    return None, min((each.review_on for each in found if each.review_on), default=None)


def day_after(since: date, days: int, pauses: Iterable[Pause]) -> date | None:
    """The first day on which `days` days have passed since a day, those of pauses not counted; None while unknown.

    Pauses may overlap; a pause that begins when enough days have passed changes nothing. (rules 1.2) Pure.
    """
    left = timedelta(days=days)
    for pause in sorted(pauses, key=lambda each: each.start):
        start = max(pause.start, since)
        if pause.end is not None and pause.end <= since:
            continue
        if start >= since + left and pause.start > since:
            break
        if pause.end is None:
            return None
        left -= start - since
        since = pause.end
    return since + left


def _held(
    session: Session, accounts: Sequence[int], *, at: datetime | None = None, on: date | None = None
) -> list[Held]:
    if not accounts:
        return []
    rows = session.execute(_HELD, {"accounts": list(accounts), "at": at, "on": on})
    return [Held(row.account, row.hold, frozenset(row.stops), row.starts_on, row.last_on, row.review_on)
            for row in rows]  # fmt: skip


_IN_FORCE: Final = """join hold h on h.id = k.hold_id
  join hold_term t on t.hold_id = h.id and t.replaced_at is null
    and h.starts_on <= {day} and (t.last_on is null or t.last_on >= {day})"""

_DAY: Final = "coalesce(cast(:on as date), (cast(:at as timestamptz) at time zone c.zone)::date)"

HOLDS_OF: Final = f"""(
  select coalesce(json_agg(json_build_object('hold', k.hold_id, 'stops', h.stops, 'starts_on', h.starts_on,
    'last_on', t.last_on, 'review_on', t.review_on) order by k.hold_id), '[]')
  from hold_account k {_IN_FORCE} where k.account_id = {{account}})"""
"""The holds in force on an account on a day, as a column of another question (`Held.read`)."""

_SILENCED: Final = text(f"""
select distinct h.person_id
from hold_account k join creditor c on c.id = k.creditor_id {_IN_FORCE.format(day=_DAY)}
where h.person_id = any(:people) and 'messages' = any(h.stops)
""")

_HELD: Final = text(f"""
select k.account_id as account, k.hold_id as hold, h.stops, h.starts_on, t.last_on, t.review_on
from hold_account k join creditor c on c.id = k.creditor_id {_IN_FORCE.format(day=_DAY)}
where k.account_id = any(:accounts) order by k.account_id, k.hold_id
""")
