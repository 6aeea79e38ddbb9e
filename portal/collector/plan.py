"""Making a plan for a person: on the telephone, or as an offer of ours against a proposal of theirs.

One page in two steps without scripts. The form shows the schedule; a second form under it carries
exactly what was shown, with its mark, and saves it. If what is owed has changed in between, nothing is
saved and the new schedule is shown.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from cases.arrangements import assessment, consent, proposal
from cases.arrangements.affordability import A_MONTH
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.assessment import Judged, assessments_of
from cases.arrangements.means import fitting
from cases.arrangements.offer import Coverable, Terms, coverable, draft
from cases.arrangements.schedule import Rhythm, Schedule
from cases.arrangements.version import Proposal, covered_by, terms_of
from cases.clock import calendar_for, next_working_day
from cases.db import act_now
from cases.people.person import first_name
from cases.refusal import Refusal
from messaging.tongue import language_of
from portal.access import asking
from portal.collector.accounts import called
from portal.collector.affairs import fits_words, reasons_words
from portal.collector.decide import proposal_in
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case, told
from portal.forms import (
    ChoiceField,
    DayField,
    Form,
    HiddenField,
    MoneyField,
    NoteField,
    SelectField,
    SeveralField,
    TickField,
)
from portal.language import _, _l, money_text, percent, today
from portal.refusals import sentence
from portal.terms import words_of
from portal.wake import wake

_RHYTHMS: Final = (
    (Rhythm.MONTHLY, _l("Every month")),
    (Rhythm.FOUR_WEEKLY, _l("Every four weeks")),
    (Rhythm.TWO_WEEKLY, _l("Every two weeks")),
    (Rhythm.WEEKLY, _l("Every week")),
)


class Wish(Form):
    """What is wished for."""

    kind = ChoiceField(_l("What is agreed"), two=True, needed=_l("Choose a plan or a promise"), options=[
        ("plan", _l("A plan"), _l("Payments until all is paid.")),
        ("promise", _l("A promise to pay"), _l("One payment on one day.")),
    ])  # fmt: skip
    accounts = SeveralField(_l("Which debts"), needed=_l("Choose at least one debt"))
    amount = MoneyField(_l("Amount each time"), hint=_l("Of a promise: the one amount."), least=1,
                        needed=_l("Write the amount, like 62 or 62.50"))  # fmt: skip
    rhythm = SelectField(_l("How often"), width="l", options=_RHYTHMS, needed=_l("Choose how often"))
    first = DayField(_l("First payment"), needed=_l("Choose the first day"))
    month_day = SelectField(_l("Day of the month"), width="l",
                            hint=_l("Only of a monthly plan. Later payments keep this day."))  # fmt: skip
    upfront = MoneyField(_l("Sum paid first"), least=1)
    upfront_on = DayField(_l("Day of the sum paid first"))
    interest = TickField(_l("With the interest of the contract"))
    note = NoteField(_l("Words to the person"), hint=_l("The person reads this with the offer."), longest=2000)
    talked_over = TickField(_l("I have talked it over: it is more than is left each month"))
    key = HiddenField("key")
    mark = HiddenField("mark")

    def terms(self) -> Terms:
        """The terms, once all is read."""
        promise = self.kind.data == "promise"
        keeps = None if promise or not self.month_day.data else int(self.month_day.data)
        return Terms(
            amount=self.amount.data, first_on=self.first.data, rhythm=Rhythm(self.rhythm.data), month_day=keeps,
            upfront=self.upfront.data or 0, upfront_on=self.upfront_on.data, kind=self.kind.data,
            interest="interest" in self and self.interest.data,
        )  # fmt: skip

    def well(self) -> bool:
        """Whether it was sent and can be read; a sum paid first has its day, and the other way round."""
        fine = bool(self.validate_on_submit())
        if (self.upfront.data is None) != (self.upfront_on.data is None) and not self.upfront.errors:
            if self.upfront.data is None:
                self.upfront.refuse(_("Write the sum too, or leave its day empty"))
            elif not self.upfront_on.errors:
                self.upfront_on.refuse(_("Choose the day of this sum too"))
            return False
        return fine


@dataclass(frozen=True, slots=True)
class Preview:
    """What was wished, laid out: the schedule, what each debt gets, and the mark of exactly this."""

    schedule: Schedule[int]
    names: dict[int, str]
    """What each debt is called, by account."""
    currency: str
    mark: str
    ends: list[str]
    terms: list[str]
    """What the person agrees to, to be read to them, in `language`."""
    language: str
    judged: Judged
    why: list[str]
    """Why the rule would not accept it."""


@blueprint.route("/case/<ref>/plan", methods=["GET", "POST"])
@desk
def plan(ref: str) -> ResponseReturnValue:
    """A plan or a promise agreed on the telephone."""
    with asking() as session:
        case = case_named(session, ref)
        currencies, known = _owed(session, case)
        if not known:
            tell(_("Nothing is owed"), _("There is no debt that a plan could cover."), "info")
            return to_case(ref)
        form = Wish()
        _prepare(form, known)
        del form.note
        if not form.is_submitted():
            form.kind.process_data("promise" if request.args.get("kind") == "promise" else "plan")
            form.accounts.process_data([each.account for each in known])
            form.rhythm.process_data(Rhythm.MONTHLY)
            first = today() + timedelta(days=7)
            form.first.data = first
            form.first.typed_parts = {"day": str(first.day), "month": str(first.month), "year": str(first.year)}
        shown = _preview(session, case, form, known)
        if shown is None or not _confirmed(form, shown):
            page = show(session, "plan", form=form, case=case, first=first_name(case.name), shown=shown,
                        offered=None, currencies=currencies, currency=known[0].currency,
                        fits=_fits(session, case, form, known, shown))  # fmt: skip
            return page, 422 if form.wrong else 200
        act_now(session)
        try:
            made = assessment.enter(session, person=case.person, accounts=_accounts(form), terms=form.terms(),
                                    key=(form.key.data or "")[:64], talked_over=form.talked_over.data, by=actor(),
                                    at=g.now)  # fmt: skip
            consent.give(
                session, proposal=session.get_one(Arrangement, made).proposal_id, person=case.person, words=shown.terms,
                language=shown.language, channel="telephone", origin=None, by=actor(), at=g.now,
            )  # fmt: skip
        except Refusal as refusal:
            told(refusal)
            return to_case(ref)
    wake("answers")
    heading = _("The promise is saved") if form.kind.data == "promise" else _("The plan is saved")
    tell(heading, _("%(name)s is told that an answer waits.", name=first_name(case.name)))
    return to_case(ref)


@blueprint.route("/case/<ref>/offer/<int:number>", methods=["GET", "POST"])
@desk
def offer(ref: str, number: int) -> ResponseReturnValue:
    """Offers something else than the person proposed; they answer it."""
    with asking() as session:
        case, row = proposal_in(session, ref, number)
        if row.state != "submitted" or row.side != "person":
            refusal = proposal.DECIDED(state=row.state, by=row.decided_by or row.made_by,
                                       at=row.decided_at or row.made_at)  # fmt: skip
            told(refusal if row.state != "submitted" else proposal.OWN_OFFER())
            return to_case(ref)
        _currencies, known = _owed(session, case, row.currency)
        if not known:
            tell(_("Nothing is owed"), _("There is no debt that a plan could cover."), "info")
            return to_case(ref)
        form = Wish()
        _prepare(form, known)
        del form.talked_over
        if not form.is_submitted():
            _begin_with(form, row, [each.account_id for each in covered_by(session, number)])
            judged = assessments_of(session, [number]).get(number)
            if request.args.get("available") and judged is not None and judged.available:
                form.amount.process_data(int(Fraction(max(judged.available, 0)) / A_MONTH[row.rhythm]) or row.amount)
        shown = _preview(session, case, form, known)
        if shown is None or not _confirmed(form, shown):
            page = show(session, "plan", form=form, case=case, first=first_name(case.name), shown=shown, offered=row,
                        currencies=[], currency=row.currency,
                        fits=_fits(session, case, form, known, shown))  # fmt: skip
            return page, 422 if form.wrong else 200
        act_now(session)
        try:
            proposal.counter(session, number, accounts=_accounts(form), terms=form.terms(),
                             key=(form.key.data or "")[:64], note=form.note.data, by=actor(), at=g.now)  # fmt: skip
        except Refusal as refusal:
            told(refusal)
            return to_case(ref)
    wake("answers")
    tell(_("The offer is sent"), _("%(name)s is told that an answer waits.", name=first_name(case.name)))
    return to_case(ref)


def _owed(session: Session, case: Case, currency: str | None = None) -> tuple[list[str], list[Coverable]]:
    """The currencies in which something may be covered, and what may be, in one of them."""
    all_ = [each for each in coverable(session, case.people, g.now) if each.owed and not each.stopped("plans")]
    currencies = sorted({each.currency for each in all_})
    wanted = currency or request.args.get("currency")
    if wanted not in currencies:
        wanted = currencies[0] if currencies and currency is None else wanted
    return currencies, [each for each in all_ if each.currency == wanted]


def _prepare(form: Wish, known: Sequence[Coverable]) -> None:
    """What can be chosen in this case."""
    form.accounts.options = [
        (each.account, called(each), _told_of(each)) for each in known
    ]
    form.amount.currency = form.upfront.currency = known[0].currency
    rates = [_("%(debt)s: %(rate)s a year", debt=called(each), rate=percent(each.rate)) for each in known if each.rate]
    if rates:
        form.interest.hint = "; ".join(rates) + ". " + _("It is counted on the principal alone.")
    else:
        del form.interest
    form.month_day.options = [
        ("", _("The first payment’s own day")), *((str(n), str(n)) for n in range(1, 31)), ("31", _("The last day")),
    ]  # fmt: skip
    if not form.key.data:
        form.key.process_data(uuid.uuid4().hex)


def _told_of(each: Coverable) -> str:
    amount = money_text(each.owed, each.currency)
    words = [_("%(amount)s overdue", amount=amount) if each.scheduled else _("%(amount)s owed", amount=amount)]
    if each.announced:
        words.append(_("%(amount)s on its way", amount=money_text(each.announced, each.currency)))
    if each.plan:
        words.append(_("in a plan now"))
    return ", ".join(words)


def _begin_with(form: Wish, row: Proposal, accounts: list[int]) -> None:
    """Fills in what the person proposed; a first day that is over becomes the next working day."""
    terms = terms_of(row)
    earliest = today() + timedelta(days=1)
    first = terms.dates.first()
    if first < earliest:
        first = next_working_day(row.calendar or calendar_for("GB"), earliest)
    form.kind.process_data(row.kind)
    form.accounts.process_data(accounts)
    form.amount.process_data(row.amount)
    form.rhythm.process_data(row.rhythm)
    _type_day(form.first, first)
    form.month_day.process_data(str(row.month_day) if row.month_day else "")
    if row.upfront and row.upfront_on and row.upfront_on >= today():
        form.upfront.process_data(row.upfront)
        _type_day(form.upfront_on, row.upfront_on)


def _type_day(field: Any, value: date) -> None:
    field.data = value
    field.typed_parts = {"day": str(value.day), "month": str(value.month), "year": str(value.year)}


def _accounts(form: Wish) -> list[int]:
    return [int(one) for one in form.accounts.data if one.isdigit()]


def _preview(session: Session, case: Case, form: Wish, known: Sequence[Coverable]) -> Preview | None:
    """The schedule of what was typed; None while nothing was, or when it cannot be, which the form then says."""
    if not form.well():
        return None
    currency = known[0].currency
    try:
        made = draft(session, case.people, _accounts(form), form.terms(), g.now, known)
        judged = assessment.judge(session, case.people, made, known, g.now)
    except Refusal as refusal:
        said = sentence(refusal, "staff", currency=currency)
        field = next((form[name] for start, name in _BELONGS if refusal.code.startswith(start)), None)
        if field is not None:
            field.refuse(said)
        else:
            form.refuse(said)
        return None
    names = {each.account: called(each) for each in known}
    spoken = language_of(case.language)
    words = words_of(session, made.schedule, [each.account for each, _minor in made.covered], currency=currency,
                     rhythm=str(made.terms.rhythm), language=spoken)  # fmt: skip
    marked = hashlib.sha256(repr((sorted(_accounts(form)), made.terms, made.schedule, words)).encode()).hexdigest()
    ends = []
    if any(each.plan for each in known if str(each.account) in form.accounts.data):
        ends.append(_("It takes the place of the plan that runs now over these debts."))
    return Preview(made.schedule, names, currency, marked, ends, words, spoken, judged, reasons_words(judged.reasons))


_BELONGS: Final = (
    ("plan.upfront_day", "upfront_on"), ("plan.upfront_after", "upfront_on"), ("plan.upfront", "upfront"),
    ("proposal.promise_upfront", "upfront"), ("proposal.promise_interest", "interest"), ("plan.first_day", "first"),
    ("plan.month_day", "month_day"), ("plan.amount", "amount"), ("plan.too_many", "amount"),
    ("plan.nothing_owed", "accounts"), ("proposal.no_account", "accounts"), ("proposal.unknown_account", "accounts"),
    ("proposal.other_currency", "accounts"),
)  # fmt: skip
"""Which field a refusal belongs to, by the beginning of its code."""


def _confirmed(form: Wish, shown: Preview) -> bool:
    """Whether this very schedule was shown before and is now to be saved; what is more than is left, talked over."""
    if request.form.get("do") != "save":
        return False
    if form.mark.data != shown.mark:
        form.refuse(_("What is owed has changed. Look at the new figures, then save."))
        return False
    if "talked_over" in form and shown.judged.to_talk_over and not form.talked_over.data:
        form.talked_over.refuse(sentence(assessment.NOT_TALKED_OVER(), "staff"))
        return False
    return True


def _fits(session: Session, case: Case, form: Wish, known: Sequence[Coverable], shown: Preview | None) -> str:
    """Which payments over the chosen debts fit what was told, at the chosen rhythm or a month, in a sentence."""
    rhythm = form.rhythm.data if form.rhythm.data in A_MONTH else Rhythm.MONTHLY
    if form.kind.data == "promise":
        return ""
    chosen = [each for each in known if str(each.account) in (form.accounts.data or ())] or known
    found = shown.judged.fits if shown else fitting(session, case.people, chosen, rhythm, g.now)
    return fits_words(found, rhythm, known[0].currency) if found else ""
