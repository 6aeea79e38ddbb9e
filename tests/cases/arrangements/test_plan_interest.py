"""The interest of a plan, by the worked cases and by its own rules."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.arrangements.plan_interest import (
    Step,
    exact,
    falling,
    last_part_on,
    late_and_later,
    lesser,
    part_on,
    rounded,
)
from cases.arrangements.schedule import Dates, Debt, Limits, Rhythm, Upfront, plan, plan_by_count
from cases.clock import monthly
from cases.debts.held import Pause
from cases.money import equal_parts
from tests.cases.facts import facts

START = date(2026, 11, 24)
FIRST = date(2026, 12, 1)
LIMITS = Limits(START, date(2027, 2, 28), 600)
MONTHLY = Dates(Rhythm.MONTHLY, FIRST)
RATE = Decimal("5.5")


def minor(written: str) -> int:
    return int(Decimal(written) * 100)


@pytest.mark.parametrize(("given_", "expected"), facts("plans", lambda row: "annual_rate_percent" in row["input"]))
def test_the_worked_cases_of_interest(given_: Any, expected: Any) -> None:
    debts = [(minor(each["amount"]), date.fromisoformat(each["due"])) for each in given_["debts"]]
    days = list(islice(monthly(date.fromisoformat(given_["first_payment"]), None), given_["instalments"]))
    upfront = minor(given_["upfront"])
    capital = late_and_later(debts, upfront, days, date.fromisoformat(given_["start"]))
    rate = Decimal(given_["annual_rate_percent"])
    interest = rounded(sum((exact(each, rate, days[-1]) for each in capital), Fraction(0)))
    assert interest == minor(expected["total_interest"])
    parts = equal_parts(sum(owed for owed, _ in debts) - upfront, given_["instalments"])
    assert (parts[0], parts[-1] + interest) == (minor(expected["regular"]), minor(expected["last"]))


@pytest.mark.parametrize(("given_", "expected"), facts("plans", lambda row: "total_interest" in row["input"]))
def test_the_worked_cases_of_a_given_interest_put_it_in_the_last_payment(given_: Any, expected: Any) -> None:
    """A debt whose rate makes just that interest: the schedule has the regular and the last sum of the case."""
    interest, upfront = minor(given_["total_interest"]), minor(given_["upfront"])
    debts = [Debt(n, minor(each["amount"]), date.fromisoformat(each["due"])) for n, each in enumerate(given_["debts"])]
    paid_first = Upfront(upfront, FIRST) if upfront else None
    bare = plan_by_count(debts, given_["instalments"], MONTHLY, LIMITS, None, paid_first)
    payments = [(each.due_on, each.minor) for each in bare.instalments]
    owed = sum(debt.owed_minor for debt in debts)
    a_year = exact(falling(owed, owed, payments, START), Decimal(1), payments[-1][0])
    rate = Decimal(interest) * a_year.denominator / a_year.numerator
    bearing = [Debt("A", owed, rate=rate, base=owed)]
    made = plan_by_count(bearing, given_["instalments"], MONTHLY, LIMITS, None, paid_first, START)
    assert made.interest_minor == interest
    assert made.regular[0].minor == bare.regular[0].minor == minor(expected["regular"])
    assert made.regular[-1].minor == minor(expected["last"])
    assert made.total_minor - upfront == minor(expected["total_payable"]) - upfront


def test_the_schedule_bears_what_the_worked_cases_bear_where_both_begin_at_once() -> None:
    days = list(islice(monthly(FIRST, None), 10))
    (_, rest) = late_and_later([(200_000, START)], 0, days, START)
    made = plan_by_count([Debt("A", 200_000, rate=RATE, base=200_000)], 10, MONTHLY, LIMITS, None, None, START)
    assert made.interest_minor == rounded(exact(rest, RATE, days[-1])) == 4_358


def test_costs_bear_nothing_and_are_paid_first() -> None:
    """100.00 covered, 60.00 of it principal; 50.00 on 1 December and 1 January: 60 bear 8 days, 50 then 31."""
    made = plan([Debt("A", 100_00, rate=RATE, base=60_00)], 50_00, MONTHLY, LIMITS, None, None, START)
    assert made.interest_minor == rounded(Fraction(60_00 * 8 + 50_00 * 31) * Fraction(RATE) / 36_500) == 31
    assert [each.minor for each in made.instalments] == [50_00, 50_31]
    assert (made.interest_of("A"), made.interest_of("B")) == (31, 0)


def test_without_a_rate_or_a_day_or_when_paid_at_once_nothing_is_borne() -> None:
    bearing = Debt("A", 100_00, rate=RATE, base=100_00)
    assert plan([bearing], 50_00, MONTHLY, LIMITS, None).interest == ()
    assert plan([Debt("A", 100_00)], 50_00, MONTHLY, LIMITS, None, None, START).interest == ()
    at_once = Dates(Rhythm.MONTHLY, START)
    assert plan([bearing], 100_00, at_once, LIMITS, None, None, START).interest == ()


@given(
    st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 100), st.none() | st.decimals(0, 30, places=3)),
             min_size=1, max_size=4),
    st.integers(1, 40), st.sampled_from([None, "EW"]),
)  # fmt: skip
def test_interest_changes_the_last_payment_alone_and_adds_up(rows: Any, count: int, calendar: str | None) -> None:
    debts = [Debt(n, owed, rate=rate, base=owed * base // 100) for n, (owed, base, rate) in enumerate(rows)]
    limits = Limits(START, FIRST, 600, least_minor=1)
    if sum(debt.owed_minor for debt in debts) < count:
        return
    bare = plan_by_count(debts, count, MONTHLY, limits, calendar)
    made = plan_by_count(debts, count, MONTHLY, limits, calendar, bears_from=START)
    assert made.instalments[:-1] == bare.instalments[:-1]
    assert made.total_minor == bare.total_minor + made.interest_minor
    for debt in debts:
        assert made.minor_of(debt.key) == debt.owed_minor + made.interest_of(debt.key)
        most = debt.base * ((made.ends_on - START).days + 1) * Fraction(debt.rate or 0) / 36_500
        assert 0 <= made.interest_of(debt.key) <= rounded(most)


@given(st.integers(1, 10**7), st.integers(1, 40), st.decimals("0.001", 30, places=3), st.integers(0, 30))
def test_the_parts_of_all_months_are_the_interest_agreed(owed: int, count: int, rate: Decimal, later: int) -> None:
    if owed < count:
        return
    made = plan_by_count([Debt("A", owed, rate=rate, base=owed)], count, MONTHLY, LIMITS, None, bears_from=START)
    payments = [(each.due_on, sum(share.minor for share in each.shares)) for each in made.instalments]
    payments[-1] = (payments[-1][0], payments[-1][1] - made.interest_minor)
    capital = falling(owed, owed, payments, START)
    last = last_part_on(START, made.ends_on)
    day, parts, before = part_on(START, last), [], 0
    while day is not None:
        upto = rounded(exact(capital, rate, made.ends_on if day == last else day))
        parts.append(upto - before)
        before, day = upto, part_on(day + timedelta(days=1), last)
    assert sum(parts) == made.interest_minor and min(parts) >= 0


def test_parts_fall_on_month_ends_and_before_the_last_payment() -> None:
    last = last_part_on(START, date(2027, 2, 15))
    assert last == date(2027, 2, 14)
    assert part_on(START, last) == date(2026, 11, 30)
    assert part_on(date(2026, 12, 1), last) == date(2026, 12, 31)
    assert part_on(date(2027, 2, 1), last) == last
    assert part_on(date(2027, 2, 15), last) is None
    assert last_part_on(START, START) == START


def test_days_of_pauses_bear_nothing_and_are_counted_once() -> None:
    capital = [Step(START, 365_00)]
    ten = Decimal(100)
    until = START + timedelta(days=9)
    assert exact(capital, ten, until) == 10_00
    two = Pause(START + timedelta(days=2), START + timedelta(days=5))
    over = Pause(START + timedelta(days=3), START + timedelta(days=6))
    assert exact(capital, ten, until, held=[two, over]) == 6_00
    assert exact(capital, ten, until, held=[Pause(START + timedelta(days=8), None)]) == 8_00
    assert exact(capital, ten, until, held=[Pause(START - timedelta(days=9), START)]) == 10_00
    assert exact(capital, ten, until, after=START + timedelta(days=5), held=[over]) == 4_00


def test_the_smaller_capital_counts_day_by_day() -> None:
    planned = falling(100, 100, [(FIRST, 50), (FIRST + timedelta(days=31), 50)], START)
    early = falling(100, 100, [(START, 70)], START)
    assert lesser(planned, early) == [
        Step(START, 100), Step(START + timedelta(days=1), 30), Step(FIRST + timedelta(days=1), 30),
        Step(FIRST + timedelta(days=32), 0),
    ]  # fmt: skip


@pytest.mark.parametrize(("interest", "minor_units"), [
    (Fraction(1, 2), 1), (Fraction(49, 100), 0), (Fraction(3, 2), 2), (Fraction(0), 0),
])  # fmt: skip
def test_rounding_is_half_up(interest: Fraction, minor_units: int) -> None:
    assert rounded(interest) == minor_units
