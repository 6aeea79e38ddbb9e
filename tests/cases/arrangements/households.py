"""Answers of a household, for the tests of income and spending."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from cases.arrangements import statement_of_affairs as affairs
from cases.arrangements.standard_statement import SECTIONS, lines_of
from cases.arrangements.statement_of_affairs import Answer, StatementOfAffairs
from cases.history import Actor

MONTH: Mapping[str, int] = {
    "client-salary-or-wages": 1284_60, "child-benefit": 110_93, "tax-credits-universal-credit": 412_37,
    "rent": 520_00, "council-tax-rates": 96_00, "gas": 48_50, "electricity": 57_25, "water-supply": 31_40,
    "public-transport": 84_00, "childcare-costs": 120_00, "tv-licence": 14_12, "school-uniform": 12_00,
    "mobile-phone": 18_00, "home-phone-internet-tv": 32_00, "groceries": 392_17, "school-work-meals": 45_00,
    "clothing-footwear": 40_00, "toiletries": 22_50, "priority-repayments": 65_00,
}  # fmt: skip
"""An invented household of one adult and two children: minor units a month."""


def known(amount: int, rhythm: str = "monthly") -> Answer:
    """An amount in minor units, as it is typed."""
    return Answer("known", f"{amount / 100:.2f}", amount, rhythm)


def told(month: Mapping[str, int] = MONTH, **others: Answer) -> dict[str, Answer]:
    """The answers of a month, each typed as so much a month; `others` by line, with _ for -."""
    return {line: known(amount) for line, amount in month.items()} | {
        line.replace("_", "-"): answer for line, answer in others.items()
    }


def finished(
    session: Session, person: int, answers: Mapping[str, Answer], *, by: Actor, at: datetime, currency: str = "GBP"
) -> StatementOfAffairs:
    """A finished version with these answers; every other line was left empty."""
    draft = affairs.begin(session, person=person, currency=currency, by=by, at=at)
    for section in SECTIONS:
        page = {line: answers[line] for line in lines_of(section) if line in answers}
        affairs.save(session, draft.id, section, page, by=by, at=at)
    return affairs.finish(session, draft.id, by=by, at=at)
