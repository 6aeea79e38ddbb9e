"""Two at the same moment: one wins, and the other is told."""

import threading
from datetime import date, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.arrangements import assessment, limits, proposal
from cases.arrangements.arrangement import Arrangement, ArrangementAccount
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.history import Actor, Kind
from cases.refusal import Refusal
from cases.work.queue import WorkItem
from tests.cases.arrangements.books import FIRST, Book, lines
from tests.cases.arrangements.households import finished, told
from tests.factories import AT, a_charge, a_person, a_user, an_account


def _together(*acts: object) -> list[object]:
    """Runs acts in threads that begin at the same time; gives each result or refusal."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(n: int) -> None:
        gate.wait()
        try:
            results[n] = acts[n]()
        except Refusal as refusal:
            results[n] = refusal

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _committed_book(db: Database, at: datetime) -> tuple[Book, int, list[Actor]]:
    with db.acting() as session:
        book = Book(session)
        made = book.propose(session, at)
        users = [Actor("collector", a_user(session, name=name).id) for name in ("Priya N.", "Tom A.")]
        return book, made.id, users


def test_of_two_collectors_at_once_one_wins_and_the_other_is_told_who(db, at) -> None:
    _, made, users = _committed_book(db, at)

    def approves(by: Actor) -> object:
        with db.acting() as session:
            return proposal.approve(session, made, by=by, at=at)

    results = _together(*[lambda by=by: approves(by) for by in users])
    [lost] = [each for each in results if isinstance(each, Refusal)]
    [won] = [n for n, each in enumerate(results) if isinstance(each, int)]
    assert lost.code == "proposal.decided" and lost.facts["by"] == str(users[won]) and lost.facts["at"] == at
    with db.acting() as session:
        assert len(session.scalars(select(Arrangement.id)).all()) == 1


def test_two_proposals_over_one_account_agreed_at_once_leave_one_live_plan(db, at) -> None:
    with db.acting() as session:
        book = Book(session)
        lena = a_person(session, book.housing, name="Lena Farrow")
        joint = an_account(session, book.housing, book.person, lena)
        a_charge(session, joint, 10_000, date(2026, 11, 1))
        ids = [
            book.propose(session, at, accounts=[joint.id]).id,
            proposal.propose(session, person=lena.id, accounts=[joint.id], terms=Terms(2_000, FIRST), key="l",
                             by=Actor("debtor", lena.id), at=at).id,
        ]
        by, account = book.by, joint.id

    def approves(made: int) -> int:
        with db.acting() as session:
            return proposal.approve(session, made, by=by, at=at)

    assert all(isinstance(each, int) for each in _together(*[lambda made=made: approves(made) for made in ids]))
    with db.acting() as session:
        states = session.execute(text("select state, count(*) from arrangement group by 1 order by 1")).all()
        assert [tuple(row) for row in states] == [("live", 1), ("superseded", 1)]
        live = select(ArrangementAccount).where(ArrangementAccount.account_id == account,
                                                ArrangementAccount.ended_at.is_(None))
        assert len(session.scalars(live).all()) == 1


def test_a_double_click_at_the_same_moment_is_one_proposal(db, at) -> None:
    with db.acting() as session:
        book = Book(session)
        me, both, own = book.person.id, book.both, book.own

    def proposes() -> int:
        with db.acting() as session:
            return proposal.propose(session, person=me, accounts=both, terms=Terms(6_000, FIRST), key="same", by=own,
                                    at=at).id

    first, second = _together(proposes, proposes)
    assert first == second
    with db.acting() as session:
        assert len(session.scalars(select(WorkItem.id)).all()) == 1
        assert len(lines(session, Kind.PROPOSAL_SUBMITTED)) == 1


def _lives(session: Session, book: Book, left: int) -> None:
    """So much is left each month for debts, and nothing of either creditor limits a plan."""
    month = {"client-salary-or-wages": 1200_00, "rent": 1000_00, "debt-admin-fee": 180_00 - left}
    finished(session, book.person.id, told(month), by=book.own, at=AT)
    for creditor in (book.housing, book.council):
        limits.set_limits(session, creditor=creditor.id, debt_type=None, values={}, by=Actor("admin", 1), at=AT)


def _sends(db: Database, person: int, account: int, amount: int, at: datetime) -> bool:
    with db.acting() as session:
        made = proposal.propose(session, person=person, accounts=[account], terms=Terms(amount, FIRST), key=f"{account}",
                                by=Actor("debtor", person), at=at)  # fmt: skip
        return assessment.settle(session, made.id, at=at)


def test_of_two_plans_sent_at_once_that_fit_alone_and_not_together_one_is_agreed(db, at) -> None:
    with db.acting() as session:
        book = Book(session)
        _lives(session, book, 100_00)
        council = an_account(session, book.council, book.person)
        a_charge(session, council, 57_000, date(2026, 10, 5))
        me, debts = book.person.id, [book.rent.id, council.id]
    assert sorted(_together(*[lambda debt=debt: _sends(db, me, debt, 60_00, at) for debt in debts])) == [False, True]
    with db.acting() as session:
        reasons = session.scalars(select(assessment.Assessment.reasons)).all()
        assert sorted(reasons) == [[], ["counter_offer"]]


def test_of_two_who_owe_together_and_send_at_once_one_ends_nothing_of_the_others(db, at) -> None:
    with db.acting() as session:
        book = Book(session)
        _lives(session, book, 100_00)
        lena = a_person(session, book.housing, name="Lena Farrow")
        finished(session, lena.id, told({"client-salary-or-wages": 900_00}), by=Actor("debtor", lena.id), at=AT)
        joint = an_account(session, book.housing, book.person, lena)
        a_charge(session, joint, 10_000, date(2026, 11, 1))
        both, debt = [book.person.id, lena.id], joint.id
    assert sorted(_together(*[lambda who=who: _sends(db, who, debt, 20_00, at) for who in both])) == [False, True]
    with db.acting() as session:
        assert session.scalars(select(Arrangement.state)).all() == ["live"]
        assert sorted(session.scalars(select(assessment.Assessment.reasons)).all()) == [[], ["plan_runs"]]


def test_a_plan_sent_while_a_collector_agrees_to_another_is_judged_beside_it(db, at) -> None:
    with db.acting() as session:
        book = Book(session)
        _lives(session, book, 100_00)
        council = an_account(session, book.council, book.person)
        a_charge(session, council, 57_000, date(2026, 10, 5))
        made = book.propose(session, at, Terms(60_00, FIRST), accounts=[book.rent.id], key="first").id
        me, debt, by = book.person.id, council.id, book.by
    sent: list[bool] = []
    sends = threading.Thread(target=lambda: sent.append(_sends(db, me, debt, 60_00, at)))
    with db.acting() as session:
        proposal.approve(session, made, by=by, at=at)
        sends.start()
        sends.join(0.5)
        assert sent == [], "it waits for what the collector does"
    sends.join()
    assert sent == [False]
