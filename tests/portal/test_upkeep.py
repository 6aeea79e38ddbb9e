"""The rounds that send nothing go on until nothing is left, however little they take at once."""

from datetime import UTC, datetime

import pytest

from cases.db import Database
from cases.history import Actor
from cases.people import support
from cases.work import queue
from portal import upkeep
from tests.factories import AT, a_creditor, a_person
from tests.messaging.rounds import rounds

LATER = datetime(2027, 5, 24, 12, tzinfo=UTC)


def test_all_that_has_been_needed_for_six_months_is_put_before_a_person(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "SOME", 1)
    with db.acting() as session:
        creditor = a_creditor(session)
        people = [a_person(session, creditor, name=name).id for name in ("Idris Vaughan", "Lena Farrow")]
        for person in people:
            support.tell(session, person=person, needs=["no_calls"], by=Actor("debtor", person), at=AT)
    with rounds(db, LATER) as (made, _):
        assert [made.support(), made.support()] == [2, 0]
    with db.acting() as session:
        assert [item.kind for item in queue.open_items(session, people)] == ["support"] * 2
