"""A line may lose its facts and keeps its proof; and what keeps a seal from being made."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from cases import seal
from cases.db import Database
from cases.history import redact
from tests.cases.sealing import BLOCKS, a_line, checked, first_finding, lines_of, sealed_block
from tests.cases.sealing import sealed as sealed
from tests.cases.sealing import tamper as tamper
from tests.factories import AT, BY


def test_a_line_may_lose_its_facts_and_keeps_its_proof(sealed: Database, superuser: Connection) -> None:
    line = lines_of(superuser, 2)[0]
    with sealed.acting() as session:
        redact(session, line, by=BY, at=AT)
    found = checked(sealed)
    assert (found.findings, found.redacted, found.unsealed) == ([], 1, 1)
    told = superuser.execute(text("select kind, actor, subject from history order by id desc limit 1")).one()
    assert tuple(told) == ("history.redacted", "test", f"history:{line}")
    assert superuser.scalar(text("select facts is null and salt is null from history where id = :id"), {"id": line})


def test_facts_are_lost_once(sealed: Database, superuser: Connection) -> None:
    line = lines_of(superuser, 2)[0]
    with sealed.acting() as session:
        redact(session, line, by=BY, at=AT)
    for gone in (line, 10**12):
        with pytest.raises(DBAPIError, match="no such line"), sealed.acting() as session:
            redact(session, gone, by=BY, at=AT)


def test_facts_removed_by_hand_are_seen_although_the_chain_holds(tamper: Connection) -> None:
    line = lines_of(tamper, 2)[0]
    tamper.execute(
        text("update history set facts = null, salt = null, facts_sha = history_facts_sha(salt, facts) where id = :id"),
        {"id": line},
    )
    found = first_finding(tamper)
    assert (found.where, found.row, found.what) == ("history", line, "facts_removed_unsaid")


def test_the_acting_role_takes_no_facts_away_unsaid(sealed: Database, superuser: Connection) -> None:
    line = lines_of(superuser, 2)[0]
    with pytest.raises(DBAPIError, match="permission denied"), sealed.acting() as session:
        session.execute(
            text(
                "update history set facts = null, salt = null, facts_sha = history_facts_sha(salt, facts) where id = :id"
            ),
            {"id": line},
        )


def test_all_is_well(sealed: Database) -> None:
    with sealed.acting() as session:
        assert seal.readiness(session) == []


def test_a_transaction_open_too_long_is_told(db: Database) -> None:
    with db.acting() as other:
        a_line(other)
        with db.acting() as session:
            assert seal.readiness(session, oldest_open=0.0) == ["old_transaction"]
            assert seal.readiness(session) == []


def test_numbers_below_the_last_seal_refuse_writing(sealed: Database, superuser: Connection) -> None:
    """As after a restore into a new cluster, until `migrate` has run."""
    superuser.execute(text("set session_replication_role = replica"))
    superuser.execute(text("update seal set to_tx = to_tx + 1000000000 where no = :no"), {"no": BLOCKS})
    superuser.commit()
    with sealed.acting() as session:
        assert seal.readiness(session) == ["numbers_below_seal"]
        assert seal.close_block(session) is None
    with pytest.raises(DBAPIError, match="run evenly migrate"), sealed.acting() as session:
        a_line(session)


def test_the_moment_of_the_last_seal_is_known(db: Database) -> None:
    with db.acting() as session:
        assert seal.sealed_until(session) is None
        a_line(session)
    sealed_block(db)
    with db.acting() as session:
        assert seal.sealed_until(session) is not None
