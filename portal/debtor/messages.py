"""Messages: one thread over all channels, with a place to write, in answer or to begin."""

import uuid
from typing import Any

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from cases.db import act_now
from cases.history import Actor
from cases.people.person import first_name
from cases.people.staff import names_of
from cases.refusal import Refusal
from messaging.conversation import LONGEST, Said, mark_read, thread, write
from portal.access import asking, debtor, visitor
from portal.debtor.face import answered_here, blueprint, show, waiting
from portal.forms import Form, HiddenField, NoteField
from portal.language import _, _l
from portal.refusals import sentence
from portal.told import tell
from portal.wake import wake

A_PAGE = 50


class Write(Form):
    """A message. `key` is made with the page, so that a double click writes once."""

    words = NoteField(_l("Your message"), longest=LONGEST, needed=_l("Write what you want to tell us"),
                      hint=_l("A person reads it and answers here."))  # fmt: skip
    key = HiddenField("key")


@blueprint.get("/messages")
@debtor
def messages() -> str:
    """What was said, the oldest of the page first. Opening it marks our answers as read."""
    return _page(Write(formdata=None, key=uuid.uuid4().hex))


@blueprint.post("/messages")
@debtor
def write_message() -> ResponseReturnValue:
    """Writes to us."""
    form, who = Write(), visitor()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        with asking() as session:
            wait = waiting(session)
            act_now(session)
            write(session, person=who.person, words=form.words.data, key=(form.key.data or uuid.uuid4().hex)[:64],
                  by=who.actor, at=g.now)  # fmt: skip
    except Refusal as refusal:
        form.words.refuse(sentence(refusal, "debtor"))
        return _page(form), 422
    wake("answers")
    tell(_("Your message is sent"), answered_here(wait))
    return redirect(url_for("debtor.messages"), 303)


def _page(form: Write) -> str:
    who, before = visitor(), request.args.get("before", "")
    from_id = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    with asking() as session:
        wait = waiting(session)
        found = thread(session, who.people, before=from_id, limit=A_PAGE + 1)
        said, more = found[:A_PAGE], len(found) > A_PAGE
        session.expunge_all()
        act_now(session)
        users = {Actor.read(each.sender).id for each in said if each.side == "staff"}
        names = names_of(session, [user for user in users if user is not None])
        if any(each.side == "staff" and each.read_at is None for each in said):
            mark_read(session, who.people, side="staff", at=g.now)
    shown = [_shown(each, names) for each in reversed(said)]
    return show("debtor/messages.html", wait, said=shown, form=form, older=said[-1].id if more else None,
                from_id=from_id)  # fmt: skip


def _shown(each: Said, names: dict[int, str]) -> dict[str, Any]:
    user = Actor.read(each.sender).id
    mine = each.side == "person"
    return {
        "mine": mine, "who": _writer(each) if mine else first_name(names.get(user or 0, "")), "at": each.at,
        "channel": each.channel, "words": each.words, "read_at": each.read_at,
        "new": not mine and each.read_at is None,
    }  # fmt: skip


def _writer(each: Said) -> str:
    """Who wrote on the person's side: of a mail from elsewhere nobody can say."""
    return str(_("From an address that we do not know") if each.known is False else _("You"))
