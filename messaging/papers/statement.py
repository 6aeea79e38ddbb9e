"""The statement as a letter: for each currency the year in short, then each debt line by line.

What it says stands in `cases/debts/statement.py`; it adds up to the penny there, and nothing is reckoned
here but the totals of a column.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from cases.debts.held import Held, until
from cases.debts.statement import Debt, Line, Plan, Purse, Statement, statement_of
from cases.history import Actor
from cases.people.support import needs
from messaging import documents
from messaging.documents import Document
from messaging.figures import reference
from messaging.paper import Column, Letterhead, Paper, Words, figure
from messaging.papers.ending import advice, wrong
from messaging.papers.recipient import Recipient
from messaging.tongue import Tongue
from messaging.words import CURRENCIES, EACH, ENTRIES, KINDS, _d

SUMS: Final = {
    "charges": _d("Charges"),
    "interest": _d("Interest"),
    "fees": _d("Fees and costs"),
    "payments": _d("Paid"),
    "adjustments": _d("Corrections"),
    "refunds": _d("Paid back to you"),
}
"""The heading of each sum of a statement."""

_ALWAYS: Final = ("charges", "interest", "fees", "payments")
"""Sums that are told also where they are nought: that nothing was added is worth reading."""


def statement_letter(
    session: Session,
    to: Recipient,
    us: Letterhead,
    first: date,
    last: date,
    *,
    language: str,
    large: bool,
    at: datetime,
) -> Paper:
    """The statement of a person as a letter. Raises NotAPeriod."""
    statement = statement_of(session, to.people, first, last, at=at)
    return statement_paper(statement, Tongue(language), us, to=to, made_on=to.today(at), large=large)


def ask_statement(
    session: Session,
    to: Recipient,
    us: Letterhead,
    first: date,
    last: date,
    *,
    language: str,
    by: Actor,
    at: datetime,
    large: bool = False,
) -> Document:
    """Asks for the letter of a person's statement; the one that says the same is that letter.

    Whoever needs large print gets it.
    Raises NotAPeriod, documents.TooMany.
    """
    large = large or needs(session, to.people, "large_print")
    letter = statement_letter(session, to, us, first, last, language=language, large=large, at=at)
    return documents.ask(session, person=to.id, kind="statement", subject=f"person:{to.id}", language=language,
                         large=large, paper=letter.json, first=first, last=last, by=by, at=at)  # fmt: skip


def statement_paper(
    statement: Statement, tongue: Tongue, us: Letterhead, *, to: Recipient, made_on: date, large: bool
) -> Paper:
    """The letter of a statement that was read. Pure."""
    _ = tongue._
    first, last = tongue.day(statement.first), tongue.day(statement.last)
    paper = Paper(
        tongue, us, title=title(statement, tongue), to=to.lines, made_on=made_on, large=large,
        lead=_("Everything you owed, every charge and every payment, from %(first)s to %(last)s.",
               first=first, last=last),
        about=[(_("Your reference"), figure(reference(to.case))), (_("Made on"), tongue.day(made_on))],
    )  # fmt: skip
    for purse in statement.purses:
        _purse(paper, purse, statement, tongue)
    if not statement.purses:
        paper.text(_("You owed nothing in this time, and nothing was charged or paid."))
    for plan in statement.plans:
        paper.heading(_("Your plan"))
        paper.text(plan_words(plan, tongue))
    if statement.on_hold:
        paper.heading(_("On hold"))
        for debt, holds in statement.on_hold:
            paper.text(hold_words(debt, holds, tongue))
    if statement.purses:
        paper.heading(_("Each debt, line by line"))
        for purse in statement.purses:
            for debt in purse.debts:
                _debt(paper, debt, statement, tongue)
        paper.text(_("A sum with a minus made the debt smaller."))
    wrong(paper, tongue, us)
    advice(paper, tongue, to.country)
    return paper


def title(statement: Statement, tongue: Tongue) -> str:
    """What the statement is called: by its year, where it is a whole one."""
    _, first, last = tongue._, statement.first, statement.last
    if (first.month, first.day, last.month, last.day, first.year) == (1, 1, 12, 31, last.year):
        return _("Your statement for %(year)s", year=first.year)
    return _("Your statement from %(first)s to %(last)s", first=tongue.day(first), last=tongue.day(last))


def line_words(line: Line, tongue: Tongue) -> str:
    """What a line of a statement was."""
    what = tongue.word(ENTRIES, line.kind)
    return tongue._("%(what)s, taken back", what=what) if line.taken_back else what


def sums(of: Purse | Debt, tongue: Tongue, payments: int | None = None) -> list[tuple[str, int]]:
    """Name and amount of each heading that is told; `payments` is how many came, where that is said."""
    told = []
    for heading, amount in of.sums.items():
        if amount or heading in _ALWAYS:
            name = tongue.word(SUMS, heading)
            if heading == "payments" and payments:
                name = tongue._n("You paid, in %(num)s payment", "You paid, in %(num)s payments", payments)
            told.append((name, amount))
    return told


def name_of(debt: Debt, tongue: Tongue) -> str:
    """A debt by its creditor, kind and reference."""
    return f"{debt.creditor}, {tongue.word(KINDS, debt.kind, tongue._('A bill'))}, {debt.ref}"


def plan_words(plan: Plan, tongue: Tongue) -> str:
    """A plan in force, in two sentences."""
    _ = tongue._
    each = f"{tongue.money(plan.amount, plan.currency)} {tongue.word(EACH, plan.rhythm)}"
    when = _("The first payment is on %(first)s, the last on %(last)s.",
             first=tongue.day(plan.first_on), last=tongue.day(plan.last_on))  # fmt: skip
    if plan.count == 1:
        each = tongue.money(plan.amount, plan.currency)
        when = _("It is to be paid on %(day)s.", day=tongue.day(plan.first_on))
    count = tongue._n("%(num)s payment", "%(num)s payments", plan.count)
    return (_("%(each)s to %(creditors)s: %(count)s.", each=each, creditors=", ".join(plan.creditors), count=count)
            + " " + when)  # fmt: skip


def hold_words(debt: Debt, holds: Sequence[Held], tongue: Tongue) -> str:
    """A debt that is on hold: since when, and until when or when it is looked at again."""
    _, name = tongue._, name_of(debt, tongue)
    since = tongue.day(min(each.starts_on for each in holds))
    last_on, review_on = until(holds)
    if last_on is not None:
        return _("%(debt)s: on hold from %(first)s to %(last)s.", debt=name, first=since, last=tongue.day(last_on))
    if review_on is not None:
        return _("%(debt)s: on hold since %(first)s. We look at it again on %(day)s.", debt=name, first=since,
                 day=tongue.day(review_on))  # fmt: skip
    return _("%(debt)s: on hold since %(first)s.", debt=name, first=since)


def _purse(paper: Paper, purse: Purse, statement: Statement, tongue: Tongue) -> None:
    _ = tongue._

    def money(minor: int) -> str:
        return tongue.money(minor, purse.currency)

    called = tongue.word(CURRENCIES, purse.currency, purse.currency)
    opening, closing = (_("Owed on %(day)s", day=tongue.day(day)) for day in (statement.first, statement.last))
    paper.heading(_("In %(currency)s", currency=called))
    rows: list[tuple[Words, str]] = [(opening, money(purse.opening))]
    rows += [(name, money(amount)) for name, amount in sums(purse, tongue, purse.payments)]
    paper.sum(rows, (closing, money(purse.closing)))
    if len(purse.debts) > 1:
        columns = [
            Column(_("Creditor"), wide=True, title=True), Column(_("Owed at the beginning"), figures=True),
            Column(_("Added or taken off"), figures=True), Column(_("Paid"), figures=True),
            Column(_("Owed at the end"), figures=True, main=True),
        ]  # fmt: skip
        names = [debt.creditor for debt in purse.debts]
        each: list[list[Words]] = [
            [debt.creditor + ("" if names.count(debt.creditor) == 1 else f", {debt.ref}"), *_across(debt, money)]
            for debt in purse.debts
        ]
        paper.table(columns, each, [_("In all"), *_across(purse, money)])


def _across(of: Purse | Debt, money: Callable[[int], str]) -> list[str]:
    """What a row across says: what was owed, all that was added or taken off, what was paid, what is owed."""
    paid = of.sums["payments"]
    return [money(of.opening), money(of.closing - of.opening - paid), money(paid), money(of.closing)]


def _debt(paper: Paper, debt: Debt, statement: Statement, tongue: Tongue) -> None:
    _ = tongue._

    def money(minor: int) -> str:
        return tongue.money(minor, debt.currency)

    paper.heading(name_of(debt, tongue), level=3)
    if debt.joint:
        paper.text(_("You owe this together with somebody else."))
    opening: list[Words] = [
        tongue.day_short(statement.first), _("Owed at the beginning"), "", money(debt.opening),
    ]  # fmt: skip
    lines: list[list[Words]] = [
        [tongue.day_short(line.on), line_words(line, tongue), money(line.amount), money(line.after)]
        for line in debt.lines
    ]
    columns = [
        Column(_("Date"), title=True), Column(_("What"), wide=True), Column(_("Sum"), figures=True, main=True),
        Column(_("Owed after"), figures=True),
    ]  # fmt: skip
    paper.table(columns, [opening, *lines], [tongue.day_short(statement.last), _("Owed at the end"), "",
                                             money(debt.closing)])  # fmt: skip


