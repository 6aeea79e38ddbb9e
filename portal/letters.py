"""What the faces share about letters: who writes them, and how a browser gets one."""

from flask import Response, current_app, request

from messaging.documents import Document
from messaging.paper import Letterhead
from portal import wiring
from portal.access import not_found
from portal.language import day_of


def letterhead() -> Letterhead:
    """Who writes."""
    return wiring.letterhead(current_app.extensions["settings"])


def pdf_answer(row: Document) -> Response:
    """A letter as it was made, its bytes read; 404 while it is not made."""
    if row.pdf is None:
        not_found("not made yet")
    # The name says nothing to whoever sees the folder that it is kept in.
    name = f"{current_app.extensions['settings'].name.lower()}-{day_of(row.asked_at):%Y-%m-%d}-{row.id}.pdf"
    how = "attachment" if "save" in request.args else "inline"
    return Response(row.pdf, mimetype="application/pdf", headers={"Content-Disposition": f'{how}; filename="{name}"'})
