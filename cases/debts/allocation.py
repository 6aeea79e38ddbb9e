"""Which debt, which part of it and which due date a sum of money meets. The pure rules.

Within one debt money meets costs, then interest, then principal (rules 1.6). Fees: the debt's
costs and fees; they meet money first, last, or apart, that is only money named for them (rules
1.1). Over dues money meets the oldest first, in the order it came; money before a due date came
in advance, after it late, on it neither. Between debts the payer's word goes first, then the
priority class, then the oldest due; a debt that is held (disputed, frozen) gets nothing without
the payer's word. What no debt takes is credit. Minor units everywhere; nothing is ever negative.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Fees(StrEnum):
    """When money meets the costs and fees of a debt."""

    FIRST = "first"
    LAST = "last"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Parts:
    """A sum by the components of one debt, in minor units."""

    cost: int = 0
    fee: int = 0
    interest: int = 0
    principal: int = 0

    def __post_init__(self) -> None:
        if min(self.cost, self.fee, self.interest, self.principal) < 0:
            raise ValueError("a part of a debt is never negative")

    @property
    def total(self) -> int:
        """All parts together."""
        return self.cost + self.fee + self.interest + self.principal


@dataclass(frozen=True, slots=True)
class Met:
    """What a sum met of one debt, what then remains of the debt, and what is over as credit."""

    met: Parts
    remaining: Parts
    credit: int


@dataclass(frozen=True, slots=True)
class DueAmount:
    """An amount and the day it falls due."""

    due_on: date
    minor: int


@dataclass(frozen=True, slots=True)
class Received:
    """Money and the day it counts from (its value date)."""

    on: date
    minor: int


@dataclass(frozen=True, slots=True)
class DueRow:
    """How money met one due: `in_advance` and `late` are parts of `paid`."""

    due_on: date
    minor: int
    paid: int
    in_advance: int
    late: int
    outstanding: int
    met_on: date | None
    """The value date of the money that met it whole; None while something is outstanding."""


@dataclass(frozen=True, slots=True)
class Table:
    """The dues in order of their dates, and the money that no due took."""

    rows: tuple[DueRow, ...]
    credit: int

    @property
    def minor(self) -> int:
        """All dues together."""
        return sum(row.minor for row in self.rows)

    @property
    def paid(self) -> int:
        """What money met of all dues."""
        return sum(row.paid for row in self.rows)

    @property
    def in_advance(self) -> int:
        """The part of paid that came before its due date."""
        return sum(row.in_advance for row in self.rows)

    @property
    def late(self) -> int:
        """The part of paid that came after its due date."""
        return sum(row.late for row in self.rows)

    @property
    def outstanding(self) -> int:
        """What is not met of all dues, fallen due or not."""
        return sum(row.outstanding for row in self.rows)


@dataclass(frozen=True, slots=True)
class Claim(Generic[K]):
    """One debt among several: what is owed, its oldest unmet due date, its priority class.

    A lower `priority` is met earlier. `held` is a debt that is disputed or frozen.
    """

    key: K
    owed: int
    oldest_due: date | None = None
    priority: int = 0
    held: bool = False

    def __post_init__(self) -> None:
        if self.owed < 0:
            raise ValueError("what is owed is never negative")


@dataclass(frozen=True, slots=True)
class Spread(Generic[K]):
    """What each debt gets of a sum (only debts that get something), and what is over as credit."""

    parts: Mapping[K, int]
    credit: int


PRIORITY = frozenset({
    "mortgage", "secured_loan", "rent", "ground_rent", "service_charge", "council_tax", "energy", "gas", "electricity",
    "tv_licence", "court_fine", "child_maintenance", "tax", "hire_purchase",
})  # fmt: skip
"""Kinds of debt whose non-payment can cost home, liberty or essential goods. (rules 3.7)"""


def priority_of(debt_type: str) -> int:
    """The priority class of a kind of debt: 0 is met before 1."""
    return 0 if debt_type in PRIORITY else 1


_ORDER = {
    Fees.FIRST: ("cost", "fee", "interest", "principal"),
    Fees.LAST: ("interest", "principal", "cost", "fee"),
    Fees.APART: ("interest", "principal"),
}


def within_debt(minor: int, owed: Parts, fees: Fees = Fees.FIRST) -> Met:
    """What a sum meets of one debt: costs, interest, principal, with `fees` placed as told.

    Sweden asks for interest and costs before principal (handelsbalken 9:5), which is the default.
    """
    if minor < 0:
        raise ValueError("money that meets a debt is never negative")
    met: dict[str, int] = {}
    for component in _ORDER[fees]:
        met[component] = min(minor, getattr(owed, component))
        minor -= met[component]
    taken = Parts(**met)
    remaining = Parts(
        cost=owed.cost - taken.cost,
        fee=owed.fee - taken.fee,
        interest=owed.interest - taken.interest,
        principal=owed.principal - taken.principal,
    )
    return Met(taken, remaining, credit=minor)


def over_dues(dues: Sequence[DueAmount], money: Sequence[Received]) -> Table:
    """The table of dues after this money, oldest due first, inside a due as it comes.

    Money is taken by value date, equal ones in list order; so are the dues. A payment that was
    taken back is simply not in the list: what it met opens again.
    """
    ordered = sorted(dues, key=lambda due: due.due_on)
    if any(due.minor < 0 for due in dues) or any(payment.minor < 0 for payment in money):
        raise ValueError("dues and the money that meets them are never negative")
    paid = [0] * len(ordered)
    in_advance, late = list(paid), list(paid)
    met_on: list[date | None] = [None] * len(ordered)
    i = 0
    credit = 0
    for payment in sorted(money, key=lambda each: each.on):
        left = payment.minor
        while left and i < len(ordered):
            due = ordered[i]
            part = min(left, due.minor - paid[i])
            paid[i] += part
            left -= part
            if payment.on < due.due_on:
                in_advance[i] += part
            elif payment.on > due.due_on:
                late[i] += part
            if paid[i] < due.minor:
                break
            # A due of nought is met by no money and has no such day.
            met_on[i] = payment.on if due.minor else None
            i += 1
        credit += left
    rows = (
        DueRow(due.due_on, due.minor, paid[i], in_advance[i], late[i], due.minor - paid[i], met_on[i])
        for i, due in enumerate(ordered)
    )
    return Table(tuple(rows), credit)


def between_debts(minor: int, claims: Sequence[Claim[K]], instruction: Mapping[K, int] | None = None) -> Spread[K]:
    """What each debt gets of a sum.

    `instruction` is the payer's word: how much is meant for which debt. It goes first, in the
    order given, as far as the money and the debt reach; the rest goes by priority class, then by
    the oldest due date (debts without one last), equal ones in list order. (rules 1.6)
    """
    if minor < 0:
        raise ValueError("money that meets a debt is never negative")
    left = {claim.key: claim.owed for claim in claims}
    if len(left) != len(claims):
        raise ValueError("each debt is named once")
    parts: dict[K, int] = {}

    def give(key: K, wanted: int) -> None:
        nonlocal minor
        part = min(minor, wanted, left[key])
        if part:
            parts[key] = parts.get(key, 0) + part
            left[key] -= part
            minor -= part

    for key, wanted in (instruction or {}).items():
        if key not in left or wanted < 0:
            raise ValueError("an instruction names debts of the list and sums that are not negative")
        give(key, wanted)
    free = (claim for claim in claims if not claim.held)
    for claim in sorted(free, key=lambda each: (each.priority, each.oldest_due or date.max)):
        give(claim.key, left[claim.key])
    return Spread(parts, credit=minor)
