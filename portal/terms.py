"""The terms of a plan as a page shows them before its button, and as they are kept when it is pressed."""

from collections.abc import Mapping

from flask import current_app
from sqlalchemy.orm import Session

from cases.arrangements.schedule import Schedule
from cases.arrangements.version import Proposal, covered_by, schedule_shown
from messaging.papers.terms import deal_of, terms_words
from messaging.tongue import Tongue


def words_of(
    session: Session, schedule: Schedule[int], covered: Mapping[int, int], *, currency: str, rhythm: str, language: str
) -> list[str]:
    """What is agreed to with a schedule, a paragraph each; `covered`: minor units by account. One statement."""
    deal = deal_of(session, schedule, covered, currency=currency, rhythm=rhythm)
    return terms_words(deal, Tongue(language), current_app.extensions["settings"].name)


def words_for(session: Session, proposal: Proposal, language: str) -> list[str]:
    """What is agreed to with a proposal, as it was shown. Two statements."""
    covered = covered_by(session, proposal.id)
    return words_of(session, schedule_shown(proposal, covered), {each.account_id: each.amount for each in covered},
                    currency=proposal.currency, rhythm=proposal.rhythm, language=language)  # fmt: skip
