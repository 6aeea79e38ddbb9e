"""Which payments fit: from the least that limits ask to the most that is left, in round figures that lie inside."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cases.arrangements import limits, means
from cases.arrangements.affordability import range_inside, shown_range
from cases.arrangements.means import Range
from cases.arrangements.offer import coverable
from cases.arrangements.schedule import Rhythm
from cases.arrangements.statement_of_affairs import Answer
from tests.cases.arrangements.books import Book
from tests.cases.arrangements.test_assessment import ADMIN, judged, lives
from tests.factories import AT

SOME: Mapping[str, int] = {"least_instalment": 70_00, "most_months": 24, "round_to": 10_00}


@pytest.fixture
def book(session: Session) -> Book:
    made = Book(session)
    for creditor in (made.housing, made.council):
        limits.set_limits(session, creditor=creditor.id, debt_type=None, values=SOME, by=ADMIN, at=AT)
    return made


def fits(
    session: Session, book: Book, rhythm: str = "monthly", at: datetime = AT, accounts: list[int] | None = None
) -> Range | None:
    people = [book.person.id]
    debts = [each for each in coverable(session, people, at) if each.account in (accounts or [book.rent.id])]
    return means.fitting(session, people, debts, rhythm, at)


def test_it_goes_from_the_least_that_is_asked_to_the_most_that_is_left(session: Session, book: Book) -> None:
    assert fits(session, book) is None, "nothing is told"
    lives(session, book, 194_30)
    assert fits(session, book) == Range(70_00, 190_00)
    assert fits(session, book, "four_weekly") == Range(70_00, 170_00)
    assert fits(session, book, "weekly") == Range(None, 40_00), "each payment is below the least that is asked"


@pytest.mark.parametrize("rhythm", list(Rhythm))
@pytest.mark.parametrize(
    "values", [{}, {"most_months": 12, "share_percent": 50, "round_to": 1_00}, {"least_instalment": 11_11},
               {"least_instalment": 8_00, "most_months": 7, "round_to": 5_00}]
)  # fmt: skip
def test_both_ends_are_agreed_at_once_and_no_step_above_is(
    rhythm: Rhythm, values: Mapping[str, int], session: Session, book: Book
) -> None:
    for creditor in (book.housing, book.council):
        limits.set_limits(session, creditor=creditor.id, debt_type=None, values=values, by=ADMIN, at=AT)
    lives(session, book, 237_77)
    for accounts in ([book.rent.id], book.both):
        found = fits(session, book, rhythm, accounts=accounts)
        assert found is not None and found.low is not None and found.low < found.high
        for amount in (found.low, found.high):
            made = judged(session, book, amount, accounts, rhythm=rhythm)
            assert made.at_once and made.fits == found, (amount, made)
        above = judged(session, book, found.high + (values.get("round_to") or 10_00), accounts, rhythm=rhythm)
        assert {"counter_offer", "share_above"} & set(above.reasons)


def test_of_several_debts_each_brings_the_least_that_is_asked(session: Session, book: Book) -> None:
    lives(session, book, 600_00)
    # the smaller debt, of 148.20 beside 570.00, brings its 70.00 of each payment: 339.24 together
    assert fits(session, book, accounts=book.both) == Range(340_00, 600_00)


def test_it_goes_no_further_than_what_is_owed(session: Session, book: Book) -> None:
    lives(session, book, 900_00)
    assert fits(session, book) == Range(70_00, 570_00)


@pytest.mark.parametrize("left", [0, -10_00])
def test_where_nothing_is_left_nothing_is_said(left: int, session: Session, book: Book) -> None:
    lives(session, book, left)
    assert fits(session, book) is None


def test_where_no_plan_could_end_nothing_is_said(session: Session, book: Book) -> None:
    lives(session, book, 9_00)
    assert fits(session, book) is None
    lives(session, book, 9_50)
    assert fits(session, book) == Range(None, 9_00)


def test_over_a_gap_or_an_old_statement_nothing_is_said(session: Session, book: Book) -> None:
    lives(session, book, 194_30, groceries=Answer("not_sure"))
    assert fits(session, book) is None
    lives(session, book, 194_30)
    assert fits(session, book, at=AT + timedelta(days=364)) is not None
    assert fits(session, book, at=AT + timedelta(days=366)) is None


@given(st.integers(0, 50_000), st.integers(1, 50_000), st.integers(1, 1_000))
def test_no_figure_lies_outside_and_round_ones_are_what_is_shown(low: int, more: int, unit: int) -> None:
    high = low + more
    shown = range_inside(low, high, high, unit)
    assert low <= shown[0] <= shown[1] <= high
    assert shown == (low, high) or shown == shown_range(*shown, high, unit)
