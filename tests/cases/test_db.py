"""Sessions: who asks is said once and first; nothing commits by half; facts are corrected once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from cases.db import Database, act_now
from cases.debts.account import AccountTerms, terms_of
from cases.debts.due import Due, dues_of
from cases.people.contact import Contact
from cases.people.joint import Liability
from cases.people.person import Person, Record
from tests.conftest import Addresses
from tests.factories import AT, a_creditor, a_due, a_person, an_account

LATER = AT + timedelta(days=1)


# ---------------------------------------------------------------- transactions


def test_a_block_that_ends_well_commits_and_one_that_does_not_leaves_nothing(
    db: Database, superuser: Connection
) -> None:
    with db.acting() as session:
        a_creditor(session, ref="kept")
    for broken in (ValueError, KeyboardInterrupt):
        with pytest.raises(broken), db.acting() as session:
            a_creditor(session, ref="lost")
            raise broken
    assert superuser.scalars(text("select ref from creditor")).all() == ["kept"]


def test_the_bare_login_finds_who_signs_in_and_nothing_else(db: Database) -> None:
    with db.unasked() as session:
        assert session.execute(text("select sign_in_find('X', date '2000-01-01', 'Y')")).all() == []
    with pytest.raises(ProgrammingError, match="permission denied"), db.unasked() as session:
        session.execute(select(Person))


def test_the_look_up_is_the_askers_and_the_act_follows_in_the_same_transaction(
    db: Database, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        anna, ben = a_person(session, creditor), a_person(session, creditor)
    with db.asking("debtor", people=[anna.id]) as session:
        assert session.get(Person, ben.id) is None
        mine = session.get_one(Person, anna.id)
        act_now(session)
        mine.language = "sv"
    assert superuser.scalar(text("select language from person where id = :id"), {"id": anna.id}) == "sv"


def test_an_asker_may_change_nothing_before_acting(db: Database) -> None:
    with db.acting() as session:
        person = a_person(session, a_creditor(session))
    with pytest.raises(ProgrammingError, match="permission denied"), db.asking("debtor", people=[person.id]) as session:
        session.execute(text("update person set language = 'sv'"))


def test_an_error_says_no_value_of_a_row(db: Database) -> None:
    with pytest.raises(DBAPIError) as raised, db.acting() as session:
        session.execute(text("select cast(:name as integer)"), {"name": "Marta Lindqvist"})
    assert "parameters hidden" in str(raised.value)


def test_behind_a_pooler_no_statement_is_prepared(addresses: Addresses) -> None:
    pooled = Database(addresses.app, prefix=addresses.prefix, pooled=True)
    with pooled.acting() as session:
        for _ in range(12):
            session.execute(text("select count(*) from person"))
        assert session.scalar(text("select count(*) from pg_prepared_statements")) == 0
    pooled.close()


# ---------------------------------------------------------------- facts with two times


def _correction(row: Any, **changed: Any) -> Any:
    """A new row with a row's facts, some changed, that replaces it."""
    kept = {
        c.name: getattr(row, c.name)
        for c in row.__table__.columns
        if c.name not in ("id", "replaced_at", "recorded_at", "replaces")
    }
    return type(row)(**(kept | {"recorded_at": LATER, "replaces": row.id} | changed))


def _facts(session: Session) -> dict[str, Any]:
    creditor = a_creditor(session)
    person = a_person(session, creditor, mobile="+447700900145")
    account = an_account(session, creditor, person)
    a_due(session, account, date(2026, 3, 1), 6000)
    return {
        kind.__tablename__: session.scalars(select(kind)).one()  # type: ignore[attr-defined]
        for kind in (Due, Liability, Record, Contact, AccountTerms)
    }


TABLES = ["due", "liability", "record", "contact", "account_terms"]


@pytest.mark.parametrize("table", TABLES)
def test_a_correction_is_a_new_row_and_the_old_one_gets_one_stamp(
    db: Database, superuser: Connection, table: str
) -> None:
    with db.acting() as session:
        old = _facts(session)[table]
        session.add(_correction(old))
    rows = superuser.execute(text(f"select id, replaces, recorded_at, replaced_at from {table} order by id")).all()
    assert [(r.replaces, r.recorded_at, r.replaced_at) for r in rows] == [(None, AT, LATER), (rows[0].id, LATER, None)]


@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_replaced_once_by_one_of_eight_at_once(db: Database, superuser: Connection, table: str) -> None:
    with db.acting() as session:
        old = _facts(session)[table]

    def replace(_: int) -> bool:
        try:
            with db.acting() as session:
                session.add(_correction(old))
            return True
        except IntegrityError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(replace, range(8))) == 1
    assert superuser.scalar(text(f"select count(*) from {table}")) == 2


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "update {t} set recorded_at = recorded_at - interval '1 day'",
        "update {t} set replaced_at = null where replaced_at is not null",
        "update {t} set replaced_at = now() where replaced_at is not null",
        "update {t} set replaced_at = now(), recorded_at = recorded_at - interval '1 day' where replaced_at is null",
        "delete from {t}",
        "truncate {t} cascade",
    ],
)
def test_a_fact_is_neither_edited_nor_unstamped_nor_taken_away(
    db: Database, superuser: Connection, table: str, statement: str
) -> None:
    with db.acting() as session:
        old = _facts(session)[table]
        session.add(_correction(old))
    with pytest.raises(DBAPIError, match="append-only"):
        superuser.execute(text(statement.format(t=table)))


def test_a_stranger_never_takes_the_place_of_a_live_fact(db: Database) -> None:
    """Only a correction may: two live rows for one thing cannot stand."""
    for table in ("liability", "record", "account_terms"):
        with pytest.raises(IntegrityError), db.acting() as session:
            session.add(_correction(_facts(session)[table], replaces=None))


@pytest.mark.parametrize("table", TABLES)
def test_a_correction_by_a_clock_behind_is_recorded_with_its_row_and_no_earlier(
    db: Database, superuser: Connection, table: str
) -> None:
    with db.acting() as session:
        session.add(_correction(_facts(session)[table], recorded_at=AT - timedelta(seconds=1)))
    rows = superuser.execute(text(f"select recorded_at, replaced_at from {table} order by id")).all()
    assert [tuple(row) for row in rows] == [(AT, AT), (AT, None)]


def test_true_then_and_believed_then_are_two_readings_of_the_same_rows(db: Database) -> None:
    with db.acting() as session:
        facts = _facts(session)
        account = facts["due"].account_id
        session.add(_correction(facts["due"], due_on=date(2026, 3, 4), amount=5000))
        session.add(_correction(facts["account_terms"], product="new"))
        session.flush()

        def read(believed: Any = None) -> list[tuple[date, int]]:
            return [(d.due_on, d.amount) for d in dues_of(session, account, believed)]

        assert read() == [(date(2026, 3, 4), 5000)]
        assert read(LATER + timedelta(seconds=1)) == [(date(2026, 3, 4), 5000)]
        assert read(LATER) == [(date(2026, 3, 1), 6000)]  # recorded at that moment is not yet before it
        assert read(AT) == []
        assert [getattr(terms_of(session, account, b), "product", "none") for b in (None, LATER, AT)] == [
            "new",
            None,
            "none",
        ]


def test_a_withdrawn_due_is_gone_and_was_believed(db: Database) -> None:
    with db.acting() as session:
        due = _facts(session)["due"]
        session.add(_correction(due, amount=0))
        session.flush()
        assert dues_of(session, due.account_id) == []
        assert len(dues_of(session, due.account_id, LATER)) == 1
