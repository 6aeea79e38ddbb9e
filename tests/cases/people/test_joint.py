"""Joint liability: who owes an account, and which accounts a person owes."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cases.db import Database
from cases.people import matching
from cases.people.joint import Liability, accounts_of, liable_for
from tests.factories import AT, BY, a_creditor, a_person, an_account


def _withdraw(session: Session, account: int, person: int) -> None:
    was = session.query(Liability).filter_by(account_id=account, person_id=person, replaced_at=None).one()
    session.add(Liability(creditor_id=was.creditor_id, account_id=account, person_id=person, role=was.role, withdrawn=True,
                          recorded_at=AT, replaces=was.id))  # fmt: skip
    session.flush()


def test_the_holder_comes_first_then_the_others(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        holder, joint, guarantor = (a_person(session, creditor).id for _ in range(3))
        account = an_account(session, creditor).id
        for person, role in ((guarantor, "guarantor"), (joint, "joint"), (holder, "holder")):
            session.add(
                Liability(creditor_id=creditor.id, account_id=account, person_id=person, role=role, recorded_at=AT)
            )
            session.flush()
        assert liable_for(session, [account]) == {account: [holder, guarantor, joint]}


def test_each_who_is_liable_owes_the_account_and_nobody_else(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        anna, ben, cleo = (a_person(session, creditor) for _ in range(3))
        joint, bens = an_account(session, creditor, anna, ben).id, an_account(session, creditor, ben).id
        assert accounts_of(session, [anna.id]) == [joint]
        assert accounts_of(session, [ben.id]) == [joint, bens]
        assert accounts_of(session, [cleo.id]) == []
        assert accounts_of(session, [anna.id, ben.id]) == [joint, bens]
        assert accounts_of(session, []) == []
        assert liable_for(session, []) == {}


def test_a_liability_that_ended_counts_no_more_and_may_begin_again(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        anna, ben = (a_person(session, creditor) for _ in range(2))
        account = an_account(session, creditor, anna, ben).id
        _withdraw(session, account, ben.id)
        assert accounts_of(session, [ben.id]) == []
        assert liable_for(session, [account]) == {account: [anna.id]}
        session.add(
            Liability(creditor_id=creditor.id, account_id=account, person_id=ben.id, role="joint", recorded_at=AT)
        )
        session.flush()
        assert liable_for(session, [account]) == {account: [anna.id, ben.id]}


def test_nobody_is_liable_twice_for_one_account(db: Database) -> None:
    with pytest.raises(IntegrityError), db.acting() as session:
        creditor = a_creditor(session)
        anna = a_person(session, creditor)
        an_account(session, creditor, anna, anna)


def test_when_two_become_one_the_elder_owes_what_the_younger_owed(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        elder, younger, other = (a_person(session, creditor) for _ in range(3))
        both = an_account(session, creditor, elder, younger).id
        alone = an_account(session, creditor, younger, other).id
        matching.join(session, younger.id, elder.id, since=date(2026, 5, 1), by=BY, at=AT)
        assert accounts_of(session, [younger.id]) == []
        assert accounts_of(session, [elder.id]) == [both, alone]
        assert liable_for(session, [both, alone]) == {both: [elder.id], alone: [elder.id, other.id]}
