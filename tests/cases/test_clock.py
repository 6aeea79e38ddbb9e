"""The clock moves for all who share its file; calendars and months are right."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.clock import (
    Clock,
    add_months,
    add_working_days,
    begun_months,
    calendar_for,
    day_start,
    every_days,
    full_months,
    is_holiday,
    is_working_day,
    local,
    moment_of,
    monthly_dates,
    next_working_day,
)
from cases.refusal import Refusal
from tests.cases.facts import facts

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))


def _calendar_answer(given_: Any) -> dict[str, Any]:
    """What our functions say to the question of one worked case."""
    day: Callable[[str], date] = lambda key: date.fromisoformat(given_[key])  # noqa: E731
    if "date" in given_:
        return {"shifted": next_working_day(given_["calendar"], day("date")).isoformat()}
    if "every_days" in given_:
        dates = list(islice(every_days(day("start"), given_["every_days"]), 20))
        return {"count": sum(each.year == given_["year"] for each in dates)}
    if given_["count"] in ("full_months", "begun_months"):
        count = full_months if given_["count"] == "full_months" else begun_months
        return {"months": count(day("from"), day("to"))}
    anchor = {None: None, "same_day": None, "first_of_next_month": 1, "last_of_month": 31}[given_.get("rule")]
    dates = monthly_dates(day("start" if "start" in given_ else "anchor"), given_["count"], anchor)
    shown = [each.isoformat() for each in dates]
    moved = [next_working_day(given_.get("calendar"), each).isoformat() for each in dates]
    return {
        "dates": shown,
        "nominal": shown,
        "collect": moved,
        "first": shown[0],
        "second": shown[1],
        "last": shown[-1],
    }


@pytest.mark.parametrize(("given_", "expected"), facts("calendar"))
def test_working_days_and_months(given_: Any, expected: Any) -> None:
    found = _calendar_answer(given_)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("calendar", "closed"),
    [
        # gov.uk/bank-holidays, England and Wales, 2027
        ("EW", "2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28"),
        # lag (1989:253) and lagen (1930:173) 2 §, 2026: holidays on weekdays and the three eves
        (
            "SE",
            "2026-01-06 2026-04-03 2026-04-06 2026-05-01 2026-05-14 2026-06-19 2026-12-24 2026-12-25 2026-12-31",
        ),
        # ustawa o dniach wolnych od pracy, 2026; 24 December since 2025
        ("PL", "2026-01-01 2026-01-06 2026-04-06 2026-05-01 2026-06-04 2026-11-11 2026-12-24 2026-12-25"),
        ("CZ", "2026-05-08 2026-07-06 2026-09-28 2026-10-28 2026-11-17"),
        ("IE", "2026-02-02 2026-03-17 2026-04-06 2026-05-04 2026-06-01 2026-08-03 2026-10-26 2026-12-25"),
        ("US", "2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-03 2026-09-07 2026-10-12 2026-11-11 2026-11-26"),
    ],
)
def test_public_holidays_are_no_working_days(calendar: str, closed: str) -> None:
    for day in map(date.fromisoformat, closed.split()):
        assert not is_working_day(calendar, day), day


def test_an_ordinary_day_is_a_working_day_and_a_weekend_is_not() -> None:
    for calendar in ("EW", "SE", "PL", "CZ", "IE", "US"):
        assert is_working_day(calendar, date(2026, 11, 24))
        assert not is_working_day(calendar, date(2026, 11, 28))
        assert not is_holiday(calendar, date(2026, 11, 28))
        assert not is_working_day(calendar, date(2026, 11, 29))


def test_christmas_eve_is_free_in_poland_only_since_2025() -> None:
    assert is_working_day("PL", date(2024, 12, 24))
    assert not is_working_day("PL", date(2025, 12, 24))


@given(days, st.sampled_from(["EW", "SE", "PL", "CZ", "IE", "US"]))
def test_a_date_is_never_brought_forward(day: date, calendar: str) -> None:
    shifted = next_working_day(calendar, day)
    assert shifted >= day
    assert is_working_day(calendar, shifted)
    assert not any(is_working_day(calendar, day + timedelta(n)) for n in range((shifted - day).days))


def test_without_a_calendar_a_date_does_not_move() -> None:
    assert next_working_day(None, date(2026, 12, 25)) == date(2026, 12, 25)


def test_a_country_has_its_calendar_or_none() -> None:
    assert [calendar_for(each) for each in ("GB", "SE", "PL", "XX")] == ["EW", "SE", "PL", None]
    with pytest.raises(ValueError, match="not a calendar"):
        is_working_day("XX", date(2026, 1, 1))


def test_working_days_are_counted_from_the_day_after() -> None:
    # Thanksgiving, 26 November, does not count.
    assert add_working_days("US", date(2026, 11, 20), 10) == date(2026, 12, 7)
    assert add_working_days("EW", date(2026, 11, 28), 0) == date(2026, 11, 28)


@given(days, st.integers(1, 40), st.integers(1, 31))
def test_monthly_dates_keep_their_anchor_day(first: date, count: int, anchor: int) -> None:
    dates = monthly_dates(first, count, anchor)
    assert dates[0] >= first
    assert (dates[0] - first).days < 31
    months = [each.year * 12 + each.month for each in dates]
    assert months == list(range(months[0], months[0] + count))
    for each in dates:
        assert each.day == anchor or (each.day < anchor and (each + timedelta(1)).day == 1)


@given(days, st.integers(0, 60))
def test_a_month_is_full_once_its_monthly_date_is_reached(first: date, months: int) -> None:
    reached = monthly_dates(first, months + 1)[-1]
    assert full_months(first, reached) == months
    if months:
        assert full_months(first, reached - timedelta(1)) == months - 1
        assert begun_months(first, reached - timedelta(1)) == months
    assert begun_months(first, reached) == months + 1
    assert add_months(first, months) == reached


def test_a_skipped_spring_time_maps_forward_and_a_double_one_is_the_first() -> None:
    assert moment_of(date(2027, 3, 28), time(1, 30), "Europe/London") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert local(moment_of(date(2027, 3, 28), time(1, 30), "Europe/London"), "Europe/London").time() == time(2, 30)
    assert moment_of(date(2026, 10, 25), time(1, 30), "Europe/London") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_day_begins_in_its_zone() -> None:
    assert day_start(date(2026, 7, 1), "Europe/Warsaw") == datetime(2026, 6, 30, 22, tzinfo=UTC)
    with pytest.raises(ValueError, match="not a time zone"):
        day_start(date(2026, 7, 1), "Europe/Nowhere")
    with pytest.raises(ValueError, match="carries its time zone"):
        local(datetime(2026, 7, 1), "Europe/London")  # noqa: DTZ001


def test_without_a_file_now_is_real() -> None:
    clock = Clock()
    before = clock.real()
    assert before <= clock.now() <= clock.real()
    with pytest.raises(ValueError, match="cannot be moved"):
        clock.move_to(before)


def test_a_file_moves_now_by_whole_days_and_leaves_real_time(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = Clock(file)
    assert clock.offset() == timedelta(0)
    file.write_text("-11905\n")
    assert clock.offset() == timedelta(days=-11905)
    assert clock.now() < clock.real() - timedelta(days=11904)
    assert clock.today("Europe/London") == local(clock.now(), "Europe/London").date()


def test_all_who_share_the_file_are_moved_forward_together(tmp_path: Path) -> None:
    mover, other = Clock(tmp_path / "clock"), Clock(tmp_path / "clock")
    wanted = mover.now() + timedelta(days=3, hours=5)
    mover.move_to(wanted)
    assert wanted <= other.now() < wanted + timedelta(minutes=5)
    with pytest.raises(Refusal) as refused:
        other.move_to(wanted - timedelta(days=1))
    assert refused.value.code == "clock.backwards"


def test_a_file_that_says_nonsense_is_not_overlooked(tmp_path: Path) -> None:
    for nonsense in ("", "soon", "1 2 3"):
        (tmp_path / "clock").write_text(nonsense)
        with pytest.raises(ValueError, match=r"whole days|invalid literal"):
            Clock(tmp_path / "clock").now()
