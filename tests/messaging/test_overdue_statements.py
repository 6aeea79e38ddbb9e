"""Whose statement is owed by law and overdue: one item a person, and gone when one is given."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from cases.db import Database
from cases.work import queue
from messaging import documents
from messaging.overdue_statements import raise_overdue
from tests.factories import AT, BY, a_charge, a_creditor, a_person, an_account

DAY = date(2026, 11, 1)


def open_items(superuser: Connection) -> list[str]:
    found = superuser.execute(text("select subject from work_item where kind = 'statement' and done_at is null")).scalars()
    subjects = sorted(found)
    superuser.rollback()
    return subjects


def raised(db: Database, at: datetime) -> int:
    with db.acting() as session:
        return raise_overdue(session, at=at)


def test_rent_is_told_of_each_quarter_and_a_loan_each_year_until_a_statement_is_given(
    db: Database, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        tenant, borrower, neither = (a_person(session, creditor, name=f"Person {n}") for n in range(3))
        for person, debt in ((tenant, "rent"), (tenant, "loan"), (borrower, "loan"), (neither, "council_tax")):
            a_charge(session, an_account(session, creditor, person, debt_type=debt), 6000, DAY)
        paid = an_account(session, creditor, neither, debt_type="rent")  # nothing is owed on it
        assert paid.id
    quarter = AT + timedelta(days=92)  # 24 February 2027
    assert raised(db, quarter) == 0
    assert raised(db, quarter + timedelta(days=1)) == 1
    assert raised(db, quarter + timedelta(days=1)) == 0 and open_items(superuser) == [f"person:{tenant.id}"]
    last = (quarter + timedelta(days=1)).date()
    with db.acting() as session:
        letter = documents.ask(
            session, person=tenant.id, kind="statement", subject=f"person:{tenant.id}", language="en", paper={}, by=BY,
            at=quarter, first=DAY, last=last,
        ).id  # fmt: skip
        documents.issue(session, letter, b"%PDF", set_by="x", by=BY, at=quarter)
    assert open_items(superuser) == []
    assert raised(db, quarter + timedelta(days=60)) == 0
    assert raised(db, quarter + timedelta(days=92)) == 1  # the next quarter is over
    with db.acting() as session:
        queue.done(session, subject=f"person:{tenant.id}", kind="statement", by=BY, at=quarter + timedelta(days=95))
    assert raised(db, quarter + timedelta(days=95)) == 0  # given another way, so a collector said
    assert raised(db, quarter + timedelta(days=95 + 93)) == 1
    year = AT + timedelta(days=365 + 31)  # a year, and the thirty days in which it may still be given
    assert raised(db, year) == 1 and open_items(superuser) == [f"person:{tenant.id}", f"person:{borrower.id}"]
