"""Something is wrong with a debt: it is not theirs, is paid, or the sum is wrong. We hold it, look and answer.

Nothing is asked for while we look. What was said can be taken back on the debt's page. What we answered already
is said again in a message, with what is new: a person reads it, and the debt is not held by it.
"""

import uuid
from typing import Final

from flask import g, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from cases.db import act_now
from cases.debts import dispute as disputes
from cases.debts.dispute import Dispute
from cases.refusal import Refusal
from messaging.conversation import write
from portal.access import asking, debtor, not_found, visitor
from portal.debtor.face import answered_here, blueprint, show, waiting
from portal.debtor.owed import Standing, standing
from portal.forms import ChoiceField, Form, HiddenField, NoteField
from portal.language import _, _l
from portal.refusals import sentence
from portal.told import tell
from portal.wake import wake

LONGEST: Final = 2000


GROUNDS: Final = (
    ("not_mine", _l("This debt is not mine"), _l("I do not know it, or somebody else owes it")),
    ("paid", _l("I have paid it"), _l("All of it, or a part that is missing here")),
    ("wrong_amount", _l("The sum is wrong"), _l("I owe something here, but not this much")),
)


class Wrong(Form):
    """What is wrong. `key` is made with the page, so that a double click says it once."""

    ground = ChoiceField(_l("What is wrong"), needed=_l("Choose what is wrong"), options=GROUNDS)
    note = NoteField(
        _l("What should we know"), longest=LONGEST,
        hint=_l("For example when and how you paid, or what you think is right. It helps us to look faster."),
    )  # fmt: skip
    key = HiddenField("key")


@blueprint.route("/debt/<int:account>/dispute", methods=["GET", "POST"])
@debtor
def dispute(account: int) -> ResponseReturnValue:
    """Says that something is wrong with a debt."""
    form, who = Wrong(), visitor()
    if not form.key.data:
        form.key.process_data(uuid.uuid4().hex)
    try:
        with asking() as session:
            wait = waiting(session)
            found = standing(session, who.people, g.now, account)
            if not found:
                not_found("no such debt of theirs")
            before = disputes.answered_grounds(session, who.people, account)
            valid = form.validate_on_submit()
            again = valid and form.ground.data in before
            if again and not form.note.data:
                form.note.refuse(_("Write what is new since our answer"))
            if not valid or form.note.errors:
                answered = [(words, before[code]) for code, words, _hint in GROUNDS if code in before]
                page = show("debtor/dispute.html", wait, form=form, debt=found[0], answered=answered)
                return page, 422 if form.is_submitted() else 200
            act_now(session)
            key = form.key.data[:64]
            if again:
                write(session, person=who.person, words=_in_a_message(found[0], form), key=key, by=who.actor, at=g.now)
            else:
                disputes.begin(session, person=who.person, account=account, ground=form.ground.data,
                               note=form.note.data, key=key, by=who.actor, at=g.now)  # fmt: skip
    except Refusal as refusal:
        tell(_("That could not be done"), sentence(refusal, "debtor"), "wait")
        return redirect(url_for("debtor.debt", account=account), 303)
    wake("answers")
    if again:
        tell(_("Your message is sent"), answered_here(wait))
        return redirect(url_for("debtor.messages"), 303)
    tell(_("This debt is on hold"), _("You need do nothing now.") + " " + answered_here(wait))
    return redirect(url_for("debtor.debt", account=account), 303)


def _in_a_message(debt: Standing, form: Wrong) -> str:
    """What is said again, with what is new, as whoever reads it needs it: of which debt, and what is wrong."""
    said = next(words for code, words, _hint in GROUNDS if code == form.ground.data)
    return f"{debt.creditor}, {debt.ref}. {said}.\n{form.note.data}"


@blueprint.post("/debt/<int:account>/dispute/<int:number>/take-back")
@debtor
def take_back(account: int, number: int) -> ResponseReturnValue:
    """Takes back what was said of a debt."""
    try:
        with asking() as session:
            mine = select(Dispute.id).where(Dispute.id == number, Dispute.account_id == account)
            if session.scalar(mine) is None:
                not_found("no such dispute of theirs")
            act_now(session)
            disputes.take_back(session, number, by=visitor().actor, at=g.now)
    except Refusal as refusal:
        tell(_("That could not be done"), sentence(refusal, "debtor"), "wait")
    else:
        wake("answers")
        tell(_("You took it back"), _("The debt goes on as before."))
    return redirect(url_for("debtor.debt", account=account), 303)
