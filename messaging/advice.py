"""Free debt advice by country: named on the page that says so, and in every letter.

The advice follows the country a person lives in, not the language that they read.
"""

from dataclasses import dataclass
from typing import Final

from messaging.words import _d


@dataclass(frozen=True, slots=True)
class Adviser:
    """A free service that advises people about debt; `telephone` as it is dialled in its country."""

    name: str
    does: str
    site: str
    telephone: str | None = None


COUNTRIES: Final = {"GB": _d("United Kingdom"), "SE": _d("Sweden"), "PL": _d("Poland")}
"""The countries whose advisers we know."""

ADVISERS: Final = {
    "GB": (
        Adviser(
            "StepChange Debt Charity",
            _d("Free debt advice, online and by phone."),
            "https://www.stepchange.org",
            "+44 800 138 1111",
        ),
        Adviser(
            "National Debtline",
            _d("Free debt advice in England and Wales."),
            "https://nationaldebtline.org",
            "+44 808 808 4000",
        ),
        Adviser(
            "Citizens Advice",
            _d("Free advice about debt, benefits and housing."),
            "https://www.citizensadvice.org.uk",
        ),
        Adviser(
            "MoneyHelper",
            _d("A public service. It helps you find a debt adviser near you."),
            "https://www.moneyhelper.org.uk",
        ),
    ),
    "SE": (
        Adviser(
            "Budget- och skuldrådgivning",
            _d("Free and confidential advice from your municipality."),
            "https://www.hallakonsument.se",
        ),
        Adviser(
            "Kronofogden",
            _d("The Enforcement Authority explains how debts can be restructured."),
            "https://www.kronofogden.se",
        ),
    ),
    "PL": (
        Adviser(
            "Nieodpłatna pomoc prawna",
            _d("Free legal and civic advice in every county, also about debts."),
            "https://www.gov.pl/web/gov/skorzystaj-z-darmowej-pomocy-prawnej",
        ),
        Adviser("Rzecznik Finansowy", _d("The Financial Ombudsman advises people about loans."), "https://rf.gov.pl"),
    ),
}
"""Free services by country, the first one first. A number stands here only where it was looked up."""


def adviser_in(country: str | None) -> Adviser | None:
    """The first free adviser of a country; None where we know none."""
    return ADVISERS[country][0] if country in ADVISERS else None
