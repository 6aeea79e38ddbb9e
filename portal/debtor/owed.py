"""What a person owes: every figure of home and of a debt's page, from the facts, in a few statements.

Nothing here is stored, and the steps behind each figure come with it (`cases/arrears/explain.py`), so
a page can never show a sum that its own *Why* does not add up to.

Words: *debt*: an account as its page shows it, as of its creditor's day. *Open*: something is owed
on it, or falls due later. *Quiet*: on hold, so that nobody asks for it (`cases/debts/hold.py`).
*Purse*: all open debts in one currency, what is on its way to them, and what will be owed once that
has arrived. Sums are minor units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements.paid import InstalmentPaid, next_instalment, paid_to_plans
from cases.arrears.explain import Demand, Explained, Fact, Facts, Reckoning, by_component, explain, gather, reckon
from cases.debts.announced import Announced, on_its_way
from cases.debts.held import HOLDS_OF, Held, stops, until


@dataclass(frozen=True, slots=True)
class Disputed:
    """What this person said of a debt last, and our answer: a code of `dispute.ANSWERS`, and words."""

    id: int
    made_at: datetime
    answer: str | None
    words: str | None
    answered_at: datetime | None

    @classmethod
    def read(cls, row: Mapping[str, Any] | None) -> "Disputed | None":
        """The newest dispute, as the question about accounts gives it."""
        if row is None:
            return None
        at = row["answered_at"]
        return cls(row["id"], datetime.fromisoformat(row["made_at"]), row["answer"], row["words"],
                   datetime.fromisoformat(at) if at else None)  # fmt: skip


@dataclass(frozen=True)
class Debt:
    """One account on its creditor's day `today`."""

    id: int
    ref: str
    currency: str
    kind: str
    creditor: str
    zone: str
    today: date
    joint: bool
    plan: int | None
    holds: tuple[Held, ...]
    disputed: Disputed | None
    facts: Facts
    arrears: Explained
    components: dict[str, int]
    announced: tuple[Announced, ...]

    @property
    def balance(self) -> int:
        """What is owed; below nought when more was paid than owed."""
        return sum(self.components.values())

    @property
    def open(self) -> bool:
        """Whether it belongs among the debts and not among the paid ones."""
        return self.balance > 0 or self.arrears.next_due is not None

    @property
    def quiet(self) -> bool:
        """Whether nobody asks for it now."""
        return stops(self.holds, "reminders")

    @property
    def held_until(self) -> tuple[date | None, date | None]:
        """The last day of its hold, else the day on which it is looked at again."""
        return until(self.holds)

    @property
    def on_its_way(self) -> int:
        """Announced and not yet booked."""
        return sum(each.amount for each in self.announced)

    @property
    def next_demand(self) -> Demand | None:
        """The next contractual sum that is not met yet."""
        return next((d for d in self.arrears.demands if d.due_on >= self.today and d.open > 0), None)

    @property
    def last_on(self) -> date | None:
        """The value date of the last entry by today."""
        last = self._last
        return last.value_date if last else None

    @property
    def ended_by_payment(self) -> bool:
        """Whether the last thing booked was money received."""
        last = self._last
        return last is not None and last.kind == "payment"

    @property
    def _last(self) -> Fact | None:
        """The last entry by today: they stand in the order of their value dates."""
        return next((e for e in reversed(self.facts.entries) if e.value_date <= self.today), None)

    def reckoning(self) -> Reckoning:
        """What the balance is made of, by kind."""
        return reckon(self.facts.entries, self.today)


@dataclass(frozen=True)
class Purse:
    """What is owed in one currency."""

    currency: str
    debts: tuple[Debt, ...]

    @property
    def owed(self) -> int:
        """What is owed now, over all debts on which anything is."""
        return sum(max(debt.balance, 0) for debt in self.debts)

    @property
    def creditors(self) -> int:
        """To how many creditors."""
        return len({debt.creditor for debt in self.debts if debt.balance > 0})

    @property
    def announced(self) -> list[Announced]:
        """What is on its way to these debts, oldest first."""
        return sorted((a for debt in self.debts for a in debt.announced), key=lambda a: (a.announced_at, a.id))

    @property
    def too_much(self) -> int:
        """What of that is more than its debt: it will not lower another."""
        return sum(max(debt.on_its_way - max(debt.balance, 0), 0) for debt in self.debts)

    @property
    def owed_then(self) -> int:
        """What will be owed once it has arrived."""
        return self.owed - sum(a.amount for a in self.announced) + self.too_much

    def reckoning(self) -> list[tuple[str, int]]:
        """Name and signed sum of each line over the debts on which anything is owed; they add up to `owed`."""
        sums: dict[str, int] = {}
        for debt in self.debts:
            if debt.balance > 0:
                for name, amount in debt.reckoning().lines:
                    sums[name] = sums.get(name, 0) + amount
        return [(name, sums[name]) for name in Reckoning.__slots__ if sums.get(name)]


@dataclass(frozen=True)
class Plan:
    """A live plan as its person, or a joint debtor, may see it. `quiet`: those of its accounts that are so now."""

    id: int
    currency: str
    today: date
    instalments: tuple[InstalmentPaid, ...]
    quiet: frozenset[int] = frozenset()

    @cached_property
    def next(self) -> InstalmentPaid | None:
        """The first payment that is neither made nor on its way in full, without what nobody asks for now."""
        return next_instalment([self._asked(each) for each in self.instalments])

    @property
    def resting(self) -> bool:
        """Whether all that is left of it is on hold."""
        return self.next is None and next_instalment(self.instalments) is not None

    @property
    def late(self) -> bool:
        """Whether that one's day has passed."""
        return self.next is not None and self.next.due_on < self.today

    def covers(self, account: int) -> int:
        """What of this plan is not paid yet on an account: so much of what is overdue there it takes care of."""
        return sum(share.due - share.paid for each in self.instalments for share in each.shares
                   if share.account == account)  # fmt: skip

    @property
    def made(self) -> int:
        """How many payments are made in full."""
        return sum(1 for each in self.instalments if each.paid == each.due)

    @property
    def coming(self) -> int:
        """How many payments are on their way, the rest of them being made."""
        return sum(1 for each in self.instalments if each.paid != each.due and not each.left)

    @cached_property
    def row(self) -> list[str]:
        """The even row: done, coming (on its way in full), now, late, or to come."""
        shown = []
        for each in self.instalments:
            if each.paid == each.due:
                shown.append("done")
            elif not each.left:
                shown.append("coming")
            elif not self._asked(each).left:
                shown.append("")
            elif each.due_on < self.today:
                shown.append("late")
            else:
                shown.append("now" if self.next is not None and each.id == self.next.id else "")
        return shown

    def _asked(self, each: InstalmentPaid) -> InstalmentPaid:
        """An instalment without what nobody asks for now."""
        if not self.quiet:
            return each
        return replace(each, shares=tuple(share for share in each.shares if share.account not in self.quiet))


_ACCOUNTS: Final = text(f"""
select a.id, a.ref, a.currency, coalesce(t.debt_type, '') as kind, c.name as creditor, c.zone,
  z.today, coalesce(l.joint, false) as joint,
  (select p.arrangement_id from arrangement_account p where p.account_id = a.id and p.ended_at is null) as plan,
  {HOLDS_OF.format(account="a.id", day="z.today")} as holds,
  (select json_build_object('id', s.id, 'made_at', s.made_at, 'answer', s.answer, 'words', s.words,
     'answered_at', s.answered_at)
   from dispute s where s.account_id = a.id and s.person_id = any(:people) order by s.id desc limit 1) as disputed
from account a
join creditor c on c.id = a.creditor_id
cross join lateral (select (cast(:at as timestamptz) at time zone c.zone)::date as today) z
join lateral (select bool_or(role <> 'holder') as joint from liability
              where account_id = a.id and person_id = any(:people) and replaced_at is null and not withdrawn
              having count(*) > 0) l on true
left join account_terms t on t.account_id = a.id and t.replaced_at is null
where cast(:account as bigint) is null or a.id = :account
order by c.name, a.id
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """An account without its figures."""

    id: int
    ref: str
    currency: str
    kind: str
    creditor: str
    zone: str
    today: date
    joint: bool
    plan: int | None
    holds: tuple[Held, ...]
    disputed: Disputed | None

    @property
    def quiet(self) -> bool:
        """Whether nobody asks for it now."""
        return stops(self.holds, "reminders")


def standing(session: Session, people: Sequence[int], at: datetime, account: int | None = None) -> list[Standing]:
    """The accounts that these ids (one person's, all joined) owe, or one of them. One statement."""
    rows = session.execute(_ACCOUNTS, {"people": list(people), "at": at, "account": account})
    return [
        Standing(**{**row._mapping, "holds": Held.read(row.id, row.holds), "disputed": Disputed.read(row.disputed)})
        for row in rows
    ]


def debts_of(session: Session, people: Sequence[int], at: datetime, account: int | None = None) -> list[Debt]:
    """The debts of these ids (one person's, all joined), or one of them. Four statements."""
    rows = standing(session, people, at, account)
    if not rows:
        return []
    facts = gather(session, [row.id for row in rows])
    coming: dict[int, list[Announced]] = {}
    for each in on_its_way(session, {row.id: row.today for row in rows}):
        coming.setdefault(each.account_id, []).append(each)
    return [_debt(row, facts[row.id], coming.get(row.id, [])) for row in rows]


def purses(debts: Sequence[Debt]) -> list[Purse]:
    """The open debts by currency, in the order of their first creditor."""
    found: dict[str, list[Debt]] = {}
    for debt in debts:
        if debt.open:
            found.setdefault(debt.currency, []).append(debt)
    return [Purse(currency, tuple(each)) for currency, each in found.items()]


def plans_over(session: Session, debts: Sequence[Debt | Standing]) -> list[Plan]:
    """The live plans over these debts, with what is paid to them. Two statements, none without a plan."""
    ids = sorted({debt.plan for debt in debts if debt.plan is not None})
    if not ids:
        return []
    today = max(debt.today for debt in debts)
    paid = paid_to_plans(session, ids, today)
    currency = {debt.plan: debt.currency for debt in debts}
    quiet = {plan: frozenset(debt.id for debt in debts if debt.plan == plan and debt.quiet) for plan in ids}
    return [Plan(plan, currency[plan], today, tuple(paid[plan]), quiet[plan]) for plan in ids if paid[plan]]


def _debt(row: Standing, facts: Facts, announced: list[Announced]) -> Debt:
    known = {each.name: getattr(row, each.name) for each in fields(row)}
    return Debt(**known, facts=facts, arrears=explain(facts, row.today),
                components=dict(by_component(facts.entries, row.today)), announced=tuple(announced))  # fmt: skip
