"""Issuing: the letters that follow by themselves from what happened.

Each history Kind that a letter follows has a cursor (`cursor.py`), as those have that a notice answers. What a
letter says is written by the worker that makes it, from facts that do not change; here it is only asked for, for all
lines at once. Whoever needs large print gets it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.history import Kind
from cases.people.support import LARGE_PRINT
from messaging import cursor
from messaging.tongue import LANGUAGES

FOLLOWED: Final[Mapping[Kind, str]] = {
    Kind.PAYMENT_RECEIVED: "receipt",
    Kind.ARRANGEMENT_STARTED: "agreement",
    Kind.ACCOUNT_PAID_OFF: "closing",
}
"""The Kinds that a letter follows, and which."""

_CURSORS: Final = {f"letter.{kind}": kind for kind in FOLLOWED}


def begin(session: Session, *, at: datetime) -> None:
    """Begins to follow each Kind that has no cursor yet, from now on. Done when a worker starts."""
    cursor.begin(session, _CURSORS, at=at)


def follow(session: Session, *, at: datetime) -> int:
    """Asks for the letters of what has happened since the last time. Returns how many."""
    begin(session, at=at)
    asked = 0
    for name, low, high in cursor.held(session, _CURSORS):
        kind = _CURSORS[name]
        lines = {"kind": kind, "letter": FOLLOWED[kind], "low": low, "high": high, "shipped": list(LANGUAGES)}
        asked += session.execute(_ASK, lines).rowcount  # type: ignore[attr-defined]
        cursor.move(session, name, high)
    return asked


# One letter a line: the number of a payment or debt may come again (paid off twice), as a version.
_ASK: Final = text(f"""
with line as (
  select h.id, h.at, h.subject, coalesce(j.into_id, h.person_id) as person_id, h.creditor_id,
    row_number() over (partition by coalesce(j.into_id, h.person_id), h.subject order by h.id) as nth
  from history h left join joined j on j.person_id = h.person_id and j.replaced_at is null and not j.parted
  where h.kind = :kind and h.tx >= :low and h.tx < :high and h.person_id is not null and h.subject is not null),
spoken as (
  select l.*, case when p.language = any(:shipped) then p.language when c.language = any(:shipped) then c.language
    else 'en' end as language, {LARGE_PRINT.format(person="l.person_id")} as large
  from line l join person p on p.id = l.person_id left join creditor c on c.id = l.creditor_id)
insert into document (person_id, creditor_id, kind, subject, version, language, large, asked_by, asked_at)
select s.person_id, s.creditor_id, :letter, s.subject, s.nth + coalesce((
    select max(d.version) from document d where d.person_id = s.person_id and d.kind = :letter and d.subject = s.subject
      and d.language = s.language and d.large = s.large), 0),
  s.language, s.large, 'issuing', s.at
from spoken s order by s.id
""")
