"""A proposal judged by rule: by what is left of a month, and by its creditors' limits; accepted at once, or looked at."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases import verify
from cases.arrangements import assessment, limits, proposal
from cases.arrangements.affordability import Verdict
from cases.arrangements.arrangement import live_plans
from cases.arrangements.assessment import Judged, judge
from cases.arrangements.offer import Terms, coverable, draft, offer
from cases.arrangements.schedule import Rhythm
from cases.arrangements.statement_of_affairs import Answer
from cases.history import Actor, Kind
from cases.work import queue
from tests.cases.arrangements.books import Book, lines, refused
from tests.cases.arrangements.households import finished, known, told
from tests.factories import AT, a_charge, a_due, an_account

ADMIN = Actor("admin", 1)
FIRST = date(2026, 12, 8)
OPEN: Mapping[str, int | None] = {}
"""Limits that limit nothing."""


@pytest.fixture
def book(session: Session) -> Book:
    made = Book(session)
    for creditor in (made.housing, made.council):
        limits.set_limits(session, creditor=creditor.id, debt_type=None, values=OPEN, by=ADMIN, at=AT)
    return made


def lives(session: Session, book: Book, left: int, **more: Answer) -> None:
    """So much is left each month for debts, minor units, once savings are put aside."""
    most = max(left, 180_00)  # of a surplus of 200.00 or more, 20.00 are put aside
    month = {"client-salary-or-wages": 1020_00 + most, "rent": 1000_00, "debt-admin-fee": most - left}
    answers = told(month, **more)
    finished(session, book.person.id, answers, by=book.own, at=AT)


def judged(session: Session, book: Book, amount: int, accounts: list[int] | None = None, **terms: object) -> Judged:
    people = [book.person.id]
    made = draft(session, people, accounts or [book.rent.id], Terms(amount, **({"first_on": FIRST} | terms)), AT)  # type: ignore[arg-type]
    return judge(session, people, made, offer(session, people, made.currency, AT).accounts, AT)


# ---------------------------------------------------------------- what is left


@pytest.mark.parametrize(
    ("left", "amount", "verdict", "reasons", "offers"),
    [
        (200_00, 60_00, Verdict.AFFORDABLE, (), None),
        (200_00, 200_00, Verdict.AFFORDABLE, (), None),
        (200_00, 200_01, Verdict.COUNTER_OFFER, ("counter_offer",), 200_00),
    ],
)
def test_a_proposal_is_judged_by_what_is_left(
    session: Session, book: Book, left: int, amount: int, verdict: Verdict, reasons: tuple[str, ...], offers: int | None
) -> None:
    lives(session, book, left)
    made = judged(session, book, amount)
    assert (made.verdict, made.available, made.proposed, made.reasons) == (verdict, left, amount, reasons)
    assert made.suggestion("monthly") == offers and made.at_once == (not reasons)


def test_where_nothing_is_left_no_sum_is_suggested(session: Session, book: Book) -> None:
    finished(session, book.person.id, told({"client-salary-or-wages": 900_00, "rent": 950_00}), by=book.own, at=AT)
    made = judged(session, book, 5_00 * 10)
    assert (made.verdict, made.reasons, made.suggestion("monthly")) == (Verdict.TOKEN_OR_HOLD, ("token_or_hold",), None)
    assert made.available == -50_00


def test_any_rhythm_is_compared_as_a_month(session: Session, book: Book) -> None:
    lives(session, book, 130_00)
    assert judged(session, book, 30_00, rhythm=Rhythm.WEEKLY).verdict is Verdict.AFFORDABLE
    made = judged(session, book, 30_01, rhythm=Rhythm.WEEKLY)
    assert (made.proposed, made.verdict, made.suggestion("weekly")) == (130_04, Verdict.COUNTER_OFFER, 30_00)


def test_debts_that_come_first_leave_less_for_the_others(session: Session, book: Book) -> None:
    lives(session, book, 200_00, priority_repayments=known(50_00), non_priority_repayments=known(30_00))
    assert judged(session, book, 60_00).available == 150_00
    made = judged(session, book, 60_00, book.both)
    assert made.available == 120_00 and "priority_first" not in made.reasons
    alone = judged(session, book, 60_00, [book.alarm.id])
    assert (alone.available, alone.reasons) == (120_00, ("priority_first",))


def test_a_plan_that_runs_leaves_less_but_not_to_the_one_that_takes_its_place(session: Session, book: Book) -> None:
    lives(session, book, 200_00)
    proposal.enter(session, person=book.person.id, accounts=[book.rent.id], terms=Terms(80_00, FIRST), key="e", by=book.by, at=AT)
    assert judged(session, book, 60_00, [book.alarm.id]).available == 120_00
    anew = judged(session, book, 60_00, [book.rent.id])
    assert (anew.available, anew.reasons) == (200_00, ("plan_runs",))


@pytest.mark.parametrize(("first", "reasons"), [(200_00, ()), (200_01, ("upfront",))])
def test_a_sum_first_that_a_month_does_not_leave_is_for_a_person(
    session: Session, book: Book, first: int, reasons: tuple[str, ...]
) -> None:
    lives(session, book, 200_00)
    assert judged(session, book, 60_00, upfront=first, upfront_on=date(2026, 12, 1)).reasons == reasons


def test_what_is_not_known_or_old_is_for_a_person(session: Session, book: Book) -> None:
    assert judged(session, book, 60_00).reasons == ("no_statement",)
    lives(session, book, 200_00, groceries=Answer("not_sure"))
    assert judged(session, book, 60_00).reasons == ("gaps",)
    assert judged(session, book, 60_00, kind="promise").reasons == ("gaps", "promise")
    lives(session, book, 200_00, groceries=Answer())
    people, late = [book.person.id], AT + timedelta(days=366)
    made = draft(session, people, [book.rent.id], Terms(60_00, late.date() + timedelta(days=9)), late)
    assert judge(session, people, made, coverable(session, people, late), late).reasons == ("old_statement",)


# ---------------------------------------------------------------- limits



@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"least_debt": 57_000}, None), ({"least_debt": 57_001}, "too_small"),
        ({"most_debt": 57_000}, None), ({"most_debt": 56_999}, "too_large"),
        ({"old_days": 51, "most_old": 0}, None), ({"old_days": 50, "most_old": 4_999}, "too_old"),
        ({"old_days": 50, "most_old": 5_000}, None),
        ({"least_instalment": 60_00}, None), ({"least_instalment": 60_01}, "instalment_too_small"),
        ({"most_months": 10}, None), ({"most_months": 9}, "too_long"),
        ({"start_within_days": 14}, None), ({"start_within_days": 13}, "too_late"),
        ({"share_percent": 30}, None), ({"share_percent": 29}, "share_above"),
    ],
)  # fmt: skip
def test_each_limit_holds_at_its_edge(session: Session, book: Book, values: dict[str, int], reason: str | None) -> None:
    lives(session, book, 200_00)
    limits.set_limits(session, creditor=book.housing.id, debt_type="rent", values=values, by=ADMIN, at=AT)
    assert judged(session, book, 60_00).reasons == ((reason,) if reason else ())


def test_old_is_what_is_due_and_not_met_and_not_what_was_charged_long_ago(session: Session, book: Book) -> None:
    lives(session, book, 200_00)
    old = {"old_days": 40, "most_old": 4_999}
    limits.set_limits(session, creditor=book.housing.id, debt_type=None, values=old, by=ADMIN, at=AT)
    loan = an_account(session, book.housing, book.person, debt_type="loan")
    a_charge(session, loan, 500_000, date(2025, 1, 1))
    for day in (date(2026, 11, 1), date(2027, 1, 1)):
        a_due(session, loan, day, 20_000)
    assert judged(session, book, 60_00, [loan.id]).reasons == ("priority_first",)
    a_charge(session, book.rent, 52_000, date(2026, 11, 20))  # for the rent of December: nothing of it is due
    assert judged(session, book, 60_00).reasons == ("too_old",)


@pytest.mark.parametrize(("raised", "reasons"), [(date(2026, 11, 20), ()), (date(2026, 6, 1), ("too_old",))])
def test_fees_and_interest_are_as_old_as_the_day_they_were_raised(
    session: Session, book: Book, raised: date, reasons: tuple[str, ...]
) -> None:
    lives(session, book, 200_00)
    debt = an_account(session, book.council, book.person, debt_type="council_tax")
    a_charge(session, debt, 10_000, date(2026, 9, 13))
    a_charge(session, debt, 1_000, raised, kind="fee")
    old = {"old_days": 60, "most_old": 10_000}
    limits.set_limits(session, creditor=book.council.id, debt_type="council_tax", values=old, by=ADMIN, at=AT)
    assert judged(session, book, 60_00, [debt.id]).reasons == reasons


@pytest.mark.parametrize(("values", "reasons"), [
    ({"most_debt": 29_640}, ()), ({"most_debt": 29_639}, ("too_large",)),
    ({"least_debt": 14_820}, ()), ({"least_debt": 14_821}, ("too_small",)),
    ({"old_days": 72, "most_old": 29_639}, ("too_old",)),
])  # fmt: skip
def test_debts_of_one_creditor_and_kind_count_together_in_one_plan_or_one_by_one(
    session: Session, book: Book, values: dict[str, int], reasons: tuple[str, ...]
) -> None:
    lives(session, book, 200_00)
    other = an_account(session, book.council, book.person, debt_type="care")
    a_charge(session, other, 14_820, date(2026, 9, 13))
    limits.set_limits(session, creditor=book.council.id, debt_type="care", values=values, by=ADMIN, at=AT)
    for accounts in ([book.rent.id, other.id], [book.rent.id, other.id, book.alarm.id]):
        assert judged(session, book, 60_00, accounts).reasons == reasons


def test_many_small_debts_need_a_statement_as_one_would(session: Session, book: Book) -> None:
    other = an_account(session, book.housing, book.person, debt_type="rent")
    a_charge(session, other, 500, date(2026, 9, 13))
    for above, reasons in ((57_500, ()), (57_499, ("no_statement",))):
        small = {"statement_above": above}
        limits.set_limits(session, creditor=book.housing.id, debt_type="rent", values=small, by=ADMIN, at=AT)
        assert judged(session, book, 5_00, [other.id]).reasons == reasons


def test_limits_in_the_creditors_money_say_nothing_of_debts_in_another(session: Session, book: Book) -> None:
    debt = an_account(session, book.housing, book.person, debt_type="rent", currency="SEK")
    a_charge(session, debt, 90_000, date(2026, 10, 1))
    small = {"statement_above": 100_000}
    limits.set_limits(session, creditor=book.housing.id, debt_type="rent", values=small, by=ADMIN, at=AT)
    assert judged(session, book, 300_00, [debt.id]).reasons == ("no_statement", "no_limits")


def test_years_since_the_last_plan_over_a_debt(session: Session, book: Book) -> None:
    lives(session, book, 200_00)
    limits.set_limits(session, creditor=book.housing.id, debt_type="rent", values={"years_since_plan": 2}, by=ADMIN, at=AT)
    assert judged(session, book, 60_00).reasons == ()
    proposal.enter(session, person=book.person.id, accounts=[book.rent.id], terms=Terms(80_00, FIRST), key="e", by=book.by, at=AT)
    assert judged(session, book, 60_00).reasons == ("plan_before", "plan_runs")


def test_a_kind_of_debt_has_its_own_limits_else_its_creditors_else_a_person_looks(session: Session, book: Book) -> None:
    lives(session, book, 200_00)
    other = an_account(session, book.housing, book.person, debt_type="garage")
    a_charge(session, other, 90_00, date(2026, 9, 1))
    limits.set_limits(session, creditor=book.housing.id, debt_type="garage", values={"most_debt": 1}, by=ADMIN, at=AT)
    assert judged(session, book, 60_00).reasons == ()
    assert "too_large" in judged(session, book, 60_00, [other.id]).reasons
    limits.set_limits(session, creditor=book.housing.id, debt_type=None, values=None, by=ADMIN, at=AT)
    assert judged(session, book, 60_00).reasons == ("no_limits",)


def test_a_small_debt_may_need_no_statement_and_a_suggestion_is_rounded_down(session: Session, book: Book) -> None:
    limits.set_limits(session, creditor=book.housing.id, debt_type="rent", values={"statement_above": 57_000, "round_to": 10_00},
                      by=ADMIN, at=AT)  # fmt: skip
    assert judged(session, book, 60_00).at_once
    assert judged(session, book, 60_00, book.both).reasons == ("no_statement",)
    lives(session, book, 57_30)
    assert judged(session, book, 60_00).suggestion("monthly") == 50_00


def test_setting_limits_is_told_with_the_old_and_the_new_and_nothing_new_tells_nothing(session: Session, book: Book) -> None:
    before = len(lines(session, Kind.LIMITS_SET))
    for _ in range(2):
        limits.set_limits(session, creditor=book.housing.id, debt_type="rent", values={"most_debt": 5}, by=ADMIN, at=AT)
    limits.set_limits(session, creditor=book.housing.id, debt_type="rent", values=None, by=ADMIN, at=AT)
    one, two = sorted(lines(session, Kind.LIMITS_SET), key=lambda line: line.id)[before:]
    assert (one.facts["was"], one.facts["now"]["most_debt"], one.creditor_id) == (None, 5, book.housing.id)
    assert (two.facts["was"]["most_debt"], two.facts["now"]) == (5, None)
    half = refused(limits.set_limits, session, creditor=book.housing.id, debt_type=None, values={"old_days": 5}, by=ADMIN, at=AT)
    assert half.code == "limits.both_old"
    nobody = refused(limits.set_limits, session, creditor=0, debt_type=None, values={}, by=ADMIN, at=AT)
    assert nobody.code == "limits.creditor_unknown"
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("update plan_limits set most_debt = 6"))


# ---------------------------------------------------------------- accepted at once, or looked at


def sent(session: Session, book: Book, amount: int, *, asked: bool = False, key: str = "k") -> tuple[int, bool]:
    row = book.propose(session, AT, Terms(amount, FIRST), accounts=[book.rent.id], key=key)
    return row.id, assessment.settle(session, row.id, asked=asked, at=AT)


def test_inside_the_limits_and_affordable_it_is_agreed_at_once_and_once(session: Session, book: Book) -> None:
    lives(session, book, 200_00)
    number, accepted = sent(session, book, 60_00)
    assert accepted and sent(session, book, 60_00) == (number, True), "a double click"
    assert len(live_plans(session, accounts=[book.rent.id])) == 1
    assert queue.open_items(session, [book.person.id]) == []
    [agreed], [told_] = lines(session, Kind.PROPOSAL_AGREED), lines(session, Kind.PROPOSAL_JUDGED)
    assert (agreed.actor, told_.actor) == ("limits", "limits")
    assert told_.facts == {"accepted": True}
    assert verify.verify(session).clean


def test_outside_or_on_asking_it_waits_for_a_person_with_the_reasons(session: Session, book: Book) -> None:
    lives(session, book, 50_00)
    number, accepted = sent(session, book, 60_00)
    kept = assessment.assessments_of(session, [number])[number]
    assert not accepted and (kept.reasons, kept.available, kept.proposed) == (["counter_offer"], 50_00, 60_00)
    assert [item.subject for item in queue.open_items(session, [book.person.id])] == [f"proposal:{number}"]
    lives(session, book, 200_00)
    number, accepted = sent(session, book, 60_00, asked=True, key="k2")
    assert not accepted and assessment.assessments_of(session, [number])[number].reasons == ["asked"]
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("update assessment set accepted = true"))


def test_what_an_assessment_tells_of_somebodys_means_is_not_in_the_history_and_may_be_erased(session: Session, book: Book) -> None:
    lives(session, book, 0)
    number, accepted = sent(session, book, 60_00)
    [told_] = lines(session, Kind.PROPOSAL_JUDGED)
    assert (accepted, told_.facts) == (False, {"accepted": False})
    for change in ("available = 1, reasons = '{}'", "verdict = null", "proposed = 1, reasons = '{}'", "reasons = '{asked}'"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(f"update assessment set {change}"))
    session.execute(text("update assessment set statement_id = null, verdict = null, available = null, reasons = '{}'"))
    session.expire_all()
    kept = assessment.assessments_of(session, [number])[number]
    assert (kept.verdict, kept.available, kept.reasons, kept.accepted, kept.proposed) == (None, None, [], False, 60_00)
