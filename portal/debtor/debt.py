"""A debt's page: what it is made of, why so much, and every line of its ledger with the balance after it."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from flask import g, request

from cases.arrears.explain import Facts
from cases.debts.held import stops
from messaging.words import LINES
from portal.access import asking, debtor, not_found, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.debtor.owed import debts_of, plans_over
from portal.debtor.words import entry_words, kind_of_debt, word

A_PAGE: Final = 50
"""Lines on one page, newest first."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One entry: its value date, minor units (plus raises what is owed), and what is owed after it."""

    on: date
    kind: str
    component: str
    reverses: bool
    amount: int
    after: int

    @property
    def words(self) -> str:
        """What it was."""
        return entry_words(self.kind, self.component, self.reverses)


@blueprint.get("/debt/<int:account>")
@debtor
def debt(account: int) -> str:
    """One debt of whoever asks; anyone else's is not found."""
    page = _page()
    with asking() as session:
        wait = waiting(session)
        found = debts_of(session, visitor().people, g.now, account)
        if not found:
            not_found("no such debt of theirs")
        plans = plans_over(session, found)
    lines, total = ledger_page(found[0].facts, page)
    if page > 1 and not lines:
        not_found("no such page")
    before = (page - 1) * A_PAGE
    return show(
        "debtor/debt.html", wait, debt=found[0], plans={p.id: p for p in plans}, ledger=lines, total=total, page=page,
        first=before + 1, last=before + len(lines), kind_of_debt=kind_of_debt, word=word, lines=LINES,
        stopped=partial(stops, found[0].holds),
    )  # fmt: skip


def ledger_page(facts: Facts, page: int) -> tuple[list[LedgerLine], int]:
    """A page of an account's ledger, newest first, and how many lines there are. Pure.

    The balance after a line is that of all lines before it by value date, then by number.
    """
    lines, after = [], 0
    for entry in facts.entries:
        after += entry.amount
        lines.append(LedgerLine(entry.value_date, entry.kind, entry.component, entry.reverses is not None,
                                entry.amount, after))  # fmt: skip
    lines.reverse()
    return lines[(page - 1) * A_PAGE : page * A_PAGE], len(lines)


def _page() -> int:
    asked = request.args.get("page", "1")
    return int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 7 and int(asked) else 1
