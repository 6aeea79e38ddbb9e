"""The position of an account: what is overdue, since when, as of a day.

Derived, never told: everything follows from dated facts. A position is kept as a
cache (`position`), with its day and its facts' version; an act that posts or
corrects re-derives its accounts in its own transaction (`refresh`), anyone may
derive for another day (`derived`), and `evenly verify` compares what is kept
with what the facts say.

House rules (rules 1.1, glossary *scheduled / rolling*, *met*):
- An *obligation* is a live due; or a charge that says when it is due, or, on an
  account without dues, any charge on its due date, else its value date; or a
  raising adjustment on its value date. A reversed one is no obligation.
- *fallen*: obligations due before the day (the due date is day 0).
- *met*: money, credit and lowering adjustments on principal and credit (and on
  interest where the schedule includes it), valued by the day, oldest due first.
  So does interest taken back there: else a schedule would ask for more than is owed.
- *overdue* = fallen less met; *since* = the oldest obligation not fully met;
  *days in arrears* = day less since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import BigInteger, Date, Index, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Minor, refers
from cases.history import Actor, Kind


class KeptPosition(Base):
    """The cache: one row an account, true for the end of the day before `as_of` plus what came that day."""

    __tablename__ = "position"

    account_id: Mapped[int] = refers("account.id", primary_key=True)
    creditor_id: Mapped[int] = refers("creditor.id")
    as_of: Mapped[date] = mapped_column(Date)
    fallen: Mapped[Minor]
    met: Mapped[Minor]
    overdue: Mapped[Minor]
    since: Mapped[date | None] = mapped_column(Date)
    rest: Mapped[Minor | None]
    next_due: Mapped[date | None] = mapped_column(Date)
    band: Mapped[str | None] = mapped_column(Text)
    next_change: Mapped[date | None] = mapped_column(Date)
    facts_tx: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("position_next_change", "creditor_id", "next_change", "account_id"),)


@dataclass(frozen=True, slots=True)
class Position:
    """An account's arrears as of a day; amounts in minor units of the account's currency."""

    account: int
    creditor: int
    on: date
    fallen: int
    met: int
    overdue: int
    since: date | None
    rest: int | None
    next_due: date | None
    next_change: date | None

    @property
    def days(self) -> int:
        """Days in arrears: the day less the due date of the oldest obligation not fully met."""
        return (self.on - self.since).days if self.since else 0


DERIVE: Final = """
with a as materialized ({asked}),
s as (select d.account_id, bool_or(d.component <> 'principal') as interest from a join due d using (account_id)
      where d.replaced_at is null and d.amount > 0 group by 1),
o as (select d.account_id, d.due_on, d.amount, 1 as book, d.id from a join due d using (account_id) where d.replaced_at is null and d.amount > 0
      union all
      select e.account_id, coalesce(e.due_on, e.value_date), e.amount, 2, e.id from a join entry e using (account_id) left join s using (account_id)
      where e.kind in ('charge', 'adjustment') and e.amount > 0 and e.reverses is null and e.value_date <= a.on_day
        and (e.kind = 'adjustment' or e.due_on is not null or s.account_id is null)
        and not exists (select from entry m where m.reverses = e.id and m.value_date <= a.on_day)),
f as (select o.account_id, sum(o.amount) filter (where o.due_on < a.on_day) as fallen, min(o.due_on) filter (where o.due_on >= a.on_day) as next_due
      from a join o using (account_id) group by 1),
m as (select e.account_id, -sum(e.amount) filter (where e.value_date <= a.on_day
        and (e.component in ('principal', 'credit') or e.component = 'interest' and s.interest)
        and not (e.kind = 'interest' and e.reverses is null)
        and not (e.kind = 'charge' and (e.reverses is null or e.due_on is not null or s.account_id is null))
        and not (e.kind = 'adjustment' and (e.reverses is null) = (e.amount > 0))) as met,
        min(e.value_date) filter (where e.value_date > a.on_day) as next_value
      from a join entry e using (account_id) left join s using (account_id) group by 1),
t as (select a.account_id, a.creditor_id, a.on_day, coalesce(f.fallen, 0)::bigint as fallen, coalesce(m.met, 0)::bigint as met, f.next_due, m.next_value
      from a left join f using (account_id) left join m using (account_id)),
u as (select account_id, due_on as since, (cum - greatest(met, 0))::bigint as rest from
      (select o.account_id, o.due_on, o.amount, t.met, sum(o.amount) over (partition by o.account_id order by o.due_on, o.book, o.id) as cum
       from t join o using (account_id) where t.fallen > greatest(t.met, 0) and o.due_on < t.on_day) x
      where cum > greatest(met, 0) and cum - amount <= greatest(met, 0)),
r as (select t.account_id, t.creditor_id, t.on_day as as_of, t.fallen, t.met, greatest(t.fallen - greatest(t.met, 0), 0) as overdue,
        u.since, u.rest, t.next_due, least(t.next_due + 1, t.next_value) as next_change
      from t left join (select distinct on (account_id) account_id, since, rest from u order by account_id, since) u using (account_id))
"""
"""Positions, set-based. `{asked}` gives account_id, creditor_id and on_day; the rows are in `r`."""

BY_IDS: Final = "select id as account_id, creditor_id, cast(:on as date) as on_day from account where id = any(cast(:ids as bigint[]))"
BY_CREDITOR: Final = (
    "select id as account_id, creditor_id, cast(:on as date) as on_day from account where creditor_id = :creditor"
)
BY_ZONE: Final = (
    "select x.id as account_id, x.creditor_id, greatest((cast(:at as timestamptz) at time zone c.zone)::date, k.as_of) as on_day"
    " from account x join creditor c on c.id = x.creditor_id left join position k on k.account_id = x.id"
    " where x.id = any(cast(:ids as bigint[]))"
)
KEPT: Final = """
kept as (insert into position (account_id, creditor_id, as_of, fallen, met, overdue, since, rest, next_due, next_change, facts_tx)
  select account_id, creditor_id, as_of, fallen, met, overdue, since, rest, next_due, next_change, (select history_tx()) from r order by account_id
  on conflict (account_id) do update set as_of = excluded.as_of, fallen = excluded.fallen, met = excluded.met, overdue = excluded.overdue,
    since = excluded.since, rest = excluded.rest, next_due = excluded.next_due, next_change = excluded.next_change, facts_tx = excluded.facts_tx)"""
TOLD: Final = f"""
flipped as (select r.* from r left join position k using (account_id)
  where (r.overdue > 0) <> (coalesce(k.overdue, 0) > 0) and (cast(:fresh as boolean) or k.account_id is not null)),
told as (insert into history (at, kind, actor, creditor_id, account_id, facts)
  select cast(:at as timestamptz), case when f.overdue > 0 then '{Kind.ARREARS_ENTERED}' else '{Kind.ARREARS_LEFT}' end, cast(:by as text),
    f.creditor_id, f.account_id, json_build_object('overdue', f.overdue, 'currency', a.currency, 'since', f.since, 'on', f.as_of)
  from flipped f join account a on a.id = f.account_id order by f.account_id)
"""
"""With the rows of `r` kept: one line for each account of which overdue became something, or nothing."""
_COLUMNS: Final = "account_id, creditor_id, as_of, fallen, met, overdue, since, rest, next_due, next_change"


def derived(session: Session, accounts: Sequence[int], on: date) -> dict[int, Position]:
    """The positions of these accounts as of the day `on`, from all facts recorded so far."""
    rows = session.execute(
        text(DERIVE.format(asked=BY_IDS) + f"select {_COLUMNS} from r"), {"ids": list(accounts), "on": on}
    )
    return {row[0]: Position(*row) for row in rows}


def derived_for_creditor(session: Session, creditor: int, on: date) -> list[Position]:
    """The positions of all accounts of a creditor as of the day `on`, in order of id."""
    rows = session.execute(
        text(DERIVE.format(asked=BY_CREDITOR) + f"select {_COLUMNS} from r order by account_id"),
        {"creditor": creditor, "on": on},
    )
    return [Position(*row) for row in rows]


def hold(session: Session, accounts: Sequence[int]) -> None:
    """Holds these positions in order of account: whoever derives them next sees what the night made of them."""
    held = "select account_id from position where account_id = any(:ids) order by account_id for no key update"
    session.execute(text(held), {"ids": list(accounts)})


def refresh(session: Session, accounts: Sequence[int], *, by: Actor, at: datetime, fresh: bool = True) -> None:
    """Re-derives and keeps the positions of these accounts for their creditors' day at the moment `at`.

    A kept position never goes back to an earlier day, whatever clock an act was given. Tells when an account
    falls into arrears or leaves them; one without a position before only where `fresh`.

    Called by every act that posts or corrects, in its own transaction.
    """
    session.flush()
    ids = sorted(set(accounts))
    hold(session, ids)
    session.execute(
        text(DERIVE.format(asked=BY_ZONE) + f", {KEPT},\n{TOLD} select 1"),
        {"ids": ids, "at": at, "by": str(by), "fresh": fresh},
    )
