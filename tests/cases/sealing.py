"""Seven sealed blocks, and somebody who may change them by SQL."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, text

from cases import seal
from cases.db import Database
from cases.history import Kind, record
from cases.seal import Finding
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, an_account

BLOCKS = 7
LINES = 4


def a_line(session: object, n: int = 0) -> None:
    record(session, Kind.WORK_DONE, by=BY, at=AT, facts={"n": n})  # type: ignore[arg-type]


def checked(db: Database, anchor: tuple[int, str] | None = None) -> seal.Sealed:
    with db.acting() as session:
        return seal.check_seals(session, anchor)


def sealed_block(db: Database) -> tuple[int, str, int] | None:
    with db.acting() as session:
        return seal.close_block(session)


@pytest.fixture
def sealed(db: Database) -> Database:
    """Seven blocks: lines, a charge and a payment each."""
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
    for n in range(BLOCKS):
        for k in range(LINES):
            with db.acting() as session:
                a_line(session, k)
                if k == 0:
                    a_charge(session, account, 1000 + n, date(2026, 1, 1), key=f"charge {n}")
                if k == 1:
                    a_payment(session, [(account, 500)], date(2026, 1, 2), key=f"money {n}")
        assert sealed_block(db) is not None
    return db


@pytest.fixture
def tamper(sealed: Database, superuser: Connection) -> Iterator[Connection]:
    """A superuser with every trigger and constraint off. What it changes is rolled back."""
    superuser.execute(text("set local session_replication_role = replica"))
    yield superuser
    superuser.rollback()


def first_finding(connection: Connection, anchor: tuple[int, str] | None = None) -> Finding:
    """The one finding of whoever checks inside the tamperer's transaction."""
    findings = seal.check_seals(connection, anchor).findings  # type: ignore[arg-type]
    assert len(findings) == 1, findings
    return findings[0]


def lines_of(connection: Connection, no: int, book: str = "history") -> list[int]:
    query = f"select id from {book} where tx >= (select from_tx from seal where no = :no) and tx < (select to_tx from seal where no = :no) order by tx, id"
    return list(connection.scalars(text(query), {"no": no}))
