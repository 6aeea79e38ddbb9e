"""Statements that are owed by law and overdue: a collector is told, once for each person.

What is wanted of whom stands in the law packs (`cases/debts/statutory.py`). An account's clock begins on the day
we took it over, or on the last day of the newest statement that its person was given, or on the day on which a
collector said that it is dealt with. A statement covers all of a person's debts, so one is enough for all of them.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.law.rules import countries, pack


def raise_overdue(session: Session, *, at: datetime) -> int:
    """Puts those whose statement is overdue into the queue. Returns how many were put there now."""
    duties = [
        (country, debt, duty.every_months, duty.give_within_days)
        for country in countries()
        if (law := pack(country)) is not None
        for duty in law.statements
        for debt in sorted(duty.debt_types)
    ]
    named = dict(zip(("countries", "debts", "months", "days"), map(list, zip(*duties, strict=True)), strict=True))
    raised: int = session.execute(_RAISE, named | {"at": at}).rowcount  # type: ignore[attr-defined]
    return raised


_RAISE: Final = text("""
with duty as (
  select * from unnest(cast(:countries as text[]), cast(:debts as text[]), cast(:months as int[]), cast(:days as int[]))
    d(country, debt, months, days)),
given as (
  select coalesce(j.into_id, d.person_id) as person_id, max(d.last) as last
  from (select person_id, last from document where kind = 'statement' and state = 'issued'
        union all select person_id, done_at::date from work_item where kind = 'statement' and done_at is not null) d
  left join joined j on j.person_id = d.person_id and j.replaced_at is null and not j.parted group by 1),
overdue as (
  select coalesce(j.into_id, l.person_id) as person_id, a.id as account_id
  from account a
  join creditor c on c.id = a.creditor_id
  join account_terms t on t.account_id = a.id and t.replaced_at is null
  join duty d on d.country = c.country and d.debt = t.debt_type
  join liability l on l.account_id = a.id and l.replaced_at is null and not l.withdrawn and l.role <> 'guarantor'
  left join joined j on j.person_id = l.person_id and j.replaced_at is null and not j.parted
  left join given g on g.person_id = coalesce(j.into_id, l.person_id)
  where greatest((a.recorded_at at time zone c.zone)::date, g.last) + make_interval(months => d.months, days => d.days)
      < (cast(:at as timestamptz) at time zone c.zone)::date)
insert into work_item (person_id, kind, subject, urgency, opened_at)
select distinct o.person_id, 'statement', 'person:' || o.person_id, 2, cast(:at as timestamptz)
from overdue o
-- Last, for it reads most: whoever waits in the queue already is left out, then debts of which nothing is owed.
where not exists (select from work_item w where w.subject = 'person:' || o.person_id and w.done_at is null)
  and (select coalesce(sum(e.amount), 0) from entry e where e.account_id = o.account_id) <> 0
on conflict (subject) where done_at is null do nothing
""")
