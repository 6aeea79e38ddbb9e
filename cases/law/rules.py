"""What law and good practice say, as dated data: contact windows, caps, words, time zones.

The data stands in the files beside this module; `cases.law.pack` says what each may hold. They are
read once, when first asked, and checked whole: a mistake names its file and key.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time, timedelta
from functools import cache
from importlib import resources

from cases.clock import calendar_for, is_holiday
from cases.law.pack import (
    Calls,
    Caps,
    ContactWindow,
    LawError,
    Pack,
    Words,
    read_defaults,
    read_pack,
)

_DEFAULT = "default.toml"

_ZIP = re.compile(r"([0-9]{3})[0-9]{2}(?:-?[0-9]{4})?$")
"""A whole code of the countries whose packs tell zones by it: five digits, or nine; the first three count."""


def pack(country: str | None) -> Pack | None:
    """The law pack of a country code, None where none is shipped."""
    return _packs().get(country) if country else None


def countries() -> tuple[str, ...]:
    """The country codes that have a pack."""
    return tuple(_packs())


def contact_window(name: str) -> ContactWindow:
    """A window by its name (uk_default, us_regf …); ValueError for one that is not shipped."""
    for each in _packs().values():
        if name in each.windows:
            return each.windows[name]
    raise ValueError(f"{name!r} is not a contact window")


def window_for(country: str | None, on: date) -> ContactWindow:
    """The contact window in force in a country on a day.

    A country without a pack gets the strictest shipped window, closed on its own holidays where
    its calendar is shipped. A day before a pack's first row uses the first row.
    """
    found = pack(country)
    if found is None:
        strictest = strictest_window()
        own = calendar_for(country) if country else None
        return replace(strictest, calendar=own) if own else strictest
    name = found.contact[0][1]
    for from_day, later in found.contact:
        if from_day <= on:
            name = later
    return found.windows[name]


@cache
def strictest_window() -> ContactWindow:
    """The shipped window that is open least over a year; equal ones by name."""
    year = [date(2026, 1, 1) + timedelta(days=i) for i in range(365)]

    def open_minutes(window: ContactWindow) -> int:
        return sum(
            _minutes(hours[1]) - _minutes(hours[0])
            for day in year
            if (hours := window.hours[day.weekday()]) and not (window.calendar and is_holiday(window.calendar, day))
        )

    windows = [window for each in _packs().values() for window in each.windows.values()]
    return min(windows, key=lambda window: (open_minutes(window), window.name))


def caps(on: date) -> Caps:
    """The caps in force on a day; a day before the first row uses the first row."""
    rows = _default()[0]
    found = rows[0]
    for row in rows:
        if row.from_day <= on:
            found = row
    return found


def calls(country: str | None, on: date) -> Calls:
    """How often somebody in a country may be called: by its law, else by the default in force on the day."""
    found = pack(country)
    return found.calls if found is not None and found.calls is not None else caps(on).calls


def words() -> tuple[Words, ...]:
    """Every list of words shipped. They count wherever a person lives and whatever they speak."""
    return _default()[1] + tuple(row for each in _packs().values() for row in each.words)


def zones_of_country(country: str | None, postcode: str | None = None) -> tuple[str, ...]:
    """The time zones of a country, narrowed by the postcode where the pack says how.

    Only a whole code narrows: one of four digits has lost its first nought, and would name a place far away.
    A country without a pack has those of the time zone database; an unknown one has none.
    """
    if not country:
        return ()
    found = pack(country)
    if found is None:
        return _zones_by_country().get(country, ())
    if whole := _ZIP.match((postcode or "").strip()):
        digits = whole[1]
        for first, last, zones in found.postcodes:
            if first <= digits <= last:
                return zones
    return found.zones


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


@cache
def _packs() -> dict[str, Pack]:
    found: dict[str, Pack] = {}
    names: dict[str, str] = {}
    files = sorted(
        (entry for entry in resources.files("cases.law").iterdir()),
        key=lambda entry: entry.name,
    )
    for entry in files:
        if not entry.name.endswith(".toml") or entry.name == _DEFAULT:
            continue
        read = read_pack(entry.name, entry.read_text("utf-8"))
        if entry.name != f"{read.country.lower()}.toml":
            raise LawError(entry.name, "country", f"the file of {read.country} has another name")
        for window in read.windows:
            if window in names:
                raise LawError(entry.name, f"windows.{window}", f"also stands in {names[window]}")
            names[window] = entry.name
        found[read.country] = read
    return found


@cache
def _default() -> tuple[tuple[Caps, ...], tuple[Words, ...]]:
    text = resources.files("cases.law").joinpath(_DEFAULT).read_text("utf-8")
    return read_defaults(_DEFAULT, text)


@cache
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    lines = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    found: dict[str, list[str]] = {}
    for line in lines.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in found.items()}
