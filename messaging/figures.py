"""Figures: how sums, numbers, days, references and phone numbers are written in each language. Pure.

Figures follow the reader's language, the symbol is ours (£, kr, zł, Kč, €), spaces inside do not
break, minus is a true minus. Nothing here asks Babel twice for the same pattern: a ledger page
formats hundreds of lines, a statement as many.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from babel import Locale
from babel.numbers import format_percent

from cases.money import Money, decimals_of

REGION: Final = "GB"
"""The region whose phone numbers are written without their country."""

LOCALES: Final = {"en": "en_GB"}
"""Whose digits and month names a language takes, where its bare code would take another country's."""

_SYMBOLS: Final = {
    "GBP": "£", "EUR": "€", "USD": "$", "SEK": "kr", "NOK": "kr", "DKK": "kr", "PLN": "zł", "CZK": "Kč",
}  # fmt: skip
_BEFORE: Final = frozenset({"GBP", "USD"})
"""Currencies whose symbol stands before the figure in every language."""

_DAY: Final = {
    "en": "{weekday} {day} {month}",
    "sv": "{weekday} {day} {month}",
    "pl": "{weekday}, {day} {month}",
    "ar": "{weekday}، {day} {month}",
}
_LEAST_GROUPED: Final = {"pl": 5}
"""How many digits a figure has before it is grouped, where it is not four (Polish: 3260, 13 260)."""

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Figures:
    """How one language writes numbers and names days; read from Babel once."""

    decimal: str
    group: str
    least_grouped: int
    weekdays: tuple[str, ...]
    weekdays_short: tuple[str, ...]
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    months_alone: tuple[str, ...]
    day: str


@cache
def figures(code: str) -> Figures:
    """How a language writes numbers and names days."""
    locale = Locale.parse(LOCALES.get(code, code))
    symbols = locale.number_symbols.get("latn", locale.number_symbols)
    days, months = locale.days["format"], locale.months["format"]
    short = Locale.parse(code).months["format"]["abbreviated"]  # British English has Sept, in four letters
    return Figures(
        decimal=symbols["decimal"],
        group=NO_BREAK if symbols["group"].isspace() else symbols["group"],
        least_grouped=_LEAST_GROUPED.get(code, 4),
        weekdays=tuple(days["wide"][n] for n in range(7)),
        weekdays_short=tuple(days["abbreviated"][n].rstrip(".") for n in range(7)),
        months=tuple(months["wide"][n] for n in range(1, 13)),
        months_short=tuple(short[n].rstrip(".") for n in range(1, 13)),
        months_alone=tuple(locale.months["stand-alone"]["wide"][n] for n in range(1, 13)),
        day=_DAY.get(code, _DAY["en"]),
    )


def number(value: int, code: str) -> str:
    """A whole number, grouped, with a true minus."""
    return (MINUS if value < 0 else "") + _grouped(str(abs(value)), figures(code))


@lru_cache(maxsize=256)
def percent(rate: Decimal, code: str) -> str:
    """A rate in per cent, as exact as it is: 8.5%."""
    locale = LOCALES.get(code, code)
    return format_percent(rate / 100, locale=locale, decimal_quantization=False, numbering_system="latn")


def decimal_text(minor: int, currency: str, code: str) -> str:
    """An amount as it is typed: no symbol, no grouping, the language's decimal sign."""
    return _decimal(minor, decimals_of(currency), figures(code), grouped=False)


def money_text(amount: Money | int, currency: str | None, code: str) -> str:
    """An amount with its symbol: £1,496.60, 1 940,00 kr, −£20.00. `amount` is Money, or minor units with a currency."""
    if isinstance(amount, Money):
        return _money(amount.minor, amount.currency, code)
    if currency is None:
        raise TypeError("minor units are nothing without their currency")
    return _money(amount, currency, code)


def symbol(currency: str) -> str:
    """The symbol that we write for a currency; its code where we have none."""
    return _SYMBOLS.get(currency, currency)


def symbol_before(currency: str, code: str) -> bool:
    """Whether the symbol stands before the figure (the euro: in English only)."""
    return currency in _BEFORE or (currency == "EUR" and code == "en")


def day(value: date, code: str, *, year: bool = True) -> str:
    """A day with its weekday: Tuesday 1 December 2026."""
    how = figures(code)
    text = how.day.format(weekday=how.weekdays[value.weekday()], day=value.day, month=how.months[value.month - 1])
    return f"{text} {value.year}" if year else text


def day_plain(value: date, code: str, *, year: bool = True) -> str:
    """A day without its weekday, where the weekday says nothing: 14 March 2026."""
    text = f"{value.day} {figures(code).months[value.month - 1]}"
    return f"{text} {value.year}" if year else text


def day_short(value: date, code: str) -> str:
    """A day for a column: Tue 1 Sep 2026, its spaces unbreakable."""
    how = figures(code)
    words = (
        how.weekdays_short[value.weekday()], str(value.day), how.months_short[value.month - 1], str(value.year),
    )  # fmt: skip
    return NO_BREAK.join(words)


def day_column(value: date, code: str) -> str:
    """A day for a narrow column, without its weekday: 1 Sep 2026, its spaces unbreakable."""
    return NO_BREAK.join((str(value.day), figures(code).months_short[value.month - 1], str(value.year)))


def month(value: date, code: str) -> str:
    """A month: June 2028."""
    return f"{figures(code).months_alone[value.month - 1]} {value.year}"


def reference(value: str) -> str:
    """A case reference as people read it: EV 7QX4 M2HC, its spaces unbreakable."""
    bare = "".join(value.split()).upper()
    return NO_BREAK.join((bare[:2], bare[2:6], bare[6:])) if len(bare) == 10 else value


@lru_cache(maxsize=1024)
def phone_text(value: str) -> str:
    """A phone number as it is dialled from here: 07700 900145; a foreign one with its country."""
    try:
        parsed = phonenumbers.parse(value, REGION)
    except phonenumbers.NumberParseException:
        return value
    at_home = phonenumbers.country_code_for_region(REGION) == parsed.country_code
    style = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, style.NATIONAL if at_home else style.INTERNATIONAL))


@lru_cache(maxsize=4096)
def _money(minor: int, currency: str, code: str) -> str:
    figure = _decimal(abs(minor), decimals_of(currency), figures(code), grouped=True)
    sign = MINUS if minor < 0 else ""
    if symbol_before(currency, code):
        return f"{sign}{symbol(currency)}{figure}"
    return f"{sign}{figure}{NO_BREAK}{symbol(currency)}"


def _decimal(minor: int, decimals: int, how: Figures, *, grouped: bool) -> str:
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    whole, part = (digits[:-decimals], digits[-decimals:]) if decimals else (digits, "")
    figure = (_grouped(whole, how) if grouped else whole) + (how.decimal + part if part else "")
    return (MINUS if minor < 0 else "") + figure


def _grouped(digits: str, how: Figures) -> str:
    if len(digits) < how.least_grouped:
        return digits
    return f"{int(digits):,}".replace(",", how.group)
