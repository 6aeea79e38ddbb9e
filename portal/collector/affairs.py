"""Income and spending at the desk: the same form, asked on the telephone, and every version of it.

What the person has begun in the portal is gone on with here, and the other way round.
"""

from collections.abc import Sequence
from typing import Final

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from cases.arrangements import statement_of_affairs as room
from cases.arrangements.means import Range
from cases.arrangements.standard_statement import SECTIONS
from cases.arrangements.statement_of_affairs import StatementOfAffairs
from cases.db import act_now
from cases.history import Actor
from cases.people.person import first_name
from cases.people.staff import names_of
from cases.refusal import Refusal
from portal.access import asking, not_found
from portal.affairs import asked, checked, currencies_of, first_open, result_of, steps
from portal.collector.face import actor, blueprint, case_named, desk, show, tell
from portal.collector.waiting import RHYTHMS
from portal.language import _, _s, money_text
from portal.refusals import sentence


@blueprint.get("/case/<ref>/income")
@desk
def income(ref: str) -> str:
    """What is begun, and the versions there are."""
    with asking() as session:
        case = case_named(session, ref)
        draft = room.draft_of(session, case.people)
        answers = room.answers_of(session, draft.id) if draft else {}
        versions = room.versions_of(session, case.people)
        last = result_of(versions[0], room.answers_of(session, versions[0].id)) if versions else None
        todo = steps(answers)
        return show(
            session, "income", case=case, first=first_name(case.name), draft=draft, steps=todo, versions=versions,
            last=last, left=[step for step in todo if step.state != "done"], told_by=_told_by(session, versions),
            currencies=currencies_of(session, case.people),
        )  # fmt: skip


@blueprint.post("/case/<ref>/income")
@desk
def begin_income(ref: str) -> ResponseReturnValue:
    """Begins to ask, or goes on with what is begun."""
    with asking() as session:
        case = case_named(session, ref)
        currencies = currencies_of(session, case.people)
        if not currencies:
            not_found("nothing is owed here")
        wanted = request.form.get("currency", "")
        act_now(session)
        draft = room.begin(session, person=case.person, currency=wanted if wanted in currencies else currencies[0],
                           by=actor(), at=g.now)  # fmt: skip
        answers = room.answers_of(session, draft.id)
    todo = first_open(answers)
    if todo is None:
        return redirect(url_for("collector.check_income", ref=ref), 303)
    return redirect(url_for("collector.income_page", ref=ref, section=todo), 303)


@blueprint.route("/case/<ref>/income/<section>", methods=["GET", "POST"])
@desk
def income_page(ref: str, section: str) -> ResponseReturnValue:
    """One question set. What was typed is kept, also where it cannot be read."""
    if section not in SECTIONS:
        not_found("no such section")
    with asking() as session:
        case = case_named(session, ref)
        draft = room.draft_of(session, case.people)
        if draft is None:
            return _begin_first(ref)
        done = asked(session, draft, section, by=actor())
        if not done.stops and not done.goes_on:
            return show(session, "income-page", case=case, **done.page), done.status
    if done.stops:
        tell(_("What was typed is saved"), _("The person can go on with it in the portal, too."))
        return redirect(url_for("collector.income", ref=ref), 303)
    if done.following is None:
        return redirect(url_for("collector.check_income", ref=ref), 303)
    return redirect(url_for("collector.income_page", ref=ref, section=done.following), 303)


@blueprint.route("/case/<ref>/income/check", methods=["GET", "POST"])
@desk
def check_income(ref: str) -> ResponseReturnValue:
    """All answers on one page, to be read to the person, and the button that finishes them."""
    with asking() as session:
        case = case_named(session, ref)
        draft = room.draft_of(session, case.people)
        if draft is None:
            versions = room.versions_of(session, case.people)
            if request.method == "POST" and versions:  # pressed twice
                return redirect(url_for("collector.income_version", ref=ref, number=versions[0].id), 303)
            return _begin_first(ref)
        if request.method == "GET":
            answers = room.answers_of(session, draft.id)
            return show(session, "income-check", case=case, first=first_name(case.name), **checked(draft, answers))
        act_now(session)
        try:
            done = room.finish(session, draft.id, by=actor(), at=g.now).id
        except Refusal as refusal:
            tell(_("This is not finished yet"), sentence(refusal, "staff"), "wait")
            return redirect(url_for("collector.income_page", ref=ref, section=refusal.facts["section"]), 303)
    tell(_("Finished"), _("This version stays as it is. Begin a new one when something changes."))
    return redirect(url_for("collector.income_version", ref=ref, number=done), 303)


@blueprint.get("/case/<ref>/income/version/<int:number>")
@desk
def income_version(ref: str, number: int) -> str:
    """One version: what is left, and everything that was said."""
    with asking() as session:
        case = case_named(session, ref)
        row = session.get(StatementOfAffairs, number)
        if row is None or row.person_id not in case.people or row.finished_at is None:
            not_found("no such version in this case")
        answers = room.answers_of(session, row.id)
        return show(session, "income-version", case=case, told_by=_told_by(session, [row]), **checked(row, answers))


REASONS: Final = {
    "asked": _s("The person asked for somebody to look."),
    "no_statement": _s("No income and spending is told."),
    "old_statement": _s("What they told is older than a year."),
    "gaps": _s("Some of what they told is not known."),
    "counter_offer": _s("It is more than is left each month."),
    "token_or_hold": _s("Nothing is left each month: a token, a hold, and free advice."),
    "priority_first": _s("A debt that comes first is overdue and in no plan."),
    "promise": _s("It is a promise."),
    "no_limits": _s("The creditor has set no limits."),
    "too_small": _s("The debt is below the creditor’s least."),
    "too_large": _s("The debt is above the creditor’s most."),
    "too_old": _s("Too much of the debt is old."),
    "plan_before": _s("There was a plan over it within the creditor’s years."),
    "instalment_too_small": _s("The payments are below the creditor’s least."),
    "too_long": _s("It takes longer than the creditor’s most."),
    "too_late": _s("It begins later than the creditor allows."),
    "share_above": _s("It takes a larger share of what is left than the creditor allows."),
    "upfront": _s("The sum paid first is more than a month leaves."),
    "plan_runs": _s("It would take the place of a plan that runs."),
}
"""Why a person looks at a proposal."""


def reasons_words(codes: Sequence[str]) -> list[str]:
    """Why a person looks, in sentences."""
    return [_(REASONS[code]) for code in codes if code in REASONS]


def fits_words(fits: Range, rhythm: str, currency: str) -> str:
    """Which payments fit what was told, at a rhythm, in a sentence."""
    high = _(RHYTHMS[rhythm], amount=money_text(fits.high, currency))
    if fits.low is None:
        return _("Up to about %(high)s fits what they told us.", high=high)
    if fits.low == fits.high:
        return _("About %(high)s fits what they told us.", high=high)
    return _("About %(low)s to %(high)s fits what they told us.", low=money_text(fits.low, currency), high=high)


def _told_by(session: Session, rows: Sequence[StatementOfAffairs]) -> dict[int, str | None]:
    """Which of us finished each version; None where the person did."""
    actors = {row.id: Actor.read(row.finished_by) for row in rows if row.finished_by}
    users = names_of(session, [by.id for by in actors.values() if by.role != "debtor" and by.id is not None])
    return {id: None if by.role == "debtor" else users.get(by.id or 0, _("A colleague")) for id, by in actors.items()}


def _begin_first(ref: str) -> ResponseReturnValue:
    tell(_("Nothing is begun here"), _("It was finished meanwhile, or nobody has begun. Begin below."), "info")
    return redirect(url_for("collector.income", ref=ref), 303)
