"""The night: positions that time alone changes, brought to the next day. A few accounts at once.

Only positions whose `next_change` has come are looked at (index `position_next_change`). Most of them only have
a due that falls: what had fallen, what met it and since when stand in the row, so the dues between its day and
the new one are all that is read. An account on which an entry begins to count meanwhile, or that has a charge
with a due date to come, is derived anew from all its facts (`position.py`). Both give the same columns.

Nothing is locked before it is updated: a position says which facts it knew (`facts_tx`), and one that an act
has derived since it was read is left to the second way, which locks it first. Acts lock a position before they
derive it, so nobody tells twice that an account fell into arrears. Rows are locked in order of account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrears import position
from cases.arrears.position import BY_IDS, DERIVE, KEPT, TOLD
from cases.history import Actor, Kind


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
    """The next accounts of a creditor whose positions the beginning of the day `on` changes, in order."""
    return list(session.scalars(_TAKE, {"creditor": creditor, "on": on, "after": after, "most": most}))


def move(session: Session, accounts: Sequence[int], on: date, *, by: Actor, at: datetime) -> Moved:
    """Brings the positions of these accounts to the day `on`, and tells who entered or left arrears."""
    session.execute(_IN_ORDER, {"free": "off"})
    done, *counts = session.execute(_FALL, {"ids": list(accounts), "on": on, "at": at, "by": str(by)}).one()
    session.execute(_IN_ORDER, {"free": "on"})
    moved = Moved(*counts)
    others = sorted(set(accounts) - set(done))
    if others:
        position.hold(session, others)
        others = list(session.scalars(_STILL, {"ids": others, "on": on}))
    if others:
        _, *counts = session.execute(_ANEW, {"ids": others, "on": on, "at": at, "by": str(by), "fresh": False}).one()
        moved += Moved(*counts)
    return moved


_TAKE: Final = text("""
select account_id from position where creditor_id = :creditor and next_change <= :on and account_id > :after
order by account_id limit :most
""")
_STILL: Final = text("""
select account_id from position where account_id = any(cast(:ids as bigint[])) and next_change <= :on order by 1
""")
# Nested loops alone keep the order of the accounts.
_IN_ORDER: Final = text("""
select set_config('enable_hashjoin', :free, true), set_config('enable_mergejoin', :free, true)
""")

_FALL: Final = text(f"""
with b as materialized (
  select p.*, greatest(p.met, 0) as meets, v.next_value
  from position p
  left join lateral (select value_date as next_value from entry
    where account_id = p.account_id and value_date >= p.as_of order by value_date limit 1) v on true
  where p.account_id = any(cast(:ids as bigint[])) and coalesce(v.next_value > :on, true)
    and not exists (select from entry e where e.account_id = p.account_id and e.due_on >= p.as_of)
  order by p.account_id),
f as (
  select b.*, (b.fallen + d.fell)::bigint as falls, n.falls_next
  from b
  cross join lateral (select coalesce(sum(amount), 0) as fell from due
    where account_id = b.account_id and replaced_at is null and amount > 0 and due_on >= b.as_of and due_on < :on) d
  left join lateral (select due_on as falls_next from due
    where account_id = b.account_id and replaced_at is null and amount > 0 and due_on >= :on
    order by due_on limit 1) n on true),
r as materialized (
  select f.account_id, f.creditor_id, f.facts_tx, f.overdue as was, cast(:on as date) as as_of, f.falls as fallen,
    greatest(f.falls - f.meets, 0) as overdue, f.falls <> f.fallen as changed, f.falls_next as next_due,
    case when f.falls > f.meets then coalesce(f.since, w.due_on) end as since,
    case when f.falls > f.meets then coalesce(f.rest, w.rest) end as rest,
    least(f.falls_next + 1, f.next_value) as next_change
  from f left join lateral (
    select x.due_on, (x.cum - f.meets)::bigint as rest
    from (select due_on, id, f.fallen + sum(amount) over (order by due_on, id) as cum from due
          where f.since is null and f.falls > f.meets and account_id = f.account_id and replaced_at is null
            and amount > 0 and due_on >= f.as_of and due_on < :on) x
    where x.cum > f.meets order by x.due_on, x.id limit 1) w on true),
kept as (
  update position p set as_of = r.as_of, fallen = r.fallen, overdue = r.overdue, since = r.since, rest = r.rest,
    next_due = r.next_due, next_change = r.next_change
  from r where p.account_id = r.account_id and p.facts_tx = r.facts_tx and p.as_of < r.as_of
  returning r.account_id, r.creditor_id, r.was, r.overdue, r.since, r.as_of, r.changed),
told as (
  insert into history (at, kind, actor, creditor_id, account_id, facts)
  select cast(:at as timestamptz), '{Kind.ARREARS_ENTERED}', cast(:by as text), k.creditor_id, k.account_id,
    json_build_object('overdue', k.overdue, 'currency', (select currency from account where id = k.account_id),
                      'since', k.since, 'on', k.as_of)
  from kept k where k.overdue > 0 and k.was = 0 order by k.account_id)
select coalesce(array_agg(account_id), '{{}}') as done, count(*) as looked, count(*) filter (where changed) as changed,
  count(*) filter (where overdue > 0 and was = 0) as entered, 0 as gone
from kept
""")

_ANEW: Final = text(
    DERIVE.format(asked=BY_IDS)
    + f""", {KEPT},
{TOLD}
select array_agg(r.account_id), count(*) as looked,
  count(*) filter (where (k.fallen, k.met, k.overdue) is distinct from (r.fallen, r.met, r.overdue)
    or (k.since, k.rest) is distinct from (r.since, r.rest)) as changed,
  count(*) filter (where r.overdue > 0 and k.overdue = 0) as entered,
  count(*) filter (where r.overdue = 0 and k.overdue > 0) as gone
from r join position k using (account_id)
"""
)
