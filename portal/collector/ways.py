"""How a person can be reached: numbers and addresses, entered, corrected and ended; the old ones with their source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import g, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from cases.db import act_now
from cases.debts.creditor import Creditor
from cases.people import contact
from cases.people.contact import Contact, live_contacts, past_contacts
from cases.refusal import Refusal
from portal.access import asking, not_found
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, told
from portal.forms import ChoiceField, Form, TextField
from portal.language import _, _l, phone_text, today
from portal.refusals import sentence

KINDS: Final = {
    "mobile": _l("Mobile number"), "phone": _l("Telephone number"), "email": _l("Email address"),
    "address": _l("Postal address"),
}  # fmt: skip
_FIELD: Final = {"contact.phone": "value", "contact.mail": "value", "contact.address": "value",
                 "contact.not_textable": "kind", "contact.there": "value"}  # fmt: skip


class Told(Form):
    """What a person told one of us."""

    kind = ChoiceField(_l("What it is"), two=True, options=list(KINDS.items()), needed=_l("Choose what it is"))
    value = TextField(_l("Number or address"), width="l", longest=contact.LONGEST_ADDRESS,
                      needed=_l("Write the number or the address"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A contact as its page writes it. `until`: the day on which it was replaced or ended."""

    row: Contact
    kind: str
    words: str
    source: str
    until: date | None = None


@blueprint.route("/case/<ref>/ways", methods=["GET", "POST"])
@desk
def ways(ref: str) -> ResponseReturnValue:
    """All of them, and another one to be entered."""
    return _change(ref, None)


@blueprint.route("/case/<ref>/ways/<int:number>", methods=["GET", "POST"])
@desk
def way(ref: str, number: int) -> ResponseReturnValue:
    """Corrects one: the new one takes its place."""
    return _change(ref, number)


@blueprint.post("/case/<ref>/ways/<int:number>/end")
@desk
def end_way(ref: str, number: int) -> ResponseReturnValue:
    """Ends one: nothing goes there any more."""
    try:
        with asking() as session:
            case = case_named(session, ref)
            row = _own(session, case, number)
            act_now(session)
            contact.end_contact(session, row, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return _back(ref)
    tell(_("It has ended"), _("It stands below, with where it came from."))
    return _back(ref)


def _change(ref: str, number: int | None) -> ResponseReturnValue:
    form = Told()
    try:
        with asking() as session:
            case = case_named(session, ref)
            instead = _own(session, case, number) if number is not None else None
            if instead is not None:
                form.kind.process_data(instead.kind)
                del form.kind
            if not form.validate_on_submit():
                return _page(session, case, form, instead), 422 if form.is_submitted() else 200
            act_now(session)
            kind = instead.kind if instead is not None else form.kind.data
            contact.change_contact(session, people=case.people, kind=kind, value=form.value.data, country=case.country,
                                   on=today(), by=actor(), at=g.now, instead=instead)  # fmt: skip
    except Refusal as refusal:
        field = _FIELD.get(refusal.code)
        if field is None:
            told(refusal)
            return _back(ref)
        (form[field] if field in form else form.value).refuse(sentence(refusal, "staff"))
        with asking() as session:
            case = case_named(session, ref)
            return _page(session, case, form, _own(session, case, number) if number is not None else None), 422
    tell(_("Noted"), _("A code to sign in goes there after 24 hours."))
    return _back(ref)


def _back(ref: str) -> ResponseReturnValue:
    return redirect(url_for("collector.ways", ref=ref), 303)


def _own(session: Session, case: Case, number: int) -> Contact:
    """One of theirs; 404 for another's or one that was never there."""
    row = session.get(Contact, number)
    if row is None or row.person_id not in case.people:
        not_found("no such contact in this case")
    return row


def _page(session: Session, case: Case, form: Told, instead: Contact | None) -> str:
    creditors = {row.id: row.name for row in session.query(Creditor.id, Creditor.name)}
    live = [_shown(each, creditors) for each in live_contacts(session, case.people)]
    past = [_shown(each, creditors) for each in past_contacts(session, case.people)]
    return show(session, "ways", form=form, case=case, live=live, past=past,
                instead=_shown(instead, creditors) if instead is not None else None)  # fmt: skip


def _shown(row: Contact, creditors: Mapping[int, str]) -> Shown:
    source = {
        "creditor": creditors.get(row.creditor_id or 0, _("the creditor")),
        "person": _("the person"), "staff": _("what they told us"),
    }[row.source]  # fmt: skip
    if row.origin:
        source = _("%(creditor)s (%(origin)s)", creditor=source, origin=row.origin)
    words = phone_text(row.value_norm) if row.kind in ("mobile", "phone") else row.value
    return Shown(row, str(KINDS[row.kind]), words, source, row.replaced_at.date() if row.replaced_at else None)
