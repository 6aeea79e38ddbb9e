"""Entering a payment that came another way: cash, a cheque, a transfer seen at the bank.

One page in two steps without scripts. The form shows who gets what, to the penny; a second form under it
carries exactly what was shown, with its key and its mark, and books it. Saving holds the person and their
accounts first: a double click books once, and if anything was booked meanwhile, nothing is saved and the new
figures are shown.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import monitoring
from cases.arrangements.paid import paid_to_plans
from cases.db import act_now
from cases.people.joint import accounts_of
from cases.people.person import Person, first_name
from cases.refusal import Refusal
from payments import by_hand
from payments.attempt import PaymentAttempt
from payments.payable import Choice, Payable, free, other, payables, towards
from portal.access import asking
from portal.collector.accounts import called
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case, told
from portal.forms import ChoiceField, DayField, Form, HiddenField, MoneyField, SeveralField, TextField
from portal.language import _, _l, day_plain, money_text, today
from portal.refusals import sentence
from portal.wake import wake

LONGEST_REFERENCE: Final = 80

_FIELD_OF: Final = {
    "payment.too_much": "amount", "payment.nothing_chosen": "debts", "payment.unknown_account": "debts",
    "payment.nothing_free": "what",
}  # fmt: skip
"""Which field a refusal belongs to."""


class Came(Form):
    """The money that came. `what` is `plan:ID` or `debts`."""

    method = ChoiceField(_l("How it came"), needed=_l("Choose how the money came"), options=[
        ("cash", _l("Cash")),
        ("cheque", _l("Cheque")),
        ("transfer", _l("Transfer seen at the bank")),
    ])  # fmt: skip
    amount = MoneyField(_l("Amount"), least=1, needed=_l("Write the amount, like 62 or 62.50"))
    on = DayField(_l("Value date"), hint=_l("The day on which the money was there."), needed=_l("Choose the day"))
    reference = TextField(_l("Reference"), longest=LONGEST_REFERENCE,
                          hint=_l("What stands on the receipt, cheque or bank line."))  # fmt: skip
    what = ChoiceField(_l("What it is for"), needed=_l("Choose what it is for"))
    debts = SeveralField(_l("Which debts"), hint=_l("Where it is for debts that you choose."))
    key = HiddenField("key")
    mark = HiddenField("mark")


@dataclass(frozen=True, slots=True)
class Shown:
    """Who gets what: name, sum and what is owed after it; in all; and the mark of exactly this."""

    choice: Choice
    shares: list[tuple[str, int, int]]
    mark: str


@blueprint.route("/case/<ref>/payment", methods=["GET", "POST"])
@desk
def payment(ref: str) -> ResponseReturnValue:
    """Enters money that came."""
    saving = request.method == "POST" and request.form.get("do") == "save"
    form = Came()
    key = (form.key.data or "")[:64]
    try:
        with asking() as session:
            case = case_named(session, ref)
            if saving:
                act_now(session)
                _hold(session, case)
            if not saving or not _entered(session, case, key):
                found = sorted(payables(session, case.people, g.now), key=lambda each: each.currency)
                if not found:
                    tell(_("Nothing is owed"), _("There is nothing that a payment could be for."), "info")
                    return to_case(ref)
                payable = next((each for each in found if each.currency == request.args.get("currency")), found[0])
                _prepare(form, payable)
                shown = _shown(session, form, payable)
                if shown is None or not saving or not key or not _same(form, shown):
                    page = show(session, "payment", form=form, case=case, first=first_name(case.name), shown=shown,
                                currencies=[each.currency for each in found], payable=payable)  # fmt: skip
                    return page, 422 if form.wrong else 200
                by_hand.enter(
                    session, person=case.person, choice=shown.choice, method=form.method.data,
                    value_date=form.on.data, reference=form.reference.data or "", key=key, on=today(), by=actor(),
                    at=g.now, real=current_app.extensions["clock"].real(),
                )  # fmt: skip
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    wake("answers")
    tell(_("The payment is booked"), _("%(name)s is told that a payment is noted.", name=first_name(case.name)))
    return to_case(ref, "payments")


def _hold(session: Session, case: Case) -> None:
    """Holds the person, then the accounts: what is shown next stays true until it is saved."""
    session.execute(select(Person.id).where(Person.id == case.person).with_for_update(key_share=True))
    monitoring.hold(session, accounts_of(session, case.people))


def _entered(session: Session, case: Case, key: str) -> bool:
    """Whether this very button was pressed before."""
    return session.scalar(
        select(PaymentAttempt.id).where(PaymentAttempt.person_id == case.person, PaymentAttempt.key == key)
    ) is not None  # fmt: skip


def _prepare(form: Came, payable: Payable) -> None:
    """What can be chosen in this case."""
    form.amount.currency = payable.currency
    form.on.earliest, form.on.latest = today() - by_hand.LONGEST_AGO, today()
    plans = sorted({debt.plan for debt in payable.debts if debt.plan is not None}, reverse=True)
    form.what.options = [
        *((f"plan:{plan}", _plan_words(payable, plan), _asked_words(payable, plan)) for plan in plans),
        ("debts", _("Debts that you choose"), _("Priority debts first, then the oldest.")),
    ]
    form.debts.options = [
        (debt.account, called(debt),
         _("%(amount)s owed, on hold", amount=money_text(free(debt), debt.currency)) if debt.stopped("money")
         else _("%(amount)s owed", amount=money_text(free(debt), debt.currency)))
        for debt in payable.debts
    ]  # fmt: skip
    if not form.is_submitted():
        form.what.process_data(form.what.options[0][0])
        form.debts.process_data([debt.account for debt in payable.debts if not debt.stopped("money")])
        form.on.data = today()
        form.on.typed_parts = {part: str(getattr(today(), part)) for part in form.on.parts}
    if not form.key.data:
        form.key.process_data(uuid.uuid4().hex)


def _plan_words(payable: Payable, plan: int) -> str:
    covered = "; ".join(called(debt) for debt in payable.debts if debt.plan == plan)
    return _("The plan that runs over %(accounts)s", accounts=covered)


def _asked_words(payable: Payable, plan: int) -> str:
    most = money_text(sum(free(debt) for debt in payable.debts if debt.plan == plan), payable.currency)
    asked = payable.choice("plan", plan)
    if asked is None or asked.on is None:
        return _("Up to %(most)s.", most=most)
    amount = money_text(asked.amount, asked.currency)
    return _("It asks %(amount)s from %(day)s on. Up to %(most)s.", amount=amount, day=day_plain(asked.on), most=most)


def _shown(session: Session, form: Came, payable: Payable) -> Shown | None:
    """Who gets what; None while nothing was typed, or when it cannot be, which the form then says."""
    if not form.validate_on_submit():
        return None
    try:
        choice = _choice(session, form, payable)
    except Refusal as refusal:
        said = sentence(refusal, "staff", currency=payable.currency)
        field = _FIELD_OF.get(refusal.code)
        (form[field] if field else form).refuse(said)
        return None
    debts = {debt.account: debt for debt in payable.debts}
    shares = [(called(debts[each.account]), each.amount, debts[each.account].balance - each.amount)
              for each in choice.shares]  # fmt: skip
    return Shown(choice, shares, _mark(form, choice, payable))


def _choice(session: Session, form: Came, payable: Payable) -> Choice:
    _debts, _colon, plan = form.what.data.partition(":")
    if not plan:
        return other(payable, _numbers(form.debts.data or ()), form.amount.data)
    day = max(debt.today for debt in payable.debts)
    instalments = paid_to_plans(session, [int(plan)], day)[int(plan)]
    return towards(payable, int(plan), instalments, form.amount.data)


def _numbers(chosen: Sequence[str]) -> list[int]:
    return [int(each) for each in chosen if each.isdigit()]


def _mark(form: Came, choice: Choice, payable: Payable) -> str:
    """A mark of what was typed, who gets what, and what is owed: the same only while nothing has changed."""
    owed = [(debt.account, debt.balance, debt.announced) for debt in payable.debts]
    typed = (form.method.data, form.on.data, form.reference.data)
    return hashlib.sha256(repr((typed, choice, owed)).encode()).hexdigest()[:32]


def _same(form: Came, shown: Shown) -> bool:
    """Whether this was shown before, exactly."""
    if form.mark.data == shown.mark:
        return True
    form.refuse(_("What is owed has changed. Look at the new figures, then save."))
    return False
