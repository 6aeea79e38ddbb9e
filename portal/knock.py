"""Knocks: how often one may try a door. They stand in PostgreSQL, so every web process counts together.

A limit says how many knocks of a kind someone (a person, an address, both) may make within a time.
Who it was is kept as a keyed hash. A knock over its limit is not counted, so a limit always opens
again by itself: nobody can hold it shut by knocking on.

The limits (ASVS 6.1.1), all within an hour unless said. None of them locks anybody out, since each
leaves another way: the link in a text, mail instead of a text, the telephone.
- look-ups by reference, date of birth and postcode: 20 an address;
- codes: 5 a person and address; 10 a person and way (text, mail, and apart from both: by the link of a
  text, which only its receiver has), and 30 a day; 5 tries a code;
- staff: 10 wrong tries an account and address in 15 minutes, 60 an address; 100 an account in all,
  beyond which only addresses are heard from which this account has signed in within 30 days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

KEPT: Final = timedelta(days=30)
"""No limit looks further back."""

_LOCK: Final = text("""
select pg_advisory_xact_lock(hashtextextended(encode(whom, 'hex'), 82012))
from (select distinct whom from unnest(cast(:whoms as bytea[])) whom order by 1) w
""")
_COUNT: Final = text("""
select (select count(*) from knock k where k.what = l.what and k.whom_sha = l.whom and k.at > l.since)
from unnest(cast(:whats as text[]), cast(:whoms as bytea[]), cast(:sinces as timestamptz[]))
  with ordinality l(what, whom, since, nth) order by nth
""")
_NOTE: Final = text("""
insert into knock (what, whom_sha, at)
select distinct what, whom, cast(:now as timestamptz)
from unnest(cast(:whats as text[]), cast(:whoms as bytea[])) l(what, whom)
""")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` knocks of this kind by `whom` (a keyed hash) within the time."""

    what: str
    whom: bytes
    most: int
    within: timedelta = timedelta(hours=1)


def knock(session: Session, limits: Sequence[Limit], now: datetime) -> list[bool]:
    """Counts one try against these limits; for each, whether it is within. `now` is real time.

    Always the same three statements. Tries of the same one at once wait for each other.
    """
    within = _counted(session, limits, now)
    full = {(limit.what, limit.whom) for limit, fits in zip(limits, within, strict=True) if not fits}
    note(session, [(limit.what, limit.whom) for limit in limits if (limit.what, limit.whom) not in full], now)
    return within


def within(session: Session, limits: Sequence[Limit], now: datetime) -> bool:
    """Whether one more try would be within all of these limits; counts nothing."""
    return all(_counted(session, limits, now))


def note(session: Session, knocks: Sequence[tuple[str, bytes]], now: datetime) -> None:
    """Notes tries: what and by whom."""
    session.execute(_NOTE, {"whats": [w for w, _ in knocks], "whoms": [w for _, w in knocks], "now": now})


def forget(session: Session, now: datetime, most: int) -> int:
    """Takes away what no limit looks at any more, at most so many at once. Returns how many."""
    gone = session.execute(
        text("delete from knock where id in (select id from knock where at < :before limit :most)"),
        {"before": now - KEPT, "most": most},
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _counted(session: Session, limits: Sequence[Limit], now: datetime) -> list[bool]:
    session.execute(_LOCK, {"whoms": [limit.whom for limit in limits]})
    counts = session.scalars(
        _COUNT,
        {
            "whats": [limit.what for limit in limits],
            "whoms": [limit.whom for limit in limits],
            "sinces": [now - limit.within for limit in limits],
        },
    ).all()
    return [count < limit.most for count, limit in zip(counts, limits, strict=True)]
