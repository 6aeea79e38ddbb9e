"""The address in each mail that ends mail: a page for people, one request for their mail programs.

Opening it changes nothing, since programs that guard mailboxes open every link. The button, or the mail program by
itself (RFC 8058: `List-Unsubscribe=One-Click`, without a page in between), ends mail to the address at once and as
often as asked. The mark in it is signed and names the contact, so nobody needs to sign in, and no other form of ours
holds it. Codes that somebody asks for and letters go on.
"""

from typing import Final

from flask import Blueprint, abort, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from cases.history import Actor
from cases.people import permission
from cases.people.contact import Contact, masked
from cases.people.person import all_ids
from portal.access import hook, public

ENDS: Final = "ends mail"
"""The purpose of the mark."""

FIELD: Final = "List-Unsubscribe"
ONE_CLICK: Final = "One-Click"

blueprint = Blueprint("mail_ends", __name__)


@blueprint.get("/u/<mark>")
@public
def page(mark: str) -> str:
    """Asks whether mail should end."""
    _named(mark)
    return render_template("pages/mail-ends.html", field=FIELD, value=ONE_CLICK, ended=None)


@blueprint.post("/u/<mark>")
@hook
def end(mark: str) -> ResponseReturnValue:
    """Ends mail to the address."""
    contact = _named(mark)
    if request.form.get(FIELD) != ONE_CLICK:
        abort(400)
    with current_app.extensions["database"].acting() as session:
        row = session.scalars(select(Contact).where(Contact.id == contact, Contact.kind == "email")).one_or_none()
        if row is None:
            abort(404)
        by = Actor("debtor", all_ids(session, row.person_id)[0])
        permission.withdraw(session, "email", row.value_norm, because="link", by=by, at=g.now)
        ended = masked("email", row.value_norm)
    return render_template("pages/mail-ends.html", field=FIELD, value=ONE_CLICK, ended=ended)


def _named(mark: str) -> int:
    """The contact that a mark of ours names; 404 for any other."""
    found: int | None = current_app.extensions["keys"].marked(ENDS, mark)
    if found is None:
        abort(404)
    return found
