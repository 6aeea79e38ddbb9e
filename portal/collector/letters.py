"""Letters of a case, as they were sent: each to read, as PDF, and a statement made for the person."""

from dataclasses import dataclass
from typing import Final

from flask import Response, g
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from cases.db import act_now
from messaging import documents
from messaging.documents import Document
from messaging.papers.recipient import recipient_of
from messaging.papers.statement import ask_statement
from portal.access import asking, not_found
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case
from portal.collector.history import LETTERS
from portal.language import _, day_plain
from portal.letters import letterhead, pdf_answer
from portal.wake import wake

SHOWN: Final = 12
"""So many letters stand on the case page."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as the case page shows it."""

    row: Document
    what: str
    about: str


def letters(session: Session, case: Case) -> list[Letter]:
    """The last letters of a case. One statement."""
    found = []
    for row in documents.documents_of(session, case.people, most=SHOWN):
        about = [_("version %(number)s", number=row.version)] if row.version > 1 else []
        if row.first and row.last:
            first, last = day_plain(row.first, year=True), day_plain(row.last, year=True)
            about.insert(0, _("%(first)s to %(last)s", first=first, last=last))
        if row.large:
            about.append(_("in large print"))
        found.append(Letter(row, _(LETTERS[row.kind]), ", ".join(about)))
    return found


@blueprint.get("/case/<ref>/letter/<int:number>")
@desk
def letter(ref: str, number: int) -> str:
    """A letter of this case, as a page."""
    with asking() as session:
        case, row = _in_case(session, ref, number, undefer(Document.paper))
        paper = documents.paper_of(row)
        if paper is None:
            not_found("its words are not there")
        return show(session, "letter", case=case, row=row, paper=paper, what=_(LETTERS[row.kind]))


@blueprint.get("/case/<ref>/letter/<int:number>.pdf")
@desk
def letter_pdf(ref: str, number: int) -> Response:
    """A letter of this case as it was made."""
    with asking() as session:
        _case, row = _in_case(session, ref, number, undefer(Document.pdf))
        return pdf_answer(row)


@blueprint.post("/case/<ref>/statement")
@desk
def make_statement(ref: str) -> ResponseReturnValue:
    """Makes the statement of this year so far; it stands under the person's letters."""
    with asking() as session:
        case = case_named(session, ref)
        act_now(session)
        to = recipient_of(session, case.person)
        last = to.today(g.now)
        ask_statement(session, to, letterhead(), last.replace(month=1, day=1), last, language=to.language, by=actor(),
                      at=g.now)  # fmt: skip
    wake("papers")
    tell(_("The statement is being made"), _("It stands among the letters in a moment."))
    return to_case(ref, "letters")


def _in_case(session: Session, ref: str, number: int, *options: object) -> tuple[Case, Document]:
    case = case_named(session, ref)
    row = session.scalar(
        select(Document).where(Document.id == number, Document.person_id.in_(case.people)).options(*options)  # type: ignore[arg-type]
    )
    if row is None:
        not_found("no such letter in this case")
    return case, row
