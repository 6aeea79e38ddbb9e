"""A dump restored into a new cluster: refused until migrated, then it verifies and goes on sealing."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from cases import seal, verify
from cases.db import Database
from cases.history import Kind, record
from portal import cluster
from portal.embedded import FOR_TESTS, Place, Postgres
from portal.place import reset
from portal.settings import sqlalchemy_url
from tests import real
from tests.conftest import Addresses
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, an_account

NUMBERS = "do $$ begin for i in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$"


@pytest.fixture
def elsewhere() -> Iterator[Postgres]:
    """A cluster of its own, whose transaction numbers begin low."""
    var = Path(tempfile.mkdtemp(prefix="evenly-restore-"))
    var.chmod(0o755)
    at = Place(var)
    # of the programs that the suite's own server runs, so that dump and restore are of one version
    found = real.programs() if os.environ.get("EVENLY_TEST_SUPERUSER_URL") else None
    postgres = Postgres(at, found[0] if found else None, **FOR_TESTS)
    try:
        yield postgres
    finally:
        postgres.stop()
        at.close()
        reset(var)
        shutil.rmtree(var, ignore_errors=True)


def _run(program: Path, url: str, *words: str) -> None:
    found = make_url(sqlalchemy_url(url))
    environ = os.environ | {"PGPASSWORD": found.password or ""}
    host = str(found.query.get("host") or found.host)
    where = ["-h", host, "-p", str(found.port or 5432), "-U", found.username or "", "-d", found.database or ""]
    done = subprocess.run([program, *where, *words], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _some_life(database: Database, key: str) -> None:
    with database.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 5000, date(2026, 1, 1), key=f"{key} charge")
        a_payment(session, [(account, 2000)], date(2026, 1, 2), key=f"{key} money")


def _line(database: Database) -> None:
    with database.acting() as session:
        record(session, Kind.WORK_DONE, by=BY, at=AT)


def _seal(database: Database) -> tuple[int, str, int] | None:
    with database.acting() as session:
        return seal.close_block(session)


def _verified(database: Database, anchor: tuple[int, str] | None) -> verify.Proof:
    with database.acting() as session:
        return verify.verify(session, anchor)


def test_a_dump_restored_into_a_new_cluster_verifies_and_goes_on_sealing(
    db: Database, addresses: Addresses, elsewhere: Postgres, tmp_path: Path
) -> None:
    engine = create_engine(addresses.owner, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(NUMBERS))  # the old cluster has lived for a while
    for n in range(3):
        _some_life(db, f"{n}")
        made = _seal(db)
    assert made is not None
    anchor = (made[0], made[1])
    _line(db)  # not sealed yet when the dump is taken

    dump = tmp_path / "dump"
    _run(elsewhere.programs / "pg_dump", addresses.owner, "-Fc", "-f", str(dump))
    app, owner = cluster.prepare(
        elsewhere.url, database="restored", prefix=addresses.prefix, password="for tests alone"
    )
    _run(elsewhere.programs / "pg_restore", owner, "--single-transaction", "--exit-on-error", str(dump))
    restored = Database(app, prefix=addresses.prefix, size=2)
    try:
        # until `migrate`: nothing is written, the sealer is silent, what is there is still proved
        with restored.acting() as session:
            assert seal.readiness(session) == ["numbers_below_seal"]
        with pytest.raises(DBAPIError, match="run evenly migrate"):
            _line(restored)
        with pytest.raises(DBAPIError, match="run evenly migrate"):
            _some_life(restored, "too early")
        assert _seal(restored) is None
        proof = _verified(restored, anchor)
        assert (proof.findings, proof.sealed.unsealed) == ([], 1)

        assert cluster.upgrade(owner, prefix=addresses.prefix) is False
        base = "select history_base()"
        fresh = create_engine(owner, poolclass=NullPool)
        with fresh.connect() as connection:
            raised = connection.scalar(text(base))
        assert raised > 0
        cluster.upgrade(owner, prefix=addresses.prefix)  # again: nothing changes
        with fresh.connect() as connection:
            assert connection.scalar(text(base)) == raised
            forced = "select count(*) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version' and not relforcerowsecurity"
            assert connection.scalar(text(forced)) == 0

        with restored.acting() as session:
            assert seal.readiness(session) == []
        _line(restored)
        _some_life(restored, "after")
        again = _seal(restored)
        assert again is not None and again[0] == anchor[0] + 1
        proof = _verified(restored, anchor)
        assert (proof.findings, proof.sealed.unsealed, proof.sealed.seals) == ([], 0, again[0])
    finally:
        restored.close()
