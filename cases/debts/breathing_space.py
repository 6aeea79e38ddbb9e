"""Breathing space: a moratorium on debts (England and Wales, SI 2020/1311). Pure; the figures stand in `gb.toml`.

Standard: sixty days, the first of them the day after the register's entry, with a review by the adviser in the
middle. In a mental health crisis: as long as the treatment, and thirty days. Inside it nothing is charged and
nothing is asked for on the debts in it; what was frozen may not be claimed later. What is still allowed is a
list, and anything that is not on it is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from cases.law.pack import BreathingSpace
from cases.law.rules import pack


@dataclass(frozen=True, slots=True)
class Window:
    """The protected days, both in it, and the days of the adviser's review."""

    start: date
    last: date
    review_from: date
    review_to: date

    @property
    def free_from(self) -> date:
        """The first day after it."""
        return self.last + timedelta(days=1)

    def holds(self, day: date) -> bool:
        """Whether a day is protected."""
        return self.start <= day <= self.last


def window_of(entered: date) -> Window:
    """The standard window of an entry in the register."""
    law, start = _law(), entered + timedelta(days=1)

    def nth(day: int) -> date:
        return start + timedelta(days=day - 1)

    return Window(start, nth(law.days), nth(law.review_from_day), nth(law.review_to_day))


def after_treatment(ended: date) -> date:
    """The last protected day of a mental health crisis whose treatment ended on a day."""
    return ended + timedelta(days=_law().days_after_treatment)


def may(action: str, day: date, window: Window) -> bool:
    """Whether something may be done about a debt in it on a day; what is not listed may not."""
    return not window.holds(day) or action in _law().allowed


def qualifies(debt: str) -> bool:
    """Whether a kind of debt is among those that a breathing space covers."""
    return debt not in _law().excluded


def chargeable_days(first: date, last: date, windows: Iterable[Window]) -> int:
    """How many days from `first` to `last`, both in it, bear interest: those of no window."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    held = list(windows)
    return sum(1 for day in days if not any(window.holds(day) for window in held))


def _law() -> BreathingSpace:
    found = pack("GB")
    assert found is not None and found.breathing_space is not None
    return found.breathing_space
