"""Holds: what the law always stops, the days they count, plans under them, and what is told to whom."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases.arrangements import monitoring, proposal
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.offer import Terms, offers
from cases.debts import hold, hold_watch
from cases.debts.account import Account
from cases.debts.held import Pause, day_after, held, held_on, until
from cases.history import Actor, Kind
from cases.people.person import Person
from cases.refusal import Refusal
from cases.work import queue
from tests.cases.arrangements.books import lines
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, a_person, a_user, an_account

TODAY = AT.date()
PRIYA = Actor("collector", 1)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def owing(session: Session, *others: Person, debt_type: str = "rent", amount: int = 1_000_00) -> tuple[Person, Account]:
    creditor = a_creditor(session)
    person = a_person(session, creditor)
    account = an_account(session, creditor, person, *others, debt_type=debt_type)
    a_charge(session, account, amount, date(2026, 9, 1))
    return person, account


def placed(session: Session, person: Person, *accounts: Account, basis: str = "vulnerability", at: datetime = AT,
           **given: object) -> hold.Hold:  # fmt: skip
    values: dict[str, object] = {
        "stops": ["reminders", "judging", "plans"], "starts_on": at.date(), "last_on": None,
        "review_on": at.date() + timedelta(days=30), "key": f"k{at.isoformat()}{basis}",
    }  # fmt: skip
    return hold.place(session, person=person.id, basis=basis, accounts=[each.id for each in accounts], by=PRIYA, at=at,
                      **(values | given))  # type: ignore[arg-type]  # fmt: skip


# ------------------------------------------------------------------------------ what it stops


@pytest.mark.parametrize(("basis", "always"), [
    ("breathing_space", {"reminders", "interest"}), ("crisis", {"reminders", "interest"}), ("dispute", {"money"}),
    ("vulnerability", set()), ("insolvency", {"reminders"}), ("deceased", {"reminders", "messages"}),
])  # fmt: skip
def test_what_a_law_stops_is_stopped_whatever_is_chosen(session: Session, basis: str, always: set[str]) -> None:
    person, account = owing(session)
    made = placed(session, person, account, basis=basis, stops=["judging"])
    assert set(made.stops) == always | {"judging"}


@pytest.mark.parametrize(("given_", "code"), [
    ({"basis": "a_whim"}, "hold.basis_unknown"),
    ({"stops": []}, "hold.stops_nothing"),
    ({"review_on": None}, "hold.no_end"),
    ({"last_on": TODAY - timedelta(days=1)}, "hold.day_wrong"),
    ({"starts_on": TODAY + timedelta(days=5), "last_on": TODAY + timedelta(days=4)}, "hold.day_wrong"),
    ({"review_on": TODAY - timedelta(days=1)}, "hold.day_wrong"),
])  # fmt: skip
def test_a_hold_that_cannot_be_is_refused_with_its_reason(session: Session, given_: dict[str, object], code: str) -> None:
    person, account = owing(session)
    with pytest.raises(Refusal) as refused:
        placed(session, person, account, **given_)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_debt_of_somebody_else_cannot_be_held_and_some_debt_must_be(session: Session) -> None:
    person, _account = owing(session)
    _other, theirs = owing(session)
    for accounts, code in (([theirs], "hold.unknown_account"), ([], "hold.no_account")):
        with pytest.raises(Refusal) as refused:
            placed(session, person, *accounts)
        assert refused.value.code == code


@pytest.mark.parametrize(("country", "kind", "covered"), [
    ("GB", "rent", True), ("GB", "court_fine", False), ("GB", "student_loan", False), ("SE", "rent", False),
])  # fmt: skip
def test_a_breathing_space_covers_debts_of_its_own_country_and_kinds_alone(
    session: Session, country: str, kind: str, covered: bool
) -> None:
    creditor = a_creditor(session, country=country, currency="GBP")
    person = a_person(session, creditor)
    account = an_account(session, creditor, person, debt_type=kind)
    if covered:
        assert placed(session, person, account, basis="breathing_space").id
        return
    with pytest.raises(Refusal) as refused:
        placed(session, person, account, basis="breathing_space")
    assert refused.value.code == "hold.not_covered"


def test_the_same_key_places_one_hold(session: Session) -> None:
    person, account = owing(session)
    assert placed(session, person, account).id == placed(session, person, account).id
    assert len(lines(session, Kind.HOLD_PLACED)) == 1


def test_what_was_placed_stays_and_only_its_words_may_be_erased(session: Session) -> None:
    person, account = owing(session)
    made = placed(session, person, account, reason="A letter came")
    session.execute(text("update hold set reason = null, salt = null where id = :id"), {"id": made.id})
    for change in ("update hold set reason = 'x'", "update hold set stops = '{money}'", "delete from hold_account",
                   "update hold_term set last_on = '2026-12-01'"):  # fmt: skip
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(change))


# ------------------------------------------------------------------------------ days


def test_a_hold_stands_from_its_first_day_to_its_last_by_the_creditors_days(session: Session) -> None:
    creditor = a_creditor(session, zone="Pacific/Auckland")
    person = a_person(session, creditor)
    account = an_account(session, creditor, person)
    a_charge(session, account, 100, date(2026, 9, 1))
    placed(session, person, account, starts_on=date(2026, 12, 1), last_on=date(2026, 12, 3), review_on=None)

    def stands(moment: datetime) -> bool:
        return bool(held(session, [account.id], moment))

    # Auckland is 13 hours ahead of UTC then.
    assert not stands(datetime(2026, 11, 30, 10, 59, tzinfo=UTC)) and stands(datetime(2026, 11, 30, 11, 0, tzinfo=UTC))
    assert stands(datetime(2026, 12, 3, 10, 59, tzinfo=UTC)) and not stands(datetime(2026, 12, 3, 11, 0, tzinfo=UTC))
    assert [bool(held_on(session, [account.id], date(2026, 12, day))) for day in (1, 3, 4)] == [True, True, False]


def test_until_is_the_last_day_of_the_last_or_the_next_review(session: Session) -> None:
    person, account = owing(session)
    placed(session, person, account, last_on=date(2026, 12, 3), review_on=None, key="a")
    placed(session, person, account, last_on=date(2026, 12, 9), review_on=None, key="b")
    assert until(held(session, [account.id], AT)) == (date(2026, 12, 9), None)
    placed(session, person, account, review_on=date(2026, 12, 20), key="c")
    assert until(held(session, [account.id], AT)) == (None, date(2026, 12, 20))
    assert until([]) == (None, None)


@pytest.mark.parametrize(("since", "days", "pauses", "expected"), [
    (1, 5, [], 6),
    (1, 5, [(3, 5)], 8),
    (1, 5, [(6, 9)], 6),  # its first day is the first that does not count: five have passed by then
    (1, 5, [(5, 9)], 10),
    (4, 5, [(1, 9)], 14),
    (1, 5, [(2, 4), (3, 6), (5, 7)], 11),  # overlapping pauses count once
    (1, 5, [(2, None)], None),
    (1, 0, [(1, 4)], 4),
    (1, 0, [(2, 4)], 1),
    (9, 5, [(1, 4)], 14),
])  # fmt: skip
def test_days_of_a_pause_do_not_count(since: int, days: int, pauses: list[tuple[int, int | None]], expected: int | None) -> None:
    def day(n: int) -> date:
        return date(2026, 12, n)

    found = day_after(day(since), days, [Pause(day(a), day(b) if b else None) for a, b in pauses])
    assert found == (day(expected) if expected else None)


@given(
    days=st.integers(0, 40),
    pauses=st.lists(st.tuples(st.integers(-20, 60), st.integers(0, 20)), max_size=6),
)
def test_the_day_found_is_the_first_on_which_enough_days_outside_pauses_have_passed(
    days: int, pauses: list[tuple[int, int]]
) -> None:
    since = date(2026, 3, 1)
    given_ = [Pause(since + timedelta(days=a), since + timedelta(days=a + n)) for a, n in pauses]
    found = day_after(since, days, given_)
    assert found is not None

    def passed(day: date) -> int:
        each = (since + timedelta(days=n) for n in range((day - since).days))
        return sum(1 for one in each if not any(p.start <= one < p.end for p in given_ if p.end))

    assert passed(found) == days
    if days:
        assert passed(found - timedelta(days=1)) == days - 1


# ------------------------------------------------------------------------------ plans under it


def a_plan(session: Session, *, first_on: date = date(2026, 12, 1)) -> tuple[Person, Account, int]:
    person, account = owing(session)
    by = Actor("collector", a_user(session).id)
    number = proposal.enter(session, person=person.id, accounts=[account.id], terms=Terms(100_00, first_on), key="plan", by=by,
                            at=AT)  # fmt: skip
    return person, account, number


def state(session: Session, number: int, day: date) -> str:
    monitoring.close(session, {number: day}, by=BY, at=noon(day + timedelta(days=1)))
    return session.get_one(Arrangement, number).state


def test_days_of_a_hold_count_towards_no_missed_payment_and_tolerance_runs_on_after_it(session: Session) -> None:
    person, account, number = a_plan(session)
    placed(session, person, account, starts_on=date(2026, 12, 3), last_on=date(2026, 12, 12), review_on=None)
    # Two days had passed; three more do after the hold.
    assert [state(session, number, date(2026, 12, day)) for day in (6, 13, 15)] == ["live"] * 3
    assert state(session, number, date(2026, 12, 16)) == "broken"
    assert monitoring.unlike(session) is None


def test_a_hold_that_stops_no_judging_changes_nothing_in_a_plan(session: Session) -> None:
    person, account, number = a_plan(session)
    placed(session, person, account, stops=["reminders"])
    assert state(session, number, date(2026, 12, 6)) == "broken"


def test_a_hold_from_before_makes_a_broken_plan_live_again_without_thanks(session: Session) -> None:
    person, account, number = a_plan(session)
    assert state(session, number, date(2026, 12, 6)) == "broken"
    placed(session, person, account, starts_on=date(2026, 12, 4), at=noon(date(2026, 12, 7)))
    assert session.get_one(Arrangement, number).state == "live"
    assert lines(session, Kind.ARRANGEMENT_CURED) == [] and len(lines(session, Kind.ARRANGEMENT_RELIEVED)) == 1
    assert "broken" not in {item.kind for item in queue.open_items(session, [person.id])}


def test_only_what_is_missing_on_other_debts_breaks_a_plan_over_several(session: Session) -> None:
    creditor = a_creditor(session)
    person = a_person(session, creditor)
    rent, fees = (an_account(session, creditor, person, debt_type=kind) for kind in ("rent", "care"))
    for account in (rent, fees):
        a_charge(session, account, 500_00, date(2026, 9, 1))
    by = Actor("collector", a_user(session).id)
    number = proposal.enter(session, person=person.id, accounts=[rent.id, fees.id], terms=Terms(100_00, date(2026, 12, 1)),
                            key="plan", by=by, at=AT)  # fmt: skip
    placed(session, person, rent)
    assert state(session, number, date(2026, 12, 6)) == "broken"
    assert lines(session, Kind.ARRANGEMENT_BROKEN)[0].facts["left"] == 50_00  # type: ignore[index]
    a_payment(session, [(fees, 50_00)], date(2026, 12, 7), at=noon(date(2026, 12, 7)))
    assert session.get_one(Arrangement, number).state == "live"


def test_no_plan_can_be_proposed_or_agreed_over_a_debt_that_is_held_from_plans(session: Session) -> None:
    person, account = owing(session)
    asked = proposal.propose(session, person=person.id, accounts=[account.id], terms=Terms(100_00, date(2026, 12, 1)), key="k",
                             by=Actor("debtor", person.id), at=AT)  # fmt: skip
    placed(session, person, account)
    assert offers(session, [person.id], AT) == []
    acts = (
        lambda: proposal.approve(session, asked.id, by=PRIYA, at=AT),
        lambda: proposal.propose(session, person=person.id, accounts=[account.id], terms=Terms(100_00, date(2026, 12, 1)),
                                 key="2", by=PRIYA, at=AT),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == "proposal.on_hold"


# ------------------------------------------------------------------------------ its term


def test_a_term_is_changed_and_ended_by_new_rows_and_each_is_told(session: Session) -> None:
    person, account = owing(session)
    made = placed(session, person, account)
    later = AT + timedelta(days=3)
    hold.prolong(session, made.id, last_on=date(2026, 12, 30), review_on=None, by=PRIYA, at=later)
    hold.prolong(session, made.id, last_on=date(2026, 12, 30), review_on=None, by=PRIYA, at=later)
    hold.end(session, made.id, why="reason_gone", by=PRIYA, at=later + timedelta(days=1))
    assert not held(session, [account.id], later + timedelta(days=1))
    assert held_on(session, [account.id], later.date()), "it held until the day before"
    told = {kind: len(lines(session, kind)) for kind in (Kind.HOLD_PLACED, Kind.HOLD_CHANGED, Kind.HOLD_ENDED)}
    assert set(told.values()) == {1}, told
    with pytest.raises(Refusal) as refused:
        hold.end(session, made.id, why="mistake", by=PRIYA, at=later + timedelta(days=2))
    assert refused.value.code == "hold.over"


def test_a_hold_ended_before_it_begins_holds_no_day(session: Session) -> None:
    person, account = owing(session)
    made = placed(session, person, account, starts_on=TODAY + timedelta(days=9), review_on=TODAY + timedelta(days=20))
    hold.end(session, made.id, why="mistake", by=PRIYA, at=AT)
    assert not held_on(session, [account.id], TODAY + timedelta(days=9))


def test_time_ends_a_hold_once_and_asks_for_its_review_once_a_term(session: Session) -> None:
    person, account = owing(session)
    ends = placed(session, person, account, last_on=date(2026, 12, 1), review_on=None, key="a")
    reviewed = placed(session, person, account, review_on=date(2026, 12, 1), key="b")
    assert hold_watch.pass_time(session, by=BY, at=noon(date(2026, 11, 30)), most=10) == 0
    assert hold_watch.pass_time(session, by=BY, at=noon(date(2026, 12, 1)), most=10) == 1
    assert hold_watch.pass_time(session, by=BY, at=noon(date(2026, 12, 2)), most=10) == 1
    assert hold_watch.pass_time(session, by=BY, at=noon(date(2026, 12, 3)), most=10) == 0
    assert {item.subject for item in queue.open_items(session, [person.id])} == {f"hold:{ends.id}", f"hold:{reviewed.id}"}
    assert [line.subject for line in lines(session, Kind.HOLD_ENDED)] == [f"hold:{ends.id}"]
    hold.prolong(session, reviewed.id, last_on=None, review_on=date(2026, 12, 20), by=PRIYA, at=noon(date(2026, 12, 3)))
    assert f"hold:{reviewed.id}" not in {item.subject for item in queue.open_items(session, [person.id])}
    assert hold_watch.pass_time(session, by=BY, at=noon(date(2026, 12, 20)), most=10) == 1


def test_whoever_owes_it_too_is_told_without_the_reason(session: Session) -> None:
    creditor = a_creditor(session)
    other = a_person(session, creditor, name="Lena Farrow")
    person, account = owing(session, other)
    made = placed(session, person, account, basis="insolvency", reason="Bankrupt since May", evidence="The Gazette")
    mine, theirs = sorted(lines(session, Kind.HOLD_PLACED), key=lambda line: line.person_id != person.id)
    assert mine.facts is not None and mine.facts["basis"] == "insolvency" and set(mine.facts["stops"]) == set(made.stops)
    assert theirs.person_id == other.id and theirs.facts == {
        "starts_on": TODAY.isoformat(), "review_on": (TODAY + timedelta(days=30)).isoformat(), "accounts": 1, "joint": True,
    }  # fmt: skip
    assert "Gazette" not in str(mine.facts)
