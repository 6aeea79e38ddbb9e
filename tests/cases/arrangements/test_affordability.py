"""What is left of a month, what a plan may ask for, and which debts need no person: worked cases."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from cases.arrangements.affordability import (
    A_MONTH,
    UNKNOWN_FREQUENCY,
    Limits,
    Month,
    Verdict,
    available,
    monthly,
    most_a_month,
    outside,
    shown_range,
    verdict,
)
from cases.refusal import Refusal
from tests.cases.facts import facts

STATUS = {
    Verdict.AFFORDABLE: "affordable",
    Verdict.COUNTER_OFFER: "unaffordable_counter_offer",
    Verdict.TOKEN_OR_HOLD: "deficit_token_or_hold",
}


def minor(written: str) -> int:
    return round(Fraction(written) * 100)


def pounds(value: int) -> str:
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"


@pytest.mark.parametrize(("given", "expected"), facts("income_expenditure"))
def test_income_and_expenditure(given: dict[str, str], expected: dict[str, Any]) -> None:
    if "frequency" in given:
        rhythm = "two_weekly" if given["frequency"] == "fortnightly" else given["frequency"]
        told: dict[str, Any] = {"monthly": pounds(monthly(minor(given["amount"]), rhythm))}
    elif "proposed" in given:
        told = {"status": STATUS[verdict(minor(given["available"]), minor(given["proposed"]))]}
    elif "savings" in given:
        parts = (minor(given[name]) for name in ("income", "outgoings", "savings", "admin_fee"))
        told = {"available_priority": pounds(available(*parts))}
    elif "earnings" in given:
        told = {"income": pounds(sum(minor(each) for each in given.values()))}
    else:
        month = Month(*(minor(given[name]) for name in ("income", "outgoings", "admin_fee", "priority_offers")))
        told = {name: pounds(getattr(month, name)) for name in expected}
    assert told == expected


@pytest.mark.parametrize(("given", "expected"), facts("affordability"))
def test_limits_and_ranges_as_others_have_set_them(given: dict[str, Any], expected: dict[str, Any]) -> None:
    if "range" in given:
        low, high = (minor(each) for each in given["range"])
        told: dict[str, Any] = {"shown": [pounds(each) for each in shown_range(low, high, minor(given["left"]))]}
    elif "left_each_month" in given:
        most = most_a_month(
            minor(given["debt"]), minor(given["left_each_month"]), share=Fraction(given["cap_share"]),
            least_months=given["min_months"], most_months=given["max_months"],
        )  # fmt: skip
        told = {"refused": True} if most is None else {"options": [pounds(most)]}
    else:
        told = {"eligible": not outside(_limits(given["limits"]), minor(given["debt"]), ages=_ages(given),
                                        plan_years_ago=_plans(given))}  # fmt: skip
    assert told == expected


def _limits(given: dict[str, Any]) -> Limits:
    return Limits(minor(given["min"]), minor(given["max"]), given["old_days"], minor(given["max_old"]),
                  given["no_plan_within_years"])  # fmt: skip


def _ages(given: dict[str, Any]) -> dict[int, int]:
    found = {60: "of_it_at_least_60_days_old", 59: "of_it_59_days_old"}
    return {days: minor(given[name]) for days, name in found.items() if name in given}


def _plans(given: dict[str, Any]) -> list[int]:
    return [given["direct_debit_set_up_years_ago"]] if "direct_debit_set_up_years_ago" in given else []


def test_a_rhythm_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        monthly(100, "hourly")
    assert refused.value.code == UNKNOWN_FREQUENCY.code


@over(st.integers(0, 10**7), st.sampled_from(sorted(A_MONTH)))
def test_a_years_months_are_the_years_rhythm_to_within_six_pence(amount: int, rhythm: str) -> None:
    assert abs(monthly(amount, rhythm) * 12 - amount * A_MONTH[rhythm] * 12) <= 6


@over(st.integers(1, 10**7), st.integers(-(10**6), 10**7), st.integers(1, 6), st.integers(6, 120))
def test_no_plan_asks_for_more_than_its_share_nor_takes_longer_than_it_may(
    debt: int, left: int, least: int, most: int
) -> None:
    found = most_a_month(debt, left, share=Fraction(1, 2), least_months=least, most_months=most)
    if found is not None:
        assert 0 < found <= left // 2 and found * most >= debt
