"""Small makers of what tests need, each named by its noun. They use the acts where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

from sqlalchemy.orm import Session

from cases.arrears import position
from cases.debts import ledger
from cases.debts.account import Account, AccountTerms, normal_reference
from cases.debts.creditor import Creditor, add_creditor
from cases.debts.due import Due
from cases.history import Actor
from cases.people.contact import add_contact
from cases.people.joint import Liability
from cases.people.person import Person, Record, new_case_ref, normal_name, normal_postcode
from cases.people.staff import User, add_user

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BY = Actor("test")
_numbers = count(1)


def a_creditor(session: Session, ref: str | None = None, **given: object) -> Creditor:
    """A British housing association, unless said otherwise."""
    values: dict[str, object] = {"name": "Tidewell Housing", "country": "GB", "currency": "GBP"} | given
    return add_creditor(session, ref=ref or f"c{next(_numbers)}", by=BY, at=AT, **values)  # type: ignore[arg-type]


def a_person(
    session: Session,
    creditor: Creditor,
    *,
    name: str = "Marta Lindqvist",
    born: date | None = date(1984, 5, 17),
    postcode: str | None = "AB1 2CD",
    mobile: str | None = None,
    email: str | None = None,
    country: str = "GB",
    ref: str | None = None,
    at: datetime = AT,
    **given: object,
) -> Person:
    """A person with a record of the creditor's and the contacts given (mobile in E.164)."""
    person = Person(case_ref=new_case_ref(), name=name, name_norm=normal_name(name), country=country, recorded_at=at)
    session.add(person)
    session.flush()
    session.add(
        Record(
            creditor_id=creditor.id,
            system="test",
            ref=ref or f"P{next(_numbers)}",
            person_id=person.id,
            name=name,
            name_norm=normal_name(name),
            born=born,
            postcode=postcode,
            postcode_norm=normal_postcode(postcode) if postcode else None,
            country=country,
            phone=mobile,
            phone_norm=mobile,
            email=email,
            email_norm=email,
            recorded_at=at,
            **given,
        )
    )
    for kind, value in (("mobile", mobile), ("email", email)):
        if value:
            add_contact(session, person=person.id, kind=kind, value=value, value_norm=value, source="creditor",
                        as_of=at.date(), creditor=creditor.id, by=BY, at=at)  # fmt: skip
    session.flush()
    return person


def an_account(
    session: Session,
    creditor: Creditor,
    *people: Person,
    ref: str | None = None,
    debt_type: str = "rent",
    currency: str | None = None,
    opened_on: date = date(2025, 1, 1),
    at: datetime = AT,
    rate: Decimal | None = None,
) -> Account:
    """An account that these people owe: the first as holder, the others jointly."""
    ref = ref or f"A{next(_numbers)}"
    account = Account(creditor_id=creditor.id, system="test", ref=ref, ref_norm=normal_reference(ref),
                      currency=currency or creditor.currency, recorded_at=at)  # fmt: skip
    session.add(account)
    session.flush()
    session.add(AccountTerms(creditor_id=creditor.id, account_id=account.id, debt_type=debt_type, opened_on=opened_on,
                             interest_rate=rate, recorded_at=at))  # fmt: skip
    for n, person in enumerate(people):
        session.add(Liability(creditor_id=creditor.id, account_id=account.id, person_id=person.id,
                              role="joint" if n else "holder", recorded_at=at))  # fmt: skip
    session.flush()
    return account


def a_due(
    session: Session, account: Account, due_on: date, amount: int, component: str = "principal", at: datetime = AT
) -> Due:
    """A contractual instalment in minor units."""
    due = Due(creditor_id=account.creditor_id, account_id=account.id, due_on=due_on, amount=amount,
              component=component, recorded_at=at)  # fmt: skip
    session.add(due)
    session.flush()
    position.refresh(session, [account.id], by=BY, at=at)
    return due


def a_charge(
    session: Session,
    account: Account,
    amount: int,
    on: date,
    *,
    kind: str = "charge",
    due_on: date | None = None,
    key: str | None = None,
    at: datetime = AT,
) -> str:
    """Something charged, in minor units; returns its key."""
    key = key or f"K{next(_numbers)}"
    ledger.post(session, account, kind, amount, value_date=on, key=key, by=BY, at=at, due_on=due_on)
    return key


def a_payment(
    session: Session, accounts: Sequence[tuple[Account, int]], on: date, *, key: str | None = None, at: datetime = AT
) -> ledger.Payment:
    """Money received for these accounts, in minor units."""
    creditor = session.get_one(Creditor, accounts[0][0].creditor_id)
    return ledger.pay(session, creditor, accounts, value_date=on, key=key or f"K{next(_numbers)}", by=BY, at=at)


def a_user(session: Session, *, role: str = "collector", name: str = "Priya Nand", mail: str | None = None) -> User:
    """A user who cannot sign in (no real password); sign-in tests make their own."""
    return add_user(session, mail=mail or f"user{next(_numbers)}@example.org", name=name, role=role, password="-",
                    totp="-", by=BY, at=AT)  # fmt: skip
