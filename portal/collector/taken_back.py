"""Taking a booked payment back: with a reason, a day and, if one likes, words. What it had met is owed again."""

from dataclasses import dataclass
from datetime import date

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.arrangements.offer import coverable
from cases.db import act_now
from cases.debts.ledger import Payment
from cases.people.person import first_name
from cases.refusal import Refusal
from payments import reversal
from payments.attempt import PaymentAttempt, shares_of
from payments.outcome import payment_key
from portal.access import asking, not_found
from portal.collector.accounts import called
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case, told
from portal.collector.money import METHODS, TAKEN_BACK
from portal.forms import ChoiceField, DayField, Form, NoteField
from portal.language import _, _l, moment, money_text, today
from portal.wake import wake


class TakeBack(Form):
    """Why, and from which day on it counts no more."""

    reason = ChoiceField(_l("Why"), options=[(code, _l(TAKEN_BACK[code])) for code in reversal.REASONS],
                         needed=_l("Choose why"))  # fmt: skip
    on = DayField(_l("Day"), hint=_l("From this day on it counts no more."), needed=_l("Choose the day"))
    words = NoteField(_l("Words for us"), hint=_l("The person does not read this."), longest=500)


@dataclass(frozen=True, slots=True)
class Opened:
    """What one debt owes now, and again once its share is taken back; minor units."""

    name: str
    amount: int
    owed: int | None

    @property
    def then(self) -> int:
        """What it owes afterwards."""
        return (self.owed or 0) + self.amount


@blueprint.route("/case/<ref>/payment/<int:number>/take-back", methods=["GET", "POST"])
@desk
def take_back(ref: str, number: int) -> ResponseReturnValue:
    """Takes a payment of this case back; shows first what that opens again."""
    try:
        with asking() as session:
            case, row = _payment_in(session, ref, number)
            if row.state == "taken_back" and row.taken_back_at is not None:
                when = _("That was on %(when)s.", when=moment(row.taken_back_at))
                tell(_("This payment was taken back already"), when, "info")
                return to_case(ref, "payments")
            if row.state != "paid":
                raise reversal.NOT_BOOKED(state=row.state)
            form = TakeBack()
            form.on.earliest = _value_date(session, row)
            form.on.latest = max(today(), form.on.earliest)
            if not form.is_submitted():
                form.on.data = form.on.latest
                form.on.typed_parts = {part: str(getattr(form.on.latest, part)) for part in form.on.parts}
            if not form.validate_on_submit():
                opened, planned = _opened(session, case, row)
                page = show(session, "take-back", form=form, case=case, row=row, opened=opened, planned=planned,
                            method=_(METHODS[row.method]), earliest=form.on.earliest)  # fmt: skip
                return page, 422 if form.is_submitted() else 200
            act_now(session)
            reversal.take_back(session, number, reason=form.reason.data, on=form.on.data, by=actor(), at=g.now,
                               words=form.words.data or None)  # fmt: skip
    except Refusal as refusal:
        told(refusal)
        return to_case(ref, "payments")
    wake("answers")
    amount = money_text(row.amount, row.currency)
    tell(_("The payment is taken back"), _("%(amount)s is owed again. %(name)s is told that a payment has changed.",
                                           amount=amount, name=first_name(case.name)))  # fmt: skip
    return to_case(ref, "payments")


def _payment_in(session: Session, ref: str, number: int) -> tuple[Case, PaymentAttempt]:
    """A payment of this case; 404 when it belongs to another or does not exist."""
    case = case_named(session, ref)
    row = session.get(PaymentAttempt, number)
    if row is None or row.person_id not in case.people:
        not_found("no such payment in this case")
    return case, row


def _value_date(session: Session, row: PaymentAttempt) -> date:
    """The day on which the money counts everywhere: the latest of its creditors' days."""
    day = session.scalar(select(func.max(Payment.value_date)).where(Payment.key == payment_key(row.id)))
    return day or row.value_date or today()


def _opened(session: Session, case: Case, row: PaymentAttempt) -> tuple[list[Opened], bool]:
    """What each debt owes again, and whether a plan is concerned."""
    known = {each.account: each for each in coverable(session, case.people, g.now)}
    opened, planned = [], row.arrangement_id is not None
    for share in shares_of(session, row.id):
        debt = known.get(share.account_id)
        planned = planned or (debt is not None and debt.plan is not None)
        name = called(debt) if debt is not None else _("an account that is no longer theirs")
        opened.append(Opened(name, share.amount, debt.balance if debt is not None else None))
    return opened, planned
