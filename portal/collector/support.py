"""What a person needs, at the desk: on the case for everyone, noted with consent; why, for those who hold the case.

The reason is shown on a press of its own, to whoever has taken the case and to supervisors; each look is told.
"""

from typing import Final, cast

from flask import current_app, g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from cases.db import act_now
from cases.people import support as needs
from cases.people.person import first_name
from cases.people.support import SupportNeed
from cases.refusal import Refusal
from cases.work import queue as work
from portal.access import asking, not_found, visitor
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case, told, user
from portal.collector.hold_words import NEEDS
from portal.forms import Form, NoteField, SeveralField, TickField
from portal.keys import KeyMissing, Keys
from portal.language import _, _l
from portal.reasons import opened, sealed
from portal.refusals import sentence

OPENS: Final = ("supervisor",)
"""Roles that may read a reason without having taken the case."""


class Noted(Form):
    """What a person told one of us."""

    needs = SeveralField(_l("What the person needs"), options=[(code, *words) for code, words in NEEDS.items()])
    consent = TickField(_l("The person agrees that we note this"))
    reason = NoteField(_l("Why, if they want it noted"), longest=1000,
                       hint=_l("It is kept encrypted, and each look at it stands in the history."))  # fmt: skip


def needs_shown(rows: tuple[SupportNeed, ...]) -> list[str]:
    """What a person needs, in words for the case."""
    return [str(NEEDS[row.need][0]) for row in rows]


@blueprint.route("/case/<ref>/support", methods=["GET", "POST"])
@desk
def support(ref: str) -> ResponseReturnValue:
    """Notes what a person needs."""
    form = Noted()
    try:
        with asking() as session:
            case = case_named(session, ref)
            rows = needs.needs_of(session, case.people)
            if not form.is_submitted():
                form.needs.process_data([row.need for row in rows])
            if not form.validate_on_submit():
                return _page(session, case, form, rows), 422 if form.is_submitted() else 200
            act_now(session)
            why = sealed(cast(Keys, current_app.extensions["keys"]), form.reason.data)
            needs.tell(session, person=case.person, needs=form.needs.data or (), consent=bool(form.consent.data),
                       reason=why, by=actor(), at=g.now)  # fmt: skip
    except Refusal as refusal:
        if refusal.code != needs.NO_CONSENT.code:
            told(refusal)
            return to_case(ref)
        form.consent.refuse(sentence(refusal, "staff"))
        with asking() as session:
            case = case_named(session, ref)
            return _page(session, case, form, needs.needs_of(session, case.people)), 422
    tell(_("Noted"), _("It stands on the case of %(name)s for everyone who works it.", name=first_name(case.name)))
    return to_case(ref)


@blueprint.post("/case/<ref>/support/reason")
@desk
def support_reason(ref: str) -> ResponseReturnValue:
    """Shows why, to those who may see it."""
    with asking() as session:
        case = case_named(session, ref)
        if not may_see(session, case):
            not_found("the case is not with them")
        rows = needs.needs_of(session, case.people)
        act_now(session)
        kept = needs.look(session, case.person, by=actor(), at=g.now)
    try:
        words = opened(cast(Keys, current_app.extensions["keys"]), kept)
    except KeyMissing:
        words = None
    form = Noted(formdata=None, needs=[row.need for row in rows])
    with asking() as session:
        return _page(session, case, form, rows, words or _("No reason is kept, or its key is gone."))


def may_see(session: Session, case: Case) -> bool:
    """Whether whoever asks may read why: a supervisor, or who has taken the case now."""
    if visitor().role in OPENS:
        return True
    return any(item.taken_by == user() and item.taken_until and item.taken_until > g.now
               for item in work.open_items(session, case.people))  # fmt: skip


def _page(session: Session, case: Case, form: Noted, rows: tuple[SupportNeed, ...], words: str | None = None) -> str:
    return show(session, "support", form=form, case=case, rows=rows, may_see=may_see(session, case), words=words,
                needs=NEEDS)  # fmt: skip
