"""The demo's own page: its people with their sign-ins, and the day.

It exists only where a stand-in plays the carriers (`settings.pretend_url`). The people
are the tour's characters, and two collectors and an admin whose passwords are public; production
refuses a database that holds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyotp
import structlog
from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.clock import Clock, local
from cases.db import Database
from cases.debts.account import Account
from cases.people.joint import Liability
from cases.people.person import Person
from cases.people.staff import User
from cases.refusal import Refusal
from portal import access, forms
from portal.demo import day as days
from portal.demo.characters import CHARACTERS, PASSWORD, Character
from portal.keys import Keys
from portal.language import _, _l
from portal.settings import Settings
from portal.told import tell

log = structlog.get_logger()

blueprint = Blueprint("demo", __name__)

PHONE: Final = "{url}/phone/{number}"
ROLES: Final = {"collector": _l("Collector"), "admin": _l("Admin")}
"""What the sample users work as."""


@dataclass(frozen=True)
class SignIn:
    """A sample user's way in: the code is the one of this half minute."""

    name: str
    mail: str
    code: str
    role: LazyString


class OtherDay(forms.Form):
    """The day to go to."""

    day = forms.DayField(
        _l("Another day"),
        hint=_l("A later day, at most four months away. For example 15 1 2027."),
        needed=_l("Write the day to go to, like 15 1 2027."),
    )


@blueprint.get("/")
@access.public
def home() -> ResponseReturnValue:
    """The demo's people, their sign-ins, and the buttons that move the day."""
    return _page(OtherDay())


@blueprint.post("/next")
@access.public
def next_day() -> ResponseReturnValue:
    """The next morning."""
    clock: Clock = current_app.extensions["clock"]
    return _move(days.next_morning(clock).date())


@blueprint.post("/day")
@access.public
def other_day() -> ResponseReturnValue:
    """The morning of the day named."""
    form = OtherDay()
    if form.validate_on_submit() and form.day.data is not None:
        try:
            return _move(form.day.data)
        except (ValueError, Refusal):
            form.day.refuse(_("Choose a later day, at most four months away."))
    return _page(form), 422


def _move(day: date) -> ResponseReturnValue:
    clock: Clock = current_app.extensions["clock"]
    moved = days.go_to(clock, day, current_app.extensions["rounds"])
    log.info("demo_moved", count=moved)
    tell(_("A new day has begun."), _("What was due has been sent, or withheld with its reason."))
    return redirect(url_for("demo.home"), 303)


def _page(form: OtherDay) -> str:
    settings, clock, database, keys = _extensions()
    with database.acting() as session:
        cases = _cases(session)
        users = [
            SignIn(user.name, user.mail, pyotp.TOTP(keys.decrypt(user.totp)).at(clock.real()), ROLES[user.role])
            for user in session.scalars(select(User).where(User.sample).order_by(User.id))
        ]
    return render_template(
        "demo/home.html",
        form=form,
        characters=[_shown(each, settings, cases) for each in CHARACTERS],
        users=users,
        password=PASSWORD,
        today=local(clock.now(), days.ZONE).date(),
        next_day=days.next_morning(clock).date(),
        pretend=settings.pretend_url,
    )


def _cases(session: Session) -> dict[str, str]:
    """The case references of the characters, by the account reference that they sign in with."""
    rows = session.execute(
        select(Account.ref, Person.case_ref)
        .join(Liability, Liability.account_id == Account.id)
        .join(Person, Person.id == Liability.person_id)
        .where(Account.ref.in_([each.account for each in CHARACTERS]))
        .order_by(Liability.id.desc())  # the holder last, who so stays
    )
    return {row.ref: row.case_ref for row in rows}


def _shown(character: Character, settings: Settings, cases: Mapping[str, str]) -> dict[str, Any]:
    number = character.who.phone.replace(" ", "")
    return {
        "name": character.who.name,
        "line": character.line,
        "reference": character.account,
        "born": character.who.born,
        "postcode": character.who.postcode,
        "phone": PHONE.format(url=settings.pretend_url, number=number),
        "mailbox": f"{settings.pretend_url}/mail/{character.who.email}",
        "bank": f"{settings.pretend_url}/bank/{cases[character.account]}" if character.account in cases else None,
        "number": character.who.phone,
    }


def _extensions() -> tuple[Settings, Clock, Database, Keys]:
    known = current_app.extensions
    return known["settings"], known["clock"], known["database"], Keys(known["settings"].keys)
