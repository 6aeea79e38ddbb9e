"""The night: positions that time alone changes, brought to the next day. A few accounts at once.

Only positions whose `next_change` has come are looked at (index `position_next_change`). Most of them only have
a due that falls: what had fallen, what met it and since when stand in the row, so the dues between its day and
the new one are all that is read. An account on which an entry begins to count meanwhile, or that has a charge
with a due date to come, is derived anew from all its facts (`position.py`). Both give the same columns.

`take` locks the rows; what is read of facts is read in a later statement, so that an act that was quicker is
seen. Acts lock a position before they derive it, so nobody tells twice that an account fell into arrears.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrears.position import BY_IDS, DERIVE, KEPT, TOLD
from cases.history import Actor


@dataclass(frozen=True, slots=True)
class Moved:
    """How many positions were moved, of how many a figure changed, and how many entered or left arrears."""

    looked: int = 0
    changed: int = 0
    entered: int = 0
    left: int = 0

    def __add__(self, more: "Moved") -> "Moved":
        return Moved(self.looked + more.looked, self.changed + more.changed, self.entered + more.entered,
                     self.left + more.left)  # fmt: skip


def take(session: Session, creditor: int, on: date, *, after: int, most: int) -> list[int]:
    """Locks the next positions of a creditor that the beginning of the day `on` changes, in order of account."""
    return list(session.scalars(_TAKE, {"creditor": creditor, "on": on, "after": after, "most": most}))


def move(session: Session, accounts: Sequence[int], on: date, *, by: Actor, at: datetime) -> Moved:
    """Brings these positions, which are locked, to the day `on`, and tells who entered or left arrears."""
    facts = {"on": on, "at": at, "by": str(by), "fresh": False}
    moved, done = Moved(), set()
    for row in session.execute(_FALL, {"ids": list(accounts)} | facts):
        moved += Moved(1, row.changed, row.entered, row.gone)
        done.add(row.account_id)
    others = [account for account in accounts if account not in done]
    if others:
        for row in session.execute(_ANEW, {"ids": others} | facts):
            moved += Moved(1, row.changed, row.entered, row.gone)
    return moved


_TAKE: Final = text("""
select account_id from position where creditor_id = :creditor and next_change <= :on and account_id > :after
order by account_id limit :most for no key update
""")

_COUNTED: Final = """
select r.account_id, ((k.fallen, k.met, k.overdue) is distinct from (r.fallen, r.met, r.overdue)
    or (k.since, k.rest) is distinct from (r.since, r.rest))::int as changed,
  (r.overdue > 0 and k.overdue = 0)::int as entered, (r.overdue = 0 and k.overdue > 0)::int as gone
from r join position k using (account_id)
"""

_FALL: Final = text(f"""
with b as materialized (
  select p.* from position p where p.account_id = any(cast(:ids as bigint[]))
    and not exists (select from entry e where e.account_id = p.account_id and e.value_date between p.as_of and :on)
    and not exists (select from entry e where e.account_id = p.account_id and e.due_on >= p.as_of)),
f as (
  select b.account_id, b.creditor_id, b.met, b.since as old_since, b.rest as old_rest, d.fell, n.next_due, v.next_value,
    (b.fallen + d.fell)::bigint as fallen, b.fallen as old_fallen, greatest(b.met, 0) as meets, b.as_of as old_as_of
  from b
  cross join lateral (select coalesce(sum(amount), 0) as fell from due
    where account_id = b.account_id and replaced_at is null and amount > 0 and due_on >= b.as_of and due_on < :on) d
  left join lateral (select due_on as next_due from due
    where account_id = b.account_id and replaced_at is null and amount > 0 and due_on >= :on
    order by due_on limit 1) n on true
  left join lateral (select value_date as next_value from entry
    where account_id = b.account_id and value_date > :on order by value_date limit 1) v on true),
r as materialized (
  select f.account_id, f.creditor_id, cast(:on as date) as as_of, f.fallen, f.met,
    greatest(f.fallen - f.meets, 0) as overdue,
    case when f.fallen > f.meets then coalesce(f.old_since, w.due_on) end as since,
    case when f.fallen > f.meets then coalesce(f.old_rest, w.rest) end as rest,
    f.next_due, least(f.next_due + 1, f.next_value) as next_change
  from f left join lateral (
    select x.due_on, (x.cum - f.meets)::bigint as rest
    from (select due_on, id, f.old_fallen + sum(amount) over (order by due_on, id) as cum from due
          where account_id = f.account_id and replaced_at is null and amount > 0
            and due_on >= f.old_as_of and due_on < :on) x
    where x.cum > f.meets order by x.due_on, x.id limit 1) w on f.old_since is null and f.fallen > f.meets),
kept as (
  update position p set as_of = r.as_of, fallen = r.fallen, overdue = r.overdue, since = r.since, rest = r.rest,
    next_due = r.next_due, next_change = r.next_change
  from r where p.account_id = r.account_id),
{TOLD}
{_COUNTED}""")

_ANEW: Final = text(DERIVE.format(asked=BY_IDS) + f", {KEPT},\n{TOLD}\n{_COUNTED}")
