"""Paid off: a debt of which nothing is left, told once when money made it so.

A loan or a fine ends when it is paid. Rent, tax and bills go on, and are at nought every month: of these it is
told only when a plan over them is complete. Money that is taken back opens the debt again; paid once more it is
told once more.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.history import Actor, Kind

ENDS: Final = (
    "loan", "credit_card", "overdraft", "hire_purchase", "store_card", "mortgage", "overpayment", "parking",
    "garden_waste", "care_alarm",
)  # fmt: skip
"""Kinds of debt that end when they are paid; what is no more owed of any other still goes on."""


def tell(session: Session, accounts: Sequence[int], *, by: Actor, at: datetime) -> None:
    """Tells of those accounts that this transaction's money has paid off, one line for each person who owes them.

    Nothing is owed on the creditor's day, something was before this transaction, and nothing is to fall due.
    """
    session.execute(_TELL, {"accounts": list(accounts), "kinds": list(ENDS), "by": str(by), "at": at})


_TELL: Final = text(f"""
with asked as (
  select a.id, a.creditor_id, a.currency, coalesce(t.debt_type, '') as kind,
    (cast(:at as timestamptz) at time zone c.zone)::date as today
  from account a join creditor c on c.id = a.creditor_id
  left join account_terms t on t.account_id = a.id and t.replaced_at is null
  where a.id = any(:accounts)),
over as (
  select k.* from asked k
  join lateral (select sum(e.amount) as now, sum(e.amount) filter (where e.tx <> history_tx()) as before
                from entry e where e.account_id = k.id and e.value_date <= k.today) b on b.now <= 0 and b.before > 0
  where not exists (select from due d where d.account_id = k.id and d.replaced_at is null and d.amount > 0
                    and d.due_on >= k.today)
    and (k.kind = any(:kinds) or exists (
      select from arrangement_account x join arrangement g on g.id = x.arrangement_id
      where x.account_id = k.id and x.ended_at = :at and g.state = 'completed')))
insert into history (at, kind, actor, creditor_id, person_id, subject, facts)
select :at, '{Kind.ACCOUNT_PAID_OFF}', :by, o.creditor_id, l.person_id, 'account:' || o.id,
  json_build_object('currency', o.currency, 'on', o.today)
from over o
join (select distinct l.account_id, coalesce(j.into_id, l.person_id) as person_id from liability l
      left join joined j on j.person_id = l.person_id and j.replaced_at is null and not j.parted
      where l.account_id = any(:accounts) and l.replaced_at is null and not l.withdrawn) l on l.account_id = o.id
order by o.id, l.person_id
""")
