"""Notes on a case: written for colleagues, and erased by who wrote them or by a supervisor."""

import uuid

from flask import g
from flask.typing import ResponseReturnValue

from cases.db import act_now
from cases.refusal import Refusal
from cases.work import note as notes
from cases.work.note import Note
from portal.access import asking, not_found
from portal.collector.face import actor, blueprint, case_named, desk, show, tell, to_case, told
from portal.forms import Form, HiddenField, NoteField
from portal.language import _, _l


class Written(Form):
    """A note."""

    words = NoteField(_l("Note"), longest=notes.LONGEST, needed=_l("Write the note"),
                      hint=_l("For us. Write it so that the person could read it."))  # fmt: skip
    key = HiddenField("key")


@blueprint.route("/case/<ref>/note", methods=["GET", "POST"])
@desk
def write_note(ref: str) -> ResponseReturnValue:
    """Writes a note on a case."""
    form = Written()
    with asking() as session:
        case = case_named(session, ref)
        if not form.is_submitted():
            form.key.process_data(uuid.uuid4().hex)
        if not form.validate_on_submit() or not form.key.data:
            return show(session, "note", form=form, case=case), 422 if form.is_submitted() else 200
        act_now(session)
        notes.write(session, person=case.person, words=form.words.data, key=form.key.data[:64], by=actor(), at=g.now)
    tell(_("The note is saved"), _("It stands in the history."))
    return to_case(ref)


@blueprint.post("/case/<ref>/note/<int:number>/erase")
@desk
def erase_note(ref: str, number: int) -> ResponseReturnValue:
    """Erases the words of a note; that it was there stays in the history."""
    try:
        with asking() as session:
            case = case_named(session, ref)
            row = session.get(Note, number)
            if row is None or row.person_id not in case.people:
                not_found("no such note in this case")
            act_now(session)
            notes.erase(session, row, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref, "his")
    tell(_("The words are erased"), _("That a note was there stays in the history."))
    return to_case(ref, "his")
