"""A debt that comes while a hold stands: held at once, asked about once, and nothing of it told before."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cases import verify
from cases.db import Database
from cases.debts import dispute, hold
from cases.debts.account import Account
from cases.debts.held import held
from cases.debts.hold_watch import hold_new_debts, pass_time
from cases.history import Actor, Kind
from cases.intake import load
from cases.people import matching
from cases.people.person import Person
from cases.refusal import Refusal
from cases.work import queue
from tests.cases.arrangements.books import lines
from tests.factories import AT, BY, a_charge, a_creditor, a_person, an_account

PRIYA = Actor("collector", 1)
LATER = AT + timedelta(days=3)
LAST, REVIEW = AT.date() + timedelta(days=40), AT.date() + timedelta(days=20)


def owing(session: Session) -> tuple[Person, Account]:
    creditor = a_creditor(session)
    person = a_person(session, creditor)
    return person, an_account(session, creditor, person)


def placed(session: Session, person: Person, account: Account, basis: str = "breathing_space", **given: object) -> hold.Hold:
    values: dict[str, object] = {"stops": ["judging"], "starts_on": AT.date(), "last_on": LAST, "review_on": REVIEW}
    return hold.place(session, person=person.id, basis=basis, accounts=[account.id], key="k", by=PRIYA, at=AT,
                      **(values | given))  # type: ignore[arg-type]  # fmt: skip


def came(session: Session, person: Person, debt_type: str = "rent", country: str = "GB") -> Account:
    """A debt that is known since a day after the hold."""
    creditor = a_creditor(session, name="Another", country=country)
    made = an_account(session, creditor, person, debt_type=debt_type, at=AT + timedelta(days=1))
    a_charge(session, made, 5_000, date(2026, 9, 1))
    return made


def asked(session: Session, person: Person) -> list[str]:
    return [each.subject for each in queue.open_items(session, [person.id]) if each.kind == "hold"]


@pytest.mark.parametrize("basis", ["breathing_space", "crisis", "vulnerability", "insolvency", "deceased"])
def test_a_new_debt_is_held_as_the_others_are_and_a_collector_is_asked_once(session: Session, basis: str) -> None:
    person, account = owing(session)
    old = placed(session, person, account, basis)
    new = came(session, person)
    assert held(session, [new.id], LATER) == []
    assert hold_new_debts(session, by=BY, at=LATER) == 1
    assert hold_new_debts(session, by=BY, at=LATER) == 0
    [found] = held(session, [new.id], LATER)
    assert (found.stops, found.starts_on, found.last_on) == (set(old.stops), LATER.date(), LAST)
    assert found.hold != old.id and asked(session, person) == [f"hold:{found.hold}"]
    assert len(lines(session, Kind.HOLD_EXTENDED)) == 1 and len(lines(session, Kind.HOLD_PLACED)) == 1
    assert verify.verify(session).clean


def test_what_was_owed_before_the_hold_was_left_out_by_choice(session: Session) -> None:
    person, account = owing(session)
    an_account(session, a_creditor(session, name="Another"), person)
    placed(session, person, account)
    assert hold_new_debts(session, by=BY, at=LATER) == 0


@pytest.mark.parametrize(("debt_type", "country"), [("court_fine", "GB"), ("rent", "SE")])
def test_a_debt_that_a_moratorium_cannot_cover_is_not_asked_about(session: Session, debt_type: str, country: str) -> None:
    person, account = owing(session)
    placed(session, person, account)
    came(session, person, debt_type, country)
    assert hold_new_debts(session, by=BY, at=LATER) == 0 and asked(session, person) == []


def test_a_dispute_a_hold_that_ended_and_one_whose_last_day_is_over_reach_no_new_debt(session: Session) -> None:
    person, account = owing(session)
    dispute.begin(session, person=person.id, account=account.id, ground="paid", note=None, key="d", by=BY, at=AT)
    ended = placed(session, person, account)
    came(session, person)
    assert hold_new_debts(session, by=BY, at=AT + timedelta(days=41)) == 0
    hold.end(session, ended.id, why="reason_gone", by=PRIYA, at=LATER)
    assert hold_new_debts(session, by=BY, at=LATER) == 0


def test_a_collector_keeps_it_on_as_it_is_or_ends_it_and_is_not_asked_again(session: Session) -> None:
    person, account = owing(session)
    placed(session, person, account)
    kept, over = came(session, person), came(session, person)
    hold_new_debts(session, by=BY, at=LATER)
    by_debt = {each.account: each.hold for each in held(session, [kept.id, over.id], LATER)}
    hold.prolong(session, by_debt[kept.id], last_on=LAST, review_on=None, by=PRIYA, at=LATER)
    assert asked(session, person) == [f"hold:{by_debt[over.id]}"]
    assert [line.subject for line in lines(session, Kind.HOLD_CHANGED)] == [f"hold:{by_debt[kept.id]}"]
    hold.end(session, by_debt[over.id], why="mistake", by=PRIYA, at=LATER)
    assert asked(session, person) == [] and hold_new_debts(session, by=BY, at=LATER) == 0
    assert [each.account for each in held(session, [kept.id, over.id], LATER)] == [kept.id]


def test_without_a_last_day_the_hold_over_a_new_debt_is_reviewed_with_the_other(session: Session) -> None:
    person, account = owing(session)
    placed(session, person, account, "vulnerability", last_on=None)
    new = came(session, person)
    hold_new_debts(session, by=BY, at=LATER)
    [found] = held(session, [new.id], LATER)
    assert (found.last_on, found.review_on) == (None, REVIEW)


def test_a_hold_whose_review_has_come_is_not_kept_on_with_the_same_day(session: Session) -> None:
    person, account = owing(session)
    made = placed(session, person, account, "vulnerability", last_on=None)
    then = AT + (REVIEW - AT.date())
    assert pass_time(session, by=BY, at=then, most=9) == 1
    with pytest.raises(Refusal) as refused:
        hold.prolong(session, made.id, last_on=None, review_on=REVIEW, by=PRIYA, at=then)
    assert (refused.value.code, refused.value.facts["earliest"]) == ("hold.day_wrong", REVIEW + timedelta(days=1))


def test_debts_of_a_record_that_was_joined_later_are_new(session: Session) -> None:
    person, account = owing(session)
    twin, theirs = owing(session)
    placed(session, person, account)
    matching.join(session, twin.id, person.id, since=LATER.date(), by=PRIYA, at=LATER)
    assert hold_new_debts(session, by=BY, at=LATER) == 1
    assert [each.account for each in held(session, [theirs.id], LATER)] == [theirs.id]


def test_the_file_that_brings_a_debt_brings_it_on_hold(db: Database, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text(
        "account_ref,person_ref,name,debt_type,currency,opened_on\nN1,P7,Marta,rent,GBP,2026-01-05\n", "utf-8"
    )
    with db.acting() as session:
        creditor = a_creditor(session, "tidewell")
        person = a_person(session, creditor, ref="P7", name="Marta")
        placed(session, person, an_account(session, creditor, person))
    with db.acting() as session:
        load.load(session, {"accounts": tmp_path / "accounts.csv"}, creditor="tidewell", system="test", by=BY, at=LATER)
    with db.acting() as session:
        new = session.query(Account).filter(Account.ref == "N1").one()
        assert len(held(session, [new.id], LATER)) == 1 and len(asked(session, person)) == 1
