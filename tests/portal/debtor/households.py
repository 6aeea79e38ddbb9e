"""People with debts, for the tests of the debtor's pages: their stories in a few lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from cases.arrangements.offer import Terms
from cases.arrangements.proposal import approve, propose
from cases.arrangements.schedule import Rhythm
from cases.debts.account import Account
from cases.debts.announced import announce
from cases.debts.creditor import Creditor
from cases.people.person import Person
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, a_person, an_account


@dataclass
class Marta:
    """Rent in arrears and a council bill in pounds, an energy bill in kronor, a loan that is paid."""

    person: Person
    creditors: dict[str, Creditor]
    rent: Account
    waste: Account
    power: Account
    loan: Account


def marta(session: Session) -> Marta:
    """Owes £1,524.60 of rent (scheduled, overdue), £212.00 for waste, 1,940.00 kr for power; a loan is paid."""
    housing = a_creditor(session)
    council = a_creditor(session, name="Ashmere Council")
    energy = a_creditor(session, name="Lyngvik Energi", country="SE", currency="SEK")
    bank = a_creditor(session, name="Wierzba Kredyt", country="PL", currency="PLN")
    person = a_person(session, housing, mobile="+447700900146", email="marta@example.org")
    rent = an_account(session, housing, person, ref="TW-14-KESTREL")
    for month, amount in ((6, 52000), (7, 52000), (8, 52000), (9, 52000), (10, 52000), (11, 52000)):
        a_due(session, rent, date(2026, month, 1), amount)
        a_charge(session, rent, amount, date(2026, month, 1))
    a_due(session, rent, date(2026, 12, 1), 52000)
    a_payment(session, [(rent, 159540)], date(2026, 9, 3))
    waste = an_account(session, council, person, ref="AC-889", debt_type="council_tax")
    a_charge(session, waste, 20000, date(2026, 9, 2))
    a_charge(session, waste, 1200, date(2026, 10, 2), kind="fee")
    power = an_account(session, energy, person, ref="LE 55-1", debt_type="energy")
    a_charge(session, power, 188000, date(2026, 10, 3))
    a_charge(session, power, 6000, date(2026, 11, 12), kind="cost")
    loan = an_account(session, bank, person, ref="WK/7", debt_type="loan")
    a_charge(session, loan, 50000, date(2026, 1, 2))
    a_payment(session, [(loan, 50000)], date(2026, 3, 14))
    named = {"housing": housing, "council": council, "energy": energy, "bank": bank}
    return Marta(person, named, rent, waste, power, loan)


def on_its_way(session: Session, account: Account, amount: int) -> None:
    """Says that money is on its way to an account."""
    announce(session, creditor=account.creditor_id, account=account.id, currency=account.currency, amount=amount,
             channel="card", on=date(2026, 11, 23), expected_on=date(2026, 11, 30), key=f"announced {account.id}", by=BY,
             at=AT)  # fmt: skip


def a_plan(session: Session, person: Person, *accounts: Account, amount: int = 8000) -> int:
    """An agreed plan over these accounts: monthly from 1 December. Returns its id."""
    terms = Terms(amount=amount, first_on=date(2026, 12, 1), rhythm=Rhythm.MONTHLY)
    sent = propose(session, person=person.id, accounts=[a.id for a in accounts], terms=terms, key="plan", by=BY, at=AT)
    return approve(session, sent.id, by=BY, at=AT)
