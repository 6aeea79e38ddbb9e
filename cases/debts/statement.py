"""Statement: what was owed at the beginning, what came and went, and what is owed at the end.

Over all debts of a person, for any stretch of days, from the ledger alone. Days are value
dates, read as they are known now: a payment that was booked late stands where it belongs.
Amounts are minor units, plus raises what is owed, so that for each debt, and for each
currency, *opening* + what is under the headings = *closing*, to the penny.

Words:
- *line*: one thing that happened as people tell it. A payment is one line, whatever parts of the
  debt it met; money moved between parts of one debt is none.
- *heading*: charges, interest, fees (and costs), payments (and payments taken back), adjustments
  (corrections, what was written off), refunds. What was taken back stands under its own heading.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from cases.debts.held import Held, held_on
from cases.refusal import refusal_code

NotAPeriod = refusal_code("statement.period", "first", "last")

HEADINGS: Final = ("charges", "interest", "fees", "payments", "adjustments", "refunds")

_HEADING: Final = {
    "charge": "charges",
    "interest": "interest",
    "fee": "fees",
    "cost": "fees",
    "payment": "payments",
    "adjustment": "adjustments",
    "write_off": "adjustments",
    "refund": "refunds",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its day, its kind (of `entry.KINDS`), whether it takes an earlier one back, and what is owed after."""

    on: date
    kind: str
    taken_back: bool
    amount: int
    after: int


@dataclass(frozen=True, slots=True)
class Debt:
    """One debt over the days of a statement."""

    account: int
    ref: str
    creditor: str
    kind: str
    currency: str
    joint: bool
    opening: int
    lines: tuple[Line, ...]

    @property
    def closing(self) -> int:
        """What is owed at the end; below nought when more was paid than owed."""
        return self.lines[-1].after if self.lines else self.opening

    @property
    def sums(self) -> dict[str, int]:
        """The sum under each heading."""
        return _sums(self.lines)


@dataclass(frozen=True, slots=True)
class Purse:
    """The debts in one currency, and their totals."""

    currency: str
    debts: tuple[Debt, ...]

    @property
    def opening(self) -> int:
        """What was owed on all of them at the beginning."""
        return sum(debt.opening for debt in self.debts)

    @property
    def closing(self) -> int:
        """What is owed on all of them at the end."""
        return sum(debt.closing for debt in self.debts)

    @property
    def sums(self) -> dict[str, int]:
        """The sum under each heading."""
        return _sums(line for debt in self.debts for line in debt.lines)

    @property
    def payments(self) -> int:
        """How many payments came, those that were taken back left out."""
        lines = [line for debt in self.debts for line in debt.lines if line.kind == "payment"]
        return sum(1 for line in lines if line.amount < 0) - sum(1 for line in lines if line.amount > 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan in force at the end, as far as it covers these debts: `count` payments, mostly of `amount` each."""

    id: int
    currency: str
    rhythm: str
    amount: int
    count: int
    first_on: date
    last_on: date
    creditors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All debts of a person from the day `first` to the day `last`, both in it; plans and holds in force at its end."""

    first: date
    last: date
    purses: tuple[Purse, ...]
    plans: tuple[Plan, ...]
    holds: tuple[Held, ...] = ()

    @property
    def on_hold(self) -> list[tuple[Debt, tuple[Held, ...]]]:
        """The debts that were on hold at its end, with their holds."""
        held: dict[int, tuple[Held, ...]] = {}
        for each in self.holds:
            held[each.account] = (*held.get(each.account, ()), each)
        return [(debt, held[debt.account]) for purse in self.purses for debt in purse.debts if debt.account in held]


def statement_of(session: Session, people: Sequence[int], first: date, last: date, *, at: datetime) -> Statement:
    """The statement of these ids (one person's, all joined), as it is known now. Four queries.

    It ends at the latest on the day that it is for a creditor at `at`. Debts that were nought all the time are left
    out. Raises NotAPeriod where `last` comes before `first`, or has not come yet.
    """
    if last < first:
        raise NotAPeriod(first=first, last=last)
    accounts = session.execute(_ACCOUNTS, {"people": list(people), "at": at}).all()
    if accounts and last > max(row.today for row in accounts):
        raise NotAPeriod(first=first, last=last)
    entries: dict[int, list[Row[tuple[object, ...]]]] = {row.id: [] for row in accounts}
    for entry in session.execute(_ENTRIES, {"accounts": list(entries), "last": last}):
        entries[entry.account_id].append(entry)
    purses: dict[str, list[Debt]] = {}
    for row in accounts:
        debt = _debt(row, entries[row.id], first)
        if debt.opening or debt.lines:
            purses.setdefault(row.currency, []).append(debt)
    plans = session.execute(_PLANS, {"accounts": list(entries), "last": last})
    return Statement(
        first,
        last,
        tuple(Purse(currency, tuple(debts)) for currency, debts in purses.items()),
        tuple(Plan(**{**row._mapping, "creditors": tuple(row.creditors)}) for row in plans),
        tuple(held_on(session, list(entries), last)),
    )


def first_year(session: Session, people: Sequence[int]) -> int | None:
    """The year of the first thing booked on any debt of these ids; None where nothing is."""
    found: date | None = session.scalar(_FIRST, {"people": list(people)})
    return found.year if found else None


_OWED: Final = """
from account a
join creditor c on c.id = a.creditor_id
join lateral (select bool_or(role <> 'holder') as joint from liability
              where account_id = a.id and person_id = any(:people) and replaced_at is null and not withdrawn
              having count(*) > 0) l on true"""

_ACCOUNTS: Final = text(f"""
select a.id, a.ref, a.currency, coalesce(t.debt_type, '') as kind, c.name as creditor,
  coalesce(l.joint, false) as joint, (cast(:at as timestamptz) at time zone c.zone)::date as today
{_OWED}
left join account_terms t on t.account_id = a.id and t.replaced_at is null
order by c.name, a.id
""")

# What lowers a debt may be several rows: a part on credit (`/2`), and mirrors and new rows where it moved on inside the
# debt (`ledger.move_surplus`), which come to nought.
_ENTRIES: Final = text("""
select e.account_id, e.value_date, e.kind, sum(e.amount)::bigint as amount,
  bool_and(e.reverses is not null) or coalesce(bool_or(p.returns is not null), false) as taken_back
from entry e left join payment p on p.id = e.payment_id
where e.account_id = any(:accounts) and e.value_date <= :last
group by e.account_id, e.value_date, e.kind, e.payment_id,
  case when e.payment_id is not null then '' when e.kind in ('adjustment', 'write_off')
    then regexp_replace(e.key, '(/2|/(back|to)/[0-9]+.*)$', '') else e.key end
having sum(e.amount) <> 0
order by e.value_date, min(e.id)
""")

# Of each payment what these debts get: a joint debtor learns nothing of the other's. A plan is in force on a
# day when it was agreed by then and had not ended, on its creditor's clock.
_PLANS: Final = text("""
with covered as (
  select x.arrangement_id, x.account_id, c.name
  from arrangement_account x join creditor c on c.id = x.creditor_id join arrangement g on g.id = x.arrangement_id
  where x.account_id = any(:accounts) and g.agreed_on <= :last
    and (x.ended_at is null or (x.ended_at at time zone c.zone)::date > :last)),
paid as (
  select i.arrangement_id, i.n, i.due_on, sum(s.amount)::bigint as amount
  from instalment i join instalment_share s on s.instalment_id = i.id
  join covered v on v.arrangement_id = i.arrangement_id and v.account_id = s.account_id
  group by i.arrangement_id, i.n, i.due_on)
select g.id, g.currency, g.rhythm, mode() within group (order by p.amount) as amount, count(*) as count,
  min(p.due_on) as first_on, max(p.due_on) as last_on,
  (select array_agg(distinct v.name order by v.name) from covered v where v.arrangement_id = g.id) as creditors
from arrangement g join paid p on p.arrangement_id = g.id
group by g.id order by g.currency, g.id
""")

_FIRST: Final = text(f"select min(e.value_date) from entry e where e.account_id in (select a.id {_OWED})")


def _debt(account: Row[tuple[object, ...]], entries: Sequence[Row[tuple[object, ...]]], first: date) -> Debt:
    opening = sum(entry.amount for entry in entries if entry.value_date < first)
    after, lines = opening, []
    for entry in entries:
        if entry.value_date >= first:
            after += entry.amount
            lines.append(Line(entry.value_date, entry.kind, entry.taken_back, entry.amount, after))
    return Debt(account.id, account.ref, account.creditor, account.kind, account.currency, account.joint,
                opening, tuple(lines))  # fmt: skip


def _sums(lines: Iterable[Line]) -> dict[str, int]:
    sums = dict.fromkeys(HEADINGS, 0)
    for line in lines:
        sums[_HEADING[line.kind]] += line.amount
    return sums
