"""The letter that a debt is paid off: worth keeping, for whoever asks for it again."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.clock import local
from messaging.figures import reference
from messaging.paper import Letterhead, Paper, figure
from messaging.papers.ending import advice, wrong
from messaging.papers.recipient import Recipient
from messaging.tongue import Tongue
from messaging.words import KINDS


@dataclass(frozen=True, slots=True)
class PaidOff:
    """A debt of which nothing was owed on a day."""

    creditor: str
    kind: str
    ref: str
    on: date


def paid_off(session: Session, account: int, at: datetime) -> PaidOff:
    """The debt that was paid off at a moment, on its creditor's day."""
    row = session.execute(_ACCOUNT, {"account": account}).one()
    return PaidOff(row.creditor, row.kind, row.ref, local(at, row.zone).date())


def closing_paper(debt: PaidOff, tongue: Tongue, us: Letterhead, *, to: Recipient, made_on: date, large: bool) -> Paper:
    """The letter. Pure."""
    _ = tongue._
    paper = Paper(
        tongue, us, title=_("You have paid off a debt"), lead=_("Nothing is owed on it any more. Thank you."),
        to=to.lines, about=[(_("Your reference"), figure(reference(to.case))), (_("Made on"), tongue.day(made_on))],
        made_on=made_on, large=large,
    )  # fmt: skip
    paper.heading(_("This debt")).facts([
        (_("Creditor"), debt.creditor), (_("What"), tongue.word(KINDS, debt.kind, _("A bill"))),
        (_("Reference"), figure(debt.ref)), (_("Paid off on"), tongue.day(debt.on)),
    ])  # fmt: skip
    paper.text(_("Please keep this letter. Show it to anybody who asks you for this debt again."))
    wrong(paper, tongue, us)
    advice(paper, tongue, to.country)
    return paper


_ACCOUNT: Final = text("""
select c.name as creditor, coalesce(t.debt_type, '') as kind, a.ref, c.zone
from account a join creditor c on c.id = a.creditor_id
left join account_terms t on t.account_id = a.id and t.replaced_at is null where a.id = :account
""")
