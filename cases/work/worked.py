"""Who else works a case: the colleagues who did something in it since a moment, read from its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Worked:
    """A colleague: the user's id, and when they did the last thing."""

    user: int
    last_at: datetime


def worked_since(session: Session, people: Sequence[int], since: datetime, *, but: int) -> list[Worked]:
    """Who acted on these ids (one person's, all joined) from `since` on, the latest first; `but` is who asks."""
    rows = session.execute(_WORKED, {"people": list(people), "since": since, "but": but})
    return [Worked(row.who, row.last_at) for row in rows]


_WORKED: Final = text("""
select split_part(actor, ':', 2)::bigint as who, max(at) as last_at from history
where person_id = any(:people) and at >= :since and actor ~ '^(collector|supervisor):[0-9]+$'
  and split_part(actor, ':', 2)::bigint <> :but
group by 1 order by 2 desc, 1
""")
