"""Payments: what was paid through here, each with its receipt; and what became of one that was begun.

The page of a payment that is not finished asks the processor once what has become of it: this is where the
person comes back to, whether they paid, gave up or waited too long, before the signed event or after it.
"""

from typing import Final

from flask import current_app, g
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging.words import METHODS
from payments import attempt as attempts
from payments.attempt import Part, PaymentAttempt, parts_of
from payments.payable import payables
from payments.processor import Unreachable
from portal.access import asking, debtor, not_found, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.debtor.words import kind_of_debt, word
from portal.language import _d
from portal.wake import wake

A_PAGE: Final = 50

DECLINED: Final = {
    "insufficient_funds": _d("The bank said that there was not enough money."),
    "expired_card": _d("The bank said that the card is too old."),
    "incorrect_cvc": _d("The three digits on the back of the card were wrong."),
    "incorrect_number": _d("The card number was wrong."),
    "lost_card": _d("The bank does not take this card."),
    "stolen_card": _d("The bank does not take this card."),
    "authentication_required": _d("The bank wanted you to confirm the payment."),
    "payment_intent_authentication_failure": _d("The payment was not confirmed with the bank."),
}
"""What a bank's no means, by the processor's code; another one is a no without a reason."""
TAKEN_BACK: Final = {
    "bounced": _d("The bank sent it back to us unpaid."),
    "mistake": _d("We had entered it by mistake."),
    "refunded": _d("It was given back to you."),
    "disputed": _d("Your bank asked for it back."),
    "other": _d("Please ring or write to us if you want to know why."),
}


@blueprint.get("/payments")
@debtor
def payments() -> str:
    """What was paid here, the newest first, and what is not finished."""
    with asking() as session:
        wait = waiting(session)
        found = attempts.attempts_of(session, visitor().people, A_PAGE)
        anything = bool(payables(session, visitor().people, g.now))
    shown = [each for each in found if each.state in ("started", "open", "coming", "paid", "taken_back")]
    return show("debtor/payments.html", wait, attempts=shown, anything=anything, word=word, methods=METHODS)


@blueprint.get("/payments/<int:attempt>")
@debtor
def payment(attempt: int) -> str:
    """One payment: its receipt, or what became of it."""
    with asking() as session:
        wait = waiting(session)
        row, parts = _theirs(session, attempt)
    unsure = False
    if row.state in attempts.UNFINISHED and row.session_id and current_app.extensions["till"] is not None:
        try:
            current_app.extensions["till"].look(attempt)
            wake("payments")
        except Unreachable:
            unsure = True
        with asking() as session:
            row, parts = _theirs(session, attempt)
    return show(
        "debtor/payment.html", wait, row=row, parts=parts, unsure=unsure, word=word, methods=METHODS,
        declined=DECLINED, taken_back=TAKEN_BACK, kind_of_debt=kind_of_debt, now=g.now,
    )  # fmt: skip


def _theirs(session: Session, attempt: int) -> tuple[PaymentAttempt, list[Part]]:
    row = session.scalar(select(PaymentAttempt).where(PaymentAttempt.id == attempt))
    if row is None:
        not_found("no such payment of theirs")
    return row, parts_of(session, attempt)
