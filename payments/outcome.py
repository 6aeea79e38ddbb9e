"""The outcome: what the processor says has become of an attempt, and what follows in the ledger.

The person may come back before the event, after it, or never; the event may come twice, late, or not at
all. Each way ends here, and each gives the same rows: *paid* is believed over everything else, money is
announced once and booked once, and its value date is the day on which the bank took it, in each
creditor's zone.

A look (the person is back, or the minute's round asks) announces; the signed event books. Where no event
came by the time the round asks, its own look books instead: the processor has said it twice then.

A payment for several creditors is one attempt and one payment a creditor, named for its plan, if any.
"""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import monitoring
from cases.clock import local
from cases.debts import announced
from cases.debts.account import Account
from cases.debts.announced import Announced
from cases.debts.creditor import Creditor
from cases.debts.ledger import Payment, pay
from cases.history import Actor, Kind
from cases.work import queue
from payments.attempt import UNFINISHED, PaymentAttempt, locked, look_again, shares_of, tell
from payments.processor import Declined, Seen, Standing

BY = Actor("processor")


def take(
    session: Session,
    provider: str,
    seen: Seen,
    *,
    confirmed: bool,
    at: datetime,
    real: datetime,
    cancelled: bool = False,
) -> str:
    """Applies what was seen of a page. Returns what that did, as a code.

    `confirmed`: it was told by a signed event, or is asked by the round itself, so money is booked;
    else it is announced. `cancelled`: the person closed the page. Doing it again changes nothing.
    """
    row = _attempt(session, provider, seen)
    if row is None:
        return "no_such_attempt"
    row.session_id = row.session_id or seen.session
    row.intent = row.intent or seen.intent
    if row.state in ("paid", "taken_back"):
        row.look_real = None
        return "booked_already"
    if seen.standing in (Standing.PAID, Standing.PENDING):
        if (seen.amount, seen.currency) != (row.amount, row.currency):
            return _differs(session, row, seen, at)
        _came(row, seen, at)
        if seen.standing is Standing.PENDING or not confirmed:
            look_again(row, real)
            return _announce(session, row, at)
        return _book(session, row, at)
    if seen.standing is Standing.OPEN:
        if row.state in (*UNFINISHED, "coming"):
            look_again(row, real)
        return "open"
    return _over(session, row, seen.standing, at, cancelled)


def declined(session: Session, provider: str, told: Declined, *, at: datetime) -> str:
    """A bank said no to a try. The page still stands, so this is told and nothing else."""
    row = _by_number(session, provider, told.attempt) or _by_intent(session, provider, told.intent)
    if row is None:
        return "no_such_attempt"
    row.intent = row.intent or told.intent
    if row.declined_real is None or (told.at, told.code) > (row.declined_real, row.declined or ""):
        row.declined, row.declined_real = told.code, told.at
    tell(session, row, Kind.PAYMENT_DECLINED, by=BY, at=at, code=told.code)
    return "declined"


def _attempt(session: Session, provider: str, seen: Seen) -> PaymentAttempt | None:
    """The attempt of a page, held: by the processor's id, else by our own number on it."""
    known = session.scalar(
        select(PaymentAttempt.id).where(PaymentAttempt.provider == provider, PaymentAttempt.session_id == seen.session)
    )
    if known is not None:
        return locked(session, known)
    row = _by_number(session, provider, seen.attempt)
    # Another page of the same attempt cannot be: its key begins one alone.
    return row if row is not None and row.session_id in (None, seen.session) else None


def _by_number(session: Session, provider: str, number: int | None) -> PaymentAttempt | None:
    if number is None:
        return None
    known = session.scalar(
        select(PaymentAttempt.id).where(PaymentAttempt.id == number, PaymentAttempt.provider == provider)
    )
    return locked(session, known) if known is not None else None


def _by_intent(session: Session, provider: str, intent: str) -> PaymentAttempt | None:
    known = session.scalar(
        select(PaymentAttempt.id).where(PaymentAttempt.provider == provider, PaymentAttempt.intent == intent)
    )
    return locked(session, known) if known is not None else None


def _came(row: PaymentAttempt, seen: Seen, at: datetime) -> None:
    """When the money was taken: the processor's moment, told as the door's; never before the start nor ahead."""
    if row.paid_at is None:
        moved = row.started_at - row.started_real
        row.paid_at = min(max(seen.at + moved, row.started_at), max(at, row.started_at))


def _announce(session: Session, row: PaymentAttempt, at: datetime) -> str:
    if row.state == "coming":
        return "announced_already"
    row.state, row.url, row.ended_at = "coming", None, None
    session.flush()
    for share in shares_of(session, row.id):
        creditor = session.get_one(Creditor, share.creditor_id)
        day = local(at, creditor.zone).date()
        announced.announce(
            session, creditor=share.creditor_id, account=share.account_id, currency=row.currency, amount=share.amount,
            channel="card", on=day, expected_on=day, key=_key(row, share.account_id), by=BY, at=at,
        )  # fmt: skip
    return "announced"


def _book(session: Session, row: PaymentAttempt, at: datetime) -> str:
    """Posts one payment a creditor, and ends what was announced."""
    assert row.paid_at is not None
    was_announced = row.state == "coming"
    row.state, row.url, row.booked_at, row.ended_at, row.look_real = "paid", None, at, None, None
    session.flush()
    shares = shares_of(session, row.id)
    # All of them at once: one creditor's after another's could cross with somebody who holds them in order.
    monitoring.hold(session, [share.account_id for share in shares])
    by_creditor = defaultdict(list)
    for share in shares:
        by_creditor[share.creditor_id].append((session.get_one(Account, share.account_id), share.amount))
    made: dict[int, Payment] = {}
    for creditor_id, parts in sorted(by_creditor.items()):
        creditor = session.get_one(Creditor, creditor_id)
        made[creditor_id] = pay(
            session, creditor, parts, value_date=local(row.paid_at, creditor.zone).date(), key=payment_key(row.id),
            named_for=row.arrangement_id, by=BY, at=at,
        )  # fmt: skip
    if was_announced:
        for share in shares:
            if (open_one := _announced(session, row, share.account_id)) is not None:
                announced.end(session, open_one, ending="booked", payment=made[share.creditor_id].id, by=BY, at=at)
    tell(session, row, Kind.PAYMENT_RECEIVED, by=BY, at=at, creditors=len(by_creditor))
    return "booked"


def _over(session: Session, row: PaymentAttempt, standing: Standing, at: datetime, cancelled: bool) -> str:
    """Nothing was taken, and nothing can be any more."""
    if row.state in ("cancelled", "expired", "failed"):
        return "over_already"
    was_announced = row.state == "coming"
    if was_announced:
        for share in shares_of(session, row.id):
            if (open_one := _announced(session, row, share.account_id)) is not None:
                creditor = session.get_one(Creditor, share.creditor_id)
                announced.end(session, open_one, ending="failed", on=local(at, creditor.zone).date(), by=BY, at=at)
    failed = standing is Standing.FAILED
    row.state = "failed" if failed else "cancelled" if cancelled else "expired"
    row.url, row.ended_at, row.look_real, row.paid_at = None, at, None, None
    # Who was told that it is on its way is told that it is not; nobody is written to about a page left alone.
    kind = Kind.PAYMENT_FAILED if was_announced else Kind.PAYMENT_ABANDONED
    by = Actor("debtor", row.person_id) if cancelled else BY
    tell(session, row, kind, by=by, at=at, why=row.state)
    return row.state


def _differs(session: Session, row: PaymentAttempt, seen: Seen, at: datetime) -> str:
    """Another sum than the one begun: nothing is booked by itself, a person looks."""
    row.look_real = None
    queue.open_item(
        session, person=row.person_id, kind="payment", subject=f"payment_attempt:{row.id}", urgency=1, at=at
    )
    return "differs"


def _announced(session: Session, row: PaymentAttempt, account: int) -> int | None:
    return session.scalar(
        select(Announced.id).where(
            Announced.key == _key(row, account), Announced.account_id == account, Announced.replaced_at.is_(None),
            Announced.ending.is_(None),
        )
    )  # fmt: skip


def _key(row: PaymentAttempt, account: int) -> str:
    return f"attempt/{row.id}/{account}"


def payment_key(attempt: int) -> str:
    """The key of an attempt's payment to each creditor."""
    return f"attempt/{attempt}"
