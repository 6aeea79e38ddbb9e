"""Paying by card: what to pay, a look at who gets what, then the processor's own page.

Choosing posts to this page and shows the shares, worked out by the function that saves them. The button
that begins carries the same fields, a key made for it (a double click, the back button and a second try
all mean the same attempt) and a mark of what was shown: if it has changed meanwhile, nothing begins.
Another attempt that is not over is closed at the processor first; if that one is paid, nothing begins.
No transaction is open while the processor is asked.
"""

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any, Final, cast

from flask import current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from cases.db import act_now
from cases.refusal import Refusal
from messaging.papers.terms import limitation_words, restarts_limitation
from messaging.tongue import Tongue
from messaging.words import CURRENCIES
from payments import attempt as attempts
from payments.attempt import PaymentAttempt
from payments.payable import Choice, Payable, free, other, payables
from payments.processor import Unreachable
from portal.access import asking, debtor, not_found, visitor
from portal.debtor.face import Waiting, blueprint, show, waiting
from portal.debtor.words import kind_of_debt, word
from portal.forms import ChoiceField, Form, HiddenField, MoneyField, SeveralField
from portal.language import _, _l, day, language, money_text
from portal.refusals import sentence
from portal.till import Till
from portal.told import tell

_FIELD_OF: Final = {
    "payment.too_much": "amount", "payment.too_little": "amount", "payment.nothing_chosen": "debts",
    "payment.unknown_account": "debts",
}  # fmt: skip
"""The field that a refusal is about, where another sum was wished."""
_TRIES: Final = 3


class Pay(Form):
    """What to pay."""

    what = ChoiceField(_l("What do you want to pay"), needed=_l("Choose what you want to pay"))
    amount = MoneyField(_l("Another sum: how much"), least=1)
    debts = SeveralField(_l("Another sum: for which debts"))
    currency = HiddenField("currency")


class Begin(Pay):
    """The same once more, with the button's own key and the mark of what was shown."""

    key = HiddenField("key")
    mark = HiddenField("mark")


def till() -> Till:
    """Where cards are taken; 404 where they are not."""
    found = current_app.extensions["till"]
    if found is None:
        not_found("no card payments here")
    return cast(Till, found)


@blueprint.get("/pay")
@debtor
def pay() -> ResponseReturnValue:
    """What can be paid now."""
    till()
    with asking() as session:
        wait = waiting(session)
        found = payables(session, visitor().people, g.now)
    return _page(wait, found, None, None)


@blueprint.post("/pay")
@debtor
def look_at_payment() -> ResponseReturnValue:
    """Shows who gets what. Nothing is kept."""
    form = Pay()
    till()
    with asking() as session:
        wait = waiting(session)
        found = payables(session, visitor().people, g.now)
    return _page(wait, found, form, _chosen(form, found))


@blueprint.post("/pay/begin")
@debtor
def begin_payment() -> ResponseReturnValue:
    """Begins what was shown, and leads to the processor's page."""
    form, who, desk = Begin(), visitor(), till()
    key = (form.key.data or uuid.uuid4().hex)[:64]
    for _try in range(_TRIES):
        try:
            with asking() as session:
                wait = waiting(session)
                row = session.scalar(select(PaymentAttempt).where(PaymentAttempt.key == key))
                if row is None:
                    found = payables(session, who.people, g.now)
                    choice = _chosen(form, found)
                    if choice is None:
                        return _page(wait, found, form, None)
                    if mark_of(choice) != form.mark.data:
                        form.refuse(_("What you owe has changed meanwhile. Look at the sums again."))
                        return _page(wait, found, form, choice)
                    act_now(session)
                    row = attempts.start(
                        session, person=who.person, people=who.people, choice=choice, key=key,
                        least=desk.processor.least(choice.currency), provider=desk.processor.name, by=who.actor,
                        at=g.now, real=desk.clock.real(),
                    )  # fmt: skip
                begun, state = row.id, row.state
            return _to_card(desk, begun, state)
        except Refusal as refusal:
            if refusal.code != attempts.ANOTHER_OPEN.code:
                _refuse(form, refusal)
                return _page(wait, found, form, None)
            answer = _made_way(desk, int(refusal.facts["attempt"]))
            if answer is not None:
                return answer
    tell(_("This payment could not begin"), _("Another payment of yours is just beginning. Please try again."), "wait")
    return redirect(url_for("debtor.payments"), 303)


@blueprint.post("/payments/<int:attempt>/go")
@debtor
def go_on(attempt: int) -> ResponseReturnValue:
    """Goes on to the processor's page of a payment that is not finished."""
    desk = till()
    with asking() as session:
        row = session.scalar(select(PaymentAttempt).where(PaymentAttempt.id == attempt))
        if row is None:
            not_found("no such payment of theirs")
        state = row.state
    return _to_card(desk, attempt, state)


@blueprint.post("/payments/<int:attempt>/stop")
@debtor
def stop(attempt: int) -> ResponseReturnValue:
    """Closes a payment that is not finished, so that nothing can be taken any more."""
    desk = till()
    with asking() as session:
        if session.scalar(select(PaymentAttempt.id).where(PaymentAttempt.id == attempt)) is None:
            not_found("no such payment of theirs")
    try:
        did = desk.close(attempt, cancelled=True)
    except Unreachable:
        _unreachable()
        return redirect(url_for("debtor.payment", attempt=attempt), 303)
    if did in ("cancelled", "over_already"):
        tell(_("The payment is stopped"), _("Nothing was taken."))
    return redirect(url_for("debtor.payment", attempt=attempt), 303)


def mark_of(choice: Choice) -> str:
    """A mark of a choice: the same for the same sums and debts."""
    written = (choice.purpose, choice.plan, choice.currency, [(s.account, s.amount) for s in choice.shares])
    return hashlib.sha256(repr(written).encode()).hexdigest()[:32]


def _to_card(desk: Till, attempt: int, state: str) -> ResponseReturnValue:
    """Leads to the processor's page, or to ours where there is no other any more."""
    address = None
    if state in attempts.UNFINISHED:
        try:
            address = desk.begin(attempt, language())
        except Unreachable:
            _unreachable()
    return redirect(address or url_for("debtor.payment", attempt=attempt), 303)


def _made_way(desk: Till, before: int) -> ResponseReturnValue | None:
    """Closes the attempt that stands in the way; an answer where it is paid, or cannot be closed."""
    try:
        did = desk.close(before, cancelled=True)
    except Unreachable:
        _unreachable()
        return redirect(url_for("debtor.payment", attempt=before), 303)
    if did in ("announced", "announced_already", "booked", "booked_already", "paid", "coming"):
        tell(_("You have paid already"), _("So we did not begin a second payment. This is the first one."), "info")
        return redirect(url_for("debtor.payment", attempt=before), 303)
    return None


def _unreachable() -> None:
    tell(_("The card service does not answer"), _("Nothing was taken. Please try again in a few minutes."), "wait")


def _chosen(form: Pay, found: list[Payable]) -> Choice | None:
    """The choice of a valid form, as it stands now; what is wrong stands beside its field."""
    payable = _prepared(form, found)
    if payable is None or not form.validate_on_submit():
        return None
    purpose, _mark, plan = str(form.what.data).partition(":")
    if purpose != "other":
        made = payable.choice(purpose, int(plan) if plan else None)
        if made is None:
            form.what.refuse(_("This sum has changed meanwhile. Choose again."))
        return made
    if not form.amount.data:
        form.amount.refuse(_("Write how much you want to pay, like 62 or 62.50"))
        return None
    accounts = {str(debt.account): debt.account for debt in payable.debts}
    chosen = [accounts[each] for each in form.debts.data or () if each in accounts]
    try:
        return other(payable, chosen, form.amount.data)
    except Refusal as refusal:
        _refuse(form, refusal)
        return None


def _refuse(form: Pay, refusal: Refusal) -> None:
    said = sentence(refusal, "debtor", currency=form.currency.data)
    field = _FIELD_OF.get(refusal.code) if form.what.data == "other" else None
    (form[field] if field else form).refuse(said)


def _prepared(form: Pay, found: list[Payable]) -> Payable | None:
    """The currency that the form is about, with what the form offers set from it."""
    payable = next((each for each in found if each.currency == form.currency.data), found[0] if found else None)
    if payable is None:
        return None
    form.currency.data = form.currency.typed = payable.currency
    form.amount.currency = payable.currency
    form.what.options = [
        *((value_of(each), money_text(each.amount, each.currency), words_of(each, payable))
          for each in offered(payable)),
        (
            "other",
            _("Another sum"),
            _("Up to %(sum)s. Write it below.", sum=money_text(payable.most, payable.currency)),
        ),
    ]
    form.debts.options = [
        (debt.account, f"{debt.creditor_name}, {kind_of_debt(debt.debt_type)}",
         _("%(sum)s, on hold", sum=money_text(free(debt), debt.currency)) if debt.stopped("money")
         else money_text(free(debt), debt.currency))
        for debt in payable.debts
    ]  # fmt: skip
    if len(payable.debts) == 1:
        form.debts.data = [str(payable.debts[0].account)]
        form.debts.typed = form.debts.data[0]
    return payable


def offered(payable: Payable) -> list[Choice]:
    """The sums that the page offers: not all that is owed where that is what is overdue."""
    overdue = payable.choice("overdue", None)
    return [each for each in payable.choices
            if each.purpose != "all" or overdue is None or overdue.amount != each.amount]  # fmt: skip


def value_of(choice: Choice) -> str:
    """How the form names a choice."""
    return f"{choice.purpose}:{choice.plan}" if choice.plan is not None else choice.purpose


def words_of(choice: Choice, payable: Payable) -> str:
    """What a choice is, in words."""
    if choice.purpose == "plan" and choice.on is not None:
        if choice.on < _today():
            return _("What is missing in your plan. It was planned for %(day)s.", day=day(choice.on))
        return _("Your next payment, planned for %(day)s.", day=day(choice.on))
    if choice.purpose == "overdue" and choice.on is not None:
        return _("What is overdue, the oldest part since %(day)s.", day=day(choice.on, year=True))
    if any(debt.stopped("money") for debt in payable.debts):
        return _("All that you owe, but for what is on hold.")
    return _("All that you owe.")


def _today() -> Any:
    return g.now.date()


def _page(wait: Waiting, found: list[Payable], form: Pay | None, choice: Choice | None) -> ResponseReturnValue:
    if form is None:
        form = _begun(found)
    payable = _prepared(form, found)
    names = {debt.account: (debt.creditor_name, kind_of_debt(debt.debt_type), debt.ref)
             for debt in (payable.debts if payable else ())}  # fmt: skip
    paid = {share.account for share in choice.shares} if choice else set()
    anew = restarts_limitation(debt.country for debt in (payable.debts if payable else ()) if debt.account in paid)
    return (
        show("debtor/pay.html", wait, form=form, choice=choice, payable=payable, payables=found, names=names,
             anew=limitation_words(Tongue(language())) if anew else "",
             fields=_repeated(), key=uuid.uuid4().hex, mark=mark_of(choice) if choice else "", word=word,
             currencies=CURRENCIES),
        422 if form.wrong else 200,
    )  # fmt: skip


def _begun(found: list[Payable]) -> Pay:
    """A form with the first thing chosen: what the address asks for, else what suggests itself."""
    asked = request.args.get("currency", "")
    payable = next((each for each in found if each.currency == asked), found[0] if found else None)
    if payable is None:
        return Pay(formdata=None)
    values = [*(value_of(each) for each in offered(payable)), "other"]
    wished = request.args.get("what", "")
    return Pay(
        formdata=None, currency=payable.currency, what=wished if wished in values else values[0],
        debts=[debt.account for debt in payable.debts if not debt.stopped("money")],
    )  # fmt: skip


def _repeated() -> Iterable[tuple[str, str]]:
    """What was chosen, to be sent once more by the button that begins."""
    if request.method != "POST":
        return []
    mine = ("csrf_token", "key", "mark")
    return [(name, value) for name, values in request.form.lists() if name not in mine for value in values]
