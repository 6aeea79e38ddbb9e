"""A letter for tests of pages."""

from datetime import date

from sqlalchemy.orm import Session

from messaging import documents
from messaging.paper import Letterhead
from messaging.papers.recipient import recipient_of
from messaging.papers.statement import statement_letter
from tests.factories import AT, BY

US = Letterhead("Evenly", "Evenly Example Ltd", "0808 157 0123", "my.example.org")


def a_statement(session: Session, person: int) -> int:
    """Asks for somebody's statement of this year so far; returns its number. Nobody has set it yet."""
    to = recipient_of(session, person)
    first, last = date(2026, 1, 1), AT.date()
    letter = statement_letter(session, to, US, first, last, language="en", large=False, at=AT)
    made = documents.ask(session, person=to.id, kind="statement", subject=f"person:{to.id}", language="en",
                         paper=letter.json, first=first, last=last, by=BY, at=AT)  # fmt: skip
    return made.id
