"""The language of a page: its words, its figures, its dates.

*Domain*: a set of words with one kind of reader. Pages of people who owe speak `debtor`, every
other page `staff`; the address of the page decides (`face_of`). `_`, `_n`, `_l` (in Python) and
`_()`, `ngettext()` (in templates) all speak the domain of the page being answered, so a form, a
macro or an error page shared by both faces is written once and stands in both catalogues.
*Language*: the person's own (`g.language`, set by whoever has read it), else the browser's, else
English; only languages in `SHIPPED` are ever chosen.
*Zone*: the IANA zone that moments are shown in: `g.zone`, else `ZONE`.

Figures and days are written as `messaging/figures.py` says, in the page's language.

Words are gathered by `python -m portal.catalogues`.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import phonenumbers
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, LazyString
from markupsafe import Markup, escape

from cases.clock import local
from cases.money import Money
from messaging import figures as written
from messaging.figures import LOCALES, REGION, phone_text, reference, symbol

TRANSLATIONS: Final = Path(__file__).resolve().parent.parent / "translations"

SHIPPED: Final = {"debtor": ("en",), "staff": ("en",)}
"""The languages that each domain is complete in."""

NAMES: Final = {"en": "English", "sv": "Svenska", "pl": "Polski", "ar": "العربية"}
"""What each language calls itself."""

ZONE: Final = "Europe/London"
_STAFF: Final = frozenset({"staff", "work", "lead", "ops", "creditor", "partner", "admin", "demo", "metrics"})
"""First parts of addresses that staff and clients use (house: URLs); all others are the debtor's."""

DOMAINS: Final = {
    name: Domain(translation_directories=[str(TRANSLATIONS)], domain=name) for name in SHIPPED
}


# ------------------------------------------------------------------------------ words


def face_of(path: str) -> str:
    """Whose page an address is: `debtor` or `staff`. It is also the name of the domain."""
    first = path.lstrip("/").partition("/")[0]
    return "staff" if first in _STAFF else "debtor"


def domain() -> Domain:
    """The domain of the page being answered; outside a page the debtor's."""
    return DOMAINS[face_of(request.path)] if has_request_context() else DOMAINS["debtor"]


def told() -> Any:
    """The catalogue of the page being answered, looked up once for all of its words."""
    found = g.get("_told")
    if found is None:
        found = g._told = domain().get_translations()
    return found


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
    g.pop("_told", None)


# ------------------------------------------------------------------------------ figures


def number(value: int, code: str | None = None) -> str:
    """A whole number, grouped, with a true minus."""
    return written.number(value, code or language())


def percent(rate: Decimal, code: str | None = None) -> str:
    """A rate in per cent, as exact as it is: 8.5%."""
    return written.percent(rate, code or language())


def decimal_text(minor: int, currency: str, code: str | None = None) -> str:
    """An amount as it is typed: no symbol, no grouping, the language's decimal sign."""
    return written.decimal_text(minor, currency, code or language())


def money_text(amount: Money | int, currency: str | None = None, code: str | None = None) -> str:
    """An amount with its symbol, as plain text; Money, or minor units with their currency."""
    return written.money_text(amount, currency, code or language())


def money(amount: Money | int, currency: str | None = None) -> Markup:
    """An amount for a page: `money_text` within `<bdi>`."""
    return Markup("<bdi>{}</bdi>").format(money_text(amount, currency))


def symbol_before(currency: str, code: str | None = None) -> bool:
    """Whether the symbol stands before the figure (the euro: in English only)."""
    return written.symbol_before(currency, code or language())


# ------------------------------------------------------------------------------ days and moments


def today() -> date:
    """The day of the page being answered, in its reader's zone."""
    now = g.now if "now" in g else current_app.extensions["clock"].now()
    return local(now, g.get("zone", ZONE)).date()


def day(value: date, *, year: bool | None = None, code: str | None = None) -> str:
    """A day with its weekday: Tuesday 1 December; with its year unless it is this one.

    `year` True or False decides by itself. Outside a page the year is always there.
    """
    return written.day(value, code or language(), year=_with_year(value, year))


def weekday(number: int, code: str | None = None) -> str:
    """A day of the week by its ISO number: 1 is Monday."""
    return written.figures(code or language()).weekdays[number - 1]


def day_plain(value: date, *, year: bool | None = None, code: str | None = None) -> str:
    """A day without its weekday, where the weekday says nothing: 14 March 2026."""
    return written.day_plain(value, code or language(), year=_with_year(value, year))


def day_short(value: date, code: str | None = None) -> str:
    """A day for a column: Tue 1 Sep 2026, its spaces unbreakable."""
    return written.day_short(value, code or language())


def month(value: date, code: str | None = None) -> str:
    """A month: June 2028."""
    return written.month(value, code or language())


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


def _with_year(value: date, year: bool | None) -> bool:
    return (not has_request_context() or value.year != today().year) if year is None else year


def _local(value: datetime, zone: str | None) -> datetime:
    if zone is None:
        zone = g.get("zone", ZONE) if has_request_context() else ZONE
    return local(value, zone)


# ------------------------------------------------------------------------------ references, numbers


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
        moment, day_of, reference, phone, phone_text, phone_link, paragraphs, percent,
    )
}


def speak(app: Flask) -> None:
    """Gives an application its words: Babel, the domain of each page, filters and globals."""
    Babel(app, default_domain="debtor", default_translation_directories=str(TRANSLATIONS),
          locale_selector=lambda: LOCALES.get(language(), language()))
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: told().ugettext(text),
        ngettext=lambda one, many, num: told().ungettext(one, many, num),
        newstyle=True,
        pgettext=lambda context, text: told().upgettext(context, text),
        npgettext=lambda context, one, many, num: told().unpgettext(context, one, many, num),
    )
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        language=language, direction=direction, today=today, symbol_before=symbol_before,
        language_names=NAMES, shipped=lambda: SHIPPED[face_of(request.path)],
    )
