"""Why: the steps that lead to an account's figures, from the facts alone.

The same rules as `position.py`, walked by hand over one account's facts, so that
each figure can be questioned and two ways of reckoning check each other. Pure;
`gather` reads the facts of several accounts in a fixed number of statements.

Words:
- *demand*: a dated obligation and what meets it, oldest first.
- *steps*: what a person is told, in order; the last one is the figure itself.
- *believed*: only what was recorded by the end of the day asked, in the
  creditor's zone (a correction that came later is not yet known).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Fact:
    """One posted entry; `mirrored_on` is the day its reversal is dated, when it has one by then."""

    id: int
    kind: str
    component: str
    amount: int
    value_date: date
    due_on: date | None
    reverses: int | None
    mirrored_on: date | None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One live due: its day, minor units, and component (principal, interest, or empty for both)."""

    id: int
    due_on: date
    amount: int
    component: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an account."""

    account: int
    dues: tuple[Scheduled, ...]
    entries: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """A dated obligation: `met` of `amount` minor units is met."""

    due_on: date
    amount: int
    met: int

    @property
    def open(self) -> int:
        """What is still to be met, minor units."""
        return self.amount - self.met


@dataclass(frozen=True, slots=True)
class Explained:
    """An account's arrears on a day, and all that they follow from. Amounts in minor units."""

    account: int
    on: date
    demands: tuple[Demand, ...]
    fallen: int
    met: int
    overdue: int
    since: date | None
    next_due: date | None

    @property
    def days(self) -> int:
        """Days in arrears; the due date is day 0."""
        return (self.on - self.since).days if self.since else 0

    @property
    def unmet(self) -> tuple[Demand, ...]:
        """The demands before the day that are not fully met, oldest first; their open sums make `overdue`."""
        return tuple(d for d in self.demands if d.due_on < self.on and d.open > 0)

    @property
    def steps(self) -> list[dict[str, object]]:
        """The steps in order, as codes with facts: minor units, ISO days, counts."""
        fallen = [d for d in self.demands if d.due_on < self.on]
        steps: list[dict[str, object]] = [
            {"step": "fallen_due", "count": len(fallen), "amount": self.fallen},
            {"step": "met", "amount": self.met},
        ]
        if self.since:
            oldest = self.unmet[0]
            steps.append({"step": "oldest_unmet", "due_on": oldest.due_on.isoformat(), "amount": oldest.amount,
                          "met": oldest.met, "open": oldest.open})  # fmt: skip
            steps.append({"step": "counted", "from": self.since.isoformat(), "to": self.on.isoformat(),
                          "days": self.days})  # fmt: skip
        if self.next_due:
            steps.append({"step": "next_due", "due_on": self.next_due.isoformat()})
        steps.append({"step": "overdue", "amount": self.overdue, "days": self.days})
        return steps


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What an account owes on a day and what it is made of; minor units, each line net of what was taken back."""

    charged: int
    interest: int
    fees: int
    costs: int
    raised: int
    paid: int
    lowered: int
    refunded: int

    @property
    def lines(self) -> list[tuple[str, int]]:
        """Name and signed amount of each line that is not nought; they add up to `balance`."""
        named = [(name, getattr(self, name)) for name in self.__slots__]
        return [(name, amount) for name, amount in named if amount]

    @property
    def balance(self) -> int:
        """The sum: what is owed; below nought when more was paid than owed."""
        return sum(amount for _, amount in self.lines)


def explain(facts: Facts, on: date) -> Explained:
    """The arrears of an account on the day `on`, with every demand and what meets it."""
    live = [e for e in facts.entries if e.value_date <= on]
    scheduled = bool(facts.dues)
    includes_interest = any(d.component != "principal" for d in facts.dues)
    demands = [(d.due_on, 1, d.id, d.amount) for d in facts.dues]
    met = 0
    by_id = {e.id: e for e in facts.entries}
    for entry in live:
        if _is_demand(entry, scheduled):
            if entry.mirrored_on is None or entry.mirrored_on > on:
                demands.append((entry.due_on or entry.value_date, 2, entry.id, entry.amount))
            continue
        if entry.reverses in by_id and _is_demand(by_id[entry.reverses], scheduled):
            continue  # it took its own demand away
        if _meets(entry, includes_interest):
            met -= entry.amount
    demands.sort()
    left, out = max(met, 0), []
    for due_on, _, _, amount in demands:
        taken = min(left, amount)
        left -= taken
        out.append(Demand(due_on, amount, taken))
    fallen = sum(d.amount for d in out if d.due_on < on)
    overdue = max(fallen - max(met, 0), 0)
    since = next((d.due_on for d in out if d.due_on < on and d.open > 0), None) if overdue else None
    upcoming = [d.due_on for d in out if d.due_on >= on]
    return Explained(facts.account, on, tuple(out), fallen, met, overdue, since, min(upcoming, default=None))


def reckon(entries: Iterable[Fact], on: date) -> Reckoning:
    """What the entries valued by `on` add up to, by kind."""
    sums: dict[str, int] = dict.fromkeys(Reckoning.__slots__, 0)
    for entry in entries:
        if entry.value_date <= on:
            sums[_line_of(entry)] += entry.amount
    return Reckoning(**sums)


def gather(session: Session, accounts: Sequence[int], believed: datetime | None = None) -> dict[int, Facts]:
    """The facts of these accounts in two statements; with `believed`, those recorded before that moment."""
    dues, entries = (_DUES, _ENTRIES) if believed is None else (_DUES_BELIEVED, _ENTRIES_BELIEVED)
    asked = {"accounts": list(accounts)} | ({} if believed is None else {"believed": believed})
    found_dues: dict[int, list[Scheduled]] = {}
    for account, *values in session.execute(dues, asked):
        found_dues.setdefault(account, []).append(Scheduled(*values))
    found: dict[int, list[Fact]] = {}
    for account, *values in session.execute(entries, asked):
        found.setdefault(account, []).append(Fact(*values))
    return {a: Facts(a, tuple(found_dues.get(a, ())), tuple(found.get(a, ()))) for a in accounts}


# Written out, for a debtor's page asks them: building them anew each time costs as much as asking.
_DUES: Final = text(
    "select account_id, id, due_on, amount, component from due"
    " where account_id = any(:accounts) and amount > 0 and replaced_at is null order by due_on, id"
)
_DUES_BELIEVED: Final = text(
    "select account_id, id, due_on, amount, component from due"
    " where account_id = any(:accounts) and amount > 0 and recorded_at < :believed"
    " and (replaced_at is null or replaced_at >= :believed) order by due_on, id"
)
_FACTS: Final = (
    "select e.account_id, e.id, e.kind, e.component, e.amount, e.value_date, e.due_on, e.reverses, m.value_date"
    " from entry e left join entry m on m.reverses = e.id{mirror} where e.account_id = any(:accounts){entry}"
    " order by e.value_date, e.id"
)
_ENTRIES: Final = text(_FACTS.format(mirror="", entry=""))
_ENTRIES_BELIEVED: Final = text(
    _FACTS.format(mirror=" and m.recorded_at < :believed", entry=" and e.recorded_at < :believed")
)


def end_of_day(session: Session, creditor: int, day: date) -> datetime:
    """The moment at which the creditor's day ends, in its zone: what was *believed then* was recorded before it."""
    moment: datetime = session.execute(
        text("select (cast(:day as date) + 1)::timestamp at time zone zone from creditor where id = :creditor"),
        {"day": day, "creditor": creditor},
    ).scalar_one()
    return moment


def by_component(entries: Iterable[Fact], on: date) -> Mapping[str, int]:
    """What each component owes on the day `on`, minor units."""
    sums: dict[str, int] = {}
    for entry in entries:
        if entry.value_date <= on:
            sums[entry.component] = sums.get(entry.component, 0) + entry.amount
    return sums


def _is_demand(entry: Fact, scheduled: bool) -> bool:
    """Whether an entry is an obligation of its own: see the words of `position.py`."""
    if entry.reverses is not None or entry.amount <= 0:
        return False
    return entry.kind == "adjustment" or (entry.kind == "charge" and (entry.due_on is not None or not scheduled))


def _meets(entry: Fact, includes_interest: bool) -> bool:
    """Whether an entry is money (or a lowering) that meets obligations."""
    if entry.component == "interest":
        return includes_interest and not (entry.kind == "interest" and entry.reverses is None)
    if entry.component not in ("principal", "credit"):
        return False
    return not (entry.kind == "charge" and entry.reverses is None)


def _line_of(entry: Fact) -> str:
    """The line of a reckoning to which an entry, or the mirror of one, belongs."""
    if entry.kind == "adjustment":
        return "raised" if (entry.amount > 0) == (entry.reverses is None) else "lowered"
    return {"charge": "charged", "interest": "interest", "fee": "fees", "cost": "costs", "payment": "paid",
            "write_off": "lowered", "refund": "refunded"}[entry.kind]  # fmt: skip
