"""How we reach you: text or email, in which language, and when not; a new number or address.

What a person wishes counts from the next message on; it narrows what the law allows, and widens nothing. A new number
or address becomes theirs once they have entered the code that was sent to it. Who changes one has signed in just
now: whoever finds a phone lying open changes nothing. The old one is told of it, by a notice.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Final

from flask import abort, current_app, g, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.db import act_now
from cases.people import permission
from cases.people.contact import (
    Contact,
    PhoneUnreadable,
    add_contact,
    best,
    live_contacts,
    normal_mail,
    normal_phone,
)
from cases.people.preference import Wish, checked, prefer, wish_of
from cases.refusal import Refusal
from messaging.reach import leaves_hours
from messaging.tongue import LANGUAGES
from portal import code
from portal.access import asking, debtor, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.forms import ChoiceField, CodeField, Form, SelectField, SeveralField, TextField
from portal.knock import Limit, knock
from portal.language import NAMES, _, _l, day_plain, weekday
from portal.refusals import sentence
from portal.told import tell
from portal.wake import wake

FRESH: Final = timedelta(minutes=10)
"""How long after signing in a number or address may be changed (ASVS 7.5.1)."""
DAY: Final = timedelta(days=1)

KINDS: Final = {"sms": "mobile", "email": "email"}


class Wishes(Form):
    """How to reach the person, and when not."""

    channel = ChoiceField(
        _l("Text or email"), needed=_l("Choose how we write to you"),
        options=[("any", _l("As it comes"), _l("A text. An email where no text can come.")),
                 ("sms", _l("By text"), None), ("email", _l("By email"), None)],
    )  # fmt: skip
    language = SelectField(_l("Language"), needed=_l("Choose a language"))
    days_off = SeveralField(_l("Days on which we do not write"), two=True)
    earliest = SelectField(_l("Not before"), needed=_l("Choose an hour, or any time"))
    latest = SelectField(_l("Not after"), needed=_l("Choose an hour, or any time"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.language.options = [("any", _("As it comes")), *((each, NAMES[each]) for each in LANGUAGES)]
        self.days_off.options = [(str(number), weekday(number)) for number in range(1, 8)]
        hours = [(f"{hour:02d}:00", f"{hour:02d}:00") for hour in range(8, 22)]
        self.earliest.options = self.latest.options = [("any", _("Any time")), *hours]

    def wish(self) -> Wish:
        """What was chosen."""

        def of(value: str | None) -> str | None:
            return None if value in (None, "any") else value

        return Wish(
            language=of(self.language.data), channel=of(self.channel.data),
            days_off=tuple(int(number) for number in self.days_off.data), earliest=_clock(of(self.earliest.data)),
            latest=_clock(of(self.latest.data)),
        )  # fmt: skip


class NewNumber(Form):
    """A mobile number."""

    value = TextField(
        _l("Your new mobile number"), needed=_l("Write your mobile number, like 07700 900123"), autocomplete="tel",
        inputmode="tel", hint=_l("We send six digits to it. It counts once you have entered them here."),
    )  # fmt: skip


class NewAddress(Form):
    """An email address."""

    value = TextField(
        _l("Your new email address"), needed=_l("Write your email address, like name@example.org"),
        autocomplete="email", inputmode="email",
        hint=_l("We send six digits to it. It counts once you have entered them here."),
    )  # fmt: skip


class Prove(Form):
    """The code that was sent there."""

    code = CodeField(
        _l("Six-digit code"), hint=_l("It works once, within ten minutes."),
        needed=_l("Write the six digits of the code, like 482 106"),
    )  # fmt: skip


@blueprint.get("/reach")
@debtor
def reach() -> str:
    """How the person is reached, and what they wish."""
    with asking() as session:
        wish = wish_of(session, visitor().people)
    form = Wishes(
        formdata=None, channel=wish.channel or "any", language=wish.language or "any", days_off=wish.days_off,
        earliest=_hour(wish.earliest), latest=_hour(wish.latest),
    )  # fmt: skip
    return _page(form)


@blueprint.post("/reach")
@debtor
def wish_for() -> ResponseReturnValue:
    """Keeps what the person wishes."""
    form, who = Wishes(), visitor()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        with asking() as session:
            mail = best(live_contacts(session, who.people), "email")
            if form.channel.data == "email" and mail is None:
                form.channel.refuse(_("We have no email address for you yet. Give us one first, or choose texts."))
                return _page(form), 422
            address = mail.value_norm if mail else None
            act_now(session)
            wish = checked(form.wish())
            if not leaves_hours(session, who.people, wish, g.now):
                days = replace(wish, earliest=None, latest=None)
                field = form.latest if leaves_hours(session, who.people, days, g.now) else form.days_off
                field.refuse(_("This leaves too little time, or the law does not let us write then. Choose other hours,"
                               " or fewer days."))  # fmt: skip
                return _page(form), 422
            prefer(session, person=who.person, wish=wish, source="person", by=who.actor, at=g.now)
            if form.channel.data == "email" and address is not None:
                # Who asks for mail wants it, whatever ended it before.
                permission.give(session, "email", address, because="person", by=who.actor, at=g.now)
    except Refusal as refusal:
        field = form.days_off if refusal.code == "preference.every_day" else form.latest
        field.refuse(sentence(refusal, "debtor"))
        return _page(form), 422
    tell(_("Saved"), _("We keep to it from now on. Codes still come at once when you ask for one."))
    return redirect(url_for("debtor.reach"), 303)


@blueprint.get("/reach/<any(sms, email):channel>")
@debtor
def new_contact(channel: str) -> str:
    """Asks for a new number or address."""
    return _new_page(channel, _form(channel))


@blueprint.post("/reach/<any(sms, email):channel>")
@debtor
def send_there(channel: str) -> ResponseReturnValue:
    """Sends a code to it."""
    form, who, real = _form(channel), visitor(), current_app.extensions["clock"].real()
    if not form.validate_on_submit():
        return _new_page(channel, form), 422
    try:
        value, norm = _normal(channel, form.value.data, _country())
    except Refusal:
        form.value.refuse(form.value.needed)
        return _new_page(channel, form), 422
    keys = current_app.extensions["keys"]
    person, there = keys.lasting("who", f"person:{who.person}"), keys.hashed("knock", f"prove {norm}")
    with asking() as session:
        old = best(live_contacts(session, who.people), KINDS[channel])
        if old is not None and old.value_norm == norm:
            form.value.refuse(_("We have this one already. Write another one, or go back."))
            return _new_page(channel, form), 422
        act_now(session)
        if not _signed_in_just_now(session, who.visit, real):
            form.refuse(_("For this, sign out and sign in again first. Then you have ten minutes."))
            return _new_page(channel, form), 422
        limits = [Limit("prove", person, 5), Limit("prove", person, 10, DAY), Limit("prove", there, 3)]
        within = knock(session, limits, real)
        code.ask_to_prove(session, browser=_browser(), person=who.person, kind=KINDS[channel], value=value,
                          value_norm=norm, allowed=all(within), now=real)  # fmt: skip
    if not all(within):
        abort(429)
    wake("codes")
    return redirect(url_for("debtor.prove"), 303)


@blueprint.get("/reach/code")
@debtor
def prove() -> ResponseReturnValue:
    """Asks for the code that was sent there."""
    return _prove_page(Prove())


@blueprint.post("/reach/code")
@debtor
def proved() -> ResponseReturnValue:
    """Tries the code. A right one makes the number or address theirs, in the place of the old one."""
    form, who, real = Prove(), visitor(), current_app.extensions["clock"].real()
    if not form.validate_on_submit():
        return _prove_page(form, 422)
    with current_app.extensions["database"].acting() as session:
        tried = code.count_try(session, _browser(), real, proves=True)
    right = tried is not None and code.fits(tried, form.code.data, current_app.extensions["keys"])
    if tried is None or not right:
        form.code.refuse(_("This code does not work. Look at the newest one, or ask for a new code."))
        return _prove_page(form, 422)
    with current_app.extensions["database"].acting() as session:
        asked = code.to_prove(session, _browser())
        if asked is None or asked.id != tried.id or not code.use(session, tried.id, real):
            abort(409)
        assert asked.new_kind and asked.new_value and asked.new_norm
        session.execute(text("select from person where id = :id for no key update"), {"id": who.person})
        old = best(live_contacts(session, who.people), asked.new_kind)
        if old is None or old.value_norm != asked.new_norm:
            add_contact(
                session, person=old.person_id if old else who.person, kind=asked.new_kind, value=asked.new_value,
                value_norm=asked.new_norm, source="person", as_of=g.now.date(), by=who.actor, at=g.now,
                replaces=old.id if old else None,
            )  # fmt: skip
    wake("answers")
    tell(
        _("We have your new contact"),
        _("We tell your old one, too. For one day, no code to sign in goes to a new one that replaces another."),
    )
    return redirect(url_for("debtor.reach"), 303)


# ------------------------------------------------------------------------------ pages


def _page(form: Wishes) -> str:
    with asking() as session:
        wait = waiting(session)
        contacts = live_contacts(session, visitor().people)
        known = [(channel, _shown(best(contacts, kind))) for channel, kind in KINDS.items()]
    return show("debtor/reach.html", wait, form=form, known=known, spoken=len(LANGUAGES) > 1)


def _new_page(channel: str, form: NewNumber | NewAddress) -> str:
    with asking() as session:
        wait = waiting(session)
        others = [each for each in live_contacts(session, visitor().people) if each.kind == KINDS[_other(channel)]]
        alone = not others
    return show("debtor/reach-new.html", wait, form=form, channel=channel, alone=alone)


def _prove_page(form: Prove, status: int = 200) -> ResponseReturnValue:
    with current_app.extensions["database"].acting() as session:
        asked = code.to_prove(session, _browser())
        where = (asked.channel, asked.new_value) if asked is not None else None
    if where is None:
        return redirect(url_for("debtor.reach"), 303)
    with asking() as session:
        wait = waiting(session)
    return show("debtor/reach-code.html", wait, form=form, channel=where[0], value=where[1]), status


def _shown(contact: Contact | None) -> dict[str, Any] | None:
    if contact is None:
        return None
    source = {"person": _("From you, %(day)s."), "staff": _("Told to us, %(day)s.")}.get(
        contact.source, _("From a company you owe, %(day)s.")
    )
    return {"value": contact.value_norm, "from": source % {"day": day_plain(contact.as_of, year=True)}}


def _form(channel: str) -> NewNumber | NewAddress:
    return NewNumber() if channel == "sms" else NewAddress()


def _other(channel: str) -> str:
    return "email" if channel == "sms" else "sms"


def _normal(channel: str, typed: str, country: str | None) -> tuple[str, str]:
    """What was typed and its normal form. Raises a Refusal for what no message reaches."""
    if channel == "email":
        return typed.strip(), normal_mail(typed)
    norm, textable = normal_phone(typed, country)
    if not textable:
        raise PhoneUnreadable(value=typed)
    return typed.strip(), norm


def _country() -> str | None:
    """The country for numbers that are written without one."""
    with asking() as session:
        found: str | None = session.scalar(
            text("select upper(coalesce(r.country, p.country)) from person p left join record r on r.person_id = p.id"
                 " and r.replaced_at is null where p.id = any(:people) order by r.id desc nulls last limit 1"),
            {"people": list(visitor().people)},
        )  # fmt: skip
    return found


def _signed_in_just_now(session: Session, visit: int, real: datetime) -> bool:
    began: datetime = session.execute(text("select started_at from visit where id = :id"), {"id": visit}).scalar_one()
    return real - began < FRESH


def _browser() -> str:
    """What a request for such a code is known by: this visit, and never a browser that signs in."""
    return f"new contact {visitor().token}"


def _clock(written: str | None) -> time | None:
    return time.fromisoformat(written) if written else None


def _hour(clock: time | None) -> str:
    return f"{clock:%H:%M}" if clock else "any"
