"""Short true pages for anyone, signed in or not: who we are, what we do with data, where to get help.

They read nothing about anyone and keep nothing. A page says only what the programs do.
"""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template

from portal.access import public
from portal.language import _l

blueprint = Blueprint("info", __name__)


@dataclass(frozen=True)
class Adviser:
    """A free service that advises people about debt; `telephone` as it is dialled in its country."""

    name: str
    does: object
    site: str
    telephone: str | None = None


ADVISERS: Final = (
    (
        _l("United Kingdom"),
        (
            Adviser(
                "StepChange Debt Charity",
                _l("Free debt advice, online and by phone."),
                "https://www.stepchange.org",
                "+44 800 138 1111",
            ),
            Adviser(
                "National Debtline",
                _l("Free debt advice in England and Wales."),
                "https://nationaldebtline.org",
                "+44 808 808 4000",
            ),
            Adviser(
                "Citizens Advice",
                _l("Free advice about debt, benefits and housing."),
                "https://www.citizensadvice.org.uk",
            ),
            Adviser(
                "MoneyHelper",
                _l("A public service. It helps you find a debt adviser near you."),
                "https://www.moneyhelper.org.uk",
            ),
        ),
    ),
    (
        _l("Sweden"),
        (
            Adviser(
                "Budget- och skuldrådgivning",
                _l("Free and confidential advice from your municipality."),
                "https://www.hallakonsument.se",
            ),
            Adviser(
                "Kronofogden",
                _l("The Enforcement Authority explains how debts can be restructured."),
                "https://www.kronofogden.se",
            ),
        ),
    ),
    (
        _l("Poland"),
        (
            Adviser(
                "Nieodpłatna pomoc prawna",
                _l("Free legal and civic advice in every county, also about debts."),
                "https://www.gov.pl/web/gov/skorzystaj-z-darmowej-pomocy-prawnej",
            ),
            Adviser(
                "Rzecznik Finansowy", _l("The Financial Ombudsman advises people about loans."), "https://rf.gov.pl"
            ),
        ),
    ),
)
"""Free services by country. A number stands here only where it was looked up."""


@blueprint.get("/your-data")
@public
def your_data() -> str:
    """How we use your data."""
    return render_template("pages/your-data.html")


@blueprint.get("/complaints")
@public
def complaints() -> str:
    """How to complain, and what happens then."""
    return render_template("pages/complaints.html")


@blueprint.get("/accessibility")
@public
def accessibility() -> str:
    """What we have checked, and how to ask for another form."""
    return render_template("pages/accessibility.html")


@blueprint.get("/advice")
@public
def advice() -> str:
    """Free advisers by country."""
    return render_template("pages/advice.html", advisers=ADVISERS)


@blueprint.get("/not-me")
@public
def not_me() -> str:
    """What to do with a letter or a text for someone else."""
    return render_template("pages/not-me.html")


@blueprint.get("/helping")
@public
def helping() -> str:
    """What someone can do who helps another."""
    return render_template("pages/helping.html")
