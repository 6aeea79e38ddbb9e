"""The schema: one head, models and migrations agree, and what Alembic does not see is written down."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from cases import seal, verify
from cases.db import Database
from cases.debts.account import Account
from portal import cluster, day
from portal.migrations import catalogue
from portal.settings import sqlalchemy_url
from tests.conftest import Servers
from tests.factories import a_payment

SCHEMA = Path(catalogue.__file__).with_name("schema.txt")
FILLED = Path(__file__).parent.parent / "data/release_0001.sql"
"""Rows as the program before payments and days wrote them (pg_dump of what it did): debts of three creditors, money,
two plans, an answer that waits, texts, and two seals over its history."""
HEAD = (2, "5613d32bdb8c6191a0a2526db515aa8af4b3cd68bf86c03684e9dbbc718f8562")
"""The last of them."""


def test_there_is_one_head() -> None:
    assert len(cluster.heads()) == 1


def test_models_and_migrations_agree(addresses) -> None:
    command.check(cluster.config(addresses.owner, addresses.prefix))


def test_policies_triggers_functions_and_grants_are_those_written_down(superuser: Connection, addresses) -> None:
    """`python -m portal.migrations.catalogue URL > schema.txt` writes them anew after a change."""
    assert catalogue.lines(superuser, addresses.prefix) == SCHEMA.read_text("utf-8").splitlines()


def test_migrating_again_changes_nothing(addresses) -> None:
    assert cluster.upgrade(addresses.owner, prefix=addresses.prefix) is False


@pytest.fixture
def filled(servers: Servers) -> Iterator[tuple[str, str]]:
    """A database at the first migration with those rows: the app's address and the owner's."""
    name = f"evenly_filled_{servers.template.rpartition('_')[2]}"
    app, owner = cluster.prepare(
        servers.superuser, database=name, prefix=servers.prefix, password="for tests alone"
    )
    command.upgrade(cluster.config(owner, servers.prefix), "0001")
    engine = create_engine(owner, poolclass=NullPool)
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("set session_replication_role = replica")
        cursor.execute(FILLED.read_bytes())
    engine.dispose()
    yield app, owner
    administrator = create_engine(sqlalchemy_url(servers.superuser), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text(f'drop database "{name}" with (force)'))
    administrator.dispose()


def test_an_upgrade_of_a_filled_house_keeps_every_proof_and_the_days_go_on(
    filled: tuple[str, str], servers: Servers
) -> None:
    app, owner = filled
    assert cluster.upgrade(owner, prefix=servers.prefix) is True
    db = Database(app, prefix=servers.prefix, size=2)
    try:
        assert _proved(db) == []
        done = day.run(db, datetime(2026, 12, 9, 6, tzinfo=UTC), longest=20.0)
        closed = [len(each.days) for each in done.creditors.values()]
        assert (closed, done.open, done.plans.broken) == ([15, 15, 15], 0, 1), "since 24 November"
        with db.acting() as session:
            states = session.execute(text("select person_id, state from arrangement order by 1")).all()
            assert [tuple(row) for row in states] == [(1, "broken"), (3, "live")], "Marta paid nothing, Saga has paid"
            account = session.get_one(Account, 2)
            a_payment(session, [(account, 5000)], date(2026, 12, 9), key="late", at=datetime(2026, 12, 9, 9, tzinfo=UTC))
        with db.acting() as session:
            seal.close_block(session)
        assert _proved(db) == []
    finally:
        db.close()


def _proved(db: Database) -> list[verify.Finding]:
    with db.acting() as session:
        return list(verify.verify(session, HEAD).findings)
