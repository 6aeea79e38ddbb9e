"""What the tests of the ledger look at: its rows, what is owed, and whether `verify` is content."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import verify
from cases.debts import ledger
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.debts.ledger import Entry
from cases.refusal import Refusal
from tests.factories import AT, BY

DAY = date(2026, 5, 10)
LATER = date(2026, 6, 1)


def rows_of(session: Session, account: Account) -> list[tuple[str, str, int]]:
    query = select(Entry.kind, Entry.component, Entry.amount).where(Entry.account_id == account.id).order_by(Entry.id)
    return [tuple(row) for row in session.execute(query)]


def owed_of(session: Session, account: Account) -> dict[str, int]:
    found = ledger.balance(session, [account.id]).get(account.id, {})
    return {component: amount for component, amount in found.items() if amount}


def never_below(session: Session, account: Account) -> bool:
    """Whether each component is nought or above at the end of every day; credit nought or below."""
    days = set(session.scalars(select(Entry.value_date).where(Entry.account_id == account.id)))
    owed = [ledger.balance(session, [account.id], day)[account.id] for day in days]
    return all((minor <= 0 if part == "credit" else minor >= 0) for each in owed for part, minor in each.items())


def clean(session: Session) -> bool:
    proof = verify.verify(session)
    assert proof.findings == []
    return proof.clean


def refused(code: str) -> Any:
    return pytest.raises(Refusal, match=f"^{code}$")


def reverse(session: Session, creditor: Creditor, key: str, on: date = LATER, back: str = "back") -> None:
    ledger.reverse(session, ledger.entry_called(session, creditor.id, key), on=on, key=back, by=BY, at=AT)
