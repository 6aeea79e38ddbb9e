"""The only clock, and the calendar: working days, months and local time.

Now: the moment a door acts at. In the demo and in tests it is moved by the number of days that a
file names, for every process at once; elsewhere it is the real time. Real time: what one-time
codes, sessions, leases and signatures run on, moved by nobody. Zone: an IANA name, Europe/London.
Calendar: a country's working days (EW is England and Wales). Saturdays, Sundays and public
holidays are no working days; in Sweden neither are the eves of Midsummer, Christmas and New Year
(lagen 1930:173 2 §). Anchor day: the day of the month a monthly plan keeps, falling back to the
last day of a short month and returning afterwards.

Domain functions never read the clock: a door reads it once and passes the moment on.
"""

from __future__ import annotations

import calendar as month_table
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays

from cases.refusal import refusal_code

BACKWARDS = refusal_code("clock.backwards", "now", "wanted")

_SATURDAY = 5

# Calendar → the country and subdivision that hold its public holidays. England stands for England
# and Wales: their bank holidays are the same.
_CALENDARS: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "EW": ("GB", "ENG", ("public",)),
    "SE": ("SE", None, ("public", "de_facto")),
    "PL": ("PL", None, ("public",)),
    "CZ": ("CZ", None, ("public",)),
    "IE": ("IE", None, ("public",)),
    "US": ("US", None, ("public",)),
}
_CALENDAR_OF_COUNTRY = {"GB": "EW", "SE": "SE", "PL": "PL", "CZ": "CZ", "IE": "IE", "US": "US"}


class Clock:
    """Tells now. `moved_by` is a file that holds how far now is moved; without one, now is real.

    The file holds one line, whole days and optionally seconds within the day: "3" or "3 -19800".
    It is read at each question, so that all processes that share it are moved together; a file
    that is not there moves nothing.
    """

    def __init__(self, moved_by: Path | None = None) -> None:
        self._moved_by = moved_by

    def now(self) -> datetime:
        """The moment to act at, UTC."""
        return self.real() + self.offset()

    def real(self) -> datetime:
        """The real moment, UTC: for codes, sessions, leases and signatures."""
        return datetime.now(UTC)

    def today(self, zone: str) -> date:
        """The date of now in a zone."""
        return local(self.now(), zone).date()

    def offset(self) -> timedelta:
        """How far now is moved from the real moment. ValueError when the file says nonsense."""
        if self._moved_by is None:
            return timedelta(0)
        try:
            words = self._moved_by.read_text("ascii").split()
        except FileNotFoundError:
            return timedelta(0)
        if not 1 <= len(words) <= 2:
            raise ValueError("the clock's file holds whole days and, if any, seconds")
        days, seconds = int(words[0]), int(words[1]) if len(words) == 2 else 0
        return timedelta(days=days, seconds=seconds)

    def move_to(self, moment: datetime) -> None:
        """Make `moment` (UTC) the new now, for everyone who shares the file. Forward only.

        Refuses `clock.backwards`; ValueError when this clock has no file and so cannot be moved.
        """
        if self._moved_by is None:
            raise ValueError("this clock cannot be moved")
        now = self.now()
        if moment < now:
            raise BACKWARDS(now=now, wanted=moment)
        # Rounded up to the next second, so that now is never short of what was asked for.
        gap = moment - self.real() + timedelta(microseconds=999_999)
        written = self._moved_by.with_name(self._moved_by.name + ".new")
        written.write_text(f"{gap.days} {gap.seconds}\n", "ascii")
        os.replace(written, self._moved_by)


def zone_info(zone: str) -> ZoneInfo:
    """The rules of an IANA zone; ValueError for a name that is not one."""
    try:
        return ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as unknown:
        raise ValueError(f"{zone!r} is not a time zone") from unknown


def local(moment: datetime, zone: str) -> datetime:
    """An aware moment as wall-clock time in a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment carries its time zone")
    return moment.astimezone(zone_info(zone))


def moment_of(day: date, at: time, zone: str) -> datetime:
    """The UTC moment when the clocks of a zone show this time on this day.

    A time that a spring night skips maps forward by the gap (02:30 becomes 03:30); one that an
    autumn night has twice is the first of the two. (rules 1.5)
    """
    # fold=0 reads a skipped time with the offset from before the change, which is the same moment
    # as the time mapped forward by the gap.
    return datetime.combine(day, at, zone_info(zone)).replace(fold=0).astimezone(UTC)


def day_start(day: date, zone: str) -> datetime:
    """The UTC moment when a date begins in a zone."""
    return moment_of(day, time(0), zone)


def calendar_for(country: str) -> str | None:
    """The calendar of a country code (GB → EW); None where none is shipped."""
    return _CALENDAR_OF_COUNTRY.get(country)


def is_holiday(calendar: str, day: date) -> bool:
    """Whether a day is a public holiday (in Sweden also one of the three eves); no plain weekends."""
    return day in _holidays(calendar, day.year)


def is_working_day(calendar: str, day: date) -> bool:
    """Whether a day is a working day of a calendar; ValueError for a calendar not shipped."""
    return not is_holiday(calendar, day) and day.weekday() < _SATURDAY


def next_working_day(calendar: str | None, day: date) -> date:
    """The day itself if it is a working day, else the next one; without a calendar the day itself."""
    if calendar is None:
        return day
    while not is_working_day(calendar, day):
        day += timedelta(days=1)
    return day


def add_working_days(calendar: str, day: date, count: int) -> date:
    """The count-th working day after a day, which itself is not counted."""
    if count < 0:
        raise ValueError("working days are counted forward")
    for _ in range(count):
        day = next_working_day(calendar, day + timedelta(days=1))
    return day


def month_day(year: int, month: int, anchor: int) -> date:
    """The anchor day of a month, or the month's last day where it is shorter. (lagen 1930:173 1 §)"""
    return date(year, month, min(anchor, month_table.monthrange(year, month)[1]))


def add_months(day: date, months: int, anchor: int | None = None) -> date:
    """The date so many months on, on the anchor day (the day's own if none is given)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return month_day(year, month + 1, day.day if anchor is None else anchor)


def monthly(first: date, anchor: int | None = None) -> Iterator[date]:
    """Monthly dates from `first` on, without end.

    They keep the anchor day: 31 January, 28 February, 31 March. With an anchor of its own the
    first date is the first anchor day on or after `first`; an anchor of 31 is the last of each month.
    """
    keep = first.day if anchor is None else anchor
    if not 1 <= keep <= 31:
        raise ValueError("an anchor day is 1 to 31")
    begin = 0 if add_months(first, 0, keep) >= first else 1
    months = begin
    while True:
        yield add_months(first, months, keep)
        months += 1


def monthly_dates(first: date, count: int, anchor: int | None = None) -> list[date]:
    """The first `count` monthly dates, see `monthly`."""
    return list(islice(monthly(first, anchor), count))


def every_days(first: date, days: int) -> Iterator[date]:
    """Dates a fixed number of days apart, without end: 7 weekly, 14 two-weekly, 28 four-weekly."""
    if days < 1:
        raise ValueError("dates are at least a day apart")
    while True:
        yield first
        first += timedelta(days=days)


def full_months(start: date, end: date) -> int:
    """How many whole months have passed from start to end; 0 when end is not after start.

    A month is whole once its monthly date is reached: 31 January to 28 February is one.
    """
    if end <= start:
        return 0
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def begun_months(first: date, last: date) -> int:
    """How many months the days from first to last touch, both counted; a begun month is one.

    Not the same as full months: it counts to the day after the last.
    """
    if last < first:
        return 0
    after = last + timedelta(days=1)
    months = full_months(first, after)
    return months if add_months(first, months) == after else months + 1


@cache
def _holidays(calendar: str, year: int) -> frozenset[date]:
    # A fresh book for each year, frozen: the library fills its own year by year as it is asked,
    # and two threads asking at once could read a year that is only half there.
    try:
        country, subdivision, categories = _CALENDARS[calendar]
    except KeyError:
        raise ValueError(f"{calendar!r} is not a calendar") from None
    book = holidays.country_holidays(country, subdiv=subdivision, years=[year], categories=categories)
    return frozenset(day for day in book if day.year == year)
