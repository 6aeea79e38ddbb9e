"""Paid to a plan: which of its instalments money has met. Derived, for any day.

Money counts that the covered sum did not know: valued after the day of the agreement, or booked
after the agreement was made (by transaction number, which no moved clock can change; within one
transaction by the moment recorded). It meets what stands in the plan for its own account, in the
order of its value date: instalments due by then, oldest first; then what else is due on the
account; then later instalments. Money named for the plan meets its instalments first, due ones and
then later ones, whatever else is due; what they do not take is like any other money. Named for a
plan that had ended by then, it is like any other money too. What no share takes is over, so no sum
counts twice. A payment that was given back counts until its return only. What lowers the debt
without money (a lowering adjustment, a write-off, a covered charge that was taken back) meets
instalments as money does: nobody is asked for what is not owed. Where such a sum had to move on
(`debts/ledger.py`), its *origin* decides: the row that it came from, its day and whether the
covered sum knew it; moving lowers no debt. Announced money comes after all that was booked, on the
day it is expected, and is told apart. (glossary *paid to a plan*)

What else is due: contractual dues from the day of the agreement on, what was charged since then, and
what an older payment or lowering adjustment had met that was taken back since; on a scheduled account
also costs and fees that the plan does not cover.

Interest of the plan stands in its last instalment. What of it was expected by now and not charged is taken off that
instalment. Where all that is left of an account's instalments is interest of parts to come, nothing is left: whoever
pays early pays none for the days to come. Entries of this interest are nothing else due.

A completed plan stays open for money until another one takes the account: what goes back opens it.

Everything is read by account, so a joint debtor who sees one account of a plan sees what was paid
on that account, and the shares of that account alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from cases.debts.entry import COMPONENTS


@dataclass(frozen=True, slots=True)
class SharePaid:
    """One account's part of an instalment: due, paid and announced, in minor units.

    `interest`: how much of what is due is interest of the plan, at the yearly `rate` in per cent.
    """

    account: int
    creditor: int
    due: int
    paid: int
    announced: int
    interest: int = 0
    rate: Decimal | None = None

    @property
    def left(self) -> int:
        """What is neither paid nor on its way."""
        return self.due - self.paid - self.announced


@dataclass(frozen=True, slots=True)
class InstalmentPaid:
    """An instalment and what has met it, summed over the shares that the asker may see; minor units."""

    id: int
    arrangement: int
    n: int
    part: str
    nominal_on: date
    due_on: date
    shares: tuple[SharePaid, ...]

    @property
    def due(self) -> int:
        """The whole instalment."""
        return sum(share.due for share in self.shares)

    @property
    def paid(self) -> int:
        """What money has met of it."""
        return sum(share.paid for share in self.shares)

    @property
    def announced(self) -> int:
        """What is on its way to it."""
        return sum(share.announced for share in self.shares)

    @property
    def left(self) -> int:
        """What is neither paid nor on its way: what a reminder may be about."""
        return sum(share.left for share in self.shares)


@dataclass(frozen=True, slots=True)
class Dated:
    """A sum in minor units and the day it counts from. `named`: money that was named for the plan."""

    on: date
    minor: int
    named: bool = False


def meet(
    shares: Sequence[Dated], others: Sequence[Dated], money: Iterable[Dated], announced: Iterable[Dated] = ()
) -> list[tuple[int, int]]:
    """What booked and announced money meets of one account's shares of a plan: (paid, announced) each. Pure.

    `shares` stand in the order of the plan; `others` is what else falls due on the account.
    """
    left = [share.minor for share in shares]
    other = [each.minor for each in others]
    spread = [list(_spread(shares, others, sums, left, other)) for sums in (money, announced)]
    return list(zip(*([sum(met[i] for _, met in each) for i in range(len(shares))] for each in spread), strict=True))


def _spread(
    shares: Sequence[Dated], others: Sequence[Dated], sums: Iterable[Dated], left: list[int], other: list[int]
) -> Iterator[tuple[date, list[int]]]:
    """Each sum in its order with its day and what it meets of each share; takes it off what is left."""

    def take(i: int, minor: int, met: list[int]) -> int:
        part = min(minor, left[i])
        left[i] -= part
        met[i] += part
        return minor - part

    for item in sorted(sums, key=lambda each: (each.on, not each.named)):
        minor, met = item.minor, [0] * len(shares)
        if item.named:
            for i in sorted(range(len(shares)), key=lambda i: shares[i].on > item.on):
                minor = take(i, minor, met)
        for i in [i for i, share in enumerate(shares) if share.on <= item.on]:
            minor = take(i, minor, met)
        for i, each in enumerate(others):
            if each.on <= item.on:
                part = min(minor, other[i])
                other[i] -= part
                minor -= part
        for i in range(len(shares)):
            minor = take(i, minor, met)
        yield item.on, met


def paid_to_plans(session: Session, arrangements: Sequence[int], on: date) -> dict[int, list[InstalmentPaid]]:
    """The instalments of these plans in order, with what has met each by the day `on`. Two statements.

    Works for the person and for a joint debtor alike: each sees the shares of their own accounts.
    """
    ids = list(arrangements)
    if not ids:
        return {}
    rows = session.execute(_SHARES, {"ids": ids, "on": on}).all()
    facts = _facts(session, ids, on)
    met: dict[tuple[int, int], SharePaid] = {}
    for (plan, account), theirs in _grouped(rows).items():
        known = facts.get((plan, account), {})
        dues = [row.minor for row in theirs]
        dues[-1] -= theirs[-1].waived
        result = meet([Dated(row.due_on, due) for row, due in zip(theirs, dues, strict=True)],
                      sorted(known.get("other", []), key=_on), known.get("money", []),
                      known.get("announced", []))  # fmt: skip
        if sum(dues) - sum(map(sum, result)) <= theirs[-1].coming:
            dues = [paid + announced for paid, announced in result]
        interest = max(theirs[-1].interest - (sum(row.minor for row in theirs) - sum(dues)), 0)
        for n, (row, due, (paid, announced)) in enumerate(zip(theirs, dues, result, strict=True), 1):
            borne = interest if n == len(theirs) else 0
            met[row.id, account] = SharePaid(account, row.creditor, due, paid, announced, borne, row.rate)
    parts: dict[int, list[SharePaid]] = {}
    for row in rows:
        parts.setdefault(row.id, []).append(met[row.id, row.account])
    found: dict[int, list[InstalmentPaid]] = {plan: [] for plan in ids}
    for row in rows:
        if row.id in parts:
            found[row.plan].append(InstalmentPaid(row.id, row.plan, row.n, row.part, row.nominal_on, row.due_on,
                                                  tuple(parts.pop(row.id))))  # fmt: skip
    return found


def met_by_day(
    session: Session, arrangements: Sequence[int], on: date
) -> dict[tuple[int, int], list[tuple[date, int]]]:
    """What money has met of these plans by the day `on`: (day, minor units), by plan and account. Two statements.

    Money that went back by that day is not among it.
    """
    ids = list(arrangements)
    rows = session.execute(_SHARES, {"ids": ids, "on": on}).all()
    facts = _facts(session, ids, on)
    found: dict[tuple[int, int], list[tuple[date, int]]] = {}
    for key, theirs in _grouped(rows).items():
        known = facts.get(key, {})
        others = sorted(known.get("other", []), key=_on)
        shares = [Dated(row.due_on, row.minor) for row in theirs]
        spread = _spread(shares, others, known.get("money", []), [row.minor for row in theirs],
                         [each.minor for each in others])  # fmt: skip
        found[key] = [(day, sum(met)) for day, met in spread]
    return found


def next_instalment(instalments: Sequence[InstalmentPaid]) -> InstalmentPaid | None:
    """The first instalment that is neither paid nor on its way in full; its day may have passed."""
    return next((each for each in instalments if each.left), None)


def _on(dated: Dated) -> date:
    return dated.on


def _facts(session: Session, plans: Sequence[int], on: date) -> dict[tuple[int, int], dict[str, list[Dated]]]:
    """What meets the shares of each account of each plan, and what else is due."""
    found: dict[tuple[int, int], dict[str, list[Dated]]] = {}
    for plan, account, what, day, minor, named in session.execute(_FACTS, {"ids": plans, "on": on}):
        found.setdefault((plan, account), {}).setdefault(what, []).append(Dated(day, int(minor), named))
    return found


def _grouped(rows: Sequence[Row[Any]]) -> dict[tuple[int, int], list[Row[Any]]]:
    """The shares of each account of each plan, in the order of the plan."""
    found: dict[tuple[int, int], list[Row[Any]]] = {}
    for row in rows:
        found.setdefault((row.plan, row.account), []).append(row)
    return found


# `coming`: interest of parts to come; `waived`: what was expected by the day and does not stand in the ledger.
_SHARES: Final = text("""
with a as materialized (
  select a.*, coalesce(p.expected, 0) as expected, coalesce(l.standing, 0) as standing
  from arrangement_account a
  left join lateral (
    select sum(i.expected) as expected from plan_interest i
    where a.interest is not null and i.arrangement_id = a.arrangement_id and i.account_id = a.account_id
      and i.until <= :on) p on true
  left join lateral (
    select sum(e.amount) as standing from entry e left join entry o on o.id = e.reverses
    where a.interest is not null and e.account_id = a.account_id and e.kind = 'interest' and e.value_date <= :on
      and coalesce(o.key, e.key) like format('plan-interest/%s/%%', a.arrangement_id)) l on true
  where a.arrangement_id = any(:ids))
select i.arrangement_id as plan, i.id, i.n, i.part, i.nominal_on, i.due_on,
  s.account_id as account, s.creditor_id as creditor, s.amount as minor,
  coalesce(a.interest, 0) as interest, a.rate, coalesce(a.interest - a.expected, 0)::bigint as coming,
  greatest(a.expected - a.standing, 0)::bigint as waived
from instalment i
join instalment_share s on s.instalment_id = i.id
join a on a.arrangement_id = i.arrangement_id and a.account_id = s.account_id
where i.arrangement_id = any(:ids)
order by i.arrangement_id, i.n, a.nth
""")

# `p`: each account of each plan, and the plan that took its place, if any. `new`: what the covered
# sum did not know; `late`: what came after this plan's end, and so counts in the next one.
_NEW: Final = """(e.v > {0}.agreed_on or e.booked > {0}.tx or e.booked = {0}.tx
      and (e.v = {0}.agreed_on and e.r >= {0}.agreed_at or e.v < {0}.agreed_on and e.r > {0}.agreed_at))"""

# The keys that what moved may have now, by the key of its mirror `b`.
_MOVED: Final = "array[{}]".format(
    ", ".join(f"regexp_replace(b.key, '/back/([0-9]+)$', '/to/\\1/{component}')" for component in COMPONENTS)
)

_FACTS: Final = text(f"""
with recursive p as (
  select g.id as plan, a.account_id, g.agreed_on, g.agreed_at, g.tx, k.ended_at,
    (k.ended_at at time zone c.zone)::date as ended_on, x.id as next,
    coalesce(d.scheduled, false) as scheduled, coalesce(d.interest, false) as interest
  from arrangement g
  join arrangement_account a on a.arrangement_id = g.id
  join creditor c on c.id = a.creditor_id
  left join lateral (select true as scheduled, bool_or(u.component <> 'principal') as interest from due u
                     where u.account_id = a.account_id and u.replaced_at is null and u.amount > 0
                     group by u.account_id) d on true
  left join lateral (select min(y.arrangement_id) as id from arrangement_account y
                     where y.account_id = a.account_id and y.arrangement_id > g.id) x on true
  cross join lateral (select case when g.state <> 'completed' or x.id is not null then a.ended_at end as ended_at) k
  where g.id = any(:ids)),
e as (
  select p.plan, x.*, coalesce(y.value_date, x.value_date) as v, coalesce(y.recorded_at, x.recorded_at) as r,
    coalesce(y.tx, x.tx) as booked, y.returns, coalesce(w.arrangement_id = p.plan, false) as named,
    exists (select from entry m where m.reverses = x.id and m.value_date <= :on) as taken_back
  from p join entry x on x.account_id = p.account_id left join payment y on y.id = x.payment_id
  left join payment_named w on w.payment_id = x.payment_id),
n as (
  select e.*, p.agreed_on, p.scheduled, p.interest,
    {_NEW.format("p")} as new,
    (p.ended_at is not null and (e.v > p.ended_on or z.id is not null and {_NEW.format("z")})) as late
  from e join p on p.plan = e.plan and p.account_id = e.account_id left join arrangement z on z.id = p.next
  where e.v <= :on),
-- what lowers the debt without money, each row with its origin: what moved left the mirror K/back/N
-- and stands as K/to/N/…
o as (
  select plan, id, id as origin from e
  where amount < 0 and reverses is null and payment_id is null and kind in ('adjustment', 'write_off', 'payment')
    and key !~ '/to/[0-9]+/[a-z]+$'
  union all
  select o.plan, t.id, o.origin
  from o join entry b on b.reverses = o.id and b.key ~ '/back/[0-9]+$'
  join entry t on t.creditor_id = b.creditor_id and t.account_id = b.account_id
    and t.key = any({_MOVED})),
-- what was taken back of it: the mirrors but those of a move
gone as (
  select o.plan, o.origin, m.id, m.amount as minor
  from o join n m on m.plan = o.plan and m.reverses = o.id
  where m.key !~ '/back/[0-9]+$')
-- money: a payment's parts together, so that a part moved within its payment is not money again
select plan, account_id, 'money' as what, greatest(v, agreed_on) as on, -sum(amount) as minor, named
from n
where kind = 'payment' and payment_id is not null and new and not late and returns is null
  and not exists (select from payment b where b.returns = n.payment_id and b.value_date <= :on)
group by plan, account_id, payment_id, v, agreed_on, named having sum(amount) < 0
union all
-- other sums that lower the debt, once, on their origin's day
select n.plan, n.account_id, 'money', greatest(n.v, n.agreed_on), -n.amount - coalesce(g.minor, 0), false
from n left join (select plan, origin as id, sum(minor) as minor from gone group by 1, 2) g using (plan, id)
where n.new and not n.late and (n.plan, n.id) in (select plan, origin from o) and -n.amount > coalesce(g.minor, 0)
union all
-- one that the covered sum knew and that was taken back since: what it had met is due again
select n.plan, n.account_id, 'other', greatest(n.v, n.agreed_on), n.amount, false
from n join gone g on g.plan = n.plan and g.id = n.id join n f on f.plan = g.plan and f.id = g.origin
where n.new and not f.new
union all
-- a covered charge, fee or interest that was taken back later
select n.plan, n.account_id, 'money', greatest(n.v, n.agreed_on), -n.amount, false
from n join n o on o.plan = n.plan and o.id = n.reverses
where n.new and not n.late and n.amount < 0 and n.kind <> 'payment' and not o.new
union all
-- what was charged since
select plan, account_id, 'other', greatest(coalesce(due_on, v), agreed_on), amount, false
from n
where new and amount > 0 and reverses is null and not taken_back and coalesce(due_on, v) <= :on
  and kind in ('charge', 'interest', 'fee', 'cost', 'adjustment') and key not like format('plan-interest/%s/%%', plan)
  and not (scheduled and (kind = 'charge' and due_on is null or kind = 'interest' and interest))
union all
-- an older payment that was given back since: what it had met is due again
select n.plan, n.account_id, 'other', greatest(n.v, n.agreed_on), sum(n.amount), false
from n join n o on o.plan = n.plan and o.id = n.reverses
where n.kind = 'payment' and n.new and not o.new and n.returns is not null
group by n.plan, n.account_id, n.payment_id, n.v, n.agreed_on having sum(n.amount) > 0
union all
-- contractual dues from the agreement on
select p.plan, p.account_id, 'other', u.due_on, u.amount, false
from p join due u on u.account_id = p.account_id
where u.replaced_at is null and u.amount > 0 and u.due_on >= p.agreed_on and u.due_on <= :on
union all
-- costs and fees that a scheduled account owed already: the plan does not cover them
select plan, account_id, 'other', agreed_on, sum(amount), false
from n where scheduled and component in ('fee', 'cost') and not new
group by plan, account_id, agreed_on having sum(amount) > 0
union all
select p.plan, p.account_id, 'announced', greatest(m.expected_on, p.agreed_on), m.amount, false
from p join announced m on m.account_id = p.account_id
where p.ended_at is null and m.replaced_at is null and m.announced_on <= :on
  and (m.ended_on is null or m.ended_on > :on)
  and not exists (select from payment b where b.id = m.payment_id and b.value_date <= :on)
""")
