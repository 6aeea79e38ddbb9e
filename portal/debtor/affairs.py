"""Income and spending: asked page by page, kept as it is typed, finished in versions, said back in plain words.

A draft waits for its person: any phone or computer goes on with it after signing in. Going back and forward
saves what stands on a page anew; finishing twice finishes once.
"""

from collections.abc import Mapping, Sequence

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import statement_of_affairs as room
from cases.arrangements.standard_statement import SECTIONS
from cases.arrangements.statement_of_affairs import Answer, StatementOfAffairs
from cases.db import act_now
from cases.people.person import Person
from cases.refusal import Refusal
from messaging.advice import ADVISERS
from messaging.words import CURRENCIES
from portal.access import asking, debtor, not_found, visitor
from portal.affairs import asked, checked, currencies_of, first_open, result_of, steps
from portal.debtor.face import blueprint, show, waiting
from portal.debtor.words import word
from portal.language import _
from portal.refusals import sentence
from portal.told import tell


@blueprint.get("/income")
@debtor
def income() -> str:
    """What is done, what is open, and the versions there are."""
    who = visitor()
    with asking() as session:
        wait = waiting(session)
        draft = room.draft_of(session, who.people)
        answers = room.answers_of(session, draft.id) if draft else {}
        versions = room.versions_of(session, who.people)
        last = result_of(versions[0], room.answers_of(session, versions[0].id)) if versions else None
        currencies = [] if draft else currencies_of(session, who.people)
        advisers = advisers_of(session, who.people)
    todo = steps(answers)
    return show("debtor/income.html", wait, draft=draft, steps=todo, versions=versions, last=last,
                currencies=currencies, named=CURRENCIES, word=word, advisers=advisers,
                left=[step for step in todo if step.state != "done"])  # fmt: skip


@blueprint.post("/income")
@debtor
def begin_income() -> ResponseReturnValue:
    """Begins a draft, or goes on with the one there is."""
    who = visitor()
    with asking() as session:
        currencies = currencies_of(session, who.people)
        if not currencies:
            not_found("nothing is owed here")
        wanted = request.form.get("currency", "")
        currency = wanted if wanted in currencies else currencies[0]
        act_now(session)
        draft = room.begin(session, person=who.person, currency=currency, by=who.actor, at=g.now)
        answers = room.answers_of(session, draft.id)
    return redirect(_to_next(answers), 303)


@blueprint.route("/income/<section>", methods=["GET", "POST"])
@debtor
def income_page(section: str) -> ResponseReturnValue:
    """One question set. What was typed is kept, also where it cannot be read."""
    if section not in SECTIONS:
        not_found("no such section")
    who = visitor()
    with asking() as session:
        wait = waiting(session)
        draft = room.draft_of(session, who.people)
        if draft is None:
            return _begin_first()
        done = asked(session, draft, section, by=who.actor)
    if done.stops:
        tell(_("What you typed is saved"), _("Go on whenever you like, on any phone or computer."))
        return redirect(url_for("debtor.income"), 303)
    if done.goes_on:
        return redirect(url_for("debtor.income_page", section=done.following) if done.following
                        else url_for("debtor.check_income"), 303)  # fmt: skip
    return show("debtor/income-page.html", wait, **done.page), done.status


@blueprint.route("/income/check", methods=["GET", "POST"])
@debtor
def check_income() -> ResponseReturnValue:
    """All answers on one page, and the button that finishes them."""
    who = visitor()
    with asking() as session:
        wait = waiting(session)
        draft = room.draft_of(session, who.people)
        if draft is None:
            versions = room.versions_of(session, who.people)
            if request.method == "POST" and versions:  # pressed twice
                return redirect(url_for("debtor.income_version", number=versions[0].id), 303)
            return _begin_first()
        answers = room.answers_of(session, draft.id)
        if request.method == "POST":
            act_now(session)
            try:
                made = room.finish(session, draft.id, by=who.actor, at=g.now)
            except Refusal as refusal:
                tell(_("This is not finished yet"), sentence(refusal, "debtor"), "wait")
                return redirect(url_for("debtor.income_page", section=refusal.facts["section"]), 303)
            done = made.id
        else:
            return show("debtor/income-check.html", wait, **checked(draft, answers))
    tell(_("Thank you. It is finished"), _("You can begin a new version whenever something changes."))
    return redirect(url_for("debtor.income_version", number=done), 303)


@blueprint.get("/income/version/<int:number>")
@debtor
def income_version(number: int) -> str:
    """One version: what is left, in plain words, and everything that was said."""
    who = visitor()
    with asking() as session:
        wait = waiting(session)
        row = session.get(StatementOfAffairs, number)
        if row is None or row.person_id not in who.people or row.finished_at is None:
            not_found("no such version of theirs")
        answers = room.answers_of(session, row.id)
        advisers = advisers_of(session, who.people)
    return show("debtor/income-version.html", wait, last=result_of(row, answers), advisers=advisers,
                **checked(row, answers))  # fmt: skip


def advisers_of(session: Session, people: Sequence[int]) -> tuple[object, ...]:
    """The free advisers of the country that a person lives in; none where we know none."""
    country = session.scalar(select(Person.country).where(Person.id == people[0]))
    return ADVISERS.get(country or "", ())


def _to_next(answers: Mapping[str, Answer]) -> str:
    todo = first_open(answers)
    return url_for("debtor.income_page", section=todo) if todo else url_for("debtor.check_income")


def _begin_first() -> ResponseReturnValue:
    tell(_("There is nothing open here"), _("You finished it, or have not begun. Begin below."), "info")
    return redirect(url_for("debtor.income"), 303)
