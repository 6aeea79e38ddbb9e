"""Affordability: what is left of a month's income, and what of it a plan may ask for. Pure; minor units.

After the Standard Financial Statement (SFS) and CONC: income less outgoings is the *surplus*; a tenth of it, at
most a ceiling, is set aside as *savings*; what remains is *available* for priority debts, and what those leave
is available for the others. A proposal up to what is available is affordable; above it we offer what is
available; where nothing is, a token or a hold, and free advice. Nobody is pressed to pay more. (CONC 7.3)

*Limits* say which proposals are accepted without a person looking; they are a creditor's settings, never law.
A sum outside them goes to a person with the reasons.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from cases.refusal import refusal_code

UNKNOWN_FREQUENCY = refusal_code("income.frequency", "frequency")

A_MONTH: Final[Mapping[str, Fraction]] = {
    "weekly": Fraction(52, 12),
    "two_weekly": Fraction(26, 12),
    "four_weekly": Fraction(13, 12),
    "monthly": Fraction(1),
    "quarterly": Fraction(1, 3),
    "yearly": Fraction(1, 12),
}
"""How often a month each rhythm comes. (SFS; Southampton City Council)"""

SAVINGS_SHARE: Final = Fraction(1, 10)
SAVINGS_MOST: Final = 20_00
"""Of the surplus, what may be saved: a tenth, at most 20.00 a month. (Common Financial Tool, ch. 11)"""


class Verdict(StrEnum):
    """What a proposal is, beside what is available."""

    AFFORDABLE = "affordable"
    COUNTER_OFFER = "counter_offer"
    """More than is available: we offer what is."""
    TOKEN_OR_HOLD = "token_or_hold"
    """Nothing is available: a token or a hold, and free advice."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a household, in minor units."""

    income: int
    outgoings: int
    admin_fee: int = 0
    priority_offers: int = 0

    @property
    def surplus(self) -> int:
        """Income less outgoings; below nought where more is spent than comes in."""
        return self.income - self.outgoings

    @property
    def savings(self) -> int:
        """What may be set aside of the surplus, rounded down."""
        return savings_of(self.surplus)

    @property
    def available_priority(self) -> int:
        """What is left for priority debts."""
        return available(self.income, self.outgoings, self.savings, self.admin_fee)

    @property
    def available_non_priority(self) -> int:
        """What is left for the others, once the priority debts have their offers."""
        return self.available_priority - self.priority_offers


@dataclass(frozen=True, slots=True)
class Limits:
    """A creditor's limits for a plan that nobody need look at. Minor units; None: no limit of that kind."""

    least_debt: int | None = None
    most_debt: int | None = None
    old_days: int | None = None
    most_old: int | None = None
    """The most of a debt that may be older than `old_days`, or that old."""
    years_since_plan: int | None = None
    """No plan may have begun within so many years."""


def monthly(amount: int, frequency: str) -> int:
    """An amount of any rhythm as one a month, half a minor unit rounded up. Raises UNKNOWN_FREQUENCY."""
    if frequency not in A_MONTH:
        raise UNKNOWN_FREQUENCY(frequency=frequency)
    return _half_up(amount * A_MONTH[frequency])


def savings_of(surplus: int) -> int:
    """What may be set aside of a surplus; nothing of none."""
    return min(int(max(surplus, 0) * SAVINGS_SHARE), SAVINGS_MOST)


def available(income: int, outgoings: int, savings: int, admin_fee: int = 0) -> int:
    """What is left for debts; below nought where nothing is. Reckoned anew from the parts: sent totals may be wrong."""
    return income - outgoings - savings - admin_fee


def verdict(available_: int, proposed: int) -> Verdict:
    """What a proposal of so much a month is, beside what is available."""
    if available_ <= 0:
        return Verdict.TOKEN_OR_HOLD
    return Verdict.AFFORDABLE if proposed <= available_ else Verdict.COUNTER_OFFER


def outside(limits: Limits, debt: int, *, ages: Mapping[int, int], plan_years_ago: Iterable[int] = ()) -> list[str]:
    """Which limits a debt is outside of, as codes; empty where it is inside all of them.

    `ages`: minor units by age in days, of the debt's parts. `plan_years_ago`: how many whole years ago plans began.
    """
    found = []
    if limits.least_debt is not None and debt < limits.least_debt:
        found.append("too_small")
    if limits.most_debt is not None and debt > limits.most_debt:
        found.append("too_large")
    if limits.old_days is not None and limits.most_old is not None:
        old = sum(amount for days, amount in ages.items() if days >= limits.old_days)
        if old > limits.most_old:
            found.append("too_old")
    if limits.years_since_plan is not None and any(years <= limits.years_since_plan for years in plan_years_ago):
        found.append("plan_before")
    return found


def most_a_month(debt: int, left: int, *, share: Fraction, least_months: int, most_months: int) -> int | None:
    """The most that a plan without a person asks for a month: a share of what is left, and no faster than
    `least_months`. None where that would take longer than `most_months`: then a person looks.
    """
    most = min(int(left * share), -(-debt // least_months))
    if most <= 0 or -(-debt // most) > most_months:
        return None
    return most


def shown_range(low: int, high: int, left: int, unit: int = 100) -> tuple[int, int]:
    """A range of monthly sums in round figures: whole units while little is left, else tens of units.

    The half is rounded down, so that nobody is shown more than half a step above what was reckoned.
    (HM Revenue and Customs, essttp-frontend)
    """
    step = _step(left, unit)
    return _half_down(low, step), _half_down(high, step)


def range_inside(low: int, high: int, left: int, unit: int = 100) -> tuple[int, int]:
    """The same of steps that lie inside the range, so that no figure is below what is asked or above what is there.

    The exact sums where no step lies between them.
    """
    step = _step(left, unit)
    inside = -(-low // step) * step, high - high % step
    return shown_range(*inside, left, unit) if inside[0] <= inside[1] and inside[1] else (low, high)


def _step(left: int, unit: int) -> int:
    return unit if left < 10 * unit else 10 * unit


def _half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2)) if exact >= 0 else -int(-exact + Fraction(1, 2))


def _half_down(amount: int, step: int) -> int:
    return -((step - 2 * amount) // (2 * step)) * step
