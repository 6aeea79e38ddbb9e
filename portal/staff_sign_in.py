"""Signing in, for staff and clients: address, password, and the code of an authenticator app.

One page, one answer: what was wrong is never told apart, and a try for an address that nobody has
does the same work (an argon2 hash that nothing matches). A code counts once: the time step it came
from is kept, and only a later one counts again. Limits stand in `portal/knock.py`; none locks out.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

import pyotp
from flask import Blueprint, abort, current_app, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from cases.db import Database
from cases.history import Kind, record
from cases.people.staff import USER_ROLES, User, user_with_mail
from portal import visit
from portal.access import Visitor, public, sign_in_as, sign_out_here, signed_in, staff, visitor
from portal.forms import CodeField, Form, PasswordField, TextField
from portal.keys import KeyMissing, Keys
from portal.knock import KEPT, Limit, knock, note, within
from portal.language import _, _l
from portal.passwords import matches
from portal.sign_in import address_of_visitor
from portal.told import tell

blueprint = Blueprint("staff_sign_in", __name__)

STEP: Final = 30
"""Seconds that a code of an authenticator app is for; the one before and the one after count too."""

_DESKS: Final = {"collector": "collector.queue", "supervisor": "collector.queue", "admin": "admin.limits"}
_NOBODYS_SECRET: Final = pyotp.random_base32()


class SignIn(Form):
    """Who, and two proofs of it."""

    mail = TextField(_l("Work email"), width="l", autocomplete="username", inputmode="email",
                     needed=_l("Write your work email"))  # fmt: skip
    password = PasswordField(_l("Password"), width="l", autocomplete="current-password",
                             needed=_l("Write your password"))  # fmt: skip
    code = CodeField(_l("Code from your authenticator app"), hint=_l("Six digits. It changes every 30 seconds."),
                     needed=_l("Write the six digits that your app shows"))  # fmt: skip


class Leave(Form):
    """A button alone."""


@blueprint.get("/sign-in")
@public
def page() -> str:
    """Asks for address, password and code."""
    return render_template("staff/sign-in.html", form=SignIn())


@blueprint.post("/sign-in")
@public
def enter() -> ResponseReturnValue:
    """Lets in whoever has all three."""
    form = SignIn()
    if not form.validate_on_submit():
        return render_template("staff/sign-in.html", form=form), 422
    mail, now, keys = form.mail.data.lower(), _now(), _keys()
    with _database().acting() as opened:
        heard = _heard(opened, keys, mail, now)
        user = user_with_mail(opened, mail)
    known = user if user is not None and user.disabled_at is None else None
    right = matches(known.password if known else None, form.password.data)
    step = _step(_secret(keys, known), form.code.data, now)
    if not heard:
        abort(429)
    entered = _enter(known, step, now, mail) if right and known is not None and step is not None else None
    if entered is None:
        form.refuse(_("These do not fit together. Look at all three again. A code counts once."))
        return render_template("staff/sign-in.html", form=form), 422
    sign_in_as(entered)
    return redirect(home_of(entered.role), 303)


@blueprint.get("/")
@staff(*USER_ROLES)
def here() -> str:
    """Who is signed in here, and the ways out."""
    who = visitor()
    return render_template("staff/here.html", who=who, form=Leave(), sign_out=url_for("staff_sign_in.sign_out"),
                           still_here=url_for("staff_sign_in.still_here"),
                           signed_in_as=who.name, desk=home_of(who.role) if who.role in _DESKS else None)  # fmt: skip


@blueprint.get("/still-here")
@staff(*USER_ROLES)
def still_here() -> ResponseReturnValue:
    """Says that somebody is there, who asked to stay."""
    return "", 204


@blueprint.post("/sign-out")
@staff(*USER_ROLES)
def sign_out() -> ResponseReturnValue:
    """Ends this visit."""
    return _leave(everywhere=False)


@blueprint.post("/sign-out/everywhere")
@staff(*USER_ROLES)
def sign_out_everywhere() -> ResponseReturnValue:
    """Ends every visit of this user."""
    return _leave(everywhere=True)


def home_of(role: str) -> str:
    """Where a user of this role begins."""
    return url_for(_DESKS.get(role, "staff_sign_in.here"))


def _heard(opened: Any, keys: Keys, mail: str, now: datetime) -> bool:
    """Whether this try is within the limits; it is counted."""
    address = address_of_visitor()

    def of(*words: str) -> bytes:
        return keys.hashed("knock", "|".join(words))

    quarter, hour = timedelta(minutes=15), timedelta(hours=1)
    here, at_all = knock(
        opened,
        [Limit("password", of(mail, address), 10, quarter), Limit("password", of("", address), 60, quarter)],
        now,
    )
    known_here = not within(opened, [Limit("entered", of(mail, address), 1, KEPT)], now)
    (over_all,) = knock(opened, [Limit("password", of(mail), 100, hour)], now)
    return here and at_all and (over_all or known_here)


def _enter(user: User, step: int, now: datetime, mail: str) -> Visitor | None:
    """Begins the visit; None when this code, or a later one, was used already."""
    token, before = secrets.token_urlsafe(32), signed_in()
    with _database().acting() as opened:
        used = opened.execute(update(User).where(User.id == user.id, User.totp_step < step).values(totp_step=step))
        if used.rowcount != 1:  # type: ignore[attr-defined]
            return None
        if before is not None:
            visit.end(opened, before.visit, now)
        note(opened, [("entered", _keys().hashed("knock", f"{mail}|{address_of_visitor()}"))], now)
        visit_id = visit.start(opened, token=token, now=now, staff=user.id)
        who = Visitor(visit_id, token, user.role, user.name, user=user.id, creditor=user.creditor_id)
        record(opened, Kind.SIGNED_IN, by=who.actor, at=g.now, subject=f"staff:{user.id}", facts={})
    return who


def _step(secret: str, digits: str, now: datetime) -> int | None:
    """The time step that these digits are the code of: this one, the one before or the one after."""
    totp, current, found = pyotp.TOTP(secret), int(now.timestamp()) // STEP, None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            found = step
    return found


def _secret(keys: Keys, user: User | None) -> str:
    try:
        return keys.decrypt(user.totp) if user is not None else _NOBODYS_SECRET
    except KeyMissing:
        return _NOBODYS_SECRET


def _leave(*, everywhere: bool) -> ResponseReturnValue:
    who, now = visitor(), _now()
    with _database().acting() as opened:
        if everywhere:
            visit.end_everywhere(opened, now, staff=who.user)
        else:
            visit.end(opened, who.visit, now)
        record(opened, Kind.SIGNED_OUT, by=who.actor, at=g.now, subject=f"staff:{who.user}",
               facts={"everywhere": everywhere})  # fmt: skip
    sign_out_here()
    tell(_("You are signed out"), _("On every device.") if everywhere else "")
    return redirect(url_for("staff_sign_in.page"), 303)


def _database() -> Database:
    database: Any = current_app.extensions["database"]
    if database is None:
        abort(503)
    return database


def _keys() -> Keys:
    keys: Keys = current_app.extensions["keys"]
    return keys


def _now() -> datetime:
    now: datetime = current_app.extensions["clock"].real()
    return now
