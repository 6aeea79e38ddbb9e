"""The language of a page: its words, its figures, its dates.

*Domain*: a set of words with one kind of reader. Pages of people who owe speak `debtor`, every
other page `staff`; the address of the page decides (`face_of`). `_`, `_n`, `_l` (in Python) and
`_()`, `ngettext()` (in templates) all speak the domain of the page being answered, so a form, a
macro or an error page shared by both faces is written once and stands in both catalogues.
*Language*: the person's own (`g.language`, set by whoever has read it), else the browser's, else
English; only languages in `SHIPPED` are ever chosen.
*Zone*: the IANA zone that moments are shown in: `g.zone`, else `ZONE`.

Figures follow the page's language, the symbol is ours (£, kr, zł, Kč, €), spaces inside do not
break, minus is a true minus. Nothing here asks Babel twice for the same pattern: a ledger page
formats hundreds of lines.

Words are gathered by `python -m portal.catalogues`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import phonenumbers
from babel import Locale
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, LazyString
from markupsafe import Markup, escape

from cases.clock import local
from cases.money import Money, decimals_of

TRANSLATIONS: Final = Path(__file__).resolve().parent.parent / "translations"

SHIPPED: Final = {"debtor": ("en",), "staff": ("en",)}
"""The languages that each domain is complete in."""

NAMES: Final = {"en": "English", "sv": "Svenska", "pl": "Polski", "ar": "العربية"}
"""What each language calls itself."""

ZONE: Final = "Europe/London"
REGION: Final = "GB"
"""The region whose phone numbers are written without their country."""

_STAFF: Final = frozenset({"staff", "work", "lead", "ops", "creditor", "partner", "admin", "demo", "metrics"})
"""First parts of addresses that staff and clients use (house: URLs); all others are the debtor's."""

_LOCALES: Final = {"en": "en_GB"}
"""Whose digits and month names a language takes, where its bare code would take another country's."""

_SYMBOLS: Final = {
    "GBP": "£", "EUR": "€", "USD": "$", "SEK": "kr", "NOK": "kr", "DKK": "kr", "PLN": "zł", "CZK": "Kč",
}
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

DOMAINS: Final = {
    name: Domain(translation_directories=[str(TRANSLATIONS)], domain=name) for name in SHIPPED
}


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


# ------------------------------------------------------------------------------ words


def face_of(path: str) -> str:
    """Whose page an address is: `debtor` or `staff`. It is also the name of the domain."""
    first = path.lstrip("/").partition("/")[0]
    return "staff" if first in _STAFF else "debtor"


def domain() -> Domain:
    """The domain of the page being answered; outside a page the debtor's."""
    return DOMAINS[face_of(request.path)] if has_request_context() else DOMAINS["debtor"]


def _(text: str, **facts: object) -> str:
    """The text in the page's language, with `%(name)s` filled in from `facts`."""
    return str(domain().gettext(text, **facts))


def _n(one: str, many: str, num: int, **facts: object) -> str:
    """One of two texts by a count, which the text names as `%(num)s`."""
    return str(domain().ngettext(one, many, num, **facts))


def _l(text: str, **facts: object) -> LazyString:
    """Like `_`, looked up when it is shown: for labels and sentences at the top of a module."""
    return LazyString(_, text, **facts)


def _d(text: str) -> str:
    """Marks a text as the debtor's alone; it is looked up where it is used."""
    return text


def _s(text: str) -> str:
    """Marks a text as staff's alone; it is looked up where it is used."""
    return text


def _b(text: str) -> str:
    """Marks a text as both faces'; it is looked up where it is used."""
    return text


def language() -> str:
    """The code of the language of the page being answered."""
    if not has_request_context():
        return "en"
    code = g.get("_language")
    if code is None:
        shipped = SHIPPED[face_of(request.path)]
        code = g.get("language")
        if code not in shipped:
            code = request.accept_languages.best_match(shipped) or "en"
        g._language = code
    return str(code)


def direction() -> str:
    """`rtl` or `ltr`: the direction of the page being answered."""
    return "rtl" if language() == "ar" else "ltr"


def prefer(code: str | None) -> None:
    """The reader's own language, once it is known; one that is not shipped leaves the browser's."""
    g.language = code
    g.pop("_language", None)


# ------------------------------------------------------------------------------ figures


@cache
def figures(code: str) -> Figures:
    """How a language writes numbers and names days."""
    locale = Locale.parse(_LOCALES.get(code, code))
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


def number(value: int, code: str | None = None) -> str:
    """A whole number, grouped, with a true minus."""
    return (MINUS if value < 0 else "") + _grouped(str(abs(value)), figures(code or language()))


def decimal_text(minor: int, currency: str, code: str | None = None) -> str:
    """An amount as it is typed: no symbol, no grouping, the language's decimal sign."""
    return _decimal(minor, decimals_of(currency), figures(code or language()), grouped=False)


def money_text(amount: Money | int, currency: str | None = None, code: str | None = None) -> str:
    """An amount with its symbol, as plain text: £1,496.60, 1 940,00 kr, −£20.00.

    `amount` is Money, or minor units with their currency.
    """
    if isinstance(amount, Money):
        minor, currency = amount.minor, amount.currency
    elif currency is None:
        raise TypeError("minor units are nothing without their currency")
    else:
        minor = amount
    return _money(minor, currency, code or language())


def money(amount: Money | int, currency: str | None = None) -> Markup:
    """An amount for a page: `money_text` within `<bdi>`."""
    return Markup("<bdi>{}</bdi>").format(money_text(amount, currency))


def symbol(currency: str) -> str:
    """The symbol that we write for a currency; its code where we have none."""
    return _SYMBOLS.get(currency, currency)


def symbol_before(currency: str, code: str | None = None) -> bool:
    """Whether the symbol stands before the figure (the euro: in English only)."""
    return currency in _BEFORE or (currency == "EUR" and (code or language()) == "en")


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


# ------------------------------------------------------------------------------ days and moments


def today() -> date:
    """The day of the page being answered, in its reader's zone."""
    now = g.now if "now" in g else current_app.extensions["clock"].now()
    return local(now, g.get("zone", ZONE)).date()


def day(value: date, *, year: bool | None = None, code: str | None = None) -> str:
    """A day with its weekday: Tuesday 1 December; with its year unless it is this one.

    `year` True or False decides by itself. Outside a page the year is always there.
    """
    how = figures(code or language())
    if year is None:
        year = not has_request_context() or value.year != today().year
    text = how.day.format(
        weekday=how.weekdays[value.weekday()], day=value.day, month=how.months[value.month - 1]
    )
    return f"{text} {value.year}" if year else text


def day_plain(value: date, *, year: bool | None = None, code: str | None = None) -> str:
    """A day without its weekday, where the weekday says nothing: 14 March 2026."""
    how = figures(code or language())
    if year is None:
        year = not has_request_context() or value.year != today().year
    text = f"{value.day} {how.months[value.month - 1]}"
    return f"{text} {value.year}" if year else text


def day_short(value: date, code: str | None = None) -> str:
    """A day for a column: Tue 1 Sep 2026, its spaces unbreakable."""
    how = figures(code or language())
    words = (
        how.weekdays_short[value.weekday()], str(value.day),
        how.months_short[value.month - 1], str(value.year),
    )
    return NO_BREAK.join(words)


def month(value: date, code: str | None = None) -> str:
    """A month: June 2028."""
    return f"{figures(code or language()).months_alone[value.month - 1]} {value.year}"


def clock_time(value: datetime, zone: str | None = None) -> str:
    """A moment's time of day in the reader's zone: 14:32."""
    return _local(value, zone).strftime("%H:%M")


def moment(value: datetime, zone: str | None = None) -> str:
    """A moment in the reader's zone: Wednesday 25 November, 21:14."""
    here = _local(value, zone)
    return f"{day(here.date())}, {here:%H:%M}"


def day_of(value: datetime, zone: str | None = None) -> date:
    """The day of a moment in the reader's zone."""
    return _local(value, zone).date()


def _local(value: datetime, zone: str | None) -> datetime:
    if zone is None:
        zone = g.get("zone", ZONE) if has_request_context() else ZONE
    return local(value, zone)


# ------------------------------------------------------------------------------ references, numbers


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


def phone(value: str) -> Markup:
    """A phone number for a page; it runs left to right in every language."""
    return Markup('<span class="ltr nowrap">{}</span>').format(phone_text(value))


@lru_cache(maxsize=1024)
def phone_link(value: str) -> str:
    """The `tel:` address of a phone number."""
    try:
        parsed = phonenumbers.parse(value, REGION)
    except phonenumbers.NumberParseException:
        return "tel:" + "".join(c for c in value if c.isdigit() or c == "+")
    return "tel:" + str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def paragraphs(value: str) -> Markup:
    """Typed text for a page: a blank line begins a paragraph, a line end a new line."""
    parts = [part.strip() for part in value.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in part.split("\n")))
        for part in parts
    )


# ------------------------------------------------------------------------------ set-up

FILTERS: Final[dict[str, Callable[..., Any]]] = {
    f.__name__: f
    for f in (
        money, money_text, decimal_text, number, symbol, day, day_plain, day_short, month, clock_time,
        moment, day_of, reference, phone, phone_text, phone_link, paragraphs,
    )
}


def speak(app: Flask) -> None:
    """Gives an application its words: Babel, the domain of each page, filters and globals."""
    Babel(app, default_domain="debtor", default_translation_directories=str(TRANSLATIONS),
          locale_selector=lambda: _LOCALES.get(language(), language()))
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: domain().get_translations().ugettext(text),
        ngettext=lambda one, many, num: domain().get_translations().ungettext(one, many, num),
        newstyle=True,
        pgettext=lambda context, text: domain().get_translations().upgettext(context, text),
        npgettext=lambda context, one, many, num: domain().get_translations().unpgettext(
            context, one, many, num),
    )
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        language=language, direction=direction, today=today, symbol_before=symbol_before,
        language_names=NAMES, shipped=lambda: SHIPPED[face_of(request.path)],
    )
