"""`evenly day` as an operator runs it, and the minute's round that does the same."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from cases.clock import local
from cases.db import Database
from cases.debts.creditor import Creditor, add_creditor
from portal.rounds import Rounds
from tests.factories import BY, a_due, a_person, an_account
from tests.messaging.rounds import rounds
from tests.portal.test_commands import Evenly
from tests.portal.test_commands import evenly as evenly

ZONE = "Europe/London"


def a_book(db: Database, *, days: int, ref: str = "housing") -> tuple[Creditor, date]:
    """A creditor recorded so many days ago, with an account of which a due falls that day; and its today."""
    now = datetime.now(UTC)
    begun = now - timedelta(days=days)
    with db.acting() as session:
        creditor = add_creditor(session, ref=ref, name="Housing", country="GB", currency="GBP", by=BY, at=begun)
        account = an_account(session, creditor, a_person(session, creditor), at=begun)
        a_due(session, account, local(begun, ZONE).date(), 12_345, at=begun)
    return creditor, local(now, ZONE).date()


@pytest.fixture
def past_midnight() -> None:
    """In the first minutes of a day the day before cannot be closed yet."""
    now = local(datetime.now(UTC), ZONE)
    if (now.hour, now.minute) <= (0, 6):
        pytest.skip("the day has just begun")


def _json(evenly: Evenly, *words: str) -> tuple[int, Any]:
    result = evenly("day", "--json", *words)
    return result.exit_code, json.loads(result.stdout)


def test_day_closes_all_that_have_ended_and_then_nothing_is_left(
    db: Database, evenly: Evenly, past_midnight: None
) -> None:
    _, today = a_book(db, days=3)
    code, told = _json(evenly)
    [creditor] = told["creditors"]
    assert code == 0 and creditor["days"] == [(today - timedelta(days=n)).isoformat() for n in (3, 2, 1)]
    assert (creditor["creditor"], creditor["looked"], creditor["changed"], creditor["entered"]) == ("housing", 1, 1, 1)
    code, told = _json(evenly)
    assert code == 0 and told["creditors"] == []
    assert "No day was left to close." in evenly("day").output


def test_day_closes_up_to_a_day_and_refuses_one_that_has_not_ended(
    db: Database, evenly: Evenly, past_midnight: None
) -> None:
    _, today = a_book(db, days=3)
    result = evenly("day", "--on", today.isoformat())
    assert result.exit_code == 1 and "has not ended yet for housing" in result.output
    code, told = _json(evenly, "--on", (today - timedelta(days=2)).isoformat())
    assert code == 0 and len(told["creditors"][0]["days"]) == 2
    assert evenly("day", "--on", (today - timedelta(days=3)).isoformat()).exit_code == 1
    assert evenly("day", "--on", (today - timedelta(days=2)).isoformat()).exit_code == 0
    assert evenly("day", "--on", "yesterday").exit_code == 2


def test_day_says_what_it_did_in_words(db: Database, evenly: Evenly, past_midnight: None) -> None:
    a_book(db, days=1)
    assert "housing: days closed: 1; accounts looked at: 1, changed: 1, now in arrears: 1," in evenly("day").output


def test_rebuild_derives_the_positions_of_one_creditor_anew(
    db: Database, evenly: Evenly, superuser: Connection, past_midnight: None
) -> None:
    a_book(db, days=2)
    other, _ = a_book(db, days=2, ref="other")
    _json(evenly)
    asked = "select account_id, fallen, met, overdue, since, rest, next_due, next_change from position order by 1"
    before = superuser.execute(text(asked)).all()
    lines = superuser.execute(text("select count(*) from history")).scalar()
    superuser.execute(
        text("update position set overdue = overdue + 1, since = since - 9 where creditor_id <> :c"), {"c": other.id}
    )
    superuser.execute(text("update position set rest = 1 where creditor_id = :c"), {"c": other.id})
    superuser.commit()
    code, told = _json(evenly, "--rebuild", "housing")
    after = superuser.execute(text(asked)).all()
    assert code == 0 and told["rebuilt"] == 1
    assert after[0] == before[0] and after[1].rest == 1
    assert superuser.execute(text("select count(*) from history")).scalar() == lines
    superuser.rollback()
    assert evenly("day", "--rebuild", "nobody").exit_code == 1


def test_the_round_closes_each_day_once(db: Database, at: datetime) -> None:
    with db.acting() as session:
        creditor = add_creditor(session, ref="housing", name="Housing", country="GB", currency="GBP", by=BY, at=at)
        a_due(session, an_account(session, creditor, a_person(session, creditor)), at.date(), 100)
    with rounds(db, at + timedelta(days=1)) as (worker, _):
        assert isinstance(worker, Rounds)
        assert worker.day() > 0
        assert worker.day() == 0
