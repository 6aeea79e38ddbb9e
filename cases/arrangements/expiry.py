"""Offers of ours that nobody answered in time: they end, and the history says so.

What a person proposed does not expire by itself: that it waits is our doing, so it stays in the queue
until a collector answers it, if need be with later days.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.history import Actor, Kind
from cases.work import queue


def expire_offers(session: Session, *, by: Actor, at: datetime, most: int) -> int:
    """Ends offers whose last day is over where their creditors are; at most so many. Returns how many.

    A work item asks for another way for each. Over creditors in several zones the last of their midnights counts.
    """
    found = session.execute(_EXPIRE, {"by": str(by), "at": at, "kind": Kind.PROPOSAL_EXPIRED, "most": most}).all()
    for row in found:
        queue.open_item(session, person=row.person_id, kind="offer", subject=row.subject, urgency=2, at=at)
    return len(found)


_EXPIRE: Final = text("""
with due as (
  select p.id from proposal p
  where p.state = 'submitted' and p.side = 'staff' and p.expires_on < (
    select min((cast(:at as timestamptz) at time zone c.zone)::date)
    from proposal_account a join creditor c on c.id = a.creditor_id where a.proposal_id = p.id)
  order by p.id limit :most for update of p skip locked),
ended as (
  update proposal p set state = 'expired', decided_by = :by, decided_at = :at
  from due where due.id = p.id and p.state = 'submitted' returning p.id, p.person_id)
insert into history (at, kind, actor, person_id, subject, facts)
select :at, :kind, :by, person_id, 'proposal:' || id, '{}' from ended order by id
returning person_id, subject
""")
