"""A run that is killed at any statement, or made twice at once, leaves the rows of an undisturbed one."""

import os
import signal
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, event, text

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrears import daily
from cases.db import Database
from cases.history import Actor
from portal import day as day_end
from tests.cases.arrears.test_daily import morning, rows_of
from tests.conftest import Addresses
from tests.factories import AT, a_charge, a_creditor, a_due, a_payment, a_person, a_user, an_account

TODAY = AT.date()
KEPT = ("position", "day_run", "history", "arrangement", "arrangement_account", "work_item", "stuck")
"""What a run writes."""
UNTIL = morning(TODAY + timedelta(days=5))


@pytest.fixture
def book(db: Database, superuser: Connection) -> Iterator[Database]:
    """Three creditors: dues and charges that fall, a plan over two of them that breaks, and an account that is stuck."""
    with db.acting() as session:
        creditors = [a_creditor(session, ref=f"book{n}") for n in range(3)]
        person = a_person(session, creditors[0])
        for creditor in creditors:
            for n in range(5):
                account = an_account(session, creditor, a_person(session, creditor))
                a_due(session, account, TODAY + timedelta(days=n), 100)
                a_payment(session, [(account, 60)], TODAY + timedelta(days=2), at=AT)
                a_charge(session, account, 30, TODAY, due_on=TODAY + timedelta(days=3))
        bad = an_account(session, creditors[1], person)
        for _ in range(2):
            a_due(session, bad, TODAY + timedelta(days=1), 9_000_000_000_000_000_000)
        shared = [an_account(session, creditor, person, debt_type="care") for creditor in creditors[:2]]
        for account in shared:
            a_charge(session, account, 5_000, date(2026, 10, 1))
        user = Actor("collector", a_user(session).id)
        proposal.enter(session, person=person.id, accounts=[each.id for each in shared],
                       terms=Terms(1_000, TODAY + timedelta(days=1)), key="k", by=user, at=AT)  # fmt: skip
    superuser.execute(text("update arrangement set tolerance_days = 1"))
    for table in KEPT:
        superuser.execute(text(f"create table snap_{table} as table {table}"))
    superuser.commit()
    yield db
    superuser.rollback()
    for table in KEPT:
        superuser.execute(text(f"drop table snap_{table}"))
    superuser.commit()


def _restore(superuser: Connection) -> None:
    """As before the run."""
    superuser.rollback()
    superuser.execute(text("select set_config('session_replication_role', 'replica', true)"))
    for table in KEPT:
        superuser.execute(text(f"delete from {table}"))
        superuser.execute(text(f"insert into {table} overriding system value select * from snap_{table}"))
    superuser.commit()


def _child(addresses: Addresses, kill_at: int = 0) -> int:
    """A process of its own that closes the days, and kills itself before its `kill_at`-th statement."""
    child = os.fork()
    if child:
        return child
    seen = 0
    try:
        database = Database(addresses.app, prefix=addresses.prefix)

        @event.listens_for(database.engine, "before_cursor_execute")
        def _count(*_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        day_end.run(database, UNTIL, longest=20.0)
        os._exit(0)
    finally:
        os._exit(9)


def _ended(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily.close_batch, "__kwdefaults__", {"most": 4})


@pytest.mark.slow
@pytest.mark.timeout(600)  # two runs for each place to be killed at
def test_killed_at_any_statement_and_run_again_gives_the_same_rows(
    book: Database, superuser: Connection, addresses: Addresses
) -> None:
    assert _ended(_child(addresses)) == 0
    undisturbed = rows_of(superuser)
    assert undisturbed["stuck"] and any(row[1] == "arrangement.broken" for row in undisturbed["history"])
    killed = 0
    for n in range(1, 2_000, 3):
        _restore(superuser)
        outcome = _ended(_child(addresses, n))
        assert _ended(_child(addresses)) == 0
        assert rows_of(superuser) == undisturbed, f"killed at statement {n}"
        if outcome == 0:
            break
        assert outcome == -signal.SIGKILL
        killed += 1
    assert outcome == 0 and killed > 10


def test_two_at_once_give_the_same_rows_as_one(book: Database, superuser: Connection, addresses: Addresses) -> None:
    assert _ended(_child(addresses)) == 0
    undisturbed = rows_of(superuser)
    for _ in range(3):
        _restore(superuser)
        children = [_child(addresses) for _ in range(2)]
        assert [_ended(child) for child in children] == [0, 0]
        assert rows_of(superuser) == undisturbed
