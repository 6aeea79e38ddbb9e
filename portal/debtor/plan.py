"""A plan: tried out as often as one likes, then sent.

Trying posts to this page and shows the schedule that `offer.draft` makes, by the function that saves
it. Sending posts the same fields once more, with a key made for that button (a double click sends
once) and a mark of the schedule that was shown: if what is owed has changed meanwhile, nothing is
saved and the new schedule is shown instead.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from cases.arrangements import assessment, consent
from cases.arrangements.assessment import Judged
from cases.arrangements.means import Range, fitting
from cases.arrangements.offer import LATEST_FIRST, Draft, Offer, Terms, draft, offers, possible
from cases.arrangements.proposal import propose
from cases.arrangements.schedule import Rhythm, Schedule
from cases.arrangements.version import covered_by, last_asked, schedule_shown
from cases.clock import add_months, month_day
from cases.db import act_now
from cases.refusal import Refusal
from messaging.words import CURRENCIES, EACH, RHYTHMS
from portal.access import asking, debtor, visitor
from portal.debtor.affairs import advisers_of
from portal.debtor.face import answered_here, blueprint, show, waiting
from portal.debtor.schedule import Shown, shown
from portal.debtor.words import kind_of_debt, word
from portal.forms import ChoiceField, DayField, Form, HiddenField, MoneyField, SelectField, SeveralField
from portal.language import _, _l, day_plain, language, money_text
from portal.refusals import sentence
from portal.terms import words_for, words_of
from portal.told import tell
from portal.wake import wake

_FIELD_OF: Final = {
    "plan.amount_too_small": "amount", "plan.too_many_instalments": "amount", "plan.upfront_too_small": "upfront",
    "plan.upfront_too_large": "upfront", "plan.upfront_day_past": "upfront_on",
    "plan.upfront_after_first": "upfront_on", "plan.first_day_past": "first", "plan.first_day_too_far": "first",
    "plan.month_day_unknown": "month_day", "proposal.no_account": "debts", "proposal.unknown_account": "debts",
    "proposal.other_currency": "debts", "plan.nothing_owed": "debts",
}  # fmt: skip
"""The field that a refusal is about."""
MONTH_DAYS: Final = (*range(1, 29), 31)
"""The days of the month that a plan may keep; 31 is the last."""


class Changed(Exception):
    """What is owed changed between showing and sending: nothing is saved."""


class Try(Form):
    """What a plan is made of."""

    debts = SeveralField(_l("Which debts"), needed=_l("Choose at least one debt"))
    amount = MoneyField(_l("I can pay"), least=1, needed=_l("Write what you can pay each time, like 62 or 62.50"))
    rhythm = ChoiceField(
        _l("How often"), two=True, needed=_l("Choose how often"),
        options=[(each, _l(words)) for each, words in RHYTHMS.items()],
    )  # fmt: skip
    first = DayField(_l("First payment"), needed=_l("Write the day of the first payment"))
    month_day = SelectField(_l("On which day of the month"))
    upfront = MoneyField(_l("A sum first"), least=1, hint=_l("If you can pay something at once. It shortens the plan."))
    upfront_on = DayField(_l("Day of that first sum"))
    currency = HiddenField("currency")


class SendIt(Try):
    """The same once more, with the button's own key and the mark of what was shown."""

    key = HiddenField("key")
    mark = HiddenField("mark")
    ask = HiddenField("ask")


@blueprint.get("/plan")
@debtor
def plan() -> ResponseReturnValue:
    """The empty form, or one begun from what is owed."""
    with asking() as session:
        wait = waiting(session)
        found = offers(session, visitor().people, g.now)
        form = _begun(session, found)
        fits = _fits(session, form, found)
    return _page(wait, found, form, None, fits=fits)


@blueprint.post("/plan")
@debtor
def try_plan() -> ResponseReturnValue:
    """Works a plan out. Nothing is kept."""
    form, made, judged = Try(), None, None
    with asking() as session:
        wait = waiting(session)
        found = offers(session, visitor().people, g.now)
        chosen = _prepared(form, found)
        if chosen is not None and form.validate_on_submit():
            made = _tried(session, form, chosen)
        words = _terms(session, made) if made else []
        if made is not None and chosen is not None:
            judged = assessment.judge(session, visitor().people, made, chosen.accounts, g.now)
        fits = judged.fits if judged else _fits(session, form, found)
        advised = judged is not None and judged.verdict not in (None, "affordable")
        advisers = advisers_of(session, visitor().people) if advised else ()
    return _page(wait, found, form, made, words, judged, advisers, fits)


@blueprint.post("/plan/send")
@debtor
def send_plan() -> ResponseReturnValue:
    """Sends the plan that was shown, and no other."""
    form, who, made = SendIt(), visitor(), None
    try:
        with asking() as session:
            wait = waiting(session)
            found = offers(session, who.people, g.now)
            chosen = _prepared(form, found)
            if chosen is not None and form.validate_on_submit():
                made = _tried(session, form, chosen)
            if made is not None:
                new_words = _terms(session, made)
                act_now(session)
                sent = propose(session, person=who.person, accounts=_accounts(form, chosen), terms=terms_of(form),
                               key=(form.key.data or uuid.uuid4().hex)[:64], by=who.actor, at=g.now)  # fmt: skip
                words = words_for(session, sent, language())  # of what is kept: a double click finds the first one
                if mark_of(schedule_shown(sent, covered_by(session, sent.id)), words) != form.mark.data:
                    judged = assessment.judge(session, who.people, made, chosen.accounts if chosen else (), g.now)
                    advisers = advisers_of(session, who.people)
                    raise Changed
                consent.give(session, proposal=sent.id, person=who.person, words=words, language=language(),
                             channel="portal", origin=request.remote_addr, by=who.actor, at=g.now)  # fmt: skip
                agreed = assessment.settle(session, sent.id, asked=bool(form.ask.data), at=g.now)
    except Changed:
        form.refuse(_("What you owe has changed meanwhile. Look at the new plan, then send it."))
        return _page(wait, found, form, made, new_words, judged, advisers, judged.fits)
    except Refusal as refusal:
        _refuse(form, refusal)
        made = None
    if made is None:
        return _page(wait, found, form, None)
    wake("answers")
    if agreed:
        tell(_("Your plan is agreed"), _("Thank you. Every date stands below."))
    else:
        tell(_("Your plan is sent"), answered_here(wait))
    return redirect(url_for("debtor.my_plan"), 303)


def terms_of(form: Try) -> Terms:
    """The terms that a valid form wishes."""
    rhythm = Rhythm(form.rhythm.data)
    kept = int(form.month_day.data) if form.month_day.data and rhythm is Rhythm.MONTHLY else None
    upfront = form.upfront.data or 0
    return Terms(amount=form.amount.data, first_on=form.first.data, rhythm=rhythm, month_day=kept, upfront=upfront,
                 upfront_on=form.upfront_on.data if upfront else None)  # fmt: skip


def mark_of(schedule: Schedule[int], words: Sequence[str]) -> str:
    """A mark of what was shown: the same for the same days, sums, shares and terms."""
    written = [(each.due_on.isoformat(), [(s.key, s.minor) for s in each.shares]) for each in schedule.instalments]
    return hashlib.sha256(repr((written, list(words))).encode()).hexdigest()[:32]


def _terms(session: Session, made: Draft) -> list[str]:
    """What the person agrees to with this plan, in their language."""
    return words_of(session, made.schedule, [each.account for each, _minor in made.covered], currency=made.currency,
                    rhythm=str(made.terms.rhythm), language=language())  # fmt: skip


def _prepared(form: Try, found: list[Offer]) -> Offer | None:
    """The offer that the form is about, with the form's limits set from it."""
    offer = next((each for each in found if each.currency == form.currency.data), found[0] if found else None)
    if offer is None:
        return None
    form.currency.data = form.currency.typed = offer.currency
    form.amount.currency = form.upfront.currency = offer.currency
    form.debts.options = [
        (each.account, f"{each.creditor_name}, {kind_of_debt(each.debt_type)}",
         _("%(sum)s, in your plan now", sum=money_text(each.owed, each.currency)) if each.plan
         else money_text(each.owed, each.currency))
        for each in offer.accounts
    ]  # fmt: skip
    if len(offer.accounts) == 1:
        form.debts.data = [str(offer.accounts[0].account)]
        form.debts.typed = form.debts.data[0]
    form.month_day.options = [("", _("The same day each month"))] + [
        (str(n), _("The last day") if n == 31 else _("Day %(number)s", number=n)) for n in MONTH_DAYS
    ]
    # Without a choice the list stays at its first answer, which is none.
    form.first.earliest, form.first.latest = offer.earliest, offer.latest_first
    form.first.hint = _("From %(first)s to %(last)s", first=day_plain(_known(offer.earliest)),
                        last=day_plain(_known(offer.latest_first), year=True))  # fmt: skip
    return offer


def _tried(session: Session, form: Try, offer: Offer) -> Draft | None:
    """The draft of a valid form; a refusal stands beside its field."""
    if form.upfront.data and not form.upfront_on.data:
        form.upfront_on.refuse(_("Write the day on which you pay the first sum"))
        return None
    if form.upfront_on.data and not form.upfront.data:
        form.upfront.refuse(_("Write how much you pay first, or leave its day empty"))
        return None
    try:
        return draft(session, visitor().people, _accounts(form, offer), terms_of(form), g.now, offer.accounts)
    except Refusal as refusal:
        _refuse(form, refusal)
        return None


def _refuse(form: Try, refusal: Refusal) -> None:
    said = sentence(refusal, "debtor", currency=form.currency.data)
    field = _FIELD_OF.get(refusal.code)
    (form[field] if field else form).refuse(said)


def _accounts(form: Try, offer: Offer | None) -> list[int]:
    chosen = set(form.debts.data or ())
    return [each.account for each in (offer.accounts if offer else ()) if str(each.account) in chosen]


def _fits(session: Session, form: Try, found: list[Offer]) -> Range | None:
    """Which payments over the chosen debts, or else over all, fit what was told, at the chosen rhythm or a month."""
    offer = _of(found, form.currency.data)
    if offer is None:
        return None
    chosen = set(_accounts(form, offer))
    debts = [each for each in offer.accounts if each.account in chosen] or offer.accounts
    return fitting(session, visitor().people, debts, _often(form), g.now)


def _often(form: Try) -> str:
    return form.rhythm.data if form.rhythm.data in EACH else "monthly"


def _page(
    wait: Any, found: list[Offer], form: Try, made: Draft | None, words: Sequence[str] = (),
    judged: Judged | None = None, advisers: Sequence[object] = (), fits: Range | None = None,
) -> ResponseReturnValue:
    status = 422 if form.wrong else 200
    view: Shown | None = None
    if made is not None:
        names = {each.account: each.creditor_name for each, _minor in made.covered}
        view = shown(made.schedule, names, made.calendar, made.currency)
    replaces = made is not None and any(each.plan for each, _minor in made.covered)
    suggested = judged.suggestion(form.rhythm.data) if judged else None
    if made is not None and suggested is not None and not possible(made, suggested):
        suggested = None
    return (
        show("debtor/plan.html", wait, form=form, made=made, view=view, offers=found, replaces=replaces,
             fields=_repeated(), key=uuid.uuid4().hex, mark=mark_of(made.schedule, words) if made else "", word=word,
             terms=words, judged=judged, advisers=advisers,
             suggested=suggested, fits=fits, often=_often(form),
             currencies=CURRENCIES, each=EACH, now_offer=_of(found, form.currency.data)),
        status,
    )  # fmt: skip


def _of(found: list[Offer], currency: str | None) -> Offer | None:
    return next((each for each in found if each.currency == currency), None)


def _begun(session: Session, found: list[Offer]) -> Try:
    """A form with a first proposal of the page's own: every debt, monthly, from the next first of a month.

    Whoever asked for a plan lately that was not agreed goes on with that one.
    """
    asked = request.args.get("currency", "")
    currency = asked if _of(found, asked) else (found[0].currency if found else "")
    offer = _of(found, currency)
    begin: dict[str, Any] = {"currency": currency, "rhythm": "monthly"}
    if offer is not None and offer.earliest is not None:
        begin["debts"] = [each.account for each in offer.accounts]
        begin["first"] = _first_of_month(offer.earliest)
        begin |= _asked_lately(session, offer, offer.earliest)
    form = Try(formdata=None, **begin)
    _prepared(form, found)
    return form


def _asked_lately(session: Session, offer: Offer, earliest: date) -> dict[str, Any]:
    """What they asked for last, as far as it can still be; nothing where it was agreed or taken back."""
    found = last_asked(session, visitor().people, offer.currency)
    if found is None:
        return {}
    last, covered = found
    if last.state in ("agreed", "withdrawn") or last.made_at < g.now - LATEST_FIRST:
        return {}
    begin: dict[str, Any] = {"amount": last.amount, "rhythm": last.rhythm}
    begin["debts"] = [each.account for each in offer.accounts if each.account in covered] or [
        each.account for each in offer.accounts
    ]
    if last.first_on >= earliest:
        kept = last.month_day if last.month_day != last.first_on.day and last.month_day in MONTH_DAYS else None
        begin |= {"first": last.first_on, "month_day": str(kept or "")}
    if last.upfront_on and last.upfront_on >= earliest:
        begin |= {"upfront": last.upfront, "upfront_on": last.upfront_on}
    return begin


def _first_of_month(earliest: date) -> date:
    first = month_day(earliest.year, earliest.month, 1)
    following = add_months(first, 1)
    return following if following <= earliest + LATEST_FIRST else earliest + timedelta(days=7)


def _repeated() -> Iterable[tuple[str, str]]:
    """What was typed, to be sent once more by the button that sends the plan."""
    if request.method != "POST":
        return []
    mine = ("csrf_token", "key", "mark", "ask")
    return [(name, value) for name, values in request.form.lists() if name not in mine for value in values]


def _known(day: date | None) -> date:
    assert day is not None, "an offer has accounts"
    return day
