"""The receipt of a payment: how it came, when, and which debt got what."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from payments.attempt import PaymentAttempt


@dataclass(frozen=True, slots=True)
class Part:
    """What one debt got, in minor units."""

    creditor: str
    kind: str
    ref: str
    amount: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment that was booked. `value_date` and `reference` are those of money that came by hand."""

    number: int
    person: int
    method: str
    currency: str
    amount: int
    paid_at: datetime
    booked_at: datetime
    value_date: date | None
    reference: str | None
    parts: tuple[Part, ...]


def parts_of(session: Session, attempt: int) -> list[Part]:
    """What each debt gets of an attempt, by creditor. One statement."""
    return [Part(*row) for row in session.execute(_PARTS, {"attempt": attempt})]


def receipt_of(session: Session, attempt: int) -> Receipt:
    """The receipt of a payment that was booked. ValueError for one that was not."""
    row = session.get_one(PaymentAttempt, attempt)
    if row.paid_at is None or row.booked_at is None:
        raise ValueError(f"payment {attempt} is not booked")
    return Receipt(row.id, row.person_id, row.method, row.currency, row.amount, row.paid_at, row.booked_at,
                   row.value_date, row.reference, tuple(parts_of(session, attempt)))  # fmt: skip


_PARTS: Final = text("""
select c.name as creditor, coalesce(t.debt_type, '') as kind, a.ref, s.amount
from payment_share s join account a on a.id = s.account_id join creditor c on c.id = s.creditor_id
left join account_terms t on t.account_id = a.id and t.replaced_at is null
where s.attempt_id = :attempt order by c.name, s.nth
""")
