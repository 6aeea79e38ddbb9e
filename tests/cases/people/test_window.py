"""The contact window in the person's own time."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.clock import local
from cases.law.rules import contact_window
from cases.people.window import (
    Reason,
    judge,
    last_open_before,
    next_open,
    window_of_day,
    zones_for,
    zones_of_number,
)
from tests.cases.facts import facts

POLICIES = ["uk_default", "us_regf", "se_default", "pl_default", "pl_kpf", "ie_s46"]
ZONES = [
    ["Europe/London"],
    ["Europe/Stockholm"],
    ["America/New_York", "America/Los_Angeles"],
    ["Pacific/Auckland", "Asia/Tokyo"],
    ["Pacific/Kiritimati", "Pacific/Honolulu"],
]
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(("given_", "expected"), facts("quiet_hours"))
def test_a_moment_is_judged_in_local_time(given_: Any, expected: Any) -> None:
    policy = contact_window(given_.get("policy", "us_regf"))
    zones = given_.get("zones") or [given_["tz"]]
    found = judge(policy, zones, _utc(given_["utc"]))
    shown = {
        "allowed": found.allowed,
        "reason": found.reason,
        "local": local(_utc(given_["utc"]), zones[0]).isoformat(),
    }
    assert {key: shown[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("policy", "zone", "utc", "reason"),
    [
        # Both ends of the American window are inside it, and not a microsecond more.
        ("us_regf", "America/New_York", "2026-11-03T02:00:00+00:00", "ok"),
        ("us_regf", "America/New_York", "2026-11-03T02:00:00.000001+00:00", "outside_window"),
        ("us_regf", "America/New_York", "2026-11-29T18:00:00+00:00", "ok"),
        ("us_regf", "America/New_York", "2026-12-25T18:00:00+00:00", "ok"),
        ("uk_default", "Europe/London", "2026-11-23T20:00:00+00:00", "outside_window"),
        ("uk_default", "Europe/London", "2026-11-21T08:59:59+00:00", "outside_window"),
        ("uk_default", "Europe/London", "2026-11-22T12:00:00+00:00", "closed_day"),
        ("se_default", "Europe/Stockholm", "2026-06-19T10:00:00+00:00", "closed_day"),
        ("se_default", "Europe/Stockholm", "2026-12-31T10:00:00+00:00", "closed_day"),
        ("se_default", "Europe/Stockholm", "2026-11-21T10:00:00+00:00", "closed_day"),
        ("pl_kpf", "Europe/Warsaw", "2026-11-23T05:00:00+00:00", "ok"),
        ("pl_kpf", "Europe/Warsaw", "2026-11-22T06:59:59+00:00", "outside_window"),
        ("pl_kpf", "Europe/Warsaw", "2026-11-22T07:00:00+00:00", "ok"),
        ("ie_s46", "Europe/Dublin", "2026-11-21T20:59:59+00:00", "ok"),
        ("ie_s46", "Europe/Dublin", "2026-11-23T08:59:59+00:00", "outside_window"),
        ("ie_s46", "Europe/Dublin", "2026-11-22T12:00:00+00:00", "closed_day"),
        ("ie_s46", "Europe/Dublin", "2026-10-26T12:00:00+00:00", "closed_day"),
    ],
)
def test_every_shipped_window_opens_and_closes_as_written(policy: str, zone: str, utc: str, reason: str) -> None:
    assert judge(contact_window(policy), [zone], _utc(utc)).reason == reason


@given(st.sampled_from(POLICIES), st.sampled_from(ZONES), moments)
def test_the_next_opening_is_open_and_nothing_before_it_is(policy: str, zones: list[str], utc: datetime) -> None:
    window = contact_window(policy)
    opening = next_open(window, zones, utc)
    if opening is None:
        for hours in range(24 * 7):
            assert not judge(window, zones, utc + timedelta(hours=hours)).allowed
        return
    assert opening >= utc
    assert judge(window, zones, opening).allowed
    if opening > utc:
        assert not judge(window, zones, utc).allowed
        assert not judge(window, zones, opening - timedelta(microseconds=1)).allowed
        assert not judge(window, zones, utc + (opening - utc) / 2).allowed


@given(st.sampled_from(POLICIES), st.sampled_from(ZONES), moments)
def test_the_last_stretch_before_a_deadline_is_open_and_before_it(
    policy: str, zones: list[str], deadline: datetime
) -> None:
    window = contact_window(policy)
    stretch = last_open_before(window, zones, deadline)
    if stretch is None:
        return
    assert stretch.opens <= stretch.latest() < deadline
    assert judge(window, zones, stretch.opens).allowed
    assert judge(window, zones, stretch.latest()).allowed
    gap = deadline - stretch.latest()
    if gap > timedelta(microseconds=1):
        assert not judge(window, zones, stretch.latest() + gap / 2).allowed


@given(st.sampled_from(POLICIES), st.sampled_from(ZONES[:3]), st.dates(date(2025, 1, 1), date(2028, 12, 31)))
def test_the_window_of_a_day_is_what_judging_says(policy: str, zones: list[str], day: date) -> None:
    window = contact_window(policy)
    stretch = window_of_day(window, zones, day)
    if stretch is None:
        noon = datetime(day.year, day.month, day.day, 19, tzinfo=UTC)
        assert not judge(window, zones, noon).allowed
        return
    assert local(stretch.opens, zones[0]).date() == day
    assert judge(window, zones, stretch.opens).allowed
    assert judge(window, zones, stretch.latest()).allowed
    assert not judge(window, zones, stretch.opens - timedelta(microseconds=1)).allowed
    assert not judge(window, zones, stretch.latest() + timedelta(microseconds=1)).allowed


def test_a_reminder_of_a_closed_day_goes_in_the_last_window_before_it() -> None:
    # Boxing Day's substitute is a Monday; the last open day before Christmas is Thursday the 24th.
    stretch = last_open_before(contact_window("uk_default"), ["Europe/London"], _utc("2026-12-28T23:59:00+00:00"))
    assert stretch is not None
    assert (stretch.opens, stretch.closes) == (_utc("2026-12-24T08:00:00+00:00"), _utc("2026-12-24T20:00:00+00:00"))


def test_two_zones_leave_only_their_overlap() -> None:
    stretch = window_of_day(contact_window("us_regf"), ["America/New_York", "America/Los_Angeles"], date(2026, 11, 20))
    assert stretch is not None
    assert (stretch.opens, stretch.closes) == (_utc("2026-11-20T16:00:00+00:00"), _utc("2026-11-21T02:00:00+00:00"))


def test_zones_that_are_never_open_together_have_no_opening() -> None:
    assert (
        next_open(contact_window("uk_default"), ["Europe/London", "Pacific/Fiji"], _utc("2026-11-20T12:00:00+00:00"))
        is None
    )


def test_without_a_zone_nothing_is_judged() -> None:
    with pytest.raises(ValueError, match="at least one"):
        judge(contact_window("uk_default"), [], _utc("2026-11-20T12:00:00+00:00"))


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+46701740605", ("Europe/Stockholm",)),
        ("+48512345678", ("Europe/Warsaw",)),
        ("+12125550100", ("America/New_York",)),
        ("+18085550100", ("Pacific/Honolulu",)),
        # Reserved for fiction, so in no table: the country's zone.
        ("+447700900091", ("Europe/London",)),
        ("not a number", ()),
        ("", ()),
    ],
)
def test_a_number_tells_its_zones(number: str, zones: tuple[str, ...]) -> None:
    assert zones_of_number(number) == zones


@pytest.mark.parametrize(
    ("country", "postcode", "number", "zones"),
    [
        ("GB", "LS1 4AP", "+12125550100", {"Europe/London"}),
        ("CZ", "528 56", "+447700900091", {"Europe/Prague"}),
        (None, None, "+46701740605", {"Europe/Stockholm"}),
        (None, None, None, {"Europe/Dublin"}),
        ("US", "90001", None, {"America/Los_Angeles"}),
        # Conflicting location data in the United States: both count.
        ("US", "90001", "+12125550100", {"America/Los_Angeles", "America/New_York"}),
        # A toll-free number may be anywhere and says nothing.
        ("US", "90001", "+18005550100", {"America/Los_Angeles"}),
        ("PT", None, None, {"Europe/Lisbon", "Atlantic/Madeira", "Atlantic/Azores"}),
    ],
)
def test_the_address_goes_before_the_number(
    country: str | None, postcode: str | None, number: str | None, zones: set[str]
) -> None:
    assert set(zones_for(country, postcode, number, fallback="Europe/Dublin")) == zones


def test_a_closed_day_weighs_more_than_a_closed_hour() -> None:
    # Monday early in Auckland is still Sunday in London.
    found = judge(
        contact_window("uk_default"), ["Pacific/Auckland", "Europe/London"], _utc("2026-11-22T18:00:00+00:00")
    )
    assert found.reason is Reason.CLOSED_DAY
