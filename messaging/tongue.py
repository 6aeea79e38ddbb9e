"""Tongue: one language, for what is written without a page: papers and mails.

Words come from the catalogue of what people who owe read (gettext, domain debtor); figures and days
are written as `figures.py` says. A language that is not shipped is English.
"""

import gettext
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from cases.clock import local
from messaging import figures

TRANSLATIONS: Final = Path(__file__).resolve().parent.parent / "translations"

LANGUAGES: Final = ("en",)
"""The languages that messages and papers are complete in."""

RIGHT_TO_LEFT: Final = frozenset({"ar"})


def language_of(wanted: str | None, creditors: str | None = None) -> str:
    """The language to write in: the person's, else their creditor's, else English; only shipped ones."""
    return next((code for code in (wanted, creditors) if code in LANGUAGES), "en")


@cache
def translations(code: str) -> gettext.NullTranslations:
    """The catalogue of a language; English is what the texts themselves are."""
    return gettext.translation("debtor", TRANSLATIONS, languages=[code], fallback=True)


class Tongue:
    """The words, figures and days of one language. `_` and `_n` are gettext's."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.direction = "rtl" if code in RIGHT_TO_LEFT else "ltr"
        self._told = translations(code)

    def _(self, text: str, **facts: object) -> str:
        """The text in this language, with `%(name)s` filled in from `facts`."""
        told = self._told.gettext(text)
        return told % facts if facts else told

    def _n(self, one: str, many: str, num: int, **facts: object) -> str:
        """One of two texts by a count, which the text names as `%(num)s`."""
        return self._told.ngettext(one, many, num) % {"num": figures.number(num, self.code), **facts}

    def word(self, of: dict[str, str], code: str, otherwise: str = "") -> str:
        """The word for a code of the facts; `otherwise` where there is none."""
        return self._told.gettext(of[code]) if code in of else otherwise

    def money(self, minor: int, currency: str) -> str:
        """An amount with its symbol."""
        return figures.money_text(minor, currency, self.code)

    def percent(self, rate: Decimal) -> str:
        """A rate in per cent: 8.5%."""
        return figures.percent(rate, self.code)

    def day(self, value: date) -> str:
        """A day without its weekday: 14 March 2026."""
        return figures.day_plain(value, self.code)

    def weekday(self, value: date) -> str:
        """A day with its weekday: Tuesday 1 December 2026."""
        return figures.day(value, self.code)

    def day_short(self, value: date) -> str:
        """A day for a column: 1 Sep 2026."""
        return figures.day_column(value, self.code)

    def moment(self, value: datetime, zone: str) -> str:
        """A moment on a zone's clock: Tuesday 1 December 2026, 14:32."""
        here = local(value, zone)
        return f"{self.weekday(here.date())}, {here:%H:%M}"
