"""Letters: what we wrote to this person, each as a page to read and as a PDF to keep.

A letter is made by a worker. Whoever asks for one waits a moment for it here; if it is not ready then, its page
says so, and is complete to read all the same.
"""

import time
from typing import Any, Final

from flask import Response, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from cases.waits import WAITS
from messaging import documents
from messaging.documents import Document
from portal.access import asking, debtor, not_found, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.language import _d
from portal.letters import pdf_answer
from portal.wake import wake

KINDS: Final = {
    "statement": _d("Statement"),
    "agreement": _d("Agreement"),
    "receipt": _d("Receipt"),
    "closing": _d("Paid off"),
}
"""What each kind of letter is called in the list."""

A_PAGE: Final = 100
"""So many letters stand in the list; older ones are found by writing to us."""
_LOOK: Final = 0.1


def made_soon(document: int) -> ResponseReturnValue:
    """Wakes the worker for a letter, waits a moment for it, and leads to it."""
    wake("papers")
    until = time.monotonic() + WAITS.letter.total_seconds()
    while time.monotonic() < until:
        with asking() as session:
            if _theirs(session, document).state != "asked":
                break
        time.sleep(_LOOK)
    return redirect(url_for("debtor.letter", document=document), 303)


@blueprint.get("/letters")
@debtor
def letters() -> str:
    """All letters, the newest first."""
    with asking() as session:
        wait = waiting(session)
        found = documents.documents_of(session, visitor().people, most=A_PAGE)
    # One that is neither written nor made has nothing to read; a person of ours looks after it.
    return show("debtor/letters.html", wait, letters=[d for d in found if d.paper_sha], kinds=KINDS, most=A_PAGE)


@blueprint.get("/letters/<int:document>")
@debtor
def letter(document: int) -> str:
    """One letter as a page."""
    with asking() as session:
        wait = waiting(session)
        row = _theirs(session, document, undefer(Document.paper))
        paper = documents.paper_of(row)
    if paper is None:
        not_found("its words are not there")
    return show("debtor/letter.html", wait, row=row, paper=paper)


@blueprint.get("/letters/<int:document>.pdf")
@debtor
def letter_pdf(document: int) -> Response:
    """One letter as it was made."""
    with asking() as session:
        return pdf_answer(_theirs(session, document, undefer(Document.pdf)))


def _theirs(session: Session, document: int, *options: Any) -> Document:
    row = session.scalar(select(Document).where(Document.id == document).options(*options))
    if row is None:
        not_found("no such letter of theirs")
    return row
