"""Help that you need: told once, obeyed from then on. Nobody has to say why."""

from typing import cast

from flask import current_app, g, redirect, url_for
from flask.typing import ResponseReturnValue

from cases.db import act_now
from cases.people import support as needs
from cases.refusal import Refusal
from portal.access import asking, debtor, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.forms import Form, NoteField, SeveralField
from portal.keys import Keys
from portal.language import _, _l
from portal.reasons import sealed
from portal.refusals import sentence
from portal.told import tell


class Help(Form):
    """What would help, and, if one likes, why."""

    needs = SeveralField(
        _l("What would help you"),
        options=[
            ("large_print", _l("Letters in large print"), _l("We make your letters so from now on")),
            ("no_calls", _l("No telephone calls"), _l("We write instead")),
            ("extra_time", _l("More time"), _l("You stay signed in for longer, and nobody rushes you")),
            ("someone_helps", _l("Someone helps me"), _l("We know that another person may be with you")),
            ("interpreter", _l("An interpreter"), _l("When we speak, we speak with one")),
        ],
    )  # fmt: skip
    reason = NoteField(
        _l("Why, if you want to tell us"), longest=1000,
        hint=_l("You need not say. Few of us can read it, and each time is written down."),
    )  # fmt: skip


@blueprint.route("/support", methods=["GET", "POST"])
@debtor
def support() -> ResponseReturnValue:
    """What this person needs."""
    form, who = Help(), visitor()
    try:
        with asking() as session:
            wait = waiting(session)
            if not form.is_submitted():
                form.needs.process_data([row.need for row in needs.needs_of(session, who.people)])
            if not form.validate_on_submit():
                return show("debtor/support.html", wait, form=form), 422 if form.is_submitted() else 200
            act_now(session)
            keys = cast(Keys, current_app.extensions["keys"])
            needs.tell(session, person=who.person, needs=form.needs.data or (), by=who.actor, at=g.now,
                       reason=sealed(keys, form.reason.data))  # fmt: skip
    except Refusal as refusal:
        tell(_("That could not be done"), sentence(refusal, "debtor"), "wait")
        return redirect(url_for("debtor.support"), 303)
    tell(_("Thank you. We have noted it"), _("You can change it here at any time."))
    return redirect(url_for("debtor.support"), 303)
