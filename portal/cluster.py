"""Roles, database and migrations: what an administrator does once, and what `migrate` does each time.

Roles belong to a cluster: `evenly_owner` owns every table, `evenly_app` is the
login of web, worker and timetable, and the others are what the app switches to
(`cases/db.py`). The embedded cluster does all of it by itself; on a real one an
administrator runs `evenly roles` output once (see docs/production.md), and
`migrate` comes with a login that may `set role evenly_owner`.
"""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from portal.prefix import in_prefix
from portal.settings import sqlalchemy_url

SQL = resources.files("portal.migrations") / "sql"


def roles_sql(prefix: str = "evenly") -> str:
    """The statements that make the roles; they may run again."""
    return in_prefix(SQL.joinpath("roles.sql").read_text("utf-8"), prefix)


def prepare(superuser_url: str, *, database: str = "evenly", prefix: str = "evenly", password: str) -> tuple[str, str]:
    """Makes roles and database where they are missing, and sets the app login's password.

    Returns the app's URL and the owner's (a login that may set role to the owner).
    """
    at = make_url(sqlalchemy_url(superuser_url))
    engine = create_engine(at, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
    with engine.connect() as connection:
        raw = connection.connection.cursor()
        raw.execute(roles_sql(prefix).encode())
        set_password = connection.execute(
            text("select format('alter role %I password %L', cast(:role as text), cast(:password as text))"),
            {"role": f"{prefix}_app", "password": password},
        ).scalar_one()
        raw.execute(set_password.encode())
        if not connection.execute(text("select 1 from pg_database where datname = :name"), {"name": database}).scalar():
            raw.execute(f'create database "{database}" owner "{prefix}_owner"'.encode())
    engine.dispose()
    inside = create_engine(at.set(database=database), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with inside.connect() as connection:
        connection.connection.cursor().execute(
            f'grant all on schema public to "{prefix}_owner" with grant option'.encode()
        )
    inside.dispose()
    owner = at.set(database=database)
    app = owner.set(username=f"{prefix}_app", password=password)
    return app.render_as_string(False), owner.render_as_string(False)


def upgrade(owner_url: str, *, prefix: str = "evenly") -> bool:
    """Brings the schema to the head and, after a restore, raises transaction numbers. True when it changed the schema.

    Running it again changes nothing.
    """
    if at_head(owner_url):
        _raise_base(owner_url, prefix)
        return False
    command.upgrade(config(owner_url, prefix), "head")
    _raise_base(owner_url, prefix)
    return True


def config(owner_url: str, prefix: str = "evenly") -> Config:
    """Alembic's configuration: no ini file, the script folder beside this module."""
    made = Config()
    made.set_main_option("script_location", str(resources.files("portal.migrations")))
    made.attributes["url"] = sqlalchemy_url(owner_url)
    made.attributes["prefix"] = prefix
    return made


def at_head(url: str) -> bool:
    """Whether the database has every migration of this program."""
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    engine.dispose()
    return set(current) == set(heads())


def heads() -> list[str]:
    """The newest migrations of this program: always one."""
    return ScriptDirectory(str(resources.files("portal.migrations"))).get_heads()


def _raise_base(owner_url: str, prefix: str) -> None:
    engine = create_engine(sqlalchemy_url(owner_url), poolclass=NullPool, hide_parameters=True)
    with engine.begin() as connection:
        connection.execute(text("select set_config('role', :role, true)"), {"role": f"{prefix}_owner"})
        connection.connection.cursor().execute(SQL.joinpath("raise_base.sql").read_text("utf-8").encode())
    engine.dispose()
