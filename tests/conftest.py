"""What every test may stand on: servers, a database of its own process, one clock.

Doors, worker and seals commit for real, so each test process has a database made
from a template and emptied between tests by the superuser (no role of ours may
delete). Sockets beyond loopback are refused: no test ever leaves the machine.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool
from structlog.dev import plain_traceback

from cases.clock import Clock
from cases.db import Database
from cases.waits import WAITS
from portal import cluster
from portal.embedded import FOR_TESTS, Place, Postgres, Valkey
from portal.place import reset
from portal.settings import sqlalchemy_url
from tests.journeys.browser import browser as browser
from tests.retold import Retold

_EMPTY = """do $$ declare t text; begin perform set_config('session_replication_role', 'replica', true);
  for t in select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version'
  loop execute format('delete from %I', t); end loop; end $$"""


# Seconds an exception, otherwise: the usual renderer draws each with all its locals.
structlog.configure(
    processors=[structlog.processors.add_log_level, structlog.dev.ConsoleRenderer(exception_formatter=plain_traceback)]
)


_SLOW = ("browser", "house", "shop")
"""Fixtures that start a browser, a whole house or a portal beside a card service: what uses them is slow, as is what
says so itself, and what is about the pretend world and not about the product."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the slow ones, which `make test-fast` leaves out."""
    for item in items:
        if any(name in getattr(item, "fixturenames", ()) for name in _SLOW) or item.path.parent.name == "pretend":
            item.add_marker("slow")


@dataclass(frozen=True)
class Servers:
    """Where this run's servers are: superuser's URL, Redis' URL, the template's name, the prefix of roles, a pooler."""

    superuser: str
    redis: str
    template: str
    prefix: str
    pooler: str | None = None
    """Host and port of a PgBouncer in transaction mode, through which all processes come."""

    def through_pooler(self, app: str) -> str:
        """The app's address as a process gets it."""
        url = make_url(app)
        if self.pooler:
            host, _, port = self.pooler.partition(":")
            url = url.set(host=host, port=int(port), query={})
        return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey: those named in the environment, else embedded ones for this run."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")  # several at once share one cluster's roles with nobody
    prefix = f"evenly_test{worker}"
    template = f"evenly_template_{os.getpid()}"
    given, redis = os.environ.get("EVENLY_TEST_SUPERUSER_URL"), os.environ.get("REDIS_URL")
    var, running = None, []
    if not (given and redis):
        var = Path(tempfile.mkdtemp(prefix="evenly-test-"))
        var.chmod(0o755)  # as root the servers run under another user id, and must get in
        at = Place(var)
        if not given:
            postgres = Postgres(at, **FOR_TESTS)
            running.append(postgres)
            given = postgres.url
        if not redis:
            valkey = Valkey(at)
            running.append(valkey)
            redis = valkey.url
    _, owner = cluster.prepare(given, database=template, prefix=prefix, password="for tests alone")
    cluster.upgrade(owner, prefix=prefix)
    yield Servers(given, redis, template, prefix, os.environ.get("EVENLY_TEST_POOLER"))
    _drop(given, template)
    for server in running:
        server.stop()
    if var is not None:
        at.close()
        reset(var)
        shutil.rmtree(var, ignore_errors=True)


@dataclass(frozen=True)
class Addresses:
    """This process's database: as the app, and as the owner (the superuser's login)."""

    app: str
    owner: str
    prefix: str
    pooled: bool


@pytest.fixture(scope="session")
def addresses(servers: Servers) -> Iterator[Addresses]:
    """A database of this test process, made from the migrated template."""
    name = f"evenly_{os.getpid()}"
    _statement(servers.superuser, f'create database "{name}" template "{servers.template}" owner "{servers.prefix}_owner"')
    app, owner = cluster.prepare(servers.superuser, database=name, prefix=servers.prefix, password="for tests alone")
    yield Addresses(servers.through_pooler(app), owner, servers.prefix, bool(servers.pooler))
    _drop(servers.superuser, name)


@pytest.fixture(scope="session")
def _engine(addresses: Addresses) -> Iterator[Engine]:
    engine = create_engine(addresses.owner, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def _database(addresses: Addresses) -> Iterator[Database]:
    database = Database(addresses.app, prefix=addresses.prefix, pooled=addresses.pooled, size=20)
    yield database
    database.close()


@pytest.fixture(scope="session")
def _broom(addresses: Addresses) -> Iterator[Connection]:
    """The connection that empties: it stays, so that it knows each table by the second test."""
    engine = create_engine(addresses.owner, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def db(_database: Database, _broom: Connection) -> Iterator[Database]:
    """The app's database, empty before the test and emptied after it."""
    yield _database
    with _broom.begin():
        _broom.execute(text(_EMPTY))


@pytest.fixture(scope="session")
def retold(_broom: Connection) -> Retold:
    """What many tests begin with."""
    return Retold(_broom)


@pytest.fixture
def superuser(db: Database, _engine: Engine) -> Iterator[Connection]:
    """A connection that sees everything: for looking, and for tampering. Rolled back unless committed."""
    with _engine.connect() as connection:
        yield connection


@pytest.fixture
def at() -> datetime:
    """The moment of most tests: Tuesday 24 November 2026, 09:30 UTC."""
    return datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    """The real clock."""
    return Clock()


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The broker's address."""
    return servers.redis


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of research data and specifications; the test is skipped where none is named."""
    named = os.environ.get("EVENLY_TEST_DATA")
    if not named:
        pytest.skip("EVENLY_TEST_DATA names no folder")
    return Path(named)


@pytest.fixture(autouse=True)
def _usual_waits() -> Iterator[None]:
    """A process hurries once, as it starts; a test's process is many, and the next test has the usual waits."""
    yield
    WAITS.hurry(1)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuses to connect anywhere but to this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"a test tried to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


def _statement(superuser_url: str, sql: str) -> None:
    engine = create_engine(make_url(sqlalchemy_url(superuser_url)), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sql))
    engine.dispose()


def _drop(superuser_url: str, name: str) -> None:
    _statement(superuser_url, f'drop database if exists "{name}" with (force)')
