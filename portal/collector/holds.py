"""Holds and disputes of a case: placed, kept on, ended, and answered.

First the reason is chosen, then a form that fits it: a breathing space asks for the day of the register's
entry and reckons its days by law. What a law stops stands on the page and cannot be left out.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask import g, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from cases.arrangements.offer import Coverable, coverable
from cases.db import act_now
from cases.debts import dispute as disputes
from cases.debts import hold as holds
from cases.debts.breathing_space import after_treatment, window_of
from cases.debts.dispute import Dispute
from cases.debts.hold import RULES, STOPS, Hold, Standing
from cases.people.person import first_name
from cases.refusal import Refusal
from portal.access import asking, not_found
from portal.collector import hold_words
from portal.collector.accounts import called
from portal.collector.face import Case, actor, blueprint, case_named, desk, show, tell, to_case, told
from portal.collector.hold_words import ANSWERS, BASES, GROUNDS, WHY_ENDED, stops_words, term_words
from portal.forms import ChoiceField, DayField, Form, HiddenField, NoteField, SelectField, SeveralField, TextField
from portal.language import _, _l, money_text, today
from portal.refusals import sentence
from portal.wake import wake

LONGEST_AGO: Final = timedelta(days=366)
"""How far back the first day of a hold may lie."""
CRISIS_REVIEW: Final = timedelta(days=30)
"""After so long we ask whether the treatment of a crisis goes on."""
_PLACED_HERE: Final = ("breathing_space", "crisis", "vulnerability", "insolvency", "deceased")
_FIELD_OF: Final = {
    "hold.no_account": "debts", "hold.unknown_account": "debts", "hold.not_covered": "debts",
    "hold.stops_nothing": "stops", "hold.no_end": "last", "hold.day_wrong": "last",
}  # fmt: skip


class Place(Form):
    """A hold to be placed. `entered`: of a breathing space, the day of the register's entry."""

    debts = SeveralField(_l("Which debts"), needed=_l("Choose at least one debt"))
    entered = DayField(_l("Day of the register’s entry"), needed=_l("Write the day of the register’s entry"))
    starts = DayField(_l("First day"), needed=_l("Write the first day of the hold"))
    last = DayField(_l("Last day"), hint=_l("Leave it empty where nobody knows it."))
    review = DayField(_l("Look at it again on"), hint=_l("It comes back to your queue on that day."))
    stops = SeveralField(_l("What it stops"))
    reason = NoteField(_l("Why"), hint=_l("For us. The person does not read it here."), longest=1000,
                       needed=_l("Write why the debts are put on hold"))  # fmt: skip
    evidence = TextField(
        _l("How we know it"), hint=_l("A letter, a reference, or who told us."), longest=500, width="l"
    )
    key = HiddenField("key")


class Keep(Form):
    """Other days for a hold that stands. `treated`: of a crisis, the day on which its treatment ended.

    No last day is asked for while a dispute waits: its answer ends the hold.
    """

    treated = DayField(_l("The treatment ended on"), hint=_l("The last day of the hold follows from it."))
    last = DayField(_l("Last day"), hint=_l("Leave it empty where nobody knows it."))
    review = DayField(_l("Look at it again on"), hint=_l("It comes back to your queue on that day."))


class End(Form):
    """Why a hold ends before its time."""

    why = ChoiceField(_l("Why it ends"), options=list(WHY_ENDED.items()), needed=_l("Choose why it ends"))


class Told(Form):
    """A dispute that a person told us of."""

    debt = SelectField(_l("Which debt"), width="l", needed=_l("Choose the debt"))
    ground = ChoiceField(_l("What is wrong"), options=list(GROUNDS.items()), needed=_l("Choose what is wrong"))
    note = NoteField(_l("In their words"), longest=2000)
    key = HiddenField("key")


class Answer(Form):
    """The answer to a dispute."""

    answer = ChoiceField(
        _l("What we found"), options=[(code, words, hint) for code, (words, hint) in ANSWERS.items()],
        needed=_l("Choose what we found"),
    )  # fmt: skip
    words = NoteField(_l("Words to the person"), hint=_l("Say what you looked at. The person reads this."),
                      longest=2000, needed=_l("Write what you looked at and found"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class OnHold:
    """A hold as the case page shows it."""

    row: Hold
    name: str
    term: str
    debts: list[str]
    stops: str
    disputed: int | None


def on_hold(session: Session, case: Case, known: dict[int, Coverable]) -> list[OnHold]:
    """The holds of this case that are not over. One statement."""
    return [_shown(each, known) for each in holds.holds_of(session, case.people)]


@blueprint.get("/case/<ref>/hold")
@desk
def choose_hold(ref: str) -> str:
    """Why debts are put on hold: first the reason."""
    with asking() as session:
        case = case_named(session, ref)
        debts = coverable(session, case.people, g.now)
        bases = [(each, BASES[each]) for each in _PLACED_HERE if any(_may_cover(each, debt) for debt in debts)]
        return show(session, "hold-why", case=case, bases=bases, any_debt=bool(debts))


@blueprint.route("/case/<ref>/hold/<basis>", methods=["GET", "POST"])
@desk
def place_hold(ref: str, basis: str) -> ResponseReturnValue:
    """Places a hold."""
    if basis not in _PLACED_HERE:
        not_found("no such reason for a hold")
    form = Place()
    try:
        with asking() as session:
            case = case_named(session, ref)
            debts = [each for each in coverable(session, case.people, g.now) if _may_cover(basis, each)]
            if not debts:
                not_found("no debt that such a hold could cover")
            _prepare(form, basis, debts)
            if not form.validate_on_submit() or not form.key.data:
                return _place_page(session, case, basis, form)
            act_now(session)
            starts, last, review = _days(form, basis)
            made = holds.place(
                session, person=case.person, basis=basis, accounts=[int(each) for each in form.debts.data],
                stops=form.stops.data or (), starts_on=starts, last_on=last, review_on=review, reason=form.reason.data,
                evidence=form.evidence.data or None, key=form.key.data[:64], by=actor(), at=g.now,
            )  # fmt: skip
            silent = "messages" in made.stops
    except Refusal as refusal:
        field = _FIELD_OF.get(refusal.code)
        (form[field] if field and field in form else form).refuse(sentence(refusal, "staff"))
        with asking() as session:
            return _place_page(session, case, basis, form)
    wake("answers")
    tell(_("The debts are on hold"), _("We begin no message to this person while they are.") if silent
         else _("%(name)s is told that there is news.", name=first_name(case.name)))  # fmt: skip
    return to_case(ref, "holds")


@blueprint.route("/case/<ref>/holds/<int:number>", methods=["GET", "POST"])
@desk
def hold(ref: str, number: int) -> ResponseReturnValue:
    """One hold: what it is, other days for it, and its end."""
    form = Keep()
    try:
        with asking() as session:
            case, found = _in_case(session, ref, number)
            if form.is_submitted() and found.hold.basis == "crisis" and form.treated.data:
                form.last.data, form.review.data = after_treatment(form.treated.data), None
            _ask_days(form, found, anew=not form.is_submitted())
            valid = form.validate_on_submit()
            last = form.last.data if "last" in form else None
            if valid and last is None and form.review.data is None:
                form.last.refuse(sentence(holds.NO_END(), "staff"))
                valid = False
            if not valid:
                page = _hold_page(session, case, found, form, End(formdata=None), form)
                return page, 422 if form.is_submitted() else 200
            act_now(session)
            holds.prolong(session, number, last_on=last, review_on=form.review.data, by=actor(), at=g.now)
            words = term_words(last, form.review.data)
    except Refusal as refusal:
        if refusal.code not in _FIELD_OF:
            told(refusal)
            return redirect(url_for("collector.hold", ref=ref, number=number), 303)
        day = form.last if "last" in form and form.last.data else form.review
        day.refuse(sentence(refusal, "staff"))
        with asking() as session:
            case, found = _in_case(session, ref, number)
            return _hold_page(session, case, found, form, End(formdata=None), form), 422
    wake("answers")
    tell(_("The hold goes on"), f"{words[:1].upper()}{words[1:]}.")
    return to_case(ref, "holds")


def _ask_days(form: Keep, found: Standing, *, anew: bool) -> None:
    """What this hold may be asked; `anew`: with the days that it has."""
    if found.hold.basis != "crisis":
        del form.treated
    if anew:
        form.last.process(None, found.term.last_on)
        form.review.process(None, found.term.review_on)
    if found.disputed:
        del form.last
        form.review.needed = _("Write the day on which you look at it again")


def _hold_page(session: Session, case: Case, found: Standing, keep: Keep, end: End, sent: Form) -> str:
    """The page of a hold; `sent`: the form of its two whose errors stand above."""
    known = {each.account: each for each in coverable(session, case.people, g.now)}
    return show(session, "hold", form=sent, keep=keep, end=end, case=case, one=_shown(found, known))


@blueprint.post("/case/<ref>/holds/<int:number>/end")
@desk
def end_hold(ref: str, number: int) -> ResponseReturnValue:
    """Ends a hold today."""
    form = End()
    try:
        with asking() as session:
            case, found = _in_case(session, ref, number)
            if not form.validate_on_submit():
                keep = Keep(formdata=None)
                _ask_days(keep, found, anew=True)
                return _hold_page(session, case, found, keep, form, form), 422
            act_now(session)
            holds.end(session, number, why=form.why.data, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    wake("answers")
    tell(_("The hold has ended"), _("%(name)s is told that there is news.", name=first_name(case.name)))
    return to_case(ref)


@blueprint.route("/case/<ref>/dispute", methods=["GET", "POST"])
@desk
def enter_dispute(ref: str) -> ResponseReturnValue:
    """Enters what a person told us: that a debt is not theirs, is paid, or is wrong in its sum."""
    form = Told()
    try:
        with asking() as session:
            case = case_named(session, ref)
            debts = [each for each in coverable(session, case.people, g.now) if each.balance > 0]
            form.debt.options = [("", _("Choose")), *((str(each.account), _debt_words(each)) for each in debts)]
            if not form.key.data:
                form.key.process_data(uuid.uuid4().hex)
            if not debts or not form.validate_on_submit():
                page = show(session, "dispute", form=form, case=case, any_debt=bool(debts))
                return page, 422 if form.is_submitted() else 200
            act_now(session)
            disputes.begin(session, person=case.person, account=int(form.debt.data), ground=form.ground.data,
                           note=form.note.data, key=form.key.data[:64], by=actor(), at=g.now)  # fmt: skip
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    tell(_("The debt is on hold"), _("It waits here for an answer."))
    return to_case(ref)


@blueprint.route("/case/<ref>/dispute/<int:number>", methods=["GET", "POST"])
@desk
def answer_dispute(ref: str, number: int) -> ResponseReturnValue:
    """Answers a dispute."""
    form = Answer()
    try:
        with asking() as session:
            case = case_named(session, ref)
            row = session.get(Dispute, number)
            if row is None or row.person_id not in case.people:
                not_found("no such dispute in this case")
            if row.answered_at is not None:
                raise disputes.ANSWERED(at=row.answered_at)
            known = {each.account: each for each in coverable(session, case.people, g.now)}
            debt = known.get(row.account_id)
            if not form.validate_on_submit():
                name = _debt_words(debt) if debt else _("an account that is no longer theirs")
                page = show(session, "dispute-answer", form=form, case=case, row=row, debt=name,
                            ground=GROUNDS[row.ground])  # fmt: skip
                return page, 422 if form.is_submitted() else 200
            act_now(session)
            disputes.answer(session, number, answer=form.answer.data, words=form.words.data, by=actor(), at=g.now)
    except Refusal as refusal:
        told(refusal)
        return to_case(ref)
    wake("answers")
    tell(_("Answered"), _("%(name)s is told that an answer waits.", name=first_name(case.name)))
    return to_case(ref)


def _place_page(session: Session, case: Case, basis: str, form: Place) -> ResponseReturnValue:
    must = stops_words(RULES[basis].must)
    page = show(session, "hold-place", form=form, case=case, name=BASES[basis], must=must)
    return page, 422 if form.is_submitted() else 200


def _in_case(session: Session, ref: str, number: int) -> tuple[Case, Standing]:
    """A hold of this case that is not over; 404 when it belongs to another or does not exist."""
    case = case_named(session, ref)
    row = session.get(Hold, number)
    if row is None or row.person_id not in case.people:
        not_found("no such hold in this case")
    found = next((each for each in holds.holds_of(session, case.people) if each.hold.id == number), None)
    if found is None:
        raise holds.OVER(last_on=None)
    return case, found


def _shown(each: Standing, known: dict[int, Coverable]) -> OnHold:
    foreign = _("an account that is no longer theirs")
    names = [called(known[account]) if account in known else foreign for account in each.accounts]
    return OnHold(each.hold, str(BASES[each.hold.basis]), term_words(each.term.last_on, each.term.review_on), names,
                  stops_words(each.hold.stops), each.disputed)  # fmt: skip


def _may_cover(basis: str, debt: Coverable) -> bool:
    """Whether a hold of this basis can cover a debt at all."""
    return holds.covers(basis, debt.country, debt.debt_type)


def _debt_words(debt: Coverable) -> str:
    return f"{called(debt)}, {debt.ref}, {money_text(debt.balance, debt.currency)}"


def _prepare(form: Place, basis: str, debts: Sequence[Coverable]) -> None:
    """What can be chosen for this reason, with what suggests itself."""
    rule, now = RULES[basis], today()
    form.debts.options = [(each.account, called(each), f"{each.ref}, {money_text(each.balance, each.currency)}")
                          for each in debts]  # fmt: skip
    if rule.must:
        form.stops.label.text = _("What else it stops")
    form.stops.options = [(code, *hold_words.STOPS[code]) for code in STOPS if code not in rule.must]
    if rule.moratorium:
        del form.starts
        form.entered.earliest, form.entered.latest = now - LONGEST_AGO, now
        if basis == "breathing_space":  # one that is over already holds nothing
            form.entered.earliest = now - (window_of(now).last - now)
        form.entered.hint = _("The hold begins on the day after it. Its days follow from the law.")
        if basis == "breathing_space":
            del form.last, form.review
        else:
            del form.last
            form.review.earliest, form.review.needed = now, _("Write the day on which you look at it again")
    else:
        del form.entered
        form.starts.earliest, form.starts.latest = now - LONGEST_AGO, now + LONGEST_AGO
        form.last.earliest = form.review.earliest = now
    if form.is_submitted():
        return
    form.key.process_data(uuid.uuid4().hex)
    form.debts.process_data([each.account for each in debts if each.balance > 0] or [debts[0].account])
    form.stops.process_data([code for code in STOPS if code in rule.usual - rule.must])
    if "starts" in form:
        form.starts.process(None, now)
    if basis == "crisis":
        form.review.process(None, now + CRISIS_REVIEW)


def _days(form: Place, basis: str) -> tuple[date, date | None, date | None]:
    """First day, last day and review of a valid form."""
    if basis == "breathing_space":
        window = window_of(form.entered.data)
        review = max(window.review_from, today())
        return window.start, window.last, review if review <= window.last else None
    if basis == "crisis":
        return window_of(form.entered.data).start, None, form.review.data
    return form.starts.data, form.last.data, form.review.data
