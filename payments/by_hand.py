"""By hand: money that came without the processor, entered by a collector who saw it.

Cash over the counter, a cheque, a transfer seen at the bank: an attempt that is paid at once, with its
value date and a reference, shared over the debts as the payer said, else by the rule. What is over on
all chosen debts is refused rather than turned into credit: a typing mistake is likelier than a gift.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import monitoring
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.debts.ledger import pay
from cases.history import Actor, Kind
from cases.people.person import Person
from cases.refusal import refusal_code
from payments.attempt import BY_HAND, PaymentAttempt, save
from payments.outcome import payment_key
from payments.payable import Choice

METHOD_UNKNOWN = refusal_code("payment.method_unknown", "method")
DAY_WRONG = refusal_code("payment.day_wrong", "earliest", "latest")

LONGEST_AGO: Final = timedelta(days=365)
"""How old a value date may be: an older one belongs into the creditor's own books first."""


def enter(
    session: Session,
    *,
    person: int,
    choice: Choice,
    method: str,
    value_date: date,
    reference: str,
    key: str,
    on: date,
    by: Actor,
    at: datetime,
    real: datetime,
) -> PaymentAttempt:
    """Books money that came by `method` (`BY_HAND`) on `value_date`; the same key books once.

    `on` is the collector's day. Refuses `payment.method_unknown`, `payment.day_wrong` (a day to come, or
    over a year ago). What may be chosen is checked by whoever made the choice (`payable.py`).
    """
    if method not in BY_HAND:
        raise METHOD_UNKNOWN(method=method)
    if not on - LONGEST_AGO <= value_date <= on:
        raise DAY_WRONG(earliest=on - LONGEST_AGO, latest=on)
    session.execute(select(Person.id).where(Person.id == person).with_for_update(key_share=True))
    was = session.scalar(select(PaymentAttempt).where(PaymentAttempt.person_id == person, PaymentAttempt.key == key))
    if was is not None:
        return was
    made = PaymentAttempt(
        person_id=person, key=key, method=method, purpose=choice.purpose, arrangement_id=choice.plan,
        currency=choice.currency, amount=choice.amount, state="paid", made_by=str(by), started_at=at, started_real=real,
        paid_at=at, booked_at=at, value_date=value_date, reference=reference.strip() or None,
    )  # fmt: skip
    save(session, made, choice, Kind.PAYMENT_RECEIVED, by=by, at=at)
    monitoring.hold(session, [share.account for share in choice.shares])
    for creditor in sorted({share.creditor for share in choice.shares}):
        parts = [(session.get_one(Account, share.account), share.amount)
                 for share in choice.shares if share.creditor == creditor]  # fmt: skip
        pay(session, session.get_one(Creditor, creditor), parts, value_date=value_date, key=payment_key(made.id),
            named_for=choice.plan, by=by, at=at)  # fmt: skip
    return made


def entered_of(session: Session, people: Sequence[int]) -> list[PaymentAttempt]:
    """The booked payments of these ids that are not taken back, the newest first: what may be taken back."""
    return list(
        session.scalars(
            select(PaymentAttempt)
            .where(PaymentAttempt.person_id.in_(people), PaymentAttempt.state == "paid")
            .order_by(PaymentAttempt.id.desc())
            .limit(20)
        )
    )
