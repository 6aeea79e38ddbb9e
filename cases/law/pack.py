"""A law file: what it may hold, read and checked.

Pack: one country's rules, a file `<country>.toml` beside this module; `default.toml` holds what
applies where no country says otherwise. Contact window: the hours of each weekday in which a
person may be contacted, in their own time, and the calendar whose holidays are closed. Cap: how
many messages of our own accord a person may get. Surety: A primary text, B reputable secondary
source, C unconfirmed, D our product choice. Every table names its source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from cases.clock import is_holiday

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


_Row = TypeVar("_Row")


class LawError(Exception):
    """A law file is wrong; the message names the file, the key and what is wrong with it."""

    def __init__(self, file: str, key: str, wrong: str) -> None:
        super().__init__(f"{file}: {key}: {wrong}")


@dataclass(frozen=True, slots=True)
class ContactWindow:
    """When a person may be contacted. `hours` has seven entries from Monday, None a closed day."""

    name: str
    hours: tuple[tuple[time, time] | None, ...]
    end_inclusive: bool
    """Whether the closing time itself is still inside."""
    calendar: str | None
    """The calendar whose holidays are closed; None closes no holidays."""
    surety: str
    source: str


@dataclass(frozen=True, slots=True)
class Calls:
    """How often a person may be called: `most` calls in `days` consecutive days, over all debts.

    A conversation starts a wait of `wait_days` days, its own day being the first; 0: none.
    """

    most: int
    days: int
    wait_days: int
    surety: str
    source: str


@dataclass(frozen=True, slots=True)
class Caps:
    """The most messages of our own accord per person, over all channels and debts."""

    from_day: date
    messages_a_day: int
    messages_a_week: int
    exempt: frozenset[str]
    calls: Calls
    surety: str
    source: str


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one language that withdraw permission, give it again, or ask for help."""

    language: str
    withdraw: tuple[str, ...]
    resume: tuple[str, ...]
    help: tuple[str, ...]
    surety: str
    source: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The outer limits for honouring and confirming a withdrawal."""

    honour_within_business_days: int
    confirm_within_seconds: int
    surety: str
    source: str


@dataclass(frozen=True, slots=True)
class StatementDuty:
    """A statement that is wanted by itself for some kinds of debt, every so many months."""

    name: str
    debt_types: frozenset[str]
    every_months: int
    give_within_days: int
    """Days after the period in which it may still be given."""
    surety: str
    source: str


@dataclass(frozen=True, slots=True)
class BreathingSpace:
    """A moratorium on debts by law: how long, when its adviser reviews it, what goes on, which debts it leaves out."""

    days: int
    review_from_day: int
    review_to_day: int
    days_after_treatment: int
    allowed: frozenset[str]
    excluded: frozenset[str]
    surety: str
    source: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One country's rules."""

    country: str
    calendar: str
    zones: tuple[str, ...]
    number_counts_beside_address: bool
    contact: tuple[tuple[date, str], ...]
    windows: Mapping[str, ContactWindow]
    words: tuple[Words, ...]
    postcodes: tuple[tuple[str, str, tuple[str, ...]], ...]
    withdrawal: Withdrawal | None
    statements: tuple[StatementDuty, ...]
    breathing_space: BreathingSpace | None
    calls: Calls | None
    limitation_restarts: bool
    """Whether agreeing to pay a debt, or paying a part, starts its limitation anew, so that it is said before."""


def read_pack(file: str, text: str) -> Pack:
    """A pack from the text of its file; LawError names the file and key that is wrong."""
    table = _Table(file, "", _parsed(file, text))
    country = table.text("country")
    if len(country) != 2 or not country.isascii() or not country.isupper():
        raise LawError(file, "country", "two capital letters are needed")
    calendar = table.calendar("calendar", needed=True)
    assert calendar is not None
    windows = {name: _window(name, table.table("windows").table(name)) for name in table.table("windows").value}
    contact = tuple((row.day("from"), row.text("window")) for row in table.tables("contact"))
    if not contact:
        raise LawError(file, "contact", "at least one row is needed")
    _ascending(file, "contact", (day for day, _ in contact))
    for _, name in contact:
        if name not in windows:
            raise LawError(file, "contact", f"there is no window {name!r}")
    read = Pack(
        country=country,
        calendar=calendar,
        zones=table.zones("zones"),
        number_counts_beside_address=table.flag("number_counts_beside_address", False),
        contact=contact,
        windows=windows,
        words=tuple(_words(row) for row in table.tables("words")),
        postcodes=tuple((row.text("from"), row.text("to"), row.zones("zones")) for row in table.tables("postcodes")),
        withdrawal=_withdrawal(table.table("withdrawal")) if "withdrawal" in table.value else None,
        breathing_space=_breathing(table.table("breathing_space")) if "breathing_space" in table.value else None,
        calls=_calls(table.table("calls")) if "calls" in table.value else None,
        limitation_restarts=table.flag("limitation_restarts", False),
        statements=tuple(_statement(row) for row in table.tables("statements")),
    )
    table.nothing_else("contact", "windows")
    return read


def read_defaults(file: str, text: str) -> tuple[tuple[Caps, ...], tuple[Words, ...]]:
    """The caps and words of the file that holds the defaults; LawError as for a pack."""
    table = _Table(file, "", _parsed(file, text))
    caps = tuple(_caps(row) for row in table.tables("caps"))
    if not caps:
        raise LawError(file, "caps", "at least one row is needed")
    _ascending(file, "caps", (row.from_day for row in caps))
    words = tuple(_words(row) for row in table.tables("words"))
    table.nothing_else()
    return caps, words


def _window(name: str, table: _Table) -> ContactWindow:
    hours_table = table.table("hours")
    hours: list[tuple[time, time] | None] = []
    for weekday in _WEEKDAYS:
        hours.append(hours_table.hours(weekday) if weekday in hours_table.value else None)
    hours_table.nothing_else(*_WEEKDAYS)
    if not any(hours):
        raise LawError(table.file, table.key("hours"), "at least one open day is needed")
    window = ContactWindow(
        name=name,
        hours=tuple(hours),
        end_inclusive=table.flag("end_inclusive"),
        calendar=table.calendar("calendar", needed=False),
        surety=table.surety(),
        source=table.text("source"),
    )
    table.nothing_else("hours")
    return window


def _caps(table: _Table) -> Caps:
    return _counted(Caps, table, "messages_a_day", "messages_a_week", from_day=table.day("from"),
                    exempt=frozenset(table.texts("exempt")), calls=_calls(table.table("calls")))  # fmt: skip


def _calls(table: _Table) -> Calls:
    return _counted(Calls, table, "most", "days", "wait_days")


def _words(table: _Table) -> Words:
    row = Words(
        language=table.text("language"),
        withdraw=table.texts("withdraw"),
        resume=table.texts("resume") if "resume" in table.value else (),
        help=table.texts("help") if "help" in table.value else (),
        surety=table.surety(),
        source=table.text("source"),
    )
    table.nothing_else("resume", "help")
    return row


def _withdrawal(table: _Table) -> Withdrawal:
    return _counted(Withdrawal, table, "honour_within_business_days", "confirm_within_seconds")


def _statement(table: _Table) -> StatementDuty:
    row = _counted(StatementDuty, table, "every_months", "give_within_days", name=table.text("name"),
                   debt_types=frozenset(table.texts("debt_types")))  # fmt: skip
    if not row.every_months:
        raise table.wrong("every_months", "at least one month is needed")
    return row


def _breathing(table: _Table) -> BreathingSpace:
    return _counted(BreathingSpace, table, "days", "review_from_day", "review_to_day", "days_after_treatment",
                    allowed=frozenset(table.texts("allowed")), excluded=frozenset(table.texts("excluded")))  # fmt: skip


def _counted(row: Callable[..., _Row], table: _Table, *counts: str, **other: object) -> _Row:
    """A row of counts, of what `other` was read beside them, and of its source; no other key may stand there."""
    made = row(**{name: table.count(name) for name in counts}, **other, surety=table.surety(),
               source=table.text("source"))  # fmt: skip
    table.nothing_else()
    return made


def _parsed(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise LawError(file, "the whole file", str(wrong)) from wrong


def _ascending(file: str, key: str, days: Iterable[date]) -> None:
    listed = list(days)
    if any(later <= earlier for earlier, later in zip(listed, listed[1:], strict=False)):
        raise LawError(file, key, "rows are in order of their first day, each day once")


class _Table:
    """One table of a file that knows where it stands, so that a mistake names its key."""

    def __init__(self, file: str, path: str, value: Mapping[str, Any]) -> None:
        self.file, self.path, self.value = file, path, value
        self._asked: set[str] = set()

    def key(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, wrong: str) -> LawError:
        return LawError(self.file, self.key(name), wrong)

    def nothing_else(self, *also: str) -> None:
        for name in self.value:
            if name not in self._asked and name not in also:
                raise self.wrong(name, "this key is not known")

    def _need(self, name: str, kind: type) -> Any:
        self._asked.add(name)
        if name not in self.value:
            raise self.wrong(name, "this key is missing")
        found = self.value[name]
        if type(found) is not kind:
            raise self.wrong(name, f"{kind.__name__} is needed")
        return found

    def table(self, name: str) -> _Table:
        return _Table(self.file, self.key(name), self._need(name, dict))

    def tables(self, name: str) -> list[_Table]:
        if name not in self.value:
            return []
        return [
            _Table(self.file, f"{self.key(name)}[{number}]", row)
            for number, row in enumerate(self._need(name, list), 1)
        ]

    def text(self, name: str) -> str:
        found: str = self._need(name, str)
        if not found.strip():
            raise self.wrong(name, "it is empty")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        found = self._need(name, list)
        if not found or not all(type(each) is str and each.strip() for each in found):
            raise self.wrong(name, "a list of words is needed")
        return tuple(found)

    def count(self, name: str) -> int:
        found: int = self._need(name, int)
        if found < 0:
            raise self.wrong(name, "it is negative")
        return found

    def flag(self, name: str, default: bool | None = None) -> bool:
        if default is not None and name not in self.value:
            return default
        return bool(self._need(name, bool))

    def day(self, name: str) -> date:
        found: date = self._need(name, date)
        return found

    def surety(self) -> str:
        found = self.text("surety")
        if found not in ("A", "B", "C", "D"):
            raise self.wrong("surety", "A, B, C or D is needed")
        return found

    def zones(self, name: str) -> tuple[str, ...]:
        found = self.texts(name)
        for zone in found:
            try:
                ZoneInfo(zone)
            except (KeyError, OSError, ValueError):
                raise self.wrong(name, f"{zone!r} is not a time zone") from None
        return found

    def calendar(self, name: str, *, needed: bool) -> str | None:
        if not needed and name not in self.value:
            return None
        found = self.text(name)
        try:
            is_holiday(found, date(2026, 1, 1))
        except ValueError:
            raise self.wrong(name, f"{found!r} is not a calendar") from None
        return found

    def hours(self, name: str) -> tuple[time, time]:
        found = self.texts(name)
        try:
            opens, closes = (time.fromisoformat(each) for each in found)
        except ValueError:
            raise self.wrong(name, "two times of day are needed") from None
        if not opens < closes:
            raise self.wrong(name, "it closes before it opens")
        return opens, closes
