"""The reversal: money that goes back. What the processor reports of it, and what a person then does.

A refund or a dispute changes nothing in the ledger by itself: the event is kept, told, and raises a work
item, for only a person knows whether the debt is to be opened again. Taking back is whole: each of the
attempt's payments gets its mirror, dated, with a reason, and its dues open again.

A dispute that the bank decided in our favour raises no new work.
"""

import uuid
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import monitoring
from cases.debts.ledger import Payment, give_back
from cases.history import Actor, Kind, proof
from cases.refusal import refusal_code
from cases.work import queue
from payments.attempt import PaymentAttempt, locked, shares_of, tell
from payments.outcome import BY, payment_key
from payments.processor import Reported

NOT_BOOKED = refusal_code("payment.not_booked", "state")
REASON_UNKNOWN = refusal_code("payment.reason_unknown", "reason")

REASONS: Final = ("bounced", "mistake", "refunded", "disputed", "other")
"""Why a payment is taken back: its bank returned it, it was entered by mistake, it was given back, or asked back."""
_SETTLED: Final = ("won", "warning_closed", "canceled", "failed")
"""Ends of a refund or dispute in which the money stays with us."""


def reported(session: Session, provider: str, told: Reported, *, at: datetime) -> str:
    """Tells of a refund or dispute, and asks a person to look. `no_such_payment` when we know none of it yet."""
    known = session.scalar(
        select(PaymentAttempt.id).where(
            PaymentAttempt.provider == provider,
            PaymentAttempt.intent == told.intent,
            PaymentAttempt.state.in_(("paid", "taken_back")),
        )
    )
    if known is None:
        return "no_such_payment"
    row = locked(session, known)
    tell(session, row, Kind.PAYMENT_REPORTED, by=BY, at=at, what=told.what, id=told.id, sum=told.amount,
         status=told.status, reason=told.reason)  # fmt: skip
    if told.status not in _SETTLED and row.state == "paid":
        queue.open_item(
            session, person=row.person_id, kind=told.what, subject=f"{told.what}:{row.id}", urgency=1, at=at
        )
    return told.what


def take_back(
    session: Session,
    attempt: int,
    *,
    reason: str,
    on: date,
    by: Actor,
    at: datetime,
    words: str | None = None,
) -> PaymentAttempt:
    """Takes a booked payment back by its mirror, dated `on`: what it had met is owed again. Once.

    Refuses `payment.reason_unknown`, `payment.not_booked`, and as the ledger does (`ledger.reversed_too_early`).
    """
    if reason not in REASONS:
        raise REASON_UNKNOWN(reason=reason)
    row = locked(session, attempt)
    if row.state == "taken_back":
        return row
    if row.state != "paid":
        raise NOT_BOOKED(state=row.state)
    monitoring.hold(session, [share.account_id for share in shares_of(session, row.id)])
    payments = session.scalars(
        select(Payment).where(Payment.key == payment_key(row.id)).order_by(Payment.creditor_id)
    ).all()
    for payment in payments:
        give_back(session, payment, on=on, key=f"{payment_key(row.id)}/back", by=by, at=at)
    row.state, row.taken_back_at, row.reason = "taken_back", at, reason
    facts: dict[str, object] = {"reason": reason, "on": on.isoformat()}
    if words:
        row.words, row.words_salt = words, uuid.uuid4()
        facts["words"] = proof(row.words_salt, words)
    session.flush()
    for what in ("refund", "dispute"):
        queue.done(session, subject=f"{what}:{row.id}", by=by, at=at)
    tell(session, row, Kind.PAYMENT_TAKEN_BACK, by=by, at=at, **facts)
    return row
