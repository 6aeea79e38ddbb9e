"""The interest of a plan: simple, daily, over a year of 365 days. Pure.

Capital bears interest a day at a time. What a payment of a day takes off bears still on that day, and no more from
the next one on. Days are exact; a sum of them is rounded half up once. (rules 1.5)

Agreed: what a plan bears by its own schedule, from the day its version was made to each payment's day, both
included. It stands in the last payment and is the most that is ever charged. It is posted in *parts*: at the end of
each month, and on the day before the last payment, which has the rest.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from cases.debts.held import Pause

YEAR: Final = 365
"""Days of the year that a yearly rate is for, leap years too."""
UPFRONT_DAYS: Final = timedelta(days=7)
"""How long money that is paid first bears interest, where its day is not known."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """Capital in minor units from a day on, until the next step."""

    on: date
    minor: Fraction | int


def falling(
    base: Fraction | int, covered: Fraction | int, payments: Iterable[tuple[date, Fraction | int]], start: date
) -> list[Step]:
    """The capital of one debt from a day on, falling with payments (day, minor units).

    Of what is `covered` the part above `base` bears nothing, and payments meet it first.
    """
    steps = [Step(start, min(base, covered))]
    left = covered
    for day, minor in sorted(payments, key=lambda each: each[0]):
        left -= minor
        steps.append(Step(max(day + _DAY, start), max(min(base, left), 0)))
    return steps


def lesser(one: Sequence[Step], other: Sequence[Step]) -> list[Step]:
    """The smaller capital of two, day by day, from the later of their beginnings."""
    begins = max(one[0].on, other[0].on)
    days = sorted({max(step.on, begins) for step in (*one, *other)})
    return [Step(day, min(_at(one, day), _at(other, day))) for day in days]


def exact(
    capital: Sequence[Step], rate: Decimal, until: date, *, after: date | None = None, held: Iterable[Pause] = ()
) -> Fraction:
    """The interest at a yearly rate in per cent, up to and including a day; `after`: of the days after that one alone.

    Days of pauses bear nothing.
    """
    pauses, total = list(held), Fraction(0)
    ends = [*(step.on for step in capital[1:]), date.max]
    for step, end in zip(capital, ends, strict=True):
        start = step.on if after is None else max(step.on, after + _DAY)
        total += step.minor * _bearing(start, min(end, until + _DAY), pauses)
    return total * Fraction(rate) / (100 * YEAR)


def rounded(interest: Fraction) -> int:
    """Whole minor units, half up."""
    return int((2 * interest + 1) // 2)


def last_part_on(agreed_on: date, ends_on: date) -> date:
    """The day of a plan's last part: the one before the last payment, never before the agreement."""
    return max(ends_on - _DAY, agreed_on)


def part_on(earliest: date, last: date) -> date | None:
    """The day of the first part on or after a day: the end of its month, or the last part's. None after that."""
    if earliest > last:
        return None
    return min(earliest.replace(day=calendar.monthrange(earliest.year, earliest.month)[1]), last)


def late_and_later(
    debts: Sequence[tuple[int, date]], upfront: int, days: Sequence[date], start: date
) -> list[list[Step]]:
    """The capital of debts (minor units, due date) that bear interest from their due dates on, in equal instalments.

    Money paid first meets the first debt first and bears for seven days; the rest of each debt falls by equal parts
    on these days. A debt that such money had still to reach begins with its seventh day. One due before the plan
    bears whole until its start.
    """
    found, ready = [], start + UPFRONT_DAYS
    for owed, due_on in debts:
        begins, reached = max(start, due_on), upfront > 0
        first = min(owed, upfront)
        upfront -= first
        rest = Fraction(owed - first)
        if due_on < start:
            found.append([Step(due_on, owed), Step(start, 0)])
        found.append([Step(begins, first), Step(max(begins, ready), 0)])
        parts = [(day, rest / len(days)) for day in days]
        found.append(falling(rest, rest, parts, max(begins, ready) if reached else begins))
    return found


def _at(capital: Sequence[Step], day: date) -> Fraction | int:
    return next((step.minor for step in reversed(capital) if step.on <= day), 0)


def _bearing(start: date, end: date, pauses: Sequence[Pause]) -> int:
    """How many days from `start` to the one before `end` are in no pause; pauses may overlap."""
    days = max((end - start).days, 0)
    covered = start
    for pause in sorted(pauses, key=lambda each: each.start):
        begin = max(pause.start, covered)
        stop = min(pause.end or end, end)
        if stop > begin:
            days -= (stop - begin).days
            covered = stop
    return days
