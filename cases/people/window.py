"""The contact window: may a person be contacted at a moment, and if not, when?

A moment is judged on the clocks of the place where the person is. Zones: where that may be, from
the address, else from the telephone number; when there are several, every one must fit. Reasons:
ok; outside_window (the day is open, the hour is not); closed_day (no hours on this weekday, or a
holiday). Stretch: an unbroken time in which the window is open in all zones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import timezone as number_zones

from cases.clock import is_holiday, local, moment_of
from cases.law.pack import ContactWindow
from cases.law.rules import pack, zones_of_country

# How many days are searched for an opening: longer than any run of holidays.
_SEARCH_DAYS = 60
_TICK = timedelta(microseconds=1)


class Reason(StrEnum):
    """Why a moment is inside the window or not."""

    OK = "ok"
    OUTSIDE_WINDOW = "outside_window"
    CLOSED_DAY = "closed_day"


@dataclass(frozen=True, slots=True)
class Judgement:
    """May a message go at this moment, and the reason."""

    allowed: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Stretch:
    """Open from `opens` to `closes`, both UTC. `end_inclusive`: the last moment is still inside."""

    opens: datetime
    closes: datetime
    end_inclusive: bool

    def latest(self) -> datetime:
        """The last moment inside."""
        return self.closes if self.end_inclusive else self.closes - _TICK


def judge(policy: ContactWindow, zones: Sequence[str], utc: datetime) -> Judgement:
    """Judge a moment by the clocks of every zone; all must be open. ValueError without zones."""
    reasons = {_reason(policy, zone, utc) for zone in _known(zones)}
    if reasons == {Reason.OK}:
        return Judgement(True, Reason.OK)
    # A closed day weighs more: it says that waiting an hour will not help.
    closed = Reason.CLOSED_DAY in reasons
    return Judgement(False, Reason.CLOSED_DAY if closed else Reason.OUTSIDE_WINDOW)


def window_of_day(policy: ContactWindow, zones: Sequence[str], day: date) -> Stretch | None:
    """The stretch that is open everywhere on a day of the first zone, None when there is none.

    Where zones lie so far apart that the day has two, the first is given.
    """
    return next(iter(_stretches(policy, _known(zones), day)), None)


def next_open(policy: ContactWindow, zones: Sequence[str], utc: datetime) -> datetime | None:
    """The first moment from `utc` on when all zones are open: `utc` itself if they are.

    None when they are never open together.
    """
    start = local(utc, _known(zones)[0]).date()
    for offset in range(_SEARCH_DAYS):
        for stretch in _stretches(policy, zones, start + timedelta(days=offset)):
            if stretch.latest() >= utc:
                return max(stretch.opens, utc).astimezone(UTC)
    return None


def last_open_before(policy: ContactWindow, zones: Sequence[str], deadline: datetime) -> Stretch | None:
    """The last stretch that is open before a deadline, cut off at it; the deadline is outside.

    For a reminder whose own day has no window: it goes in the last window before. None when the
    zones were never open together.
    """
    start = local(deadline, _known(zones)[0]).date()
    for offset in range(_SEARCH_DAYS):
        for stretch in reversed(list(_stretches(policy, zones, start - timedelta(days=offset)))):
            if stretch.opens < deadline:
                if stretch.latest() < deadline:
                    return stretch
                return Stretch(stretch.opens, deadline.astimezone(UTC), end_inclusive=False)
    return None


@lru_cache(maxsize=4096)
def zones_of_number(e164: str) -> tuple[str, ...]:
    """The time zones where a telephone number (+46701740605) may be; none for what is no number.

    A number whose range the tables do not know has the zones of its country code.
    """
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return ()
    found = tuple(zone for zone in number_zones.time_zones_for_number(number) if zone != number_zones.UNKNOWN_TIMEZONE)
    if found:
        return found
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    return zones_of_country(country)


def zones_for(country: str | None, postcode: str | None, number: str | None, *, fallback: str) -> tuple[str, ...]:
    """The zones to judge a person by: of the address, else of the number, else `fallback`.

    `fallback` is the creditor's zone. In a country whose law says so (United States: conflicting
    location data) the number's zones count beside those of the address.
    """
    by_address = zones_of_country(country, postcode)
    by_number = zones_of_number(number) if number else ()
    law = pack(country)
    if by_address and by_number and law is not None and law.number_counts_beside_address:
        # A mobile or toll-free number that may be anywhere says nothing against the address.
        narrow = len(by_number) <= len(law.zones)
        return tuple(dict.fromkeys(by_address + (by_number if narrow else ())))
    return by_address or by_number or (fallback,)


def _known(zones: Sequence[str]) -> Sequence[str]:
    if not zones:
        raise ValueError("a contact window is judged in at least one time zone")
    return zones


def _reason(policy: ContactWindow, zone: str, utc: datetime) -> Reason:
    here = local(utc, zone)
    hours = _hours(policy, here.date())
    if hours is None:
        return Reason.CLOSED_DAY
    opens, closes = hours
    at = here.time()
    inside = opens <= at < closes or (policy.end_inclusive and at == closes)
    return Reason.OK if inside else Reason.OUTSIDE_WINDOW


def _hours(policy: ContactWindow, day: date) -> tuple[time, time] | None:
    if policy.calendar is not None and is_holiday(policy.calendar, day):
        return None
    return policy.hours[day.weekday()]


def _stretch(policy: ContactWindow, zone: str, day: date) -> Stretch | None:
    hours = _hours(policy, day)
    if hours is None:
        return None
    opens, closes = (moment_of(day, at, zone) for at in hours)
    return Stretch(opens, closes, policy.end_inclusive)


def _stretches(policy: ContactWindow, zones: Sequence[str], day: date) -> Iterator[Stretch]:
    """What is open everywhere within the first zone's window of this day, in order."""
    first = _stretch(policy, zones[0], day)
    found = [first] if first else []
    for zone in zones[1:]:
        # On the other side of the date line it is the day before or the day after.
        days = (day + timedelta(days=offset) for offset in (-1, 0, 1))
        theirs = [each for each in (_stretch(policy, zone, other) for other in days) if each]
        found = [
            Stretch(opens, closes, policy.end_inclusive)
            for ours in found
            for other in theirs
            if (opens := max(ours.opens, other.opens)) < (closes := min(ours.closes, other.closes))
            or (policy.end_inclusive and opens == closes)
        ]
    yield from found
