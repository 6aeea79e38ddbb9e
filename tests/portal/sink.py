"""A page with one of each part and state, for the tests of the face alone."""

from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request

from portal.access import public
from portal.forms import (
    ChoiceField,
    CodeField,
    DayField,
    Form,
    HiddenField,
    MoneyField,
    NoteField,
    PasswordField,
    ReferenceField,
    SelectField,
    SeveralField,
    TextField,
    TickField,
)
from portal.language import _l
from tests.portal.addresses import AT_DESK

blueprint = Blueprint("sink", __name__, template_folder=str(Path(__file__).parent / "templates"))

LONG = "Wojewódzkie Przedsiębiorstwo Wodociągów-Kanalizacji Konstantynopolitańczykowianeczki"


class Everything(Form):
    """One of each kind of field."""

    reference = ReferenceField(_l("Your reference"), hint="Like EV 48B7 K9TW.", needed="Write your reference")
    born = DayField(_l("Your date of birth"), hint="For example 27 3 1984", birth=True,
                    needed="Write your date of birth")
    code = CodeField("Six-digit code", needed="Write the six digits")
    password = PasswordField("Password", autocomplete="current-password", needed="Write your password")
    amount = MoneyField("I can pay", hint="What is left each month.", currency="GBP", least=100,
                        most=100_000, needed="Write what you can pay, like 62 or 62.50")
    zloty = MoneyField("In zloty", currency="PLN", named="groceries")
    rhythm = ChoiceField("How often", two=True, options=[("weekly", "Every week"), ("monthly", "Every month")],
                         needed="Choose how often")
    answer = ChoiceField("Your answer", options=[("yes", "Approve"), ("no", "Decline", "With a reason")])
    debts = SeveralField("Which debts", options=[("1", "Tidewell Housing", "£570.00"), ("2", LONG)],
                         needed="Choose at least one debt")
    day = SelectField("On which day", width="l", options=[(n, f"The {n}") for n in range(1, 29)])
    first = DayField("First payment", earliest=date(2026, 8, 6), latest=date(2026, 9, 3),
                     needed="Choose the first day")
    note = NoteField("Your message")
    name = TextField("Name", width="l", autocomplete="name")
    read = TickField("I have read the agreement", needed="Tick that you have read the agreement")
    version = HiddenField("version", default="3")


@blueprint.route("/sink", methods=["GET", "POST"])
@blueprint.route(AT_DESK + "/sink", methods=["GET", "POST"], endpoint="desk")
@public
def page() -> Any:
    """One of each; posting shows every error, posting all of it well says so on the next page."""
    form = Everything()
    desk = request.path.startswith("/work")
    if form.validate_on_submit():
        flash(("Your plan is sent", "We answer soon."), "good")
        return redirect(request.path, 303)
    return render_template(
        "sink/components.html", form=form, long=LONG, posted=form.is_submitted(), day_shown=date(2026, 12, 1),
        layout="layout/desk.html" if desk else "layout/debtor.html",
        menu=[
            {"label": "Home", "href": "#", "current": True, "count": 0, "waiting": ""},
            {"label": "Messages", "href": "#", "current": False, "count": 1, "waiting": "new"},
        ],
        sign_out="/sink", signed_in_as="Priya N.", search=AT_DESK + "/sink", role="Collector",
    ), 422 if form.is_submitted() else 200


@blueprint.get("/sink/broken")
@public
def broken() -> str:
    """A page with a mistake in it."""
    raise RuntimeError("Marta Olszańska, 07700 900318")
