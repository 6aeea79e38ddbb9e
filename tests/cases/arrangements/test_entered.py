"""A plan entered on the telephone is judged as well: the user decides, and above what is left it is talked over."""

from collections.abc import Mapping

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import verify
from cases.arrangements import assessment, limits, version
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.assessment import Assessment
from cases.arrangements.offer import Terms
from cases.history import Kind
from tests.cases.arrangements.books import Book, lines, refused
from tests.cases.arrangements.test_assessment import ADMIN, FIRST, lives
from tests.factories import AT


@pytest.fixture
def book(session: Session) -> Book:
    made = Book(session)
    for creditor in (made.housing, made.council):
        limits.set_limits(session, creditor=creditor.id, debt_type=None, values={}, by=ADMIN, at=AT)
    return made


def enters(session: Session, book: Book, amount: int = 60_00, key: str = "e", **more: object) -> int:
    given = {"accounts": [book.rent.id], "terms": Terms(amount, FIRST), "key": key, "by": book.by, "at": AT} | more
    return assessment.enter(session, person=book.person.id, **given)  # type: ignore[arg-type]


def kept(session: Session) -> tuple[Assessment, Mapping[str, object]]:
    [row] = session.scalars(select(Assessment))
    [line] = lines(session, Kind.PROPOSAL_JUDGED)
    assert line.subject == f"proposal:{row.proposal_id}"
    return row, {"by": line.actor} | (line.facts or {})


def test_what_fits_begins_with_its_assessment_and_the_user_decided(session: Session, book: Book) -> None:
    lives(session, book, 200_00)
    plan = enters(session, book)
    assert enters(session, book) == plan, "a double click"
    row, told = kept(session)
    assert (row.verdict, row.available, row.proposed, row.reasons) == ("affordable", 200_00, 60_00, [])
    assert not row.accepted and told == {"by": str(book.by), "accepted": False}
    made = session.get_one(version.Proposal, session.get_one(Arrangement, plan).proposal_id)
    assert (made.state, made.decided_by) == ("agreed", str(book.by))
    assert verify.verify(session).clean


@pytest.mark.parametrize(("left", "verdict"), [(40_00, "counter_offer"), (-10_00, "token_or_hold")])
def test_above_what_is_left_it_begins_only_once_it_was_talked_over(
    left: int, verdict: str, session: Session, book: Book
) -> None:
    lives(session, book, left)
    assert refused(enters, session, book).code == "assessment.not_talked_over"
    assert session.scalars(select(Arrangement)).all() == [] and lines(session, Kind.PROPOSAL_SUBMITTED) == []
    enters(session, book, talked_over=True)
    row, told = kept(session)
    assert (row.verdict, row.reasons, row.accepted) == (verdict, [verdict], False)
    assert told == {"by": str(book.by), "accepted": False, "talked_over": True}


def test_where_nothing_is_told_there_is_nothing_to_talk_over(session: Session, book: Book) -> None:
    enters(session, book, talked_over=True)
    row, told = kept(session)
    assert (row.verdict, row.reasons) == (None, ["no_statement"]) and "talked_over" not in told


def test_it_is_judged_beside_what_runs_and_not_beside_itself(session: Session, book: Book) -> None:
    lives(session, book, 100_00)
    enters(session, book, 60_00)
    assert refused(enters, session, book, 50_00, "alarm", accounts=[book.alarm.id]).code == "assessment.not_talked_over"
    enters(session, book, 40_00, "alarm", accounts=[book.alarm.id])
    enters(session, book, 60_00, "anew")
    rows = session.scalars(select(Assessment).order_by(Assessment.proposal_id)).all()
    told = [(row.available, row.reasons) for row in rows]
    assert told == [(100_00, []), (40_00, []), (100_00, ["plan_runs"])], "the rent comes before the alarm"
