"""Holds watched: what comes before a collector by itself while one stands.

Its last day is over, or the day of its review has come. Or a *new debt* came: one that its person owes, as far as
we know, only since the hold was placed. Whether that is in it no rule can say: a breathing space covers what its
adviser named, and a debt found later from the day on which the adviser adds it (SI 2020/1311). Until a collector has
said, nothing may be asked for it, charged on it or sent about it. So it is held at once, as the others are, under a
hold of its own and of the same basis, and a work item asks whether that is kept on or ended. It is asked once.

Not so where there is nothing to ask: a dispute is about one debt, and a moratorium leaves some kinds out by law.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.debts.hold import Hold, HoldTerm, covers, place, set_term, tell
from cases.history import Actor, Kind
from cases.work import queue

OF_NEW_DEBTS: Final = "new/"
"""How the key of a hold over a new debt begins; the hold that stood, and the debt, follow."""


def pass_time(session: Session, *, by: Actor, at: datetime, most: int) -> int:
    """Tells of holds whose last day is over, and puts before a person those and the ones whose review has come.

    Returns how many were told or put; at most `most`.
    """
    rows = session.execute(_TIMED, {"at": at, "most": most}).all()
    for row in rows:
        hold = session.get_one(Hold, row.hold_id)
        if row.over:
            term = session.get_one(HoldTerm, row.id)
            set_term(session, term, term.last_on, None, "over", by, at)
            tell(session, Kind.HOLD_ENDED, hold, by, at, {}, ours={"why": "over"})
        queue.open_item(session, person=hold.person_id, kind="hold", subject=f"hold:{hold.id}", urgency=2, at=at)
    return len(rows)


def hold_new_debts(session: Session, *, by: Actor, at: datetime) -> int:
    """Holds each new debt until a collector has said whether it is in the hold that stands. Returns how many."""
    held = 0
    for row in session.execute(_NEW, {"at": at, "of_new": OF_NEW_DEBTS}).all():
        if not covers(row.basis, row.country, row.debt_type):
            continue
        review_on = None if row.last_on else max(row.review_on, row.today + timedelta(days=1))
        made = place(
            session, person=row.person_id, basis=row.basis, accounts=[row.account_id], stops=row.stops,
            starts_on=max(row.starts_on, row.today), last_on=row.last_on, review_on=review_on,
            key=f"{OF_NEW_DEBTS}{row.hold_id}/{row.account_id}", by=by, at=at, line=Kind.HOLD_EXTENDED,
        )  # fmt: skip
        queue.open_item(session, person=row.person_id, kind="hold", subject=f"hold:{made.id}", urgency=1, at=at)
        held += 1
    return held


# Over: when its last day has passed for all creditors. A review is put before a person once for each term of a hold,
# and not while its dispute waits there anyway. Two at once share the rows.
_TIMED: Final = text("""
select t.id, t.hold_id, coalesce(t.last_on < d.today, false) as over
from hold_term t
cross join lateral (select min((cast(:at as timestamptz) at time zone c.zone)::date) as today
  from hold_account k join creditor c on c.id = k.creditor_id where k.hold_id = t.hold_id) d
where t.replaced_at is null and t.why in ('placed', 'prolonged')
  and (t.last_on <= cast(:at as date) or t.review_on <= cast(:at as date) + 1)
  and (t.last_on < d.today or t.review_on <= d.today and not exists (
    select from work_item w
    where w.subject = 'hold:' || t.hold_id and (w.done_at is null or w.opened_at >= t.recorded_at)))
order by t.hold_id limit :most for no key update of t skip locked
""")

# What a person owes, with the moment from which we know it: of a record that was joined, not before they were joined.
_NEW: Final = text("""
with stands as (
  select h.id as hold_id, h.person_id, h.basis, h.stops, h.starts_on, h.placed_at, t.last_on, t.review_on,
    coalesce(j.into_id, h.person_id) as head, j.recorded_at as moved_at
  from hold h join hold_term t on t.hold_id = h.id and t.replaced_at is null and t.why in ('placed', 'prolonged')
  left join joined j on j.person_id = h.person_id and j.replaced_at is null and not j.parted
  where h.basis <> 'dispute' and not starts_with(h.key, :of_new)),
theirs as (
  select hold_id, head as person_id, case when head <> person_id then moved_at end as since from stands
  union all select s.hold_id, k.person_id, case when k.person_id <> s.person_id then k.recorded_at end
  from stands s join joined k on k.into_id = s.head and k.replaced_at is null and not k.parted),
known as (
  select p.hold_id, l.account_id, min(greatest(l.recorded_at, p.since)) as known_at
  from theirs p join liability l on l.person_id = p.person_id
  group by 1, 2 having bool_or(l.replaced_at is null and not l.withdrawn))
select s.hold_id, s.person_id, s.basis, s.stops, s.starts_on, s.last_on, s.review_on, k.account_id, c.country,
  coalesce(t.debt_type, '') as debt_type, d.today
from stands s join known k on k.hold_id = s.hold_id and k.known_at > s.placed_at
join account a on a.id = k.account_id join creditor c on c.id = a.creditor_id
cross join lateral (select (cast(:at as timestamptz) at time zone c.zone)::date as today) d
left join account_terms t on t.account_id = a.id and t.replaced_at is null
where (s.last_on is null or s.last_on >= d.today)
  and not exists (select from hold_account x join hold o on o.id = x.hold_id
    where x.account_id = k.account_id and (o.id = s.hold_id or o.key = :of_new || s.hold_id || '/' || k.account_id))
order by k.account_id, s.hold_id
""")
