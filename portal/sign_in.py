"""Signing in, for people who owe: who they are, a code, and in. And out again.

Whoever asks gets the same page by the same steps. The reference (of any account, or of the case),
the date of birth and the postcode are looked up; then one acting transaction runs the same
statements for a person and for a stranger (contacts, limits, a request), and the next page shows a
masked contact, a stranger's made up from what was typed, always the same for the same entries. The
code is sent after the page has answered (`portal/code.py`). Nothing about anyone is shown before it,
and what went wrong is never told apart.

A signed link (`/l/…`, 72 hours) only names a person: opening it changes nothing and spends nothing.
It is swapped for a cookie at once, then the code is asked for all the same.

What the cookie holds meanwhile: a random token of the browser that asked (its SHA-256 is kept) and a
keyed hash of who was asked for, by which limits count and masks are made up.
"""

import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from cases.db import Database
from cases.debts.account import normal_reference
from cases.history import Actor, Kind, record
from cases.people.contact import live_contacts, receiving
from cases.people.person import all_ids, normal_postcode
from portal import code, visit
from portal.access import Visitor, debtor, public, sign_in_as, sign_out_here, signed_in, visitor
from portal.forms import CodeField, DayField, Form, ReferenceField, TextField
from portal.keys import KeyMissing, Keys
from portal.knock import Limit, knock
from portal.language import _, _l
from portal.told import tell
from portal.wake import wake

blueprint = Blueprint("sign_in", __name__)


class Find(Form):
    """Who is asking."""

    reference = ReferenceField(
        _l("Your reference"), width="l", needed=_l("Write the reference from your letter"),
        hint=_l("It is at the top of the letter, like EV 48B7 K9TW. Spaces do not matter."),
    )  # fmt: skip
    born = DayField(
        _l("Your date of birth"), birth=True, hint=_l("For example 27 3 1984"), needed=_l("Write your date of birth")
    )
    postcode = TextField(
        _l("Your postcode"), width="m", autocomplete="postal-code", longest=20, needed=_l("Write your postcode")
    )


class Enter(Form):
    """The code."""

    code = CodeField(
        _l("Six-digit code"), hint=_l("It works once, within ten minutes."),
        needed=_l("Write the six digits of the code, like 482 106"),
    )  # fmt: skip


class Send(Form):
    """A button alone: send a code."""


@blueprint.get("/sign-in")
@public
def page() -> str:
    """Asks who it is."""
    return render_template("debtor/sign-in.html", form=Find())


@blueprint.post("/sign-in")
@public
def find() -> ResponseReturnValue:
    """Looks, and leads to the code: the same way for whoever asks."""
    form = Find()
    if not form.validate_on_submit():
        return render_template("debtor/sign-in.html", form=form), 422
    reference, postcode = normal_reference(form.reference.data), normal_postcode(form.postcode.data)
    with _database().unasked() as opened:
        found = opened.scalars(
            text("select sign_in_find(:reference, :born, :postcode)"),
            {"reference": reference, "born": form.born.data, "postcode": postcode},
        ).all()
    # Two people could only be told apart by showing that they exist: they come by their case reference.
    person = found[0] if len(found) == 1 else None
    entries = f"{reference}|{form.born.data}|{postcode}"
    return _asked(person, f"person:{person}" if person else entries, by_link=False)


@blueprint.get("/l/<token>")
@public
def link(token: str) -> ResponseReturnValue:
    """A signed link: swapped for a cookie, since the address may be seen by others."""
    session["link"] = token[:64]
    return redirect(url_for("sign_in.linked"), 303)


@blueprint.get("/sign-in/link")
@public
def linked() -> ResponseReturnValue:
    """Whom the link names is not said; it only spares the typing."""
    if _linked() is None:
        session.pop("link", None)
        tell(_("This link no longer works"), _("A link works for three days. Sign in with your reference."), "info")
        return redirect(url_for("sign_in.page"), 303)
    return render_template("debtor/sign-in-link.html", form=Send())


@blueprint.post("/sign-in/link")
@public
def send_to_linked() -> ResponseReturnValue:
    """Sends a code to whom the link names."""
    person = _linked()
    if person is None:
        return redirect(url_for("sign_in.linked"), 303)
    return _asked(person, f"person:{person}", by_link=True)


@blueprint.get("/code")
@public
def code_page() -> ResponseReturnValue:
    """Asks for the code; shows where it went, masked."""
    return _code_page(Enter())


@blueprint.post("/code")
@public
def enter() -> ResponseReturnValue:
    """Tries the code. A right one begins a visit, with a new session."""
    form, browser = Enter(), session.get("browser")
    if browser is None:
        return redirect(url_for("sign_in.page"), 303)
    if not form.validate_on_submit():
        return _code_page(form, 422)
    now = _now()
    with _database().acting() as opened:
        tried = code.count_try(opened, browser, now)
    if tried is None or not code.fits(tried, form.code.data, _keys()) or tried.person is None:
        form.code.refuse(_("This code does not work. Look at the newest one, or ask for a new code."))
        return _code_page(form, 422)
    token = secrets.token_urlsafe(32)
    before = signed_in()
    with _database().acting() as opened:
        if not code.use(opened, tried.id, now):
            abort(409)
        if before is not None:
            visit.end(opened, before.visit, now)
        person = all_ids(opened, tried.person)[0]
        visit_id = visit.start(opened, token=token, now=now, person=person)
        record(opened, Kind.SIGNED_IN, by=Actor("debtor", person), at=g.now, person=person,
               facts={"channel": tried.channel, "link": bool(session.get("by_link"))})  # fmt: skip
    sign_in_as(Visitor(visit_id, token, "debtor", "", people=(person,)))
    return redirect(url_for("debtor.home"), 303)


@blueprint.get("/code/none")
@public
def no_code() -> ResponseReturnValue:
    """What to do when no code came: the same for all."""
    if "browser" not in session:
        return redirect(url_for("sign_in.page"), 303)
    return render_template("debtor/no-code.html", form=Send())


@blueprint.post("/code/<any(sms, email):channel>")
@public
def again(channel: str) -> ResponseReturnValue:
    """Sends another code, by text or by mail, to whom was asked for before."""
    browser, who = session.get("browser"), _who()
    if browser is None or who is None:
        return redirect(url_for("sign_in.page"), 303)
    return _asked(None, who.hex(), by_link=bool(session.get("by_link")), channel=channel, browser=browser)


@blueprint.post("/sign-out")
@debtor
def sign_out() -> ResponseReturnValue:
    """Ends this visit, on the server too."""
    who = visitor()
    with _database().acting() as opened:
        visit.end(opened, who.visit, _now())
        record(opened, Kind.SIGNED_OUT, by=who.actor, at=g.now, person=who.person, facts={"everywhere": False})
    sign_out_here()
    tell(_("You are signed out"), _("You can close this page now."))
    return redirect(url_for("sign_in.page"), 303)


@blueprint.get("/still-here")
@debtor
def still_here() -> ResponseReturnValue:
    """Says that somebody is there, who asked to stay: the visit goes on, as by any other page."""
    return "", 204


@blueprint.get("/sign-out/everywhere")
@debtor
def everywhere() -> str:
    """Asks once more: every phone and computer, this one too."""
    return render_template("debtor/everywhere.html", form=Send(), sign_out=url_for("sign_in.sign_out"))


@blueprint.post("/sign-out/everywhere")
@debtor
def sign_out_everywhere() -> ResponseReturnValue:
    """Ends every visit of this person."""
    who = visitor()
    with _database().acting() as opened:
        count = visit.end_everywhere(opened, _now(), people=who.people)
        record(opened, Kind.SIGNED_OUT, by=who.actor, at=g.now, person=who.person,
               facts={"everywhere": True, "count": count})  # fmt: skip
    sign_out_here()
    tell(_("You are signed out everywhere"), _("On every phone and computer."))
    return redirect(url_for("sign_in.page"), 303)


def address_of_visitor() -> str:
    """Where a request comes from, for limits: an address; of IPv6 the network, which one household has."""
    try:
        given = ipaddress.ip_address((request.remote_addr or "0.0.0.0").partition("%")[0])
    except ValueError:  # what a proxy said is none
        return "unknown"
    if given.version == 6 and given.ipv4_mapped:
        given = given.ipv4_mapped
    return str(given) if given.version == 4 else str(ipaddress.ip_network((given, 64), strict=False))


def _asked(
    person: int | None, who: str, *, by_link: bool, channel: str | None = None, browser: str | None = None
) -> ResponseReturnValue:
    """One transaction, the same statements for all: a request for a code; then the page to enter it.

    `browser`: it has asked before; then its newest request says for whom, and `who` is already hashed.
    """
    keys, now = _keys(), _now()
    known = bytes.fromhex(who) if browser else keys.lasting("who", who)
    with _database().acting() as opened:
        if browser is not None:
            before = code.newest(opened, browser, known)
            person = before.person if before else None
        contacts = live_contacts(opened, all_ids(opened, person or 0))
        to = code.way(receiving(opened, contacts, now), channel, known)
        looked_up, *within = knock(opened, _limits(keys, known, to.channel, by_link), now)
        new = secrets.token_urlsafe(32)
        code.ask(opened, browser=new, person=person, to=to, allowed=looked_up and all(within), now=now)
    if not looked_up:
        abort(429)
    session.pop("link", None)
    session.update(browser=new, who=keys.encrypt(known.hex(), "who"), by_link=by_link)
    wake("codes")
    return redirect(url_for("sign_in.code_page"), 303)


def _limits(keys: Keys, who: bytes, channel: str, by_link: bool) -> list[Limit]:
    """How often: by the address that looks up, by who and address, by who and way (see `knock.py`)."""
    address = address_of_visitor()

    def of(*words: str) -> bytes:
        return keys.hashed("knock", "|".join(words))

    way = of(who.hex(), "link" if by_link else channel)
    return [
        Limit("look_up", of(address), 20),
        Limit("code", of(who.hex(), address, "link" if by_link else ""), 5),
        Limit("code", way, 10),
        Limit("code", way, 30, timedelta(days=1)),
    ]


def _code_page(form: Enter, status: int = 200) -> ResponseReturnValue:
    browser, who = session.get("browser"), _who()
    asked = None
    if browser is not None and who is not None:
        with _database().acting() as opened:
            asked = code.newest(opened, browser, who)
    if asked is None:
        return redirect(url_for("sign_in.page"), 303)
    return render_template("debtor/code.html", form=form, asked=asked), status


def _who() -> bytes | None:
    """The keyed hash of whom this browser asked for; None: nobody, or by a key that is gone.

    Encrypted, for a cookie can be read by its browser: two that compare would tell a person from a stranger.
    """
    try:
        return bytes.fromhex(_keys().decrypt(session["who"], "who"))
    except (KeyError, KeyMissing):
        return None


def _linked() -> int | None:
    token = session.get("link")
    return _keys().person_of(token, _now()) if token else None


def _database() -> Database:
    database: Any = current_app.extensions["database"]
    if database is None:
        abort(503)
    return database


def _keys() -> Keys:
    keys: Keys = current_app.extensions["keys"]
    return keys


def _now() -> datetime:
    """Real time: codes, visits and limits run on it, whatever the demo's day."""
    now: datetime = current_app.extensions["clock"].real()
    return now
