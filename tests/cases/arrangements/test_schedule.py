"""A plan's schedule adds up to the minor unit and never asks early."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.arrangements.schedule import (
    Dates,
    Debt,
    Limits,
    Part,
    Rhythm,
    Schedule,
    Upfront,
    oldest_first,
    plan,
    plan_by_count,
    plan_by_end,
)
from cases.clock import is_working_day
from cases.refusal import Refusal
from tests.cases.facts import facts

TODAY = date(2026, 11, 24)
FIRST = date(2026, 12, 1)
LIMITS = Limits(earliest=TODAY, latest_first=date(2027, 2, 28), most_instalments=600)
MONTHLY = Dates(Rhythm.MONTHLY, FIRST)

debts_of = st.lists(
    st.tuples(st.integers(0, 10**7), st.none() | st.dates(date(2020, 1, 1), date(2026, 12, 31))), min_size=1, max_size=6
).map(lambda rows: [Debt(f"A{n}", owed, due) for n, (owed, due) in enumerate(rows)])


def _shares(schedule: Schedule[str]) -> list[dict[str, int]]:
    return [{share.key: share.minor for share in each.shares} for each in schedule.instalments]


@pytest.mark.parametrize(("given_", "expected"), facts("plans", lambda row: "end" in row["input"]))
def test_a_plan_to_an_end_date_counts_the_dates_up_to_it(given_: Any, expected: Any) -> None:
    assert given_["every"] == "month"
    dates = Dates(Rhythm.MONTHLY, date.fromisoformat(given_["first_payment"]))
    end = date.fromisoformat(given_["end"])
    assert dates.until(end) == expected["instalments"]
    assert dates.until(end - timedelta(days=1)) == expected["instalments"] - 1
    limits = Limits(dates.first_on, dates.first_on, 600)
    schedule = plan_by_end([Debt("A", 200_000)], end, dates, limits, None)
    assert len(schedule.instalments) == expected["instalments"]
    assert schedule.instalments[-1].nominal_on == end


@given(
    debts_of,
    st.integers(1, 10**6),
    st.sampled_from(Rhythm),
    st.integers(0, 60),
    st.none() | st.integers(1, 31),
    st.sampled_from([None, "EW", "SE", "PL"]),
    st.none() | st.integers(1, 99),
)
def test_every_plan_adds_up_exactly_and_in_order(
    debts: list[Debt[str]],
    amount: int,
    rhythm: Rhythm,
    wait: int,
    month_day: int | None,
    calendar: str | None,
    upfront_percent: int | None,
) -> None:
    total = sum(debt.owed_minor for debt in debts)
    first_on = TODAY + timedelta(days=wait)
    upfront = Upfront(total * upfront_percent // 100, TODAY) if upfront_percent else None
    try:
        schedule = plan(debts, amount, Dates(rhythm, first_on, month_day), LIMITS, calendar, upfront)
    except Refusal as refused:
        left = total - (upfront.minor if upfront else 0)
        if refused.code == "plan.nothing_owed":
            assert total == 0
        elif refused.code == "plan.upfront_too_small":
            assert upfront is not None
            assert upfront.minor < 1
        elif refused.code == "plan.too_many_instalments":
            assert refused.facts["count"] == -(-left // amount) > LIMITS.most_instalments
        else:
            assert refused.code == "plan.first_day_too_far"
        return
    assert schedule.total_minor == total
    for debt in debts:
        assert schedule.minor_of(debt.key) == debt.owed_minor
    assert all(share.minor > 0 for each in schedule.instalments for share in each.shares)
    assert [each.number for each in schedule.instalments] == list(range(1, len(schedule.instalments) + 1))
    regular = schedule.regular
    assert {each.minor for each in regular[:-1]} <= {amount}
    assert 0 < regular[-1].minor <= amount
    for earlier, later in zip(schedule.instalments, schedule.instalments[1:], strict=False):
        assert earlier.nominal_on <= later.nominal_on
        assert earlier.due_on <= later.due_on
    for each in schedule.instalments:
        assert each.due_on >= each.nominal_on >= TODAY
        assert (each.due_on == each.nominal_on) if calendar is None else is_working_day(calendar, each.due_on)
    assert schedule.ends_on == schedule.instalments[-1].due_on


@given(debts_of, st.integers(1, 120))
def test_a_plan_by_count_has_that_count_and_its_last_takes_the_remainder(debts: list[Debt[str]], count: int) -> None:
    total = sum(debt.owed_minor for debt in debts)
    if total < count:
        return
    schedule = plan_by_count(debts, count, MONTHLY, LIMITS, None)
    assert len(schedule.instalments) == count
    assert {each.minor for each in schedule.instalments[:-1]} <= {total // count}
    assert schedule.instalments[-1].minor == total - total // count * (count - 1)
    for debt in debts:
        assert schedule.minor_of(debt.key) == debt.owed_minor


def test_the_regular_instalment_is_shared_once_and_the_last_takes_each_remainder() -> None:
    # 58.47, 86.11 and 15.42 each month of an offer of 160.00 (the shares of PRO-02).
    debts = [Debt("loan", 455_000), Debt("card", 670_000), Debt("store", 120_000)]
    schedule = plan(debts, 16_000, MONTHLY, LIMITS, None)
    shown = _shares(schedule)
    assert all(each == {"loan": 5847, "card": 8611, "store": 1542} for each in shown[:77])
    assert len(shown) == 78
    assert shown[77] == {"loan": 455_000 - 77 * 5847, "card": 670_000 - 77 * 8611, "store": 120_000 - 77 * 1542}


def test_what_a_debt_no_longer_needs_goes_to_the_others() -> None:
    # Shares of 10.00: 0.02, 4.99, 4.99. The first debt is met by the third instalment.
    schedule = plan([Debt("a", 5), Debt("b", 1_250), Debt("c", 1_251)], 1_000, MONTHLY, LIMITS, None)
    assert _shares(schedule) == [
        {"a": 2, "b": 499, "c": 499},
        {"a": 2, "b": 499, "c": 499},
        {"a": 1, "b": 252, "c": 253},
    ]
    # Three shares round up one debt each time; the unit over goes on and none is above its debt.
    schedule = plan([Debt("a", 4), Debt("b", 3), Debt("c", 3)], 2, MONTHLY, LIMITS, None)
    assert [sum(each.values()) for each in _shares(schedule)] == [2, 2, 2, 2, 2]
    assert schedule.minor_of("a") == 4


def test_upfront_money_meets_the_oldest_debt_first_and_runs_on() -> None:
    # The debts of HM-14, given out of order.
    debts = [
        Debt("B", 177_960, date(2020, 7, 31)),
        Debt("C", 177_960, date(2021, 1, 31)),
        Debt("A", 38_060, date(2020, 1, 31)),
    ]
    assert oldest_first(50_000, debts) == [11_940, 0, 38_060]
    schedule = plan(debts, 10_000, MONTHLY, LIMITS, "EW", Upfront(50_000, date(2026, 11, 28)))
    upfront = schedule.upfront
    assert upfront is not None
    assert (upfront.number, upfront.part, upfront.minor) == (1, Part.UPFRONT, 50_000)
    # A Saturday: the nominal day stays, the due day is the Monday.
    assert (upfront.nominal_on, upfront.due_on) == (date(2026, 11, 28), date(2026, 11, 30))
    assert "A" not in _shares(schedule)[1]
    assert schedule.minor_of("A") == 38_060


def test_each_nominal_date_is_shifted_on_its_own() -> None:
    dates = Dates(Rhythm.MONTHLY, date(2026, 12, 1), month_day=31)
    limits = Limits(TODAY, date(2027, 1, 31), 12)
    schedule = plan_by_count([Debt("A", 400)], 4, dates, limits, "EW")
    assert [(each.nominal_on.isoformat(), each.due_on.isoformat()) for each in schedule.instalments] == [
        ("2026-12-31", "2026-12-31"),
        ("2027-01-31", "2027-02-01"),
        ("2027-02-28", "2027-03-01"),
        ("2027-03-31", "2027-03-31"),
    ]


@pytest.mark.parametrize(("rhythm", "apart"), [("weekly", 7), ("two_weekly", 14), ("four_weekly", 28)])
def test_weekly_rhythms_are_that_many_days_apart(rhythm: str, apart: int) -> None:
    schedule = plan_by_count([Debt("A", 300)], 3, Dates(Rhythm(rhythm), FIRST), LIMITS, None)
    assert [each.nominal_on for each in schedule.instalments] == [FIRST + timedelta(n * apart) for n in range(3)]


def test_an_amount_above_what_is_owed_makes_one_instalment_of_what_is_owed() -> None:
    schedule = plan([Debt("A", 3510)], 4000, MONTHLY, LIMITS, None)
    assert [each.minor for each in schedule.instalments] == [3510]


def _plan(amount: int = 1000, owed: int = 10_000, upfront: Upfront | None = None, **changed: Any) -> Schedule[str]:
    dates = Dates(Rhythm.MONTHLY, changed.pop("first_on", FIRST), changed.pop("month_day", None))
    limits = Limits(**{"earliest": TODAY, "latest_first": date(2027, 1, 31), "most_instalments": 12} | changed)
    return plan([Debt("A", owed)], amount, dates, limits, "EW", upfront)


@pytest.mark.parametrize(
    ("asked", "code", "named"),
    [
        ({"amount": 0}, "plan.amount_too_small", {"amount": 0, "least": 1}),
        ({"amount": -5}, "plan.amount_too_small", {"amount": -5, "least": 1}),
        ({"amount": 99, "least_minor": 100}, "plan.amount_too_small", {"amount": 99, "least": 100}),
        ({"owed": 0}, "plan.nothing_owed", {}),
        ({"amount": 769}, "plan.too_many_instalments", {"count": 14, "most": 12}),
        ({"upfront": Upfront(10_000, FIRST)}, "plan.upfront_too_large", {"upfront": 10_000, "total": 10_000}),
        ({"upfront": Upfront(0, FIRST)}, "plan.upfront_too_small", {"upfront": 0, "least": 1}),
        (
            {"upfront": Upfront(10, TODAY - timedelta(1))},
            "plan.upfront_day_past",
            {"day": TODAY - timedelta(1), "earliest": TODAY},
        ),
        (
            {"upfront": Upfront(10, FIRST + timedelta(1))},
            "plan.upfront_after_first",
            {"day": FIRST + timedelta(1), "first": FIRST},
        ),
        (
            {"first_on": TODAY - timedelta(1)},
            "plan.first_day_past",
            {"day": TODAY - timedelta(1), "earliest": TODAY},
        ),
        (
            {"first_on": date(2027, 2, 1)},
            "plan.first_day_too_far",
            {"day": date(2027, 2, 1), "latest": date(2027, 1, 31)},
        ),
        ({"month_day": 32}, "plan.month_day_unknown", {"month_day": 32}),
        ({"month_day": 0}, "plan.month_day_unknown", {"month_day": 0}),
    ],
)
def test_what_cannot_be_a_plan_is_refused_with_its_facts(asked: Any, code: str, named: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        _plan(**asked)
    assert (refused.value.code, dict(refused.value.facts)) == (code, named)


def test_a_plan_by_count_or_end_is_refused_with_its_facts() -> None:
    for act, code in (
        (lambda: plan_by_count([Debt("A", 100)], 0, MONTHLY, LIMITS, None), "plan.count_too_small"),
        (lambda: plan_by_count([Debt("A", 10_000)], 601, MONTHLY, LIMITS, None), "plan.too_many_instalments"),
        (lambda: plan_by_count([Debt("A", 5)], 6, MONTHLY, LIMITS, None), "plan.amount_too_small"),
        (lambda: plan_by_end([Debt("A", 100)], TODAY, MONTHLY, LIMITS, None), "plan.ends_before_first"),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == code


def test_a_rest_below_the_least_may_still_be_paid_at_once() -> None:
    assert [each.minor for each in _plan(amount=50, owed=50, least_minor=100).instalments] == [50]
