"""A plan's schedule: which sum falls due on which day, and which debt it is for. Pure.

Debt: one account's sum that the plan covers, in minor units. Instalment: an agreed part of the
plan; it keeps its nominal date (the rhythm's own) and its due date, the next working day of the
plan's calendar, never an earlier one. Upfront: a sum paid first, on its own day; it meets the
oldest debt first and runs on into the next. The regular instalment is shared once over the debts
by largest remainder; no share exceeds what is left of its debt, what is over goes to the others;
the last instalment takes each remainder. (rules 1.4, 1.5) A debt that bears interest has it in the last
instalment, as this schedule makes it (`plan_interest.py`).

The page that previews a plan and the act that saves it call the same function.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import islice, takewhile
from typing import Generic, TypeVar

from cases.arrangements.plan_interest import exact, falling, rounded
from cases.clock import every_days, monthly, next_working_day
from cases.money import equal_parts, parts_of, shares
from cases.refusal import refusal_code

NOTHING_OWED = refusal_code("plan.nothing_owed")
AMOUNT_TOO_SMALL = refusal_code("plan.amount_too_small", "amount", "least")
UPFRONT_TOO_SMALL = refusal_code("plan.upfront_too_small", "upfront", "least")
UPFRONT_TOO_LARGE = refusal_code("plan.upfront_too_large", "upfront", "total")
UPFRONT_DAY_PAST = refusal_code("plan.upfront_day_past", "day", "earliest")
UPFRONT_AFTER_FIRST = refusal_code("plan.upfront_after_first", "day", "first")
FIRST_DAY_PAST = refusal_code("plan.first_day_past", "day", "earliest")
FIRST_DAY_TOO_FAR = refusal_code("plan.first_day_too_far", "day", "latest")
MONTH_DAY_UNKNOWN = refusal_code("plan.month_day_unknown", "month_day")
COUNT_TOO_SMALL = refusal_code("plan.count_too_small", "count")
TOO_MANY_INSTALMENTS = refusal_code("plan.too_many_instalments", "count", "most")
ENDS_BEFORE_FIRST = refusal_code("plan.ends_before_first", "end", "first")

K = TypeVar("K", bound=Hashable)


class Rhythm(StrEnum):
    """How far instalments are apart. Four-weekly makes thirteen a year."""

    WEEKLY = "weekly"
    TWO_WEEKLY = "two_weekly"
    FOUR_WEEKLY = "four_weekly"
    MONTHLY = "monthly"


class Part(StrEnum):
    """What an instalment is in its plan."""

    UPFRONT = "upfront"
    REGULAR = "regular"


_DAYS_APART = {Rhythm.WEEKLY: 7, Rhythm.TWO_WEEKLY: 14, Rhythm.FOUR_WEEKLY: 28}


@dataclass(frozen=True, slots=True)
class Debt(Generic[K]):
    """What a plan covers of one account: its key, minor units, and its oldest unmet due date.

    `rate`: its yearly interest in per cent, on the `base` of it, in minor units; None bears none.
    """

    key: K
    owed_minor: int
    oldest_due: date | None = None
    rate: Decimal | None = None
    base: int = 0

    def __post_init__(self) -> None:
        if self.owed_minor < 0:
            raise ValueError("what is owed is never negative")


@dataclass(frozen=True, slots=True)
class Dates:
    """When the regular instalments fall: a rhythm from a first day on.

    `month_day` is the day of the month a monthly plan keeps, the first day's own if not given;
    the first instalment is then the first such day on or after `first_on`. 31 is the last of each
    month.
    """

    rhythm: Rhythm
    first_on: date
    month_day: int | None = None

    def nominal(self) -> Iterator[date]:
        """The nominal dates, without end. Refuses `plan.month_day_unknown`."""
        if self.rhythm is not Rhythm.MONTHLY:
            return every_days(self.first_on, _DAYS_APART[self.rhythm])
        if self.month_day is not None and not 1 <= self.month_day <= 31:
            raise MONTH_DAY_UNKNOWN(month_day=self.month_day)
        return monthly(self.first_on, self.month_day)

    def first(self) -> date:
        """The first nominal date."""
        return next(self.nominal())

    def until(self, end: date) -> int:
        """How many instalments fall on or before an end date. Refuses `plan.ends_before_first`."""
        if end < self.first():
            raise ENDS_BEFORE_FIRST(end=end, first=self.first())
        return sum(1 for _ in takewhile(lambda day: day <= end, self.nominal()))


@dataclass(frozen=True, slots=True)
class Upfront:
    """A sum paid first, in minor units, and its day."""

    minor: int
    on: date


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan may not exceed. Days are dates in the creditor's zone, the bounds included."""

    earliest: date
    """The first day an instalment may have, usually today or tomorrow."""
    latest_first: date
    """The last day the first regular instalment may have."""
    most_instalments: int
    least_minor: int = 1
    """The least a regular instalment or upfront sum may be."""


@dataclass(frozen=True, slots=True)
class Share(Generic[K]):
    """The part of an instalment that is for one account; always above nought."""

    key: K
    minor: int


@dataclass(frozen=True, slots=True)
class Instalment(Generic[K]):
    """One instalment, numbered from 1 in the order of the plan."""

    number: int
    part: Part
    nominal_on: date
    due_on: date
    shares: tuple[Share[K], ...]

    @property
    def minor(self) -> int:
        """The instalment's whole sum in minor units."""
        return sum(share.minor for share in self.shares)


@dataclass(frozen=True, slots=True)
class Interest(Generic[K]):
    """The interest that one account bears in a plan: a sum, and its yearly rate in per cent of `base`. Minor units."""

    key: K
    minor: int
    rate: Decimal
    base: int


@dataclass(frozen=True, slots=True)
class Schedule(Generic[K]):
    """A whole plan: its instalments add up to exactly what each account owes and its interest.

    `interest` names the accounts that bear any; the last instalment holds it.
    """

    instalments: tuple[Instalment[K], ...]
    interest: tuple[Interest[K], ...] = ()

    @property
    def total_minor(self) -> int:
        """All instalments together, in minor units."""
        return sum(instalment.minor for instalment in self.instalments)

    @property
    def upfront(self) -> Instalment[K] | None:
        """The upfront instalment, if the plan has one."""
        first = self.instalments[0]
        return first if first.part is Part.UPFRONT else None

    @property
    def regular(self) -> tuple[Instalment[K], ...]:
        """The regular instalments in order; there is at least one."""
        return tuple(each for each in self.instalments if each.part is Part.REGULAR)

    @property
    def ends_on(self) -> date:
        """The due date of the last instalment."""
        return self.instalments[-1].due_on

    def minor_of(self, key: K) -> int:
        """What the plan brings to one account, in minor units."""
        return sum(s.minor for each in self.instalments for s in each.shares if s.key == key)

    @property
    def interest_minor(self) -> int:
        """The interest of all accounts together, in minor units."""
        return sum(each.minor for each in self.interest)

    def interest_of(self, key: K) -> int:
        """The interest that one account bears, in minor units."""
        return sum(each.minor for each in self.interest if each.key == key)


def plan(
    debts: Sequence[Debt[K]],
    amount_minor: int,
    dates: Dates,
    limits: Limits,
    calendar: str | None,
    upfront: Upfront | None = None,
    bears_from: date | None = None,
) -> Schedule[K]:
    """The schedule of paying `amount_minor` each time until all is paid; the last takes what is left.

    `calendar` moves due dates to its next working day; None moves none. Debts with a rate bear interest
    from the day `bears_from` on; None: none does. An amount above what is
    owed makes one instalment of what is owed. Refuses what the plan's codes say.
    """
    left = _checked(debts, dates, limits, upfront)
    least = max(1, limits.least_minor)
    # A smaller wish than the least is fine where the whole rest is smaller still.
    if amount_minor < min(least, left):
        raise AMOUNT_TOO_SMALL(amount=amount_minor, least=least)
    count = -(-left // amount_minor)
    if count > limits.most_instalments:
        raise TOO_MANY_INSTALMENTS(count=count, most=limits.most_instalments)
    return _schedule(debts, parts_of(left, amount_minor), dates, calendar, upfront, bears_from)


def plan_by_count(
    debts: Sequence[Debt[K]],
    count: int,
    dates: Dates,
    limits: Limits,
    calendar: str | None,
    upfront: Upfront | None = None,
    bears_from: date | None = None,
) -> Schedule[K]:
    """The schedule of paying in `count` equal instalments, rounded down; the last takes the rest."""
    left = _checked(debts, dates, limits, upfront)
    if count < 1:
        raise COUNT_TOO_SMALL(count=count)
    if count > limits.most_instalments:
        raise TOO_MANY_INSTALMENTS(count=count, most=limits.most_instalments)
    least = max(1, limits.least_minor)
    if left // count < min(least, left):
        raise AMOUNT_TOO_SMALL(amount=left // count, least=least)
    return _schedule(debts, equal_parts(left, count), dates, calendar, upfront, bears_from)


def plan_by_end(
    debts: Sequence[Debt[K]],
    end: date,
    dates: Dates,
    limits: Limits,
    calendar: str | None,
    upfront: Upfront | None = None,
    bears_from: date | None = None,
) -> Schedule[K]:
    """The schedule of equal instalments on every date of the rhythm up to and including `end`."""
    return plan_by_count(debts, dates.until(end), dates, limits, calendar, upfront, bears_from)


def oldest_first(minor: int, debts: Sequence[Debt[K]]) -> list[int]:
    """What each debt gets of a sum that meets the oldest debt first, in the order of the list.

    The oldest is the one with the earliest unmet due date; debts without one come last, equal
    ones in list order. What is above all debts is not given out.
    """
    result = [0] * len(debts)
    for i in sorted(range(len(debts)), key=lambda i: debts[i].oldest_due or date.max):
        result[i] = min(minor, debts[i].owed_minor)
        minor -= result[i]
    return result


def _checked(debts: Sequence[Debt[K]], dates: Dates, limits: Limits, upfront: Upfront | None) -> int:
    """What is left for the regular instalments, after every rule that needs no schedule."""
    if len({debt.key for debt in debts}) != len(debts):
        raise ValueError("each account stands in a plan once")
    total = sum(debt.owed_minor for debt in debts)
    if total == 0:
        raise NOTHING_OWED()
    first = dates.first()
    if first < limits.earliest:
        raise FIRST_DAY_PAST(day=first, earliest=limits.earliest)
    if first > limits.latest_first:
        raise FIRST_DAY_TOO_FAR(day=first, latest=limits.latest_first)
    if upfront is None:
        return total
    if upfront.minor < max(1, limits.least_minor):
        raise UPFRONT_TOO_SMALL(upfront=upfront.minor, least=max(1, limits.least_minor))
    if upfront.minor >= total:
        raise UPFRONT_TOO_LARGE(upfront=upfront.minor, total=total)
    if upfront.on < limits.earliest:
        raise UPFRONT_DAY_PAST(day=upfront.on, earliest=limits.earliest)
    if upfront.on > first:
        raise UPFRONT_AFTER_FIRST(day=upfront.on, first=first)
    return total - upfront.minor


def _schedule(
    debts: Sequence[Debt[K]],
    sums: Sequence[int],
    dates: Dates,
    calendar: str | None,
    upfront: Upfront | None,
    bears_from: date | None,
) -> Schedule[K]:
    left = [debt.owed_minor for debt in debts]
    planned: list[tuple[Part, date, date, list[int]]] = []

    def take(part: Part, day: date, parts: list[int]) -> None:
        for i, minor in enumerate(parts):
            left[i] -= minor
        planned.append((part, day, next_working_day(calendar, day), parts))

    if upfront is not None:
        take(Part.UPFRONT, upfront.on, oldest_first(upfront.minor, debts))
    regular = shares(sums[0], left)
    for number, (minor, day) in enumerate(zip(sums, islice(dates.nominal(), len(sums)), strict=True), 1):
        last = number == len(sums)
        take(Part.REGULAR, day, list(left) if last else _instalment(minor, regular, left))
    borne = [
        _interest(debt, [(due, parts[i]) for _, _, due, parts in planned], bears_from) for i, debt in enumerate(debts)
    ]
    last_parts = planned[-1][-1]
    last_parts[:] = [part + more for part, more in zip(last_parts, borne, strict=True)]
    return Schedule(
        tuple(
            Instalment(
                number,
                part,
                day,
                due,
                tuple(Share(debt.key, minor) for debt, minor in zip(debts, parts, strict=True) if minor),
            )
            for number, (part, day, due, parts) in enumerate(planned, 1)
        ),
        tuple(
            Interest(debt.key, minor, debt.rate, debt.base)
            for debt, minor in zip(debts, borne, strict=True)
            if minor and debt.rate
        ),
    )


def _interest(debt: Debt[K], payments: Sequence[tuple[date, int]], bears_from: date | None) -> int:
    """What a debt bears from a day on while these payments take it off; a plan that is paid at once bears none."""
    ends_on = payments[-1][0]
    if debt.rate is None or bears_from is None or ends_on <= bears_from:
        return 0
    return rounded(exact(falling(debt.base, debt.owed_minor, payments, bears_from), debt.rate, ends_on))


def _instalment(minor: int, regular: Sequence[int], left: Sequence[int]) -> list[int]:
    """The regular shares, none above what is left of its debt; what is over goes to the others."""
    parts = [min(share, rest) for share, rest in zip(regular, left, strict=True)]
    over = shares(minor - sum(parts), [rest - part for rest, part in zip(left, parts, strict=True)])
    return [part + more for part, more in zip(parts, over, strict=True)]
