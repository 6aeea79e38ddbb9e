"""The receipt of a payment as a letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from messaging.figures import reference
from messaging.paper import Letterhead, Paper, Words, figure
from messaging.papers.ending import advice, wrong
from messaging.papers.recipient import Recipient
from messaging.tongue import Tongue
from messaging.words import KINDS, METHODS


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that arrived: its number, how it came, when, and what each debt got (creditor, kind, ref, amount)."""

    number: int
    method: str
    currency: str
    amount: int
    paid_at: datetime
    booked_at: datetime
    value_date: date | None
    reference: str | None
    parts: Sequence[tuple[str, str, str, int]]


def receipt_paper(paid: Paid, tongue: Tongue, us: Letterhead, *, to: Recipient, made_on: date, large: bool) -> Paper:
    """The letter. Pure."""
    _ = tongue._
    paper = Paper(
        tongue, us, title=_("Receipt"), lead=_("Thank you. Your payment has arrived."), to=to.lines,
        about=[(_("Your reference"), figure(reference(to.case))), (_("Receipt number"), figure(str(paid.number))),
               (_("Made on"), tongue.day(made_on))],
        made_on=made_on, large=large,
    )  # fmt: skip
    rows: list[tuple[Words, str]] = [
        (f"{creditor}, {tongue.word(KINDS, kind, _('A bill'))}, {ref}", tongue.money(amount, paid.currency))
        for creditor, kind, ref, amount in paid.parts
    ]
    paper.heading(_("Who got what")).sum(rows, (_("In all"), tongue.money(paid.amount, paid.currency)))
    when = tongue.day(paid.value_date) if paid.value_date else tongue.moment(paid.paid_at, to.zone)
    facts: list[tuple[str, Words]] = [(_("How"), tongue.word(METHODS, paid.method)), (_("Paid on"), when)]
    facts.append((_("Confirmed on"), tongue.moment(paid.booked_at, to.zone)))
    if paid.reference:
        facts.append((_("Reference"), figure(paid.reference)))
    paper.heading(_("About this payment")).facts(facts)
    wrong(paper, tongue, us)
    advice(paper, tongue, to.country)
    return paper
