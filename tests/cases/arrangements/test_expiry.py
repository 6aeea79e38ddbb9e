"""Offers of ours end when their last day is over where the creditors are; a person's proposal never does."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.arrangements import proposal
from cases.arrangements.expiry import expire_offers
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.history import Kind
from cases.work.queue import open_items
from tests.cases.arrangements.books import FIRST, Book, lines, refused
from tests.factories import BY


def test_an_offer_ends_when_its_last_day_is_over_where_the_creditor_is(db: Database, at: datetime) -> None:
    with db.acting() as session:
        book = Book(session)
        made = book.propose(session, at)
        ours = proposal.counter(session, made.id, terms=Terms(7_000, FIRST), key="c", by=book.by, at=at)
        assert ours.expires_on == FIRST
        last_minute, midnight = datetime(2026, 12, 1, 23, 59, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
        assert expire_offers(session, by=BY, at=last_minute, most=10) == 0
        assert expire_offers(session, by=BY, at=midnight, most=10) == 1
        assert expire_offers(session, by=BY, at=midnight, most=10) == 0
        session.refresh(ours)
        assert (ours.state, ours.decided_at) == ("expired", midnight)
        assert [(line.subject, line.person_id) for line in lines(session, Kind.PROPOSAL_EXPIRED)] == [
            (f"proposal:{ours.id}", book.person.id)]
        assert refused(proposal.accept, session, ours.id, by=book.own, at=midnight).code == "proposal.decided"
        [item] = open_items(session, [book.person.id])
        assert (item.kind, item.subject) == ("offer", f"proposal:{ours.id}")
        book.propose(session, midnight, Terms(7_000, FIRST + timedelta(days=14)), key="again")
        assert [each.kind for each in open_items(session, [book.person.id])] == ["proposal"]


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_end_at_once_than_asked_for(db: Database, at: datetime, most: int) -> None:
    with db.acting() as session:
        for key in "ab":
            book = Book(session)
            made = book.propose(session, at, key=key)
            proposal.counter(session, made.id, terms=Terms(7_000, FIRST), key=f"ours {key}", by=book.by, at=at)
        assert expire_offers(session, by=BY, at=datetime(2026, 12, 2, tzinfo=UTC), most=most) == most


def test_what_a_person_proposed_waits_until_we_answer(db: Database, at: datetime) -> None:
    with db.acting() as session:
        book = Book(session)
        made = book.propose(session, at)
        assert expire_offers(session, by=BY, at=datetime(2027, 1, 1, tzinfo=UTC), most=10) == 0
        assert made.state == "submitted" and open_items(session, [book.person.id])
