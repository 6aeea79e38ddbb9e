"""The statement: what was owed, charged and paid in a year, or between two days, over all debts.

The page reads the ledger anew each time. Taken along as a letter it is a document, made once and kept
(`letters.py`): a ledger that is put right later makes a new one, and never changes the old.
"""

from datetime import date
from typing import Final

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from cases.db import act_now
from cases.debts.statement import Line, NotAPeriod, Statement, first_year, statement_of
from cases.refusal import Refusal
from messaging.papers.recipient import recipient_of
from messaging.papers.statement import ask_statement, hold_words, line_words, name_of, plan_words, sums, title
from messaging.tongue import Tongue
from messaging.words import CURRENCIES
from portal.access import asking, debtor, not_found, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.debtor.letters import made_soon
from portal.debtor.words import word
from portal.forms import DayField, Form
from portal.language import _, _l, language, today
from portal.letters import letterhead
from portal.refusals import sentence
from portal.told import tell

_OLDEST: Final = date(1970, 1, 1)
A_PAGE: Final = 100
"""So many lines stand on one page; debts with more than is left have a page of their own."""


class Period(Form):
    """Two days."""

    first = DayField(_l("From which day"), needed=_l("Write the first day"))
    last = DayField(_l("To which day"), needed=_l("Write the last day"))


@blueprint.get("/statement")
@debtor
def statement() -> ResponseReturnValue:
    """A year's statement, this year's so far, or one between two days."""
    first, last = _asked()
    with asking() as session:
        wait = waiting(session)
        begun = first_year(session, visitor().people)
        try:
            found = statement_of(session, visitor().people, first, last, at=g.now)
        except Refusal:
            not_found("no such time")
    tongue, now = Tongue(language()), today()
    lines, alone, page = _lines(found)
    return show(
        "debtor/statement.html", wait, statement=found, title=title(found, tongue), tongue=tongue,
        lines=lines, alone=alone, page=page, a_page=A_PAGE,
        sums=sums, line_words=line_words, name_of=name_of, word=word, currencies=CURRENCIES,
        plan_words=plan_words, hold_words=hold_words,
        years=range(now.year, max(min(begun or now.year, now.year), now.year - 9) - 1, -1),
        year=first.year if (first, last) == _year(first.year) else None, this_year=now.year,
    )  # fmt: skip


@blueprint.get("/statement/dates")
@debtor
def statement_dates() -> ResponseReturnValue:
    """Asks for two days."""
    return _dates(Period(), 200)


@blueprint.post("/statement/dates")
@debtor
def choose_statement_dates() -> ResponseReturnValue:
    """Leads to the statement between two days."""
    form = Period()
    form.first.latest = form.last.latest = today()
    form.first.earliest = _OLDEST
    if form.validate():
        if form.first.data <= form.last.data:
            return redirect(url_for("debtor.statement", first=form.first.data, last=form.last.data), 303)
        form.last.refuse(_l("Choose a last day that is not before the first one"))
    return _dates(form, 422)


@blueprint.post("/statement")
@debtor
def take_statement() -> ResponseReturnValue:
    """Makes the letter of a statement, or finds the one that says the same, and leads to it."""
    first, last = _asked()
    large = request.form.get("large") == "yes"
    with asking() as session:
        act_now(session)
        who = visitor()
        to = recipient_of(session, who.person)
        try:
            made = ask_statement(session, to, letterhead(), first, last, language=language(), large=large, by=who.actor,
                                 at=g.now)  # fmt: skip
        except Refusal as refusal:
            if refusal.code == NotAPeriod.code:
                not_found("no such time")
            tell(_("That could not be done"), sentence(refusal, "debtor"), "wait")
            return redirect(url_for("debtor.letters"), 303)
        number, is_new = made.id, made.asked_at == g.now
    # Only who asks for a new one waits here: asking again and again holds up nobody else's pages.
    return made_soon(number) if is_new else redirect(url_for("debtor.letter", document=number), 303)


def _lines(found: Statement) -> tuple[dict[int, tuple[Line, ...]], int | None, int]:
    """Which lines the page shows, by account; whether it is of one debt alone, and which page of it.

    Debts come with their lines as long as there is room.
    """
    debts = {debt.account: debt.lines for purse in found.purses for debt in purse.debts}
    asked = request.args.get("debt", "")
    if asked:
        account, page = (_whole(written) for written in (asked, request.args.get("page", "1")))
        if account not in debts or not page:
            not_found("no such debt in it")
        part = debts[account][(page - 1) * A_PAGE : page * A_PAGE]
        if not part:
            not_found("no such page")
        return {account: part}, account, page
    room, shown = A_PAGE, {}
    for account, each in debts.items():
        if len(each) <= room:
            shown[account], room = each, room - len(each)
    return shown, None, 1


def _whole(written: str) -> int:
    """A whole number of an address; nought for what is none, or longer than any of ours."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 19 else 0


def _dates(form: Period, status: int) -> ResponseReturnValue:
    with asking() as session:
        wait = waiting(session)
    return show("debtor/statement-dates.html", wait, form=form), status


def _asked() -> tuple[date, date]:
    """The days that the address names: a year, or two days; else this year so far."""
    asked = request.args
    try:
        if "first" in asked or "last" in asked:
            first, last = (date.fromisoformat(asked.get(name, "")) for name in ("first", "last"))
            if not _OLDEST <= first <= last <= today():
                raise ValueError
            return first, last
        year = int(asked["year"]) if "year" in asked else today().year
        if not _OLDEST.year <= year <= today().year:
            raise ValueError
    except ValueError:
        not_found("no such time")
    return _year(year)


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), min(date(year, 12, 31), today())
