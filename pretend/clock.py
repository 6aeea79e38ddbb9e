"""The demo's day, and the zone in which a phone shows its times.

The demo may move its day forward. A file then holds the days to add, and seconds within the day; each record
keeps the number that stood there when it was carried, so that the page shows the day it had.
Callbacks, signatures and waiting always go by real time.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Country calling codes of the demo's people; any other phone shows UTC.
ZONES = {"+44": "Europe/London", "+46": "Europe/Stockholm", "+48": "Europe/Warsaw"}
COUNTRIES = {"+44": "GB", "+46": "SE", "+48": "PL", "+1": "US"}


class DayFile:
    """The days that the demo has moved; 0 until a file holds "3" or "3 54000", days and seconds within the day."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._days = 0.0

    def days(self) -> float:
        """Days to add now; the file is read again only when it has changed."""
        if self._path is None:
            return 0
        try:
            stat = os.stat(self._path)
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if stamp != self._stamp:
                words = self._path.read_text("ascii").split()
                self._days = int(words[0]) + (int(words[1]) / 86_400 if len(words) > 1 else 0)
                self._stamp = stamp
        except (OSError, ValueError, IndexError):
            pass  # not there, or just being written: what was last read stands
        return self._days


def country_of(number: str) -> str:
    """Two-letter country of a phone number where its calling code tells it, else nothing."""
    return next((country for code, country in COUNTRIES.items() if number.startswith(code)), "")


def zone_of(number: str) -> tzinfo:
    """The zone of a phone, by its calling code."""
    name = next((zone for code, zone in ZONES.items() if number.startswith(code)), "")
    try:
        return ZoneInfo(name) if name else UTC
    except ZoneInfoNotFoundError:
        return UTC


def shown(at: float, days: float, zone: tzinfo) -> datetime:
    """The moment as the page shows it: moved as the demo's day is."""
    return datetime.fromtimestamp(at, zone) + timedelta(days=days)
