"""Short true pages for anyone, signed in or not: who we are, what we do with data, where to get help.

They read nothing about anyone and keep nothing. A page says only what the programs do.
"""

from flask import Blueprint, render_template

from messaging.advice import ADVISERS, COUNTRIES
from portal.access import public

blueprint = Blueprint("info", __name__)


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
    return render_template("pages/advice.html", advisers=ADVISERS, countries=COUNTRIES)


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
