"""Answering a proposal: agree, decline with a reason, or take an offer of ours back.

Offering something else is a page of its own (`plan.py`). Of two collectors at once one wins; the
other is told who was quicker, and when.
"""

from typing import Final

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from cases.arrangements import proposal
from cases.arrangements.version import Proposal
from cases.db import act_now
from cases.people.person import first_name
from cases.refusal import Refusal
from portal.access import asking, not_found
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case, told
from portal.collector.history import REASONS
from portal.collector.waiting import wish_words
from portal.forms import ChoiceField, Form, NoteField
from portal.language import _, _l
from portal.wake import wake

_HINTS: Final = {"other": _l("Write it below.")}


class Decline(Form):
    """Why not, as a reason and in words for the person."""

    reason = ChoiceField(
        _l("Why not"), options=[(code, _l(words), _HINTS.get(code)) for code, words in REASONS.items()],
        needed=_l("Choose why"),
    )  # fmt: skip
    words = NoteField(_l("Words to the person"), hint=_l("Say what would work instead. The person reads this."),
                      longest=2000, needed=_l("Write what would work instead"))  # fmt: skip


@blueprint.post("/case/<ref>/approve/<int:number>")
@desk
def approve(ref: str, number: int) -> ResponseReturnValue:
    """Agrees to a proposal as it is."""
    try:
        with asking() as session:
            case, _row = proposal_in(session, ref, number)
            act_now(session)
            proposal.approve(session, number, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    wake("answers")
    tell(_("Agreed"), _("The plan has begun. %(name)s is told that an answer waits.", name=first_name(case.name)))
    return to_case(ref)


@blueprint.route("/case/<ref>/decline/<int:number>", methods=["GET", "POST"])
@desk
def decline(ref: str, number: int) -> ResponseReturnValue:
    """Declines a proposal, with a reason and words."""
    try:
        with asking() as session:
            case, row = proposal_in(session, ref, number)
            form = Decline()
            if not form.validate_on_submit():
                page = show(session, "decline", form=form, case=case, wish=wish_words(row))
                return page, 422 if form.is_submitted() else 200
            act_now(session)
            proposal.decline(session, number, reason=form.reason.data, words=form.words.data, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    wake("answers")
    tell(_("Declined"), _("%(name)s is told that an answer waits.", name=first_name(case.name)))
    return to_case(ref)


@blueprint.post("/case/<ref>/withdraw/<int:number>")
@desk
def withdraw(ref: str, number: int) -> ResponseReturnValue:
    """Takes an offer of ours back."""
    try:
        with asking() as session:
            proposal_in(session, ref, number)
            act_now(session)
            proposal.withdraw(session, number, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    tell(_("The offer is taken back"))
    return to_case(ref)


def proposal_in(session: Session, ref: str, number: int) -> tuple[Case, Proposal]:
    """A proposal of this case; 404 when it belongs to another or does not exist."""
    case = case_named(session, ref)
    row = session.get(Proposal, number)
    if row is None or row.person_id not in case.people:
        not_found("no such proposal in this case")
    return case, row
