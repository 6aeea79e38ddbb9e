"""Two at the same moment: one wins, and the other is told."""

import threading
from datetime import date, datetime

from sqlalchemy import select, text

from cases.arrangements import proposal
from cases.arrangements.arrangement import Arrangement, ArrangementAccount
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.history import Actor, Kind
from cases.refusal import Refusal
from cases.work.queue import WorkItem
from tests.cases.arrangements.books import FIRST, Book, lines
from tests.factories import a_charge, a_person, a_user, an_account


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
