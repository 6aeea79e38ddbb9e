"""Disputes: the debt is held at once, and its answer ends the hold or keeps it on; each is told."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases.debts import dispute, hold
from cases.debts.account import Account
from cases.debts.dispute import Dispute
from cases.debts.held import held
from cases.history import Actor, Kind
from cases.people.person import Person
from cases.refusal import Refusal
from cases.work import queue
from tests.cases.arrangements.books import lines
from tests.factories import AT, a_charge, a_creditor, a_person, an_account

PRIYA = Actor("collector", 1)


def owing(session: Session, *others: Person) -> tuple[Person, Account]:
    creditor = a_creditor(session)
    person = a_person(session, creditor)
    account = an_account(session, creditor, person, *others)
    a_charge(session, account, 1_000_00, date(2026, 9, 1))
    return person, account


def begun(session: Session, person: Person, account: Account, ground: str = "paid", key: str = "k") -> Dispute:
    return dispute.begin(session, person=person.id, account=account.id, ground=ground, note="I paid in May.", key=key,
                         by=Actor("debtor", person.id), at=AT)  # fmt: skip


def waiting(session: Session, person: Person) -> list[tuple[str, date | None]]:
    return [(item.kind, item.answer_by) for item in queue.open_items(session, [person.id])]


@pytest.mark.parametrize("ground", dispute.GROUNDS)
def test_a_disputed_debt_is_held_at_once_and_an_answer_is_due_in_ten_working_days(session: Session, ground: str) -> None:
    person, account = owing(session)
    begun(session, person, account, ground)
    [one] = held(session, [account.id], AT)
    assert one.stops == {"reminders", "plans", "judging", "interest", "money"} and one.starts_on == AT.date()
    # From Tuesday 24 November, without two weekends.
    assert one.review_on == date(2026, 12, 8) and waiting(session, person) == [("disputed", date(2026, 12, 8))]
    [line] = lines(session, Kind.DEBT_DISPUTED)
    assert line.facts is not None and line.facts["ground"] == ground and "May" not in str(line.facts)
    assert lines(session, Kind.HOLD_PLACED) == [], "one act, one line"


def test_the_same_key_disputes_once_and_another_is_told_that_one_is_open(session: Session) -> None:
    person, account = owing(session)
    assert begun(session, person, account).id == begun(session, person, account).id
    with pytest.raises(Refusal) as refused:
        begun(session, person, account, key="another")
    assert refused.value.code == "dispute.open_already" and len(held(session, [account.id], AT)) == 1


def test_nobody_disputes_a_debt_that_they_do_not_owe(session: Session) -> None:
    person, _account = owing(session)
    _other, theirs = owing(session)
    with pytest.raises(Refusal) as refused:
        begun(session, person, theirs)
    assert refused.value.code == "dispute.unknown_account"


@pytest.mark.parametrize(("answer", "goes_on"), [("stands", False), ("corrected", False), ("agreed", True)])
def test_an_answer_ends_the_hold_or_keeps_it_on_where_the_person_is_right(
    session: Session, answer: str, goes_on: bool
) -> None:
    person, account = owing(session)
    made = begun(session, person, account)
    later = AT + timedelta(days=2)
    dispute.answer(session, made.id, answer=answer, words="We asked the landlord.", by=PRIYA, at=later)
    found = held(session, [account.id], later)
    assert [each.review_on for each in found] == ([later.date() + timedelta(days=30)] if goes_on else [])
    assert waiting(session, person) == []
    [line] = lines(session, Kind.DISPUTE_ANSWERED)
    assert line.facts is not None and line.facts["answer"] == answer and "landlord" not in str(line.facts)
    assert lines(session, Kind.HOLD_ENDED) == lines(session, Kind.HOLD_CHANGED) == [], "one act, one line"
    with pytest.raises(Refusal) as refused:
        dispute.answer(session, made.id, answer=answer, words=None, by=PRIYA, at=later)
    assert refused.value.code == "dispute.answered"


def test_what_was_said_can_be_taken_back_and_said_again(session: Session) -> None:
    person, account = owing(session)
    made = begun(session, person, account)
    dispute.take_back(session, made.id, by=Actor("debtor", person.id), at=AT)
    assert held(session, [account.id], AT) == [] and waiting(session, person) == []
    assert begun(session, person, account, key="again").id != made.id


def test_its_hold_is_not_ended_past_its_answer(session: Session) -> None:
    person, account = owing(session)
    made = begun(session, person, account)
    with pytest.raises(Refusal) as refused:
        hold.end(session, made.hold_id, why="reason_gone", by=PRIYA, at=AT)
    assert refused.value.code == "hold.disputed"
    assert hold.holds_of(session, [person.id])[0].disputed == made.id


def test_its_hold_is_not_ended_by_time_before_its_answer(session: Session) -> None:
    person, account = owing(session)
    made = begun(session, person, account)
    with pytest.raises(Refusal) as refused:
        hold.prolong(session, made.hold_id, last_on=date(2026, 11, 30), review_on=None, by=PRIYA, at=AT)
    assert refused.value.code == "hold.disputed"
    hold.prolong(session, made.hold_id, last_on=None, review_on=date(2026, 12, 20), by=PRIYA, at=AT)
    dispute.answer(session, made.id, answer="stands", words="We looked.", by=PRIYA, at=AT + timedelta(days=40))
    assert held(session, [account.id], AT + timedelta(days=40)) == []


def test_whoever_owes_it_too_is_told_that_it_is_held(session: Session) -> None:
    other = a_person(session, a_creditor(session), name="Lena Farrow")
    person, account = owing(session, other)
    made = begun(session, person, account)
    dispute.answer(session, made.id, answer="stands", words=None, by=PRIYA, at=AT)
    assert [line.person_id for kind in (Kind.HOLD_PLACED, Kind.HOLD_ENDED) for line in lines(session, kind)] == [other.id] * 2
    [ended] = lines(session, Kind.HOLD_ENDED)
    assert ended.facts == {"accounts": 1, "joint": True}, "that it was disputed is not for them"


def test_two_that_begin_alike_are_two(session: Session) -> None:
    person, account = owing(session)
    for last in "ab":
        made = begun(session, person, account, key="k" * 63 + last)
        dispute.take_back(session, made.id, by=Actor("debtor", person.id), at=AT)
    assert len(lines(session, Kind.DEBT_DISPUTED)) == 2


def test_an_answer_once_given_stays_and_only_words_may_be_erased(session: Session) -> None:
    person, account = owing(session)
    made = begun(session, person, account)
    dispute.answer(session, made.id, answer="stands", words="We looked.", by=PRIYA, at=AT)
    session.execute(text("update dispute set note = null, note_salt = null, words = null, words_salt = null"))
    for change in ("set answer = 'agreed'", "set ground = 'paid' , answered_by = 'x'", "set words = 'other'"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(f"update dispute {change}"))
