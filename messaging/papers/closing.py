"""The letter that a debt is paid off: worth keeping, for whoever asks for it again."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.clock import local
from cases.debts.paid_off import ENDS
from messaging.figures import reference
from messaging.paper import Letterhead, Paper, figure
from messaging.papers.ending import advice, wrong
from messaging.papers.recipient import Recipient
from messaging.tongue import Tongue
from messaging.words import KINDS


@dataclass(frozen=True, slots=True)
class PaidOff:
    """A debt of which nothing was owed on a day. `ends`: whether it is over with that, or goes on like rent."""

    creditor: str
    kind: str
    ref: str
    on: date
    ends: bool


def paid_off(session: Session, account: int, at: datetime) -> PaidOff:
    """The debt that was paid off at a moment, on its creditor's day."""
    row = session.execute(_ACCOUNT, {"account": account}).one()
    return PaidOff(row.creditor, row.kind, row.ref, local(at, row.zone).date(), row.kind in ENDS)


def closing_paper(debt: PaidOff, tongue: Tongue, us: Letterhead, *, to: Recipient, made_on: date, large: bool) -> Paper:
    """The letter. Pure."""
    _ = tongue._
    paper = Paper(
        tongue, us, title=_("You have paid off a debt") if debt.ends else _("You have paid what you owed"),
        lead=_("Nothing is owed on it any more. Thank you.") if debt.ends
        else _("Nothing was owed on this day. Thank you. What falls due later is still to be paid."),
        to=to.lines, about=[(_("Your reference"), figure(reference(to.case))), (_("Made on"), tongue.day(made_on))],
        made_on=made_on, large=large,
    )  # fmt: skip
    paper.heading(_("This debt")).facts([
        (_("Creditor"), debt.creditor), (_("What"), tongue.word(KINDS, debt.kind, _("A bill"))),
        (_("Reference"), figure(debt.ref)), (_("Paid off on"), tongue.day(debt.on)),
    ])  # fmt: skip
    paper.text(
        _("Please keep this letter. Show it to anybody who asks you for this debt again.") if debt.ends
        else _("Please keep this letter. It shows that nothing from before this day was left.")
    )  # fmt: skip
    wrong(paper, tongue, us)
    advice(paper, tongue, to.country)
    return paper


_ACCOUNT: Final = text("""
select c.name as creditor, coalesce(t.debt_type, '') as kind, a.ref, c.zone
from account a join creditor c on c.id = a.creditor_id
left join account_terms t on t.account_id = a.id and t.replaced_at is null where a.id = :account
""")
