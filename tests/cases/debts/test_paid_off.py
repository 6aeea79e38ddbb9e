"""Of which debts it is told that nothing is left of them, and when."""

from datetime import date

from sqlalchemy.orm import Session

from cases.db import Database
from cases.debts import ledger
from cases.history import Kind, Line
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, a_person, an_account

DAY = date(2026, 11, 20)


def told(session: Session) -> list[tuple[int | None, str | None]]:
    lines = session.query(Line).filter(Line.kind == str(Kind.ACCOUNT_PAID_OFF)).order_by(Line.id)
    return [(line.person_id, line.subject) for line in lines]


def test_a_loan_is_paid_off_for_each_person_who_owes_it(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta, lena = a_person(session, creditor), a_person(session, creditor, name="Lena Farrow")
        loan = an_account(session, creditor, marta, lena, debt_type="loan")
        a_charge(session, loan, 6000, DAY)
    with db.acting() as session:
        a_payment(session, [(loan, 5999)], DAY)
        assert told(session) == []
    with db.acting() as session:
        a_payment(session, [(loan, 1)], DAY)
        assert told(session) == [(marta.id, f"account:{loan.id}"), (lena.id, f"account:{loan.id}")]
    with db.acting() as session:
        a_payment(session, [(loan, 500)], DAY)  # more than was owed tells nothing new
        assert len(told(session)) == 2


def test_what_goes_on_is_not_paid_off_each_month_nor_is_a_loan_with_instalments_to_come(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        rent, loan = an_account(session, creditor, marta), an_account(session, creditor, marta, debt_type="loan")
        a_charge(session, rent, 6000, DAY)
        a_charge(session, loan, 6000, DAY)
        a_due(session, loan, date(2026, 12, 1), 3000)
    with db.acting() as session:
        a_payment(session, [(rent, 6000), (loan, 6000)], DAY)
        assert told(session) == []


def test_money_taken_back_opens_the_debt_and_paid_once_more_it_is_told_once_more(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        fine = an_account(session, creditor, a_person(session, creditor), debt_type="parking")
        a_charge(session, fine, 6000, DAY)
    with db.acting() as session:
        paid = a_payment(session, [(fine, 6000)], DAY)
    with db.acting() as session:
        ledger.give_back(session, paid, on=DAY, key="bounced", by=BY, at=AT)
    with db.acting() as session:
        a_payment(session, [(fine, 6000)], DAY)
        assert len(told(session)) == 2
