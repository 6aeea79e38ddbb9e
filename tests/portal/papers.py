"""A letter for tests of pages."""

from datetime import date

from sqlalchemy.orm import Session

from messaging.paper import Letterhead
from messaging.papers.recipient import recipient_of
from messaging.papers.statement import ask_statement
from tests.factories import AT, BY

US = Letterhead("Evenly", "Evenly Example Ltd", "0808 157 0123", "my.example.org")


def a_statement(session: Session, person: int) -> int:
    """Asks for somebody's statement of this year so far; returns its number. Nobody has set it yet."""
    to = recipient_of(session, person)
    return ask_statement(session, to, US, date(2026, 1, 1), AT.date(), language="en", by=BY, at=AT).id
