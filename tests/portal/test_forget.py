"""What is kept for a time only goes: knocks after 30 days, visits and code requests after 13 months."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from cases.arrangements import statement_of_affairs as affairs
from cases.db import Database
from portal import knock, visit
from tests.factories import BY, a_creditor, a_person
from tests.messaging.rounds import rounds

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def _rows(db: Database) -> None:
    """A knock, a visit and a code request of many ages each; their ages in days are their hashes."""
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
        for days in (0, 29, 31, 390, 400):
            at, sha = NOW - timedelta(days=days), days.to_bytes(32, "big")
            session.execute(text("insert into knock (what, whom_sha, at) values ('find', :sha, :at)"),
                            {"sha": sha, "at": at})  # fmt: skip
            session.execute(text("insert into visit (token_sha, person_id, started_at, seen_at) values (:sha, :p, :at,"
                                 " :at)"), {"sha": sha, "p": person, "at": at})  # fmt: skip
            session.execute(text("insert into code_request (browser_sha, person_id, channel, asked_at) values (:sha, :p,"
                                 " 'sms', :at)"), {"sha": sha, "p": person, "at": at})  # fmt: skip


def _ages(superuser: Connection) -> dict[str, list[int]]:
    found = {}
    for table, sha in (("knock", "whom_sha"), ("visit", "token_sha"), ("code_request", "browser_sha")):
        kept = superuser.execute(text(f"select {sha} from {table} order by 1")).scalars()
        found[table] = [int.from_bytes(each, "big") for each in kept]
    return found


def test_the_round_takes_away_what_is_older_than_its_time_and_no_more(db: Database, superuser: Connection) -> None:
    _rows(db)
    with rounds(db, NOW, real=NOW) as (made, _):
        assert made.forget() == 3 + 1 + 1
        assert made.forget() == 0
    assert _ages(superuser) == {"knock": [0, 29], "visit": [0, 29, 31, 390], "code_request": [0, 29, 31, 390]}


def test_no_more_goes_at_once_than_asked_for(db: Database, superuser: Connection) -> None:
    _rows(db)
    with db.acting() as session:
        assert knock.forget(session, NOW, 2) == 2
        assert visit.forget(session, NOW, 0) == 0
    assert len(_ages(superuser)["knock"]) == 3


def test_the_round_forgets_idle_drafts_of_income_and_spending(db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session)).id
        affairs.begin(session, person=person, currency="GBP", by=BY, at=NOW - timedelta(days=91))
    with rounds(db, NOW, real=NOW) as (made, _):
        assert made.forget() == 1
    with db.acting() as session:
        assert affairs.draft_of(session, [person]) is None
