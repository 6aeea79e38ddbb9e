"""Every table, opened as every role with the WHERE left out.

What a role gets is counted against what a superuser counts with the WHERE that the role should
never need. The table below names every table of the catalogue: one that is added without a line
here, without a policy or without FORCE fails.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.pool import NullPool

from cases.db import Database, act_now
from tests.conftest import Addresses
from tests.factories import a_creditor, a_payment, a_person, an_account
from tests.house.world import World
from tests.house.world import world as world

ALL = "true"
"""Every row."""
OWED = "select account_id from liability where person_id = any(:people) and replaced_at is null and not withdrawn"
ON_OWED = f"account_id in ({OWED})"
SELF = "person_id = any(:people)"
OWN = "creditor_id = :creditor"
PLANS = f"select arrangement_id from arrangement_account where {ON_OWED}"


@dataclass(frozen=True)
class Seen:
    """Which rows each role sees; None: permission denied. The acting role sees all, a partner none."""

    debtor: str | None = None
    creditor: str | None = None
    staff: str | None = ALL
    finder: str | None = None


TABLES = {
    "affairs_answer": Seen(f"statement_id in (select id from statement_of_affairs where {SELF})"),
    "account": Seen(f"id in ({OWED})", OWN, finder=ALL),
    "account_terms": Seen(ON_OWED, OWN),
    "announced": Seen(ON_OWED, OWN),
    "arrangement": Seen(f"id in ({PLANS})"),
    "arrangement_account": Seen(ON_OWED),
    "assessment": Seen(SELF),
    "attempt": Seen(),
    "batch": Seen(None, OWN),
    "carrier_event": Seen(staff=None),
    "code_request": Seen(staff=None),
    "consent": Seen(SELF),
    "contact": Seen(SELF),
    "day_run": Seen(),
    "creditor": Seen(f"id in (select creditor_id from account where id in ({OWED}))", "id = :creditor"),
    "diary_entry": Seen(),
    "dispute": Seen(SELF),
    "document": Seen(SELF),
    "document_batch": Seen(),
    "due": Seen(ON_OWED, OWN),
    "entry": Seen(ON_OWED, OWN),
    "extra_fact": Seen(),
    "history": Seen(),
    "hold": Seen(f"id in (select hold_id from hold_account where {ON_OWED})"),
    "hold_account": Seen(ON_OWED),
    "hold_term": Seen(f"hold_id in (select hold_id from hold_account where {ON_OWED})"),
    "instalment": Seen(f"arrangement_id in ({PLANS})"),
    "instalment_share": Seen(ON_OWED),
    "joined": Seen(finder=ALL),
    "knock": Seen(staff=None),
    "liability": Seen(f"{SELF} and replaced_at is null and not withdrawn", OWN, finder=ALL),
    "message": Seen(),
    "note": Seen(),
    "notice_cursor": Seen(),
    "pace": Seen(),
    "payment": Seen(f"id in (select payment_id from entry where {ON_OWED})", OWN),
    "payment_attempt": Seen(SELF),
    "payment_event": Seen(staff=None),
    "payment_named": Seen(f"payment_id in (select payment_id from entry where {ON_OWED})", OWN),
    "payment_share": Seen(f"attempt_id in (select id from payment_attempt where {SELF})", OWN),
    "permission": Seen(f"address in (select value_norm from contact where {SELF})"),
    "person": Seen("id = any(:people)", finder=ALL),
    "plan_interest": Seen(ON_OWED),
    "plan_limits": Seen(f"creditor_id in (select creditor_id from account where id in ({OWED}))"),
    "position": Seen(None, OWN),
    "preference": Seen(SELF),
    "proposal": Seen(SELF),
    "proposal_account": Seen(f"proposal_id in (select id from proposal where {SELF})"),
    "reason": Seen(),
    "record": Seen(SELF, OWN, finder=ALL),
    "said": Seen(SELF),
    "seal": Seen(),
    "staff": Seen(),
    "statement_of_affairs": Seen(SELF),
    "stuck": Seen(),
    "support_need": Seen(SELF),
    "support_reason": Seen(staff=None),
    "visit": Seen(staff=None),
    "work_item": Seen(),
}
EXEMPT = {"alembic_version"}
"""The migration's number: no personal data, read by the bare login to see whether the schema is new enough."""

ROLES = ("debtor", "creditor", "staff", "act", "partner", "finder")


def _catalogue(connection: Connection) -> set[str]:
    query = "select relname from pg_class where relkind in ('r', 'p', 'm') and relnamespace = 'public'::regnamespace"
    return set(connection.scalars(text(query)))


def _expected(connection: Connection, table: str, where: str, world: World) -> int:
    values = {"people": world.people, "creditor": world.creditor}
    named = {name: value for name, value in values.items() if f":{name}" in where}
    return int(connection.scalar(text(f"select count(*) from {table} where {where}"), named))


def _where(table: str, role: str) -> str | None:
    return ALL if role == "act" else None if role == "partner" else getattr(TABLES[table], role)


# ---------------------------------------------------------------- the catalogue


def test_the_table_above_names_every_table(superuser: Connection) -> None:
    assert _catalogue(superuser) == set(TABLES) | EXEMPT


def test_no_table_stands_without_row_level_security_forced_and_a_policy(superuser: Connection) -> None:
    bare = superuser.scalars(
        text(
            "select relname from pg_class c where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and not (relrowsecurity"
            " and relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))"
        )
    )
    assert set(bare) == EXEMPT


def test_no_view_reads_past_the_policies(superuser: Connection) -> None:
    """A view reads as its owner unless it says `security_invoker`."""
    open_views = superuser.scalars(
        text(
            "select relname from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace"
            " and not coalesce('security_invoker=true' = any(reloptions), false)"
        )
    )
    assert set(open_views) == set()


def test_functions_that_read_past_the_policies_are_two_and_no_stranger_may_call_them(
    superuser: Connection, addresses: Addresses
) -> None:
    found = superuser.execute(
        text(
            "select proname, array(select g.grantee::regrole::text from aclexplode(proacl) g where g.grantee <> proowner order by 1),"
            " coalesce(array_to_string(proconfig, ',') like '%search_path=public, pg_temp%', false)"
            " from pg_proc where prosecdef and pronamespace = 'public'::regnamespace order by 1"
        )
    ).all()
    assert [tuple(row) for row in found] == [
        ("history_redact", [f"{addresses.prefix}_act"], True),
        ("sign_in_find", [f"{addresses.prefix}_app"], True),
    ]


def test_no_role_of_ours_is_above_the_policies_or_inherits_another(superuser: Connection, addresses: Addresses) -> None:
    rows = superuser.execute(
        text(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin from pg_roles where rolname like :like"
        ),
        {"like": f"{addresses.prefix}\\_%"},
    ).all()
    assert {row.rolname for row in rows} >= {f"{addresses.prefix}_{role}" for role in (*ROLES, "app", "owner")}
    for row in rows:
        assert not (row.rolsuper or row.rolbypassrls or row.rolcreaterole or row.rolcreatedb), row.rolname
        assert row.rolcanlogin == row.rolname.endswith("_app"), row.rolname
    for role in ROLES:
        inherits = superuser.scalar(
            text("select pg_has_role(:app, :role, 'usage')"),
            {"app": f"{addresses.prefix}_app", "role": f"{addresses.prefix}_{role}"},
        )
        assert not inherits, role


# ---------------------------------------------------------------- every table as every role


def test_the_world_has_something_in_every_table_of_ours_and_of_others(superuser: Connection, world: World) -> None:
    """Else a count would prove nothing."""
    for table, seen in TABLES.items():
        everything = _expected(superuser, table, ALL, world)
        assert everything > 0, table
        for where in (seen.debtor, seen.creditor):
            if where is not None:
                assert 0 < _expected(superuser, table, where, world) < everything, (table, where)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_its_rows_and_no_others_without_a_where(
    role: str, superuser: Connection, addresses: Addresses, world: World
) -> None:
    wrong = {}
    for table in TABLES:
        where = _where(table, role)
        due = None if where is None else _expected(superuser, table, where, world)
        superuser.rollback()
        superuser.execute(
            text(
                "select set_config('role', :role, true), set_config('evenly.people', :people, true), set_config('evenly.creditor', :creditor, true)"
            ),
            {
                "role": f"{addresses.prefix}_{role}",
                "people": "{" + ",".join(map(str, world.people)) + "}" if role == "debtor" else "",
                "creditor": str(world.creditor) if role == "creditor" else "",
            },
        )
        try:
            seen = superuser.scalar(text(f"select count(*) from {table}"))
        except ProgrammingError as denied:
            assert "permission denied" in str(denied)
            seen = None
        superuser.rollback()
        if seen != due:
            wrong[table] = {"seen": seen, "due": due}
    assert wrong == {}


@pytest.mark.parametrize("role", ["debtor", "creditor"])
def test_who_forgets_to_say_who_asks_sees_nothing(role: str, db: Database, world: World) -> None:
    with db.asking(role) as session:
        for table, seen in TABLES.items():
            if getattr(seen, role) is not None:
                assert session.scalar(text(f"select count(*) from {table}")) == 0, table


def test_the_bare_login_may_read_nothing(superuser: Connection, addresses: Addresses, world: World) -> None:
    app = create_engine(addresses.app, poolclass=NullPool)
    for table in TABLES:
        with app.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(f"select 1 from {table}"))


def test_the_owner_counts_nought_everywhere(superuser: Connection, addresses: Addresses, world: World) -> None:
    superuser.execute(text("select set_config('role', :role, true)"), {"role": f"{addresses.prefix}_owner"})
    counts = {table: superuser.scalar(text(f"select count(*) from {table}")) for table in TABLES}
    assert set(counts.values()) == {0}


def test_a_table_added_without_a_policy_would_be_seen(superuser: Connection) -> None:
    superuser.execute(text("create table forgotten (id int)"))
    assert _catalogue(superuser) != set(TABLES) | EXEMPT
    superuser.rollback()


# ---------------------------------------------------------------- what a role may change


@pytest.mark.parametrize("role", ["debtor", "creditor", "staff", "partner", "finder"])
def test_only_the_acting_role_changes_anything(role: str, superuser: Connection, addresses: Addresses) -> None:
    may = superuser.execute(
        text(
            "select table_name, privilege_type from information_schema.table_privileges where grantee = :role and privilege_type <> 'SELECT'"
            " union all select table_name, privilege_type from information_schema.column_privileges where grantee = :role"
            " and privilege_type <> 'SELECT'"
        ),
        {"role": f"{addresses.prefix}_{role}"},
    )
    assert may.all() == []


def test_the_acting_role_states_neither_number_nor_transaction_of_a_line(db: Database) -> None:
    for column in ("id", "tx", "salt", "facts_sha"):
        with pytest.raises(DBAPIError), db.acting() as session:
            session.execute(
                text(f"insert into history (at, kind, actor, {column}) values (now(), 'work.done', 'test', null)")
            )


def test_a_foreign_row_stays_unseen_until_the_door_acts(db: Database, world: World) -> None:
    """Roles only widen: the look-up is the asker's, the act that follows is not."""
    with db.asking("debtor", people=world.people) as session:
        query = text("select count(*) from person where id = any(:ids)")
        assert session.scalar(query, {"ids": world.strangers}) == 0
        act_now(session)
        assert session.scalar(query, {"ids": world.strangers}) == 2


def test_who_asks_is_forgotten_with_the_transaction(addresses: Addresses, world: World) -> None:
    """The next door on the same connection begins with nothing."""
    engine: Engine = create_engine(addresses.app, pool_size=1, max_overflow=0)
    with engine.connect() as connection:
        connection.execute(
            text("select set_config('role', :role, true), set_config('evenly.people', :people, true)"),
            {"role": f"{addresses.prefix}_debtor", "people": "{" + str(world.people[0]) + "}"},
        )
        assert connection.scalar(text("select count(*) from person")) == 1
        connection.commit()
        assert connection.scalar(text("select cardinality(asking_people())")) == 0
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("select 1 from person"))
    engine.dispose()


def test_of_a_payment_shared_with_anothers_debt_a_debtor_learns_only_their_own_parts(db: Database) -> None:
    """The sum of the whole payment would tell what else the other owes."""
    with db.acting() as session:
        creditor = a_creditor(session)
        anna, ben = a_person(session, creditor), a_person(session, creditor)
        joint, bens = an_account(session, creditor, ben, anna), an_account(session, creditor, ben)
        a_payment(session, [(joint, 100), (bens, 900)], date(2026, 5, 1))
    with db.asking("debtor", people=[anna.id]) as session:
        assert session.scalar(text("select sum(amount) from entry")) == -100
        for column in ("amount", "key"):
            with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
                session.execute(text(f"select {column} from payment"))


def test_an_unknown_role_is_a_mistake_of_the_program(db: Database) -> None:
    for role in ("owner", "finder", "app", "postgres", ""):
        with pytest.raises(ValueError), db.asking(role):
            pass


# ---------------------------------------------------------------- signing in


def test_signing_in_finds_by_any_account_reference_or_the_case_with_birth_and_postcode(db: Database) -> None:
    born = date(1984, 5, 17)
    with db.acting() as session:
        creditor = a_creditor(session)
        anna = a_person(session, creditor, born=born, postcode="AB1 2CD")
        ben = a_person(session, creditor, born=born + timedelta(days=1), postcode="AB1 2CD")
        an_account(session, creditor, anna, ben, ref="TW-00 17")
    find = text("select sign_in_find(:ref, :born, :code)")

    def found(ref: str, birth: date, code: str) -> list[int]:
        with db.unasked() as session:
            return list(session.scalars(find, {"ref": ref, "born": birth, "code": code}))

    assert found("TW0017", born, "AB12CD") == [anna.id]
    assert found("TW0017", born + timedelta(days=1), "AB12CD") == [ben.id]
    assert found(anna.case_ref, born, "AB12CD") == [anna.id]
    for wrong in (("TW0018", born, "AB12CD"), ("TW0017", born, "AB12CE"), ("TW0017", born - timedelta(days=1), "AB12CD"),
                  (ben.case_ref, born, "AB12CD")):  # fmt: skip
        assert found(*wrong) == []
