"""Charging: the interest of a plan posted to the ledger, part by part, by the closes of days.

Expected: a part of what was agreed, to its day, rounded with all parts before it; all of them make the agreed sum.
Charged: the same where nothing was held and nothing paid sooner than planned. Else the days that bear are counted
anew, each on the smaller of planned and true capital, and never above the expected part. Days on which the debt is on
hold from interest bear nothing; where a hold or a payment was told only after its part was posted, the next parts
are lowered by it. Money that comes late changes nothing.

A plan that has ended is charged no more; one that was completed and opens again goes on with its parts.

`until` is the day of a part, the value date of its entry. The last part is posted on the day before the last
payment and holds that day's interest too: what is paid by then lowers it, what is paid on it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import CheckConstraint, Date, Row, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements import monitoring
from cases.arrangements.paid import met_by_day
from cases.arrangements.plan_interest import Step, exact, falling, last_part_on, lesser, part_on, rounded
from cases.db import Base, Minor, Moment, refers
from cases.debts import ledger
from cases.debts.account import Account
from cases.debts.held import Pause
from cases.history import Actor


class PlanInterest(Base):
    """One part of a plan's interest for one account, up to and including a day; minor units."""

    __tablename__ = "plan_interest"

    arrangement_id: Mapped[int] = refers("arrangement.id", primary_key=True)
    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    until: Mapped[date] = mapped_column(Date, primary_key=True)
    expected: Mapped[Minor]
    charged: Mapped[Minor]
    recorded_at: Mapped[Moment]

    __table_args__ = (CheckConstraint("charged between 0 and expected", "charged"),)


@dataclass(frozen=True, slots=True)
class Bearing:
    """A debt of a plan as it bears: its capital as planned and as it truly was, rate and days on hold."""

    planned: Sequence[Step]
    true: Sequence[Step]
    rate: Decimal
    held: Sequence[Pause] = ()

    def expected(self, until: date) -> int:
        """What is agreed up to and including a day, minor units."""
        return rounded(exact(self.planned, self.rate, until))

    def charged(self, after: date | None, until: date, *, expected: int, standing: int) -> int:
        """What is charged of a part of `expected`, for the days after one up to another; `standing`: so far. Pure."""
        least = lesser(self.planned, self.true)
        borne = exact(least, self.rate, until, after=after, held=self.held)
        asked = expected if borne == exact(self.planned, self.rate, until, after=after) else rounded(borne)
        over = standing - rounded(exact(least, self.rate, after, held=self.held)) if after else 0
        return max(min(asked, expected) - max(over, 0), 0)


def due_for_close(session: Session, *, most: int) -> dict[int, date]:
    """Plans that have a part to post by a closed day, with the latest such day; by id. What is stuck waits."""
    return {row.plan: row.day for row in session.execute(_DUE, {"most": most, "ids": None})}


def post(session: Session, plans: Sequence[int], *, by: Actor, at: datetime) -> int:
    """Posts the parts of these plans that closed days have made due, each in the order of its days. Returns how many.

    Parts that somebody else has posted meanwhile are left alone.
    """
    monitoring.hold(session, session.scalars(_ACCOUNTS, {"ids": list(plans)}))
    rows = session.execute(_PARTS, {"ids": list(plans)}).all()
    if not rows:
        return 0
    due = [row.plan for row in rows]
    payments: dict[tuple[int, int], list[tuple[date, int]]] = {}
    for plan, account, due_on, minor in session.execute(_PLANNED, {"ids": due}):
        payments.setdefault((plan, account), []).append((due_on, minor))
    met = met_by_day(session, due, max(row.closed for row in rows))
    pauses = monitoring.pauses_of(session, due, "interest")
    done = 0
    for row in rows:
        planned = payments[row.plan, row.account]
        bearing = Bearing(
            falling(row.base, row.amount, planned, row.bears_from),
            falling(row.base, row.amount, met.get((row.plan, row.account), []), row.bears_from),
            row.rate, pauses.get(row.account, ()),
        )  # fmt: skip
        done += _parts(session, row, bearing, row.ends_on, by=by, at=at)
    return done


def _parts(session: Session, row: Row[Any], bearing: Bearing, ends_on: date, *, by: Actor, at: datetime) -> int:
    """Posts the parts of one account that are due, and keeps the day of its next one."""
    last = last_part_on(row.agreed_on, ends_on)
    day, after, before, standing, done = row.interest_next, row.after, row.expected, row.standing, 0
    while day is not None and day <= row.closed:
        until = ends_on if day == last else day
        agreed = row.interest if day == last else min(bearing.expected(until), row.interest)
        part = max(agreed - before, 0)
        charged = bearing.charged(after, until, expected=part, standing=standing)
        session.add(PlanInterest(arrangement_id=row.plan, account_id=row.account, creditor_id=row.creditor, until=day,
                                 expected=part, charged=charged, recorded_at=at))  # fmt: skip
        following = part_on(day + timedelta(days=1), last)
        session.execute(_NEXT, {"plan": row.plan, "account": row.account, "next": following})
        if charged:
            ledger.post(session, session.get_one(Account, row.account), "interest", charged, value_date=day,
                        key=f"plan-interest/{row.plan}/{row.account}/{day}", by=by, at=at)  # fmt: skip
        elif part:
            monitoring.judge(session, [row.account], by=by, at=at)
        before, standing, after, day, done = agreed, standing + charged, day, following, done + 1
    return done


_ACCOUNTS: Final = text("select account_id from arrangement_account where arrangement_id = any(:ids)")
_NEXT: Final = text(
    "update arrangement_account set interest_next = :next where arrangement_id = :plan and account_id = :account"
)

_CLOSED: Final = """
closed as materialized (
  select c.id, (select max(d.day) from day_run d where d.creditor_id = c.id and d.finished_at is not null) as day
  from creditor c),
due as (
  select a.*, g.agreed_on, k.day as closed
  from arrangement_account a join arrangement g on g.id = a.arrangement_id join closed k on k.id = a.creditor_id
  where a.interest_next <= k.day and a.ended_at is null and g.state in ('live', 'broken'))
"""

_DUE: Final = text(f"""
with {_CLOSED}
select arrangement_id as plan, max(closed) as day from due d
group by 1
having not exists (select from stuck s where s.arrangement_id = d.arrangement_id and s.cleared_at is null
                     and s.day >= max(d.closed))
order by 1 limit :most
""")

# What is charged stands as the ledger has it: what was taken back does not.
_PARTS: Final = text(f"""
with {_CLOSED}
select d.arrangement_id as plan, d.account_id as account, d.creditor_id as creditor, d.amount, d.base, d.rate,
  d.bears_from, d.interest, d.interest_next, d.agreed_on, d.closed, p.after,
  coalesce(p.expected, 0)::bigint as expected,
  coalesce((select sum(e.amount) from entry e left join entry o on o.id = e.reverses
            where e.account_id = d.account_id and e.kind = 'interest'
              and coalesce(o.key, e.key) like format('plan-interest/%s/%%', d.arrangement_id)), 0)::bigint as standing,
  (select max(due_on) from instalment i where i.arrangement_id = d.arrangement_id) as ends_on
from due d
left join lateral (select max(until) as after, sum(expected) as expected from plan_interest i
                   where i.arrangement_id = d.arrangement_id and i.account_id = d.account_id) p on true
where d.arrangement_id = any(:ids) order by d.arrangement_id, d.account_id
""")

_PLANNED: Final = text("""
select i.arrangement_id, s.account_id, i.due_on,
  s.amount - case when i.n = max(i.n) over (partition by i.arrangement_id) then coalesce(a.interest, 0) else 0 end
from instalment i join instalment_share s on s.instalment_id = i.id
join arrangement_account a on a.arrangement_id = i.arrangement_id and a.account_id = s.account_id
where i.arrangement_id = any(:ids) order by i.arrangement_id, s.account_id, i.n
""")
